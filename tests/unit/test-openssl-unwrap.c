/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the openssl module's unwrap refuses when it is called directly, past
 * the checks of the envelope; and what does not hold it up.
 */
#include "libecryptfs/ecryptfs-pki-module.h"

#include <string.h>
#include <sys/stat.h>

#include "tests/unit/fixture.h"
#include "tests/unit/openssl-fixture.h"
#include "tests/unit/small-points.h"

static void assert_rejected(void *key, enum ecryptfs_scheme scheme,
			    const uint8_t *wrapped, size_t wrapped_len)
{
	g_autoptr(GError) one_text = NULL;
	GError *error = NULL;

	g_assert_null(openssl_module->unwrap(key, scheme, wrapped, wrapped_len,
					     &error));
	ecryptfs_error_set_rejected(&one_text);
	g_assert_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_REJECTED);
	g_assert_cmpstr(error->message, ==, one_text->message);
	g_clear_error(&error);
}

static void test_unwrap_rsa(void)
{
	g_autofree char *file = openssl_copy("keys/rsa-2048.pem");
	void *key = openssl_open(file, NULL, "rsa-2048");
	g_autoptr(GBytes) good =
		fixture_vector("wrapped/rsa-2048.oaep-sha1.256");
	g_autoptr(EcryptfsSecret) raw = NULL;
	GError *error = NULL;
	uint8_t field[600] = { 0 };

	memcpy(field, g_bytes_get_data(good, NULL), 256);
	for (int scheme = 0; scheme <= 20; scheme++)
		if (scheme != ECRYPTFS_SCHEME_RSA_OAEP_SHA1 &&
		    scheme != ECRYPTFS_SCHEME_RSA_RAW)
			assert_rejected(key, (enum ecryptfs_scheme)scheme,
					field, 256);
	for (size_t len = 0; len <= sizeof(field); len++) {
		if (len == 256)
			continue;
		assert_rejected(key, ECRYPTFS_SCHEME_RSA_OAEP_SHA1, field,
				len);
		assert_rejected(key, ECRYPTFS_SCHEME_RSA_RAW, field, len);
	}
	raw = openssl_module->unwrap(key, ECRYPTFS_SCHEME_RSA_RAW, field, 256,
				     &error);
	g_assert_no_error(error);
	g_assert_cmpuint(ecryptfs_secret_len(raw), ==, 256);
	/* A number over the modulus */
	memset(field, 0xff, sizeof(field));
	assert_rejected(key, ECRYPTFS_SCHEME_RSA_RAW, field, 256);
	assert_rejected(key, ECRYPTFS_SCHEME_RSA_OAEP_SHA256, field, 256);
	openssl_module->key_close(key);
}

/* Ephemeral points that are none, with a body that could be one. */
static void assert_point_rejected(const char *name, const uint8_t *point,
				  size_t point_len)
{
	g_autoptr(EcryptfsPublicKey) public = fixture_public_key(name);
	g_autofree char *vector = g_strdup_printf("keys/%s.pem", name);
	g_autofree char *file = openssl_copy(vector);
	void *key = openssl_open(file, NULL, name);
	uint8_t field[200] = { 0 };

	memcpy(field, point, point_len);
	assert_rejected(key, ecryptfs_public_key_scheme(public), field,
			ecryptfs_public_key_point_size(public) + 48);
	openssl_module->key_close(key);
}

static void test_unwrap_points(void)
{
	g_autoptr(GBytes) spki = fixture_vector("keys/p-256.spki");
	const uint8_t *good =
		(const uint8_t *)g_bytes_get_data(spki, NULL) + 26;
	uint8_t point[97] = { 0 };

	for (size_t i = 0; i < G_N_ELEMENTS(small_points); i++) {
		size_t len;
		g_autofree uint8_t *u = fixture_from_hex(small_points[i],
						      &len);

		assert_point_rejected("x25519", u, len);
	}
	assert_point_rejected("p-256", point, 65); /* infinity, and zeros */
	point[0] = 4;
	assert_point_rejected("p-256", point, 65);
	assert_point_rejected("p-384", point, 97);
	memcpy(point, good, 65);
	point[64] ^= 1; /* beside the curve */
	assert_point_rejected("p-256", point, 65);
	memcpy(point, good, 65);
	point[0] = (uint8_t)(2 + (good[64] & 1)); /* compressed */
	assert_point_rejected("p-256", point, 65);
	point[0] = (uint8_t)(6 + (good[64] & 1)); /* hybrid */
	assert_point_rejected("p-256", point, 65);
	memset(point, 0xff, sizeof(point)); /* coordinates over the prime */
	point[0] = 4;
	assert_point_rejected("p-256", point, 65);
	assert_point_rejected("p-384", point, 97);
}

