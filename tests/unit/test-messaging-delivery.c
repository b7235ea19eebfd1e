/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the queue to a daemon and back: FETCH, its failure, RESPONSE; window
 * and queue (promises 1, 4 and 7 of the engine).
 */
#include "tests/unit/messaging-fixture.h"

/* One daemon, one request that nobody fetched yet. */
struct desk {
	struct msg_bench bench;
	struct msg_socket socket;
	struct msg_ctx *ctx;
};

static void desk_init(struct desk *desk)
{
	msg_bench_init(&desk->bench, NULL);
	msg_socket_init(&desk->socket, ALICE);
	msg_bench_helo(&desk->bench, &desk->socket);
	desk->ctx = msg_bench_send(&desk->bench, ALICE, 1, OPEN);
}

static void desk_clear(struct desk *desk)
{
	msg_socket_close(&desk->bench, &desk->socket);
	msg_bench_clear(&desk->bench);
}

/* ---- FETCH */

static int fetch(struct desk *desk, struct msg_caller *caller,
		 const struct msg_id *want, size_t capacity)
{
	struct msg_delivery delivery;

	*caller = msg_socket_caller(&desk->socket);
	return msg_fetch(&desk->bench.engine, caller, want, capacity,
			 &delivery);
}

static void test_round_trip(void)
{
	struct desk desk;
	struct msg_id id;

	desk_init(&desk);
	g_assert_cmpuint(desk.socket.kicks, ==, 1);
	id = msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	/* The doorbell had the name of what then came. */
	g_assert_cmpmem(&id, sizeof(id), &desk.socket.kicked, sizeof(id));
	msg_bench_answer(&desk.bench, &desk.socket, &id, "key");
	for (enum msg_stat stat = MSG_STAT_REQUESTS; stat < MSG_N_STATS; stat++)
		g_assert_cmpuint(msg_bench_count(&desk.bench, stat), ==,
				 stat <= MSG_STAT_ANSWERED);
	msg_bench_assert_wait(&desk.bench, desk.ctx, 0, "key");
	/* The state is looked at before anybody sleeps. */
	g_assert_cmpuint(desk.bench.sleeps, ==, 0);
	desk_clear(&desk);
}

static void test_by_name(void)
{
	struct msg_id first, second, wrong;
	struct msg_caller caller;
	struct msg_ctx *ctx;
	struct desk desk;

	desk_init(&desk);
	first = desk.socket.kicked;
	ctx = msg_bench_send(&desk.bench, ALICE, 2, CREATE);
	second = desk.socket.kicked;
	g_assert_cmpuint(first.index, !=, second.index);
	wrong = (struct msg_id){ second.index, first.counter };
	msg_assert_refused(&caller, fetch(&desk, &caller, &wrong, 99), -EINVAL,
			   "no such request");
	wrong = (struct msg_id){ UINT32_MAX, second.counter };
	msg_assert_refused(&caller, fetch(&desk, &caller, &wrong, 99), -EINVAL,
			   "no such request");
	g_assert_cmpint(fetch(&desk, &caller, &second, 99), ==, 0);
	msg_assert_refused(&caller, fetch(&desk, &caller, &second, 99),
			   -EINVAL, "no such request");
	g_assert_cmpint(fetch(&desk, &caller, NULL, 99), ==, 0);
	msg_assert_refused(&caller, fetch(&desk, &caller, NULL, 99), -EAGAIN,
			   "no request waits");
	msg_bench_answer(&desk.bench, &desk.socket, &first, "key");
	msg_bench_answer(&desk.bench, &desk.socket, &second, "wrapped");
	msg_bench_assert_wait(&desk.bench, desk.ctx, 0, "key");
	msg_bench_assert_wait(&desk.bench, ctx, 0, "wrapped");
	desk_clear(&desk);
}

