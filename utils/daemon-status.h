/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the running daemon says of itself and of each key: the answer to the
 * command "status" of the control protocol.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "utils/output.h"

typedef struct DaemonStatus DaemonStatus;

/**
 * daemon_status_get:
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): the daemon's answer
 *
 * Errors: %ECRYPTFS_ERROR_NO_DAEMON, %ECRYPTFS_ERROR_BAD_MESSAGE
 */
DaemonStatus *daemon_status_get(GError **error);
void daemon_status_free(DaemonStatus *status);

/* (transfer full) (nullable): one value about the daemon itself. */
char *daemon_status_item(const DaemonStatus *status, const char *item);

/* (transfer full) (nullable): one value about the key @name. */
char *daemon_status_of_key(const DaemonStatus *status, const char *name,
			   const char *item);

/* All that it says: the members "daemon" and "keys", and lines. */
void daemon_status_print(Output *out, const DaemonStatus *status);

/* All values about the key @name; nothing when the daemon knows none. */
void daemon_status_print_key(Output *out, const DaemonStatus *status,
			     const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DaemonStatus, daemon_status_free)

#endif
