/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the verbs mount and umount: what is mounted, from the text of
 * /proc/self/mountinfo, and whether a new eCryptfs mount would disturb it.
 */
#ifndef MOUNT_TABLE_H
#define MOUNT_TABLE_H

#include "libecryptfs/ecryptfs.h"

#define MOUNT_TABLE_TYPE "ecryptfs"

/**
 * mount_entry:
 * @target: mount point
 * @type: of the file system
 * @source: for eCryptfs the lower directory, as it was given
 * @data: options of the file system, with commas
 *
 * One mount. The paths are as the kernel knows them, without escapes.
 */
struct mount_entry {
	char *target;
	char *type;
	char *source;
	char *data;
};

typedef struct MountTable MountTable;

/**
 * mount_table_parse:
 * @text: content of mountinfo; hostile
 * @error: (nullable): return location; says which line
 *
 * Returns: (transfer full) (nullable): the mounts, oldest first
 *
 * Errors: %ECRYPTFS_ERROR_KERNEL for a line that is not understood: what is
 *   mounted must not be guessed
 */
MountTable *mount_table_parse(const char *text, GError **error);

/* The same of this process's /proc/self/mountinfo. */
MountTable *mount_table_read(GError **error);
void mount_table_free(MountTable *table);

size_t mount_table_len(const MountTable *table);
const struct mount_entry *mount_table_get(const MountTable *table, size_t i);

/* (transfer none) (nullable): the uppermost mount with this mount point. */
const struct mount_entry *mount_table_find(const MountTable *table,
					   const char *target);

bool mount_entry_is_ecryptfs(const struct mount_entry *entry);

/**
 * mount_table_check:
 * @table: what is mounted
 * @lower: lower directory, canonical
 * @mountpoint: mount point, canonical
 * @error: (nullable): return location; names the other mount
 *
 * Refuses a lower directory that overlaps with the lower directory of an
 * eCryptfs mount (two page caches over one file corrupt it), and a mount
 * point that is one already.
 *
 * Errors: %ECRYPTFS_ERROR_BUSY
 */
bool mount_table_check(const MountTable *table, const char *lower,
		       const char *mountpoint, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MountTable, mount_table_free)

#endif
