/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Wrapping with a public key, and the half of an ECDH unwrap that comes after
 * the private operation. RSA: OAEP. ECDH: an ephemeral key of the same
 * curve, HKDF-SHA256 of the shared X, AES key wrap with padding (RFC 5649).
 */
#include "libecryptfs/ecryptfs-public-key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "libecryptfs/crypto-cleanup.h"
#include "libecryptfs/cursor.h"
#include "libecryptfs/key-sig.h"
#include "libecryptfs/public-key-private.h"

#define KEK_BYTES 32
#define KEY_WRAP_BLOCK 8

/* The NUL at the end is part of the label. */
static const char wrap_label[] = "ecryptfs-pki wrap 1";

#define MAX_INFO_BYTES \
	(sizeof(wrap_label) + 2 + ECRYPTFS_SIG_SIZE + 2 * PUBLIC_KEY_MAX_POINT)

/* Fetched once: a fetch per operation is what makes libcrypto 3 slow. */
static struct {
	EVP_KDF *hkdf;
	EVP_CIPHER *key_wrap;
} algorithms;

static void *fetch_algorithms(void *unused)
{
	(void)unused;
	algorithms.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	algorithms.key_wrap = EVP_CIPHER_fetch(NULL, "AES-256-WRAP-PAD", NULL);
	return GINT_TO_POINTER(algorithms.hkdf && algorithms.key_wrap);
}

static bool have_algorithms(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, fetch_algorithms, NULL) != NULL;
}

static void set_internal(GError **error, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL, "%s: %s",
		    what, reason ? reason : "libcrypto gave no reason");
	ERR_clear_error();
}

static EVP_PKEY *make_ephemeral(EVP_PKEY *like)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	EVP_PKEY *pkey = NULL;

	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, like, NULL);
	if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_generate(ctx, &pkey) != 1)
		return NULL;
	return pkey;
}

static bool all_zero(const uint8_t *data, size_t data_len)
{
	static const uint8_t zeros[PUBLIC_KEY_MAX_FIELD];

	return CRYPTO_memcmp(data, zeros, data_len) == 0;
}

static EcryptfsSecret *agree(EVP_PKEY *own, const EcryptfsPublicKey *key)
{
	g_autoptr(EcryptfsSecret) shared = NULL;
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	size_t field_size = key->curve->field_size;
	size_t len = field_size;

	shared = ecryptfs_secret_new(field_size);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	/* The peer's point was checked when its key was read. */
	if (!ctx || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(ctx, key->pkey, 0) != 1 ||
	    EVP_PKEY_derive(ctx, ecryptfs_secret_data(shared), &len) != 1 ||
	    len != field_size || all_zero(ecryptfs_secret_data(shared), len))
		return NULL;
	ecryptfs_secret_set_len(shared, len);
	return g_steal_pointer(&shared);
}

bool key_wrap_agrees(const EcryptfsPublicKey *key)
{
	g_autoptr(EVP_PKEY) ephemeral = make_ephemeral(key->pkey);
	g_autoptr(EcryptfsSecret) shared = NULL;

	shared = ephemeral ? agree(ephemeral, key) : NULL;
	ERR_clear_error();
	return shared != NULL;
}

/* Two hashes and two octets are OAEP's. 0 when @scheme is not OAEP. */
static size_t oaep_overhead(enum ecryptfs_scheme scheme)
{
	switch (scheme) {
	case ECRYPTFS_SCHEME_RSA_OAEP_SHA1:
		return 2 * 20 + 2;
	case ECRYPTFS_SCHEME_RSA_OAEP_SHA256:
		return 2 * 32 + 2;
	case ECRYPTFS_SCHEME_NONE:
	case ECRYPTFS_SCHEME_ECDH_P256:
	case ECRYPTFS_SCHEME_ECDH_P384:
	case ECRYPTFS_SCHEME_X25519:
	case ECRYPTFS_SCHEME_OPENPGP:
	case ECRYPTFS_SCHEME_RSA_RAW:
		break;
	}
	return 0;
}

static size_t key_wrapped_size(size_t plain_len)
{
	return (plain_len + KEY_WRAP_BLOCK - 1) / KEY_WRAP_BLOCK *
		       KEY_WRAP_BLOCK + KEY_WRAP_BLOCK;
}

