/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the verbs mount and umount: the two directories, and whether this
 * kernel can do it.
 */
#ifndef MOUNT_PLACE_H
#define MOUNT_PLACE_H

#include <sys/types.h>

#include "libecryptfs/ecryptfs.h"

/**
 * MountPlace:
 * @lower: lower directory, canonical
 * @mountpoint: mount point, canonical
 * @lower_owner: whose the lower directory is
 */
typedef struct MountPlace {
	char *lower;
	char *mountpoint;
	uid_t lower_owner;
} MountPlace;

/**
 * mount_place_new:
 * @lower: what was given as lower directory
 * @mountpoint: what was given as mount point; may be the same
 * @error: (nullable): return location; says what to do
 *
 * Refuses what is no directory, a lower directory that is mounted already or
 * lies on eCryptfs, a mount point that is one already, is not empty or lies
 * in the lower directory, and one over the keys themselves.
 *
 * Returns: (transfer full) (nullable): both, usable
 *
 * Errors: %ECRYPTFS_ERROR_ABSENT, %ECRYPTFS_ERROR_PERMISSION,
 *   %ECRYPTFS_ERROR_USAGE, %ECRYPTFS_ERROR_BUSY, %ECRYPTFS_ERROR_IO
 */
MountPlace *mount_place_new(const char *lower, const char *mountpoint,
			    GError **error);
void mount_place_free(MountPlace *place);

/**
 * mount_place_check_kernel:
 * @error: (nullable): return location
 *
 * Errors: %ECRYPTFS_ERROR_KERNEL when the module is not loaded or was built
 *   without public-key messages
 */
bool mount_place_check_kernel(GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MountPlace, mount_place_free)

#endif