static void test_of_another_user(void)
{
	struct msg_socket other;
	struct desk desk;

	desk_init(&desk);
	msg_socket_init(&other, BOB);
	msg_bench_helo(&desk.bench, &other);
	g_assert_cmpint(msg_bench_try_fetch(&desk.bench, &other, NULL), ==,
			-EAGAIN);
	g_assert_cmpint(msg_bench_try_fetch(&desk.bench, &other,
					    &desk.socket.kicked),
			==, -EINVAL);
	msg_socket_close(&desk.bench, &other);
	g_assert_true(msg_cancel(desk.ctx));
	msg_ctx_put(desk.ctx);
	desk_clear(&desk);
}

static void test_small_buffer(void)
{
	struct msg_caller caller;
	struct desk desk;

	desk_init(&desk);
	msg_assert_refused(&caller,
			   fetch(&desk, &caller, NULL, strlen(OPEN) - 1),
			   -EMSGSIZE, "buffer");
	g_assert_true(msg_is_waiting(&desk.bench.engine,
				     &desk.socket.endpoint));
	g_assert_cmpint(fetch(&desk, &caller, NULL, strlen(OPEN)), ==, 0);
	msg_bench_assert_wait(&desk.bench, desk.ctx, -ETIMEDOUT, NULL);
	desk_clear(&desk);
}

/* Nobody is woken here, so that only FETCH can find out. */
static void test_late_requests_leave(void)
{
	struct msg_caller caller;
	struct msg_ctx *ctx;
	struct desk desk;
	struct msg_id late;

	desk_init(&desk);
	late = desk.socket.kicked;
	desk.bench.now_ms += TIMEOUT_MS;
	g_assert_false(msg_is_waiting(&desk.bench.engine,
				      &desk.socket.endpoint));
	ctx = msg_bench_send(&desk.bench, ALICE, 2, CREATE);
	g_assert_true(msg_is_waiting(&desk.bench.engine,
				     &desk.socket.endpoint));
	msg_assert_refused(&caller, fetch(&desk, &caller, &late, 99), -EINVAL,
			   "no such request");
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_TIMED_OUT), ==,
			 1);
	msg_bench_fetch(&desk.bench, &desk.socket, CREATE);
	msg_bench_assert_wait(&desk.bench, desk.ctx, -ETIMEDOUT, NULL);
	msg_bench_assert_wait(&desk.bench, ctx, -ETIMEDOUT, NULL);
	desk_clear(&desk);
}

/* The one at the head has more time than those behind it. */
static void test_late_behind_an_extended_one(void)
{
	struct msg_socket successor;
	struct msg_ctx *behind;
	struct desk desk;
	struct msg_id id;

	desk_init(&desk);
	behind = msg_bench_send(&desk.bench, ALICE, 2, "@late");
	id = msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	g_assert_cmpuint(msg_bench_extend(&desk.bench, &desk.socket, &id,
					  10000),
			 ==, 10000);
	msg_socket_init(&successor, ALICE);
	msg_bench_take_over(&desk.bench, &successor, 1);
	desk.bench.now_ms += TIMEOUT_MS;
	id = msg_bench_fetch(&desk.bench, &successor, OPEN);
	g_assert_false(msg_is_waiting(&desk.bench.engine,
				      &successor.endpoint));
	g_assert_cmpint(msg_bench_try_fetch(&desk.bench, &successor, NULL), ==,
			-EAGAIN);
	msg_bench_assert_wait(&desk.bench, behind, -ETIMEDOUT, NULL);
	msg_bench_answer(&desk.bench, &successor, &id, "key");
	msg_bench_assert_wait(&desk.bench, desk.ctx, 0, "key");
	msg_socket_close(&desk.bench, &successor);
	desk_clear(&desk);
}

/* ---- a delivery that did not arrive */

