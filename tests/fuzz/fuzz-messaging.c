/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the messaging engine. Its input is a story of several users,
 * sockets and openers, a few octets for each event. What may happen is kept
 * beside it in the simplest way, and compared after each event with what did;
 * then every list, table and count of the engine is gone through.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/unit/messaging-fixture.h"

#define USERS 3
#define SOCKETS (2 * USERS)
#define OPENERS 2
#define ASKED 32
#define LIMIT_WINDOW 3
#define LIMIT_QUEUE 6

const char fuzz_corpus[] = "messaging";

/**
 * asked:
 * @ctx: the request; %NULL: free
 * @holder: (nullable): who may answer it now
 * @id: as the holder got it
 * @uid: whose
 * @called_back: it has a done()
 * @times: that done() was called
 */
struct asked {
	struct msg_ctx *ctx;
	struct msg_socket *holder;
	struct msg_id id;
	u32 uid;
	bool called_back;
	unsigned int times;
};

struct story {
	struct msg_bench bench;
	struct msg_socket sockets[SOCKETS];
	struct asked asked[ASKED];
	const uint8_t *data;
	size_t left;
};

static uint8_t next(struct story *story)
{
	if (story->left == 0)
		return 0;
	story->left--;
	return *story->data++;
}

static struct msg_socket *next_socket(struct story *story)
{
	return &story->sockets[next(story) % SOCKETS];
}

static struct asked *next_asked(struct story *story)
{
	return &story->asked[next(story) % ASKED];
}

/* Seldom somebody else acts through the socket. */
static struct msg_caller next_caller(struct story *story,
				     struct msg_socket *socket)
{
	struct msg_caller caller = msg_socket_caller(socket);
	uint8_t who = next(story);

	if (who >= 0xf0)
		caller.actor.uid = who % USERS;
	else if (who >= 0xe0)
		caller.opener.uid = caller.actor.uid = who % USERS;
	return caller;
}

static bool is_itself(const struct msg_caller *caller)
{
	const struct msg_socket *socket = container_of(
		caller->endpoint, struct msg_socket, endpoint);

	return caller->opener.uid == socket->uid &&
	       caller->actor.uid == socket->uid;
}

/* ---- what happened to requests, as the story knows it */

static void done(void *arg, int result, const u8 *reply, size_t reply_len)
{
	struct asked *asked = arg;

	asked->times++;
	g_assert((result == 0) == (reply != NULL));
	g_assert(asked->times == 1);
	/* Answers begin with whom they are for. */
	if (reply_len >= 3)
		g_assert(reply[2] == (u8)asked->id.counter);
}

static bool is_over(const struct asked *asked)
{
	return asked->ctx->state == MSG_STATE_DONE;
}

static void take_back_all(struct story *story, u32 uid)
{
	for (size_t i = 0; i < ASKED; i++)
		if (story->asked[i].ctx && story->asked[i].uid == uid)
			story->asked[i].holder = NULL;
}

static struct asked *find_asked(struct story *story, const struct msg_ctx *ctx)
{
	for (size_t i = 0; i < ASKED; i++)
		if (story->asked[i].ctx == ctx)
			return &story->asked[i];
	return NULL;
}

/* ---- events: daemons */

static void assert_said_why(const struct msg_caller *caller, int err)
{
	g_assert(err <= 0);
	g_assert(err == 0 || caller->why);
}

static void event_helo(struct story *story)
{
	struct msg_socket *socket = next_socket(story);
	struct msg_caller caller = next_caller(story, socket);
	uint8_t flags = next(story);
	struct msg_helo helo = { .replace = flags & 1,
				 .namespaces = { flags >> 7 } };
	struct msg_daemon *before = socket->endpoint.daemon;
	int err = msg_helo(&story->bench.engine, &caller, &helo);

	assert_said_why(&caller, err);
	if (err != 0)
		g_assert(socket->endpoint.daemon == before);
	if (err == 0)
		g_assert(socket->endpoint.daemon &&
			 caller.opener.uid == caller.actor.uid &&
			 (!before || is_itself(&caller)));
	/* A socket that nobody had is now that user's. */
	if (err == 0 && !before) {
		socket->uid = caller.opener.uid;
		take_back_all(story, socket->uid);
	}
}

static void event_quit(struct story *story)
{
	struct msg_socket *socket = next_socket(story);
	struct msg_caller caller = next_caller(story, socket);
	bool registered = socket->endpoint.daemon;
	int err = msg_quit(&story->bench.engine, &caller);

	assert_said_why(&caller, err);
	g_assert((err == 0) == (registered && is_itself(&caller)));
}

