/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * EXTEND: how long a person may keep one open waiting, whatever keys it tries
 * (promise 6 of the engine).
 */
#include "tests/unit/messaging-fixture.h"

static const char opened[] = "\x41\0 the key";
#define OPENED_LEN (sizeof(opened) - 1)

struct desk {
	struct msg_bench bench;
	struct msg_socket socket;
};

static void desk_init(struct desk *desk, const struct msg_limits *limits)
{
	msg_bench_init(&desk->bench, limits);
	msg_socket_init(&desk->socket, ALICE);
	msg_bench_helo(&desk->bench, &desk->socket);
}

static void desk_clear(struct desk *desk)
{
	msg_socket_close(&desk->bench, &desk->socket);
	msg_bench_clear(&desk->bench);
}

/* A request that is delivered. */
static struct msg_ctx *deliver(struct desk *desk, u64 opener,
			       const char *packet, struct msg_id *id)
{
	struct msg_ctx *ctx = msg_bench_send(&desk->bench, ALICE, opener,
					     packet);

	*id = msg_bench_fetch(&desk->bench, &desk->socket, packet);
	return ctx;
}

static u32 extend(struct desk *desk, const struct msg_id *id, u32 ms)
{
	return msg_bench_extend(&desk->bench, &desk->socket, id, ms);
}

static void end_by(struct desk *desk, struct msg_ctx *ctx,
		   const struct msg_id *id, const void *reply, size_t len)
{
	struct msg_caller caller = msg_socket_caller(&desk->socket);
	size_t reply_len;
	u8 *data;

	g_assert_cmpint(msg_respond(&desk->bench.engine, &caller, id, reply,
				    len),
			==, 0);
	g_assert_cmpint(msg_wait(ctx, &data, &reply_len), ==, 0);
	g_assert_cmpmem(data, reply_len, reply, len);
	port_free(&desk->bench.engine.port, data, reply_len);
}

/* It waits until @after_ms from when this is called, and no longer. */
static void assert_times_out(struct desk *desk, struct msg_ctx *ctx,
			     u64 after_ms)
{
	u64 start = desk->bench.now_ms;

	msg_bench_assert_wait(&desk->bench, ctx, -ETIMEDOUT, NULL);
	g_assert_cmpuint(desk->bench.now_ms - start, ==, after_ms);
}

/* ---- one request: a series of EXTENDs, what is granted each time */

static const struct {
	const char *name;
	struct {
		u32 at_ms, ask_ms, granted_ms;
	} steps[4];
	u64 ends_ms;
} series[] = {
	{ "granted", { { 1000, 10000, 10000 } }, 11000 },
	{ "capped", { { 1000, 60000, 29000 } }, 30000 },
	{ "largest", { { 0, UINT32_MAX, 30000 } }, 30000 },
	{ "less-than-it-has", { { 0, 1, 3000 } }, 3000 },
	{ "repeated",
	  { { 2000, 10000, 10000 }, { 11000, 10000, 10000 },
	    { 20000, 10000, 10000 } },
	  30000 },
	{ "never-past-the-limit",
	  { { 2000, 20000, 20000 }, { 21000, 20000, 9000 },
	    { 29999, 20000, 0 } },
	  30000 },
	{ "last-millisecond", { { 2999, 30000, 27001 }, { 29999, 1, 0 } },
	  30000 },
};

static void test_series(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data);
	struct msg_ctx *ctx;
	struct desk desk;
	struct msg_id id;
	u64 start;

	desk_init(&desk, NULL);
	start = desk.bench.now_ms;
	ctx = deliver(&desk, 1, OPEN, &id);
	for (size_t i = 0; series[row].steps[i].ask_ms != 0; i++) {
		desk.bench.now_ms = start + series[row].steps[i].at_ms;
		g_assert_cmpuint(extend(&desk, &id,
					series[row].steps[i].ask_ms),
				 ==, series[row].steps[i].granted_ms);
	}
	assert_times_out(&desk, ctx,
			 series[row].ends_ms - (desk.bench.now_ms - start));
	desk_clear(&desk);
}

static void test_hard_cap(void)
{
	struct msg_limits limits = {
		.timeout_ms = TIMEOUT_MS,
		.extend_ms = 3600 * 1000,
		.window = WINDOW,
		.queue = QUEUE,
	};
	struct msg_ctx *ctx;
	struct desk desk;
	struct msg_id id;

	desk_init(&desk, &limits);
	g_assert_cmpuint(desk.bench.engine.limits.extend_ms, ==, 60000);
	ctx = deliver(&desk, 1, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 3600 * 1000), ==, 60000);
	g_assert_cmpuint(extend(&desk, &id, 3600 * 1000), ==, 0);
	assert_times_out(&desk, ctx, 60000);
	desk_clear(&desk);
}

