/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of a request: FETCH, RESPONSE, EXTEND.
 */
#include "messaging/context.h"

static const char not_pending[] =
	"nobody waits for this: too late, twice, or never delivered to you";

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

static bool is_full_unlocked(const struct msg_engine *engine,
			     const struct msg_daemon *daemon)
{
	return daemon->n_delivered >= engine->limits.window;
}

static int fetch_unlocked(struct msg_engine *engine, struct msg_caller *caller,
			  const struct msg_id *want, size_t capacity,
			  struct msg_delivery *delivery)
{
	struct msg_daemon *daemon;
	struct msg_ctx *ctx;
	int err = msg_daemon_of_unlocked(engine, caller, &daemon);

	if (err != 0)
		return err;
	ctx = pick_unlocked(engine, daemon, want);
	if (!ctx && want)
		return msg_refuse(caller, -EINVAL,
				  "no such request waits to be fetched");
	if (!ctx)
		return msg_refuse(caller, -EAGAIN, "no request waits");
	if (is_full_unlocked(engine, daemon))
		return msg_refuse(caller, -EAGAIN,
				  "too many requests are unanswered");
	if (ctx->data_len > capacity)
		return msg_refuse(caller, -EMSGSIZE, "too small a buffer");
	ctx->state = MSG_STATE_DELIVERED;
	list_move_tail(&ctx->link, &daemon->delivered);
	daemon->n_delivered++;
	msg_count_unlocked(engine, daemon, MSG_STAT_DELIVERED);
	delivery->id = ctx->id;
	delivery->data_len = ctx->data_len;
	memcpy(delivery->data, ctx->data, ctx->data_len);
	return 0;
}

/* Who is past its deadline is only still here if nobody woke up yet. */
static void drop_late_unlocked(struct msg_engine *engine,
			       struct msg_caller *caller,
			       struct msg_after *after)
{
	u64 now = port_now_ms(&engine->port);
	struct msg_daemon *daemon = caller->endpoint->daemon;
	struct msg_ctx *ctx;

	while (daemon && !list_empty(&daemon->queue)) {
		ctx = list_first_entry(&daemon->queue, struct msg_ctx, link);
		if (ctx->deadline_ms > now)
			break;
		msg_ctx_finish_unlocked(ctx, -ETIMEDOUT, MSG_STAT_TIMED_OUT,
					after);
	}
}

int msg_fetch(struct msg_engine *engine, struct msg_caller *caller,
	      const struct msg_id *want, size_t capacity,
	      struct msg_delivery *delivery)
{
	struct msg_after after;
	int err;

	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	drop_late_unlocked(engine, caller, &after);
	err = fetch_unlocked(engine, caller, want, capacity, delivery);
	port_mutex_unlock(&engine->lock);
	msg_after_do(&after);
	return err;
}

bool msg_is_waiting(struct msg_engine *engine, struct msg_endpoint *endpoint)
{
	struct msg_daemon *daemon;
	bool waiting;

	port_mutex_lock(&engine->lock);
	daemon = endpoint->daemon;
	waiting = daemon && !list_empty(&daemon->queue) &&
		  !is_full_unlocked(engine, daemon);
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
	    ctx->id.counter != id->counter) {
		msg_count_unlocked(engine, daemon, MSG_STAT_REFUSED);
		return msg_refuse(caller, -EINVAL, not_pending);
	}
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
				 struct msg_budget *budget)
{
	list_del_init(&budget->link);
	port_free(&engine->port, budget, sizeof(*budget));
}

void msg_budgets_free_unlocked(struct msg_engine *engine,
			       struct msg_daemon *daemon)
{
	struct msg_budget *budget, *next;

	list_for_each_entry_safe(budget, next, &daemon->budgets, link)
		budget_free_unlocked(engine, budget);
}

/* What is spent is remembered as long as it lasted: the next key's turn. */
static struct msg_budget *budget_find_unlocked(struct msg_engine *engine,
					       struct msg_daemon *daemon,
					       u64 opener, u64 now)
{
	struct msg_budget *budget, *next, *found = NULL;

	list_for_each_entry_safe(budget, next, &daemon->budgets, link) {
		if (now > budget->end_ms + engine->limits.extend_ms)
			budget_free_unlocked(engine, budget);
		else if (budget->opener == opener)
			found = budget;
	}
	return found;
}

