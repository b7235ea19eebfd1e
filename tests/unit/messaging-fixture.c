/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine with a clock of its own, sockets that count. */
#include "tests/unit/messaging-fixture.h"

static const struct msg_limits usual_limits = {
	.timeout_ms = TIMEOUT_MS,
	.extend_ms = EXTEND_MS,
	.window = WINDOW,
	.queue = QUEUE,
};

/* ---- the engine */

static struct msg_bench *bench_of(struct port *port)
{
	return container_of(port, struct msg_bench, engine.port);
}

static u64 bench_now(struct port *port)
{
	return bench_of(port)->now_ms;
}

static int bench_wait(struct port *port, struct port_completion *completion,
		      u64 ms)
{
	struct msg_bench *bench = bench_of(port);
	void (*happens)(struct msg_bench *) = bench->while_asleep;

	bench->sleeps++;
	bench->while_asleep = NULL;
	if (happens)
		happens(bench);
	if (completion->done)
		return 0;
	if (completion->killed)
		return -EINTR;
	bench->now_ms += ms;
	return -ETIMEDOUT;
}

void msg_bench_init(struct msg_bench *bench, const struct msg_limits *limits)
{
	*bench = (struct msg_bench){
		.engine.port = { .now_ms = bench_now, .wait = bench_wait },
		.now_ms = 1000000,
	};
	g_assert_cmpint(msg_engine_init(&bench->engine,
					limits ? limits : &usual_limits),
			==, 0);
}

void msg_bench_clear(struct msg_bench *bench)
{
	g_assert_cmpuint(msg_bench_count(bench, MSG_STAT_PENDING), ==, 0);
	g_assert_cmpuint(bench->engine.contexts.n_used, ==, 0);
	msg_engine_exit(&bench->engine);
	g_assert_cmpint(bench->engine.port.allocations, ==, 0);
}

u64 msg_bench_count(struct msg_bench *bench, enum msg_stat stat)
{
	struct msg_stats stats;

	g_assert_cmpint(msg_read_stats(&bench->engine, NULL, &stats), ==, 0);
	return stats.count[stat];
}

/* ---- sockets */

static struct msg_socket *socket_of(struct msg_endpoint *endpoint)
{
	return container_of(endpoint, struct msg_socket, endpoint);
}

static void socket_get(struct msg_endpoint *endpoint)
{
	socket_of(endpoint)->refs++;
}

static void socket_put(struct msg_endpoint *endpoint)
{
	g_assert_cmpint(socket_of(endpoint)->refs--, >, 1);
}

static void socket_kick(struct msg_endpoint *endpoint, const struct msg_id *id)
{
	struct msg_socket *socket = socket_of(endpoint);

	socket->kicks++;
	socket->kicked = *id;
}

static void socket_quit(struct msg_endpoint *endpoint, enum msg_reason reason,
			u32 successor)
{
	struct msg_socket *socket = socket_of(endpoint);

	socket->quits++;
	socket->reason = reason;
	socket->successor = successor;
}

static const struct msg_endpoint_ops socket_ops = {
	.get = socket_get,
	.put = socket_put,
	.kick = socket_kick,
	.quit = socket_quit,
};

void msg_socket_init(struct msg_socket *socket, u32 uid)
{
	*socket = (struct msg_socket){
		.endpoint.ops = &socket_ops,
		.uid = uid,
		.refs = 1,
	};
}

struct msg_caller msg_socket_caller(struct msg_socket *socket)
{
	return (struct msg_caller){
		.opener = { socket->uid },
		.actor = { socket->uid },
		.endpoint = &socket->endpoint,
	};
}

void msg_socket_close(struct msg_bench *bench, struct msg_socket *socket)
{
	msg_endpoint_gone(&bench->engine, &socket->endpoint);
	g_assert_null(socket->endpoint.daemon);
	g_assert_cmpint(socket->refs, ==, 1);
}

/* ---- what daemons do */

