/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the mount verb: a daemon that runs, that the kernel reaches, and that
 * can open files with the key that is tried first.
 */
#ifndef MOUNT_DAEMON_H
#define MOUNT_DAEMON_H

#include "utils/cmd.h"

/**
 * mount_daemon_start:
 * @cmd: a run
 * @error: (nullable): return location
 *
 * Tells a running daemon to read the registrations again, or starts one in
 * the background: the ecryptfsd beside this program, else that in PATH. Then
 * waits, some seconds at most, until the kernel reaches it.
 *
 * Errors: %ECRYPTFS_ERROR_NO_DAEMON when it does not come up,
 *   %ECRYPTFS_ERROR_KERNEL when it is up but not registered, with its reason
 */
bool mount_daemon_start(struct cmd *cmd, GError **error);

/**
 * mount_daemon_unlock:
 * @cmd: a run that has the options of CMD_OPTIONS_SECRET
 * @names: (array zero-terminated=1): recipients whose private half is here,
 *   in the order in which the kernel tries them
 * @error: (nullable): return location; blames the key
 *
 * Unlocks the first one that can be used, if it is locked and somebody says
 * or can be asked for its secret. Warns when files cannot be opened yet. The
 * others stay as they are: a wrong guess costs a token one of its tries.
 *
 * Errors: those of reading a secret; %ECRYPTFS_ERROR_BAD_SECRET and the
 *   daemon's others
 */
bool mount_daemon_unlock(struct cmd *cmd, const char *const *names,
			 GError **error);

#endif
