/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Key signatures: 8 bytes that label a key, shown as 16 lower-case hex
 * digits. A label, not authentication.
 */
#ifndef ECRYPTFS_KEY_SIG_H
#define ECRYPTFS_KEY_SIG_H

#include "libecryptfs/ecryptfs.h"

/* Whether @text is exactly 16 lower-case hex digits. */
bool ecryptfs_key_sig_valid(const char *text);

/* @sig: 16 hex digits; @raw: receives 8 bytes. %false when not valid. */
bool ecryptfs_key_sig_to_raw(const char *sig, uint8_t raw[ECRYPTFS_SIG_SIZE]);

void ecryptfs_key_sig_from_raw(const uint8_t raw[ECRYPTFS_SIG_SIZE],
			       char sig[ECRYPTFS_SIG_SIZE_HEX + 1]);

/**
 * ecryptfs_key_sig_rsa:
 * @n: (array length=n_len): modulus, big endian, no leading zero byte
 * @n_len: bytes in @n, at most 512
 * @e: (array length=e_len): public exponent, the same
 * @e_len: bytes in @e, at most 512
 * @sig: (out caller-allocates): 16 hex digits and a NUL
 *
 * As ecryptfs-utils' openssl module: first 8 bytes of SHA-1 over an
 * OpenPGP-v4-like public key packet with time 0 and algorithm 2.
 */
bool ecryptfs_key_sig_rsa(const uint8_t *n, size_t n_len, const uint8_t *e,
			  size_t e_len, char sig[ECRYPTFS_SIG_SIZE_HEX + 1]);

/* First 8 bytes of SHA-256("ecryptfs-pki sig 1\0" || spki). */
bool ecryptfs_key_sig_spki(const uint8_t *spki, size_t spki_len,
			   char sig[ECRYPTFS_SIG_SIZE_HEX + 1]);

#endif