static void event_death(struct story *story)
{
	msg_socket_close(&story->bench, next_socket(story));
}

static void note_delivery(struct story *story, struct msg_socket *socket,
			  const struct msg_delivery *delivery)
{
	struct msg_ctx *ctx = port_table_find(&story->bench.engine.contexts,
					      delivery->id.index);
	struct asked *asked = find_asked(story, ctx);

	g_assert(asked && !is_over(asked) && !asked->holder);
	g_assert(asked->uid == socket->uid);
	g_assert(ctx->deadline_ms > story->bench.now_ms);
	g_assert(delivery->data_len == ctx->data_len &&
		 memcmp(delivery->data, ctx->data, ctx->data_len) == 0);
	asked->holder = socket;
	asked->id = delivery->id;
}

static void event_fetch(struct story *story)
{
	struct msg_socket *socket = next_socket(story);
	struct msg_caller caller = next_caller(story, socket);
	uint8_t how = next(story);
	struct msg_ctx *ctx = story->asked[how % ASKED].ctx;
	bool by_name = ctx && how & 0x80;
	size_t capacity = how & 0x40 ? how & 7 : MSG_PACKET_MAX;
	bool waiting = msg_is_waiting(&story->bench.engine, &socket->endpoint);
	struct msg_delivery delivery;
	int err = msg_fetch(&story->bench.engine, &caller,
			    by_name ? &ctx->id : NULL, capacity, &delivery);

	assert_said_why(&caller, err);
	if (err == 0) {
		g_assert(waiting && is_itself(&caller));
		g_assert(delivery.data_len <= capacity);
		note_delivery(story, socket, &delivery);
	} else if (waiting && is_itself(&caller) && !by_name) {
		g_assert(err == -EMSGSIZE);
	}
}

/* A name that was given, sometimes not quite. */
static struct msg_id next_name(struct story *story, struct asked **asked)
{
	struct msg_id id;
	uint8_t change;

	*asked = next_asked(story);
	id = (*asked)->id;
	change = next(story);
	if (change >= 0xf0)
		id.counter += change - 0xef;
	else if (change >= 0xe0)
		id.index ^= change & 0xf;
	return id;
}

/* Whether this is a delivery that this caller may speak of. */
static bool is_held(const struct asked *asked, const struct msg_socket *socket,
		    const struct msg_caller *caller, const struct msg_id *id)
{
	return asked->ctx && !is_over(asked) && asked->holder == socket &&
	       is_itself(caller) && asked->id.index == id->index &&
	       asked->id.counter == id->counter;
}

static struct asked *find_held(struct story *story, struct msg_socket *socket,
			       const struct msg_caller *caller,
			       const struct msg_id *id)
{
	for (size_t i = 0; i < ASKED; i++)
		if (is_held(&story->asked[i], socket, caller, id))
			return &story->asked[i];
	return NULL;
}

static void event_unfetch(struct story *story)
{
	struct msg_socket *socket = next_socket(story);
	struct msg_caller caller = next_caller(story, socket);
	struct asked *asked;
	struct msg_id id = next_name(story, &asked);
	struct asked *held = find_held(story, socket, &caller, &id);

	msg_unfetch(&story->bench.engine, &caller, &id);
	if (held)
		held->holder = NULL;
}

static void event_respond(struct story *story)
{
	struct msg_socket *socket = next_socket(story);
	struct msg_caller caller = next_caller(story, socket);
	struct asked *asked;
	struct msg_id id = next_name(story, &asked);
	struct asked *held = find_held(story, socket, &caller, &id);
	u8 reply[MSG_PACKET_MAX + 1] = { 0x41, next(story), (u8)id.counter };
	size_t reply_len = 1 + 4 * (size_t)next(story);
	int err;

	if (reply_len > sizeof(reply))
		reply_len = 0;
	err = msg_respond(&story->bench.engine, &caller, &id, reply,
			  reply_len);
	assert_said_why(&caller, err);
	if (!held || reply_len == 0 || reply_len > MSG_PACKET_MAX) {
		g_assert(err != 0);
		g_assert(err != -EBADMSG || held);
		return;
	}
	g_assert(err == 0 || err == -ENOMEM);
	if (err == 0) {
		g_assert(is_over(held) && held->ctx->result == 0);
		held->holder = NULL;
	}
}

