/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of a request: FETCH, RESPONSE, EXTEND.
 */
#include "messaging/context.h"

/* ---- FETCH */

static struct msg_ctx *pick_unlocked(struct msg_engine *engine,
				     struct msg_daemon *daemon,
				     const struct msg_id *want)
{
	struct msg_ctx *ctx;

	if (!want)
		return list_empty(&daemon->queue) ?
			       NULL :
			       list_first_entry(&daemon->queue, struct msg_ctx,
						link);
	ctx = port_table_find(&engine->contexts, want->index);
	if (!ctx || ctx->daemon != daemon ||
	    ctx->state != MSG_STATE_QUEUED ||
	    ctx->id.counter != want->counter)
		return NULL;
	return ctx;
}

/* Who is past its deadline is only still there if nobody woke up yet. */
static struct msg_ctx *pick_in_time_unlocked(struct msg_engine *engine,
					     struct msg_daemon *daemon,
					     const struct msg_id *want,
					     struct msg_after *after)
{
	u64 now = port_now_ms(&engine->port);
	struct msg_ctx *ctx;

	while ((ctx = pick_unlocked(engine, daemon, want)) &&
	       ctx->deadline_ms <= now)
		msg_ctx_finish_unlocked(ctx, -ETIMEDOUT, MSG_STAT_TIMED_OUT,
					after);
	return ctx;
}

static void deliver_unlocked(struct msg_ctx *ctx,
			     struct msg_delivery *delivery)
{
	struct msg_daemon *daemon = ctx->daemon;

	ctx->state = MSG_STATE_DELIVERED;
	list_move_tail(&ctx->link, &daemon->delivered);
	daemon->n_delivered++;
	msg_count_unlocked(ctx->engine, daemon, MSG_STAT_DELIVERED);
	delivery->id = ctx->id;
	delivery->data_len = ctx->data_len;
	memcpy(delivery->data, ctx->data, ctx->data_len);
}

static int fetch_unlocked(struct msg_engine *engine, struct msg_caller *caller,
			  const struct msg_id *want, size_t capacity,
			  struct msg_delivery *delivery,
			  struct msg_after *after)
{
	struct msg_daemon *daemon;
	struct msg_ctx *ctx;
	int err = msg_daemon_of_unlocked(engine, caller, &daemon);

	if (err != 0)
		return err;
	ctx = pick_in_time_unlocked(engine, daemon, want, after);
	if (!ctx && want)
		return msg_refuse(caller, -EINVAL,
				  "no such request waits to be fetched");
	if (!ctx)
		return msg_refuse(caller, -EAGAIN, "no request waits");
	if (msg_is_full_unlocked(engine, daemon))
		return msg_refuse(caller, -EAGAIN,
				  "too many requests are unanswered");
	if (ctx->data_len > capacity)
		return msg_refuse(caller, -EMSGSIZE, "too small a buffer");
	deliver_unlocked(ctx, delivery);
	return 0;
}

int msg_fetch(struct msg_engine *engine, struct msg_caller *caller,
	      const struct msg_id *want, size_t capacity,
	      struct msg_delivery *delivery)
{
	struct msg_after after;
	int err;

	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	err = fetch_unlocked(engine, caller, want, capacity, delivery, &after);
	port_mutex_unlock(&engine->lock);
	msg_after_do(&after);
	return err;
}

bool msg_is_waiting(struct msg_engine *engine, struct msg_endpoint *endpoint)
{
	u64 now = port_now_ms(&engine->port);
	struct msg_daemon *daemon;
	struct msg_ctx *ctx;
	bool waiting = false;

	port_mutex_lock(&engine->lock);
	daemon = endpoint->daemon;
	if (daemon && !msg_is_full_unlocked(engine, daemon))
		list_for_each_entry(ctx, &daemon->queue, link)
			waiting |= ctx->deadline_ms > now;
	port_mutex_unlock(&engine->lock);
	return waiting;
}

/* ---- what was delivered to this caller, and is still waited for */

