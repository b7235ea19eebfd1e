/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of the STATUS command: a GKeyFile with a group [daemon] and a
 * group [key NAME] for each registered key (doc/PROTOCOL lists the words).
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "daemon/dispatch.h"
#include "daemon/key-ttl.h"

/**
 * status_source:
 * @keys: the registered keys
 * @dispatch: queue, and which module is stuck
 * @stats: counts
 * @tasks: asks modules for the state of their keys
 * @ttl: what is left of time limits
 * @transport: the one in use, or waited for; atomic
 * @started: g_get_monotonic_time() of the start
 * @registered_usec: from the start to the first registration, -1 before;
 *   atomic
 * @pool_locked: whether the memory of secrets is locked
 *
 * What status is made of; all borrowed.
 */
struct status_source {
	EcryptfsKeyStore *keys;
	Dispatch *dispatch;
	Stats *stats;
	KeyTasks *tasks;
	KeyTtl *ttl;
	_Atomic(struct transport *) transport;
	int64_t started;
	_Atomic int64_t registered_usec;
	bool pool_locked;
};

/* How long a module may take to tell the state of its keys. */
#define STATUS_PATIENCE_USEC (300 * 1000)

/* (transfer full). Blocks for at most STATUS_PATIENCE_USEC. Any thread. */
char *status_format(struct status_source *source);

#endif
