/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 5 against the kernel's own keyrings, each test in a fresh session
 * keyring. What is put into the user keyring is taken out again.
 */
#include "libecryptfs/keyring.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyutils.h>

#include "tests/unit/fixture.h"

#define SIG "00ec7e57f00d0001"
#define OTHER_SIG "00ec7e57f00d0002"

/* Nobody's: its key quota is used up by a test. */
#define SPARE_UID 54321
#define SPARE_GID 54321

static bool keyrings_here(void)
{
	if (keyctl_join_session_keyring(NULL) >= 0)
		return true;
	g_test_skip("this system forbids keyrings (keyctl: no new session)");
	return false;
}

static GBytes *payload_of(char fill, size_t payload_len)
{
	char *payload = g_malloc(payload_len);

	memset(payload, fill, payload_len);
	return g_bytes_new_take(payload, payload_len);
}

static void add(enum ecryptfs_keyring_which which, const char *sig, char fill,
		size_t payload_len)
{
	g_autoptr(GBytes) payload = payload_of(fill, payload_len);
	GError *error = NULL;

	ecryptfs_keyring_add(which, sig, payload, NULL, &error);
	g_assert_no_error(error);
}

static void assert_found(const char *sig, char fill, size_t payload_len)
{
	struct ecryptfs_keyring keyring = ecryptfs_keyring_of_process();
	g_autoptr(GBytes) payload = payload_of(fill, payload_len);
	g_autoptr(EcryptfsSecret) found = NULL;
	GError *error = NULL;

	found = keyring.find(keyring.data, sig, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(found),
			ecryptfs_secret_len(found),
			g_bytes_get_data(payload, NULL), payload_len);
	g_assert_true(ecryptfs_keyring_has(sig));
}

static void assert_not_found(const char *sig, enum ecryptfs_error code)
{
	struct ecryptfs_keyring keyring = ecryptfs_keyring_of_process();
	GError *error = NULL;

	g_assert_null(keyring.find(keyring.data, sig, &error));
	g_assert_nonnull(strstr(error->message, "ecryptfs-manager"));
	fixture_assert_error(&error, code, sig);
}

static long key_of(const char *sig)
{
	long key = request_key("user", sig, NULL, 0);

	g_assert_cmpint(key, >, 0);
	return key;
}

static void test_missing(void)
{
	GError *error = NULL;

	if (!keyrings_here())
		return;
	assert_not_found(SIG, ECRYPTFS_ERROR_NO_KEY);
	g_assert_false(ecryptfs_keyring_has(SIG));
	g_assert_false(ecryptfs_keyring_remove(SIG, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_KEY, SIG);
}

static void test_session(void)
{
	GError *error = NULL;

	if (!keyrings_here())
		return;
	add(ECRYPTFS_KEYRING_SESSION, SIG, 'a', 740);
	assert_found(SIG, 'a', 740);
	assert_not_found(OTHER_SIG, ECRYPTFS_ERROR_NO_KEY);
	add(ECRYPTFS_KEYRING_SESSION, SIG, 'b', 800);
	assert_found(SIG, 'b', 800);
	g_assert_true(ecryptfs_keyring_remove(SIG, &error));
	g_assert_no_error(error);
	assert_not_found(SIG, ECRYPTFS_ERROR_NO_KEY);
	/* In no keyring of another session, so in none at all. */
	keyctl_join_session_keyring(NULL);
	g_assert_false(ecryptfs_keyring_has(SIG));
}

/* More than the first read has room for; the most an unprivileged user may. */
static void test_large(void)
{
	static const size_t lengths[] = { 1023, 1024, 1025, 4000 };

	if (!keyrings_here())
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		add(ECRYPTFS_KEYRING_SESSION, SIG, 'l', lengths[i]);
		assert_found(SIG, 'l', lengths[i]);
	}
}

static void test_user(void)
{
	g_autoptr(GBytes) payload = payload_of('u', 740);
	GError *error = NULL;
	bool linked = false;

	if (!keyrings_here())
		return;
	/* A fresh session keyring has no link to the user keyring. */
	g_assert_true(ecryptfs_keyring_add(ECRYPTFS_KEYRING_USER, SIG, payload,
					   &linked, &error));
	g_assert_no_error(error);
	g_assert_true(linked);
	assert_found(SIG, 'u', 740);
	g_assert_true(ecryptfs_keyring_add(ECRYPTFS_KEYRING_USER, SIG, payload,
					   &linked, &error));
	g_assert_false(linked);

	/* Another session of this user finds it once it is mended. */
	keyctl_join_session_keyring(NULL);
	g_assert_false(ecryptfs_keyring_has(SIG));
	g_assert_true(ecryptfs_keyring_mend_session(&error));
	g_assert_no_error(error);
	assert_found(SIG, 'u', 740);

	g_assert_true(ecryptfs_keyring_remove(SIG, &error));
	g_assert_false(ecryptfs_keyring_has(SIG));
}

