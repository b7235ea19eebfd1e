/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 6: what the encrypted-key field looks like, that it opens again, and
 * that the fields of the openssl command do. Hostile ones are the subject of
 * test-envelope-hostile.c.
 */
#include "libecryptfs/envelope.h"

#include <string.h>

#include "tests/unit/envelope-fixture.h"
#include "tests/unit/fixture.h"

struct header_vector {
	const char *name;
	const char *hex;
	enum ecryptfs_form form;
	enum ecryptfs_scheme scheme; /* NONE: refused */
};

static const struct header_vector headers[] = {
	{ "direct-rsa", "65504b49 01 01 0002", ECRYPTFS_FORM_DIRECT,
	  ECRYPTFS_SCHEME_RSA_OAEP_SHA256 },
	{ "direct-p256", "65504b49 01 01 0003 ffff", ECRYPTFS_FORM_DIRECT,
	  ECRYPTFS_SCHEME_ECDH_P256 },
	{ "direct-p384", "65504b49 01 01 0004", ECRYPTFS_FORM_DIRECT,
	  ECRYPTFS_SCHEME_ECDH_P384 },
	{ "direct-x25519", "65504b49 01 01 0005", ECRYPTFS_FORM_DIRECT,
	  ECRYPTFS_SCHEME_X25519 },
	{ "direct-openpgp", "65504b49 01 01 0006", ECRYPTFS_FORM_DIRECT,
	  ECRYPTFS_SCHEME_OPENPGP },
	{ "epoch", "65504b49 01 02 0002", ECRYPTFS_FORM_EPOCH,
	  ECRYPTFS_SCHEME_RSA_OAEP_SHA256 },
	{ "refused/empty", "", 0, ECRYPTFS_SCHEME_NONE },
	{ "refused/short", "65504b49 01 01 00", 0, ECRYPTFS_SCHEME_NONE },
	{ "refused/magic-case", "45504b49 01 01 0002", 0, 0 },
	{ "refused/magic-last", "65504b4a 01 01 0002", 0, 0 },
	{ "refused/version-0", "65504b49 00 01 0002", 0, 0 },
	{ "refused/version-2", "65504b49 02 01 0002", 0, 0 },
	{ "refused/form-bare", "65504b49 01 00 0002", 0, 0 },
	{ "refused/form-3", "65504b49 01 03 0002", 0, 0 },
	{ "refused/form-ff", "65504b49 01 ff 0002", 0, 0 },
	{ "refused/scheme-0", "65504b49 01 01 0000", 0, 0 },
	{ "refused/scheme-8", "65504b49 01 01 0008", 0, 0 },
	{ "refused/scheme-little-endian", "65504b49 01 01 0200", 0, 0 },
	{ "refused/scheme-high", "65504b49 01 01 0102", 0, 0 },
};

static void test_header(const void *data)
{
	const struct header_vector *vector = data;
	struct ecryptfs_envelope_header header = { 0 };
	struct fixture_guard guard;
	size_t len;
	g_autofree uint8_t *bytes = fixture_from_hex(vector->hex, &len);
	bool good;

	fixture_guard_init(&guard, bytes, len);
	good = ecryptfs_envelope_parse_header(guard.data, len, &header);
	fixture_guard_clear(&guard);
	g_assert_cmpint(good, ==, vector->scheme != ECRYPTFS_SCHEME_NONE);
	if (!good)
		return;
	g_assert_cmpint(header.form, ==, vector->form);
	g_assert_cmpint(header.scheme, ==, vector->scheme);
}

static void check_round_trip(EcryptfsKey *key, const struct envelope_form *form,
			     uint8_t code, size_t fek_len)
{
	g_autoptr(GBytes) packet = envelope_fek_packet(code, fek_len);
	const EcryptfsRegistration *reg = ecryptfs_key_registration(key);
	g_autoptr(EcryptfsSecret) wrapped = envelope_wrap(key, packet);
	size_t header_len;
	g_autofree uint8_t *header = fixture_from_hex(form->header,
						      &header_len);

	g_assert_cmpuint(ecryptfs_secret_len(wrapped), ==,
			 ecryptfs_envelope_size(reg, fek_len + 3));
	g_assert_cmpmem(ecryptfs_secret_data(wrapped), header_len, header,
			header_len);
	envelope_assert_opens(key, ecryptfs_secret_data(wrapped),
		     ecryptfs_secret_len(wrapped), packet);
}

static void test_form(const void *data)
{
	const struct envelope_form *form = data;
	g_autoptr(EcryptfsKey) key = envelope_open_form(form);

	g_assert_cmpuint(
		ecryptfs_envelope_size(ecryptfs_key_registration(key), 35), ==,
		form->size);
	check_round_trip(key, form, 0x07, 16);
	check_round_trip(key, form, 0x08, 24);
	check_round_trip(key, form, 0x09, 32);
	/* blowfish: the shortest and the longest that the kernel knows */
	check_round_trip(key, form, 0x04, 4);
	check_round_trip(key, form, 0x04, 56);
}