static void test_switched_off(void)
{
	struct msg_limits limits = {
		.timeout_ms = TIMEOUT_MS, .window = WINDOW, .queue = QUEUE
	};
	struct msg_ctx *ctx;
	struct desk desk;
	struct msg_id id;

	desk_init(&desk, &limits);
	ctx = deliver(&desk, 1, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 1), ==, 0);
	assert_times_out(&desk, ctx, TIMEOUT_MS);
	desk_clear(&desk);
}

/* ---- who may not */

static int try_extend(struct desk *desk, struct msg_caller *caller,
		      const struct msg_id *id, u32 ms)
{
	*caller = msg_socket_caller(&desk->socket);
	return msg_extend(&desk->bench.engine, caller, id, &ms);
}

static void test_refused(void)
{
	struct msg_caller caller;
	struct msg_ctx *open, *create, *queued;
	struct desk desk;
	struct msg_id id, of_create;

	desk_init(&desk, NULL);
	open = deliver(&desk, 1, OPEN, &id);
	create = deliver(&desk, 2, CREATE, &of_create);
	queued = msg_bench_send(&desk.bench, ALICE, 3, OPEN);
	msg_assert_refused(&caller, try_extend(&desk, &caller, &of_create, 9),
			   -EOPNOTSUPP, "only who opens");
	msg_assert_refused(&caller,
			   try_extend(&desk, &caller, &desk.socket.kicked, 9),
			   -EINVAL, "nobody waits");
	msg_assert_refused(&caller, try_extend(&desk, &caller, &id, 0),
			   -EINVAL, "no time");
	id.counter++;
	msg_assert_refused(&caller, try_extend(&desk, &caller, &id, 9),
			   -EINVAL, "nobody waits");
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_REFUSED), ==, 4);
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_EXTENDED), ==,
			 0);
	assert_times_out(&desk, open, TIMEOUT_MS);
	msg_bench_assert_wait(&desk.bench, create, -ETIMEDOUT, NULL);
	msg_bench_assert_wait(&desk.bench, queued, -ETIMEDOUT, NULL);
	msg_assert_refused(&caller, try_extend(&desk, &caller, &of_create, 9),
			   -EINVAL, "nobody waits");
	desk_clear(&desk);
}

/* ---- one open, several keys */

static void test_candidates_share(void)
{
	struct msg_ctx *ctx;
	struct desk desk;
	struct msg_id id;
	u64 start;

	desk_init(&desk, NULL);
	start = desk.bench.now_ms;
	ctx = deliver(&desk, 1, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 20000), ==, 20000);
	desk.bench.now_ms += 20000 - 1;
	/* The first key did not open it; the second has what is left. */
	end_by(&desk, ctx, &id, "\x41\x01", 2);
	ctx = deliver(&desk, 1, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 20000), ==, 10001);
	assert_times_out(&desk, ctx, 10001);
	g_assert_cmpuint(desk.bench.now_ms, ==, start + EXTEND_MS);
	/* The others have no more than anybody, however often they ask. */
	for (size_t i = 0; i < 5; i++) {
		ctx = deliver(&desk, 1, OPEN, &id);
		g_assert_cmpuint(extend(&desk, &id, 20000), ==, 0);
		assert_times_out(&desk, ctx, TIMEOUT_MS);
	}
	desk_clear(&desk);
}

static void test_another_opener(void)
{
	struct msg_ctx *first, *second;
	struct desk desk;
	struct msg_id id;

	desk_init(&desk, NULL);
	first = deliver(&desk, 1, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 30000), ==, 30000);
	desk.bench.now_ms += 20000;
	second = deliver(&desk, 2, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 30000), ==, 30000);
	assert_times_out(&desk, first, 10000);
	assert_times_out(&desk, second, 20000);
	desk_clear(&desk);
}

static const struct {
	const char *name;
	const char *reply;
	size_t reply_len;
	const char *packet;
	u32 then_ms;
} endings[] = {
	{ "opened", opened, OPENED_LEN, OPEN, 30000 },
	{ "failed", "\x41\x01", 2, OPEN, 10000 },
	{ "cut", opened, 1, OPEN, 10000 },
	{ "not-tag-65", "\x43\0 the key", OPENED_LEN, OPEN, 10000 },
	{ "created", opened, OPENED_LEN, CREATE, 10000 },
};

/* A file that is open ends the open: the next has all its time. */
static void test_after(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data);
	struct msg_ctx *extended, *ending, *ctx;
	struct desk desk;
	struct msg_id id, of_extended;

	desk_init(&desk, NULL);
	extended = deliver(&desk, 1, OPEN, &of_extended);
	g_assert_cmpuint(extend(&desk, &of_extended, 25000), ==, 25000);
	desk.bench.now_ms += 20000;
	ending = deliver(&desk, 1, endings[row].packet, &id);
	end_by(&desk, ending, &id, endings[row].reply, endings[row].reply_len);
	ctx = deliver(&desk, 1, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 30000), ==, endings[row].then_ms);
	assert_times_out(&desk, extended, 5000);
	assert_times_out(&desk, ctx, endings[row].then_ms - 5000);
	desk_clear(&desk);
}