static int delivered_unlocked(struct msg_engine *engine,
			      struct msg_caller *caller,
			      const struct msg_id *id, struct msg_ctx **out)
{
	struct msg_daemon *daemon;
	struct msg_ctx *ctx;
	int err = msg_daemon_of_unlocked(engine, caller, &daemon);

	if (err != 0)
		return err;
	ctx = port_table_find(&engine->contexts, id->index);
	if (!ctx || ctx->daemon != daemon ||
	    ctx->state != MSG_STATE_DELIVERED ||
	    ctx->id.counter != id->counter)
		return msg_refuse(caller, -EINVAL,
				  "nobody waits for this: too late, twice, or "
				  "never delivered to you");
	*out = ctx;
	return 0;
}

void msg_unfetch(struct msg_engine *engine, struct msg_caller *caller,
		 const struct msg_id *id)
{
	struct msg_after after;
	struct msg_ctx *ctx;

	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	if (delivered_unlocked(engine, caller, id, &ctx) == 0) {
		ctx->state = MSG_STATE_QUEUED;
		list_move(&ctx->link, &ctx->daemon->queue);
		ctx->daemon->n_delivered--;
		msg_after_kick_unlocked(&after, ctx->daemon);
	}
	port_mutex_unlock(&engine->lock);
	msg_after_do(&after);
}

/* ---- how long a person may keep one open waiting, whatever keys it tries */

struct msg_budget {
	struct list_head link;
	u64 opener;
	u64 end_ms;
};

static void budget_free_unlocked(struct msg_engine *engine,
				 struct msg_daemon *daemon,
				 struct msg_budget *budget)
{
	list_del_init(&budget->link);
	daemon->n_budgets--;
	port_free(&engine->port, budget, sizeof(*budget));
}

void msg_budgets_free_unlocked(struct msg_engine *engine,
			       struct msg_daemon *daemon)
{
	struct msg_budget *budget, *next;

	list_for_each_entry_safe(budget, next, &daemon->budgets, link)
		budget_free_unlocked(engine, daemon, budget);
}

/* What is spent is remembered as long as it lasted: the next key's turn. */
static struct msg_budget *budget_find_unlocked(struct msg_engine *engine,
					       struct msg_daemon *daemon,
					       u64 opener)
{
	u64 now = port_now_ms(&engine->port);
	struct msg_budget *budget, *next, *found = NULL;

	list_for_each_entry_safe(budget, next, &daemon->budgets, link) {
		if (now > budget->end_ms + engine->limits.extend_ms)
			budget_free_unlocked(engine, daemon, budget);
		else if (budget->opener == opener)
			found = budget;
	}
	return found;
}

/* Until when this open may wait; takes *@fresh if it is the first time. */
static u64 end_of_unlocked(struct msg_ctx *ctx, struct msg_budget **fresh)
{
	struct msg_engine *engine = ctx->engine;
	struct msg_daemon *daemon = ctx->daemon;
	u64 end = ctx->created_ms + engine->limits.extend_ms;
	struct msg_budget *budget = budget_find_unlocked(engine, daemon,
							 ctx->opener);

	if (budget)
		return budget->end_ms < end ? budget->end_ms : end;
	/* All of them are looked at each time, so there may not be many. */
	if (daemon->n_budgets >= engine->limits.queue)
		return 0;
	budget = *fresh;
	*fresh = NULL;
	budget->opener = ctx->opener;
	budget->end_ms = end;
	list_add_tail(&budget->link, &daemon->budgets);
	daemon->n_budgets++;
	return end;
}

/* An opened file ends the open: the next one has a budget of its own. */
static void close_budget_unlocked(struct msg_ctx *ctx, const u8 *data,
				  size_t data_len)
{
	struct msg_budget *budget;

	if (ctx->data[0] != MSG_TAG_64 || data_len < 2 ||
	    data[0] != MSG_TAG_65 || data[1] != 0)
		return;
	budget = budget_find_unlocked(ctx->engine, ctx->daemon, ctx->opener);
	if (budget)
		budget_free_unlocked(ctx->engine, ctx->daemon, budget);
}

