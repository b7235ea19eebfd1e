/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the umount verb: what keeps a mount busy.
 */
#ifndef MOUNT_HOLDERS_H
#define MOUNT_HOLDERS_H

#include "libecryptfs/ecryptfs.h"

/* More are not told. */
#define MOUNT_HOLDERS_MAX 10

/**
 * mount_holders_find:
 * @mountpoint: a mount point, canonical
 *
 * Looks at mounts below it and at the processes that this user may look at:
 * working and root directory, program, open and mapped files. Never touches
 * the mount itself, so it cannot hang in it.
 *
 * Returns: (transfer full) (not nullable): %NULL-terminated sentences without
 *   a full stop, e.g. "bash (process 12) has its working directory there"; at
 *   most %MOUNT_HOLDERS_MAX
 */
char **mount_holders_find(const char *mountpoint);

#endif