static void event_extend(struct story *story)
{
	struct msg_socket *socket = next_socket(story);
	struct msg_caller caller = next_caller(story, socket);
	struct asked *asked;
	struct msg_id id = next_name(story, &asked);
	struct asked *held = find_held(story, socket, &caller, &id);
	u32 ms = 500 * (u32)next(story);
	u64 before = held ? held->ctx->deadline_ms : 0;
	int err = msg_extend(&story->bench.engine, &caller, &id, &ms);

	assert_said_why(&caller, err);
	if (err == 0) {
		g_assert(held && held->ctx->data[0] == MSG_TAG_64 && ms > 0);
		g_assert(held->ctx->deadline_ms == story->bench.now_ms + ms);
		g_assert(held->ctx->deadline_ms >= before);
	} else if (held) {
		g_assert(held->ctx->deadline_ms == before);
	}
}

/* ---- events: openers, time, memory */

static void event_send(struct story *story)
{
	struct asked *asked = next_asked(story);
	uint8_t how = next(story);
	u8 packet[MSG_PACKET_MAX + 1] = { how & 1 ? 0x40 : 0x42, how };
	struct msg_request request = {
		.owner = { next(story) % USERS },
		.opener = (how >> 1) % OPENERS,
		.data = packet,
		.data_len = how & 0x80 ? 0 : 2 + (size_t)(how & 0x70) * 5,
		.done = how & 8 ? done : NULL,
		.arg = asked,
	};
	int err;

	if (asked->ctx)
		return;
	*asked = (struct asked){ .uid = request.owner.uid,
				 .called_back = request.done };
	err = msg_send(&story->bench.engine, &request, &asked->ctx);
	g_assert((err == 0) == (asked->ctx != NULL));
	g_assert(err == 0 || err == -EBADMSG || err == -ENOMEM ||
		 err == -ENOTCONN || err == -EAGAIN);
	g_assert((err == -EBADMSG) ==
		 (request.data_len == 0 || request.data_len > MSG_PACKET_MAX));
}

/* One that slept: to its end, or killed. */
static void event_wait(struct story *story)
{
	struct asked *asked = next_asked(story);
	uint8_t how = next(story);
	u8 counter = (u8)asked->id.counter;
	bool was_over, in_time;
	size_t reply_len = 0;
	u8 *reply = NULL;
	int err;

	if (!asked->ctx || asked->called_back)
		return;
	was_over = is_over(asked);
	in_time = asked->ctx->deadline_ms > story->bench.now_ms;
	if (how & 1)
		port_completion_kill(&asked->ctx->completion);
	err = msg_wait(asked->ctx, &reply, &reply_len);
	g_assert(was_over ||
		 err == (how & 1 && in_time ? -EINTR : -ETIMEDOUT));
	g_assert((err == 0) == (reply != NULL));
	if (reply_len >= 3)
		g_assert(reply[2] == counter);
	port_free(&story->bench.engine.port, reply, reply_len);
	*asked = (struct asked){ 0 };
}

static void event_cancel(struct story *story)
{
	struct asked *asked = next_asked(story);
	bool pending;

	if (!asked->ctx)
		return;
	pending = !is_over(asked);
	g_assert(msg_cancel(asked->ctx) == pending);
	g_assert(!msg_cancel(asked->ctx));
	g_assert(asked->times == (asked->called_back && !pending));
	msg_ctx_put(asked->ctx);
	*asked = (struct asked){ 0 };
}

static void event_time(struct story *story)
{
	story->bench.now_ms += 100 * (u64)next(story);
}

static void event_expire(struct story *story)
{
	u64 now = story->bench.now_ms;
	u64 next_ms = msg_expire(&story->bench.engine), soonest = U64_MAX;

	for (size_t i = 0; i < ASKED; i++) {
		struct asked *asked = &story->asked[i];

		if (!asked->ctx || is_over(asked))
			continue;
		g_assert(asked->ctx->deadline_ms > now);
		if (asked->ctx->deadline_ms - now < soonest)
			soonest = asked->ctx->deadline_ms - now;
	}
	g_assert(next_ms == soonest);
}

static void event_memory(struct story *story)
{
	story->bench.engine.port.fail_at = next(story) % 8;
}

static void (*const events[])(struct story *story) = {
	event_helo,   event_quit,    event_death,  event_send, event_fetch,
	event_unfetch, event_respond, event_extend, event_wait, event_cancel,
	event_time,   event_expire,  event_memory,
};

/* ---- after each event */

static size_t check_list(struct story *story, struct msg_daemon *daemon,
			 struct list_head *list, enum msg_state state)
{
	struct msg_engine *engine = &story->bench.engine;
	u64 longest = MAX(TIMEOUT_MS, EXTEND_MS);
	struct msg_ctx *ctx;
	size_t n = 0;