/* ---- EXTEND */

static u64 end_of_unlocked(struct msg_engine *engine, struct msg_ctx *ctx,
			   u64 now, struct msg_budget **fresh)
{
	struct msg_budget *budget = budget_find_unlocked(engine, ctx->daemon,
							 ctx->opener, now);

	if (!budget) {
		budget = *fresh;
		*fresh = NULL;
		budget->opener = ctx->opener;
		budget->end_ms = ctx->created_ms + engine->limits.extend_ms;
		list_add_tail(&budget->link, &ctx->daemon->budgets);
	}
	return budget->end_ms;
}

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
	if (ctx->data[0] != MSG_TAG_64) {
		msg_count_unlocked(engine, ctx->daemon, MSG_STAT_REFUSED);
		return msg_refuse(caller, -EOPNOTSUPP,
				  "only who opens a file waits for a person");
	}
	end = end_of_unlocked(engine, ctx, now, fresh);
	deadline = now + *ms < end ? now + *ms : end;
	if (deadline <= ctx->deadline_ms && end <= ctx->deadline_ms) {
		msg_count_unlocked(engine, ctx->daemon, MSG_STAT_REFUSED);
		return msg_refuse(caller, -ETIME,
				  "this open has no more time to give");
	}
	if (deadline > ctx->deadline_ms)
		ctx->deadline_ms = deadline;
	*ms = ctx->deadline_ms > now ? (u32)(ctx->deadline_ms - now) : 0;
	msg_count_unlocked(engine, ctx->daemon, MSG_STAT_EXTENDED);
	return 0;
}

int msg_extend(struct msg_engine *engine, struct msg_caller *caller,
	       const struct msg_id *id, u32 *ms)
{
	struct msg_budget *fresh;
	int err;

	if (*ms == 0)
		return msg_refuse(caller, -EINVAL, "no time was asked for");
	fresh = port_zalloc(&engine->port, sizeof(*fresh));
	if (!fresh)
		return msg_refuse(caller, -ENOMEM, "out of memory");
	INIT_LIST_HEAD(&fresh->link);
	port_mutex_lock(&engine->lock);
	err = extend_unlocked(engine, caller, id, ms, &fresh);
	port_mutex_unlock(&engine->lock);
	port_free(&engine->port, fresh, sizeof(*fresh));
	return err;
}

/* ---- RESPONSE */

/* An opened file ends the open: the next one has a budget of its own. */
static void close_budget_unlocked(struct msg_engine *engine,
				  struct msg_ctx *ctx, const u8 *data,
				  size_t data_len)
{
	struct msg_budget *budget;

	if (ctx->data[0] != MSG_TAG_64 || data_len < 2 || data[1] != 0)
		return;
	budget = budget_find_unlocked(engine, ctx->daemon, ctx->opener,
				      port_now_ms(&engine->port));
	if (budget)
		budget_free_unlocked(engine, budget);
}

int msg_respond(struct msg_engine *engine, struct msg_caller *caller,
		const struct msg_id *id, const u8 *data, size_t data_len)
{
	struct msg_after after;
	struct msg_ctx *ctx;
	u8 *reply;
	int err;

	if (data_len == 0 || data_len > MSG_PACKET_MAX)
		return msg_refuse(caller, -EBADMSG, "no packet has that length");
	reply = port_zalloc(&engine->port, data_len);
	if (!reply)
		return msg_refuse(caller, -ENOMEM, "out of memory");
	memcpy(reply, data, data_len);
	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	err = delivered_unlocked(engine, caller, id, &ctx);
	if (err == 0) {
		close_budget_unlocked(engine, ctx, data, data_len);
		ctx->reply = reply;
		ctx->reply_len = data_len;
		reply = NULL;
		msg_ctx_finish_unlocked(ctx, 0, MSG_STAT_ANSWERED, &after);
	}
	port_mutex_unlock(&engine->lock);
	port_free(&engine->port, reply, data_len);
	msg_after_do(&after);
	return err;
}
