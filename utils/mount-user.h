/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the verbs mount and umount under sudo: registrations, keyrings and
 * daemon are those of the person who typed sudo, never root's. So the process
 * becomes that user before it reads anything.
 */
#ifndef MOUNT_USER_H
#define MOUNT_USER_H

#include <sys/types.h>

#include "libecryptfs/ecryptfs.h"

/**
 * MountUser:
 * @uid: who typed sudo
 * @gid: its group, of passwd(5)
 * @name: its name
 * @home: its home directory
 */
typedef struct MountUser {
	uid_t uid;
	gid_t gid;
	char *name;
	char *home;
} MountUser;

/**
 * mount_user_find:
 * @user: (out) (transfer full) (nullable): who typed sudo; %NULL when this
 *   is not root under sudo, or root typed it
 * @error: (nullable): return location
 *
 * Errors: %ECRYPTFS_ERROR_USAGE when SUDO_UID names nobody: guessing would
 *   mean root's keys
 */
bool mount_user_find(MountUser **user, GError **error);
void mount_user_free(MountUser *user);

/**
 * mount_user_enter_session:
 * @user: who typed sudo
 * @error: (nullable): return location
 *
 * As root, before mount_user_become(): makes the session keyring one of
 * @user, with the user keyring linked. All that is forked later has it.
 *
 * Errors: %ECRYPTFS_ERROR_PERMISSION, %ECRYPTFS_ERROR_IO
 */
bool mount_user_enter_session(const MountUser *user, GError **error);

/**
 * mount_user_become:
 * @user: who typed sudo
 * @keep_admin: keep CAP_SYS_ADMIN, and no other capability, for mount(2)
 * @error: (nullable): return location
 *
 * Gives up root for good: user, groups, capabilities. With @keep_admin paths
 * are still looked up with the rights of @user alone.
 *
 * Errors: %ECRYPTFS_ERROR_PERMISSION, %ECRYPTFS_ERROR_IO
 */
bool mount_user_become(const MountUser *user, bool keep_admin,
		       GError **error);

/**
 * mount_user_environment:
 *
 * HOME, USER and their like as after a login of @user; XDG_RUNTIME_DIR when
 * that directory is there and is the user's, no other XDG variable.
 */
void mount_user_environment(const MountUser *user);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MountUser, mount_user_free)

#endif
