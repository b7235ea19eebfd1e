/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Identical lines are counted, not repeated; others pass. */
#include "daemon/log.h"

static void test_burst(void)
{
	struct log_repeat repeats[LOG_REPEATS] = { 0 };
	unsigned int suppressed;
	int64_t now;

	for (int i = 0; i < 100; i++) {
		g_assert_true(log_repeat_passes(repeats, "a", i, &suppressed)
			      == (i < LOG_BURST));
		g_assert_cmpuint(suppressed, ==, 0);
	}
	now = LOG_WINDOW_USEC - 1;
	g_assert_false(log_repeat_passes(repeats, "a", now, &suppressed));
	now = LOG_WINDOW_USEC;
	g_assert_true(log_repeat_passes(repeats, "a", now, &suppressed));
	g_assert_cmpuint(suppressed, ==, 101 - LOG_BURST);
	g_assert_true(log_repeat_passes(repeats, "a", now, &suppressed));
	g_assert_cmpuint(suppressed, ==, 0);
}

static void test_others_pass(void)
{
	struct log_repeat repeats[LOG_REPEATS] = { 0 };
	unsigned int suppressed;

	for (int i = 0; i < 10 * LOG_REPEATS; i++) {
		g_autofree char *text = g_strdup_printf("line %d", i);

		g_assert_true(log_repeat_passes(repeats, text, i, &suppressed));
		g_assert_cmpuint(suppressed, ==, 0);
	}
}

/* A line between them does not let the same line pass again. */
static void test_alternating(void)
{
	struct log_repeat repeats[LOG_REPEATS] = { 0 };
	unsigned int suppressed;

	for (int i = 0; i < 50; i++) {
		g_assert_true(log_repeat_passes(repeats, "a", i, &suppressed)
			      == (i < LOG_BURST));
		g_assert_true(log_repeat_passes(repeats, "b", i, &suppressed)
			      == (i < LOG_BURST));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/log/burst", test_burst);
	g_test_add_func("/log/others-pass", test_others_pass);
	g_test_add_func("/log/alternating", test_alternating);
	return g_test_run();
}
