/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine and those around it hand to each other: limits, counts,
 * endpoints, callers, requests, deliveries. engine.h says what is done with
 * them.
 */
#ifndef MESSAGING_TYPES_H
#define MESSAGING_TYPES_H

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
 * @extend_ms: how long msg_extend() can make one open wait, counted from the
 *	request for which it was first called; at most %MSG_EXTEND_MS_CAP
 * @window: requests of one owner that are delivered at a time, 1 and more;
 *	others stay queued, each until its own deadline
 * @queue: requests of one owner that are pending, and opens that msg_extend()
 *	remembers; the next request gets -EAGAIN, the next open -ETIME
 */
struct msg_limits {
	u32 timeout_ms;
	u32 extend_ms;
	u32 window;
	u32 queue;
};

/* For each daemon and for all; REFUSED of msg_respond() and msg_extend(). */
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

#endif