/* ecryptfs-utils knows RSA only. */
static void test_compat_not_rsa(const void *data)
{
	g_autoptr(EcryptfsKey) key =
		envelope_open_key(data, ECRYPTFS_MODE_COMPAT, false);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x09, 32);
	g_autoptr(EcryptfsSecret) wrapped = ecryptfs_secret_new(ENVELOPE_MAX);
	GError *error = NULL;

	g_assert_cmpuint(ecryptfs_envelope_size(
				 ecryptfs_key_registration(key), 35), ==, 0);
	g_assert_false(ecryptfs_envelope_wrap(
		key, g_bytes_get_data(packet, NULL), g_bytes_get_size(packet),
		wrapped, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "mode=compat");
	g_assert_cmpuint(ecryptfs_secret_len(wrapped), ==, 0);
	g_assert_false(ecryptfs_envelope_prove(key, NULL, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "mode=compat");
}

/* What the openssl command can open again, the fields are as written down. */
static void test_openssl_command(const void *data)
{
	const struct envelope_form *form = data;
	g_autoptr(EcryptfsKey) key = envelope_open_form(form);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x09, 32);
	g_autoptr(EcryptfsSecret) wrapped = envelope_wrap(key, packet);
	g_autofree char *script = g_test_build_filename(
		G_TEST_DIST, "tests", "vectors", "open-wrapped.sh", NULL);
	g_autofree char *pem = fixture_key_file(envelope_directory, form->key);
	g_autofree char *file = fixture_write(
		envelope_directory, "wrapped", ecryptfs_secret_data(wrapped),
		ecryptfs_secret_len(wrapped), 0600);
	const char *argv[] = { "bash", script, pem, file, NULL };
	g_autofree char *bash = g_find_program_in_path("bash");
	g_autofree char *openssl = g_find_program_in_path("openssl");
	g_autofree char *out = NULL;
	g_autofree uint8_t *plain = NULL;
	GError *error = NULL;
	size_t len;
	int status;

	if (!bash || !openssl) {
		g_test_skip("needs bash and the openssl command");
		return;
	}
	g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_SEARCH_PATH,
		     NULL, NULL, &out, NULL, &status, &error);
	g_assert_no_error(error);
	g_assert_true(g_spawn_check_wait_status(status, NULL));
	plain = fixture_from_hex(out, &len);
	g_assert_cmpmem(plain, len, g_bytes_get_data(packet, NULL),
			g_bytes_get_size(packet));
}

struct file_vector {
	const char *file;
	enum ecryptfs_mode mode;
	bool read_pkcs1;
	bool opens;
};

