/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bucket of failures, with a clock that the test turns.
 */
#include "libecryptfs/failure-limit.h"

#define BURST ECRYPTFS_FAILURE_LIMIT_BURST
#define PAUSE ECRYPTFS_FAILURE_LIMIT_PAUSE_USEC

static const int64_t start = 1000 * G_USEC_PER_SEC;

static void fail_times(EcryptfsFailureLimit *limit, int64_t now,
		       unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		g_assert_true(ecryptfs_failure_limit_allows(limit, now));
		ecryptfs_failure_limit_note(limit, now);
	}
}

static void test_burst(void)
{
	g_autoptr(EcryptfsFailureLimit) limit = ecryptfs_failure_limit_new();
	g_autoptr(EcryptfsFailureLimit) other = ecryptfs_failure_limit_new();

	fail_times(limit, start, BURST);
	g_assert_false(ecryptfs_failure_limit_allows(limit, start));
	/* Another key is not concerned. */
	g_assert_true(ecryptfs_failure_limit_allows(other, start));
}

static void test_refill(void)
{
	g_autoptr(EcryptfsFailureLimit) limit = ecryptfs_failure_limit_new();

	fail_times(limit, start, BURST);
	g_assert_false(ecryptfs_failure_limit_allows(limit,
						     start + PAUSE - 1));
	fail_times(limit, start + PAUSE, 1);
	g_assert_false(ecryptfs_failure_limit_allows(limit, start + PAUSE));
	/* A long rest gives one burst, not more. */
	fail_times(limit, start + 1000 * PAUSE, BURST);
	g_assert_false(ecryptfs_failure_limit_allows(limit,
						     start + 1000 * PAUSE));
}

/* Failures of threads that were let in together all count. */
static void test_over_the_limit(void)
{
	g_autoptr(EcryptfsFailureLimit) limit = ecryptfs_failure_limit_new();

	for (unsigned int i = 0; i < BURST + 4; i++)
		ecryptfs_failure_limit_note(limit, start);
	g_assert_false(ecryptfs_failure_limit_allows(limit,
						     start + 4 * PAUSE));
	g_assert_true(ecryptfs_failure_limit_allows(limit,
						    start + 5 * PAUSE));
}

static void test_success_costs_nothing(void)
{
	g_autoptr(EcryptfsFailureLimit) limit = ecryptfs_failure_limit_new();

	for (unsigned int i = 0; i < 10 * BURST; i++)
		g_assert_true(ecryptfs_failure_limit_allows(limit, start));
}

/* Who holds a reference goes on with the same count. */
static void test_shared(void)
{
	EcryptfsFailureLimit *limit = ecryptfs_failure_limit_new();
	g_autoptr(EcryptfsFailureLimit) shared =
		ecryptfs_failure_limit_ref(limit);

	fail_times(limit, start, BURST);
	ecryptfs_failure_limit_unref(limit);
	g_assert_false(ecryptfs_failure_limit_allows(shared, start));
	ecryptfs_failure_limit_unref(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/failure-limit/burst", test_burst);
	g_test_add_func("/failure-limit/refill", test_refill);
	g_test_add_func("/failure-limit/over-the-limit", test_over_the_limit);
	g_test_add_func("/failure-limit/success-costs-nothing",
			test_success_costs_nothing);
	g_test_add_func("/failure-limit/shared", test_shared);
	return g_test_run();
}
