/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --daemonize: the process that the caller started ends only when the daemon
 * is up, or with the daemon's own error.
 */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

#include "libecryptfs/ecryptfs.h"

/**
 * background_enter:
 * @error: (nullable): return location
 *
 * Forks; call before any thread is started. Returns in the child, in a
 * session of its own. The caller's process stays in here until the child
 * calls background_report(), ends or is not up within a minute, and exits.
 *
 * Returns: a descriptor for background_report(), or -1
 *
 * Errors: %ECRYPTFS_ERROR_IO
 */
int background_enter(GError **error);

/**
 * background_report:
 * @fd: (transfer full): from background_enter()
 * @error: (nullable): why the daemon is not up, %NULL when it is
 *
 * The caller's process prints the text of @error and ends with its status.
 * Standard descriptors lead to /dev/null from then on.
 */
void background_report(int fd, const GError *error);

#endif
