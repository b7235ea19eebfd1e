/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is a user's daemon: HELO, QUIT, death, takeover, and who may speak for
 * whom (promises 2, 3 and 5 of the engine).
 */
#include "tests/unit/messaging-fixture.h"

#define MANY_OWNERS 1000
#define STORM 100000

static int try_helo(struct msg_bench *bench, struct msg_caller *caller,
		    const struct msg_helo *helo)
{
	caller->why = NULL;
	return msg_helo(&bench->engine, caller, helo);
}

static int try_quit(struct msg_bench *bench, struct msg_caller *caller)
{
	caller->why = NULL;
	return msg_quit(&bench->engine, caller);
}

/* ---- HELO */

static void test_again(void)
{
	struct msg_socket socket;
	struct msg_bench bench;
	struct msg_ctx *ctx;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&socket, ALICE);
	msg_bench_helo(&bench, &socket);
	ctx = msg_bench_send(&bench, ALICE, 1, OPEN);
	msg_bench_helo(&bench, &socket);
	msg_bench_take_over(&bench, &socket, 1);
	g_assert_cmpint(socket.refs, ==, 2);
	g_assert_cmpuint(socket.quits, ==, 0);
	/* What was asked before is still there, under its old name. */
	g_assert_cmpuint(socket.kicks, ==, 1);
	g_assert_cmpint(msg_bench_try_fetch(&bench, &socket, &socket.kicked),
			==, 0);
	msg_bench_answer(&bench, &socket, &socket.kicked, "key");
	msg_bench_assert_wait(&bench, ctx, 0, "key");
	msg_socket_close(&bench, &socket);
	msg_bench_clear(&bench);
}

static void test_busy(void)
{
	struct msg_socket first, second, other;
	struct msg_helo helo = { 0 };
	struct msg_caller caller;
	struct msg_bench bench;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&first, ALICE);
	msg_socket_init(&second, ALICE);
	msg_socket_init(&other, BOB);
	msg_bench_helo(&bench, &first);
	caller = msg_socket_caller(&second);
	msg_assert_refused(&caller, try_helo(&bench, &caller, &helo), -EBUSY,
			   "another daemon");
	g_assert_cmpint(second.refs, ==, 1);
	msg_bench_helo(&bench, &other);
	msg_socket_close(&bench, &first);
	msg_bench_helo(&bench, &second);
	msg_socket_close(&bench, &second);
	msg_socket_close(&bench, &other);
	msg_bench_clear(&bench);
}

/* A port's number in other hands before the engine heard of its end. */
static void test_endpoint_of_another_user(void)
{
	struct msg_helo helo = { .replace = true };
	struct msg_socket socket;
	struct msg_caller thief;
	struct msg_bench bench;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&socket, ALICE);
	msg_bench_helo(&bench, &socket);
	thief = msg_socket_caller(&socket);
	thief.opener.uid = thief.actor.uid = BOB;
	msg_assert_refused(&thief, try_helo(&bench, &thief, &helo), -EPERM,
			   "another user");
	msg_assert_refused(&thief, try_quit(&bench, &thief), -ENOTCONN,
			   "no daemon");
	msg_socket_close(&bench, &socket);
	msg_socket_init(&socket, ALICE);
	msg_bench_helo(&bench, &socket);
	msg_socket_close(&bench, &socket);
	msg_bench_clear(&bench);
}

static void test_storm(void)
{
	struct msg_helo helo = { .replace = true };
	struct msg_socket sockets[3];
	struct msg_caller callers[3];
	struct msg_bench bench;
	struct msg_ctx *ctx;

	msg_bench_init(&bench, NULL);
	for (size_t i = 0; i < 3; i++) {
		msg_socket_init(&sockets[i], ALICE);
		callers[i] = msg_socket_caller(&sockets[i]);
	}
	msg_bench_helo(&bench, &sockets[0]);
	ctx = msg_bench_send(&bench, ALICE, 1, OPEN);
	for (u32 i = 1; i < STORM; i++)
		g_assert_cmpint(msg_helo(&bench.engine, &callers[i % 3], &helo),
				==, 0);
	/* The engine keeps one registration and one context of all that. */
	g_assert_cmpint(bench.engine.port.allocations, <=, 3);
	msg_bench_answer(&bench, &sockets[(STORM - 1) % 3],
			 &(struct msg_id){
				 msg_bench_fetch(&bench,
						 &sockets[(STORM - 1) % 3],
						 OPEN)
					 .index,
				 bench.engine.counter },
			 "key");
	msg_bench_assert_wait(&bench, ctx, 0, "key");
	for (size_t i = 0; i < 3; i++)
		msg_socket_close(&bench, &sockets[i]);
	msg_bench_clear(&bench);
}

