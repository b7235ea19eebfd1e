/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opener's side: a context from msg_send() until nobody waits for it.
 */
#include "messaging/context.h"

/* ---- one reference for the engine while it is pending, one for the sender */

static struct msg_ctx *ctx_new(struct msg_engine *engine,
			       const struct msg_request *request)
{
	struct msg_ctx *ctx = port_zalloc(&engine->port,
					  sizeof(*ctx) + request->data_len);

	if (!ctx)
		return NULL;
	ctx->engine = engine;
	refcount_set(&ctx->refs, 1);
	INIT_LIST_HEAD(&ctx->link);
	ctx->state = MSG_STATE_QUEUED;
	ctx->opener = request->opener;
	ctx->done = request->done;
	ctx->arg = request->arg;
	port_completion_init(&ctx->completion);
	ctx->data_len = request->data_len;
	memcpy(ctx->data, request->data, request->data_len);
	return ctx;
}

void msg_ctx_put(struct msg_ctx *ctx)
{
	struct port *port;

	if (!ctx || !refcount_dec_and_test(&ctx->refs))
		return;
	port = &ctx->engine->port;
	port_completion_destroy(&ctx->completion);
	port_free(port, ctx->reply, ctx->reply_len);
	port_free(port, ctx, sizeof(*ctx) + ctx->data_len);
}

/* ---- what is done under the lock, and what after it */

void msg_after_init(struct msg_after *after)
{
	INIT_LIST_HEAD(&after->done);
	after->kick = NULL;
}

static void kick_for_unlocked(struct msg_after *after, struct msg_ctx *ctx)
{
	after->kick = ctx->daemon->endpoint;
	after->kick->ops->get(after->kick);
	after->id = ctx->id;
}

void msg_after_kick_unlocked(struct msg_after *after, struct msg_daemon *daemon)
{
	if (!after->kick && !list_empty(&daemon->queue))
		kick_for_unlocked(after, list_first_entry(&daemon->queue,
							  struct msg_ctx,
							  link));
}

void msg_after_do(struct msg_after *after)
{
	struct msg_ctx *ctx, *next;

	list_for_each_entry_safe(ctx, next, &after->done, link) {
		list_del_init(&ctx->link);
		if (ctx->done)
			ctx->done(ctx->arg, ctx->result, ctx->reply,
				  ctx->reply_len);
		else
			port_complete(&ctx->completion);
		msg_ctx_put(ctx);
	}
	if (after->kick) {
		after->kick->ops->kick(after->kick, &after->id);
		after->kick->ops->put(after->kick);
	}
}

void msg_count_unlocked(struct msg_engine *engine, struct msg_daemon *daemon,
			enum msg_stat stat)
{
	engine->stats.count[stat]++;
	if (daemon)
		daemon->stats.count[stat]++;
}

void msg_ctx_finish_unlocked(struct msg_ctx *ctx, int result,
			     enum msg_stat why, struct msg_after *after)
{
	struct msg_engine *engine = ctx->engine;
	struct msg_daemon *daemon = ctx->daemon;
	bool was_full = msg_is_full_unlocked(engine, daemon);

	port_table_remove(&engine->contexts, ctx->id.index);
	list_move_tail(&ctx->link, &after->done);
	msg_count_unlocked(engine, daemon, why);
	daemon->stats.count[MSG_STAT_PENDING]--;
	engine->stats.count[MSG_STAT_PENDING]--;
	if (ctx->state == MSG_STATE_DELIVERED) {
		daemon->n_delivered--;
		if (was_full)
			msg_after_kick_unlocked(after, daemon);
	}
	ctx->state = MSG_STATE_DONE;
	ctx->daemon = NULL;
	ctx->result = result;
}

static void finish_list_unlocked(struct list_head *list, u64 now_ms,
				 int result, enum msg_stat why,
				 struct msg_after *after)
{
	struct msg_ctx *ctx, *next;

	list_for_each_entry_safe(ctx, next, list, link)
		if (ctx->deadline_ms <= now_ms)
			msg_ctx_finish_unlocked(ctx, result, why, after);
}

void msg_ctx_finish_all_unlocked(struct msg_daemon *daemon, u64 now_ms,
				 int result, enum msg_stat why,
				 struct msg_after *after)
{
	/* The queue first: of who leaves anyway the daemon need not hear. */
	finish_list_unlocked(&daemon->queue, now_ms, result, why, after);
	finish_list_unlocked(&daemon->delivered, now_ms, result, why, after);
}

/* ---- sending */