	list_for_each_entry(ctx, list, link) {
		struct asked *asked = find_asked(story, ctx);

		g_assert(asked && asked->uid == daemon->owner.uid);
		g_assert(ctx->daemon == daemon && ctx->state == state);
		g_assert(ctx->refs == 2 && !ctx->reply);
		g_assert(port_table_find(&engine->contexts, ctx->id.index) ==
			 ctx);
		g_assert((state == MSG_STATE_DELIVERED) ==
			 (asked->holder && &asked->holder->endpoint ==
						   daemon->endpoint));
		g_assert(ctx->deadline_ms <= ctx->created_ms + longest);
		n++;
	}
	return n;
}

static size_t check_daemon(struct story *story, struct msg_daemon *daemon)
{
	struct msg_engine *engine = &story->bench.engine;
	struct list_head *item;
	size_t n_queued, n_delivered, n_budgets = 0;

	g_assert(daemon->endpoint->daemon == daemon);
	g_assert(msg_daemon_find_unlocked(engine, &daemon->owner) == daemon);
	n_queued = check_list(story, daemon, &daemon->queue, MSG_STATE_QUEUED);
	n_delivered = check_list(story, daemon, &daemon->delivered,
				 MSG_STATE_DELIVERED);
	g_assert(n_delivered == daemon->n_delivered);
	g_assert(n_delivered <= LIMIT_WINDOW);
	g_assert(n_queued + n_delivered <= LIMIT_QUEUE);
	g_assert(daemon->stats.count[MSG_STAT_PENDING] ==
		 n_queued + n_delivered);
	for (item = daemon->budgets.next; item != &daemon->budgets;
	     item = item->next)
		n_budgets++;
	g_assert(n_budgets == daemon->n_budgets && n_budgets <= LIMIT_QUEUE);
	return n_queued + n_delivered;
}

static void check_asked(const struct asked *asked, size_t *pending)
{
	if (!asked->ctx)
		return;
	*pending += !is_over(asked);
	g_assert(asked->times == (asked->called_back && is_over(asked)));
	if (is_over(asked)) {
		g_assert(asked->ctx->refs == 1 && !asked->ctx->daemon);
		g_assert(list_empty(&asked->ctx->link));
	}
}

static void check_counts(struct story *story, size_t pending)
{
	const struct msg_engine *engine = &story->bench.engine;
	const u64 *count = engine->stats.count;

	g_assert(engine->contexts.n_used == pending);
	g_assert(count[MSG_STAT_PENDING] == pending);
	g_assert(count[MSG_STAT_REQUESTS] ==
		 pending + count[MSG_STAT_ANSWERED] +
			 count[MSG_STAT_TIMED_OUT] + count[MSG_STAT_KILLED] +
			 count[MSG_STAT_ABANDONED]);
}

static void check(struct story *story)
{
	struct msg_engine *engine = &story->bench.engine;
	size_t pending = 0, of_asked = 0, n_daemons = 0, n_registered = 0;
	struct msg_daemon *daemon;

	for (size_t i = 0; i < MSG_BUCKETS; i++)
		list_for_each_entry(daemon, &engine->daemons[i], link) {
			pending += check_daemon(story, daemon);
			n_daemons++;
		}
	for (size_t i = 0; i < SOCKETS; i++) {
		struct msg_socket *socket = &story->sockets[i];

		n_registered += socket->endpoint.daemon != NULL;
		g_assert(socket->refs == 1 + (socket->endpoint.daemon != NULL));
	}
	g_assert(n_daemons == n_registered);
	for (size_t i = 0; i < ASKED; i++)
		check_asked(&story->asked[i], &of_asked);
	g_assert(pending == of_asked);
	check_counts(story, pending);
}

/* ---- from the beginning to the end */

static void begin(struct story *story)
{
	struct msg_limits limits = { TIMEOUT_MS, EXTEND_MS, LIMIT_WINDOW,
				     LIMIT_QUEUE };

	msg_bench_init(&story->bench, &limits);
	/* So that no name depends on chance. */
	story->bench.engine.counter = UINT32_MAX - 2;
	for (u32 i = 0; i < SOCKETS; i++)
		msg_socket_init(&story->sockets[i], i % USERS);
}

static void end(struct story *story)
{
	for (size_t i = 0; i < SOCKETS; i++)
		msg_socket_close(&story->bench, &story->sockets[i]);
	check(story);
	for (size_t i = 0; i < ASKED; i++)
		msg_ctx_put(story->asked[i].ctx);
	msg_bench_clear(&story->bench);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct story story = { .data = data, .left = size };

	begin(&story);
	while (story.left > 0) {
		events[next(&story) % G_N_ELEMENTS(events)](&story);
		check(&story);
	}
	end(&story);
	return 0;
}
