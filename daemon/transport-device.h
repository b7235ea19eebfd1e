/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport `device`: /dev/ecryptfs of a stock kernel, or of the overlay.
 * Opening the node registers this user's daemon, closing unregisters.
 */
#ifndef DAEMON_TRANSPORT_DEVICE_H
#define DAEMON_TRANSPORT_DEVICE_H

#include "daemon/transport.h"

#define TRANSPORT_DEVICE_PATH "/dev/ecryptfs"

/**
 * transport_device_new:
 * @path: the node
 * @sink: copied
 *
 * Opens nothing yet. Without the node, or the right to open it, start()
 * fails and looks again: when the directory changes, and with a back-off
 * of at most 5 s.
 */
struct transport *transport_device_new(const char *path,
				       const struct transport_sink *sink);

/**
 * transport_device_new_from_fd:
 * @fd: (transfer full): one end of a conversation, one message a read
 * @sink: copied
 *
 * The seam for tests: start() takes @fd instead of opening a node.
 */
struct transport *
transport_device_new_from_fd(int fd, const struct transport_sink *sink);

#endif
