/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemons: one for each owner, over all transports. HELO, QUIT, death,
 * takeover.
 */
#include "messaging/context.h"

static struct list_head *bucket_of(struct msg_engine *engine,
				   const struct port_owner *owner)
{
	return &engine->daemons[port_owner_hash(owner) % MSG_BUCKETS];
}

struct msg_daemon *msg_daemon_find_unlocked(struct msg_engine *engine,
					    const struct port_owner *owner)
{
	struct msg_daemon *daemon;

	list_for_each_entry(daemon, bucket_of(engine, owner), link)
		if (port_owner_equal(&daemon->owner, owner))
			return daemon;
	return NULL;
}

/* A program that changed its user, or was given the endpoint, is nobody. */
static int check_identity(struct msg_caller *caller)
{
	if (!port_owner_equal(&caller->opener, &caller->actor))
		return msg_refuse(caller, -EPERM,
				  "opened by another user than the caller");
	return 0;
}

int msg_daemon_of_unlocked(struct msg_engine *engine,
			   struct msg_caller *caller,
			   struct msg_daemon **daemon)
{
	int err = check_identity(caller);

	if (err != 0)
		return err;
	*daemon = msg_daemon_find_unlocked(engine, &caller->opener);
	if (!*daemon)
		return msg_refuse(caller, -ENOTCONN,
				  "no daemon of this user is registered");
	if ((*daemon)->endpoint != caller->endpoint)
		return msg_refuse(caller, -EPERM,
				  "another daemon of this user is registered");
	return 0;
}

/* ---- their life */

static struct msg_daemon *daemon_new(struct msg_engine *engine,
				     const struct msg_caller *caller,
				     const struct msg_helo *helo)
{
	struct msg_daemon *daemon = port_zalloc(&engine->port, sizeof(*daemon));

	if (!daemon)
		return NULL;
	INIT_LIST_HEAD(&daemon->link);
	INIT_LIST_HEAD(&daemon->queue);
	INIT_LIST_HEAD(&daemon->delivered);
	INIT_LIST_HEAD(&daemon->budgets);
	daemon->owner = caller->opener;
	port_owner_get(&daemon->owner);
	daemon->endpoint = caller->endpoint;
	memcpy(daemon->namespaces, helo->namespaces,
	       sizeof(daemon->namespaces));
	return daemon;
}

static void daemon_free(struct msg_engine *engine, struct msg_daemon *daemon)
{
	if (!daemon)
		return;
	port_owner_put(&daemon->owner);
	port_free(&engine->port, daemon, sizeof(*daemon));
}

static void register_unlocked(struct msg_engine *engine,
			      struct msg_daemon *daemon)
{
	daemon->endpoint->ops->get(daemon->endpoint);
	daemon->endpoint->daemon = daemon;
	list_add_tail(&daemon->link, bucket_of(engine, &daemon->owner));
}

static void unregister_unlocked(struct msg_engine *engine,
				struct msg_daemon *daemon)
{
	msg_budgets_free_unlocked(engine, daemon);
	list_del_init(&daemon->link);
	daemon->endpoint->daemon = NULL;
}

static void bury_unlocked(struct msg_engine *engine, struct msg_daemon *daemon,
			  struct msg_after *after)
{
	u64 pending = daemon->stats.count[MSG_STAT_PENDING];

	if (pending > 0)
		port_log("the daemon of uid %u is gone, %llu requests fail\n",
			 port_owner_number(&daemon->owner),
			 (unsigned long long)pending);
	msg_ctx_finish_all_unlocked(daemon, U64_MAX, -ENOTCONN,
				    MSG_STAT_ABANDONED, after);
	unregister_unlocked(engine, daemon);
}

/* After bury_unlocked(), without the lock. */
static void mourn(struct msg_engine *engine, struct msg_daemon *daemon,
		  struct msg_after *after)
{
	msg_after_do(after);
	daemon->endpoint->ops->put(daemon->endpoint);
	daemon_free(engine, daemon);
}

/* ---- HELO */

/* What was delivered comes first again; its answers no longer count. */
static void inherit_unlocked(struct msg_engine *engine,
			     struct msg_daemon *from, struct msg_daemon *to)
{
	struct msg_ctx *ctx;

