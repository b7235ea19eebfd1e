/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PEM armour of a public key. */
#ifndef PEM_H
#define PEM_H

#include "libecryptfs/ecryptfs.h"

/**
 * pem_read_public:
 * @text: (array length=text_len): content of a file; hostile
 * @text_len: bytes in @text
 * @error: (nullable): return location; says what to do with other content
 *
 * Returns: (transfer full) (nullable): the key of the first block
 *   "BEGIN PUBLIC KEY"
 *
 * Errors: %ECRYPTFS_ERROR_UNUSABLE
 */
EcryptfsPublicKey *pem_read_public(const char *text, size_t text_len,
				   GError **error);

/* (transfer full): "BEGIN PUBLIC KEY" to "END PUBLIC KEY", with newline. */
char *pem_format_public(const EcryptfsPublicKey *key);

#endif
