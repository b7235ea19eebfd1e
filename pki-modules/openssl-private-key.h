/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the openssl module does with a parsed private key. Any number of
 * threads may use one key at a time.
 */
#ifndef ECRYPTFS_OPENSSL_PRIVATE_KEY_H
#define ECRYPTFS_OPENSSL_PRIVATE_KEY_H

#include <openssl/types.h>

#include "libecryptfs/ecryptfs.h"

/* (transfer full) (nullable): sets UNUSABLE, naming @file. */
EcryptfsPublicKey *openssl_private_key_public(EVP_PKEY *pkey,
					      const char *file,
					      GError **error);

/* (transfer full) (nullable): %NULL for whatever was wrong. */
EcryptfsSecret *
openssl_private_key_unwrap(EVP_PKEY *pkey, const EcryptfsPublicKey *public_key,
			   enum ecryptfs_scheme scheme, const uint8_t *wrapped,
			   size_t wrapped_len);

/**
 * openssl_private_key_proves:
 *
 * A wrap and an unwrap: a file can hold halves that do not belong together,
 * and a damaged private half shows only when it is used.
 */
bool openssl_private_key_proves(EVP_PKEY *pkey,
				const EcryptfsPublicKey *public_key);

/**
 * openssl_private_key_intact:
 *
 * Looks at every number of the key, those too that libcrypto can do without:
 * an RSA key with a damaged prime works, slowly. Takes up to a second.
 */
bool openssl_private_key_intact(EVP_PKEY *pkey);

#endif
