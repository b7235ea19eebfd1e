/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public half of a key: its signature, the sizes of what it wraps, and
 * wrapping itself, which needs no module, device or person. PKI modules whose
 * private operation is RSA or ECDH share this code; they add only that
 * operation.
 */
#ifndef ECRYPTFS_PUBLIC_KEY_H
#define ECRYPTFS_PUBLIC_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

#include "libecryptfs/ecryptfs-secret.h"

G_BEGIN_DECLS

/**
 * ecryptfs_scheme:
 * @ECRYPTFS_SCHEME_NONE: not a scheme
 * @ECRYPTFS_SCHEME_RSA_OAEP_SHA1: OAEP, SHA-1 for hash and MGF1, no label:
 *   what ecryptfs-utils' openssl module wrote; only in the bare form
 * @ECRYPTFS_SCHEME_RSA_OAEP_SHA256: OAEP, SHA-256 for hash and MGF1, no label
 * @ECRYPTFS_SCHEME_ECDH_P256: ephemeral point (65, uncompressed), then
 *   AES-256 key wrap with padding (RFC 5649) under HKDF-SHA256 of the shared X
 * @ECRYPTFS_SCHEME_ECDH_P384: the same, point of 97
 * @ECRYPTFS_SCHEME_X25519: the same, u coordinate of 32
 * @ECRYPTFS_SCHEME_OPENPGP: one OpenPGP message; by the gpg module
 * @ECRYPTFS_SCHEME_RSA_RAW: the private operation without unpadding, to read
 *   old PKCS#1 v1.5 files; a module never gets it for wrapping
 *
 * How a plaintext was wrapped. The number is what the envelope header holds;
 * a number is never used again for something else.
 */
enum ecryptfs_scheme {
	ECRYPTFS_SCHEME_NONE = 0,
	ECRYPTFS_SCHEME_RSA_OAEP_SHA1 = 1,
	ECRYPTFS_SCHEME_RSA_OAEP_SHA256 = 2,
	ECRYPTFS_SCHEME_ECDH_P256 = 3,
	ECRYPTFS_SCHEME_ECDH_P384 = 4,
	ECRYPTFS_SCHEME_X25519 = 5,
	ECRYPTFS_SCHEME_OPENPGP = 6,
	ECRYPTFS_SCHEME_RSA_RAW = 7,
};

typedef struct EcryptfsPublicKey EcryptfsPublicKey;

/**
 * ecryptfs_public_key_new:
 * @spki: (array length=spki_len): DER SubjectPublicKeyInfo; hostile
 * @spki_len: bytes in @spki, at most 4096
 * @error: (nullable): return location
 *
 * Reads an RSA (1024 to 4096 bits), P-256, P-384 or X25519 public key.
 * Points are checked to lie on their curve.
 *
 * Returns: (transfer full) (nullable): the key
 *
 * Errors: %ECRYPTFS_ERROR_UNUSABLE with the reason (kind, size)
 */
EcryptfsPublicKey *ecryptfs_public_key_new(const uint8_t *spki,
					   size_t spki_len, GError **error);

/* Thread: any. Returns: (transfer full): @key, held once more. */
EcryptfsPublicKey *ecryptfs_public_key_ref(EcryptfsPublicKey *key);

/* Thread: any. @key: (transfer full) (nullable): held once less. */
void ecryptfs_public_key_unref(EcryptfsPublicKey *key);

/**
 * ecryptfs_public_key_sig:
 * @key: (transfer none): a public key
 *
 * Returns: (transfer none): the key signature, 16 lower-case hex digits.
 *   RSA: first 8 bytes of ecryptfs-utils' SHA-1 fingerprint. All other keys:
 *   first 8 bytes of SHA-256("ecryptfs-pki sig 1\0" || DER
 *   SubjectPublicKeyInfo with named curve and uncompressed point).
 */
const char *ecryptfs_public_key_sig(const EcryptfsPublicKey *key);

/**
 * ecryptfs_public_key_spki:
 *
 * Returns: (transfer none): normalised DER (named curve, uncompressed point)
 */
GBytes *ecryptfs_public_key_spki(const EcryptfsPublicKey *key);

