/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that people trust us with: read without following links, hanging on
 * a FIFO or swallowing gigabytes; written so that a kill at any point leaves
 * the old file or the new one.
 */
#ifndef ECRYPTFS_SAFE_FILE_H
#define ECRYPTFS_SAFE_FILE_H

#include "libecryptfs/ecryptfs.h"

/**
 * ecryptfs_safe_file_rule:
 * @ECRYPTFS_SAFE_FILE_ANY: any regular file
 * @ECRYPTFS_SAFE_FILE_TRUSTED: owned by this user or root, and not writable
 *   by others: registrations
 * @ECRYPTFS_SAFE_FILE_PRIVATE: as TRUSTED, and nobody else may read it:
 *   private keys, files with a passphrase
 */
enum ecryptfs_safe_file_rule {
	ECRYPTFS_SAFE_FILE_ANY,
	ECRYPTFS_SAFE_FILE_TRUSTED,
	ECRYPTFS_SAFE_FILE_PRIVATE,
};

/**
 * ecryptfs_safe_file_read:
 * @path: the file; its last component must not be a symbolic link
 * @max: largest size accepted
 * @rule: what owner and mode must be
 * @error: (nullable): return location; the text names @path and the mend
 *
 * Returns: (transfer full) (nullable): the content
 *
 * Errors: %ECRYPTFS_ERROR_ABSENT, %ECRYPTFS_ERROR_PERMISSION (also for an
 *   unsafe mode, with the chmod that mends it), %ECRYPTFS_ERROR_UNUSABLE for
 *   what is no regular file or too large, %ECRYPTFS_ERROR_IO
 */
EcryptfsSecret *ecryptfs_safe_file_read(const char *path, size_t max,
					enum ecryptfs_safe_file_rule rule,
					GError **error);

/**
 * ecryptfs_safe_file_read_line:
 * @path: the file; its last component must not be a symbolic link
 * @max: longest line accepted, in bytes
 * @rule: what owner and mode must be
 * @error: (nullable): return location; the text names @path and the mend
 *
 * Returns: (transfer full) (nullable): the first line, without its end; what
 *   follows may be of any size
 *
 * Errors: as for ecryptfs_safe_file_read()
 */
EcryptfsSecret *ecryptfs_safe_file_read_line(const char *path, size_t max,
					     enum ecryptfs_safe_file_rule rule,
					     GError **error);

/**
 * ecryptfs_safe_file_write:
 * @path: the file
 * @data: (array length=data_len): its content
 * @data_len: bytes in @data
 * @replace: %false: fail with %ECRYPTFS_ERROR_EXISTS when @path is there
 * @error: (nullable): return location
 *
 * Writes to a temporary name beside @path with mode 0600, syncs, renames,
 * syncs the directory.
 */
bool ecryptfs_safe_file_write(const char *path, const void *data,
			      size_t data_len, bool replace, GError **error);

/**
 * ecryptfs_safe_file_write_beside:
 * @path: a file that is there or will be; not touched
 * @data: (array length=data_len): content
 * @data_len: bytes in @data
 * @error: (nullable): return location
 *
 * The first half of ecryptfs_safe_file_write(), for who looks at the result
 * before ecryptfs_safe_file_move() puts it in place.
 *
 * Returns: (transfer full) (nullable): a file of its own beside @path, mode
 *   0600, synced; to be moved or unlinked by the caller
 */
char *ecryptfs_safe_file_write_beside(const char *path, const void *data,
				      size_t data_len, GError **error);

/**
 * ecryptfs_safe_file_is_temporary:
 * @entry: name of a file, without directory
 * @name: name of another in the same directory
 *
 * Returns: whether @entry has the form that is kept for what writing @name
 *   leaves behind when it is killed
 */
bool ecryptfs_safe_file_is_temporary(const char *entry, const char *name);

/*
 * Makes @path and what is missing above it, mode 0700; syncs what each new
 * one lies in.
 */
bool ecryptfs_safe_file_make_dir(const char *path, GError **error);

/* rename(2), then syncs both directories. */
bool ecryptfs_safe_file_move(const char *from, const char *to,
			     GError **error);

/* unlink(2), then syncs the directory: what is removed later is gone later. */
bool ecryptfs_safe_file_remove(const char *path, GError **error);

/**
 * ecryptfs_safe_file_check_outside:
 * @path: a directory or file; need not exist
 * @what: what it is, for the error
 * @error: (nullable): return location
 *
 * The daemon would wait for itself if it read or wrote a file on an eCryptfs
 * mount that needs it.
 *
 * Returns: %false with %ECRYPTFS_ERROR_UNUSABLE when @path, or where it
 *   would be made, lies on an eCryptfs mount
 */
bool ecryptfs_safe_file_check_outside(const char *path, const char *what,
				      GError **error);

#endif
