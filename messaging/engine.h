/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messaging engine: who is asked for the key of a file, and who waits for
 * the answer. One source for two homes: in the kernel it stands between
 * eCryptfs and the transports to daemons, in user space between a file system
 * of its own and the same daemons. It includes nothing but its port.
 *
 * Life of a context (struct msg_ctx), one for each request:
 *
 *	msg_send()          msg_fetch()
 *	    |                   |        msg_respond()
 *	    v                   v            |
 *	 QUEUED ----------> DELIVERED -------+----> DONE, 0 and a reply
 *	   ^  |                 | |
 *	   |  |   takeover,     | +-- deadline ---> DONE, -ETIMEDOUT
 *	   +--|-- msg_unfetch() +     daemon dies > DONE, -ENOTCONN
 *	      |                       killed -----> DONE, -EINTR
 *	      +-- the same three, without a daemon ever having seen it
 *
 * Pending (not DONE), it stands in one list of its daemon and in the table of
 * indices, and these two together hold one reference; msg_send()'s caller holds
 * the other. DONE is for ever, is reached once, and takes it from both. Only
 * who brought it there tells the waiter, after the lock is released.
 *
 * Locks: one, the engine's, and nothing of a transport is called under it but
 * endpoint get(). kick(), quit(), put() and done() are called without it and may
 * call the engine. Memory is asked for before it is taken, except that of the
 * table of indices.
 *
 * Every function may be called from any thread that may sleep. Errors are
 * negative errno values; where a caller gives a struct msg_caller, its why is
 * then a text that lives for ever.
 */
#ifndef MESSAGING_ENGINE_H
#define MESSAGING_ENGINE_H

#include "messaging/port.h"

/* Octets of the longest packet, either way. */
#define MSG_PACKET_MAX 544
/* What no limit can allow one open to wait. */
#define MSG_EXTEND_MS_CAP 60000

#define MSG_NAMESPACES 4
#define MSG_BUCKETS 256

struct msg_ctx;
struct msg_daemon;
struct msg_endpoint;

/**
 * struct msg_limits - set when the engine is made
 * @timeout_ms: how long a request waits, 1 and more; eCryptfs says 3000
 * @extend_ms: how long msg_extend() can make one open wait, counted from its
 *	first request; more than %MSG_EXTEND_MS_CAP is that
 * @window: requests of one owner that are delivered at a time, 1 and more;
 *	others stay queued, each until its own deadline
 * @queue: requests of one owner that are pending; the next get -EAGAIN
 */
struct msg_limits {
	u32 timeout_ms;
	u32 extend_ms;
	u32 window;
	u32 queue;
};

/* What is counted, for each daemon and for all. */
enum msg_stat {
	MSG_STAT_REQUESTS,
	MSG_STAT_DELIVERED,
	MSG_STAT_ANSWERED,
	MSG_STAT_TIMED_OUT,
	MSG_STAT_KILLED,
	MSG_STAT_ABANDONED,
	MSG_STAT_OVER_LIMIT,
	MSG_STAT_NO_DAEMON,
	MSG_STAT_REFUSED,
	MSG_STAT_EXTENDED,
	MSG_STAT_PENDING,
	MSG_N_STATS,
};

/**
 * struct msg_stats - what was counted
 * @count: by enum msg_stat; @MSG_STAT_PENDING is of now
 */
struct msg_stats {
	u64 count[MSG_N_STATS];
};

/**
 * struct msg_engine - registry of daemons and table of contexts
 * @port: what the port keeps
 * @limits: as given
 * @lock: guards all that follows and all daemons and contexts
 * @contexts: pending ones by index
 * @daemons: by hash of their owner
 * @counter: of the last delivery; starts at random
 * @stats: of all daemons, also of those that are gone
 */
struct msg_engine {
	struct port port;
	struct msg_limits limits;
	struct port_mutex lock;
	struct port_table contexts;
	struct list_head daemons[MSG_BUCKETS];
	u32 counter;
	struct msg_stats stats;
};

/**
 * struct msg_id - names a delivery
 * @index: of the context
 * @counter: another after each takeover
 */
struct msg_id {
	u32 index;
	u32 counter;
};

enum msg_reason {
	MSG_REASON_REPLACED,
	MSG_REASON_UNLOAD,
};

