/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The private operation on a key that libcrypto holds: RSA decryption, ECDH.
 */
#include "pki-modules/openssl-private-key.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "libecryptfs/crypto-cleanup.h"

#define MAX_FIELD_BYTES 48

EcryptfsPublicKey *openssl_private_key_public(EVP_PKEY *pkey,
					      const char *file,
					      GError **error)
{
	EcryptfsPublicKey *public_key = NULL;
	unsigned char *der = NULL;
	int der_len = i2d_PUBKEY(pkey, &der);

	if (der_len > 0)
		public_key = ecryptfs_public_key_new(der, (size_t)der_len,
						     error);
	else
		g_set_error_literal(error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_UNUSABLE,
				    "the key has no public half");
	OPENSSL_free(der);
	ERR_clear_error();
	g_prefix_error(error, "%s: ", file);
	return public_key;
}

static const EVP_MD *oaep_md(enum ecryptfs_scheme scheme)
{
	return scheme == ECRYPTFS_SCHEME_RSA_OAEP_SHA1	 ? EVP_sha1() :
	       scheme == ECRYPTFS_SCHEME_RSA_OAEP_SHA256 ? EVP_sha256() :
							   NULL;
}

static bool set_padding(EVP_PKEY_CTX *ctx, enum ecryptfs_scheme scheme)
{
	const EVP_MD *md = oaep_md(scheme);

	if (scheme == ECRYPTFS_SCHEME_RSA_RAW)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1;
	/* MGF1 has a digest of its own: unset it would be a default. */
	return md &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1;
}

static EcryptfsSecret *open_rsa(EVP_PKEY *pkey, enum ecryptfs_scheme scheme,
				const uint8_t *wrapped, size_t wrapped_len)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	g_autoptr(EcryptfsSecret) plain = ecryptfs_secret_new(wrapped_len);
	size_t len = wrapped_len;

	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (!ctx || EVP_PKEY_decrypt_init(ctx) != 1 ||
	    !set_padding(ctx, scheme) ||
	    EVP_PKEY_decrypt(ctx, ecryptfs_secret_data(plain), &len, wrapped,
			     wrapped_len) != 1)
		return NULL;
	ecryptfs_secret_set_len(plain, len);
	return g_steal_pointer(&plain);
}

/* Checked to lie on the curve; both curves are of prime order. */
static EVP_PKEY *read_peer(EVP_PKEY *own, const uint8_t *point,
			   size_t point_size)
{
	g_autoptr(EVP_PKEY) peer = NULL;

	if (EVP_PKEY_is_a(own, "X25519"))
		return EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL,
						      point, point_size);
	peer = EVP_PKEY_new();
	if (!peer || point[0] != POINT_CONVERSION_UNCOMPRESSED ||
	    EVP_PKEY_copy_parameters(peer, own) != 1 ||
	    EVP_PKEY_set1_encoded_public_key(peer, point, point_size) != 1)
		return NULL;
	return g_steal_pointer(&peer);
}

static EcryptfsSecret *open_ecdh(EVP_PKEY *pkey,
				 const EcryptfsPublicKey *public_key,
				 const uint8_t *wrapped, size_t wrapped_len)
{
	size_t point_size = ecryptfs_public_key_point_size(public_key);
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	g_autoptr(EVP_PKEY) peer = NULL;
	g_autoptr(EcryptfsSecret) shared = NULL;
	size_t len = MAX_FIELD_BYTES;

	if (wrapped_len < point_size)
		return NULL;
	peer = read_peer(pkey, wrapped, point_size);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	shared = ecryptfs_secret_new(len);
	if (!peer || !ctx || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1 ||
	    EVP_PKEY_derive(ctx, ecryptfs_secret_data(shared), &len) != 1)
		return NULL;
	ecryptfs_secret_set_len(shared, len);
	return ecryptfs_public_key_unwrap_shared(public_key, wrapped,
						 wrapped_len, shared, NULL);
}

EcryptfsSecret *
openssl_private_key_unwrap(EVP_PKEY *pkey, const EcryptfsPublicKey *public_key,
			   enum ecryptfs_scheme scheme, const uint8_t *wrapped,
			   size_t wrapped_len)
{
	size_t rsa_size = ecryptfs_public_key_rsa_size(public_key);
	EcryptfsSecret *plain = NULL;

	if (rsa_size > 0 && wrapped_len == rsa_size)
		plain = open_rsa(pkey, scheme, wrapped, wrapped_len);
	else if (rsa_size == 0 &&
		 scheme == ecryptfs_public_key_scheme(public_key))
		plain = open_ecdh(pkey, public_key, wrapped, wrapped_len);
	ERR_clear_error();
	return plain;
}

bool openssl_private_key_proves(EVP_PKEY *pkey,
				const EcryptfsPublicKey *public_key)
{
	enum ecryptfs_scheme scheme = ecryptfs_public_key_scheme(public_key);
	uint8_t probe[16] = "halves agree?";
	uint8_t wrapped[ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES];
	g_autoptr(EcryptfsSecret) plain = NULL;
	size_t len;

	if (!ecryptfs_public_key_wrap(public_key, scheme, probe, sizeof(probe),
				      wrapped, sizeof(wrapped), &len, NULL))
		return false;
	plain = openssl_private_key_unwrap(pkey, public_key, scheme, wrapped,
					   len);
	return plain && ecryptfs_secret_len(plain) == sizeof(probe) &&
	       memcmp(ecryptfs_secret_data(plain), probe, sizeof(probe)) == 0;
}

bool openssl_private_key_intact(EVP_PKEY *pkey)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	bool intact;

	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	intact = ctx && EVP_PKEY_check(ctx) == 1;
	ERR_clear_error();
	return intact;
}