	list_splice_tail_init(&from->delivered, &to->queue);
	list_splice_tail_init(&from->queue, &to->queue);
	list_splice_tail_init(&from->budgets, &to->budgets);
	to->n_budgets = from->n_budgets;
	list_for_each_entry(ctx, &to->queue, link) {
		ctx->daemon = to;
		ctx->state = MSG_STATE_QUEUED;
		ctx->id.counter = ++engine->counter;
	}
	to->stats.count[MSG_STAT_PENDING] = from->stats.count[MSG_STAT_PENDING];
	from->stats.count[MSG_STAT_PENDING] = 0;
	from->n_delivered = 0;
	from->n_budgets = 0;
}

static int check_takeover(struct msg_caller *caller,
			  const struct msg_helo *helo,
			  const struct msg_daemon *old)
{
	if (!helo->replace)
		return msg_refuse(caller, -EBUSY,
				  "another daemon of this user is registered");
	if (memcmp(old->namespaces, helo->namespaces,
		   sizeof(old->namespaces)) != 0)
		return msg_refuse(caller, -EPERM,
				  "the daemon to be replaced lives in other "
				  "namespaces");
	return 0;
}

/* Takes *@daemon when it is registered; @old is then to be told and freed. */
static int helo_unlocked(struct msg_engine *engine, struct msg_caller *caller,
			 const struct msg_helo *helo,
			 struct msg_daemon **daemon, struct msg_daemon **old)
{
	struct msg_daemon *there =
		msg_daemon_find_unlocked(engine, &caller->opener);
	int err;

	if (there && there->endpoint == caller->endpoint)
		return 0;
	/* A port's number is free for others before its end was heard of. */
	if (caller->endpoint->daemon)
		return msg_refuse(caller, -EPERM,
				  "registered here for another user");
	if (there) {
		err = check_takeover(caller, helo, there);
		if (err != 0)
			return err;
		inherit_unlocked(engine, there, *daemon);
		unregister_unlocked(engine, there);
		*old = there;
	}
	register_unlocked(engine, *daemon);
	*daemon = NULL;
	return 0;
}

int msg_helo(struct msg_engine *engine, struct msg_caller *caller,
	     const struct msg_helo *helo)
{
	struct msg_daemon *daemon, *old = NULL;
	struct msg_after after;
	int err = check_identity(caller);

	if (err != 0)
		return err;
	daemon = daemon_new(engine, caller, helo);
	if (!daemon)
		return msg_refuse(caller, -ENOMEM, "out of memory");
	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	err = helo_unlocked(engine, caller, helo, &daemon, &old);
	if (old)
		msg_after_kick_unlocked(&after, caller->endpoint->daemon);
	port_mutex_unlock(&engine->lock);
	daemon_free(engine, daemon);
	if (old) {
		old->endpoint->ops->quit(old->endpoint, MSG_REASON_REPLACED,
					 helo->pid);
		mourn(engine, old, &after);
	}
	return err;
}

/* ---- QUIT and death */

int msg_quit(struct msg_engine *engine, struct msg_caller *caller)
{
	struct msg_daemon *daemon;
	struct msg_after after;
	int err;

	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	err = msg_daemon_of_unlocked(engine, caller, &daemon);
	if (err == 0)
		bury_unlocked(engine, daemon, &after);
	port_mutex_unlock(&engine->lock);
	if (err == 0)
		mourn(engine, daemon, &after);
	return err;
}

void msg_endpoint_gone(struct msg_engine *engine,
		       struct msg_endpoint *endpoint)
{
	struct msg_daemon *daemon;
	struct msg_after after;

	msg_after_init(&after);
	port_mutex_lock(&engine->lock);
	daemon = endpoint->daemon;
	if (daemon)
		bury_unlocked(engine, daemon, &after);
	port_mutex_unlock(&engine->lock);
	if (daemon)
		mourn(engine, daemon, &after);
}

static struct msg_daemon *any_daemon_unlocked(struct msg_engine *engine)
{
	for (size_t i = 0; i < MSG_BUCKETS; i++)
		if (!list_empty(&engine->daemons[i]))
			return list_first_entry(&engine->daemons[i],
						struct msg_daemon, link);
	return NULL;
}

void msg_registry_clear(struct msg_engine *engine)
{
	struct msg_daemon *daemon;
	struct msg_after after;

	for (;;) {
		msg_after_init(&after);
		port_mutex_lock(&engine->lock);
		daemon = any_daemon_unlocked(engine);
		if (daemon)
			bury_unlocked(engine, daemon, &after);
		port_mutex_unlock(&engine->lock);
		if (!daemon)
			return;
		daemon->endpoint->ops->quit(daemon->endpoint,
					    MSG_REASON_UNLOAD, 0);
		mourn(engine, daemon, &after);
	}
}