static void test_unfetch(void)
{
	struct msg_caller caller;
	struct msg_ctx *second;
	struct desk desk;
	struct msg_id id;

	desk_init(&desk);
	second = msg_bench_send(&desk.bench, ALICE, 2, CREATE);
	id = msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	caller = msg_socket_caller(&desk.socket);
	msg_unfetch(&desk.bench.engine, &caller, &id);
	g_assert_cmpuint(desk.socket.kicks, ==, 3);
	g_assert_cmpint(msg_bench_try_answer(&desk.bench, &desk.socket, &id),
			==, -EINVAL);
	/* Twice is once, and what was answered does not come back. */
	msg_unfetch(&desk.bench.engine, &caller, &id);
	g_assert_cmpuint(desk.socket.kicks, ==, 3);
	id = msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	msg_bench_answer(&desk.bench, &desk.socket, &id, "key");
	msg_unfetch(&desk.bench.engine, &caller, &id);
	msg_bench_assert_wait(&desk.bench, desk.ctx, 0, "key");
	id = msg_bench_fetch(&desk.bench, &desk.socket, CREATE);
	/* It is not for others to give back. */
	caller.actor.uid = BOB;
	msg_unfetch(&desk.bench.engine, &caller, &id);
	msg_bench_answer(&desk.bench, &desk.socket, &id, "wrapped");
	msg_bench_assert_wait(&desk.bench, second, 0, "wrapped");
	desk_clear(&desk);
}

/* ---- RESPONSE */

static const struct {
	const char *name;
	size_t len;
	int err;
} lengths[] = {
	{ "0", 0, -EBADMSG },
	{ "1", 1, 0 },
	{ "544", MSG_PACKET_MAX, 0 },
	{ "545", MSG_PACKET_MAX + 1, -EBADMSG },
	{ "most", SIZE_MAX, -EBADMSG },
};

static void test_response_length(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data);
	u8 packet[MSG_PACKET_MAX + 1] = { 0x41 };
	struct msg_caller caller;
	struct desk desk;
	struct msg_id id;
	int err;

	desk_init(&desk);
	id = msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	caller = msg_socket_caller(&desk.socket);
	err = msg_respond(&desk.bench.engine, &caller, &id, packet,
			  lengths[row].len);
	g_assert_cmpint(err, ==, lengths[row].err);
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_REFUSED), ==,
			 err != 0);
	/* A bad one changes nothing: the good one may follow. */
	if (err != 0) {
		msg_assert_refused(&caller, err, -EBADMSG, "length");
		msg_bench_answer(&desk.bench, &desk.socket, &id, "key");
		msg_bench_assert_wait(&desk.bench, desk.ctx, 0, "key");
	} else {
		size_t reply_len;
		u8 *reply;

		g_assert_cmpint(msg_wait(desk.ctx, &reply, &reply_len), ==, 0);
		g_assert_cmpmem(reply, reply_len, packet, lengths[row].len);
		port_free(&desk.bench.engine.port, reply, reply_len);
	}
	desk_clear(&desk);
}

enum forgery {
	FORGERY_COUNTER,
	FORGERY_INDEX,
	FORGERY_OWN_OF_ANOTHER_USER,
	FORGERY_NOT_DELIVERED,
	FORGERY_TWICE,
	FORGERY_AFTER_TIMEOUT,
	FORGERY_AFTER_CANCEL,
	N_FORGERIES,
};

static const char *const forgery_names[] = {
	"wrong-counter", "wrong-index", "by-another-users-daemon",
	"not-delivered", "twice", "after-timeout", "after-cancel",
};

static void answer_forged(struct desk *desk, enum forgery forgery,
			  struct msg_socket *other)
{
	struct msg_socket *by = &desk->socket;
	struct msg_id id = by->kicked;

