/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each allocation of the engine fails in turn: a defined errno each time,
 * everything else goes on, nothing is left over.
 */
#include "tests/unit/messaging-fixture.h"

/* Enough to let the table of indices grow twice. */
#define REQUESTS 150
#define MOST_ALLOCATIONS 2000

struct scenario {
	struct msg_bench bench;
	struct msg_socket old, new;
	struct msg_ctx *ctxs[REQUESTS];
	unsigned int refused;
};

/* 0 or out of memory, and then somebody says so. */
static bool went_well(struct scenario *s, const struct msg_caller *caller,
		      int err)
{
	if (err == 0)
		return true;
	if (caller)
		msg_assert_refused(caller, err, -ENOMEM, "memory");
	g_assert_cmpint(err, ==, -ENOMEM);
	s->refused++;
	return false;
}

/* Who is refused for want of memory tries once more: only one fails. */
static void helo(struct scenario *s, struct msg_socket *socket)
{
	struct msg_caller caller = msg_socket_caller(socket);
	struct msg_helo helo = { .replace = true };

	if (!went_well(s, &caller, msg_helo(&s->bench.engine, &caller, &helo)))
		g_assert_cmpint(msg_helo(&s->bench.engine, &caller, &helo), ==,
				0);
}

static struct msg_ctx *send_open(struct scenario *s, u64 opener)
{
	struct msg_request request = { .owner = { ALICE },
				       .opener = opener,
				       .data = (const u8 *)OPEN,
				       .data_len = strlen(OPEN) };
	struct msg_ctx *ctx;

	if (went_well(s, NULL, msg_send(&s->bench.engine, &request, &ctx)))
		return ctx;
	g_assert_null(ctx);
	return msg_bench_send(&s->bench, ALICE, opener, OPEN);
}

static void extend(struct scenario *s, const struct msg_id *id)
{
	struct msg_caller caller = msg_socket_caller(&s->new);
	u32 ms = 5000;

	if (!went_well(s, &caller,
		       msg_extend(&s->bench.engine, &caller, id, &ms)))
		g_assert_cmpuint(ms, ==, 5000);
}

static void respond(struct scenario *s, const struct msg_id *id)
{
	struct msg_caller caller = msg_socket_caller(&s->new);

	if (!went_well(s, &caller,
		       msg_respond(&s->bench.engine, &caller, id,
				   (const u8 *)"key", 3)))
		msg_bench_answer(&s->bench, &s->new, id, "key");
}

static unsigned int play(long fail_at)
{
	struct msg_limits limits = { TIMEOUT_MS, EXTEND_MS, REQUESTS,
				     REQUESTS };
	struct scenario s = { 0 };
	struct msg_id ids[10];

	msg_bench_init(&s.bench, &limits);
	msg_socket_init(&s.old, ALICE);
	msg_socket_init(&s.new, ALICE);
	s.bench.engine.port.fail_at = fail_at;
	helo(&s, &s.old);
	for (size_t i = 0; i < REQUESTS; i++)
		s.ctxs[i] = send_open(&s, i);
	helo(&s, &s.new);
	for (size_t i = 0; i < 10; i++)
		ids[i] = msg_bench_fetch(&s.bench, &s.new, OPEN);
	for (size_t i = 0; i < 10; i++)
		extend(&s, &ids[i]);
	for (size_t i = 0; i < 5; i++)
		respond(&s, &ids[i]);
	msg_socket_close(&s.bench, &s.new);
	for (size_t i = 0; i < REQUESTS; i++)
		msg_bench_assert_wait(&s.bench, s.ctxs[i],
				      i < 5 ? 0 : -ENOTCONN,
				      i < 5 ? "key" : NULL);
	msg_socket_close(&s.bench, &s.old);
	msg_bench_clear(&s.bench);
	return s.refused;
}

static void test_each_fails(void)
{
	long fail_at = 1;

	while (play(fail_at) == 1 && fail_at < MOST_ALLOCATIONS)
		fail_at++;
	/* The first that nobody felt is the first that was not there. */
	g_assert_cmpint(fail_at, >, REQUESTS);
	g_assert_cmpint(fail_at, <, MOST_ALLOCATIONS);
	g_assert_cmpuint(play(fail_at), ==, 0);
	g_assert_cmpuint(play(fail_at + 1), ==, 0);
}

/* What held a key is zero before others can have it. */
static void test_zeroed(void)
{
	struct port port = { 0 };
	u8 *data = port_zalloc(&port, 64);

	for (size_t i = 0; i < 64; i++)
		g_assert_cmpuint(data[i], ==, 0);
	g_assert_cmpint(port.allocations, ==, 1);
	port_free(&port, NULL, 64);
	g_assert_cmpint(port.allocations, ==, 1);
	port_free(&port, data, 64);
	g_assert_cmpint(port.allocations, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/messaging/memory/each-allocation-fails",
			test_each_fails);
	g_test_add_func("/messaging/memory/zeroed", test_zeroed);
	return g_test_run();
}
