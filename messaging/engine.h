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
 * Pending (not DONE), it is in one list of its daemon and in the table of
 * indices, which together hold one reference; msg_send()'s caller holds the
 * other. DONE is for ever, is reached once, and takes it from both. Only who
 * brought it there tells the waiter, after the lock is released.
 *
 * Locks: one, the engine's, and nothing of a transport is called under it but
 * endpoint get(). kick(), quit(), put() and done() are called without it and
 * may call the engine. Memory is asked for before it is taken, except that of
 * the table of indices.
 *
 * Every function may be called from any thread that may sleep. Errors are
 * negative errno values; a struct msg_caller's why is then a text for ever.
 */
#ifndef MESSAGING_ENGINE_H
#define MESSAGING_ENGINE_H

#include "messaging/types.h"

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
 * @engine: nobody is in a call on it; of those to come only msg_ctx_put()
 *
 * Each daemon gets quit(), what is pending ends with -ENOTCONN.
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
 * @engine, @caller, @id: which
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
 * @data: packet; copied. Looked at only for whether it opens the file.
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
 * @ms: from now on, 1 and more; on success what it now has
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
 * @ctx: the context, for msg_wait() or msg_ctx_put(), set before it can be
 *	done; NULL on error
 *
 * Return: 0, -ENOTCONN without a daemon, -EAGAIN far over the limit, -EBADMSG
 *	for its length, -ENOMEM
 */
int msg_send(struct msg_engine *engine, const struct msg_request *request,
	     struct msg_ctx **ctx);

/**
 * msg_wait() - sleep until it is done, its time is over, or a signal kills
 * @ctx: takes the caller's reference
 * @reply: on success the caller's packet, to be freed with port_free()
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