/* ---- EXTEND */

static int extend_unlocked(struct msg_engine *engine, struct msg_caller *caller,
			   const struct msg_id *id, u32 *ms,
			   struct msg_budget **fresh)
{
	u64 now = port_now_ms(&engine->port);
	struct msg_ctx *ctx;
	u64 deadline, end;
	int err = delivered_unlocked(engine, caller, id, &ctx);

	if (err != 0)
		return err;
	if (*ms == 0)
		return msg_refuse(caller, -EINVAL, "no time was asked for");
	if (ctx->data[0] != MSG_TAG_64)
		return msg_refuse(caller, -EOPNOTSUPP,
				  "only who opens a file waits for a person");
	end = end_of_unlocked(ctx, fresh);
	if (end <= now || end <= ctx->deadline_ms)
		return msg_refuse(caller, -ETIME,
				  "this open has no more time to give");
	deadline = now + *ms < end ? now + *ms : end;
	if (deadline > ctx->deadline_ms)
		ctx->deadline_ms = deadline;
	*ms = (u32)(ctx->deadline_ms - now);
	msg_count_unlocked(engine, ctx->daemon, MSG_STAT_EXTENDED);
	return 0;
}

/* To the endpoint's own daemon, not to the one that it spoke for. */
static void count_refused_unlocked(struct msg_engine *engine,
				   struct msg_caller *caller)
{
	msg_count_unlocked(engine, caller->endpoint->daemon, MSG_STAT_REFUSED);
}

int msg_extend(struct msg_engine *engine, struct msg_caller *caller,
	       const struct msg_id *id, u32 *ms)
{
	struct msg_budget *fresh;
	int err;

	fresh = port_zalloc(&engine->port, sizeof(*fresh));
	if (!fresh)
		return msg_refuse(caller, -ENOMEM, "out of memory");
	INIT_LIST_HEAD(&fresh->link);
	port_mutex_lock(&engine->lock);
	err = extend_unlocked(engine, caller, id, ms, &fresh);
	if (err != 0)
		count_refused_unlocked(engine, caller);
	port_mutex_unlock(&engine->lock);
	port_free(&engine->port, fresh, sizeof(*fresh));
	return err;
}

/* ---- RESPONSE */

/* Takes *@reply if it is waited for; NULL: it has no length to be one. */
static int respond_unlocked(struct msg_engine *engine,
			    struct msg_caller *caller, const struct msg_id *id,
			    u8 **reply, size_t reply_len,
			    struct msg_after *after)
{
	struct msg_ctx *ctx;
	int err = delivered_unlocked(engine, caller, id, &ctx);

	if (err != 0)
		return err;
	if (!*reply)
		return msg_refuse(caller, -EBADMSG,
				  "no packet has that length");
	close_budget_unlocked(ctx, *reply, reply_len);
	ctx->reply = *reply;
	ctx->reply_len = reply_len;
	*reply = NULL;
	msg_ctx_finish_unlocked(ctx, 0, MSG_STAT_ANSWERED, after);
	return 0;
}

int msg_respond(struct msg_engine *engine, struct msg_caller *caller,
		const struct msg_id *id, const u8 *data, size_t data_len)
{
	struct msg_after after;
	u8 *reply = NULL;
	int err;

	if (data_len > 0 && data_len <= MSG_PACKET_MAX) {
		reply = port_zalloc(&engine->port, data_len);
		if (!reply)
			return msg_refuse(caller, -ENOMEM, "out of memory");
		memcpy(reply, data, data_len);
	}
	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	err = respond_unlocked(engine, caller, id, &reply, data_len, &after);
	if (err != 0)
		count_refused_unlocked(engine, caller);
	port_mutex_unlock(&engine->lock);
	port_free(&engine->port, reply, data_len);
	msg_after_do(&after);
	return err;
}
