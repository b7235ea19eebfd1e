/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 6 of doc/ARCHITECTURE: what goes into the encrypted-key field of at
 * most 512 bytes. Form bare is one RSA block and nothing else; every other
 * form begins with an eight-byte header. doc/PROTOCOL has the byte table.
 */
#ifndef ECRYPTFS_ENVELOPE_H
#define ECRYPTFS_ENVELOPE_H

#include "libecryptfs/key.h"

#define ECRYPTFS_ENVELOPE_HEADER_SIZE 8
#define ECRYPTFS_ENVELOPE_VERSION 1

/**
 * ecryptfs_form:
 * @ECRYPTFS_FORM_BARE: an RSA block of modulus size; has no header
 * @ECRYPTFS_FORM_DIRECT: header, then the wrapped FEK packet
 * @ECRYPTFS_FORM_EPOCH: header, wrapped epoch key, FEK packet under it;
 *   the number is kept free, this version refuses it by name
 */
enum ecryptfs_form {
	ECRYPTFS_FORM_BARE = 0,
	ECRYPTFS_FORM_DIRECT = 1,
	ECRYPTFS_FORM_EPOCH = 2,
};

/* Magic (4), version (1), form (1), scheme (2, big endian). */
struct ecryptfs_envelope_header {
	enum ecryptfs_form form;
	enum ecryptfs_scheme scheme;
};

/**
 * ecryptfs_envelope_parse_header:
 *
 * Pure; hostile bytes. Returns: %false for another magic or version, an
 * unknown form or scheme, or fewer than 8 bytes.
 */
bool ecryptfs_envelope_parse_header(const uint8_t *data, size_t data_len,
				    struct ecryptfs_envelope_header *header);

/**
 * ecryptfs_envelope_wrap:
 * @key: recipient
 * @fek_packet: (array length=fek_packet_len): checked by this call
 * @fek_packet_len: bytes
 * @out: (transfer none): receives at most 512 bytes; length is set. Not a
 *   secret, the type only saves a second buffer.
 * @error: (nullable): return location
 *
 * The form follows the key's registration (mode).
 *
 * Errors: %ECRYPTFS_ERROR_BAD_MESSAGE for a FEK packet whose code, length
 *   and checksum disagree, %ECRYPTFS_ERROR_TOO_LARGE,
 *   %ECRYPTFS_ERROR_UNUSABLE for a key that is only read (read-pkcs1),
 *   else the module's
 */
bool ecryptfs_envelope_wrap(EcryptfsKey *key, const uint8_t *fek_packet,
			    size_t fek_packet_len, EcryptfsSecret *out,
			    GError **error);

/**
 * ecryptfs_envelope_unwrap:
 * @key: the key that the packet names
 * @wrapped: (array length=wrapped_len): hostile
 * @wrapped_len: 0 to 512
 * @error: (nullable): return location
 *
 * A key that reads PKCS#1 v1.5 (read-pkcs1) may fail 20 times, then once
 * more every 3 seconds; beyond that it is refused before the ciphertext is
 * touched. See failure-limit.h.
 *
 * Thread: any. The monotonic clock is read for that limit alone.
 *
 * Returns: (transfer full) (nullable): a valid FEK packet
 *
 * Errors: the module's state errors; %ECRYPTFS_ERROR_BUSY over the limit of
 *   failures; %ECRYPTFS_ERROR_UNUSABLE for form epoch;
 *   %ECRYPTFS_ERROR_REJECTED for all else
 */
EcryptfsSecret *ecryptfs_envelope_unwrap(EcryptfsKey *key,
					 const uint8_t *wrapped,
					 size_t wrapped_len, GError **error);

/**
 * ecryptfs_envelope_size:
 * @reg: a registration
 * @fek_packet_len: 19, 27 or 35 for AES
 *
 * Returns: bytes that ecryptfs_envelope_wrap() will write, 0 when the key
 *   cannot wrap in its mode; for the checks of import, add and mount
 */
size_t ecryptfs_envelope_size(const EcryptfsRegistration *reg,
			      size_t fek_packet_len);

/**
 * ecryptfs_envelope_wrap_for_proof:
 * @key: a key
 * @fek_packet: (transfer none): from ecryptfs_fek_packet_random()
 * @out: (transfer none): as in ecryptfs_envelope_wrap()
 * @error: (nullable): return location
 *
 * What an unwrap is tried on: ecryptfs_envelope_wrap(), but also for a key
 * that only reads (read-pkcs1), by its public half alone. Never for a file.
 */
bool ecryptfs_envelope_wrap_for_proof(EcryptfsKey *key,
				      const EcryptfsSecret *fek_packet,
				      EcryptfsSecret *out, GError **error);

/**
 * ecryptfs_envelope_prove:
 * @key: a key
 * @wrap_usec: (out) (optional): time of the wrap
 * @unwrap_usec: (out) (optional): time of the unwrap
 * @error: (nullable): return location
 *
 * A wrap and an unwrap of a random FEK packet: `generate` and `import` call
 * it before they say that a key is good. For a public-only key, the wrap.
 */
bool ecryptfs_envelope_prove(EcryptfsKey *key, int64_t *wrap_usec,
			     int64_t *unwrap_usec, GError **error);

#endif
