/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registering with the kernel over netlink; in one sentence why it refuses. */
#ifndef DAEMON_GENL_HELO_H
#define DAEMON_GENL_HELO_H

#include "daemon/genl-message.h"
#include "daemon/genl-socket.h"

/**
 * genl_helo:
 * @socket: fresh; from now on the registered one
 * @replace: take the place of a daemon that is registered
 * @limits: (out caller-allocates): what the kernel told
 * @foreign: (inout): counts messages of others
 * @error: (nullable): return location; the text says what to do
 *
 * Sends HELO and waits for its ACK, a second at the most. Doorbells that come
 * meanwhile are dropped: FETCH afterwards until there is nothing.
 *
 * Errors: %ECRYPTFS_ERROR_BUSY when another daemon of this user lives,
 *   %ECRYPTFS_ERROR_PERMISSION, %ECRYPTFS_ERROR_KERNEL
 */
bool genl_helo(const GenlSocket *socket, bool replace,
	       struct transport_limits *limits, unsigned int *foreign,
	       GError **error);

/* Unregisters; whether the kernel agrees is of no interest. */
void genl_quit(const GenlSocket *socket);

#endif