void msg_assert_refused(const struct msg_caller *caller, int err, int expected,
			const char *word)
{
	g_assert_cmpint(err, ==, expected);
	g_assert_nonnull(caller->why);
	if (!strstr(caller->why, word))
		g_error("\"%s\" does not say \"%s\"", caller->why, word);
}

static void helo(struct msg_bench *bench, struct msg_socket *socket,
		 const struct msg_helo *how)
{
	struct msg_caller caller = msg_socket_caller(socket);

	g_assert_cmpint(msg_helo(&bench->engine, &caller, how), ==, 0);
	g_assert_nonnull(socket->endpoint.daemon);
}

void msg_bench_helo(struct msg_bench *bench, struct msg_socket *socket)
{
	helo(bench, socket, &(struct msg_helo){ 0 });
}

void msg_bench_take_over(struct msg_bench *bench, struct msg_socket *socket,
			 u32 pid)
{
	helo(bench, socket, &(struct msg_helo){ .replace = true, .pid = pid });
}

int msg_bench_try_fetch(struct msg_bench *bench, struct msg_socket *socket,
			const struct msg_id *want)
{
	struct msg_caller caller = msg_socket_caller(socket);
	struct msg_delivery delivery;

	return msg_fetch(&bench->engine, &caller, want, MSG_PACKET_MAX,
			 &delivery);
}

struct msg_id msg_bench_fetch(struct msg_bench *bench,
			      struct msg_socket *socket, const char *packet)
{
	struct msg_caller caller = msg_socket_caller(socket);
	struct msg_delivery delivery;

	g_assert_cmpint(msg_fetch(&bench->engine, &caller, NULL, MSG_PACKET_MAX,
				  &delivery),
			==, 0);
	g_assert_cmpmem(delivery.data, delivery.data_len, packet,
			strlen(packet));
	return delivery.id;
}

static int answer(struct msg_bench *bench, struct msg_socket *socket,
		  const struct msg_id *id, const char *packet)
{
	struct msg_caller caller = msg_socket_caller(socket);

	return msg_respond(&bench->engine, &caller, id, (const u8 *)packet,
			   strlen(packet));
}

void msg_bench_answer(struct msg_bench *bench, struct msg_socket *socket,
		      const struct msg_id *id, const char *packet)
{
	g_assert_cmpint(answer(bench, socket, id, packet), ==, 0);
}

int msg_bench_try_answer(struct msg_bench *bench, struct msg_socket *socket,
			 const struct msg_id *id)
{
	return answer(bench, socket, id, "refused");
}

u32 msg_bench_extend(struct msg_bench *bench, struct msg_socket *socket,
		     const struct msg_id *id, u32 ms)
{
	struct msg_caller caller = msg_socket_caller(socket);
	int err = msg_extend(&bench->engine, &caller, id, &ms);

	if (err == 0) {
		g_assert_cmpuint(ms, >, 0);
		return ms;
	}
	msg_assert_refused(&caller, err, -ETIME, "no more time");
	return 0;
}

/* ---- what openers do */

struct msg_ctx *msg_bench_send(struct msg_bench *bench, u32 uid, u64 opener,
			       const char *packet)
{
	struct msg_request request = {
		.owner = { uid },
		.opener = opener,
		.data = (const u8 *)packet,
		.data_len = strlen(packet),
	};
	struct msg_ctx *ctx;

	g_assert_cmpint(msg_send(&bench->engine, &request, &ctx), ==, 0);
	g_assert_nonnull(ctx);
	return ctx;
}

void msg_bench_assert_wait(struct msg_bench *bench, struct msg_ctx *ctx,
			   int result, const char *packet)
{
	size_t reply_len = 0;
	u8 *reply = NULL;

	g_assert_cmpint(msg_wait(ctx, &reply, &reply_len), ==, result);
	if (packet)
		g_assert_cmpmem(reply, reply_len, packet, strlen(packet));
	else
		g_assert_null(reply);
	port_free(&bench->engine.port, reply, reply_len);
}
