/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the mount verb: the key under which file names are to be encrypted,
 * which the kernel does under a passphrase only. This suite makes no such
 * key; ecryptfs-utils does.
 */
#ifndef MOUNT_NAMES_H
#define MOUNT_NAMES_H

#include "libecryptfs/ecryptfs.h"

/**
 * mount_names_check:
 * @sig: (nullable): of ecryptfs_fnek_sig; %NULL is good
 * @error: (nullable): return location
 *
 * With an auth tok of a private key the kernel would mount, and every look-up
 * in the mount would fail.
 *
 * Errors: %ECRYPTFS_ERROR_UNUSABLE; %ECRYPTFS_ERROR_NO_KEY and the others of
 *   looking it up
 */
bool mount_names_check(const char *sig, GError **error);

#endif