static int enqueue_unlocked(struct msg_engine *engine, struct msg_ctx *ctx,
			    const struct port_owner *owner)
{
	struct msg_daemon *daemon = msg_daemon_find_unlocked(engine, owner);

	if (!daemon) {
		msg_count_unlocked(engine, NULL, MSG_STAT_NO_DAEMON);
		return -ENOTCONN;
	}
	if (daemon->stats.count[MSG_STAT_PENDING] >= engine->limits.queue) {
		msg_count_unlocked(engine, daemon, MSG_STAT_OVER_LIMIT);
		return -EAGAIN;
	}
	if (port_table_add(&engine->contexts, &ctx->id.index, ctx) != 0)
		return -ENOMEM;
	ctx->id.counter = ++engine->counter;
	ctx->created_ms = port_now_ms(&engine->port);
	ctx->deadline_ms = ctx->created_ms + engine->limits.timeout_ms;
	ctx->daemon = daemon;
	list_add_tail(&ctx->link, &daemon->queue);
	refcount_inc(&ctx->refs);
	msg_count_unlocked(engine, daemon, MSG_STAT_REQUESTS);
	msg_count_unlocked(engine, daemon, MSG_STAT_PENDING);
	return 0;
}

int msg_send(struct msg_engine *engine, const struct msg_request *request,
	     struct msg_ctx **out)
{
	struct msg_after after;
	struct msg_ctx *ctx;
	int err;

	*out = NULL;
	if (request->data_len == 0 || request->data_len > MSG_PACKET_MAX)
		return -EBADMSG;
	ctx = ctx_new(engine, request);
	if (!ctx)
		return -ENOMEM;
	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	err = enqueue_unlocked(engine, ctx, &request->owner);
	if (err == 0) {
		*out = ctx;
		if (!msg_is_full_unlocked(engine, ctx->daemon))
			kick_for_unlocked(&after, ctx);
	}
	port_mutex_unlock(&engine->lock);
	if (err != 0)
		msg_ctx_put(ctx);
	msg_after_do(&after);
	return err;
}

/* ---- waiting */

/* How long to sleep. 0: it is done, by others or because there is no more. */
static u64 time_left(struct msg_ctx *ctx, bool killed)
{
	struct msg_engine *engine = ctx->engine;
	u64 now = port_now_ms(&engine->port);
	struct msg_after after;
	u64 left = 0;

	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	if (ctx->state != MSG_STATE_DONE) {
		if (killed)
			msg_ctx_finish_unlocked(ctx, -EINTR, MSG_STAT_KILLED,
						&after);
		else if (ctx->deadline_ms <= now)
			msg_ctx_finish_unlocked(ctx, -ETIMEDOUT,
						MSG_STAT_TIMED_OUT, &after);
		else
			left = ctx->deadline_ms - now;
	}
	port_mutex_unlock(&engine->lock);
	msg_after_do(&after);
	return left;
}

int msg_wait(struct msg_ctx *ctx, u8 **reply, size_t *reply_len)
{
	struct port *port = &ctx->engine->port;
	bool killed = false;
	int result;
	u64 left;

	/* msg_extend() may move the deadline while it sleeps. */
	while ((left = time_left(ctx, killed)) > 0)
		killed = port_wait(port, &ctx->completion, left) == -EINTR;
	result = ctx->result;
	if (result == 0) {
		*reply = ctx->reply;
		*reply_len = ctx->reply_len;
		ctx->reply = NULL;
	}
	msg_ctx_put(ctx);
	return result;
}

bool msg_cancel(struct msg_ctx *ctx)
{
	struct msg_engine *engine = ctx->engine;
	struct msg_after after;
	bool pending;

	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	pending = ctx->state != MSG_STATE_DONE;
	if (pending) {
		ctx->done = NULL;
		msg_ctx_finish_unlocked(ctx, -EINTR, MSG_STAT_KILLED, &after);
	}
	port_mutex_unlock(&engine->lock);
	msg_after_do(&after);
	return pending;
}

/* ---- deadlines of who does not sleep */

static bool is_due_unlocked(struct msg_daemon *daemon, u64 now_ms, u64 *next_ms)
{
	struct list_head *lists[] = { &daemon->queue, &daemon->delivered };
	struct msg_ctx *ctx;
	bool due = false;

	for (size_t i = 0; i < 2; i++)
		list_for_each_entry(ctx, lists[i], link) {
			due |= ctx->deadline_ms <= now_ms;
			if (ctx->deadline_ms < *next_ms)
				*next_ms = ctx->deadline_ms;
		}
	return due;
}

static struct msg_daemon *find_due_unlocked(struct msg_engine *engine,
					    u64 now_ms, u64 *next_ms)
{
	struct msg_daemon *daemon;

	*next_ms = U64_MAX;
	for (size_t i = 0; i < MSG_BUCKETS; i++)
		list_for_each_entry(daemon, &engine->daemons[i], link)
			if (is_due_unlocked(daemon, now_ms, next_ms))
				return daemon;
	return NULL;
}

u64 msg_expire(struct msg_engine *engine)
{
	u64 now = port_now_ms(&engine->port);
	struct msg_daemon *daemon;
	struct msg_after after;
	u64 next;

	do {
		msg_after_init(&after);
		port_mutex_lock(&engine->lock);
		daemon = find_due_unlocked(engine, now, &next);
		if (daemon)
			msg_ctx_finish_all_unlocked(daemon, now, -ETIMEDOUT,
						    MSG_STAT_TIMED_OUT, &after);
		port_mutex_unlock(&engine->lock);
		msg_after_do(&after);
	} while (daemon);
	return next == U64_MAX ? U64_MAX : next - now;
}
