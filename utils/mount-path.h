/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the verbs mount and umount: paths as they stand in mountinfo and fstab
 * and as a shell reads them. Pure.
 */
#ifndef MOUNT_PATH_H
#define MOUNT_PATH_H

#include "libecryptfs/ecryptfs.h"

/* (transfer full): @field with each \ooo turned into its byte. */
char *mount_path_unescape(const char *field);

/* (transfer full): @path as a field of fstab. */
char *mount_path_escape(const char *path);

/**
 * mount_path_quote:
 * @words: (array zero-terminated=1): a command and its arguments
 *
 * Returns: (transfer full): the line that makes bash run it; it has no
 *   control characters, which a terminal would obey
 */
char *mount_path_quote(const char *const *words);

/* Whether @path is @directory or lies below it; both are canonical. */
bool mount_path_inside(const char *path, const char *directory);

#endif