	if (forgery != FORGERY_NOT_DELIVERED)
		id = msg_bench_fetch(&desk->bench, by, OPEN);
	id.counter += forgery == FORGERY_COUNTER;
	id.index += forgery == FORGERY_INDEX;
	if (forgery == FORGERY_OWN_OF_ANOTHER_USER)
		by = other;
	if (forgery == FORGERY_TWICE)
		msg_bench_answer(&desk->bench, by, &id, "key");
	if (forgery == FORGERY_AFTER_TIMEOUT) {
		desk->bench.now_ms += TIMEOUT_MS;
		g_assert_cmpuint(msg_expire(&desk->bench.engine), ==, U64_MAX);
	}
	if (forgery == FORGERY_AFTER_CANCEL)
		g_assert_true(msg_cancel(desk->ctx));
	g_assert_cmpint(msg_bench_try_answer(&desk->bench, by, &id), ==,
			-EINVAL);
}

static void test_forged(gconstpointer data)
{
	enum forgery forgery = GPOINTER_TO_SIZE(data);
	struct msg_socket other;
	struct desk desk;
	int result;

	desk_init(&desk);
	msg_socket_init(&other, BOB);
	msg_bench_helo(&desk.bench, &other);
	answer_forged(&desk, forgery, &other);
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_REFUSED), ==, 1);
	/* And changed nothing: this is what would have come anyway. */
	result = forgery == FORGERY_TWICE	 ? 0 :
		 forgery == FORGERY_AFTER_CANCEL ? -EINTR :
						   -ETIMEDOUT;
	msg_bench_assert_wait(&desk.bench, desk.ctx, result,
			      result == 0 ? "key" : NULL);
	msg_socket_close(&desk.bench, &other);
	desk_clear(&desk);
}

/* ---- window and queue */

static void test_window(void)
{
	struct msg_ctx *ctxs[WINDOW + 3];
	struct msg_id ids[WINDOW];
	struct msg_caller caller;
	struct desk desk;

	desk_init(&desk);
	ctxs[0] = desk.ctx;
	for (u64 i = 1; i < WINDOW + 3; i++) {
		if (i == WINDOW)
			for (size_t n = 0; n < WINDOW; n++)
				ids[n] = msg_bench_fetch(&desk.bench,
							 &desk.socket, OPEN);
		ctxs[i] = msg_bench_send(&desk.bench, ALICE, i, OPEN);
	}
	msg_assert_refused(&caller, fetch(&desk, &caller, NULL, 99), -EAGAIN,
			   "unanswered");
	g_assert_false(msg_is_waiting(&desk.bench.engine,
				      &desk.socket.endpoint));
	/* No doorbell that it could do nothing with; one when it can. */
	g_assert_cmpuint(desk.socket.kicks, ==, WINDOW);
	msg_bench_answer(&desk.bench, &desk.socket, &ids[2], "key");
	g_assert_cmpuint(desk.socket.kicks, ==, WINDOW + 1);
	g_assert_true(msg_is_waiting(&desk.bench.engine,
				     &desk.socket.endpoint));
	msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	/* One that gives up makes room as well. */
	g_assert_true(msg_cancel(ctxs[0]));
	g_assert_cmpuint(desk.socket.kicks, ==, WINDOW + 2);
	msg_bench_assert_wait(&desk.bench, ctxs[2], 0, "key");
	msg_bench_assert_wait(&desk.bench, ctxs[0], -EINTR, NULL);
	for (size_t i = 1; i < WINDOW + 3; i++)
		if (i != 2)
			msg_bench_assert_wait(&desk.bench, ctxs[i], -ETIMEDOUT,
					      NULL);
	desk_clear(&desk);
}

