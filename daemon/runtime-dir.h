/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's own directory below $XDG_RUNTIME_DIR, for this user alone,
 * and the lock in it that makes the daemon the only one.
 */
#ifndef DAEMON_RUNTIME_DIR_H
#define DAEMON_RUNTIME_DIR_H

#include "libecryptfs/ecryptfs.h"

typedef struct RuntimeDir RuntimeDir;

/**
 * runtime_dir_open:
 * @error: (nullable): return location; the text says what to do
 *
 * Makes the directory where it is missing, checks that it is ours alone and
 * takes the lock.
 *
 * Returns: (transfer full) (nullable): holds the lock until it is freed or
 *   the process ends
 *
 * Errors: %ECRYPTFS_ERROR_BUSY when another daemon of this user runs,
 *   %ECRYPTFS_ERROR_PERMISSION for an unsafe directory,
 *   %ECRYPTFS_ERROR_USAGE inside an eCryptfs mount, %ECRYPTFS_ERROR_ABSENT
 *   or %ECRYPTFS_ERROR_IO
 */
RuntimeDir *runtime_dir_open(GError **error);
void runtime_dir_free(RuntimeDir *dir);

/* (transfer none) */
const char *runtime_dir_path(const RuntimeDir *dir);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RuntimeDir, runtime_dir_free)

#endif
