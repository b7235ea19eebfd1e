/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What public-key.c (reading a public half) and key-wrap.c (wrapping with
 * it) share. Nothing here leaves the library.
 */
#ifndef ECRYPTFS_PUBLIC_KEY_PRIVATE_H
#define ECRYPTFS_PUBLIC_KEY_PRIVATE_H

#include <openssl/types.h>

#include "libecryptfs/ecryptfs.h"

#define PUBLIC_KEY_MAX_POINT 97
#define PUBLIC_KEY_MAX_FIELD 48

struct curve {
	const char *name;
	const char *type;
	const char *group; /* NULL: the type says it all */
	enum ecryptfs_scheme scheme;
	size_t point_size;
	size_t field_size;
	const uint8_t *prefix; /* DER SubjectPublicKeyInfo up to the point */
	size_t prefix_len;
};

struct EcryptfsPublicKey {
	gatomicrefcount refs;
	EVP_PKEY *pkey;
	GBytes *spki;
	const struct curve *curve; /* NULL for RSA */
	size_t rsa_size;
	/* For RSA: never used, only copied; a set-up costs look-ups by name. */
	EVP_PKEY_CTX *oaep_sha1;
	EVP_PKEY_CTX *oaep_sha256;
	char description[16];
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1];
};

/* Writes curve->point_size bytes, uncompressed. */
bool public_key_read_point(EVP_PKEY *pkey, const struct curve *curve,
			   uint8_t *point);

/* Sets the contexts of an RSA key. */
bool key_wrap_prepare(EcryptfsPublicKey *key);

/* Whether an ephemeral key and @key get a shared secret at all. */
bool key_wrap_agrees(const EcryptfsPublicKey *key);

#endif
