/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one type that holds secret bytes: FEKs, PINs, passphrases, private
 * keys on their way. Locked in memory, left out of core files, wiped when
 * freed.
 */
#ifndef ECRYPTFS_SECRET_H
#define ECRYPTFS_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

G_BEGIN_DECLS

typedef struct EcryptfsSecret EcryptfsSecret;

/**
 * ecryptfs_secret_pool_init:
 *
 * Makes the locked pool from which secrets (and libcrypto's private numbers)
 * come: 1 MiB, or the largest power of two that RLIMIT_MEMLOCK allows. Call
 * once, before the first secret, before any thread and before libcrypto is
 * used: from then on libcrypto wipes all memory that it frees. Without it, or
 * when the pool is used up, a secret gets locked pages of its own.
 *
 * Returns: %true when the pool is locked; %false when the system forbade
 *   it, which the caller should say in the log
 */
bool ecryptfs_secret_pool_init(void);

/**
 * ecryptfs_secret_new:
 * @capacity: bytes it can ever hold, at least 1
 *
 * Thread: any. Like g_malloc(), ends the program when memory is exhausted.
 *
 * Returns: (transfer full) (not nullable): an empty secret of length 0,
 *   all bytes zero
 */
EcryptfsSecret *ecryptfs_secret_new(size_t capacity);

/**
 * ecryptfs_secret_new_from:
 * @data: (array length=data_len): bytes to copy; the caller still wipes its
 *   own copy
 * @data_len: bytes in @data; 0 is allowed
 *
 * Returns: (transfer full) (not nullable): a secret that holds a copy
 */
EcryptfsSecret *ecryptfs_secret_new_from(const void *data, size_t data_len);

/**
 * ecryptfs_secret_free:
 * @secret: (transfer full) (nullable): wiped to its whole capacity, freed
 */
void ecryptfs_secret_free(EcryptfsSecret *secret);

/**
 * ecryptfs_secret_data:
 * @secret: (transfer none): a secret
 *
 * Returns: (transfer none): its bytes, writable up to the capacity. There
 *   is always a zero octet behind the capacity, so text can be read as a
 *   C string after ecryptfs_secret_set_len().
 */
uint8_t *ecryptfs_secret_data(const EcryptfsSecret *secret);

/* Bytes that count, and bytes that it can ever hold. */
size_t ecryptfs_secret_len(const EcryptfsSecret *secret);
size_t ecryptfs_secret_capacity(const EcryptfsSecret *secret);

/**
 * ecryptfs_secret_set_len:
 * @secret: (transfer none): a secret
 * @len: at most its capacity, else the program ends (a fault of the caller)
 *
 * Says how many bytes count. What lies behind @len is wiped.
 */
void ecryptfs_secret_set_len(EcryptfsSecret *secret, size_t len);

/**
 * ecryptfs_secret_equal:
 * @a: (transfer none): a secret
 * @b: (transfer none): another
 *
 * Compares in time that depends on the lengths only.
 */
bool ecryptfs_secret_equal(const EcryptfsSecret *a, const EcryptfsSecret *b);

/**
 * ecryptfs_wipe:
 * @data: (array length=data_len) (nullable): memory to overwrite
 * @data_len: bytes
 *
 * Overwrites in a way that no compiler drops. For stack buffers.
 */
void ecryptfs_wipe(void *data, size_t data_len);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsSecret, ecryptfs_secret_free)

G_END_DECLS

#endif
