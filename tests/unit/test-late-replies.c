/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers that came too late: for one retry, for a while, not after `lock`. */
#include "daemon/late-replies.h"

#include <string.h>

#define SIG "1111111111111111"
#define OTHER_SIG "2222222222222222"

static EcryptfsSecret *text(const char *bytes)
{
	return ecryptfs_secret_new_from(bytes, strlen(bytes));
}

static void put_of(LateReplies *late, const char *sig, const char *request,
		   const char *reply, int64_t now)
{
	g_autoptr(EcryptfsSecret) asked = text(request);
	g_autoptr(EcryptfsSecret) answer = text(reply);

	late_replies_put(late, sig, late_replies_generation(late, sig), asked,
			 answer, now);
}

static void put(LateReplies *late, const char *request, const char *reply,
		int64_t now)
{
	put_of(late, SIG, request, reply, now);
}

/* What is kept for @request must be @reply; %NULL: nothing. */
static void assert_take(LateReplies *late, const char *request,
			const char *reply, int64_t now)
{
	g_autoptr(EcryptfsSecret) asked = text(request);
	g_autoptr(EcryptfsSecret) got = late_replies_take(late, asked, now);

	if (!reply) {
		g_assert_null(got);
		return;
	}
	g_assert_nonnull(got);
	g_assert_cmpmem(ecryptfs_secret_data(got), ecryptfs_secret_len(got),
			reply, strlen(reply));
}

static void test_once(void)
{
	LateReplies *late = late_replies_new();

	put(late, "request", "reply", 0);
	assert_take(late, "Request", NULL, 1);
	assert_take(late, "reques", NULL, 1);
	assert_take(late, "request2", NULL, 1);
	assert_take(late, "request", "reply", 1);
	assert_take(late, "request", NULL, 1);
	late_replies_free(late);
	late_replies_free(NULL);
}

static void test_expires(void)
{
	LateReplies *late = late_replies_new();

	put(late, "a", "1", 0);
	assert_take(late, "a", "1", LATE_REPLIES_USEC - 1);
	put(late, "a", "1", 0);
	put(late, "b", "2", 100);
	assert_take(late, "a", NULL, LATE_REPLIES_USEC);
	g_assert_cmpuint(late_replies_expire(late, LATE_REPLIES_USEC + 99), ==,
			 1);
	g_assert_cmpuint(late_replies_expire(late, LATE_REPLIES_USEC + 100),
			 ==, 0);
	assert_take(late, "b", NULL, 100);
	late_replies_free(late);
}

static void test_drop(void)
{
	LateReplies *late = late_replies_new();
	unsigned int before = late_replies_generation(late, SIG);
	g_autoptr(EcryptfsSecret) asked = text("a");
	g_autoptr(EcryptfsSecret) answer = text("1");

	put(late, "b", "2", 0);
	late_replies_drop(late, SIG);
	g_assert_cmpuint(late_replies_generation(late, SIG), !=, before);
	assert_take(late, "b", NULL, 1);
	/* Its work began before the keys were locked. */
	late_replies_put(late, SIG, before, asked, answer, 1);
	assert_take(late, "a", NULL, 1);
	put(late, "a", "1", 1);
	assert_take(late, "a", "1", 1);
	late_replies_free(late);
}

/* What is of another key stays, and what is worked on for it counts. */
static void test_drop_one_key(void)
{
	LateReplies *late = late_replies_new();
	unsigned int before = late_replies_generation(late, OTHER_SIG);

	put(late, "a", "1", 0);
	put_of(late, OTHER_SIG, "b", "2", 0);
	put(late, "c", "3", 0);
	late_replies_drop(late, SIG);
	g_assert_cmpuint(late_replies_generation(late, OTHER_SIG), ==, before);
	assert_take(late, "a", NULL, 1);
	assert_take(late, "c", NULL, 1);
	assert_take(late, "b", "2", 1);
	late_replies_free(late);
}

static void test_bounded(void)
{
	LateReplies *late = late_replies_new();

	for (int i = 0; i <= LATE_REPLIES_MAX; i++) {
		g_autofree char *request = g_strdup_printf("%d", i);

		put(late, request, request, i);
	}
	g_assert_cmpuint(late_replies_expire(late, 0), ==, LATE_REPLIES_MAX);
	assert_take(late, "0", NULL, 1);
	assert_take(late, "1", "1", 1);
	late_replies_free(late);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/late-replies/once", test_once);
	g_test_add_func("/late-replies/expires", test_expires);
	g_test_add_func("/late-replies/drop", test_drop);
	g_test_add_func("/late-replies/drop-one-key", test_drop_one_key);
	g_test_add_func("/late-replies/bounded", test_bounded);
	return g_test_run();
}
