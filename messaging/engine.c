/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine as a whole: made, looked at, taken down.
 */
#include "messaging/engine.h"

#include "messaging/context.h"

int msg_engine_init(struct msg_engine *engine, const struct msg_limits *limits)
{
	if (limits->timeout_ms == 0 || limits->window == 0 ||
	    limits->queue == 0)
		return -EINVAL;
	engine->limits = *limits;
	if (engine->limits.extend_ms > MSG_EXTEND_MS_CAP)
		engine->limits.extend_ms = MSG_EXTEND_MS_CAP;
	port_mutex_init(&engine->lock);
	port_table_init(&engine->contexts, &engine->port);
	for (size_t i = 0; i < MSG_BUCKETS; i++)
		INIT_LIST_HEAD(&engine->daemons[i]);
	engine->counter = port_random_u32();
	memset(&engine->stats, 0, sizeof(engine->stats));
	return 0;
}

void msg_engine_exit(struct msg_engine *engine)
{
	msg_registry_clear(engine);
	port_table_destroy(&engine->contexts);
	port_mutex_destroy(&engine->lock);
}

int msg_read_stats(struct msg_engine *engine, const struct port_owner *owner,
		   struct msg_stats *stats)
{
	struct msg_daemon *daemon;
	int err = 0;

	port_mutex_lock(&engine->lock);
	if (!owner) {
		*stats = engine->stats;
	} else {
		daemon = msg_daemon_find_unlocked(engine, owner);
		if (daemon)
			*stats = daemon->stats;
		else
			err = -ENOTCONN;
	}
	port_mutex_unlock(&engine->lock);
	return err;
}
