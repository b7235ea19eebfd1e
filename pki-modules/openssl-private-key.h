/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A parsed private key, ready for its operation. Any number of threads may
 * use one at a time; each holds a reference of its own.
 */
#ifndef ECRYPTFS_OPENSSL_PRIVATE_KEY_H
#define ECRYPTFS_OPENSSL_PRIVATE_KEY_H

#include <openssl/types.h>

#include "libecryptfs/ecryptfs.h"

typedef struct OpensslPrivateKey OpensslPrivateKey;

/**
 * openssl_private_key_new:
 * @pkey: (transfer full): what a file held, of any kind
 * @file: the file, for the error's text
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): the key
 *
 * Errors: %ECRYPTFS_ERROR_UNUSABLE as ecryptfs_public_key_new()
 */
OpensslPrivateKey *openssl_private_key_new(EVP_PKEY *pkey, const char *file,
					   GError **error);
OpensslPrivateKey *openssl_private_key_ref(OpensslPrivateKey *key);
void openssl_private_key_unref(OpensslPrivateKey *key);

/* (transfer none) */
EVP_PKEY *openssl_private_key_pkey(const OpensslPrivateKey *key);
EcryptfsPublicKey *openssl_private_key_public(const OpensslPrivateKey *key);

/* (transfer full) (nullable): %NULL for whatever was wrong. */
EcryptfsSecret *openssl_private_key_unwrap(const OpensslPrivateKey *key,
					   enum ecryptfs_scheme scheme,
					   const uint8_t *wrapped,
					   size_t wrapped_len);

/**
 * openssl_private_key_proves:
 *
 * A wrap and an unwrap: a file can hold halves that do not belong together,
 * and a damaged private half shows only when it is used.
 */
bool openssl_private_key_proves(const OpensslPrivateKey *key);

/**
 * openssl_private_key_intact:
 *
 * Looks at every number of the key, those too that libcrypto can do without:
 * an RSA key with a damaged prime works, slowly. Takes up to a second.
 */
bool openssl_private_key_intact(const OpensslPrivateKey *key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OpensslPrivateKey, openssl_private_key_unref)

#endif
