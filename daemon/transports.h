/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which way the kernel reaches the daemon: netlink when the family is there,
 * and then not the device; else the device. The kernel takes one of them.
 */
#ifndef DAEMON_TRANSPORTS_H
#define DAEMON_TRANSPORTS_H

#include "daemon/transport.h"

typedef struct Transports Transports;

/**
 * transports_config:
 * @list: (nullable): names with commas; %NULL for all
 * @device: the node
 * @replace: take the place of a daemon that is registered
 * @sink: where requests go; its changed is told of @current only
 */
struct transports_config {
	const char *list;
	const char *device;
	bool replace;
	struct transport_sink sink;
};

/* Errors: %ECRYPTFS_ERROR_USAGE for a @list that names none, or no such. */
bool transports_check_list(const char *list, GError **error);

/**
 * transports_new:
 * @config: copied; its list was checked
 *
 * Opens nothing yet.
 *
 * Returns: (transfer full) (not nullable)
 */
Transports *transports_new(const struct transports_config *config);

/* %false with the reason when none is registered: they go on looking. */
bool transports_start(Transports *transports, GError **error);

/* See #transport. Main loop only. */
void transports_stop(Transports *transports);

/* (nullable): stopped before. */
void transports_free(Transports *transports);

/* (transfer none): the one in use, or waited for. Any thread. */
struct transport *transports_current(Transports *transports);

#endif