size_t ecryptfs_public_key_wrapped_size(const EcryptfsPublicKey *key,
					enum ecryptfs_scheme scheme,
					size_t plain_len)
{
	size_t overhead = oaep_overhead(scheme);

	if (plain_len < 1 || plain_len > ECRYPTFS_MAX_FEK_PACKET_BYTES)
		return 0;
	if (key->curve)
		return scheme != key->curve->scheme ? 0 :
			       key->curve->point_size +
				       key_wrapped_size(plain_len);
	if (overhead == 0 || plain_len + overhead > key->rsa_size)
		return 0;
	return key->rsa_size;
}

static EVP_PKEY_CTX *prepare_oaep(EVP_PKEY *pkey, const EVP_MD *md)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;

	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	/* MGF1 has a digest of its own: unset it would be a default. */
	if (!ctx || EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) != 1)
		return NULL;
	return g_steal_pointer(&ctx);
}

bool key_wrap_prepare(EcryptfsPublicKey *key)
{
	key->oaep_sha1 = prepare_oaep(key->pkey, EVP_sha1());
	key->oaep_sha256 = prepare_oaep(key->pkey, EVP_sha256());
	return key->oaep_sha1 && key->oaep_sha256;
}

static bool wrap_rsa(const EcryptfsPublicKey *key, enum ecryptfs_scheme scheme,
		     const uint8_t *plain, size_t plain_len, uint8_t *wrapped,
		     size_t *wrapped_len)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;

	ctx = EVP_PKEY_CTX_dup(scheme == ECRYPTFS_SCHEME_RSA_OAEP_SHA1 ?
				       key->oaep_sha1 : key->oaep_sha256);
	return ctx && EVP_PKEY_encrypt(ctx, wrapped, wrapped_len, plain,
				       plain_len) == 1;
}

static size_t format_info(const EcryptfsPublicKey *key,
			  const uint8_t *ephemeral,
			  uint8_t info[MAX_INFO_BYTES])
{
	const struct curve *curve = key->curve;
	const uint8_t *spki = g_bytes_get_data(key->spki, NULL);
	uint8_t raw_sig[ECRYPTFS_SIG_SIZE];
	struct ecryptfs_writer writer;

	ecryptfs_key_sig_to_raw(key->sig, raw_sig);
	ecryptfs_writer_init(&writer, info, MAX_INFO_BYTES);
	ecryptfs_writer_bytes(&writer, wrap_label, sizeof(wrap_label));
	ecryptfs_writer_be16(&writer, (uint16_t)curve->scheme);
	ecryptfs_writer_bytes(&writer, raw_sig, sizeof(raw_sig));
	ecryptfs_writer_bytes(&writer, ephemeral, curve->point_size);
	ecryptfs_writer_bytes(&writer, spki + curve->prefix_len,
			      curve->point_size);
	return writer.len;
}

static EcryptfsSecret *derive_kek(const EcryptfsPublicKey *key,
				  const uint8_t *ephemeral,
				  const EcryptfsSecret *shared)
{
	g_autoptr(EcryptfsSecret) kek = ecryptfs_secret_new(KEK_BYTES);
	g_autoptr(EVP_KDF_CTX) ctx = NULL;
	uint8_t info[MAX_INFO_BYTES];
	char digest[] = "SHA256";
	OSSL_PARAM params[4];

	if (!have_algorithms())
		return NULL;
	ctx = EVP_KDF_CTX_new(algorithms.hkdf);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
						     digest, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_KEY, ecryptfs_secret_data(shared),
		ecryptfs_secret_len(shared));
	params[2] = OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_INFO, info, format_info(key, ephemeral, info));
	params[3] = OSSL_PARAM_construct_end();
	if (!ctx || EVP_KDF_derive(ctx, ecryptfs_secret_data(kek), KEK_BYTES,
				   params) != 1)
		return NULL;
	ecryptfs_secret_set_len(kek, KEK_BYTES);
	return g_steal_pointer(&kek);
}

