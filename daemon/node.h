/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device node: opening it, saying in one sentence why it cannot be
 * opened, and watching for it to appear.
 */
#ifndef DAEMON_NODE_H
#define DAEMON_NODE_H

#include "libecryptfs/ecryptfs.h"

/**
 * node_open:
 * @path: the node
 * @error: (nullable): return location; the text says what to do
 *
 * Returns: a descriptor, or -1
 *
 * Errors: %ECRYPTFS_ERROR_KERNEL when it is not there or no such device,
 *   %ECRYPTFS_ERROR_PERMISSION, %ECRYPTFS_ERROR_BUSY when another daemon of
 *   this user is registered, %ECRYPTFS_ERROR_IO
 */
int node_open(const char *path, GError **error);

typedef struct NodeWatch NodeWatch;

/**
 * node_watch_new:
 * @path: the node
 * @look: called on the main loop when it is time to try again; may pause the
 *   watch
 * @data: passed to @look
 *
 * Paused at first. When it runs it looks when something of that name changes
 * in its directory (its mode too), and after 100 ms, then ever later, at
 * most every 5 s.
 */
NodeWatch *node_watch_new(const char *path, void (*look)(void *data),
			  void *data);
void node_watch_resume(NodeWatch *watch);
void node_watch_pause(NodeWatch *watch);
void node_watch_free(NodeWatch *watch);

#endif
