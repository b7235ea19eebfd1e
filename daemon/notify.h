/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readiness, status line and watchdog for a supervisor that set
 * NOTIFY_SOCKET (systemd); nothing without one.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include "libecryptfs/ecryptfs.h"

/* READY=1, and from now on the watchdog is fed from the main loop. */
void notify_ready(void);

/* One line for `systemctl status`. */
void notify_status(const char *text);

void notify_stopping(void);

#endif
