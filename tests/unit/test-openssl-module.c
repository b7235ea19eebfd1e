/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The openssl module as it was built: generate, the life of a handle, and
 * threads that lock a key while others use it.
 */
#include "libecryptfs/ecryptfs-pki-module.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/unit/fixture.h"
#include "tests/unit/openssl-fixture.h"

#define N_THREADS 4
#define UNWRAPS_PER_THREAD 100
#define KILLS 5

static void test_table(void)
{
	const struct ecryptfs_pki_module *module = openssl_module;
	const struct ecryptfs_pki_param *file = NULL, *passphrase = NULL;

	g_assert_cmpuint(module->abi, ==, ECRYPTFS_PKI_MODULE_ABI);
	g_assert_cmpstr(module->name, ==, "openssl");
	g_assert_cmpint(module->concurrency, ==, ECRYPTFS_PKI_PARALLEL);
	for (size_t i = 0; i < module->params_len; i++) {
		const struct ecryptfs_pki_param *param = &module->params[i];

		g_assert_nonnull(param->help);
		if (strcmp(param->name, "file") == 0)
			file = param;
		if (strcmp(param->name, "passphrase") == 0)
			passphrase = param;
	}
	g_assert_cmpint(file->kind, ==, ECRYPTFS_PKI_PARAM_PATH);
	g_assert_true(file->uses & ECRYPTFS_PKI_PARAM_LOCATOR);
	g_assert_true(file->uses & ECRYPTFS_PKI_PARAM_REQUIRED);
	/* What is kept in a registration must not be secret. */
	g_assert_cmpint(passphrase->kind, ==, ECRYPTFS_PKI_PARAM_SECRET);
	g_assert_false(passphrase->uses & ECRYPTFS_PKI_PARAM_LOCATOR);
}

static char *new_path(void)
{
	static int n;

	return g_strdup_printf("%s/new-%d.pem", openssl_directory, n++);
}

static EcryptfsPublicKey *public_of(void *key)
{
	GError *error = NULL;
	g_autoptr(GBytes) spki = openssl_module->public_id(key, &error);
	EcryptfsPublicKey *public = ecryptfs_public_key_new(
		g_bytes_get_data(spki, NULL), g_bytes_get_size(spki), &error);

	g_assert_no_error(error);
	return public;
}

static void assert_mode(const char *file, unsigned int mode)
{
	struct stat st;

	g_assert_cmpint(lstat(file, &st), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, mode);
}

struct type {
	const char *type;
	const char *description;
	const char *passphrase;
};

static const struct type types[] = {
	{ NULL, "RSA-3072", NULL },
	{ "rsa:2048", "RSA-2048", NULL },
	{ "rsa:3072", "RSA-3072", NULL },
	{ "rsa:4096", "RSA-4096", NULL },
	{ "ec:P-256", "P-256", NULL },
	{ "ec:P-384", "P-384", NULL },
	{ "x25519", "X25519", NULL },
	{ "rsa:2048", "RSA-2048", "correct horse" },
	{ "x25519", "X25519", "correct horse" },
};

/* 600000 rounds, as a DER integer, in the parameters of PBKDF2. */
static void assert_rounds(GBytes *pem)
{
	static const uint8_t rounds[] = { 0x02, 0x03, 0x09, 0x27, 0xc0 };
	const char *begin = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
	const char *text = g_bytes_get_data(pem, NULL);
	g_autofree uint8_t *der = NULL;
	gsize len;

	g_assert_true(g_str_has_prefix(text, begin));
	der = g_base64_decode(text + strlen(begin), &len);
	g_assert_nonnull(memmem(der, len, rounds, sizeof(rounds)));
}

