/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the engine's files know of contexts and daemons, and nobody else does.
 * All _unlocked functions: the caller holds the engine's lock.
 */
#ifndef MESSAGING_CONTEXT_H
#define MESSAGING_CONTEXT_H

#include "messaging/engine.h"

/* First octet of a request to unwrap, and of its answer. */
#define MSG_TAG_64 0x40
#define MSG_TAG_65 0x41

enum msg_state {
	MSG_STATE_QUEUED,
	MSG_STATE_DELIVERED,
	MSG_STATE_DONE,
};

/**
 * struct msg_ctx - a request
 * @engine: where it is
 * @refs: two while it is pending: the engine's, the sender's
 * @link: in the queue or among the delivered of @daemon, oldest first
 * @daemon: who is asked; NULL when it is done
 * @state: see engine.h
 * @id: index since msg_send(), counter of the next or last delivery
 * @created_ms: when it was sent
 * @deadline_ms: when its time is over; msg_extend() moves it
 * @opener: as given
 * @done: as given
 * @arg: as given
 * @completion: completed when it is done, if @done is NULL
 * @result: once it is done
 * @reply: what msg_respond() brought
 * @reply_len: its octets
 * @data_len: octets of @data
 * @data: the packet
 */
struct msg_ctx {
	struct msg_engine *engine;
	refcount_t refs;
	struct list_head link;
	struct msg_daemon *daemon;
	enum msg_state state;
	struct msg_id id;
	u64 created_ms;
	u64 deadline_ms;
	u64 opener;
	msg_done_fn *done;
	void *arg;
	struct port_completion completion;
	int result;
	u8 *reply;
	size_t reply_len;
	size_t data_len;
	u8 data[];
};

/**
 * struct msg_daemon - a registration
 * @link: in its bucket of the registry
 * @owner: whom it serves
 * @endpoint: how it is reached; one reference
 * @namespaces: where it lives
 * @queue: contexts that it has not fetched
 * @delivered: contexts that it has
 * @n_delivered: length of that
 * @budgets: opens for which it asked for more time
 * @n_budgets: length of that
 * @stats: since it registered; its pending count is the length of both lists
 */
struct msg_daemon {
	struct list_head link;
	struct port_owner owner;
	struct msg_endpoint *endpoint;
	u32 namespaces[MSG_NAMESPACES];
	struct list_head queue;
	struct list_head delivered;
	u32 n_delivered;
	struct list_head budgets;
	u32 n_budgets;
	struct msg_stats stats;
};

/**
 * struct msg_after - what is left to do once the lock is released
 * @done: contexts that became done
 * @kick: endpoint with new work, one reference; NULL: none
 * @id: of that work
 */
struct msg_after {
	struct list_head done;
	struct msg_endpoint *kick;
	struct msg_id id;
};

void msg_after_init(struct msg_after *after);
/* Tells waiters and the daemon. Without the lock. */
void msg_after_do(struct msg_after *after);
/* The daemon shall come for its oldest request, if it has one. */
void msg_after_kick_unlocked(struct msg_after *after,
			     struct msg_daemon *daemon);

/* It has as many requests as it may; it will be kicked when that changes. */
static inline bool msg_is_full_unlocked(const struct msg_engine *engine,
					const struct msg_daemon *daemon)
{
	return daemon->n_delivered >= engine->limits.window;
}

/* Makes a pending context done; who waits is told by msg_after_do(). */
void msg_ctx_finish_unlocked(struct msg_ctx *ctx, int result,
			     enum msg_stat why, struct msg_after *after);
/* All of a daemon whose time is over at @now_ms; U64_MAX: simply all. */
void msg_ctx_finish_all_unlocked(struct msg_daemon *daemon, u64 now_ms,
				 int result, enum msg_stat why,
				 struct msg_after *after);

void msg_count_unlocked(struct msg_engine *engine, struct msg_daemon *daemon,
			enum msg_stat stat);

/* The owner's daemon, or NULL. */
struct msg_daemon *msg_daemon_find_unlocked(struct msg_engine *engine,
					    const struct port_owner *owner);
/* The caller's, if it may act for it. */
int msg_daemon_of_unlocked(struct msg_engine *engine,
			   struct msg_caller *caller,
			   struct msg_daemon **daemon);

/* Buries all daemons. Without the lock. */
void msg_registry_clear(struct msg_engine *engine);

/* Forgets for which opens the daemon asked for more time. */
void msg_budgets_free_unlocked(struct msg_engine *engine,
			       struct msg_daemon *daemon);

static inline int msg_refuse(struct msg_caller *caller, int err,
			     const char *why)
{
	caller->why = why;
	return err;
}

#endif
