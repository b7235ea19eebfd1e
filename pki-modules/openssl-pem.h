/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private keys as PEM text: traditional or PKCS#8, encrypted or not.
 */
#ifndef ECRYPTFS_OPENSSL_PEM_H
#define ECRYPTFS_OPENSSL_PEM_H

#include <openssl/types.h>

#include "libecryptfs/ecryptfs.h"

/* What libcrypto's buffer for a passphrase holds. */
#define MAX_PASSPHRASE_BYTES 1024

/**
 * openssl_pem_parse:
 * @file: where @pem comes from, for the error's text
 * @pem: hostile text
 * @passphrase: (nullable): for an encrypted key; nothing is ever asked
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): the private key, of any kind
 *
 * Errors: %ECRYPTFS_ERROR_LOCKED when a passphrase is needed,
 *   %ECRYPTFS_ERROR_BAD_SECRET when it is wrong,
 *   %ECRYPTFS_ERROR_UNUSABLE when there is no key, or when to try the
 *   passphrase would take longer than anybody wants to wait
 */
EVP_PKEY *openssl_pem_parse(const char *file, const EcryptfsSecret *pem,
			    const EcryptfsSecret *passphrase, GError **error);

/* Whether the text has a private key at all, by its first line. */
bool openssl_pem_has_key(const EcryptfsSecret *pem);

/* Whether the text says that its key is encrypted. Decrypts nothing. */
bool openssl_pem_encrypted(const EcryptfsSecret *pem);

/**
 * openssl_pem_format:
 * @pkey: private key
 * @passphrase: (nullable): %NULL writes it in clear
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): PKCS#8 PEM
 */
EcryptfsSecret *openssl_pem_format(EVP_PKEY *pkey,
				   const EcryptfsSecret *passphrase,
				   GError **error);

#endif
