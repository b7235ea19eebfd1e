/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opener's side: sent, waited for, called back, given up, killed, expired,
 * counted (promises 1, 6 and 8 of the engine).
 */
#include "tests/unit/messaging-fixture.h"

#define MANY_REQUESTS 5000

/* ---- limits of the engine, lengths of a packet */

static const struct {
	const char *name;
	struct msg_limits limits;
	int err;
} engines[] = {
	{ "usual", { TIMEOUT_MS, EXTEND_MS, WINDOW, QUEUE }, 0 },
	{ "no-timeout", { 0, EXTEND_MS, WINDOW, QUEUE }, -EINVAL },
	{ "no-extend", { TIMEOUT_MS, 0, WINDOW, QUEUE }, 0 },
	{ "no-window", { TIMEOUT_MS, EXTEND_MS, 0, QUEUE }, -EINVAL },
	{ "no-queue", { TIMEOUT_MS, EXTEND_MS, WINDOW, 0 }, -EINVAL },
};

static void test_engine(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data);
	struct msg_engine engine = { 0 };

	g_assert_cmpint(msg_engine_init(&engine, &engines[row].limits), ==,
			engines[row].err);
	if (engines[row].err == 0)
		msg_engine_exit(&engine);
	g_assert_cmpint(engine.port.allocations, ==, 0);
}

static const struct {
	const char *name;
	u32 uid;
	size_t len;
	int err;
} sent[] = {
	{ "0", ALICE, 0, -EBADMSG },
	{ "1", ALICE, 1, 0 },
	{ "544", ALICE, MSG_PACKET_MAX, 0 },
	{ "545", ALICE, MSG_PACKET_MAX + 1, -EBADMSG },
	{ "most", ALICE, SIZE_MAX, -EBADMSG },
	{ "no-daemon", BOB, 1, -ENOTCONN },
};

static void test_send(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data);
	u8 packet[MSG_PACKET_MAX + 1] = { 0x42 };
	struct msg_request request = { .owner = { sent[row].uid },
				       .data = packet,
				       .data_len = sent[row].len };
	struct msg_ctx *ctx = (struct msg_ctx *)&request;
	struct msg_delivery delivery;
	struct msg_socket socket;
	struct msg_caller caller;
	struct msg_bench bench;

	msg_bench_init(&bench, NULL);
	msg_socket_init(&socket, ALICE);
	msg_bench_helo(&bench, &socket);
	caller = msg_socket_caller(&socket);
	g_assert_cmpint(msg_send(&bench.engine, &request, &ctx), ==,
			sent[row].err);
	if (sent[row].err != 0) {
		g_assert_null(ctx);
	} else {
		/* A copy: what the sender does with his own is his affair. */
		packet[0] = 0xff;
		g_assert_cmpint(msg_fetch(&bench.engine, &caller, NULL,
					  MSG_PACKET_MAX, &delivery),
				==, 0);
		packet[0] = 0x42;
		g_assert_cmpmem(delivery.data, delivery.data_len, packet,
				sent[row].len);
		g_assert_true(msg_cancel(ctx));
	}
	msg_ctx_put(ctx);
	g_assert_cmpuint(msg_bench_count(&bench, MSG_STAT_NO_DAEMON), ==,
			 sent[row].err == -ENOTCONN);
	msg_socket_close(&bench, &socket);
	msg_bench_clear(&bench);
}

/* ---- waiting */

struct desk {
	struct msg_bench bench;
	struct msg_socket socket;
	struct msg_ctx *ctx;
	struct msg_id id;
};

/* A request that is delivered. */
static void desk_init(struct desk *desk)
{
	msg_bench_init(&desk->bench, NULL);
	msg_socket_init(&desk->socket, ALICE);
	msg_bench_helo(&desk->bench, &desk->socket);
	desk->ctx = msg_bench_send(&desk->bench, ALICE, 1, OPEN);
	desk->id = msg_bench_fetch(&desk->bench, &desk->socket, OPEN);
	desk->bench.data = desk;
}

static void desk_clear(struct desk *desk)
{
	msg_socket_close(&desk->bench, &desk->socket);
	msg_bench_clear(&desk->bench);
}

static void kill_opener(struct msg_bench *bench)
{
	struct desk *desk = bench->data;

	port_completion_kill(&desk->ctx->completion);
}

static void answer(struct msg_bench *bench)
{
	struct desk *desk = bench->data;

	msg_bench_answer(bench, &desk->socket, &desk->id, "key");
}

static void answer_and_kill(struct msg_bench *bench)
{
	answer(bench);
	kill_opener(bench);
}

static void kill_daemon(struct msg_bench *bench)
{
	struct desk *desk = bench->data;

	msg_socket_close(bench, &desk->socket);
}

