/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bucket of failures, with a clock that the test turns.
 */
#include "libecryptfs/failure-limit.h"

#define BURST ECRYPTFS_FAILURE_LIMIT_BURST
#define PAUSE ECRYPTFS_FAILURE_LIMIT_PAUSE_USEC

static const int64_t start = 1000 * G_USEC_PER_SEC;

static void fail_times(const char *sig, int64_t now, unsigned int times)
{
	for (unsigned int i = 0; i < times; i++) {
		g_assert_true(ecryptfs_failure_limit_allows(sig, now));
		ecryptfs_failure_limit_note(sig, now);
	}
}

static void test_burst(void)
{
	const char *sig = "0000000000000001";

	fail_times(sig, start, BURST);
	g_assert_false(ecryptfs_failure_limit_allows(sig, start));
	/* Another key is not concerned. */
	g_assert_true(ecryptfs_failure_limit_allows("0000000000000002",
						    start));
}

static void test_refill(void)
{
	const char *sig = "0000000000000003";

	fail_times(sig, start, BURST);
	g_assert_false(ecryptfs_failure_limit_allows(sig, start + PAUSE - 1));
	fail_times(sig, start + PAUSE, 1);
	g_assert_false(ecryptfs_failure_limit_allows(sig, start + PAUSE));
	/* A long rest gives one burst, not more. */
	fail_times(sig, start + 1000 * PAUSE, BURST);
	g_assert_false(ecryptfs_failure_limit_allows(sig,
						     start + 1000 * PAUSE));
}

/* Failures of threads that were let in together all count. */
static void test_over_the_limit(void)
{
	const char *sig = "0000000000000004";

	for (unsigned int i = 0; i < BURST + 4; i++)
		ecryptfs_failure_limit_note(sig, start);
	g_assert_false(ecryptfs_failure_limit_allows(sig, start + 4 * PAUSE));
	g_assert_true(ecryptfs_failure_limit_allows(sig, start + 5 * PAUSE));
}

static void test_success_costs_nothing(void)
{
	const char *sig = "0000000000000005";

	for (unsigned int i = 0; i < 10 * BURST; i++)
		g_assert_true(ecryptfs_failure_limit_allows(sig, start));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/failure-limit/burst", test_burst);
	g_test_add_func("/failure-limit/refill", test_refill);
	g_test_add_func("/failure-limit/over-the-limit", test_over_the_limit);
	g_test_add_func("/failure-limit/success-costs-nothing",
			test_success_costs_nothing);
	return g_test_run();
}