/* RFC 5649, one way or the other; -1 on failure. */
static int key_wrap(const EcryptfsSecret *kek, bool wrap, const uint8_t *in,
		    size_t in_len, uint8_t *out)
{
	g_autoptr(EVP_CIPHER_CTX) ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	if (!ctx)
		return -1;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex2(ctx, algorithms.key_wrap,
			       ecryptfs_secret_data(kek), NULL, wrap,
			       NULL) != 1 ||
	    EVP_CipherUpdate(ctx, out, &len, in, (int)in_len) != 1 || len <= 0)
		return -1;
	return len;
}

static bool wrap_ecdh(const EcryptfsPublicKey *key, const uint8_t *plain,
		      size_t plain_len, uint8_t *wrapped, size_t *wrapped_len)
{
	size_t point_size = key->curve->point_size;
	g_autoptr(EVP_PKEY) ephemeral = make_ephemeral(key->pkey);
	g_autoptr(EcryptfsSecret) shared = NULL;
	g_autoptr(EcryptfsSecret) kek = NULL;
	int len;

	if (!ephemeral ||
	    !public_key_read_point(ephemeral, key->curve, wrapped))
		return false;
	shared = agree(ephemeral, key);
	kek = shared ? derive_kek(key, wrapped, shared) : NULL;
	if (!kek)
		return false;
	len = key_wrap(kek, true, plain, plain_len, wrapped + point_size);
	if (len != (int)key_wrapped_size(plain_len))
		return false;
	*wrapped_len = point_size + (size_t)len;
	return true;
}

bool ecryptfs_public_key_wrap(const EcryptfsPublicKey *key,
			      enum ecryptfs_scheme scheme,
			      const uint8_t *plain, size_t plain_len,
			      uint8_t *wrapped, size_t wrapped_cap,
			      size_t *wrapped_len, GError **error)
{
	size_t size = ecryptfs_public_key_wrapped_size(key, scheme, plain_len);
	bool ok;

	if (size == 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "%s cannot wrap %zu bytes in scheme %d",
			    key->description, plain_len, (int)scheme);
		return false;
	}
	if (size > wrapped_cap) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_TOO_LARGE,
			    "%s wraps to %zu bytes, there is room for %zu",
			    key->description, size, wrapped_cap);
		return false;
	}
	*wrapped_len = size;
	if (key->curve)
		ok = wrap_ecdh(key, plain, plain_len, wrapped, wrapped_len);
	else
		ok = wrap_rsa(key, scheme, plain, plain_len, wrapped,
			      wrapped_len);
	if (!ok || *wrapped_len != size) {
		set_internal(error, "libcrypto cannot wrap");
		return false;
	}
	return true;
}

static EcryptfsSecret *unwrap_ecdh(const EcryptfsPublicKey *key,
				   const uint8_t *wrapped, size_t wrapped_len,
				   const EcryptfsSecret *shared)
{
	g_autoptr(EcryptfsSecret) plain = NULL;
	g_autoptr(EcryptfsSecret) kek = NULL;
	size_t point_size = key->curve->point_size;
	size_t body_len;
	int len;

	if (wrapped_len < point_size + key_wrapped_size(1) ||
	    wrapped_len > point_size +
			  key_wrapped_size(ECRYPTFS_MAX_FEK_PACKET_BYTES) ||
	    (wrapped_len - point_size) % KEY_WRAP_BLOCK != 0 ||
	    ecryptfs_secret_len(shared) != key->curve->field_size ||
	    all_zero(ecryptfs_secret_data(shared), key->curve->field_size))
		return NULL;
	kek = derive_kek(key, wrapped, shared);
	if (!kek)
		return NULL;
	body_len = wrapped_len - point_size;
	plain = ecryptfs_secret_new(body_len);
	len = key_wrap(kek, false, wrapped + point_size, body_len,
		       ecryptfs_secret_data(plain));
	if (len < 0)
		return NULL;
	ecryptfs_secret_set_len(plain, (size_t)len);
	return g_steal_pointer(&plain);
}

EcryptfsSecret *
ecryptfs_public_key_unwrap_shared(const EcryptfsPublicKey *key,
				  const uint8_t *wrapped, size_t wrapped_len,
				  const EcryptfsSecret *shared,
				  GError **error)
{
	EcryptfsSecret *plain = NULL;

	if (key->curve)
		plain = unwrap_ecdh(key, wrapped, wrapped_len, shared);
	if (!plain)
		ecryptfs_error_set_rejected(error);
	ERR_clear_error();
	return plain;
}