static void replace_daemon(struct msg_bench *bench)
{
	struct desk *desk = bench->data;

	msg_endpoint_gone(&bench->engine, &desk->socket.endpoint);
	msg_bench_helo(bench, &desk->socket);
}

static void extend(struct msg_bench *bench)
{
	struct desk *desk = bench->data;

	bench->now_ms += 1000;
	g_assert_cmpuint(msg_bench_extend(bench, &desk->socket, &desk->id,
					  5000),
			 ==, 5000);
	bench->now_ms -= 1000;
}

static const struct {
	const char *name;
	void (*happens)(struct msg_bench *bench);
	int result;
	u64 after_ms;
	unsigned int sleeps;
	enum msg_stat stat;
} waits[] = {
	{ "nothing", NULL, -ETIMEDOUT, TIMEOUT_MS, 1, MSG_STAT_TIMED_OUT },
	{ "answer", answer, 0, 0, 1, MSG_STAT_ANSWERED },
	/* Never asleep again on a signal that is still there. */
	{ "killed", kill_opener, -EINTR, 0, 1, MSG_STAT_KILLED },
	{ "answered-and-killed", answer_and_kill, 0, 0, 1, MSG_STAT_ANSWERED },
	{ "daemon-dies", kill_daemon, -ENOTCONN, 0, 1, MSG_STAT_ABANDONED },
	{ "daemon-comes-back", replace_daemon, -ENOTCONN, 0, 1,
	  MSG_STAT_ABANDONED },
	{ "extended", extend, -ETIMEDOUT, 6000, 2, MSG_STAT_TIMED_OUT },
};

static void test_wait(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data);
	struct desk desk;
	u64 start;

	desk_init(&desk);
	start = desk.bench.now_ms;
	desk.bench.while_asleep = waits[row].happens;
	msg_bench_assert_wait(&desk.bench, desk.ctx, waits[row].result,
			      waits[row].result == 0 ? "key" : NULL);
	g_assert_cmpuint(desk.bench.now_ms - start, ==, waits[row].after_ms);
	g_assert_cmpuint(desk.bench.sleeps, ==, waits[row].sleeps);
	g_assert_cmpuint(msg_bench_count(&desk.bench, waits[row].stat), ==, 1);
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_REQUESTS), ==,
			 1);
	desk_clear(&desk);
}

/* No array that fills up, no index that runs out. */
static void test_many(void)
{
	struct msg_limits limits = { TIMEOUT_MS, EXTEND_MS, MANY_REQUESTS,
				     MANY_REQUESTS };
	struct msg_ctx **ctxs = g_new(struct msg_ctx *, MANY_REQUESTS);
	struct msg_id *ids = g_new(struct msg_id, MANY_REQUESTS);
	struct msg_socket socket;
	struct msg_bench bench;

	msg_bench_init(&bench, &limits);
	msg_socket_init(&socket, ALICE);
	msg_bench_helo(&bench, &socket);
	for (size_t round = 0; round < 3; round++) {
		for (size_t i = 0; i < MANY_REQUESTS; i++)
			ctxs[i] = msg_bench_send(&bench, ALICE, i, OPEN);
		for (size_t i = 0; i < MANY_REQUESTS; i++)
			ids[i] = msg_bench_fetch(&bench, &socket, OPEN);
		for (size_t i = MANY_REQUESTS; i-- > 0;)
			msg_bench_answer(&bench, &socket, &ids[i], "key");
		for (size_t i = 0; i < MANY_REQUESTS; i++)
			msg_bench_assert_wait(&bench, ctxs[i], 0, "key");
	}
	g_assert_cmpuint(msg_bench_count(&bench, MSG_STAT_ANSWERED), ==,
			 3 * MANY_REQUESTS);
	msg_socket_close(&bench, &socket);
	msg_bench_clear(&bench);
	g_free(ids);
	g_free(ctxs);
}

/* ---- called back */

struct call {
	struct msg_bench *bench;
	unsigned int times;
	int result;
	char reply[MSG_PACKET_MAX + 1];
	struct msg_ctx *next;
};

static void done(void *arg, int result, const u8 *reply, size_t reply_len)
{
	struct call *call = arg;

	call->times++;
	call->result = result;
	g_assert_cmpint(!reply, ==, result != 0);
	if (reply)
		memcpy(call->reply, reply, reply_len);
	/* The lock is not held: it may ask again at once. */
	if (call->bench)
		call->next = msg_bench_send(call->bench, ALICE, 1, CREATE);
}

static struct msg_ctx *send_for(struct desk *desk, struct call *call)
{
	struct msg_request request = { .owner = { ALICE },
				       .data = (const u8 *)OPEN,
				       .data_len = strlen(OPEN),
				       .done = done,
				       .arg = call };
	struct msg_ctx *ctx;