static void test_generate(const void *data)
{
	const struct type *type = data;
	g_autofree char *file = new_path();
	g_autoptr(EcryptfsParams) params = openssl_params(file,
							  type->passphrase);
	g_autoptr(EcryptfsPublicKey) public = NULL;
	g_autoptr(GBytes) pem = NULL;
	GError *error = NULL;
	void *key;

	ecryptfs_params_set(params, "type", type->type);
	openssl_module->generate(NULL, params, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(ecryptfs_params_get(params, "file"), ==, file);
	assert_mode(file, 0600);
	pem = openssl_content(file);
	if (type->passphrase)
		assert_rounds(pem);
	else
		g_assert_true(g_str_has_prefix(g_bytes_get_data(pem, NULL),
					       "-----BEGIN PRIVATE KEY-----"));

	key = openssl_open(file, type->passphrase, NULL);
	public = public_of(key);
	g_assert_cmpstr(ecryptfs_public_key_describe(public), ==,
			type->description);
	openssl_assert_state(key, ECRYPTFS_ERROR_NONE, type->passphrase);
	openssl_module->key_close(key);
	openssl_module->import(NULL, params, &error);
	g_assert_no_error(error);
	if (type->passphrase)
		openssl_assert_refused(file, "wrong",
				       ECRYPTFS_ERROR_BAD_SECRET, file);
}

static guint files_in(const char *directory)
{
	GDir *entries = g_dir_open(directory, 0, NULL);
	guint n = 0;

	while (g_dir_read_name(entries))
		n++;
	g_dir_close(entries);
	return n;
}

static void assert_not_made(const char *type, const char *file,
			    const char *passphrase, enum ecryptfs_error code,
			    const char *word)
{
	g_autoptr(EcryptfsParams) params = openssl_params(file, passphrase);
	guint before = files_in(openssl_directory);
	GError *error = NULL;

	ecryptfs_params_set(params, "type", type);
	g_assert_false(openssl_module->generate(NULL, params, &error));
	fixture_assert_error(&error, code, word);
	g_assert_cmpuint(files_in(openssl_directory), ==, before);
}

static void test_generate_refuses(void)
{
	g_autofree char *file = new_path();
	g_autofree char *there = openssl_copy("keys/x25519.pem");
	g_autoptr(GBytes) before = openssl_content(there);
	g_autoptr(GBytes) after = NULL;
	g_autofree char *nowhere = g_build_filename(
		openssl_directory, "no-such-directory", "key.pem", NULL);
	g_autofree char *longer = g_strnfill(1025, 'x');

	assert_not_made("rsa:1024", file, NULL, ECRYPTFS_ERROR_USAGE,
			"rsa:2048, rsa:3072");
	assert_not_made("rsa:8192", file, NULL, ECRYPTFS_ERROR_USAGE, NULL);
	assert_not_made("", file, NULL, ECRYPTFS_ERROR_USAGE, NULL);
	assert_not_made("rsa", file, NULL, ECRYPTFS_ERROR_USAGE, NULL);
	assert_not_made("dsa", file, NULL, ECRYPTFS_ERROR_USAGE, "\"dsa\"");
	assert_not_made("x25519", NULL, NULL, ECRYPTFS_ERROR_USAGE, "file");
	assert_not_made("x25519", "k.pem", NULL, ECRYPTFS_ERROR_USAGE,
			"k.pem");
	assert_not_made("x25519", file, "", ECRYPTFS_ERROR_USAGE, "1024");
	assert_not_made("x25519", file, longer, ECRYPTFS_ERROR_USAGE, "1025");
	assert_not_made("x25519", nowhere, NULL, ECRYPTFS_ERROR_ABSENT,
			nowhere);
	assert_not_made("x25519", there, NULL, ECRYPTFS_ERROR_EXISTS, there);
	after = openssl_content(there);
	g_assert_true(g_bytes_equal(before, after));
}

/* The longest passphrase that is taken must open the file again. */
static void test_longest_passphrase(void)
{
	g_autofree char *file = new_path();
	g_autofree char *longest = g_strnfill(1024, 'x');
	g_autoptr(EcryptfsParams) params = openssl_params(file, longest);
	GError *error = NULL;

	ecryptfs_params_set(params, "type", "x25519");
	openssl_module->generate(NULL, params, &error);
	g_assert_no_error(error);
	openssl_module->key_close(openssl_open(file, longest, NULL));
}

/* Wrapping goes on whatever has become of the file. */
static void test_file_gone(void)
{
	g_autofree char *file = g_build_filename(openssl_directory,
						 "x25519.pem", NULL);
	void *key;

	g_unlink(file);
	key = openssl_open(file, NULL, "x25519");
	openssl_assert_state(key, ECRYPTFS_ERROR_ABSENT, false);
	openssl_assert_broken(key, "x25519", ECRYPTFS_ERROR_ABSENT, file);

	/* It came back, as on a stick. */
	g_free(openssl_copy("keys/x25519.pem"));
	openssl_assert_state(key, ECRYPTFS_ERROR_NONE, false);
	openssl_assert_works(key, "x25519");

	/* Once read it is held, until lock. */
	g_assert_cmpint(g_unlink(file), ==, 0);
	openssl_assert_state(key, ECRYPTFS_ERROR_NONE, false);
	openssl_assert_works(key, "x25519");
	openssl_module->lock(key);
	openssl_assert_state(key, ECRYPTFS_ERROR_ABSENT, false);
	openssl_assert_broken(key, "x25519", ECRYPTFS_ERROR_ABSENT, file);
	openssl_module->key_close(key);
}

static void test_file_bad(void)
{
	g_autofree char *file = openssl_copy("keys/rsa-2048.pem");
	g_autoptr(GBytes) other = fixture_vector("keys/other-rsa-2048.pem");
	void *key = openssl_open(file, NULL, "rsa-2048");

	g_assert_cmpint(chmod(file, 0644), ==, 0);
	openssl_assert_state(key, ECRYPTFS_ERROR_PERMISSION, false);
	openssl_assert_broken(key, "rsa-2048", ECRYPTFS_ERROR_PERMISSION,
			      "chmod 600");
	g_free(fixture_write(openssl_directory, "rsa-2048.pem", "junk", 4,
			     0600));
	openssl_assert_state(key, ECRYPTFS_ERROR_UNUSABLE, false);
	openssl_assert_broken(key, "rsa-2048", ECRYPTFS_ERROR_UNUSABLE, file);
	g_free(fixture_write(openssl_directory, "rsa-2048.pem",
			     g_bytes_get_data(other, NULL),
			     g_bytes_get_size(other), 0600));
	openssl_assert_broken(key, "rsa-2048", ECRYPTFS_ERROR_UNUSABLE,
			      "another key");
	openssl_module->key_close(key);
}

static bool unlock(void *key, const char *passphrase, GError **error)
{
	g_autoptr(EcryptfsSecret) secret = openssl_secret(passphrase);

	return openssl_module->unlock(key, secret, error);
}

static void test_unlock(const void *data)
{
	g_autofree char *file = openssl_copy(data);
	void *key = openssl_open(file, NULL, "rsa-2048");
	GError *error = NULL;

	openssl_assert_state(key, ECRYPTFS_ERROR_LOCKED, true);
	openssl_assert_broken(key, "rsa-2048", ECRYPTFS_ERROR_LOCKED, file);
	g_assert_false(unlock(key, "wrong", &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, file);
	g_assert_false(unlock(key, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED, file);
	openssl_assert_state(key, ECRYPTFS_ERROR_LOCKED, true);

	unlock(key, "test", &error);
	g_assert_no_error(error);
	openssl_assert_state(key, ECRYPTFS_ERROR_NONE, true);
	openssl_assert_works(key, "rsa-2048");
	/* A wrong one is told, and takes nothing away. */
	g_assert_false(unlock(key, "wrong", &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, file);
	openssl_assert_works(key, "rsa-2048");

	openssl_module->lock(key);
	openssl_assert_state(key, ECRYPTFS_ERROR_LOCKED, true);
	openssl_assert_broken(key, "rsa-2048", ECRYPTFS_ERROR_LOCKED, file);
	openssl_module->key_close(key);
}

/* A key without passphrase comes back by itself: stickiness is key.c's. */
static void test_lock_clear_key(void)
{
	g_autofree char *file = openssl_copy("keys/p-384.pem");
	void *key = openssl_open(file, NULL, "p-384");

	openssl_assert_works(key, "p-384");
	openssl_module->lock(key);
	openssl_module->lock(key);
	openssl_assert_state(key, ECRYPTFS_ERROR_NONE, false);
	openssl_assert_works(key, "p-384");
	openssl_module->key_close(key);
}

static bool passwd(void *key, const char *old, const char *fresh,
		   GError **error)
{
	g_autoptr(EcryptfsSecret) old_secret = openssl_secret(old);
	g_autoptr(EcryptfsSecret) fresh_secret = openssl_secret(fresh);

	return openssl_module->passwd(key, old_secret, fresh_secret, error);
}

static void assert_passwd(void *key, const char *old, const char *fresh)
{
	GError *error = NULL;

	passwd(key, old, fresh, &error);
	g_assert_no_error(error);
}

static void test_passwd(void)
{
	g_autofree char *file = openssl_copy("keys/x25519.pem");
	void *key = openssl_open(file, NULL, "x25519");
	guint before = files_in(openssl_directory);

	assert_passwd(key, NULL, "first");
	openssl_assert_state(key, ECRYPTFS_ERROR_LOCKED, true);
	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_LOCKED, file);
	openssl_module->key_close(openssl_open(file, "first", "x25519"));
	assert_passwd(key, "first", "second");
	assert_mode(file, 0600);
	openssl_assert_refused(file, "first", ECRYPTFS_ERROR_BAD_SECRET, file);
	openssl_module->key_close(openssl_open(file, "second", NULL));
	assert_passwd(key, "second", NULL);
	openssl_assert_state(key, ECRYPTFS_ERROR_NONE, false);
	openssl_assert_works(key, "x25519");
	g_assert_cmpuint(files_in(openssl_directory), ==, before);

	/* What is held goes on working. */
	assert_passwd(key, NULL, "third");
	openssl_assert_state(key, ECRYPTFS_ERROR_NONE, true);
	openssl_assert_works(key, "x25519");
	openssl_module->key_close(key);
}

static void assert_passwd_refused(void *key, const char *file, const char *old,
				  const char *fresh, enum ecryptfs_error code)
{
	g_autoptr(GBytes) before = openssl_content(file);
	g_autoptr(GBytes) after = NULL;
	guint n_before = files_in(openssl_directory);
	GError *error = NULL;

	g_assert_false(passwd(key, old, fresh, &error));
	fixture_assert_error(&error, code, NULL);
	after = openssl_content(file);
	g_assert_true(g_bytes_equal(before, after));
	g_assert_cmpuint(files_in(openssl_directory), ==, n_before);
}

/* The disk is full, as a limit on file sizes shows it. */
static void assert_passwd_without_room(void *key, const char *file)
{
	struct rlimit before, limit;

	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = before;
	limit.rlim_cur = 10;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	assert_passwd_refused(key, file, "test", "fresh", ECRYPTFS_ERROR_IO);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
}

static void test_passwd_refuses(void)
{
	g_autofree char *file =
		openssl_copy("wrapped/x25519.pkcs8-encrypted.pem");
	g_autofree char *longer = g_strnfill(1025, 'x');
	g_autoptr(GBytes) other = fixture_vector("keys/p-256.pem");
	void *key = openssl_open(file, NULL, "x25519");

	assert_passwd_refused(key, file, "wrong", "fresh",
			      ECRYPTFS_ERROR_BAD_SECRET);
	assert_passwd_refused(key, file, NULL, "fresh", ECRYPTFS_ERROR_LOCKED);
	assert_passwd_refused(key, file, "test", "", ECRYPTFS_ERROR_USAGE);
	assert_passwd_refused(key, file, "test", longer, ECRYPTFS_ERROR_USAGE);
	assert_passwd_without_room(key, file);
	/* Somebody put another key there: not ours to touch. */
	g_free(fixture_write(openssl_directory, "x25519.pkcs8-encrypted.pem",
			     g_bytes_get_data(other, NULL),
			     g_bytes_get_size(other), 0600));
	assert_passwd_refused(key, file, NULL, "fresh",
			      ECRYPTFS_ERROR_UNUSABLE);
	openssl_module->key_close(key);
}

/* Whatever lies beside the file is somebody's: done or refused, it stays. */
static void test_passwd_neighbours(void)
{
	static const char *const suffixes[] = { ".new", ".backup", "~" };
	g_autofree char *file = openssl_copy("keys/p-256.pem");
	void *key = openssl_open(file, NULL, "p-256");
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *name = g_strconcat("p-256.pem", suffixes[i],
						    NULL);

		g_free(fixture_write(openssl_directory, name, "mine", 4, 0600));
	}
	assert_passwd(key, NULL, "one");
	g_assert_false(passwd(key, "wrong", "two", &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *path = g_strconcat(file, suffixes[i], NULL);
		g_autoptr(GBytes) content = openssl_content(path);

		g_assert_cmpmem(g_bytes_get_data(content, NULL),
				g_bytes_get_size(content), "mine", 4);
		g_assert_cmpint(g_unlink(path), ==, 0);
	}
	openssl_module->key_close(key);
}

/* Killed at any point, the file is whole and opens by one of the two. */
static void test_passwd_killed(void)
{
	g_autofree char *file = openssl_copy("keys/x25519.pem");
	void *key = openssl_open(file, NULL, "x25519");

	assert_passwd(key, NULL, "one");
	for (int i = 0; i < KILLS; i++) {
		g_autoptr(EcryptfsParams) one = openssl_params(file, "one");
		g_autoptr(EcryptfsParams) two = openssl_params(file, "two");
		pid_t child = fork();

		if (child == 0) {
			for (;;) {
				passwd(key, "one", "two", NULL);
				passwd(key, "two", "one", NULL);
			}
		}
		g_usleep((gulong)g_random_int_range(1000, 1500000));
		g_assert_cmpint(kill(child, SIGKILL), ==, 0);
		g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
		if (openssl_module->import(NULL, one, NULL))
			continue;
		g_assert_true(openssl_module->import(NULL, two, NULL));
		assert_passwd(key, "two", "one");
	}
	openssl_module->key_close(key);
}

struct traffic {
	void *key;
	int n_opened;
	int n_locked;
};

static void *unwrap_often(void *data)
{
	struct traffic *traffic = data;

	for (int i = 0; i < UNWRAPS_PER_THREAD; i++) {
		GError *error = NULL;

		if (openssl_works(traffic->key, "rsa-2048", &error)) {
			g_atomic_int_inc(&traffic->n_opened);
			continue;
		}
		g_assert_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED);
		g_clear_error(&error);
		g_atomic_int_inc(&traffic->n_locked);
		g_usleep(100);
	}
	return NULL;
}

/* Every answer is right or says locked; nothing waits, nothing crashes. */
static void test_threads(void)
{
	g_autofree char *file = openssl_copy("wrapped/rsa-2048.encrypted.pem");
	struct traffic traffic = { .key = openssl_open(file, NULL,
						       "rsa-2048") };
	GThread *threads[N_THREADS];

	for (size_t i = 0; i < N_THREADS; i++)
		threads[i] = g_thread_new("unwrap", unwrap_often, &traffic);
	while (g_atomic_int_get(&traffic.n_opened) +
		       g_atomic_int_get(&traffic.n_locked) <
	       N_THREADS * UNWRAPS_PER_THREAD) {
		struct ecryptfs_pki_key_state state;

		g_assert_true(unlock(traffic.key, "test", NULL));
		openssl_module->state(traffic.key, &state);
		g_usleep(2000);
		openssl_module->lock(traffic.key);
		g_usleep(200);
	}
	for (size_t i = 0; i < N_THREADS; i++)
		g_thread_join(threads[i]);
	g_test_message("%d opened, %d locked", traffic.n_opened,
		       traffic.n_locked);
	g_assert_cmpint(traffic.n_opened, >, 0);
	openssl_module->key_close(traffic.key);
}

static void add_types(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		g_autofree char *path = g_strdup_printf(
			"/openssl-module/generate/%s%s",
			types[i].type ? types[i].type : "default",
			types[i].passphrase ? "-passphrase" : "");

		g_test_add_data_func(path, &types[i], test_generate);
	}
}

int main(int argc, char **argv)
{
	openssl_init(&argc, &argv);
	g_test_add_func("/openssl-module/table", test_table);
	add_types();
	g_test_add_func("/openssl-module/generate/refuses",
			test_generate_refuses);
	g_test_add_func("/openssl-module/generate/longest-passphrase",
			test_longest_passphrase);
	g_test_add_func("/openssl-module/file/gone", test_file_gone);
	g_test_add_func("/openssl-module/file/bad", test_file_bad);
	g_test_add_data_func("/openssl-module/unlock/traditional",
			     "wrapped/rsa-2048.encrypted.pem", test_unlock);
	g_test_add_data_func("/openssl-module/unlock/pkcs8",
			     "wrapped/rsa-2048.pkcs8-encrypted.pem",
			     test_unlock);
	g_test_add_func("/openssl-module/lock/clear-key", test_lock_clear_key);
	g_test_add_func("/openssl-module/passwd/good", test_passwd);
	g_test_add_func("/openssl-module/passwd/refuses",
			test_passwd_refuses);
	g_test_add_func("/openssl-module/passwd/neighbours",
			test_passwd_neighbours);
	g_test_add_func("/openssl-module/passwd/killed", test_passwd_killed);
	g_test_add_func("/openssl-module/threads", test_threads);
	return openssl_run();
}
