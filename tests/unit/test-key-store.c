/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a signature to the keys that can serve it: order of providers, what a
 * reload keeps and what it drops, look-ups from threads meanwhile.
 */
#include "libecryptfs/key-store.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/unit/fixture.h"

#define PIN_PARAMS ((const char *const[]){ "pin", "1234", NULL })

struct world {
	char *modules_dir;
	char *keys_dir;
	EcryptfsPkiList *modules;
	EcryptfsKeyStore *store;
};

static void setup(struct world *world, const void *data)
{
	(void)data;
	world->modules_dir = fixture_directory_new();
	world->keys_dir = fixture_directory_new();
	fixture_install_module(world->modules_dir, "tests/pki", "fake");
	if (fixture_module_built("pki-modules", "openssl"))
		fixture_install_module(world->modules_dir, "pki-modules",
				       "openssl");
	world->modules = ecryptfs_pki_list_load(world->modules_dir,
						fixture_refused, NULL);
	world->store = ecryptfs_key_store_new(world->modules, world->keys_dir);
}

static void teardown(struct world *world, const void *data)
{
	(void)data;
	ecryptfs_key_store_free(world->store);
	ecryptfs_pki_list_free(world->modules);
	fixture_directory_free(world->keys_dir);
	fixture_directory_free(world->modules_dir);
}

static void add(struct world *world, const char *name, const char *pki_name,
		const char *key, const char *const *params)
{
	ecryptfs_registration_unref(
		fixture_register(world->keys_dir, name, pki_name, key, params));
}

static void reload(struct world *world)
{
	ecryptfs_key_store_reload(world->store, fixture_refused, NULL);
}

static char *sig_of(const char *key)
{
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key(key);

	return g_strdup(ecryptfs_public_key_sig(public_key));
}

static char *names_of(EcryptfsKey **keys, size_t n_keys)
{
	GString *names = g_string_new(NULL);

	for (size_t i = 0; i < n_keys; i++) {
		if (i > 0)
			g_string_append_c(names, ' ');
		g_string_append(names,
				ecryptfs_key_registration(keys[i])->name);
	}
	ecryptfs_key_store_free_keys(keys, n_keys);
	return g_string_free(names, FALSE);
}

static void assert_found(struct world *world, const char *key,
			 const char *expected)
{
	g_autofree char *sig = sig_of(key);
	size_t n_keys;
	EcryptfsKey **keys =
		ecryptfs_key_store_find(world->store, sig, &n_keys);
	g_autofree char *names = names_of(keys, n_keys);

	g_assert_cmpstr(names, ==, expected);
}

static EcryptfsKey *get(struct world *world, const char *name)
{
	GError *error = NULL;
	EcryptfsKey *key = ecryptfs_key_store_get(world->store, name, &error);

	g_assert_no_error(error);
	return key;
}

static void unlock(struct world *world, const char *name)
{
	g_autoptr(EcryptfsKey) key = get(world, name);
	g_autoptr(EcryptfsSecret) pin = ecryptfs_secret_new_from("1234", 4);
	GError *error = NULL;

	ecryptfs_key_unlock(key, pin, &error);
	g_assert_no_error(error);
}

static enum ecryptfs_error state_of(struct world *world, const char *name)
{
	g_autoptr(EcryptfsKey) key = get(world, name);
	struct ecryptfs_pki_key_state state;

	ecryptfs_key_state(key, &state);
	return state.code;
}