static void test_many_owners(void)
{
	struct msg_socket *sockets = g_new(struct msg_socket, MANY_OWNERS);
	struct msg_ctx **ctxs = g_new(struct msg_ctx *, MANY_OWNERS);
	struct msg_bench bench;
	struct msg_id id;

	msg_bench_init(&bench, NULL);
	for (u32 i = 0; i < MANY_OWNERS; i++) {
		msg_socket_init(&sockets[i], i * 7);
		msg_bench_helo(&bench, &sockets[i]);
		ctxs[i] = msg_bench_send(&bench, i * 7, i, OPEN);
	}
	for (u32 i = MANY_OWNERS; i-- > 0;) {
		g_assert_cmpuint(sockets[i].kicks, ==, 1);
		id = msg_bench_fetch(&bench, &sockets[i], OPEN);
		g_assert_cmpint(msg_bench_try_fetch(&bench, &sockets[i], NULL),
				==, -EAGAIN);
		/* Odd ones die. */
		if (i % 2)
			msg_socket_close(&bench, &sockets[i]);
		else
			msg_bench_answer(&bench, &sockets[i], &id, "key");
	}
	for (u32 i = 0; i < MANY_OWNERS; i++)
		msg_bench_assert_wait(&bench, ctxs[i], i % 2 ? -ENOTCONN : 0,
				      i % 2 ? NULL : "key");
	g_assert_cmpuint(msg_bench_count(&bench, MSG_STAT_ABANDONED), ==,
			 MANY_OWNERS / 2);
	msg_engine_exit(&bench.engine);
	for (u32 i = 0; i < MANY_OWNERS; i += 2) {
		g_assert_cmpuint(sockets[i].quits, ==, 1);
		g_assert_cmpint(sockets[i].reason, ==, MSG_REASON_UNLOAD);
		g_assert_cmpint(sockets[i].refs, ==, 1);
	}
	g_assert_cmpint(bench.engine.port.allocations, ==, 0);
	g_free(ctxs);
	g_free(sockets);
}

/* ---- identity: every command, every wrong caller */

enum command { COMMAND_HELO, COMMAND_QUIT, COMMAND_FETCH, COMMAND_RESPOND,
	       COMMAND_EXTEND, N_COMMANDS };

static const char *const command_names[] = { "helo", "quit", "fetch", "respond",
					     "extend" };

static int give_command(struct msg_bench *bench, enum command command,
			struct msg_caller *caller, const struct msg_id *id)
{
	struct msg_helo helo = { 0 };
	struct msg_delivery delivery;
	u32 ms = 1000;

	switch (command) {
	case COMMAND_HELO:
		return msg_helo(&bench->engine, caller, &helo);
	case COMMAND_QUIT:
		return msg_quit(&bench->engine, caller);
	case COMMAND_FETCH:
		return msg_fetch(&bench->engine, caller, NULL, MSG_PACKET_MAX,
				 &delivery);
	case COMMAND_RESPOND:
		return msg_respond(&bench->engine, caller, id,
				   (const u8 *)"key", 3);
	case COMMAND_EXTEND:
		return msg_extend(&bench->engine, caller, id, &ms);
	case N_COMMANDS:
		break;
	}
	g_assert_not_reached();
}

static const struct {
	const char *name;
	u32 opener, actor;
	bool own_socket;
	int err;
	const char *word;
	int helo_err;
} strangers[] = {
	{ "setuid-program-on-an-inherited-socket", ALICE, 0, true, -EPERM,
	  "opened by another user", -EPERM },
	{ "another-user-on-the-daemons-socket", ALICE, BOB, true, -EPERM,
	  "opened by another user", -EPERM },
	{ "the-owner-on-another-users-socket", BOB, ALICE, false, -EPERM,
	  "opened by another user", -EPERM },
	{ "a-second-socket-of-the-owner", ALICE, ALICE, false, -EPERM,
	  "another daemon", -EBUSY },
	{ "another-user-without-a-daemon", BOB, BOB, false, -ENOTCONN,
	  "no daemon", 0 },
	{ "root-without-a-daemon", 0, 0, false, -ENOTCONN, "no daemon", 0 },
};