static const struct file_vector files[] = {
	{ "rsa-1024.oaep-sha1.128", ECRYPTFS_MODE_COMPAT, false, true },
	{ "rsa-1024.oaep-sha1.192", ECRYPTFS_MODE_DIRECT, false, true },
	{ "rsa-2048.oaep-sha1.256", ECRYPTFS_MODE_COMPAT, false, true },
	{ "rsa-2048.oaep-sha1.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "rsa-3072.oaep-sha1.128", ECRYPTFS_MODE_DIRECT, false, true },
	{ "rsa-4096.oaep-sha1.256", ECRYPTFS_MODE_COMPAT, false, true },
	{ "rsa-4096.oaep-sha1.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "rsa-4096.oaep-sha256.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "rsa-4096.oaep-sha256.256", ECRYPTFS_MODE_COMPAT, false, true },
	{ "rsa-2048.direct.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "rsa-2048.direct.256", ECRYPTFS_MODE_COMPAT, false, true },
	{ "rsa-3072.direct.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-256.direct.128", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-256.direct.192", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-256.direct.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-256.direct-zero-x.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-384.direct.128", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-384.direct.192", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-384.direct.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "p-384.direct-zero-x.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "x25519.direct.128", ECRYPTFS_MODE_DIRECT, false, true },
	{ "x25519.direct.192", ECRYPTFS_MODE_DIRECT, false, true },
	{ "x25519.direct.256", ECRYPTFS_MODE_DIRECT, false, true },
	{ "x25519.direct-zero-x.256", ECRYPTFS_MODE_DIRECT, false, true },

	/* PKCS#1 v1.5 only for who says so */
	{ "rsa-2048.pkcs1.256", ECRYPTFS_MODE_DIRECT, false, false },
	{ "rsa-2048.pkcs1.256", ECRYPTFS_MODE_COMPAT, false, false },
	{ "rsa-4096.pkcs1.256", ECRYPTFS_MODE_DIRECT, false, false },
	{ "rsa-1024.pkcs1.128", ECRYPTFS_MODE_COMPAT, true, true },
	{ "rsa-2048.pkcs1.192", ECRYPTFS_MODE_COMPAT, true, true },
	{ "rsa-2048.pkcs1.256", ECRYPTFS_MODE_DIRECT, true, true },
	{ "rsa-3072.pkcs1.256", ECRYPTFS_MODE_DIRECT, true, true },
	{ "rsa-4096.pkcs1.256", ECRYPTFS_MODE_DIRECT, true, true },
	{ "rsa-2048.oaep-sha1.256", ECRYPTFS_MODE_DIRECT, true, true },
	{ "rsa-4096.oaep-sha1.256", ECRYPTFS_MODE_DIRECT, true, true },
	{ "rsa-2048.direct.256", ECRYPTFS_MODE_DIRECT, true, true },
};

static void test_file(const void *data)
{
	const struct file_vector *vector = data;
	g_auto(GStrv) parts = g_strsplit(vector->file, ".", 3);
	g_autofree char *name = g_strdup_printf("wrapped/%s", vector->file);
	g_autofree char *fek_name = g_strdup_printf("wrapped/fek-%s",
						    parts[2]);
	g_autoptr(GBytes) wrapped = fixture_vector(name);
	g_autoptr(GBytes) fek = fixture_vector(fek_name);
	g_autoptr(EcryptfsKey) key = envelope_open_key(parts[0], vector->mode,
					      vector->read_pkcs1);

	if (vector->opens)
		envelope_assert_opens(key, g_bytes_get_data(wrapped, NULL),
			     g_bytes_get_size(wrapped), fek);
	else
		envelope_assert_rejected(key, g_bytes_get_data(wrapped, NULL),
				g_bytes_get_size(wrapped));
}

static void test_read_pkcs1_never_wraps(void)
{
	g_autoptr(EcryptfsKey) key =
		envelope_open_key("rsa-2048", ECRYPTFS_MODE_DIRECT, true);
	g_autoptr(EcryptfsSecret) wrapped = ecryptfs_secret_new(ENVELOPE_MAX);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x07, 16);
	GError *error = NULL;

	g_assert_cmpuint(ecryptfs_envelope_size(ecryptfs_key_registration(key),
						35), ==, 0);
	g_assert_false(ecryptfs_envelope_wrap(
		key, g_bytes_get_data(packet, NULL), g_bytes_get_size(packet),
		wrapped, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "read-pkcs1");
}

static void check_prove(EcryptfsKey *key, bool unwraps)
{
	int64_t wrap_usec = -1, unwrap_usec = -1;
	GError *error = NULL;

	g_assert_true(ecryptfs_envelope_prove(key, &wrap_usec, &unwrap_usec,
					      &error));
	g_assert_no_error(error);
	g_assert_cmpint(wrap_usec, >=, 0);
	g_assert_cmpint(unwrap_usec > 0, ==, unwraps);
	g_assert_true(ecryptfs_envelope_prove(key, NULL, NULL, NULL));
}

static EcryptfsKey *open_public(const struct envelope_form *form)
{
	g_autoptr(EcryptfsPublicKey) half = fixture_public_key(form->key);
	g_autoptr(EcryptfsRegistration) reg = ecryptfs_registration_new(
		form->key, ECRYPTFS_PKI_PUBLIC, half);

	reg->mode = form->mode;
	return ecryptfs_key_open(NULL, reg, NULL);
}

static void test_prove(const void *data)
{
	const struct envelope_form *form = data;
	g_autoptr(EcryptfsKey) key = envelope_open_form(form);
	g_autoptr(EcryptfsKey) public = open_public(form);
	GError *error = NULL;

	check_prove(key, true);
	check_prove(public, false);
	ecryptfs_key_lock(key);
	g_assert_false(ecryptfs_envelope_prove(key, NULL, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED, NULL);
}

static void test_prove_read_pkcs1(void)
{
	g_autoptr(EcryptfsKey) key =
		envelope_open_key("rsa-2048", ECRYPTFS_MODE_DIRECT, true);

	check_prove(key, true);
}

static void add_files(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *name = g_strdup_printf(
			"%s-%s%s", files[i].file,
			ecryptfs_mode_name(files[i].mode),
			files[i].read_pkcs1 ? "-read-pkcs1" : "");

		envelope_add("file", name, &files[i], test_file);
	}
}

int main(int argc, char **argv)
{
	envelope_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(headers); i++)
		envelope_add("header", headers[i].name, &headers[i],
			     test_header);
	envelope_add_forms("form", test_form);
	envelope_add_forms("openssl-command", test_openssl_command);
	envelope_add_forms("prove", test_prove);
	add_files();
	envelope_add("compat-not-rsa", "p-256", "p-256", test_compat_not_rsa);
	envelope_add("compat-not-rsa", "p-384", "p-384", test_compat_not_rsa);
	envelope_add("compat-not-rsa", "x25519", "x25519",
		     test_compat_not_rsa);
	g_test_add_func("/envelope/read-pkcs1/never-wraps",
			test_read_pkcs1_never_wraps);
	g_test_add_func("/envelope/read-pkcs1/prove", test_prove_read_pkcs1);
	return envelope_run();
}
