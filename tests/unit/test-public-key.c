/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The public half of keys: what is read and refused, what wrapping makes, and
 * the second half of an ECDH unwrap against vectors of the openssl command.
 */
#include "libecryptfs/ecryptfs-public-key.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "libecryptfs/crypto-cleanup.h"
#include "tests/unit/fixture.h"
#include "tests/unit/small-points.h"

#define N_THREADS 4
#define WRAPS_PER_THREAD 50

struct kind {
	const char *name;
	const char *description;
	enum ecryptfs_scheme scheme;
	size_t rsa_size;
	size_t point_size;
	size_t field_size;
};

static const struct kind kinds[] = {
	{ "rsa-1024", "RSA-1024", ECRYPTFS_SCHEME_RSA_OAEP_SHA256, 128, 0, 0 },
	{ "rsa-2048", "RSA-2048", ECRYPTFS_SCHEME_RSA_OAEP_SHA256, 256, 0, 0 },
	{ "rsa-3072", "RSA-3072", ECRYPTFS_SCHEME_RSA_OAEP_SHA256, 384, 0, 0 },
	{ "rsa-4096", "RSA-4096", ECRYPTFS_SCHEME_RSA_OAEP_SHA256, 512, 0, 0 },
	{ "p-256", "P-256", ECRYPTFS_SCHEME_ECDH_P256, 0, 65, 32 },
	{ "p-384", "P-384", ECRYPTFS_SCHEME_ECDH_P384, 0, 97, 48 },
	{ "x25519", "X25519", ECRYPTFS_SCHEME_X25519, 0, 32, 32 },
};

static EVP_PKEY *private_key(const char *vector)
{
	g_autoptr(GBytes) pem = fixture_vector(vector);
	g_autoptr(BIO) bio = BIO_new_mem_buf(g_bytes_get_data(pem, NULL),
					     (int)g_bytes_get_size(pem));
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	g_assert_nonnull(pkey);
	return pkey;
}

static GBytes *spki_of(EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	GBytes *spki;

	g_assert_cmpint(len, >, 0);
	spki = g_bytes_new(der, (size_t)len);
	OPENSSL_free(der);
	return spki;
}

static EcryptfsPublicKey *key_of(GBytes *spki, GError **error)
{
	return ecryptfs_public_key_new(g_bytes_get_data(spki, NULL),
				       g_bytes_get_size(spki), error);
}

