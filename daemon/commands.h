/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the commands of the control socket do.
 */
#ifndef DAEMON_COMMANDS_H
#define DAEMON_COMMANDS_H

#include "daemon/status.h"
#include "libecryptfs/control-protocol.h"

/**
 * Commands:
 * @status: what status shows; the other commands work on the same parts
 * @late: answers that `lock` forgets
 * @reloading: one reload at a time
 */
typedef struct Commands {
	struct status_source status;
	LateReplies *late;
	GMutex reloading;
} Commands;

/* How long `lock` waits for modules; the order stands in any case. */
#define COMMANDS_LOCK_PATIENCE_USEC (5 * G_USEC_PER_SEC)

/**
 * commands_handle:
 * @commands: what they work on
 * @request: (transfer none): parsed
 * @error: return location
 *
 * What the @handle of a control_handler does. May block.
 */
char *commands_handle(Commands *commands,
		      const struct ecryptfs_control_request *request,
		      GError **error);

#endif
