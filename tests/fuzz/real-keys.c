/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixed test keys, opened by the real openssl module of this build.
 */
#include "tests/fuzz/real-keys.h"

#include <stdlib.h>
#include <string.h>

#include "libecryptfs/auth-tok.h"
#include "tests/unit/fixture.h"

/* RSA-1024 writes bare blocks as ecryptfs-utils did, and is the quickest. */
const char *const real_key_names[REAL_KEYS] = {
	"rsa-1024", "rsa-2048", "p-256", "p-384", "x25519",
};

static struct {
	char *modules_dir;
	char *keys_dir;
	EcryptfsPkiList *modules;
	EcryptfsKey *keys[REAL_KEYS];
	struct ecryptfs_responder responder;
} real;

static EcryptfsSecret *find(void *data, const char *sig, GError **error)
{
	(void)data;
	for (size_t i = 0; i < REAL_KEYS; i++) {
		g_autoptr(GBytes) payload = NULL;

		if (strcmp(ecryptfs_key_sig(real.keys[i]), sig) != 0)
			continue;
		payload = ecryptfs_auth_tok_to_payload(
			sig, "openssl", real_key_names[i], NULL);
		return ecryptfs_secret_new_from(g_bytes_get_data(payload, NULL),
						g_bytes_get_size(payload));
	}
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY,
		    "no auth tok of signature %s", sig);
	return NULL;
}

static void clean_up(void)
{
	for (size_t i = 0; i < REAL_KEYS; i++)
		ecryptfs_key_unref(real.keys[i]);
	ecryptfs_key_store_free(real.responder.keys);
	ecryptfs_pki_list_free(real.modules);
	fixture_directory_free(real.keys_dir);
	fixture_directory_free(real.modules_dir);
}

static void add(const char *name)
{
	g_autofree char *file = fixture_key_file(real.keys_dir, name);
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key(name);
	g_autoptr(EcryptfsRegistration) reg =
		ecryptfs_registration_new(name, "openssl", public_key);
	GError *error = NULL;

	ecryptfs_params_set(reg->params, "file", file);
	if (strcmp(name, "rsa-1024") == 0)
		reg->mode = ECRYPTFS_MODE_COMPAT;
	ecryptfs_registration_save(real.keys_dir, reg, true, &error);
	g_assert_no_error(error);
}

static void set_up(void)
{
	real.modules_dir = fixture_directory_new();
	real.keys_dir = fixture_directory_new();
	fixture_install_module(real.modules_dir, "pki-modules", "openssl");
	real.modules = ecryptfs_pki_list_load(real.modules_dir,
					      fixture_refused, NULL);
	real.responder.keys =
		ecryptfs_key_store_new(real.modules, real.keys_dir);
	for (size_t i = 0; i < REAL_KEYS; i++)
		add(real_key_names[i]);
	ecryptfs_key_store_reload(real.responder.keys, fixture_refused, NULL);
	for (size_t i = 0; i < REAL_KEYS; i++) {
		GError *error = NULL;

		real.keys[i] = ecryptfs_key_store_get(
			real.responder.keys, real_key_names[i], &error);
		g_assert_no_error(error);
	}
	real.responder.keyring = (struct ecryptfs_keyring){ .find = find };
	atexit(clean_up);
}

/* The fixture looks for files as GLib's tests do. */
static void init_test_paths(void)
{
	static char name[] = "fuzz";
	static char *argv_array[] = { name, NULL };
	char **argv = argv_array;
	int argc = 1;

	g_setenv("G_TEST_SRCDIR", FUZZ_SRCDIR, FALSE);
	g_setenv("G_TEST_BUILDDIR", FUZZ_BUILDDIR, FALSE);
	if (!g_test_initialized())
		g_test_init(&argc, &argv, NULL);
	/* That RSA-1024 is weak, as the module warns, is known here. */
	g_log_set_always_fatal(G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
}

const struct ecryptfs_responder *real_keys(void)
{
	if (!real.modules) {
		init_test_paths();
		set_up();
	}
	return &real.responder;
}

EcryptfsKey *real_key(size_t i)
{
	real_keys();
	return real.keys[i % REAL_KEYS];
}