static void assert_refused(GBytes *spki, const char *word)
{
	GError *error = NULL;

	g_assert_null(key_of(spki, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, word);
}

static void test_read(const void *data)
{
	const struct kind *kind = data;
	g_autofree char *spki_name = g_strdup_printf("keys/%s.spki",
						     kind->name);
	g_autofree char *sig_name = g_strdup_printf("wrapped/%s.sig",
						    kind->name);
	g_autoptr(GBytes) spki = fixture_vector(spki_name);
	g_autoptr(GBytes) sig = fixture_vector(sig_name);
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key(kind->name);

	g_assert_cmpstr(ecryptfs_public_key_describe(key), ==,
			kind->description);
	g_assert_cmpint(ecryptfs_public_key_scheme(key), ==, kind->scheme);
	g_assert_cmpuint(ecryptfs_public_key_rsa_size(key), ==,
			 kind->rsa_size);
	g_assert_cmpuint(ecryptfs_public_key_point_size(key), ==,
			 kind->point_size);
	g_assert_true(g_bytes_equal(ecryptfs_public_key_spki(key), spki));
	g_assert_cmpmem(ecryptfs_public_key_sig(key), ECRYPTFS_SIG_SIZE_HEX,
			g_bytes_get_data(sig, NULL),
			g_bytes_get_size(sig) - 1);
}

/* A key has one signature, however a program encoded it. */
static void test_normalised(void)
{
	static const char *const forms[] = { "compressed", "explicit" };
	g_autoptr(EcryptfsPublicKey) expected = fixture_public_key("p-256");

	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *name = g_strdup_printf("wrapped/p-256.%s.pem",
							forms[i]);
		g_autoptr(EVP_PKEY) pkey = private_key(name);
		g_autoptr(GBytes) spki = spki_of(pkey);
		g_autoptr(EcryptfsPublicKey) key = NULL;
		GError *error = NULL;

		g_assert_false(g_bytes_equal(
			spki, ecryptfs_public_key_spki(expected)));
		key = key_of(spki, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(ecryptfs_public_key_sig(key), ==,
				ecryptfs_public_key_sig(expected));
		g_assert_true(g_bytes_equal(
			ecryptfs_public_key_spki(key),
			ecryptfs_public_key_spki(expected)));
	}
}

static void test_refused_kinds(void)
{
	static const struct {
		const char *name;
		const char *word;
	} vectors[] = {
		{ "rsa-1023", "1023" },
		{ "rsa-8192", "1024 bytes; eCryptfs stores at most 512" },
		{ "rsa-pss", "RSA-PSS" },
		{ "p-521", "secp521r1" },
		{ "ed25519", "ED25519" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *name = g_strdup_printf(
			"wrapped/refused-%s.pem", vectors[i].name);
		g_autoptr(EVP_PKEY) pkey = private_key(name);
		g_autoptr(GBytes) spki = spki_of(pkey);

		assert_refused(spki, vectors[i].word);
	}
}

static GBytes *rsa_spki(const char *n_hex, const char *e_hex)
{
	g_autoptr(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA",
								 NULL);
	g_autoptr(EVP_PKEY) pkey = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *n = NULL, *e = NULL;
	OSSL_PARAM *params;

	BN_hex2bn(&n, n_hex);
	BN_hex2bn(&e, e_hex);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
	params = OSSL_PARAM_BLD_to_param(build);
	g_assert_cmpint(EVP_PKEY_fromdata_init(ctx), ==, 1);
	g_assert_cmpint(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY,
					  params), ==, 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(n);
	BN_free(e);
	return spki_of(pkey);
}

static char *repeat(const char *digits, size_t n)
{
	GString *text = g_string_new(NULL);

	while (n-- > 0)
		g_string_append(text, digits);
	return g_string_free(text, FALSE);
}

static void test_rsa_numbers(void)
{
	g_autofree char *odd = repeat("ff", 256);
	g_autofree char *e_256 = repeat("ff", 32);
	g_autofree char *e_264 = repeat("ff", 33);
	struct {
		const char *n;
		const char *e;
		bool good;
	} vectors[] = {
		{ odd, "10001", true },
		{ odd, "3", true },
		{ odd, e_256, true },
		{ odd, e_264, false },
		{ odd, "1", false },
		{ odd, "10002", false },
		{ odd, "0", false },
	};
	g_autofree char *even = g_strdup(odd);
	g_autoptr(GBytes) even_spki = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autoptr(GBytes) spki = rsa_spki(vectors[i].n, vectors[i].e);
		g_autoptr(EcryptfsPublicKey) key = key_of(spki, NULL);

		g_test_message("e = %s", vectors[i].e);
		g_assert_cmpint(key != NULL, ==, vectors[i].good);
		if (!vectors[i].good)
			assert_refused(spki, "impossible");
	}
	even[strlen(even) - 1] = 'e';
	even_spki = rsa_spki(even, "10001");
	assert_refused(even_spki, "impossible");
}

/* The point replaced in the SPKI of @name, whose tail it is. */
static void assert_point_refused(const char *name, const uint8_t *point,
				 size_t point_len)
{
	g_autofree char *vector = g_strdup_printf("keys/%s.spki", name);
	g_autoptr(GBytes) good = fixture_vector(vector);
	size_t len = g_bytes_get_size(good);
	g_autofree uint8_t *data = g_memdup2(g_bytes_get_data(good, NULL), len);
	g_autoptr(GBytes) spki = NULL;

	memcpy(data + len - point_len, point, point_len);
	spki = g_bytes_new(data, len);
	assert_refused(spki, NULL);
}

static void test_bad_points(void)
{
	uint8_t zeros[97] = { 4 };

	for (size_t i = 0; i < G_N_ELEMENTS(small_points); i++) {
		size_t len;
		g_autofree uint8_t *point = fixture_from_hex(small_points[i],
							     &len);

		assert_point_refused("x25519", point, len);
	}
	assert_point_refused("p-256", zeros, 65);
	assert_point_refused("p-384", zeros, 97);
	zeros[64] = 1;
	assert_point_refused("p-256", zeros, 65);
	memset(zeros + 1, 0xff, 96);
	assert_point_refused("p-256", zeros, 65);
	assert_point_refused("p-384", zeros, 97);
}

static void test_lengths(void)
{
	g_autoptr(GBytes) good = fixture_vector("keys/p-256.spki");
	size_t len = g_bytes_get_size(good);
	g_autofree uint8_t *longer = g_malloc0(4097);

	for (size_t i = 0; i < len; i++) {
		g_autoptr(GBytes) part = g_bytes_new_from_bytes(good, 0, i);
		struct fixture_guard guard;

		fixture_guard_init(&guard, g_bytes_get_data(part, NULL), i);
		g_assert_null(ecryptfs_public_key_new(guard.data, i, NULL));
		fixture_guard_clear(&guard);
		assert_refused(part, NULL);
	}
	memcpy(longer, g_bytes_get_data(good, NULL), len);
	g_assert_null(ecryptfs_public_key_new(longer, len + 1, NULL));
	g_assert_null(ecryptfs_public_key_new(longer, 4096, NULL));
	g_assert_null(ecryptfs_public_key_new(longer, 4097, NULL));
}

/* Whatever is read must also wrap, or say why not; never crash. */
static void test_bit_flips(const void *data)
{
	const struct kind *kind = data;
	g_autofree char *vector = g_strdup_printf("keys/%s.spki", kind->name);
	g_autoptr(GBytes) good = fixture_vector(vector);
	size_t len = g_bytes_get_size(good);
	g_autofree uint8_t *spki = g_memdup2(g_bytes_get_data(good, NULL), len);
	g_autoptr(EcryptfsPublicKey) original = fixture_public_key(kind->name);
	uint8_t wrapped[512], plain[35] = { 9 };
	size_t wrapped_len;

	for (size_t bit = 0; bit < 8 * len; bit += kind->rsa_size ? 7 : 1) {
		g_autoptr(EcryptfsPublicKey) key = NULL;

		spki[bit / 8] ^= (uint8_t)(1 << bit % 8);
		key = ecryptfs_public_key_new(spki, len, NULL);
		spki[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (!key || g_bytes_equal(ecryptfs_public_key_spki(key), good))
			continue;
		g_assert_cmpstr(ecryptfs_public_key_sig(key), !=,
				ecryptfs_public_key_sig(original));
		ecryptfs_public_key_wrap(key, ecryptfs_public_key_scheme(key),
					 plain, sizeof(plain), wrapped,
					 sizeof(wrapped), &wrapped_len, NULL);
	}
}

static size_t expected_size(const struct kind *kind,
			    enum ecryptfs_scheme scheme, size_t plain_len)
{
	size_t overhead;

	if (plain_len < 1 || plain_len > 67)
		return 0;
	if (kind->point_size > 0 && scheme != kind->scheme)
		return 0;
	if (kind->point_size > 0)
		return kind->point_size + 8 * ((plain_len + 7) / 8 + 1);
	if (scheme == ECRYPTFS_SCHEME_RSA_OAEP_SHA1)
		overhead = 42;
	else if (scheme == ECRYPTFS_SCHEME_RSA_OAEP_SHA256)
		overhead = 66;
	else
		return 0;
	return plain_len + overhead <= kind->rsa_size ? kind->rsa_size : 0;
}

static void check_wrap(const struct kind *kind, const EcryptfsPublicKey *key,
		       enum ecryptfs_scheme scheme, size_t plain_len)
{
	size_t size = expected_size(kind, scheme, plain_len);
	uint8_t plain[68] = { 9 }, first[512], second[512];
	size_t len = 0;
	GError *error = NULL;

	g_assert_cmpuint(ecryptfs_public_key_wrapped_size(key, scheme,
							  plain_len),
			 ==, size);
	if (size == 0) {
		g_assert_false(ecryptfs_public_key_wrap(
			key, scheme, plain, plain_len, first, sizeof(first),
			&len, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE,
				     kind->description);
		return;
	}
	g_assert_true(ecryptfs_public_key_wrap(key, scheme, plain, plain_len,
					       first, size, &len, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(len, ==, size);
	g_assert_true(ecryptfs_public_key_wrap(key, scheme, plain, plain_len,
					       second, size, &len, &error));
	/* Randomised: equal FEKs must not look equal. */
	g_assert_true(memcmp(first, second, size) != 0);
	g_assert_false(ecryptfs_public_key_wrap(key, scheme, plain, plain_len,
						first, size - 1, &len,
						&error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_TOO_LARGE, NULL);
}

static void test_wrap(const void *data)
{
	static const size_t lengths[] = { 0,  1,  8,  19, 27, 35,
					  62, 63, 64, 65, 67, 68 };
	const struct kind *kind = data;
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key(kind->name);

	for (int scheme = 0; scheme <= ECRYPTFS_SCHEME_RSA_RAW + 1; scheme++)
		for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++)
			check_wrap(kind, key, (enum ecryptfs_scheme)scheme,
				   lengths[i]);
}

/* ECDH as a module of another device would do it. */
static EcryptfsSecret *derive(const struct kind *kind, const uint8_t *wrapped)
{
	g_autofree char *name = g_strdup_printf("keys/%s.pem", kind->name);
	g_autoptr(EVP_PKEY) own = private_key(name);
	g_autoptr(EVP_PKEY) peer = EVP_PKEY_new();
	g_autoptr(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own,
								 NULL);
	EcryptfsSecret *shared = ecryptfs_secret_new(kind->field_size);
	size_t len = kind->field_size;

	g_assert_cmpint(EVP_PKEY_copy_parameters(peer, own), ==, 1);
	g_assert_cmpint(EVP_PKEY_set1_encoded_public_key(peer, wrapped,
							 kind->point_size),
			==, 1);
	g_assert_cmpint(EVP_PKEY_derive_init(ctx), ==, 1);
	g_assert_cmpint(EVP_PKEY_derive_set_peer(ctx, peer), ==, 1);
	g_assert_cmpint(EVP_PKEY_derive(ctx, ecryptfs_secret_data(shared),
					&len), ==, 1);
	ecryptfs_secret_set_len(shared, len);
	return shared;
}

static void check_vector(const struct kind *kind, const char *form,
			 const char *bits)
{
	g_autofree char *name = g_strdup_printf("wrapped/%s.%s.%s", kind->name,
						form, bits);
	g_autofree char *fek_name = g_strdup_printf("wrapped/fek-%s", bits);
	g_autoptr(GBytes) file = fixture_vector(name);
	g_autoptr(GBytes) wrapped = g_bytes_new_from_bytes(
		file, 8, g_bytes_get_size(file) - 8);
	g_autoptr(GBytes) fek = fixture_vector(fek_name);
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key(kind->name);
	g_autoptr(EcryptfsSecret) shared =
		derive(kind, g_bytes_get_data(wrapped, NULL));
	g_autoptr(EcryptfsSecret) plain = NULL;
	GError *error = NULL;

	if (strcmp(form, "direct-zero-x") == 0)
		g_assert_cmpuint(ecryptfs_secret_data(shared)[0], ==, 0);
	plain = ecryptfs_public_key_unwrap_shared(
		key, g_bytes_get_data(wrapped, NULL),
		g_bytes_get_size(wrapped), shared, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(plain), ecryptfs_secret_len(plain),
			g_bytes_get_data(fek, NULL), g_bytes_get_size(fek));
}

static void test_unwrap_shared(const void *data)
{
	const struct kind *kind = data;

	check_vector(kind, "direct", "128");
	check_vector(kind, "direct", "192");
	check_vector(kind, "direct", "256");
	check_vector(kind, "direct-zero-x", "256");
}

static void assert_rejected(const EcryptfsPublicKey *key,
			    const uint8_t *wrapped, size_t wrapped_len,
			    const EcryptfsSecret *shared)
{
	g_autoptr(GError) one_text = NULL;
	GError *error = NULL;

	g_assert_null(ecryptfs_public_key_unwrap_shared(
		key, wrapped, wrapped_len, shared, &error));
	ecryptfs_error_set_rejected(&one_text);
	fixture_assert_error(&error, ECRYPTFS_ERROR_REJECTED,
			     one_text->message);
}

static void test_unwrap_shared_rejects(const void *data)
{
	const struct kind *kind = data;
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key(kind->name);
	uint8_t plain[35] = { 9 }, wrapped[600] = { 0 };
	g_autoptr(EcryptfsSecret) shared = NULL;
	g_autoptr(EcryptfsSecret) opened = NULL;
	g_autoptr(EcryptfsSecret) zeros = NULL;
	size_t len;

	g_assert_true(ecryptfs_public_key_wrap(key, kind->scheme, plain,
					       sizeof(plain), wrapped,
					       sizeof(wrapped), &len, NULL));
	shared = derive(kind, wrapped);
	opened = ecryptfs_public_key_unwrap_shared(key, wrapped, len, shared,
						   NULL);
	g_assert_nonnull(opened);

	for (size_t bit = 0; bit < 8 * len; bit++) {
		wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_rejected(key, wrapped, len, shared);
		wrapped[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t i = 0; i <= sizeof(wrapped); i++)
		if (i != len)
			assert_rejected(key, wrapped, i, shared);
	zeros = ecryptfs_secret_new(kind->field_size);
	assert_rejected(key, wrapped, len, zeros);
	ecryptfs_secret_set_len(zeros, kind->field_size);
	assert_rejected(key, wrapped, len, zeros);
	ecryptfs_secret_set_len(shared, kind->field_size - 1);
	assert_rejected(key, wrapped, len, shared);
}

/* An RSA key has no shared secret. */
static void test_unwrap_shared_rsa(void)
{
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key("rsa-2048");
	g_autoptr(EcryptfsSecret) shared = ecryptfs_secret_new_from("x", 1);
	uint8_t wrapped[256] = { 0 };

	assert_rejected(key, wrapped, sizeof(wrapped), shared);
}

static void *wrap_often(void *data)
{
	const EcryptfsPublicKey *key = data;
	uint8_t plain[35] = { 9 }, wrapped[512];
	size_t len;

	for (int i = 0; i < WRAPS_PER_THREAD; i++)
		g_assert_true(ecryptfs_public_key_wrap(
			key, ecryptfs_public_key_scheme(key), plain,
			sizeof(plain), wrapped, sizeof(wrapped), &len, NULL));
	return NULL;
}

static void test_threads(const void *data)
{
	const struct kind *kind = data;
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key(kind->name);
	GThread *threads[N_THREADS];

	for (size_t i = 0; i < N_THREADS; i++)
		threads[i] = g_thread_new("wrap", wrap_often, key);
	for (size_t i = 0; i < N_THREADS; i++)
		g_thread_join(threads[i]);
}

static void test_references(void)
{
	EcryptfsPublicKey *key = fixture_public_key("x25519");

	g_assert_true(ecryptfs_public_key_ref(key) == key);
	ecryptfs_public_key_unref(key);
	g_assert_cmpstr(ecryptfs_public_key_describe(key), ==, "X25519");
	ecryptfs_public_key_unref(key);
	ecryptfs_public_key_unref(NULL);
}

static void add(const char *what, const struct kind *kind,
		void (*test)(const void *))
{
	g_autofree char *path = g_strdup_printf("/public-key/%s/%s", what,
						kind->name);

	g_test_add_data_func(path, kind, test);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
		add("read", &kinds[i], test_read);
		add("bit-flips", &kinds[i], test_bit_flips);
		add("wrap", &kinds[i], test_wrap);
		add("threads", &kinds[i], test_threads);
		if (kinds[i].rsa_size > 0)
			continue;
		add("unwrap-shared", &kinds[i], test_unwrap_shared);
		add("unwrap-shared-rejects", &kinds[i],
		    test_unwrap_shared_rejects);
	}
	g_test_add_func("/public-key/unwrap-shared/rsa",
			test_unwrap_shared_rsa);
	g_test_add_func("/public-key/normalised", test_normalised);
	g_test_add_func("/public-key/refused/kinds", test_refused_kinds);
	g_test_add_func("/public-key/refused/rsa-numbers", test_rsa_numbers);
	g_test_add_func("/public-key/refused/points", test_bad_points);
	g_test_add_func("/public-key/refused/lengths", test_lengths);
	g_test_add_func("/public-key/references", test_references);
	return g_test_run();
}
