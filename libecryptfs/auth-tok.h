/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 5 of doc/ARCHITECTURE: the auth tok, the payload of a kernel key of
 * type "user" through which a person allows a key to be used. Its 740 fixed
 * bytes are the kernel's; the blob behind them is ours: a locator, never a
 * secret, because every process of the user can read it.
 */
#ifndef ECRYPTFS_AUTH_TOK_H
#define ECRYPTFS_AUTH_TOK_H

#include "libecryptfs/ecryptfs.h"

#define ECRYPTFS_AUTH_TOK_SIZE 740

/* A key of type "user" holds no more. */
#define ECRYPTFS_AUTH_TOK_MAX_PAYLOAD 32767

/**
 * EcryptfsAuthTok:
 * @sig: key signature, equal to the kernel key's description
 * @pki_name: the PKI module
 * @name: (nullable): the registration, when the blob is ours
 * @file: (nullable): key file, when the blob is the openssl module's of
 *   ecryptfs-utils
 * @passphrase: (nullable): that blob's clear passphrase, for @file
 */
typedef struct EcryptfsAuthTok {
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1];
	char pki_name[ECRYPTFS_PKI_NAME_MAX + 1];
	char *name;
	char *file;
	EcryptfsSecret *passphrase;
} EcryptfsAuthTok;

/**
 * ecryptfs_auth_tok_to_payload:
 * @sig: 16 lower-case hex digits
 * @pki_name: PKI module
 * @name: the registration's name
 * @error: (nullable): return location
 *
 * Builds the payload for add_key(2): everything zero that the kernel or the
 * traps of doc/PROTOCOL want zero, the signature equal to the description.
 *
 * Returns: (transfer full) (nullable): the payload; it holds no secret
 *
 * Errors: %ECRYPTFS_ERROR_USAGE for a bad signature or name
 */
GBytes *ecryptfs_auth_tok_to_payload(const char *sig, const char *pki_name,
				     const char *name, GError **error);

/**
 * ecryptfs_auth_tok_from_payload:
 * @payload: (array length=payload_len): what keyctl_read gave; hostile
 * @payload_len: bytes in @payload
 * @sig: the key's description, under which it was looked up
 * @error: (nullable): return location; the text names @sig and the rule
 *
 * Refuses: shorter than 740 or longer than 32767, another version, another
 * token type, a non-zero encrypted_key, names without NUL, a signature other
 * than @sig, a blob longer than the payload, an unknown blob.
 *
 * Returns: (transfer full) (nullable): the auth tok
 *
 * Errors: %ECRYPTFS_ERROR_BAD_AUTH_TOK
 */
EcryptfsAuthTok *ecryptfs_auth_tok_from_payload(const uint8_t *payload,
						size_t payload_len,
						const char *sig,
						GError **error);

void ecryptfs_auth_tok_free(EcryptfsAuthTok *auth_tok);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsAuthTok, ecryptfs_auth_tok_free)

#endif
