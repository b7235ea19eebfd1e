/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The public half of a key: read and normalised once, then used by any
 * number of threads to wrap. Below step 8 of doc/ARCHITECTURE: what modules
 * and public-only recipients share.
 */
#include "libecryptfs/ecryptfs-public-key.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "libecryptfs/crypto-cleanup.h"
#include "libecryptfs/key-sig.h"
#include "libecryptfs/public-key-private.h"

#define MAX_SPKI_BYTES 4096
#define MIN_RSA_BITS 1024
#define MAX_RSA_BITS 4096
#define MAX_RSA_EXPONENT_BITS 256 /* FIPS 186-5 */

static const uint8_t p256_prefix[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
	0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};

static const uint8_t p384_prefix[] = {
	0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
	0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
};

static const uint8_t x25519_prefix[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00,
};

static const struct curve curves[] = {
	{ "P-256", "EC", "prime256v1", ECRYPTFS_SCHEME_ECDH_P256, 65, 32,
	  p256_prefix, sizeof(p256_prefix) },
	{ "P-384", "EC", "secp384r1", ECRYPTFS_SCHEME_ECDH_P384, 97, 48,
	  p384_prefix, sizeof(p384_prefix) },
	{ "X25519", "X25519", NULL, ECRYPTFS_SCHEME_X25519, 32, 32,
	  x25519_prefix, sizeof(x25519_prefix) },
};

static void G_GNUC_PRINTF(2, 3)
set_unusable(GError **error, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	ERR_clear_error();
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    text);
}

static GBytes *number_of(EVP_PKEY *pkey, const char *name)
{
	g_autoptr(BIGNUM) number = NULL;
	uint8_t *data;
	int len;

	if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1)
		return NULL;
	len = BN_num_bytes(number);
	data = g_malloc((size_t)len);
	BN_bn2bin(number, data);
	return g_bytes_new_take(data, (size_t)len);
}

static bool numbers_sane(GBytes *n, GBytes *e)
{
	size_t n_len, e_len;
	const uint8_t *n_data = g_bytes_get_data(n, &n_len);
	const uint8_t *e_data = g_bytes_get_data(e, &e_len);

	/* Both odd, the exponent over 1. */
	return n_len > 0 && (n_data[n_len - 1] & 1) == 1 && e_len > 0 &&
	       e_len <= MAX_RSA_EXPONENT_BITS / 8 &&
	       (e_data[e_len - 1] & 1) == 1 && (e_len > 1 || e_data[0] > 1);
}

static bool read_rsa(EcryptfsPublicKey *key, GError **error)
{
	int bits = EVP_PKEY_get_bits(key->pkey);
	g_autoptr(GBytes) n = number_of(key->pkey, OSSL_PKEY_PARAM_RSA_N);
	g_autoptr(GBytes) e = number_of(key->pkey, OSSL_PKEY_PARAM_RSA_E);
	g_autofree uint8_t *der = NULL;
	unsigned char *pos;
	int der_len;

	if (bits < MIN_RSA_BITS) {
		set_unusable(error, "an RSA key of %d bits is too weak: "
			     "%d to %d are possible", bits, MIN_RSA_BITS,
			     MAX_RSA_BITS);
		return false;
	}
	if (bits > MAX_RSA_BITS) {
		set_unusable(error, "an RSA key of %d bits makes wrapped FEKs "
			     "of %d bytes; eCryptfs stores at most %d bytes, "
			     "which is RSA-%d", bits, (bits + 7) / 8,
			     ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES, MAX_RSA_BITS);
		return false;
	}
	der_len = i2d_PUBKEY(key->pkey, NULL);
	if (!n || !e || der_len <= 0 || !numbers_sane(n, e)) {
		set_unusable(error, "the RSA key has an impossible modulus "
			     "or exponent");
		return false;
	}
	der = g_malloc((size_t)der_len);
	pos = der;
	i2d_PUBKEY(key->pkey, &pos);
	key->spki = g_bytes_new_take(g_steal_pointer(&der), (size_t)der_len);
	key->rsa_size = (size_t)(bits + 7) / 8;
	g_snprintf(key->description, sizeof(key->description), "RSA-%d", bits);
	return ecryptfs_key_sig_rsa(g_bytes_get_data(n, NULL),
				    g_bytes_get_size(n),
				    g_bytes_get_data(e, NULL),
				    g_bytes_get_size(e), key->sig);
}

static const struct curve *curve_of(EVP_PKEY *pkey)
{
	char group[32] = "";

	if (EVP_PKEY_is_a(pkey, "EC") &&
	    EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < G_N_ELEMENTS(curves); i++)
		if (EVP_PKEY_is_a(pkey, curves[i].type) &&
		    (!curves[i].group || g_str_equal(curves[i].group, group)))
			return &curves[i];
	return NULL;
}

bool public_key_read_point(EVP_PKEY *pkey, const struct curve *curve,
			   uint8_t *point)
{
	size_t len = curve->point_size;
	g_autoptr(BIGNUM) x = NULL;
	g_autoptr(BIGNUM) y = NULL;

	if (!curve->group)
		return EVP_PKEY_get_raw_public_key(pkey, point, &len) == 1 &&
		       len == curve->point_size;
	/* Not the encoded point: that one may be compressed. */
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) != 1 ||
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) != 1)
		return false;
	len = curve->field_size;
	point[0] = POINT_CONVERSION_UNCOMPRESSED;
	return BN_bn2binpad(x, point + 1, (int)len) == (int)len &&
	       BN_bn2binpad(y, point + 1 + len, (int)len) == (int)len;
}

