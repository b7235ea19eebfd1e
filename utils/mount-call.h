/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the verbs mount and umount: the two system calls. Under sudo they are
 * made by a child that has CAP_SYS_ADMIN, knows nothing but them and checks
 * what it is asked; the verb itself has no privilege any more.
 */
#ifndef MOUNT_CALL_H
#define MOUNT_CALL_H

#include "utils/mount-user.h"

typedef struct MountCall MountCall;

/**
 * mount_call_new:
 * @user: (nullable): who typed sudo, or %NULL to call as this process is
 * @error: (nullable): return location
 *
 * With @user: forks the child, then becomes @user for good, keyrings and
 * environment included. To be called before any file is read, any secret is
 * asked for and any thread is started.
 *
 * Returns: (transfer full) (nullable): ready to call
 *
 * Errors: %ECRYPTFS_ERROR_PERMISSION, %ECRYPTFS_ERROR_IO
 */
MountCall *mount_call_new(const MountUser *user, GError **error);
void mount_call_free(MountCall *call);

/**
 * mount_call_mount:
 * @call: ready to call
 * @lower: lower directory, absolute
 * @mountpoint: mount point, absolute
 * @flags: MS_*
 * @data: options of eCryptfs
 *
 * Returns: 0, or an errno: EINVAL also for what the child does not do
 */
int mount_call_mount(MountCall *call, const char *lower,
		     const char *mountpoint, unsigned long flags,
		     const char *data);

/* The same for umount2(2), of an eCryptfs mount only. */
int mount_call_umount(MountCall *call, const char *mountpoint);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MountCall, mount_call_free)

#endif