static void test_empty(struct world *world, const void *data)
{
	GError *error = NULL;
	size_t n_keys = 99;
	EcryptfsKey **keys;

	(void)data;
	reload(world);
	assert_found(world, "p-256", "");
	keys = ecryptfs_key_store_all(world->store, &n_keys);
	g_assert_cmpuint(n_keys, ==, 0);
	ecryptfs_key_store_free_keys(keys, n_keys);
	g_assert_null(ecryptfs_key_store_get(world->store, "home", &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_KEY, "home");
	ecryptfs_key_store_free(NULL);
}

static void test_all_in_order(struct world *world, const void *data)
{
	size_t n_keys;
	EcryptfsKey **keys;
	g_autofree char *names = NULL;

	(void)data;
	add(world, "work", "fake", "p-384", NULL);
	add(world, "home", "fake", "p-256", NULL);
	add(world, "mine", ECRYPTFS_PKI_PUBLIC, "rsa-2048", NULL);
	g_assert_null(ecryptfs_key_store_get(world->store, "home", NULL));
	reload(world);
	keys = ecryptfs_key_store_all(world->store, &n_keys);
	names = names_of(keys, n_keys);
	g_assert_cmpstr(names, ==, "home mine work");
	assert_found(world, "p-384", "work");
	assert_found(world, "rsa-2048", "mine");
	assert_found(world, "x25519", "");
}

/* Usable now first, then software, then hardware, public-only last. */
static void test_providers(struct world *world, const void *data)
{
	static const char *const token[] = { "hardware", "yes", NULL };
	static const char *const locked_token[] = { "hardware", "yes", "pin",
						    "1234", NULL };

	(void)data;
	add(world, "a-public", ECRYPTFS_PKI_PUBLIC, "p-256", NULL);
	add(world, "b-locked-token", "fake", "p-256", locked_token);
	add(world, "c-locked-file", "fake", "p-256", PIN_PARAMS);
	add(world, "d-token", "fake", "p-256", token);
	add(world, "e-file", "fake", "p-256", NULL);
	reload(world);
	assert_found(world, "p-256",
		     "e-file d-token c-locked-file b-locked-token a-public");
	unlock(world, "c-locked-file");
	assert_found(world, "p-256",
		     "c-locked-file e-file d-token b-locked-token a-public");
	unlock(world, "b-locked-token");
	assert_found(world, "p-256",
		     "c-locked-file e-file b-locked-token d-token a-public");
}

static void test_reload_keeps_state(struct world *world, const void *data)
{
	g_autoptr(EcryptfsKey) before = NULL;
	g_autoptr(EcryptfsKey) after = NULL;

	(void)data;
	add(world, "pin", "fake", "p-256", PIN_PARAMS);
	add(world, "sticky", "fake", "p-384", NULL);
	reload(world);
	unlock(world, "pin");
	before = get(world, "sticky");
	ecryptfs_key_lock(before);
	add(world, "new", "fake", "x25519", NULL);
	reload(world);
	g_assert_cmpint((int)state_of(world, "pin"), ==, ECRYPTFS_ERROR_NONE);
	g_assert_cmpint((int)state_of(world, "sticky"), ==,
			ECRYPTFS_ERROR_LOCKED);
	g_assert_cmpint((int)state_of(world, "new"), ==, ECRYPTFS_ERROR_NONE);
	after = get(world, "sticky");
	g_assert_true(before == after);
}

/* A changed file is another handle: unlocked no more, locked still. */
static void test_reload_changed(struct world *world, const void *data)
{
	static const char *const other_pin[] = { "pin", "1234", "delay-ms",
						 "0", NULL };

	(void)data;
	add(world, "pin", "fake", "p-256", PIN_PARAMS);
	add(world, "sticky", "fake", "p-384", NULL);
	reload(world);
	unlock(world, "pin");
	{
		g_autoptr(EcryptfsKey) sticky = get(world, "sticky");

		ecryptfs_key_lock(sticky);
	}
	add(world, "pin", "fake", "p-256", other_pin);
	add(world, "sticky", "fake", "p-384", other_pin);
	reload(world);
	g_assert_cmpint((int)state_of(world, "pin"), ==,
			ECRYPTFS_ERROR_LOCKED);
	g_assert_cmpint((int)state_of(world, "sticky"), ==,
			ECRYPTFS_ERROR_LOCKED);
	/* The lock is the signature's: another key of that name has none. */
	add(world, "sticky", "fake", "x25519", NULL);
	reload(world);
	g_assert_cmpint((int)state_of(world, "sticky"), ==,
			ECRYPTFS_ERROR_NONE);
	assert_found(world, "x25519", "sticky");
	assert_found(world, "p-384", "");
	/* And it is still there when the old one comes back. */
	add(world, "again", "fake", "p-384", NULL);
	reload(world);
	g_assert_cmpint((int)state_of(world, "again"), ==,
			ECRYPTFS_ERROR_LOCKED);
}

/* Who holds a key goes on with it when its registration is gone. */
static void test_reload_removed(struct world *world, const void *data)
{
	g_autofree char *path =
		ecryptfs_registration_path(world->keys_dir, "home");
	g_autoptr(EcryptfsKey) held = NULL;
	struct ecryptfs_pki_key_state state;

	(void)data;
	add(world, "home", "fake", "p-256", NULL);
	reload(world);
	held = get(world, "home");
	g_assert_cmpint(unlink(path), ==, 0);
	reload(world);
	assert_found(world, "p-256", "");
	ecryptfs_key_state(held, &state);
	g_assert_cmpint((int)state.code, ==, ECRYPTFS_ERROR_NONE);
}

static void assert_locks(struct world *world, const char *name,
			 const char *expected)
{
	GError *error = NULL;
	size_t n_keys;
	EcryptfsKey **keys = ecryptfs_key_store_lock(world->store, name,
						     &n_keys, &error);
	g_autofree char *names = NULL;

	g_assert_no_error(error);
	names = names_of(keys, n_keys);
	g_assert_cmpstr(names, ==, expected);
}

static void assert_state(struct world *world, const char *name,
			 enum ecryptfs_error code)
{
	g_assert_cmpint((int)state_of(world, name), ==, (int)code);
}

/* The lock is the signature's: all who serve it have it. */
static void test_lock(struct world *world, const void *data)
{
	GError *error = NULL;
	size_t n_keys;

	(void)data;
	add(world, "home", "fake", "p-256", NULL);
	add(world, "other", "fake", "p-384", NULL);
	add(world, "twin", "fake", "p-256", NULL);
	reload(world);
	assert_locks(world, "twin", "home twin");
	assert_state(world, "home", ECRYPTFS_ERROR_LOCKED);
	assert_state(world, "twin", ECRYPTFS_ERROR_LOCKED);
	assert_state(world, "other", ECRYPTFS_ERROR_NONE);
	unlock(world, "home");
	assert_state(world, "home", ECRYPTFS_ERROR_NONE);
	assert_state(world, "twin", ECRYPTFS_ERROR_NONE);
	assert_locks(world, NULL, "home other twin");
	assert_state(world, "other", ECRYPTFS_ERROR_LOCKED);
	/* What is registered afterwards is not what was meant. */
	add(world, "new", "fake", "x25519", NULL);
	reload(world);
	assert_state(world, "new", ECRYPTFS_ERROR_NONE);
	assert_state(world, "other", ECRYPTFS_ERROR_LOCKED);
	g_assert_null(ecryptfs_key_store_lock(world->store, "nobody", &n_keys,
					      &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_KEY, "nobody");
}

/* All are locked before any was read. */
static void test_lock_before_load(struct world *world, const void *data)
{
	(void)data;
	add(world, "home", "fake", "p-256", NULL);
	assert_locks(world, NULL, "");
	reload(world);
	assert_state(world, "home", ECRYPTFS_ERROR_LOCKED);
	unlock(world, "home");
	reload(world);
	assert_state(world, "home", ECRYPTFS_ERROR_NONE);
}

static void *reload_in_thread(void *data)
{
	reload(data);
	return NULL;
}

/* A reload that has read "home", and waits while it opens "waits". */
static GThread *begin_reload(struct world *world, const char *gate)
{
	g_autofree char *reached = g_strconcat(gate, ".reached", NULL);
	const char *const params[] = { "open-gate", gate, NULL };
	const char *const changed[] = { "delay-ms", "0", NULL };
	GThread *thread;

	add(world, "home", "fake", "p-256", changed);
	add(world, "waits", "fake", "x25519", params);
	thread = g_thread_new("reload", reload_in_thread, world);
	while (!g_file_test(reached, G_FILE_TEST_EXISTS))
		g_usleep(1000);
	return thread;
}

static void end_reload(GThread *thread, const char *gate)
{
	g_assert_true(g_file_set_contents(gate, "", 0, NULL));
	g_thread_join(thread);
}

static void test_lock_during_reload(struct world *world, const void *data)
{
	g_autofree char *gate = g_build_filename(world->keys_dir, "gate",
						 NULL);
	GThread *thread;

	(void)data;
	add(world, "home", "fake", "p-256", NULL);
	reload(world);
	thread = begin_reload(world, gate);
	assert_locks(world, "home", "home");
	end_reload(thread, gate);
	assert_state(world, "home", ECRYPTFS_ERROR_LOCKED);
	assert_state(world, "waits", ECRYPTFS_ERROR_NONE);
}

/* Also the keys that only this reload finds. */
static void test_lock_all_during_reload(struct world *world, const void *data)
{
	g_autofree char *gate = g_build_filename(world->keys_dir, "gate",
						 NULL);
	GThread *thread;

	(void)data;
	reload(world);
	thread = begin_reload(world, gate);
	assert_locks(world, NULL, "");
	end_reload(thread, gate);
	assert_state(world, "home", ECRYPTFS_ERROR_LOCKED);
	assert_state(world, "waits", ECRYPTFS_ERROR_LOCKED);
}

/* Whether the key, of which nothing was asked, would be let fail. */
static bool may_fail(EcryptfsKeyStore *store, const char *name)
{
	g_autoptr(EcryptfsKey) key = ecryptfs_key_store_get(store, name, NULL);

	return ecryptfs_failure_limit_allows(ecryptfs_key_failures(key), 0);
}

static void fail_often(struct world *world, const char *name)
{
	g_autoptr(EcryptfsKey) key = get(world, name);

	for (int i = 0; i < ECRYPTFS_FAILURE_LIMIT_BURST; i++)
		ecryptfs_failure_limit_note(ecryptfs_key_failures(key), 0);
}

/* The count is the signature's in this store, whatever registers it. */
static void test_failures(struct world *world, const void *data)
{
	static const char *const changed[] = { "delay-ms", "0", NULL };
	g_autofree char *home =
		ecryptfs_registration_path(world->keys_dir, "home");
	g_autoptr(EcryptfsKeyStore) other_store =
		ecryptfs_key_store_new(world->modules, world->keys_dir);

	(void)data;
	add(world, "home", "fake", "p-256", NULL);
	add(world, "twin", "fake", "p-256", NULL);
	add(world, "other", "fake", "p-384", NULL);
	reload(world);
	g_assert_true(may_fail(world->store, "home"));
	fail_often(world, "home");
	g_assert_false(may_fail(world->store, "home"));
	g_assert_false(may_fail(world->store, "twin"));
	g_assert_true(may_fail(world->store, "other"));
	add(world, "twin", "fake", "p-256", changed);
	g_assert_cmpint(unlink(home), ==, 0);
	reload(world);
	g_assert_false(may_fail(world->store, "twin"));
	add(world, "home", "fake", "p-256", NULL);
	reload(world);
	g_assert_false(may_fail(world->store, "home"));
	/* No process-wide state: another store has counted nothing. */
	ecryptfs_key_store_reload(other_store, fixture_refused, NULL);
	g_assert_true(may_fail(other_store, "home"));
}

static void note_refusal(const char *name, const GError *error, void *data)
{
	g_assert_nonnull(error);
	g_assert_true(error->domain == ECRYPTFS_ERROR);
	g_string_append_printf(data, "%s:%s ", name,
			       ecryptfs_error_name(error->code));
}

/* What is wrong is named; what is right is there all the same. */
static void test_refused(struct world *world, const void *data)
{
	static const char *const fails[] = { "open", "fail", NULL };
	static const char *const mute[] = { "open", "null", NULL };
	static const char *const misspelt[] = { "opne", "ok", NULL };
	g_autoptr(GString) refused = g_string_new(NULL);
	g_autofree char *link = NULL;

	(void)data;
	add(world, "good", "fake", "p-256", NULL);
	add(world, "fails", "fake", "p-384", fails);
	add(world, "mute", "fake", "p-384", mute);
	add(world, "misspelt", "fake", "p-384", misspelt);
	add(world, "other", "tpm2", "x25519", NULL);
	g_free(fixture_write(world->keys_dir, "broken.conf", "?", 1, 0600));
	add(world, "writable", "fake", "rsa-2048", NULL);
	link = ecryptfs_registration_path(world->keys_dir, "writable");
	g_assert_cmpint(g_chmod(link, 0666), ==, 0);
	ecryptfs_key_store_reload(world->store, note_refusal, refused);
	g_assert_cmpstr(refused->str, ==,
			"broken:bad-registration fails:unusable "
			"misspelt:bad-registration mute:bad-module "
			"other:no-module writable:permission ");
	assert_found(world, "p-256", "good");
	assert_found(world, "rsa-2048", "");
}

static void test_no_directory(struct world *world, const void *data)
{
	g_autoptr(GString) refused = g_string_new(NULL);
	g_autofree char *missing =
		g_strconcat(world->keys_dir, "/missing", NULL);
	g_autoptr(EcryptfsKeyStore) store =
		ecryptfs_key_store_new(world->modules, missing);
	size_t n_keys;
	EcryptfsKey **keys;

	(void)data;
	ecryptfs_key_store_reload(store, note_refusal, refused);
	g_assert_cmpstr(refused->str, ==, "");
	keys = ecryptfs_key_store_all(store, &n_keys);
	g_assert_cmpuint(n_keys, ==, 0);
	ecryptfs_key_store_free_keys(keys, n_keys);
}

static bool has_openssl(struct world *world)
{
	if (ecryptfs_pki_list_find(world->modules, "openssl", NULL))
		return true;
	g_test_skip("this build has no openssl module");
	return false;
}

/* Auth toks of ecryptfs-utils name a key file and no registration. */
static void test_adopt(struct world *world, const void *data)
{
	g_autofree char *path =
		fixture_key_file(world->keys_dir, "encrypted-rsa-2048");
	g_autofree char *sig = sig_of("rsa-2048");
	g_autoptr(EcryptfsSecret) pass = ecryptfs_secret_new_from("test", 4);
	g_autoptr(EcryptfsKey) key = NULL;
	struct ecryptfs_pki_key_state state;
	GError *error = NULL;

	(void)data;
	if (!has_openssl(world))
		return;
	reload(world);
	key = ecryptfs_key_store_adopt(world->store, path, pass, sig, &error);
	g_assert_no_error(error);
	g_assert_cmpint((int)ecryptfs_key_registration(key)->mode, ==,
			ECRYPTFS_MODE_COMPAT);
	ecryptfs_key_state(key, &state);
	g_assert_cmpint((int)state.code, ==, ECRYPTFS_ERROR_NONE);
	assert_found(world, "rsa-2048", "ecryptfs-utils");
	/* A registration of that signature comes first. */
	add(world, "home", "fake", "rsa-2048", NULL);
	reload(world);
	assert_found(world, "rsa-2048", "home");
}

static void test_adopt_refused(struct world *world, const void *data)
{
	g_autofree char *path = fixture_key_file(world->keys_dir, "rsa-2048");
	g_autofree char *encrypted =
		fixture_key_file(world->keys_dir, "encrypted-rsa-2048");
	g_autofree char *sig = sig_of("rsa-2048");
	g_autofree char *other = sig_of("other-rsa-2048");
	g_autoptr(EcryptfsSecret) wrong = ecryptfs_secret_new_from("tset", 4);
	GError *error = NULL;

	(void)data;
	if (!has_openssl(world))
		return;
	g_assert_null(ecryptfs_key_store_adopt(world->store, path, NULL, other,
					       &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_AUTH_TOK, other);
	g_assert_null(ecryptfs_key_store_adopt(world->store, encrypted, wrong,
					       sig, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, encrypted);
	g_assert_null(ecryptfs_key_store_adopt(world->store, "/no/such/key",
					       NULL, sig, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_ABSENT, "/no/such/key");
	assert_found(world, "rsa-2048", "");
}

static void *find_for_long(void *data)
{
	struct world *world = data;

	for (int i = 0; i < 500; i++)
		assert_found(world, "p-256", "home");
	return NULL;
}

static void test_threads(struct world *world, const void *data)
{
	GThread *threads[2];

	(void)data;
	add(world, "home", "fake", "p-256", NULL);
	reload(world);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("find", find_for_long, world);
	for (int i = 0; i < 100; i++) {
		add(world, "home", "fake", "p-256", NULL);
		reload(world);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

#define ADD(path, func)                                                       \
	g_test_add("/key-store/" path, struct world, NULL, setup, func,       \
		   teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("empty", test_empty);
	ADD("all-in-order", test_all_in_order);
	ADD("providers", test_providers);
	ADD("reload/keeps-state", test_reload_keeps_state);
	ADD("reload/changed", test_reload_changed);
	ADD("reload/removed", test_reload_removed);
	ADD("lock/signature", test_lock);
	ADD("lock/before-load", test_lock_before_load);
	ADD("lock/during-reload", test_lock_during_reload);
	ADD("lock/all-during-reload", test_lock_all_during_reload);
	ADD("failures", test_failures);
	ADD("refused", test_refused);
	ADD("no-directory", test_no_directory);
	ADD("adopt", test_adopt);
	ADD("adopt-refused", test_adopt_refused);
	ADD("threads", test_threads);
	return g_test_run();
}