/**
 * struct msg_endpoint_ops - what a transport does for the engine
 * @get: one more reference; called under the engine's lock, so may not sleep
 * @put: one reference less; may free
 * @kick: @id is queued: let the daemon come and fetch until there is no more
 * @quit: the daemon is no longer registered; @successor is the @pid of the
 *	struct msg_helo that replaced it, else 0
 *
 * All are mandatory. None may fail: a lost kick costs at most a time limit.
 */
struct msg_endpoint_ops {
	void (*get)(struct msg_endpoint *endpoint);
	void (*put)(struct msg_endpoint *endpoint);
	void (*kick)(struct msg_endpoint *endpoint, const struct msg_id *id);
	void (*quit)(struct msg_endpoint *endpoint, enum msg_reason reason,
		     u32 successor);
};

/**
 * struct msg_endpoint - a socket or an open file; part of a transport's own
 * @ops: what the transport does
 * @daemon: the engine's; NULL at first
 */
struct msg_endpoint {
	const struct msg_endpoint_ops *ops;
	struct msg_daemon *daemon;
};

/**
 * struct msg_caller - who acts as a daemon
 * @opener: whose credentials the endpoint was opened with
 * @actor: whose effective uid the calling task has now
 * @endpoint: through which it speaks
 * @why: set on every error
 *
 * Never what a message says of itself.
 */
struct msg_caller {
	struct port_owner opener;
	struct port_owner actor;
	struct msg_endpoint *endpoint;
	const char *why;
};

/**
 * struct msg_helo - a registration
 * @replace: take over from a daemon of the same @namespaces
 * @namespaces: numbers of the user, network, PID and mount namespace
 * @pid: told to the one that is replaced
 */
struct msg_helo {
	bool replace;
	u32 namespaces[MSG_NAMESPACES];
	u32 pid;
};

/**
 * struct msg_delivery - a request as its daemon gets it
 * @id: to be given back with the answer
 * @data_len: octets of @data
 * @data: packet of tag 64 or 66; holds a key, so to be wiped
 */
struct msg_delivery {
	struct msg_id id;
	size_t data_len;
	u8 data[MSG_PACKET_MAX];
};

/**
 * typedef msg_done_fn - tells that a request is done
 * @arg: as given
 * @result: 0, -ETIMEDOUT or -ENOTCONN
 * @reply: the packet, borrowed, when @result is 0
 * @reply_len: its octets
 */
typedef void msg_done_fn(void *arg, int result, const u8 *reply,
			 size_t reply_len);

/**
 * struct msg_request - what msg_send() sends
 * @owner: whose daemon is asked
 * @opener: the task that opens or creates; the same for all keys that it tries
 *	for one file
 * @data: packet, 1 to %MSG_PACKET_MAX octets; copied
 * @data_len: octets of @data
 * @done: called once, perhaps before msg_send() is back; NULL for msg_wait()
 * @arg: passed to @done
 */
struct msg_request {
	struct port_owner owner;
	u64 opener;
	const u8 *data;
	size_t data_len;
	msg_done_fn *done;
	void *arg;
};

/**
 * msg_engine_init() - make an engine
 * @engine: memory with nothing in it but its @port, which was set up
 * @limits: copied
 *
 * Return: 0, -EINVAL for a limit of 0
 */
int msg_engine_init(struct msg_engine *engine, const struct msg_limits *limits);

/**
 * msg_engine_exit() - undo msg_engine_init()
 * @engine: no other call on it is going on or will come
 *
 * Each daemon gets quit(); who still waits gets -ENOTCONN.
 */
void msg_engine_exit(struct msg_engine *engine);

/**
 * msg_helo() - register
 * @engine: where
 * @caller: who; its endpoint is held until it is no longer registered
 * @helo: how
 *
 * Again from the registered endpoint it does nothing. A takeover hands the
 * pending requests on, as not yet delivered.
 *
 * Return: 0, -EPERM for another user's endpoint or a takeover between
 *	namespaces, -EBUSY if another daemon lives, -ENOMEM
 */
int msg_helo(struct msg_engine *engine, struct msg_caller *caller,
	     const struct msg_helo *helo);

/**
 * msg_quit() - unregister
 * @engine: where
 * @caller: who
 *
 * Return: 0, -ENOTCONN, -EPERM
 */
int msg_quit(struct msg_engine *engine, struct msg_caller *caller);