	g_assert_cmpint(msg_send(&desk->bench.engine, &request, &ctx), ==, 0);
	desk->id = msg_bench_fetch(&desk->bench, &desk->socket, OPEN);
	return ctx;
}

enum ending { ENDING_ANSWER, ENDING_CANCEL, ENDING_EXPIRE, ENDING_DEATH,
	      N_ENDINGS };

static const char *const ending_names[] = { "answer", "cancel", "expire",
					    "death" };
static const int ending_results[] = { 0, 0, -ETIMEDOUT, -ENOTCONN };

static void end(struct desk *desk, struct msg_ctx *ctx, enum ending ending)
{
	switch (ending) {
	case ENDING_ANSWER:
		msg_bench_try_answer(&desk->bench, &desk->socket, &desk->id);
		break;
	case ENDING_CANCEL:
		msg_cancel(ctx);
		break;
	case ENDING_EXPIRE:
		desk->bench.now_ms += TIMEOUT_MS;
		msg_expire(&desk->bench.engine);
		break;
	case ENDING_DEATH:
		msg_endpoint_gone(&desk->bench.engine, &desk->socket.endpoint);
		break;
	case N_ENDINGS:
		g_assert_not_reached();
	}
}

/* Whatever comes second finds it done. */
static void test_called_once(gconstpointer data)
{
	enum ending first = GPOINTER_TO_SIZE(data) / N_ENDINGS;
	enum ending second = GPOINTER_TO_SIZE(data) % N_ENDINGS;
	struct call call = { 0 };
	struct msg_ctx *ctx;
	struct desk desk;

	desk_init(&desk);
	g_assert_true(msg_cancel(desk.ctx));
	msg_ctx_put(desk.ctx);
	ctx = send_for(&desk, &call);
	end(&desk, ctx, first);
	g_assert_cmpuint(call.times, ==, first != ENDING_CANCEL);
	g_assert_cmpint(call.result, ==, ending_results[first]);
	g_assert_cmpstr(call.reply, ==,
			first == ENDING_ANSWER ? "refused" : "");
	end(&desk, ctx, second);
	g_assert_cmpuint(call.times, ==, first != ENDING_CANCEL);
	g_assert_false(msg_cancel(ctx));
	msg_ctx_put(ctx);
	g_assert_cmpuint(call.times, ==, first != ENDING_CANCEL);
	desk_clear(&desk);
}

static void test_asks_again_when_called(void)
{
	struct msg_ctx *ctx;
	struct desk desk;
	struct call call = { .bench = &desk.bench };

	desk_init(&desk);
	ctx = send_for(&desk, &call);
	msg_bench_answer(&desk.bench, &desk.socket, &desk.id, "key");
	msg_ctx_put(ctx);
	desk.id = msg_bench_fetch(&desk.bench, &desk.socket, CREATE);
	msg_bench_answer(&desk.bench, &desk.socket, &desk.id, "wrapped");
	msg_bench_assert_wait(&desk.bench, call.next, 0, "wrapped");
	g_assert_true(msg_cancel(desk.ctx));
	msg_ctx_put(desk.ctx);
	desk_clear(&desk);
}

/* Exit ends what was sent with a callback. */
static void test_exit(void)
{
	struct call call = { 0 };
	struct msg_ctx *ctx;
	struct desk desk;

	desk_init(&desk);
	ctx = send_for(&desk, &call);
	msg_engine_exit(&desk.bench.engine);
	g_assert_cmpuint(call.times, ==, 1);
	g_assert_cmpint(call.result, ==, -ENOTCONN);
	g_assert_cmpuint(desk.socket.quits, ==, 1);
	g_assert_cmpint(desk.socket.reason, ==, MSG_REASON_UNLOAD);
	g_assert_cmpint(desk.socket.refs, ==, 1);
	msg_ctx_put(ctx);
	msg_ctx_put(desk.ctx);
	msg_ctx_put(NULL);
	g_assert_cmpint(desk.bench.engine.port.allocations, ==, 0);
}

/* ---- deadlines of who does not sleep */

