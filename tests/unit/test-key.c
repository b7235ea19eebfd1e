/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A key opened by a module that does what it is told: the sticky lock, the
 * declared concurrency, and modules that break the contract.
 */
#include "libecryptfs/key.h"

#include <string.h>

#include <glib/gstdio.h>

#include "tests/unit/fixture.h"

#define THREADS 6
#define DELAY_MS "40"
#define PLAIN "0123456789abcdefghi"
#define PLAIN_LEN 19

static char *modules_dir;
static EcryptfsPkiList *modules;

static EcryptfsPki *module(const char *name)
{
	GError *error = NULL;
	EcryptfsPki *pki = ecryptfs_pki_list_find(modules, name, &error);

	g_assert_no_error(error);
	return pki;
}

/* @params: "name=value" words */
static EcryptfsRegistration *registration(const char *pki_name,
					  const char *params)
{
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key("p-256");
	EcryptfsRegistration *reg =
		ecryptfs_registration_new("home", pki_name, public_key);
	g_auto(GStrv) words = g_strsplit(params, " ", -1);

	for (size_t i = 0; words[i] && *words[i]; i++) {
		g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);

		ecryptfs_params_set(reg->params, pair[0], pair[1]);
	}
	return reg;
}

static EcryptfsKey *open_key(const char *pki_name, const char *params)
{
	g_autoptr(EcryptfsRegistration) reg = registration(pki_name, params);
	GError *error = NULL;
	EcryptfsKey *key = ecryptfs_key_open(
		strcmp(pki_name, ECRYPTFS_PKI_PUBLIC) == 0 ? NULL :
							     module(pki_name),
		reg, &error);

	g_assert_no_error(error);
	return key;
}

static size_t wrap(EcryptfsKey *key, uint8_t *wrapped, GError **error)
{
	size_t wrapped_len = 0;

	if (!ecryptfs_key_wrap(key, ECRYPTFS_SCHEME_ECDH_P256,
			       (const uint8_t *)PLAIN, PLAIN_LEN, wrapped, 512,
			       &wrapped_len, error))
		return 0;
	return wrapped_len;
}

static EcryptfsSecret *unwrap(EcryptfsKey *key, GError **error)
{
	uint8_t wrapped[512];
	GError *wrap_error = NULL;
	size_t wrapped_len = wrap(key, wrapped, &wrap_error);

	g_assert_no_error(wrap_error);
	return ecryptfs_key_unwrap(key, ECRYPTFS_SCHEME_ECDH_P256, wrapped,
				   wrapped_len, error);
}

static void assert_unwraps(EcryptfsKey *key)
{
	g_autoptr(EcryptfsSecret) plain = NULL;
	GError *error = NULL;

	plain = unwrap(key, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(plain), ecryptfs_secret_len(plain),
			PLAIN, PLAIN_LEN);
}

static void assert_unwrap_fails(EcryptfsKey *key, enum ecryptfs_error code)
{
	GError *error = NULL;

	g_assert_null(unwrap(key, &error));
	fixture_assert_error(&error, code, NULL);
}

static enum ecryptfs_error state_code(EcryptfsKey *key)
{
	struct ecryptfs_pki_key_state state;

	ecryptfs_key_state(key, &state);
	return state.code;
}

static bool unlock(EcryptfsKey *key, const char *pin, GError **error)
{
	g_autoptr(EcryptfsSecret) secret =
		pin ? ecryptfs_secret_new_from(pin, strlen(pin)) : NULL;

	return ecryptfs_key_unlock(key, secret, error);
}

static void test_round_trip(void)
{
	g_autoptr(EcryptfsKey) key = open_key("fake", "");
	g_autoptr(EcryptfsKey) ref = ecryptfs_key_ref(key);
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key("p-256");

	assert_unwraps(ref);
	g_assert_cmpstr(ecryptfs_key_sig(key), ==,
			ecryptfs_public_key_sig(public_key));
	g_assert_true(ecryptfs_key_pki(key) == module("fake"));
	g_assert_cmpstr(ecryptfs_key_registration(key)->name, ==, "home");
	g_assert_cmpint((int)state_code(key), ==, ECRYPTFS_ERROR_NONE);
	ecryptfs_key_unref(NULL);
}

/* Without a PIN: lock is sticky, unlock needs nothing. */
static void test_sticky_lock(void)
{
	g_autoptr(EcryptfsKey) key = open_key("fake", "");
	uint8_t wrapped[512];
	GError *error = NULL;

	ecryptfs_key_lock(key);
	assert_unwrap_fails(key, ECRYPTFS_ERROR_LOCKED);
	g_assert_cmpint((int)state_code(key), ==, ECRYPTFS_ERROR_LOCKED);
	/* Wrapping goes on. */
	g_assert_cmpuint(wrap(key, wrapped, &error), >, 0);
	g_assert_no_error(error);
	g_assert_true(unlock(key, NULL, &error));
	g_assert_no_error(error);
	assert_unwraps(key);
	/* An idle time that ran out is no lock for what has no secret. */
	ecryptfs_key_drop_secret(key);
	assert_unwraps(key);
}