static void test_stranger(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data) / N_COMMANDS;
	enum command command = GPOINTER_TO_SIZE(data) % N_COMMANDS;
	struct msg_socket own, other;
	struct msg_caller caller;
	struct msg_bench bench;
	struct msg_ctx *asked, *queued;
	struct msg_id id;
	int err;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&own, ALICE);
	msg_socket_init(&other, strangers[row].opener);
	msg_bench_helo(&bench, &own);
	asked = msg_bench_send(&bench, ALICE, 1, OPEN);
	queued = msg_bench_send(&bench, ALICE, 2, CREATE);
	id = msg_bench_fetch(&bench, &own, OPEN);
	caller = msg_socket_caller(strangers[row].own_socket ? &own : &other);
	caller.opener.uid = strangers[row].opener;
	caller.actor.uid = strangers[row].actor;

	err = give_command(&bench, command, &caller, &id);
	if (command != COMMAND_HELO)
		msg_assert_refused(&caller, err, strangers[row].err,
				   strangers[row].word);
	else
		g_assert_cmpint(err, ==, strangers[row].helo_err);
	/* It changed nothing for the daemon and those who wait. */
	g_assert_cmpuint(msg_bench_count(&bench, MSG_STAT_PENDING), ==, 2);
	g_assert_cmpuint(own.quits, ==, 0);
	g_assert_cmpuint(msg_bench_count(&bench, MSG_STAT_REFUSED), ==,
			 command == COMMAND_RESPOND ||
				 command == COMMAND_EXTEND);
	msg_bench_answer(&bench, &own, &id, "key");
	msg_bench_assert_wait(&bench, asked, 0, "key");
	id = msg_bench_fetch(&bench, &own, CREATE);
	msg_bench_answer(&bench, &own, &id, "wrapped");
	msg_bench_assert_wait(&bench, queued, 0, "wrapped");
	msg_socket_close(&bench, &own);
	msg_socket_close(&bench, &other);
	msg_bench_clear(&bench);
}

/* What a stranger tries is not held against the daemon. */
static void test_counted_to_the_sender(void)
{
	struct port_owner alice = { ALICE }, bob = { BOB };
	struct msg_socket own, other;
	struct msg_stats stats;
	struct msg_bench bench;
	struct msg_id id = { 0, 0 };

	msg_bench_init(&bench, NULL);
	msg_socket_init(&own, ALICE);
	msg_socket_init(&other, BOB);
	msg_bench_helo(&bench, &own);
	msg_bench_helo(&bench, &other);
	g_assert_cmpint(msg_bench_try_answer(&bench, &other, &id), ==, -EINVAL);
	msg_read_stats(&bench.engine, &alice, &stats);
	g_assert_cmpuint(stats.count[MSG_STAT_REFUSED], ==, 0);
	msg_read_stats(&bench.engine, &bob, &stats);
	g_assert_cmpuint(stats.count[MSG_STAT_REFUSED], ==, 1);
	msg_socket_close(&bench, &own);
	msg_socket_close(&bench, &other);
	msg_bench_clear(&bench);
}

/* ---- QUIT and death */

static void test_quit(void)
{
	struct msg_socket socket;
	struct msg_caller caller;
	struct msg_bench bench;
	struct msg_ctx *asked, *queued;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&socket, ALICE);
	caller = msg_socket_caller(&socket);
	msg_assert_refused(&caller, try_quit(&bench, &caller), -ENOTCONN,
			   "no daemon");
	msg_bench_helo(&bench, &socket);
	asked = msg_bench_send(&bench, ALICE, 1, OPEN);
	msg_bench_fetch(&bench, &socket, OPEN);
	queued = msg_bench_send(&bench, ALICE, 2, OPEN);
	g_assert_cmpint(try_quit(&bench, &caller), ==, 0);
	g_assert_cmpint(socket.refs, ==, 1);
	msg_bench_assert_wait(&bench, asked, -ENOTCONN, NULL);
	msg_bench_assert_wait(&bench, queued, -ENOTCONN, NULL);
	/* It left by itself: nobody need tell it, and it may come back. */
	g_assert_cmpuint(socket.quits, ==, 0);
	msg_assert_refused(&caller, try_quit(&bench, &caller), -ENOTCONN,
			   "no daemon");
	msg_bench_helo(&bench, &socket);
	msg_socket_close(&bench, &socket);
	msg_bench_clear(&bench);
}

