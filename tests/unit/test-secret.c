/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one type for secret bytes, first with pages of its own, then from the
 * locked pool: the order of the tests matters.
 */
#include "config.h"

#include "libecryptfs/ecryptfs-secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define THREADS 4
#define ROUNDS 500

static bool all_bytes_are(const uint8_t *data, size_t data_len, uint8_t value)
{
	for (size_t i = 0; i < data_len; i++)
		if (data[i] != value)
			return false;
	return true;
}

static void test_new(void)
{
	g_autoptr(EcryptfsSecret) secret = ecryptfs_secret_new(100);

	g_assert_cmpuint(ecryptfs_secret_len(secret), ==, 0);
	g_assert_cmpuint(ecryptfs_secret_capacity(secret), ==, 100);
	g_assert_true(all_bytes_are(ecryptfs_secret_data(secret), 101, 0));
}

static void test_new_from(void)
{
	g_autoptr(EcryptfsSecret) secret = ecryptfs_secret_new_from("abc", 3);
	g_autoptr(EcryptfsSecret) empty = ecryptfs_secret_new_from(NULL, 0);

	g_assert_cmpuint(ecryptfs_secret_len(secret), ==, 3);
	g_assert_cmpstr((const char *)ecryptfs_secret_data(secret), ==, "abc");
	g_assert_cmpuint(ecryptfs_secret_len(empty), ==, 0);
}

static void test_set_len_wipes(void)
{
	g_autoptr(EcryptfsSecret) secret = ecryptfs_secret_new(64);
	uint8_t *data = ecryptfs_secret_data(secret);

	memset(data, 0xaa, 64);
	ecryptfs_secret_set_len(secret, 64);
	g_assert_true(all_bytes_are(data, 64, 0xaa));
	ecryptfs_secret_set_len(secret, 10);
	g_assert_cmpuint(ecryptfs_secret_len(secret), ==, 10);
	g_assert_true(all_bytes_are(data, 10, 0xaa));
	g_assert_true(all_bytes_are(data + 10, 55, 0));
	ecryptfs_secret_set_len(secret, 0);
	g_assert_true(all_bytes_are(data, 65, 0));
}

static void test_set_len_over_capacity(void)
{
	if (g_test_subprocess()) {
		EcryptfsSecret *secret = ecryptfs_secret_new(64);

		ecryptfs_secret_set_len(secret, 65);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_failed();
}

static void test_equal(void)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} rows[] = {
		{ "", "", true },	 { "x", "", false },
		{ "abc", "abc", true },	 { "abc", "abd", false },
		{ "abc", "abcd", false }, { "bbc", "abc", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(EcryptfsSecret) a = ecryptfs_secret_new_from(
			rows[i].a, strlen(rows[i].a));
		g_autoptr(EcryptfsSecret) b = ecryptfs_secret_new_from(
			rows[i].b, strlen(rows[i].b));

		g_assert_true(ecryptfs_secret_equal(a, b) == rows[i].equal);
	}
}

static void test_wipe(void)
{
	uint8_t bytes[8];

	memset(bytes, 0x55, sizeof(bytes));
	ecryptfs_wipe(bytes + 1, 6);
	g_assert_true(all_bytes_are(bytes + 1, 6, 0));
	g_assert_cmphex(bytes[0], ==, 0x55);
	g_assert_cmphex(bytes[7], ==, 0x55);
	ecryptfs_wipe(NULL, 0);
	ecryptfs_secret_free(NULL);
}

/* VmFlags of the mapping in which @address lies: lo locked, dd not dumped */
static bool mapping_has_flag(const void *address, const char *flag)
{
	g_autofree char *smaps = NULL;
	g_auto(GStrv) lines = NULL;
	bool inside = false, has = false;

	g_assert_true(g_file_get_contents("/proc/self/smaps", &smaps, NULL,
					  NULL));
	lines = g_strsplit(smaps, "\n", -1);
	for (size_t i = 0; lines[i]; i++) {
		unsigned long from, to;

		if (sscanf(lines[i], "%lx-%lx ", &from, &to) == 2)
			inside = (unsigned long)address >= from &&
				 (unsigned long)address < to;
		else if (inside && g_str_has_prefix(lines[i], "VmFlags:"))
			has = strstr(lines[i], flag) != NULL;
	}
	return has;
}