/**
 * msg_endpoint_gone() - the endpoint is closed, whoever did it
 * @engine: where
 * @endpoint: registered or not; no call names it after this one
 */
void msg_endpoint_gone(struct msg_engine *engine,
		       struct msg_endpoint *endpoint);

/**
 * msg_fetch() - get a request
 * @engine: where
 * @caller: who
 * @want: which; NULL for the one that waits longest
 * @capacity: octets that the daemon can take; a longer packet stays queued
 * @delivery: filled on success; holds a key
 *
 * Return: 0, -EAGAIN if there is none or the window is full, -EINVAL if @want
 *	is not queued, -EMSGSIZE, -ENOTCONN, -EPERM
 */
int msg_fetch(struct msg_engine *engine, struct msg_caller *caller,
	      const struct msg_id *want, size_t capacity,
	      struct msg_delivery *delivery);

/**
 * msg_unfetch() - the delivery did not reach the daemon; it is next again
 * @engine: where
 * @caller: who
 * @id: which
 */
void msg_unfetch(struct msg_engine *engine, struct msg_caller *caller,
		 const struct msg_id *id);

/**
 * msg_is_waiting() - would msg_fetch() give something
 * @engine: where
 * @endpoint: for this one; not registered: false
 */
bool msg_is_waiting(struct msg_engine *engine, struct msg_endpoint *endpoint);

/**
 * msg_respond() - answer
 * @engine: where
 * @caller: who
 * @id: which delivery
 * @data: packet; copied, not looked into
 * @data_len: 1 to %MSG_PACKET_MAX
 *
 * Return: 0, -EINVAL if nobody waits for it (late, twice, forged, not
 *	delivered), -EBADMSG for its length, -ENOMEM, -ENOTCONN, -EPERM
 */
int msg_respond(struct msg_engine *engine, struct msg_caller *caller,
		const struct msg_id *id, const u8 *data, size_t data_len);

/**
 * msg_extend() - let the opener wait for a person
 * @engine: where
 * @caller: who
 * @id: which delivery, of a tag 64
 * @ms: from now on, 1 and more; on return what was granted
 *
 * Return: 0, -ETIME if nothing is left for this open, -EOPNOTSUPP for another
 *	tag, -EINVAL, -ENOMEM, -ENOTCONN, -EPERM
 */
int msg_extend(struct msg_engine *engine, struct msg_caller *caller,
	       const struct msg_id *id, u32 *ms);

/**
 * msg_send() - ask the owner's daemon
 * @engine: where
 * @request: what; copied
 * @ctx: the context, to be given to msg_wait() or msg_ctx_put(); set before
 *	the request can be done
 *
 * Return: 0, -ENOTCONN without a daemon, -EAGAIN far over the limit, -EBADMSG
 *	for its length, -ENOMEM
 */
int msg_send(struct msg_engine *engine, const struct msg_request *request,
	     struct msg_ctx **ctx);

/**
 * msg_wait() - sleep until it is done, its time is over, or a signal kills
 * @ctx: takes the caller's reference
 * @reply: on success the packet, the caller's; port_free() it with @reply_len
 * @reply_len: its octets
 *
 * Return: 0, -ETIMEDOUT, -ENOTCONN, -EINTR
 */
int msg_wait(struct msg_ctx *ctx, u8 **reply, size_t *reply_len);

/**
 * msg_cancel() - nobody waits for it any more
 * @ctx: the caller keeps its reference
 *
 * Return: true if done() was not called and will not be
 */
bool msg_cancel(struct msg_ctx *ctx);

/**
 * msg_ctx_put() - give the reference of msg_send() back
 * @ctx: may be NULL
 */
void msg_ctx_put(struct msg_ctx *ctx);

/**
 * msg_expire() - end what is past its deadline; for who does not msg_wait()
 * @engine: where
 *
 * Return: milliseconds until the next deadline, U64_MAX without one
 */
u64 msg_expire(struct msg_engine *engine);

/**
 * msg_read_stats() - what was counted
 * @engine: where
 * @owner: of this one's daemon; NULL: of all
 * @stats: filled
 *
 * Return: 0, -ENOTCONN
 */
int msg_read_stats(struct msg_engine *engine, const struct port_owner *owner,
		   struct msg_stats *stats);

#endif