static void test_death_wakes_at_once(void)
{
	struct msg_ctx *ctxs[8], *of_bob;
	struct msg_socket socket, other;
	struct msg_bench bench;
	u64 before;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&socket, ALICE);
	msg_socket_init(&other, BOB);
	msg_bench_helo(&bench, &socket);
	msg_bench_helo(&bench, &other);
	for (u64 i = 0; i < 8; i++)
		ctxs[i] = msg_bench_send(&bench, ALICE, i, OPEN);
	of_bob = msg_bench_send(&bench, BOB, 1, OPEN);
	for (size_t i = 0; i < WINDOW; i++)
		msg_bench_fetch(&bench, &socket, OPEN);
	before = bench.now_ms;
	msg_socket_close(&bench, &socket);
	for (size_t i = 0; i < 8; i++)
		msg_bench_assert_wait(&bench, ctxs[i], -ENOTCONN, NULL);
	g_assert_cmpuint(bench.now_ms, ==, before);
	g_assert_cmpuint(bench.sleeps, ==, 0);
	g_assert_cmpuint(msg_bench_count(&bench, MSG_STAT_ABANDONED), ==, 8);
	/* A daemon that was never there, or died already, dies in silence. */
	msg_socket_close(&bench, &socket);
	msg_bench_assert_wait(&bench, of_bob, -ETIMEDOUT, NULL);
	msg_socket_close(&bench, &other);
	msg_bench_clear(&bench);
}

/* ---- takeover */

static void test_namespaces(void)
{
	struct msg_helo helo = { .namespaces = { 1, 2, 3, 4 } };
	struct msg_socket old, new;
	struct msg_caller caller;
	struct msg_bench bench;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&old, ALICE);
	msg_socket_init(&new, ALICE);
	caller = msg_socket_caller(&old);
	g_assert_cmpint(try_helo(&bench, &caller, &helo), ==, 0);
	caller = msg_socket_caller(&new);
	helo.replace = true;
	for (size_t i = 0; i < MSG_NAMESPACES; i++) {
		helo.namespaces[i] += 100;
		msg_assert_refused(&caller, try_helo(&bench, &caller, &helo),
				   -EPERM, "namespaces");
		helo.namespaces[i] -= 100;
	}
	g_assert_cmpuint(old.quits, ==, 0);
	g_assert_cmpint(try_helo(&bench, &caller, &helo), ==, 0);
	g_assert_cmpuint(old.quits, ==, 1);
	msg_socket_close(&bench, &old);
	msg_socket_close(&bench, &new);
	msg_bench_clear(&bench);
}

struct takeover {
	struct msg_bench bench;
	struct msg_socket old, new;
	struct msg_ctx *ctxs[4];
	struct msg_id ids[2];
};

/* Two are delivered, two queued, then another daemon takes over. */
static void takeover_init(struct takeover *t)
{
	static const char *const packets[] = { "@0", "@1", "@2", "@3" };

	msg_bench_init(&t->bench, NULL);
	msg_socket_init(&t->old, ALICE);
	msg_socket_init(&t->new, ALICE);
	msg_bench_helo(&t->bench, &t->old);
	for (size_t i = 0; i < 4; i++)
		t->ctxs[i] = msg_bench_send(&t->bench, ALICE, i, packets[i]);
	for (size_t i = 0; i < 2; i++)
		t->ids[i] = msg_bench_fetch(&t->bench, &t->old, packets[i]);
	msg_bench_take_over(&t->bench, &t->new, 4711);
}

static void takeover_clear(struct takeover *t)
{
	msg_socket_close(&t->bench, &t->old);
	msg_socket_close(&t->bench, &t->new);
	msg_bench_clear(&t->bench);
}

static void test_old_one_is_told(void)
{
	struct takeover t;

	takeover_init(&t);
	g_assert_cmpuint(t.old.quits, ==, 1);
	g_assert_cmpint(t.old.reason, ==, MSG_REASON_REPLACED);
	g_assert_cmpuint(t.old.successor, ==, 4711);
	g_assert_cmpint(t.old.refs, ==, 1);
	g_assert_cmpuint(t.new.kicks, ==, 1);
	g_assert_cmpuint(t.new.quits, ==, 0);
	/* Nobody pays for it with his time. */
	for (size_t i = 0; i < 4; i++)
		msg_bench_assert_wait(&t.bench, t.ctxs[i], -ETIMEDOUT, NULL);
	g_assert_cmpuint(t.bench.now_ms, ==, 1000000 + TIMEOUT_MS);
	takeover_clear(&t);
}