static bool may_lock(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	       limit.rlim_cur >= (64 << 10);
}

static void test_locked(void)
{
	g_autoptr(EcryptfsSecret) secret = ecryptfs_secret_new(5000);

#ifdef SANITIZED
	g_test_skip("sanitizers turn mlock into nothing");
	return;
#endif
	if (!may_lock()) {
		g_test_skip("RLIMIT_MEMLOCK forbids locked pages");
		return;
	}
	g_assert_true(mapping_has_flag(ecryptfs_secret_data(secret), " lo"));
	g_assert_true(mapping_has_flag(ecryptfs_secret_data(secret), " dd"));
}

/* Many, of all sizes, at a time: none shares a byte with another. */
static void test_many(void)
{
	EcryptfsSecret *secrets[256];

	for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
		secrets[i] = ecryptfs_secret_new(1 + i * i % 9000);
		memset(ecryptfs_secret_data(secrets[i]), (int)i,
		       ecryptfs_secret_capacity(secrets[i]));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
		g_assert_true(all_bytes_are(
			ecryptfs_secret_data(secrets[i]),
			ecryptfs_secret_capacity(secrets[i]), (uint8_t)i));
		ecryptfs_secret_free(secrets[i]);
	}
}

static void *churn(void *data)
{
	size_t salt = GPOINTER_TO_SIZE(data);

	for (size_t i = 0; i < ROUNDS; i++) {
		size_t size = 1 + (i * 37 + salt * 101) % 700;
		g_autoptr(EcryptfsSecret) secret = ecryptfs_secret_new(size);

		memset(ecryptfs_secret_data(secret), (int)salt, size);
		ecryptfs_secret_set_len(secret, size);
		g_assert_true(all_bytes_are(ecryptfs_secret_data(secret), size,
					    (uint8_t)salt));
	}
	return NULL;
}

static void test_threads(void)
{
	GThread *threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("churn", churn,
					  GSIZE_TO_POINTER(i + 1));
	for (size_t i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
}

static void test_pool_init(void)
{
	bool locked = ecryptfs_secret_pool_init();

	if (may_lock())
		g_assert_true(locked);
	/* Once more does no harm. */
	g_assert_true(ecryptfs_secret_pool_init());
}

/* The pool stays mapped: what was there can be looked for after the free. */
static void test_wiped_on_free(void)
{
	EcryptfsSecret *secret = ecryptfs_secret_new(48);
	const volatile uint8_t *data = ecryptfs_secret_data(secret);
	size_t left = 0;

	memset(ecryptfs_secret_data(secret), 0xa5, 48);
	ecryptfs_secret_set_len(secret, 48);
	ecryptfs_secret_free(secret);
	for (size_t i = 0; i < 48; i++)
		left += data[i] == 0xa5;
	g_assert_cmpuint(left, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/secret/pages/new", test_new);
	g_test_add_func("/secret/pages/new-from", test_new_from);
	g_test_add_func("/secret/pages/set-len-wipes", test_set_len_wipes);
	g_test_add_func("/secret/pages/set-len-over-capacity",
			test_set_len_over_capacity);
	g_test_add_func("/secret/pages/equal", test_equal);
	g_test_add_func("/secret/pages/wipe", test_wipe);
	g_test_add_func("/secret/pages/locked", test_locked);
	g_test_add_func("/secret/pages/many", test_many);
	g_test_add_func("/secret/pages/threads", test_threads);
	g_test_add_func("/secret/pool/init", test_pool_init);
	g_test_add_func("/secret/pool/new", test_new);
	g_test_add_func("/secret/pool/new-from", test_new_from);
	g_test_add_func("/secret/pool/set-len-wipes", test_set_len_wipes);
	g_test_add_func("/secret/pool/equal", test_equal);
	g_test_add_func("/secret/pool/wiped-on-free", test_wiped_on_free);
	g_test_add_func("/secret/pool/locked", test_locked);
	g_test_add_func("/secret/pool/many-more-than-it-holds", test_many);
	g_test_add_func("/secret/pool/threads", test_threads);
	return g_test_run();
}
