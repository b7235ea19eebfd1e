/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the openssl module share.
 */
#include "tests/unit/openssl-fixture.h"

#include <string.h>

#include "tests/unit/fixture.h"

const struct ecryptfs_pki_module *openssl_module;
char *openssl_directory;
int openssl_n_warnings;
static EcryptfsPkiList *modules;

static GLogWriterOutput count_warnings(GLogLevelFlags level,
				       const GLogField *fields,
				       gsize n_fields, void *data)
{
	(void)data;
	if ((level & G_LOG_LEVEL_WARNING) == 0)
		return g_log_writer_default(level, fields, n_fields, NULL);
	openssl_n_warnings++;
	return G_LOG_WRITER_HANDLED;
}

void openssl_init(int *argc, char ***argv)
{
	EcryptfsPki *pki;
	GError *error = NULL;

	g_test_init(argc, argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	g_log_set_writer_func(count_warnings, NULL, NULL);
	ecryptfs_secret_pool_init();
	openssl_directory = fixture_directory_new();
	fixture_install_module(openssl_directory, "pki-modules", "openssl");
	modules = ecryptfs_pki_list_load(openssl_directory, fixture_refused,
					 NULL);
	pki = ecryptfs_pki_list_find(modules, "openssl", &error);
	g_assert_no_error(error);
	openssl_module = pki->module;
}

int openssl_run(void)
{
	int result = g_test_run();

	ecryptfs_pki_list_free(modules);
	fixture_directory_free(openssl_directory);
	return result;
}

EcryptfsSecret *openssl_secret(const char *text)
{
	return text ? ecryptfs_secret_new_from(text, strlen(text)) : NULL;
}

EcryptfsParams *openssl_params(const char *file, const char *passphrase)
{
	EcryptfsParams *params = ecryptfs_params_new();

	ecryptfs_params_set(params, "file", file);
	ecryptfs_params_take_secret(params, "passphrase",
				    openssl_secret(passphrase));
	return params;
}

char *openssl_copy(const char *vector)
{
	g_autoptr(GBytes) pem = fixture_vector(vector);
	g_autofree char *name = g_path_get_basename(vector);

	return fixture_write(openssl_directory, name,
			     g_bytes_get_data(pem, NULL),
			     g_bytes_get_size(pem), 0600);
}

void *openssl_open(const char *file, const char *passphrase,
		   const char *public_key)
{
	g_autoptr(EcryptfsParams) params = openssl_params(file, passphrase);
	g_autoptr(EcryptfsPublicKey) public = NULL;
	GError *error = NULL;
	void *key;

	if (public_key)
		public = fixture_public_key(public_key);
	key = openssl_module->key_open(NULL, params, public, &error);
	g_assert_no_error(error);
	g_assert_nonnull(key);
	return key;
}

void openssl_assert_refused(const char *file, const char *passphrase,
			    enum ecryptfs_error code, const char *word)
{
	g_autoptr(EcryptfsParams) params = openssl_params(file, passphrase);
	GError *error = NULL;

	g_assert_false(openssl_module->import(NULL, params, &error));
	fixture_assert_error(&error, code, word);
	g_assert_null(openssl_module->key_open(NULL, params, NULL, &error));
	fixture_assert_error(&error, code, word);
}

bool openssl_works(void *key, const char *public_key, GError **error)
{
	g_autoptr(EcryptfsPublicKey) public = fixture_public_key(public_key);
	enum ecryptfs_scheme scheme = ecryptfs_public_key_scheme(public);
	uint8_t plain[35] = "a FEK packet, or so it is called";
	uint8_t wrapped[ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES];
	g_autoptr(EcryptfsSecret) opened = NULL;
	GError *wrap_error = NULL;
	size_t len;

	openssl_module->wrap(key, scheme, plain, sizeof(plain), wrapped,
			     sizeof(wrapped), &len, &wrap_error);
	g_assert_no_error(wrap_error);
	opened = openssl_module->unwrap(key, scheme, wrapped, len, error);
	if (!opened)
		return false;
	g_assert_cmpmem(ecryptfs_secret_data(opened),
			ecryptfs_secret_len(opened), plain, sizeof(plain));
	return true;
}

void openssl_assert_works(void *key, const char *public_key)
{
	GError *error = NULL;

	openssl_works(key, public_key, &error);
	g_assert_no_error(error);
}

void openssl_assert_broken(void *key, const char *public_key,
			   enum ecryptfs_error code, const char *word)
{
	GError *error = NULL;

	g_assert_false(openssl_works(key, public_key, &error));
	fixture_assert_error(&error, code, word);
}

void openssl_assert_state(void *key, enum ecryptfs_error code,
			  bool needs_secret)
{
	struct ecryptfs_pki_key_state state;

	memset(&state, 0xff, sizeof(state));
	openssl_module->state(key, &state);
	g_assert_cmpstr(ecryptfs_error_name(state.code), ==,
			ecryptfs_error_name(code));
	g_assert_cmpint(state.needs_secret, ==, needs_secret);
	g_assert_false(state.hardware);
	g_assert_cmpint(state.tries_left, ==, -1);
	g_assert_cmpint(state.lockout_until, ==, 0);
}

GBytes *openssl_content(const char *file)
{
	GError *error = NULL;
	gsize len;
	char *data;

	g_file_get_contents(file, &data, &len, &error);
	g_assert_no_error(error);
	return g_bytes_new_take(data, len);
}
