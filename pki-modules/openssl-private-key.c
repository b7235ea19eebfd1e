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

struct OpensslPrivateKey {
	EVP_PKEY *pkey;
	EcryptfsPublicKey *public_key;
	/*
	 * One for each scheme of the key, never used, only copied: to set one
	 * up looks up algorithms by name, each time.
	 */
	EVP_PKEY_CTX *contexts[ECRYPTFS_SCHEME_RSA_RAW + 1];
};

static EcryptfsPublicKey *public_half(EVP_PKEY *pkey, GError **error)
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

static EVP_PKEY_CTX *prepare(EVP_PKEY *pkey, enum ecryptfs_scheme scheme,
			     bool rsa)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	bool ready;

	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	if (rsa)
		ready = ctx && EVP_PKEY_decrypt_init(ctx) == 1 &&
			set_padding(ctx, scheme);
	else
		ready = ctx && EVP_PKEY_derive_init(ctx) == 1;
	return ready ? g_steal_pointer(&ctx) : NULL;
}

static bool prepare_all(OpensslPrivateKey *key)
{
	static const enum ecryptfs_scheme rsa[] = {
		ECRYPTFS_SCHEME_RSA_OAEP_SHA1,
		ECRYPTFS_SCHEME_RSA_OAEP_SHA256,
		ECRYPTFS_SCHEME_RSA_RAW,
	};
	enum ecryptfs_scheme own = ecryptfs_public_key_scheme(key->public_key);
	bool ready = true;

	if (ecryptfs_public_key_rsa_size(key->public_key) == 0) {
		key->contexts[own] = prepare(key->pkey, own, false);
		return key->contexts[own] != NULL;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(rsa); i++) {
		key->contexts[rsa[i]] = prepare(key->pkey, rsa[i], true);
		ready = ready && key->contexts[rsa[i]];
	}
	return ready;
}

OpensslPrivateKey *openssl_private_key_new(EVP_PKEY *pkey, const char *file,
					   GError **error)
{
	g_autoptr(OpensslPrivateKey) key =
		g_atomic_rc_box_new0(OpensslPrivateKey);
	g_autoptr(GError) reason = NULL;

	key->pkey = pkey;
	key->public_key = public_half(pkey, &reason);
	if (key->public_key && prepare_all(key))
		return g_steal_pointer(&key);
	ERR_clear_error();
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE, "%s: %s",
		    file, reason ? reason->message :
				   "libcrypto cannot use the private key");
	return NULL;
}

OpensslPrivateKey *openssl_private_key_ref(OpensslPrivateKey *key)
{
	return g_atomic_rc_box_acquire(key);
}

static void clear(void *data)
{
	OpensslPrivateKey *key = data;

	for (size_t i = 0; i < G_N_ELEMENTS(key->contexts); i++)
		EVP_PKEY_CTX_free(key->contexts[i]);
	ecryptfs_public_key_unref(key->public_key);
	EVP_PKEY_free(key->pkey);
}

void openssl_private_key_unref(OpensslPrivateKey *key)
{
	if (key)
		g_atomic_rc_box_release_full(key, clear);
}

EVP_PKEY *openssl_private_key_pkey(const OpensslPrivateKey *key)
{
	return key->pkey;
}

EcryptfsPublicKey *openssl_private_key_public(const OpensslPrivateKey *key)
{
	return key->public_key;
}

static EcryptfsSecret *open_rsa(EVP_PKEY_CTX *ctx, const uint8_t *wrapped,
				size_t wrapped_len)
{
	g_autoptr(EcryptfsSecret) plain = ecryptfs_secret_new(wrapped_len);
	size_t len = wrapped_len;

	if (EVP_PKEY_decrypt(ctx, ecryptfs_secret_data(plain), &len, wrapped,
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

static EcryptfsSecret *open_ecdh(const OpensslPrivateKey *key,
				 EVP_PKEY_CTX *ctx, const uint8_t *wrapped,
				 size_t wrapped_len)
{
	size_t point_size = ecryptfs_public_key_point_size(key->public_key);
	g_autoptr(EVP_PKEY) peer = NULL;
	g_autoptr(EcryptfsSecret) shared = NULL;
	size_t len = MAX_FIELD_BYTES;

	if (wrapped_len < point_size)
		return NULL;
	peer = read_peer(key->pkey, wrapped, point_size);
	shared = ecryptfs_secret_new(len);
	if (!peer || EVP_PKEY_derive_set_peer_ex(ctx, peer, 0) != 1 ||
	    EVP_PKEY_derive(ctx, ecryptfs_secret_data(shared), &len) != 1)
		return NULL;
	ecryptfs_secret_set_len(shared, len);
	return ecryptfs_public_key_unwrap_shared(key->public_key, wrapped,
						 wrapped_len, shared, NULL);
}

static EVP_PKEY_CTX *context_for(const OpensslPrivateKey *key,
				 enum ecryptfs_scheme scheme)
{
	size_t i = (size_t)scheme;

	if (i >= G_N_ELEMENTS(key->contexts) || !key->contexts[i])
		return NULL;
	return EVP_PKEY_CTX_dup(key->contexts[i]);
}

EcryptfsSecret *openssl_private_key_unwrap(const OpensslPrivateKey *key,
					   enum ecryptfs_scheme scheme,
					   const uint8_t *wrapped,
					   size_t wrapped_len)
{
	size_t rsa_size = ecryptfs_public_key_rsa_size(key->public_key);
	g_autoptr(EVP_PKEY_CTX) ctx = context_for(key, scheme);
	EcryptfsSecret *plain = NULL;

	/* libcrypto would take a shorter block and put zeros before it. */
	if (ctx && rsa_size > 0 && wrapped_len == rsa_size)
		plain = open_rsa(ctx, wrapped, wrapped_len);
	else if (ctx && rsa_size == 0)
		plain = open_ecdh(key, ctx, wrapped, wrapped_len);
	ERR_clear_error();
	return plain;
}

bool openssl_private_key_proves(const OpensslPrivateKey *key)
{
	enum ecryptfs_scheme scheme =
		ecryptfs_public_key_scheme(key->public_key);
	uint8_t probe[16] = "halves agree?";
	uint8_t wrapped[ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES];
	g_autoptr(EcryptfsSecret) plain = NULL;
	size_t len;

	if (!ecryptfs_public_key_wrap(key->public_key, scheme, probe,
				      sizeof(probe), wrapped, sizeof(wrapped),
				      &len, NULL))
		return false;
	plain = openssl_private_key_unwrap(key, scheme, wrapped, len);
	return plain && ecryptfs_secret_len(plain) == sizeof(probe) &&
	       memcmp(ecryptfs_secret_data(plain), probe, sizeof(probe)) == 0;
}

bool openssl_private_key_intact(const OpensslPrivateKey *key)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	bool intact;

	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	intact = ctx && EVP_PKEY_check(ctx) == 1;
	ERR_clear_error();
	return intact;
}
