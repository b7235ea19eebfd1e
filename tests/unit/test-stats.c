/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts of the daemon and of each key that is registered. */
#include "daemon/stats.h"

#define SIG "1111222233334444"

static void record(Stats *stats, const char *sig, enum ecryptfs_tag tag,
		   enum stats_result result, int64_t usec, const char *why)
{
	const struct stats_event event = {
		.sig = sig, .tag = tag, .result = result, .usec = usec,
		.now = 1000 + usec, .why = why,
	};

	stats_request(stats);
	stats_record(stats, &event);
}

static void test_key(void)
{
	Stats *stats = stats_new();
	struct stats_key counts;

	stats_add_key(stats, SIG);
	record(stats, SIG, ECRYPTFS_TAG_66, STATS_RESULT_ANSWERED, 10, NULL);
	record(stats, SIG, ECRYPTFS_TAG_64, STATS_RESULT_ANSWERED, 50, NULL);
	record(stats, SIG, ECRYPTFS_TAG_64, STATS_RESULT_LATE, 30, NULL);
	record(stats, SIG, ECRYPTFS_TAG_64, STATS_RESULT_REFUSED, 99, "one");
	record(stats, SIG, ECRYPTFS_TAG_66, STATS_RESULT_DROPPED, 99, "two");
	/* Added again at each reload: what was counted stays. */
	stats_add_key(stats, SIG);
	stats_get_key(stats, SIG, &counts);
	g_assert_cmpuint(counts.wraps, ==, 1);
	g_assert_cmpuint(counts.unwraps, ==, 2);
	g_assert_cmpuint(counts.failures, ==, 2);
	g_assert_cmpint(counts.usec_max, ==, 50);
	g_assert_cmpint(counts.usec_mean, ==, 30);
	g_assert_cmpint(counts.last_unwrap, ==, 1030);
	g_assert_cmpstr(counts.last_error, ==, "two");
	g_free(counts.last_error);
	stats_free(stats);
	stats_free(NULL);
}

/* A peer that makes signatures up fills no memory. */
static void test_unknown(void)
{
	Stats *stats = stats_new();
	struct stats_totals totals;
	struct stats_key counts;

	record(stats, SIG, ECRYPTFS_TAG_64, STATS_RESULT_REFUSED, 5, "no key");
	record(stats, "", ECRYPTFS_TAG_64, STATS_RESULT_DROPPED, 5, NULL);
	stats_get_key(stats, SIG, &counts);
	g_assert_cmpuint(counts.failures, ==, 0);
	g_assert_null(counts.last_error);
	stats_get_totals(stats, &totals);
	g_assert_cmpuint(totals.requests, ==, 2);
	g_assert_cmpuint(totals.results[STATS_RESULT_REFUSED], ==, 1);
	g_assert_cmpuint(totals.results[STATS_RESULT_DROPPED], ==, 1);
	g_assert_cmpuint(totals.results[STATS_RESULT_ANSWERED], ==, 0);
	g_assert_cmpuint(totals.results[STATS_RESULT_LATE], ==, 0);
	stats_free(stats);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stats/key", test_key);
	g_test_add_func("/stats/unknown", test_unknown);
	return g_test_run();
}