static void test_late_answers_refused(void)
{
	struct takeover t;

	takeover_init(&t);
	for (size_t i = 0; i < 2; i++) {
		g_assert_cmpint(msg_bench_try_answer(&t.bench, &t.old,
						     &t.ids[i]),
				==, -EPERM);
		/* Nor may the new one give what it was not given. */
		g_assert_cmpint(msg_bench_try_answer(&t.bench, &t.new,
						     &t.ids[i]),
				==, -EINVAL);
		/* By its new name neither: it did not fetch it. */
		g_assert_cmpint(msg_bench_try_answer(&t.bench, &t.new,
						     &t.ctxs[i]->id),
				==, -EINVAL);
	}
	g_assert_cmpuint(msg_bench_count(&t.bench, MSG_STAT_PENDING), ==, 4);
	for (size_t i = 0; i < 4; i++)
		g_assert_true(msg_cancel(t.ctxs[i]));
	for (size_t i = 0; i < 4; i++)
		msg_ctx_put(t.ctxs[i]);
	takeover_clear(&t);
}

static void test_order_and_counters(void)
{
	static const char *const packets[] = { "@0", "@1", "@2", "@3" };
	struct msg_id ids[4];
	struct takeover t;

	takeover_init(&t);
	for (size_t i = 0; i < 4; i++)
		ids[i] = msg_bench_fetch(&t.bench, &t.new, packets[i]);
	for (size_t i = 0; i < 2; i++) {
		g_assert_cmpuint(ids[i].index, ==, t.ids[i].index);
		g_assert_cmpuint(ids[i].counter, !=, t.ids[i].counter);
		/* The old name does not fit, though the new daemon has it. */
		g_assert_cmpint(msg_bench_try_answer(&t.bench, &t.new,
						     &t.ids[i]),
				==, -EINVAL);
	}
	for (size_t i = 4; i-- > 0;) {
		msg_bench_answer(&t.bench, &t.new, &ids[i], packets[i]);
		msg_bench_assert_wait(&t.bench, t.ctxs[i], 0, packets[i]);
	}
	takeover_clear(&t);
}

/* The old one's end, known late, is not the new one's. */
static void test_old_one_dies_later(void)
{
	struct takeover t;

	takeover_init(&t);
	msg_endpoint_gone(&t.bench.engine, &t.old.endpoint);
	g_assert_nonnull(t.new.endpoint.daemon);
	g_assert_cmpuint(msg_bench_count(&t.bench, MSG_STAT_PENDING), ==, 4);
	msg_socket_close(&t.bench, &t.new);
	for (size_t i = 0; i < 4; i++)
		msg_bench_assert_wait(&t.bench, t.ctxs[i], -ENOTCONN, NULL);
	takeover_clear(&t);
}

static void add_strangers(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(strangers) * N_COMMANDS; i++) {
		g_autofree char *path = g_strdup_printf(
			"/messaging/identity/%s/%s",
			strangers[i / N_COMMANDS].name,
			command_names[i % N_COMMANDS]);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_stranger);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/messaging/helo/again", test_again);
	g_test_add_func("/messaging/helo/busy", test_busy);
	g_test_add_func("/messaging/helo/endpoint-of-another-user",
			test_endpoint_of_another_user);
	g_test_add_func("/messaging/helo/storm", test_storm);
	g_test_add_func("/messaging/helo/1000-owners", test_many_owners);
	add_strangers();
	g_test_add_func("/messaging/identity/counted-to-the-sender",
			test_counted_to_the_sender);
	g_test_add_func("/messaging/quit", test_quit);
	g_test_add_func("/messaging/death/wakes-at-once",
			test_death_wakes_at_once);
	g_test_add_func("/messaging/takeover/namespaces", test_namespaces);
	g_test_add_func("/messaging/takeover/old-one-is-told",
			test_old_one_is_told);
	g_test_add_func("/messaging/takeover/late-answers-refused",
			test_late_answers_refused);
	g_test_add_func("/messaging/takeover/order-and-counters",
			test_order_and_counters);
	g_test_add_func("/messaging/takeover/old-one-dies-later",
			test_old_one_dies_later);
	return g_test_run();
}