static void test_persistent(void)
{
	long ring;
	GError *error = NULL;

	if (!keyrings_here())
		return;
	ring = keyctl_get_persistent((uid_t)-1, KEY_SPEC_PROCESS_KEYRING);
	if (ring < 0) {
		g_test_skip("this kernel has no persistent keyrings");
		return;
	}
	add(ECRYPTFS_KEYRING_PERSISTENT, SIG, 'p', 740);
	assert_found(SIG, 'p', 740);
	g_assert_true(ecryptfs_keyring_remove(SIG, &error));
	g_assert_no_error(error);
	g_assert_false(ecryptfs_keyring_has(SIG));
}

static void test_expired(void)
{
	if (!keyrings_here())
		return;
	add(ECRYPTFS_KEYRING_SESSION, SIG, 'e', 740);
	g_assert_cmpint(keyctl_set_timeout((key_serial_t)key_of(SIG), 1), ==,
			0);
	assert_found(SIG, 'e', 740);
	g_usleep(1200 * 1000);
	assert_not_found(SIG, ECRYPTFS_ERROR_KEY_EXPIRED);
	g_assert_false(ecryptfs_keyring_has(SIG));
	/* Adding it again brings it back. */
	add(ECRYPTFS_KEYRING_SESSION, SIG, 'f', 740);
	assert_found(SIG, 'f', 740);
}

static void test_revoked(void)
{
	if (!keyrings_here())
		return;
	add(ECRYPTFS_KEYRING_SESSION, SIG, 'r', 740);
	g_assert_cmpint(keyctl_revoke((key_serial_t)key_of(SIG)), ==, 0);
	assert_not_found(SIG, ECRYPTFS_ERROR_KEY_REVOKED);
	g_assert_false(ecryptfs_keyring_has(SIG));
	add(ECRYPTFS_KEYRING_SESSION, SIG, 's', 740);
	assert_found(SIG, 's', 740);
}

/* There, but its possessor may not even search it. */
static void test_unreadable(void)
{
	if (!keyrings_here())
		return;
	add(ECRYPTFS_KEYRING_SESSION, SIG, 'n', 740);
	g_assert_cmpint(keyctl_setperm((key_serial_t)key_of(SIG),
				       KEY_POS_VIEW),
			==, 0);
	assert_not_found(SIG, ECRYPTFS_ERROR_PERMISSION);
}

/* Logout revokes the session keyring that a daemon inherited. */
static void test_session_revoked(void)
{
	GError *error = NULL;

	if (!keyrings_here())
		return;
	add(ECRYPTFS_KEYRING_USER, SIG, 'q', 740);
	assert_found(SIG, 'q', 740);
	g_assert_cmpint(keyctl_revoke(KEY_SPEC_SESSION_KEYRING), ==, 0);
	assert_found(SIG, 'q', 740);
	/* What tools do goes on as well. */
	g_assert_cmpint(keyctl_revoke(KEY_SPEC_SESSION_KEYRING), ==, 0);
	add(ECRYPTFS_KEYRING_USER, OTHER_SIG, 'o', 740);
	assert_found(OTHER_SIG, 'o', 740);
	g_assert_true(ecryptfs_keyring_remove(SIG, &error));
	g_assert_true(ecryptfs_keyring_remove(OTHER_SIG, &error));
	g_assert_no_error(error);
}

static void *find_in_thread(void *data)
{
	(void)data;
	assert_found(SIG, 't', 740);
	return NULL;
}

static void test_worker_threads(void)
{
	GThread *threads[4];

	if (!keyrings_here())
		return;
	add(ECRYPTFS_KEYRING_SESSION, SIG, 't', 740);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("find", find_in_thread, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

/* In a child with a quota of its own: 20000 bytes hold some two dozen. */
static void fill_quota(void)
{
	g_autoptr(GBytes) payload = payload_of('x', 740);
	GError *error = NULL;

	g_assert_true(keyctl_join_session_keyring(NULL) >= 0);
	for (unsigned int i = 0; i < 300 && !error; i++) {
		g_autofree char *sig = g_strdup_printf("%016x", i);

		ecryptfs_keyring_add(ECRYPTFS_KEYRING_SESSION, sig, payload,
				     NULL, &error);
	}
	g_assert_nonnull(strstr(error->message, "kernel.keys.maxbytes"));
	fixture_assert_error(&error, ECRYPTFS_ERROR_QUOTA, NULL);
}

static void test_quota(void)
{
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		g_test_skip("needs root, to use up the quota of a spare user");
		return;
	}
	if (!keyrings_here())
		return;
	pid = fork();
	if (pid == 0) {
		if (setresgid(SPARE_GID, SPARE_GID, SPARE_GID) == 0 &&
		    setresuid(SPARE_UID, SPARE_UID, SPARE_UID) == 0)
			fill_quota();
		else
			_exit(77);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		g_test_skip("this root may not become another user");
		return;
	}
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/keyring/missing", test_missing);
	g_test_add_func("/keyring/session", test_session);
	g_test_add_func("/keyring/large", test_large);
	g_test_add_func("/keyring/user", test_user);
	g_test_add_func("/keyring/persistent", test_persistent);
	g_test_add_func("/keyring/expired", test_expired);
	g_test_add_func("/keyring/revoked", test_revoked);
	g_test_add_func("/keyring/unreadable", test_unreadable);
	g_test_add_func("/keyring/session-revoked", test_session_revoked);
	g_test_add_func("/keyring/worker-threads", test_worker_threads);
	g_test_add_func("/keyring/quota", test_quota);
	return g_test_run();
}
