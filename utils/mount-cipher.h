/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the mount verb: which ciphers the kernel's eCryptfs has for file data,
 * and how long their keys, the FEKs, may be.
 */
#ifndef MOUNT_CIPHER_H
#define MOUNT_CIPHER_H

#include "libecryptfs/ecryptfs.h"

#define MOUNT_CIPHER_DEFAULT "aes"

/* The words of --cipher. */
#define MOUNT_CIPHER_CHOICES "aes|twofish|cast6|cast5|blowfish|des3_ede"

/**
 * mount_cipher_key_bytes:
 * @cipher: a name of the kernel's
 * @key_bytes: (nullable): what --key-bytes said, or %NULL for the default:
 *   32, or the longest below that
 * @bytes: (out): length of the FEK
 * @error: (nullable): return location; names the lengths that @cipher takes
 *
 * The kernel would refuse the mount, or every file, with other values. Keys
 * under 128 bits, which some of its ciphers know, are not offered.
 *
 * Errors: %ECRYPTFS_ERROR_USAGE
 */
bool mount_cipher_key_bytes(const char *cipher, const char *key_bytes,
			    size_t *bytes, GError **error);

#endif