/* A field that would open, but for how it writes its point. */
static void test_unwrap_hybrid(void)
{
	g_autofree char *file = openssl_copy("keys/p-256.pem");
	g_autoptr(GBytes) field =
		fixture_vector("wrapped/refused-p-256-hybrid.256");
	const uint8_t *body =
		(const uint8_t *)g_bytes_get_data(field, NULL) + 8;
	void *key = openssl_open(file, NULL, "p-256");

	assert_rejected(key, ECRYPTFS_SCHEME_ECDH_P256, body,
			g_bytes_get_size(field) - 8);
	openssl_module->key_close(key);
}

static void test_unwrap_ecdh(const void *data)
{
	const char *name = data;
	g_autoptr(EcryptfsPublicKey) public = fixture_public_key(name);
	enum ecryptfs_scheme own = ecryptfs_public_key_scheme(public);
	g_autofree char *vector = g_strdup_printf("keys/%s.pem", name);
	g_autofree char *wrapped = g_strdup_printf("wrapped/%s.direct.256",
						   name);
	g_autofree char *file = openssl_copy(vector);
	g_autoptr(GBytes) good = fixture_vector(wrapped);
	const uint8_t *body = (const uint8_t *)g_bytes_get_data(good, NULL) + 8;
	size_t body_len = g_bytes_get_size(good) - 8;
	void *key = openssl_open(file, NULL, name);
	uint8_t field[600] = { 0 };

	memcpy(field, body, body_len);
	for (int scheme = 0; scheme <= 20; scheme++)
		if (scheme != (int)own)
			assert_rejected(key, (enum ecryptfs_scheme)scheme,
					field, body_len);
	for (size_t len = 0; len <= sizeof(field); len++)
		if (len != body_len)
			assert_rejected(key, own, field, len);
	openssl_module->key_close(key);
}

/* The key x25519 again, under as many rounds as the module just allows. */
static void write_slow(const char *file)
{
	static const uint8_t refused[] = { 2, 4, 0x00, 0x98, 0x96, 0x81 };
	g_autoptr(GBytes) pem = fixture_vector("wrapped/refused-rounds.pem");
	g_auto(GStrv) parts = g_strsplit(g_bytes_get_data(pem, NULL), "-----",
					 5);
	gsize der_len;
	g_autofree guchar *der = g_base64_decode(parts[2], &der_len);
	uint8_t *rounds = memmem(der, der_len, refused, sizeof(refused));
	g_autofree char *base64 = NULL;
	g_autofree char *text = NULL;

	g_assert_nonnull(rounds);
	rounds[5]--;
	base64 = g_base64_encode(der, der_len);
	text = g_strdup_printf("-----%s-----\n%s\n-----%s-----\n", parts[1],
			       base64, parts[3]);
	g_assert_true(g_file_set_contents(file, text, -1, NULL));
	g_assert_cmpint(chmod(file, 0600), ==, 0);
}

struct guess {
	void *key;
	gint begun;
	gint ended;
};

static void *guess_wrongly(void *data)
{
	g_autoptr(EcryptfsSecret) wrong = openssl_secret("wrong");
	struct guess *guess = data;
	GError *error = NULL;

	g_atomic_int_set(&guess->begun, 1);
	g_assert_false(openssl_module->unlock(guess->key, wrong, &error));
	g_atomic_int_set(&guess->ended, 1);
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, NULL);
	return NULL;
}

/* A passphrase that takes long to be found wrong holds up nobody. */
static void test_while_unlocking(void)
{
	g_autofree char *file = openssl_copy("keys/x25519.pem");
	struct guess guess = { .key = openssl_open(file, NULL, "x25519") };
	GThread *thread;

	openssl_assert_works(guess.key, "x25519");
	write_slow(file);
	thread = g_thread_new("guess", guess_wrongly, &guess);
	while (!g_atomic_int_get(&guess.begun))
		g_usleep(1000);
	g_usleep(100 * 1000);
	openssl_assert_works(guess.key, "x25519");
	openssl_assert_state(guess.key, ECRYPTFS_ERROR_NONE, true);
	openssl_module->lock(guess.key);
	openssl_assert_state(guess.key, ECRYPTFS_ERROR_LOCKED, true);
	g_assert_false(g_atomic_int_get(&guess.ended));
	g_thread_join(thread);
	openssl_assert_state(guess.key, ECRYPTFS_ERROR_LOCKED, true);
	openssl_module->key_close(guess.key);
}

int main(int argc, char **argv)
{
	static const char *const curves[] = { "p-256", "p-384", "x25519" };

	openssl_init(&argc, &argv);
	g_test_add_func("/openssl-unwrap/rsa", test_unwrap_rsa);
	g_test_add_func("/openssl-unwrap/points", test_unwrap_points);
	g_test_add_func("/openssl-unwrap/hybrid", test_unwrap_hybrid);
	g_test_add_func("/openssl-unwrap/while-unlocking",
			test_while_unlocking);
	for (size_t i = 0; i < G_N_ELEMENTS(curves); i++) {
		g_autofree char *path = g_strconcat("/openssl-unwrap/",
						    curves[i], NULL);

		g_test_add_data_func(path, curves[i], test_unwrap_ecdh);
	}
	return openssl_run();
}