static EVP_PKEY *parse_spki(const uint8_t *spki, size_t spki_len)
{
	const unsigned char *pos = spki;
	g_autoptr(EVP_PKEY) pkey = NULL;

	if (spki_len == 0 || spki_len > MAX_SPKI_BYTES)
		return NULL;
	pkey = d2i_PUBKEY(NULL, &pos, (long)spki_len);
	if (!pkey || pos != spki + spki_len)
		return NULL;
	return g_steal_pointer(&pkey);
}

static bool check_point(EVP_PKEY *pkey)
{
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;

	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	return ctx && EVP_PKEY_public_check(ctx) == 1;
}

static bool read_curve(EcryptfsPublicKey *key, GError **error)
{
	const struct curve *curve = curve_of(key->pkey);
	uint8_t spki[sizeof(p256_prefix) + PUBLIC_KEY_MAX_POINT];
	size_t spki_len;

	if (!curve) {
		const char *type = EVP_PKEY_get0_type_name(key->pkey);
		char group[32] = "";

		EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), NULL);
		set_unusable(error, "a key of type %s%s%s cannot wrap FEKs: "
			     "RSA, EC on P-256 or P-384, and X25519 can",
			     type ? type : "unknown", *group ? " on " : "",
			     group);
		return false;
	}
	spki_len = curve->prefix_len + curve->point_size;
	memcpy(spki, curve->prefix, curve->prefix_len);
	if (!public_key_read_point(key->pkey, curve,
				   spki + curve->prefix_len) ||
	    !check_point(key->pkey)) {
		set_unusable(error, "the %s public key is no point of its "
			     "curve", curve->name);
		return false;
	}
	/* From here on the named curve, whatever parameters came. */
	EVP_PKEY_free(key->pkey);
	key->pkey = parse_spki(spki, spki_len);
	key->spki = g_bytes_new(spki, spki_len);
	key->curve = curve;
	g_strlcpy(key->description, curve->name, sizeof(key->description));
	return key->pkey && check_point(key->pkey) &&
	       ecryptfs_key_sig_spki(spki, spki_len, key->sig);
}

/* X25519 has points of small order: with them there is no secret. */
static bool check_agreement(const EcryptfsPublicKey *key, GError **error)
{
	if (key_wrap_agrees(key))
		return true;
	set_unusable(error, "the %s public key gives no shared secret",
		     key->curve->name);
	return false;
}

EcryptfsPublicKey *ecryptfs_public_key_new(const uint8_t *spki,
					   size_t spki_len, GError **error)
{
	g_autoptr(EcryptfsPublicKey) key = g_new0(EcryptfsPublicKey, 1);
	g_autoptr(GError) reason = NULL;
	bool ok;

	g_atomic_ref_count_init(&key->refs);
	key->pkey = parse_spki(spki, spki_len);
	if (!key->pkey) {
		set_unusable(error, "not a DER SubjectPublicKeyInfo of a kind "
			     "that libcrypto knows");
		return NULL;
	}
	if (EVP_PKEY_is_a(key->pkey, "RSA"))
		ok = read_rsa(key, &reason) && key_wrap_prepare(key);
	else
		ok = read_curve(key, &reason) && check_agreement(key, &reason);
	if (ok)
		return g_steal_pointer(&key);
	if (!reason)
		set_unusable(&reason, "libcrypto cannot use the public key");
	g_propagate_error(error, g_steal_pointer(&reason));
	return NULL;
}

EcryptfsPublicKey *ecryptfs_public_key_ref(EcryptfsPublicKey *key)
{
	g_atomic_ref_count_inc(&key->refs);
	return key;
}

void ecryptfs_public_key_unref(EcryptfsPublicKey *key)
{
	if (!key || !g_atomic_ref_count_dec(&key->refs))
		return;
	EVP_PKEY_CTX_free(key->oaep_sha1);
	EVP_PKEY_CTX_free(key->oaep_sha256);
	EVP_PKEY_free(key->pkey);
	if (key->spki)
		g_bytes_unref(key->spki);
	g_free(key);
}

const char *ecryptfs_public_key_sig(const EcryptfsPublicKey *key)
{
	return key->sig;
}

GBytes *ecryptfs_public_key_spki(const EcryptfsPublicKey *key)
{
	return key->spki;
}

const char *ecryptfs_public_key_describe(const EcryptfsPublicKey *key)
{
	return key->description;
}

enum ecryptfs_scheme ecryptfs_public_key_scheme(const EcryptfsPublicKey *key)
{
	return key->curve ? key->curve->scheme :
			    ECRYPTFS_SCHEME_RSA_OAEP_SHA256;
}

size_t ecryptfs_public_key_rsa_size(const EcryptfsPublicKey *key)
{
	return key->rsa_size;
}

size_t ecryptfs_public_key_point_size(const EcryptfsPublicKey *key)
{
	return key->curve ? key->curve->point_size : 0;
}