/**
 * ecryptfs_public_key_describe:
 *
 * Returns: (transfer none): for people, e.g. "RSA-2048", "P-256", "X25519"
 */
const char *ecryptfs_public_key_describe(const EcryptfsPublicKey *key);

/**
 * ecryptfs_public_key_scheme:
 *
 * Returns: the scheme of the direct form: %ECRYPTFS_SCHEME_RSA_OAEP_SHA256
 *   for RSA, else that of the curve
 */
enum ecryptfs_scheme
ecryptfs_public_key_scheme(const EcryptfsPublicKey *key);

/**
 * ecryptfs_public_key_rsa_size:
 *
 * Returns: bytes of the RSA modulus, 0 for other kinds
 */
size_t ecryptfs_public_key_rsa_size(const EcryptfsPublicKey *key);

/**
 * ecryptfs_public_key_point_size:
 *
 * Returns: bytes of an ephemeral point of its curve (65, 97, 32), 0 for RSA
 */
size_t ecryptfs_public_key_point_size(const EcryptfsPublicKey *key);

/**
 * ecryptfs_public_key_wrapped_size:
 * @key: (transfer none): a public key
 * @scheme: a scheme of its kind
 * @plain_len: bytes to wrap
 *
 * Returns: bytes that ecryptfs_public_key_wrap() makes of @plain_len, 0 when
 *   @scheme is not one of @key's kind or @plain_len does not fit it
 */
size_t ecryptfs_public_key_wrapped_size(const EcryptfsPublicKey *key,
					enum ecryptfs_scheme scheme,
					size_t plain_len);

/**
 * ecryptfs_public_key_wrap:
 * @key: (transfer none): recipient
 * @scheme: a scheme of its kind, not %ECRYPTFS_SCHEME_RSA_RAW
 * @plain: (array length=plain_len): a FEK packet or another typed plaintext
 * @plain_len: 1 to %ECRYPTFS_MAX_FEK_PACKET_BYTES
 * @wrapped: (out caller-allocates): receives the wrapped bytes
 * @wrapped_cap: room in @wrapped
 * @wrapped_len: (out): bytes written
 * @error: (nullable): return location
 *
 * For ECDH the info of HKDF is "ecryptfs-pki wrap 1\0" || scheme (u16 BE) ||
 * signature (8) || ephemeral point || recipient point; no salt; the shared
 * X is left-padded to the size of the field.
 *
 * Thread: any, several at a time on one key.
 *
 * Returns: %true on success
 *
 * Errors: %ECRYPTFS_ERROR_UNUSABLE for a scheme of another kind,
 *   %ECRYPTFS_ERROR_TOO_LARGE when it does not fit @wrapped_cap,
 *   %ECRYPTFS_ERROR_INTERNAL when libcrypto fails
 */
bool ecryptfs_public_key_wrap(const EcryptfsPublicKey *key,
			      enum ecryptfs_scheme scheme,
			      const uint8_t *plain, size_t plain_len,
			      uint8_t *wrapped, size_t wrapped_cap,
			      size_t *wrapped_len, GError **error);

/**
 * ecryptfs_public_key_unwrap_shared:
 * @key: (transfer none): the recipient's public half
 * @wrapped: (array length=wrapped_len): ephemeral point and wrapped bytes
 * @wrapped_len: bytes in @wrapped
 * @shared: (transfer none): what the private operation made: X, in the size
 *   of the field (32, 48, 32)
 * @error: (nullable): return location
 *
 * The second half of an ECDH unwrap, for modules whose private operation
 * happened elsewhere.
 *
 * Secrets: the result is wiped when freed; the derived key inside here.
 *
 * Returns: (transfer full) (nullable): the plaintext
 *
 * Errors: %ECRYPTFS_ERROR_REJECTED, whatever was wrong
 */
EcryptfsSecret *
ecryptfs_public_key_unwrap_shared(const EcryptfsPublicKey *key,
				  const uint8_t *wrapped, size_t wrapped_len,
				  const EcryptfsSecret *shared,
				  GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsPublicKey, ecryptfs_public_key_unref)

G_END_DECLS

#endif