/* Who queues behind a full window waits no longer than others. */
static void test_queued_to_the_deadline(void)
{
	struct msg_ctx *ctxs[WINDOW];
	struct desk desk;
	u64 start;

	desk_init(&desk);
	msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	for (u64 i = 0; i < WINDOW; i++) {
		ctxs[i] = msg_bench_send(&desk.bench, ALICE, 2 + i, OPEN);
		if (i < WINDOW - 1)
			msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	}
	start = desk.bench.now_ms;
	msg_bench_assert_wait(&desk.bench, ctxs[WINDOW - 1], -ETIMEDOUT, NULL);
	g_assert_cmpuint(desk.bench.now_ms, ==, start + TIMEOUT_MS);
	msg_bench_assert_wait(&desk.bench, desk.ctx, -ETIMEDOUT, NULL);
	for (size_t i = 0; i < WINDOW - 1; i++)
		msg_bench_assert_wait(&desk.bench, ctxs[i], -ETIMEDOUT, NULL);
	desk_clear(&desk);
}

/* One user at every limit, and another who does not feel it. */
static void test_no_starvation(void)
{
	struct msg_request request = {
		.owner = { ALICE },
		.data = (const u8 *)OPEN,
		.data_len = strlen(OPEN),
	};
	struct msg_ctx *ctxs[QUEUE], *ctx;
	struct msg_socket other;
	struct desk desk;
	struct msg_id id;

	desk_init(&desk);
	msg_socket_init(&other, BOB);
	msg_bench_helo(&desk.bench, &other);
	ctxs[0] = desk.ctx;
	for (u64 i = 1; i < QUEUE; i++)
		ctxs[i] = msg_bench_send(&desk.bench, ALICE, i, OPEN);
	for (size_t i = 0; i < WINDOW; i++)
		msg_bench_fetch(&desk.bench, &desk.socket, OPEN);
	for (size_t i = 0; i < 100; i++) {
		g_assert_cmpint(msg_send(&desk.bench.engine, &request, &ctx),
				==, -EAGAIN);
		g_assert_null(ctx);
	}
	g_assert_cmpuint(msg_bench_count(&desk.bench, MSG_STAT_OVER_LIMIT), ==,
			 100);
	for (size_t i = 0; i < 100; i++) {
		ctx = msg_bench_send(&desk.bench, BOB, i, OPEN);
		id = msg_bench_fetch(&desk.bench, &other, OPEN);
		msg_bench_answer(&desk.bench, &other, &id, "key");
		msg_bench_assert_wait(&desk.bench, ctx, 0, "key");
	}
	/* One leaves, one may come. */
	g_assert_true(msg_cancel(ctxs[QUEUE - 1]));
	msg_ctx_put(ctxs[QUEUE - 1]);
	ctxs[QUEUE - 1] = msg_bench_send(&desk.bench, ALICE, 1, OPEN);
	msg_socket_close(&desk.bench, &other);
	for (size_t i = 0; i < QUEUE; i++)
		msg_bench_assert_wait(&desk.bench, ctxs[i], -ETIMEDOUT, NULL);
	desk_clear(&desk);
}

static void add_tables(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		g_autofree char *path = g_strdup_printf(
			"/messaging/response/length-%s", lengths[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i),
				     test_response_length);
	}
	for (size_t i = 0; i < N_FORGERIES; i++) {
		g_autofree char *path = g_strdup_printf(
			"/messaging/response/%s", forgery_names[i]);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_forged);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/messaging/fetch/round-trip", test_round_trip);
	g_test_add_func("/messaging/fetch/by-name", test_by_name);
	g_test_add_func("/messaging/fetch/of-another-user",
			test_of_another_user);
	g_test_add_func("/messaging/fetch/small-buffer", test_small_buffer);
	g_test_add_func("/messaging/fetch/late-requests-leave",
			test_late_requests_leave);
	g_test_add_func("/messaging/fetch/late-behind-an-extended-one",
			test_late_behind_an_extended_one);
	g_test_add_func("/messaging/fetch/undone", test_unfetch);
	add_tables();
	g_test_add_func("/messaging/limits/window", test_window);
	g_test_add_func("/messaging/limits/queued-to-the-deadline",
			test_queued_to_the_deadline);
	g_test_add_func("/messaging/limits/no-starvation", test_no_starvation);
	return g_test_run();
}
