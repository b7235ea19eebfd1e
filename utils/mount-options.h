/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the mount verb: the mount options that a person may add. The kernel
 * only logs an option that it does not know, so what is not in the table
 * here is refused.
 */
#ifndef MOUNT_OPTIONS_H
#define MOUNT_OPTIONS_H

#include "libecryptfs/ecryptfs.h"

/* Bytes of the text for mount(2); the kernel copies one page. */
#define MOUNT_OPTIONS_MAX 4000

/**
 * MountOptions:
 * @flags: MS_* of mount(2); MS_NOSUID and MS_NODEV are always among them
 * @words: (element-type utf8): words for fstab that stand for @flags,
 *   without nosuid and nodev, which "user" implies there
 * @data: (element-type utf8): options of eCryptfs, e.g.
 *   "ecryptfs_xattr_metadata"
 * @fnek_sig: (nullable): signature that file names are encrypted under
 */
typedef struct MountOptions {
	unsigned long flags;
	GPtrArray *words;
	GPtrArray *data;
	char *fnek_sig;
} MountOptions;

/**
 * mount_options_parse:
 * @list: (nullable): words with commas, as after mount -o; hostile
 * @error: (nullable): return location; names the word and what to do instead
 *
 * Returns: (transfer full) (nullable): the options
 *
 * Errors: %ECRYPTFS_ERROR_USAGE, also for what would lose data
 *   (ecryptfs_passthrough)
 */
MountOptions *mount_options_parse(const char *list, GError **error);
void mount_options_free(MountOptions *options);

/* Adds @word to the options of eCryptfs unless it is there. */
void mount_options_add(MountOptions *options, const char *word);

/**
 * mount_options_data_safe:
 * @data: (nullable): the text for mount(2); hostile
 *
 * Returns: whether it consists of options that the table knows, those of the
 *   plan among them. For the process that mounts with privilege on behalf of
 *   one without.
 */
bool mount_options_data_safe(const char *data);

/* Whether @flags are only those that a row of the table sets. */
bool mount_options_flags_safe(unsigned long flags);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MountOptions, mount_options_free)

#endif