static void test_expire(void)
{
	struct call calls[3] = { 0 };
	struct msg_ctx *ctxs[3];
	struct desk desk;

	desk_init(&desk);
	msg_bench_answer(&desk.bench, &desk.socket, &desk.id, "key");
	msg_bench_assert_wait(&desk.bench, desk.ctx, 0, "key");
	g_assert_cmpuint(msg_expire(&desk.bench.engine), ==, U64_MAX);
	for (size_t i = 0; i < 3; i++) {
		ctxs[i] = send_for(&desk, &calls[i]);
		desk.bench.now_ms += 1000;
	}
	/* The second has more time, so that the third is due before it. */
	desk.id = (struct msg_id){ ctxs[1]->id.index, ctxs[1]->id.counter };
	g_assert_cmpuint(msg_bench_extend(&desk.bench, &desk.socket, &desk.id,
					  9000),
			 ==, 9000);
	g_assert_cmpuint(msg_expire(&desk.bench.engine), ==, 2000);
	g_assert_cmpuint(calls[0].times, ==, 1);
	desk.bench.now_ms += 1999;
	g_assert_cmpuint(msg_expire(&desk.bench.engine), ==, 1);
	g_assert_cmpuint(calls[2].times, ==, 0);
	desk.bench.now_ms += 1;
	g_assert_cmpuint(msg_expire(&desk.bench.engine), ==, 7000);
	g_assert_cmpuint(calls[2].times, ==, 1);
	desk.bench.now_ms += 7000;
	g_assert_cmpuint(msg_expire(&desk.bench.engine), ==, U64_MAX);
	for (size_t i = 0; i < 3; i++) {
		g_assert_cmpuint(calls[i].times, ==, 1);
		g_assert_cmpint(calls[i].result, ==, -ETIMEDOUT);
		msg_ctx_put(ctxs[i]);
	}
	desk_clear(&desk);
}

/* Of many users, and with those that only queue. */
static void test_expire_all(void)
{
	struct msg_socket sockets[8];
	struct msg_ctx *ctxs[16];
	struct msg_bench bench;

	msg_bench_init(&bench, NULL);
	for (u32 i = 0; i < 8; i++) {
		msg_socket_init(&sockets[i], i);
		msg_bench_helo(&bench, &sockets[i]);
		ctxs[i] = msg_bench_send(&bench, i, 1, OPEN);
		msg_bench_fetch(&bench, &sockets[i], OPEN);
		ctxs[8 + i] = msg_bench_send(&bench, i, 1, OPEN);
	}
	bench.now_ms += TIMEOUT_MS;
	g_assert_cmpuint(msg_expire(&bench.engine), ==, U64_MAX);
	g_assert_cmpuint(msg_bench_count(&bench, MSG_STAT_TIMED_OUT), ==, 16);
	for (size_t i = 0; i < 16; i++)
		msg_bench_assert_wait(&bench, ctxs[i], -ETIMEDOUT, NULL);
	g_assert_cmpuint(bench.sleeps, ==, 0);
	for (size_t i = 0; i < 8; i++)
		msg_socket_close(&bench, &sockets[i]);
	msg_bench_clear(&bench);
}

/* ---- what was counted */

static void test_stats(void)
{
	struct port_owner alice = { ALICE }, bob = { BOB };
	struct msg_stats stats;
	struct desk desk;

	desk_init(&desk);
	g_assert_cmpint(msg_read_stats(&desk.bench.engine, &bob, &stats), ==,
			-ENOTCONN);
	g_assert_cmpint(msg_read_stats(&desk.bench.engine, &alice, &stats), ==,
			0);
	g_assert_cmpuint(stats.count[MSG_STAT_PENDING], ==, 1);
	msg_bench_answer(&desk.bench, &desk.socket, &desk.id, "key");
	msg_bench_assert_wait(&desk.bench, desk.ctx, 0, "key");
	/* A daemon's end with its figures, the engine's stay. */
	replace_daemon(&desk.bench);
	msg_read_stats(&desk.bench.engine, &alice, &stats);
	g_assert_cmpuint(stats.count[MSG_STAT_ANSWERED], ==, 0);
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_ANSWERED), ==,
			 1);
	desk_clear(&desk);
}

static void add_tables(void)
{
	char *path;

	for (size_t i = 0; i < G_N_ELEMENTS(engines); i++) {
		path = g_strdup_printf("/messaging/init/%s", engines[i].name);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_engine);
		g_free(path);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(sent); i++) {
		path = g_strdup_printf("/messaging/send/%s", sent[i].name);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_send);
		g_free(path);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(waits); i++) {
		path = g_strdup_printf("/messaging/wait/%s", waits[i].name);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_wait);
		g_free(path);
	}
	for (size_t i = 0; i < N_ENDINGS * N_ENDINGS; i++) {
		path = g_strdup_printf("/messaging/done/%s-then-%s",
				       ending_names[i / N_ENDINGS],
				       ending_names[i % N_ENDINGS]);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i),
				     test_called_once);
		g_free(path);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_tables();
	g_test_add_func("/messaging/wait/many", test_many);
	g_test_add_func("/messaging/done/asks-again",
			test_asks_again_when_called);
	g_test_add_func("/messaging/exit", test_exit);
	g_test_add_func("/messaging/expire/order", test_expire);
	g_test_add_func("/messaging/expire/all", test_expire_all);
	g_test_add_func("/messaging/stats", test_stats);
	return g_test_run();
}