static void test_pin(void)
{
	g_autoptr(EcryptfsKey) key = open_key("fake", "pin=1234");
	struct ecryptfs_pki_key_state state;
	GError *error = NULL;

	ecryptfs_key_state(key, &state);
	g_assert_true(state.needs_secret);
	assert_unwrap_fails(key, ECRYPTFS_ERROR_LOCKED);
	g_assert_false(unlock(key, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED, "home");
	g_assert_false(unlock(key, "0000", &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, NULL);
	assert_unwrap_fails(key, ECRYPTFS_ERROR_LOCKED);
	g_assert_true(unlock(key, "1234", &error));
	g_assert_no_error(error);
	assert_unwraps(key);
	ecryptfs_key_drop_secret(key);
	assert_unwrap_fails(key, ECRYPTFS_ERROR_LOCKED);
	g_assert_true(unlock(key, "1234", &error));
	assert_unwraps(key);
	ecryptfs_key_lock(key);
	assert_unwrap_fails(key, ECRYPTFS_ERROR_LOCKED);
	/* A wrong PIN must not lift the sticky lock either. */
	g_assert_false(unlock(key, "0000", &error));
	g_clear_error(&error);
	assert_unwrap_fails(key, ECRYPTFS_ERROR_LOCKED);
	g_assert_true(unlock(key, "1234", &error));
	assert_unwraps(key);
}

static void test_public_only(void)
{
	g_autoptr(EcryptfsKey) key = open_key(ECRYPTFS_PKI_PUBLIC, "");
	GError *error = NULL;

	g_assert_null(ecryptfs_key_pki(key));
	g_assert_cmpint((int)state_code(key), ==, ECRYPTFS_ERROR_ABSENT);
	assert_unwrap_fails(key, ECRYPTFS_ERROR_ABSENT);
	g_assert_false(unlock(key, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_ABSENT, "home");
	ecryptfs_key_drop_secret(key);
	ecryptfs_key_lock(key);
	g_assert_false(ecryptfs_key_passwd(key, NULL, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "home");
}

static void test_passwd_not_offered(void)
{
	g_autoptr(EcryptfsKey) key = open_key("fake", "");
	GError *error = NULL;

	g_assert_false(ecryptfs_key_passwd(key, NULL, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "home");
}

/* Each state that a module can name reaches the caller with its name. */
static void test_module_states(void)
{
	static const struct {
		const char *params;
		enum ecryptfs_error code;
	} rows[] = {
		{ "unwrap=absent", ECRYPTFS_ERROR_ABSENT },
		{ "unwrap=lockout", ECRYPTFS_ERROR_LOCKOUT },
		{ "unwrap=policy", ECRYPTFS_ERROR_POLICY },
		{ "unwrap=busy", ECRYPTFS_ERROR_BUSY },
		{ "unwrap=rejected", ECRYPTFS_ERROR_REJECTED },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(EcryptfsKey) key = open_key("fake", rows[i].params);

		g_assert_cmpint((int)state_code(key), ==, (int)rows[i].code);
		assert_unwrap_fails(key, rows[i].code);
	}
}

/* A module that fails without an error must not make its caller crash. */
static void test_module_says_not_why(void)
{
	g_autoptr(EcryptfsRegistration) reg = registration("fake", "open=null");
	g_autoptr(EcryptfsKey) key = open_key("fake", "unwrap=null");
	g_autoptr(EcryptfsKey) mute = open_key("fake", "wrap=null");
	uint8_t wrapped[512];
	GError *error = NULL;

	g_assert_null(ecryptfs_key_open(module("fake"), reg, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MODULE, "fake");
	assert_unwrap_fails(key, ECRYPTFS_ERROR_BAD_MODULE);
	g_assert_cmpuint(wrap(mute, wrapped, &error), ==, 0);
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MODULE, "fake");
}

static void test_open_fails(void)
{
	g_autoptr(EcryptfsRegistration) reg = registration("fake", "open=fail");
	GError *error = NULL;

	g_assert_null(ecryptfs_key_open(module("fake"), reg, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, NULL);
}

/* A misspelt name is told, with those that the module has a use for. */
static void test_unknown_locator(void)
{
	static const struct {
		const char *pki_name;
		const char *params;
		const char *unknown;
		const char *known;
	} rows[] = {
		{ "fake", "fiel=/x", "fiel", "known: spki, pretend" },
		{ "fake", "open=ok unwarp=ok", "unwarp", "gate" },
		{ "fake", "OPEN=ok", "OPEN", "open" },
		{ ECRYPTFS_PKI_PUBLIC, "file=/x", "file", "known: none" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *pki_name = rows[i].pki_name;
		bool public_only = strcmp(pki_name, ECRYPTFS_PKI_PUBLIC) == 0;
		g_autoptr(EcryptfsRegistration) reg =
			registration(pki_name, rows[i].params);
		EcryptfsPki *pki = public_only ? NULL : module(pki_name);
		GError *error = NULL;

		g_assert_null(ecryptfs_key_open(pki, reg, &error));
		g_assert_nonnull(error);
		g_assert_nonnull(strstr(error->message, "home.conf"));
		g_assert_nonnull(strstr(error->message, rows[i].unknown));
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_REGISTRATION,
				     rows[i].known);
	}
}

/* The module found another key than the one that was registered. */
static void test_another_key(void)
{
	g_autofree char *other = g_test_build_filename(
		G_TEST_DIST, "tests", "vectors", "keys", "p-384.spki", NULL);
	g_autofree char *params = g_strconcat("pretend=", other, NULL);
	g_autoptr(EcryptfsRegistration) reg = registration("fake", params);
	GError *error = NULL;

	g_assert_null(ecryptfs_key_open(module("fake"), reg, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "home");
}

static void *unwrap_in_thread(void *data)
{
	assert_unwraps(data);
	return NULL;
}

struct most {
	int on_one_key;
	int in_module;
};

/* How many operations the module saw at a time, of all on these two keys */
static struct most most_at_a_time(EcryptfsKey *a, EcryptfsKey *b)
{
	struct ecryptfs_pki_key_state state_a, state_b;
	GThread *threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("unwrap", unwrap_in_thread,
					  i % 2 == 0 ? a : b);
	for (size_t i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	ecryptfs_key_state(a, &state_a);
	ecryptfs_key_state(b, &state_b);
	return (struct most){
		.on_one_key = MAX(state_a.tries_left, state_b.tries_left),
		.in_module = (int)state_a.lockout_until,
	};
}

static struct most most_of_two_keys(const char *pki_name)
{
	g_autoptr(EcryptfsKey) a = open_key(pki_name, "delay-ms=" DELAY_MS);
	g_autoptr(EcryptfsKey) b = open_key(pki_name, "delay-ms=" DELAY_MS);

	return most_at_a_time(a, b);
}

static void test_parallel(void)
{
	g_assert_cmpint(most_of_two_keys("fake").on_one_key, >, 1);
}

static void test_serial_per_key(void)
{
	struct most most = most_of_two_keys("fake-per-key");

	g_assert_cmpint(most.on_one_key, ==, 1);
	g_assert_cmpint(most.in_module, ==, 2);
}

static void test_serial_per_module(void)
{
	g_assert_cmpint(most_of_two_keys("fake-per-module").in_module, ==, 1);
}

/* lock and unlock from one thread while others unwrap: never a third way */
static void *unwrap_or_locked(void *data)
{
	for (int i = 0; i < 200; i++) {
		GError *error = NULL;
		g_autoptr(EcryptfsSecret) plain = unwrap(data, &error);

		if (!plain)
			fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED,
					     NULL);
	}
	return NULL;
}

static void test_lock_while_in_use(void)
{
	g_autoptr(EcryptfsKey) key = open_key("fake", "");
	GThread *threads[2];

	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("unwrap", unwrap_or_locked, key);
	for (int i = 0; i < 200; i++) {
		ecryptfs_key_lock(key);
		g_assert_true(unlock(key, NULL, NULL));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
	assert_unwraps(key);
}

/* A key of a test that looks behind it, at what its module holds. */
struct gated {
	char *directory;
	char *gate;
	char *reached;
	void *handle;
	EcryptfsKey *key;
	GError *error;
};

static void gated_init(struct gated *gated, const char *params)
{
	g_autoptr(EcryptfsRegistration) reg = registration("fake", params);
	EcryptfsPki *pki = module("fake");
	GError *error = NULL;

	gated->directory = fixture_directory_new();
	gated->gate = g_build_filename(gated->directory, "gate", NULL);
	gated->reached = g_strconcat(gated->gate, ".reached", NULL);
	ecryptfs_params_set(reg->params, "gate", gated->gate);
	ecryptfs_params_set(reg->params, "unlock-gate", gated->gate);
	gated->handle = pki->module->key_open(pki->state, reg->params,
					      reg->public_key, &error);
	g_assert_no_error(error);
	gated->key = ecryptfs_key_adopt(pki, reg, gated->handle);
	gated->error = NULL;
}

static void gated_clear(struct gated *gated)
{
	ecryptfs_key_unref(gated->key);
	g_free(gated->reached);
	g_free(gated->gate);
	fixture_directory_free(gated->directory);
}

static void gated_open(struct gated *gated)
{
	g_assert_true(g_file_set_contents(gated->gate, "", 0, NULL));
}

/* Starts it, and waits until the module does not go on. */
static GThread *gated_begin(struct gated *gated, GThreadFunc func)
{
	GThread *thread = g_thread_new("gated", func, gated);

	while (!g_file_test(gated->reached, G_FILE_TEST_EXISTS))
		g_usleep(1000);
	return thread;
}

static void assert_module_locked(const struct gated *gated)
{
	struct ecryptfs_pki_key_state state;

	module("fake")->module->state(gated->handle, &state);
	g_assert_cmpint((int)state.code, ==, ECRYPTFS_ERROR_LOCKED);
}

static void *gated_unwrap(void *data)
{
	static const uint8_t wrapped[32] = { 1 };
	struct gated *gated = data;
	g_autoptr(EcryptfsSecret) plain = ecryptfs_key_unwrap(
		gated->key, ECRYPTFS_SCHEME_ECDH_P256, wrapped,
		sizeof(wrapped), &gated->error);

	g_assert_null(plain);
	return NULL;
}

/* What a module reads again while it unwraps is dropped as well. */
static void test_lock_during_unwrap(void)
{
	struct gated gated;
	GThread *thread;

	gated_init(&gated, "pin=1234 rereads=yes");
	gated_open(&gated);
	g_assert_true(unlock(gated.key, "1234", NULL));
	g_assert_cmpint(g_remove(gated.gate), ==, 0);
	thread = gated_begin(&gated, gated_unwrap);
	ecryptfs_key_lock(gated.key);
	gated_open(&gated);
	g_thread_join(thread);
	fixture_assert_error(&gated.error, ECRYPTFS_ERROR_LOCKED, "home");
	assert_module_locked(&gated);
	gated_clear(&gated);
}

static void *gated_unlock(void *data)
{
	struct gated *gated = data;

	g_assert_false(unlock(gated->key, "1234", &gated->error));
	return NULL;
}

/* Who locks last is obeyed, even if it takes the unlock long. */
static void test_lock_during_unlock(void)
{
	struct gated gated;
	GThread *thread;

	gated_init(&gated, "pin=1234");
	thread = gated_begin(&gated, gated_unlock);
	ecryptfs_key_lock(gated.key);
	gated_open(&gated);
	g_thread_join(thread);
	fixture_assert_error(&gated.error, ECRYPTFS_ERROR_LOCKED, "again");
	assert_module_locked(&gated);
	g_assert_true(ecryptfs_key_is_locked(gated.key));
	g_assert_true(unlock(gated.key, "1234", NULL));
	g_assert_false(ecryptfs_key_is_locked(gated.key));
	gated_clear(&gated);
}

static void add_tests(void)
{
	g_test_add_func("/key/round-trip", test_round_trip);
	g_test_add_func("/key/sticky-lock", test_sticky_lock);
	g_test_add_func("/key/pin", test_pin);
	g_test_add_func("/key/public-only", test_public_only);
	g_test_add_func("/key/passwd-not-offered", test_passwd_not_offered);
	g_test_add_func("/key/module-states", test_module_states);
	g_test_add_func("/key/module-says-not-why", test_module_says_not_why);
	g_test_add_func("/key/open-fails", test_open_fails);
	g_test_add_func("/key/unknown-locator", test_unknown_locator);
	g_test_add_func("/key/another-key", test_another_key);
	g_test_add_func("/key/concurrency/parallel", test_parallel);
	g_test_add_func("/key/concurrency/serial-per-key",
			test_serial_per_key);
	g_test_add_func("/key/concurrency/serial-per-module",
			test_serial_per_module);
	g_test_add_func("/key/lock-while-in-use", test_lock_while_in_use);
	g_test_add_func("/key/lock-during-unwrap", test_lock_during_unwrap);
	g_test_add_func("/key/lock-during-unlock", test_lock_during_unlock);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	modules_dir = fixture_directory_new();
	fixture_install_module(modules_dir, "tests/pki", "fake");
	fixture_install_module(modules_dir, "tests/pki", "fake-per-key");
	fixture_install_module(modules_dir, "tests/pki", "fake-per-module");
	modules = ecryptfs_pki_list_load(modules_dir, fixture_refused, NULL);
	add_tests();
	result = g_test_run();
	ecryptfs_pki_list_free(modules);
	fixture_directory_free(modules_dir);
	return result;
}