/* An older request does not profit from what a younger one was granted. */
static void test_own_creation_counts(void)
{
	struct msg_ctx *older, *younger;
	struct desk desk;
	struct msg_id of_older, of_younger;

	desk_init(&desk, NULL);
	older = deliver(&desk, 1, OPEN, &of_older);
	desk.bench.now_ms += 2000;
	younger = deliver(&desk, 1, OPEN, &of_younger);
	g_assert_cmpuint(extend(&desk, &of_younger, 30000), ==, 30000);
	g_assert_cmpuint(extend(&desk, &of_older, 30000), ==, 28000);
	assert_times_out(&desk, older, 28000);
	assert_times_out(&desk, younger, 2000);
	desk_clear(&desk);
}

/* It had no deadline left, but nobody woke up yet. */
static void test_after_the_end(void)
{
	struct msg_ctx *ctx;
	struct desk desk;
	struct msg_id id;

	desk_init(&desk, NULL);
	ctx = deliver(&desk, 1, OPEN, &id);
	desk.bench.now_ms += EXTEND_MS;
	g_assert_cmpuint(extend(&desk, &id, 1000), ==, 0);
	assert_times_out(&desk, ctx, 0);
	desk_clear(&desk);
}

static void test_survives_takeover(void)
{
	struct msg_socket successor;
	struct msg_ctx *ctx, *next;
	struct desk desk;
	struct msg_id id, of_next;

	desk_init(&desk, NULL);
	ctx = deliver(&desk, 1, OPEN, &id);
	g_assert_cmpuint(extend(&desk, &id, 20000), ==, 20000);
	desk.bench.now_ms += 10000;
	msg_socket_init(&successor, ALICE);
	msg_bench_take_over(&desk.bench, &successor, 1);
	id = msg_bench_fetch(&desk.bench, &successor, OPEN);
	/* The next key of that open has no more, whoever is asked for it. */
	next = msg_bench_send(&desk.bench, ALICE, 1, OPEN);
	of_next = msg_bench_fetch(&desk.bench, &successor, OPEN);
	g_assert_cmpuint(msg_bench_extend(&desk.bench, &successor, &of_next,
					  30000),
			 ==, 20000);
	g_assert_cmpuint(msg_bench_extend(&desk.bench, &successor, &id, 30000),
			 ==, 20000);
	assert_times_out(&desk, ctx, 20000);
	msg_bench_assert_wait(&desk.bench, next, -ETIMEDOUT, NULL);
	msg_socket_close(&desk.bench, &successor);
	desk_clear(&desk);
}

/* What is remembered does not grow with what was asked. */
static void test_budgets_are_few(void)
{
	struct desk desk;
	struct msg_id id;
	struct msg_ctx *ctx;
	long most;

	desk_init(&desk, NULL);
	for (u64 i = 0; i < 3 * QUEUE; i++) {
		ctx = deliver(&desk, i, OPEN, &id);
		g_assert_cmpuint(extend(&desk, &id, 5000), ==,
				 i < QUEUE ? 5000 : 0);
		end_by(&desk, ctx, &id, "\x41\x01", 2);
	}
	most = desk.bench.engine.port.allocations;
	/* Their time passes; others come, the memory stays what it was. */
	desk.bench.now_ms += 2 * EXTEND_MS + 1;
	for (u64 i = 0; i < 3 * QUEUE; i++) {
		ctx = deliver(&desk, 1000 + i, OPEN, &id);
		g_assert_cmpuint(extend(&desk, &id, 5000), ==,
				 i < QUEUE ? 5000 : 0);
		end_by(&desk, ctx, &id, "\x41\x01", 2);
	}
	g_assert_cmpint(desk.bench.engine.port.allocations, ==, most);
	desk_clear(&desk);
}

static void add_tables(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(series); i++) {
		g_autofree char *path = g_strdup_printf(
			"/messaging/extend/%s", series[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_series);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *path = g_strdup_printf(
			"/messaging/extend/after/%s", endings[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_after);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_tables();
	g_test_add_func("/messaging/extend/hard-cap", test_hard_cap);
	g_test_add_func("/messaging/extend/switched-off", test_switched_off);
	g_test_add_func("/messaging/extend/refused", test_refused);
	g_test_add_func("/messaging/extend/candidates-share",
			test_candidates_share);
	g_test_add_func("/messaging/extend/another-opener",
			test_another_opener);
	g_test_add_func("/messaging/extend/own-creation-counts",
			test_own_creation_counts);
	g_test_add_func("/messaging/extend/after-the-end", test_after_the_end);
	g_test_add_func("/messaging/extend/survives-takeover",
			test_survives_takeover);
	g_test_add_func("/messaging/extend/budgets-are-few",
			test_budgets_are_few);
	return g_test_run();
}
