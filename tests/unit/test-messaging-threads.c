/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything at once: openers of several users that wait, are killed, are
 * called back, change their mind; daemons that answer, give back, forge, die
 * and take over from each other. Each wait ends, and never by its time limit,
 * which is half a minute: that would be a lost wake-up. No answer reaches
 * another request. For ThreadSanitizer, and for AddressSanitizer: what a
 * transport has is freed with its last reference.
 */
#include <sched.h>
#include <unistd.h>

#include <glib.h>

#include "messaging/context.h"

#define OWNERS 3
#define SLEEPERS 2
#define CALLED 1
#define OPENERS (OWNERS * (SLEEPERS + CALLED))
#define DAEMONS 2
#define REQUESTS 4000
#define LIMIT_MS 30000
#define EXTEND_MS 60000
/* A daemon does no more than this before it dies. */
#define WORK 60

static struct msg_engine engine;
static atomic_bool openers_are_gone;
static atomic_long answered[OWNERS];

/* ---- chance, reproducible for each thread */

static u32 chance(u32 *state, u32 sides)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % sides;
}

static void pause_a_little(u32 *state)
{
	if (chance(state, 2))
		sched_yield();
	else
		usleep(chance(state, 200));
}

/* ---- what is asked, and the only right answer to it */

struct question {
	u8 tag;
	u32 uid;
	u64 number;
};

static struct question answer_to(const struct question *question)
{
	return (struct question){ .tag = (u8)(question->tag + 1),
				  .uid = question->uid,
				  .number = ~question->number };
}

static void assert_answers(const struct question *question, const u8 *reply,
			   size_t reply_len)
{
	struct question got;

	g_assert_cmpuint(reply_len, ==, sizeof(got));
	memcpy(&got, reply, sizeof(got));
	g_assert_cmpuint(got.uid, ==, question->uid);
	g_assert_cmpuint(got.number, ==, ~question->number);
	answered[question->uid]++;
}

/* ---- sockets */

struct socket {
	struct msg_endpoint endpoint;
	atomic_int refs;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool rung;
	bool replaced;
};

static struct socket *socket_of(struct msg_endpoint *endpoint)
{
	return container_of(endpoint, struct socket, endpoint);
}

static void socket_get(struct msg_endpoint *endpoint)
{
	socket_of(endpoint)->refs++;
}

static void socket_put(struct msg_endpoint *endpoint)
{
	struct socket *socket = socket_of(endpoint);

	if (atomic_fetch_sub(&socket->refs, 1) > 1)
		return;
	pthread_cond_destroy(&socket->changed);
	pthread_mutex_destroy(&socket->lock);
	free(socket);
}

static void socket_set(struct socket *socket, bool *what)
{
	pthread_mutex_lock(&socket->lock);
	*what = true;
	pthread_cond_signal(&socket->changed);
	pthread_mutex_unlock(&socket->lock);
}

static void socket_kick(struct msg_endpoint *endpoint, const struct msg_id *id)
{
	(void)id;
	socket_set(socket_of(endpoint), &socket_of(endpoint)->rung);
}

static void socket_quit(struct msg_endpoint *endpoint, enum msg_reason reason,
			u32 successor)
{
	g_assert_cmpint(reason, ==, MSG_REASON_REPLACED);
	g_assert_cmpuint(successor, ==, 42);
	socket_set(socket_of(endpoint), &socket_of(endpoint)->replaced);
}

static const struct msg_endpoint_ops socket_ops = {
	.get = socket_get,
	.put = socket_put,
	.kick = socket_kick,
	.quit = socket_quit,
};

static struct socket *socket_new(void)
{
	struct socket *socket = calloc(1, sizeof(*socket));

	g_assert_nonnull(socket);
	socket->endpoint.ops = &socket_ops;
	socket->refs = 1;
	pthread_mutex_init(&socket->lock, NULL);
	pthread_cond_init(&socket->changed, NULL);
	return socket;
}

/* False: it was replaced. The end of all rings too. */
static bool socket_wait(struct socket *socket)
{
	bool replaced;

	pthread_mutex_lock(&socket->lock);
	while (!socket->rung && !socket->replaced)
		pthread_cond_wait(&socket->changed, &socket->lock);
	socket->rung = false;
	replaced = socket->replaced;
	pthread_mutex_unlock(&socket->lock);
	return !replaced;
}

/* ---- daemons */

struct daemon {
	pthread_t thread;
	u32 uid;
	u32 state;
	pthread_mutex_t lock;
	struct socket *socket;
};

static struct daemon daemons[OWNERS * DAEMONS];

/* What was delivered to it may have gone to its successor meanwhile. */
static void assert_refused(int err)
{
	g_assert_true(err == -EINVAL || err == -EPERM || err == -ENOTCONN);
}

static void answer(struct daemon *daemon, struct msg_caller *caller,
		   const struct msg_delivery *delivery)
{
	struct msg_id forged = { delivery->id.index, delivery->id.counter - 1 };
	struct question question, reply;
	int err;

	memcpy(&question, delivery->data, sizeof(question));
	g_assert_cmpuint(question.uid, ==, daemon->uid);
	reply = answer_to(&question);
	if (chance(&daemon->state, 8) == 0)
		assert_refused(msg_respond(&engine, caller, &forged,
					   (const u8 *)"forged", 6));
	err = msg_respond(&engine, caller, &delivery->id, (const u8 *)&reply,
			  sizeof(reply));
	if (err != 0)
		assert_refused(err);
	if (chance(&daemon->state, 8) == 0)
		assert_refused(msg_respond(&engine, caller, &delivery->id,
					   (const u8 *)"twice", 5));
}

/* False: it dies with what it has just got. */
static bool work(struct daemon *daemon, struct msg_caller *caller,
		 const struct msg_delivery *delivery)
{
	u32 ms = 1 + chance(&daemon->state, 100000);

	switch (chance(&daemon->state, 32)) {
	case 0:
		return false;
	case 1:
		msg_unfetch(&engine, caller, &delivery->id);
		return true;
	case 2:
		if (msg_extend(&engine, caller, &delivery->id, &ms) == 0)
			g_assert_cmpuint(ms, <=, EXTEND_MS);
		answer(daemon, caller, delivery);
		return true;
	default:
		answer(daemon, caller, delivery);
		return true;
	}
}

static void serve(struct daemon *daemon, struct msg_caller *caller)
{
	u32 left = chance(&daemon->state, WORK);
	struct msg_delivery delivery;
	int err;

	while (socket_wait(daemon->socket)) {
		for (;;) {
			err = msg_fetch(&engine, caller, NULL, MSG_PACKET_MAX,
					&delivery);
			if (err != 0)
				break;
			if (left-- == 0 || !work(daemon, caller, &delivery))
				return;
		}
		if (atomic_load(&openers_are_gone))
			return;
		g_assert_true(err == -EAGAIN || err == -EPERM ||
			      err == -ENOTCONN);
	}
}

static void *run_daemon(void *data)
{
	struct msg_helo helo = { .replace = true, .pid = 42 };
	struct daemon *daemon = data;
	struct msg_caller caller = { .opener = { daemon->uid },
				     .actor = { daemon->uid } };

	while (!atomic_load(&openers_are_gone)) {
		struct socket *socket = socket_new();

		pthread_mutex_lock(&daemon->lock);
		daemon->socket = socket;
		pthread_mutex_unlock(&daemon->lock);
		caller.endpoint = &socket->endpoint;
		g_assert_cmpint(msg_helo(&engine, &caller, &helo), ==, 0);
		serve(daemon, &caller);
		if (chance(&daemon->state, 4) == 0)
			msg_quit(&engine, &caller);
		msg_endpoint_gone(&engine, &socket->endpoint);
		pthread_mutex_lock(&daemon->lock);
		daemon->socket = NULL;
		pthread_mutex_unlock(&daemon->lock);
		socket_put(&socket->endpoint);
		pause_a_little(&daemon->state);
	}
	return NULL;
}

static void ring_all(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++) {
		pthread_mutex_lock(&daemons[i].lock);
		if (daemons[i].socket)
			socket_set(daemons[i].socket,
				   &daemons[i].socket->rung);
		pthread_mutex_unlock(&daemons[i].lock);
	}
}

/* ---- openers */

struct opener {
	pthread_t thread;
	u32 uid;
	u32 state;
	u64 number;
	/* Whom the killer may meet; a reference of its own. */
	pthread_mutex_t lock;
	struct msg_ctx *victim;
};

static struct opener openers[OPENERS];

static void set_victim(struct opener *opener, struct msg_ctx *ctx)
{
	struct msg_ctx *before;

	if (ctx)
		refcount_inc(&ctx->refs);
	pthread_mutex_lock(&opener->lock);
	before = opener->victim;
	opener->victim = ctx;
	pthread_mutex_unlock(&opener->lock);
	msg_ctx_put(before);
}

static struct question ask(struct opener *opener)
{
	return (struct question){
		.tag = chance(&opener->state, 2) ? 0x40 : 0x42,
		.uid = opener->uid,
		.number = opener->number++,
	};
}

/* NULL: nobody is there who could answer. */
static struct msg_ctx *send_question(struct opener *opener,
				     const struct question *question,
				     msg_done_fn *done, void *arg)
{
	struct msg_request request = { .owner = { opener->uid },
				       .opener = opener->number,
				       .data = (const u8 *)question,
				       .data_len = sizeof(*question),
				       .done = done,
				       .arg = arg };
	struct msg_ctx *ctx;
	int err = msg_send(&engine, &request, &ctx);

	if (err == 0)
		return ctx;
	g_assert_cmpint(err, ==, -ENOTCONN);
	pause_a_little(&opener->state);
	return NULL;
}

static void *run_sleeper(void *data)
{
	struct opener *opener = data;

	for (size_t i = 0; i < REQUESTS; i++) {
		struct question question = ask(opener);
		struct msg_ctx *ctx = send_question(opener, &question, NULL,
						    NULL);
		size_t reply_len;
		u8 *reply;
		int err;

		if (!ctx)
			continue;
		set_victim(opener, ctx);
		err = msg_wait(ctx, &reply, &reply_len);
		set_victim(opener, NULL);
		if (err == 0) {
			assert_answers(&question, reply, reply_len);
			port_free(&engine.port, reply, reply_len);
		} else {
			g_assert_true(err == -ENOTCONN || err == -EINTR);
		}
	}
	return NULL;
}

struct call {
	struct question question;
	struct port_completion over;
	atomic_int times;
	bool cancelled;
};

static void called(void *arg, int result, const u8 *reply, size_t reply_len)
{
	struct call *call = arg;

	call->times++;
	if (result == 0)
		assert_answers(&call->question, reply, reply_len);
	else
		g_assert_cmpint(result, ==, -ENOTCONN);
	port_complete(&call->over);
}

static void call_once(struct opener *opener, struct call *call)
{
	struct msg_ctx *ctx;

	call->question = ask(opener);
	ctx = send_question(opener, &call->question, called, call);
	if (!ctx) {
		call->cancelled = true;
		return;
	}
	if (chance(&opener->state, 4) == 0) {
		pause_a_little(&opener->state);
		call->cancelled = msg_cancel(ctx);
	}
	if (!call->cancelled)
		g_assert_cmpint(port_wait(&engine.port, &call->over, LIMIT_MS),
				==, 0);
	msg_ctx_put(ctx);
}

static void *run_called(void *data)
{
	struct call *calls = g_new0(struct call, REQUESTS);

	for (size_t i = 0; i < REQUESTS; i++) {
		port_completion_init(&calls[i].over);
		call_once(data, &calls[i]);
	}
	/* Looked at only now: none came late, none came twice. */
	for (size_t i = 0; i < REQUESTS; i++) {
		g_assert_cmpint(calls[i].times, ==, !calls[i].cancelled);
		port_completion_destroy(&calls[i].over);
	}
	g_free(calls);
	return NULL;
}

/* ---- who kills openers, and who looks on */

static void *run_killer(void *data)
{
	u32 state = 4711;

	(void)data;
	while (!atomic_load(&openers_are_gone)) {
		struct opener *opener = &openers[chance(&state, OPENERS)];

		pthread_mutex_lock(&opener->lock);
		if (opener->victim)
			port_completion_kill(&opener->victim->completion);
		pthread_mutex_unlock(&opener->lock);
		usleep(chance(&state, 1000));
	}
	return NULL;
}

static void *run_onlooker(void *data)
{
	struct port_owner owner = { 0 };
	struct msg_stats stats;

	(void)data;
	while (!atomic_load(&openers_are_gone)) {
		msg_expire(&engine);
		msg_read_stats(&engine, NULL, &stats);
		g_assert_cmpuint(stats.count[MSG_STAT_PENDING], <=, OPENERS);
		g_assert_cmpuint(stats.count[MSG_STAT_TIMED_OUT], ==, 0);
		msg_read_stats(&engine, &owner, &stats);
		owner.uid = (owner.uid + 1) % OWNERS;
		usleep(500);
	}
	return NULL;
}

static void start_daemons(void)
{
	for (u32 i = 0; i < G_N_ELEMENTS(daemons); i++) {
		daemons[i] = (struct daemon){ .uid = i / DAEMONS,
					      .state = 1 + i };
		pthread_mutex_init(&daemons[i].lock, NULL);
		pthread_create(&daemons[i].thread, NULL, run_daemon,
			       &daemons[i]);
	}
}

static void start_openers(void)
{
	for (u32 i = 0; i < OPENERS; i++) {
		openers[i] = (struct opener){ .uid = i % OWNERS,
					      .state = 1000 + i,
					      .number = (u64)i << 32 };
		pthread_mutex_init(&openers[i].lock, NULL);
	}
	for (u32 i = 0; i < OPENERS; i++)
		pthread_create(&openers[i].thread, NULL,
			       i < OWNERS * CALLED ? run_called : run_sleeper,
			       &openers[i]);
}

static void join_all(void)
{
	for (size_t i = 0; i < OPENERS; i++)
		pthread_join(openers[i].thread, NULL);
	atomic_store(&openers_are_gone, true);
	for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++) {
		/* One that was just about to sleep is rung for again. */
		while (pthread_tryjoin_np(daemons[i].thread, NULL) != 0) {
			ring_all();
			usleep(1000);
		}
	}
}

static void destroy_locks(void)
{
	for (size_t i = 0; i < OPENERS; i++)
		pthread_mutex_destroy(&openers[i].lock);
	for (size_t i = 0; i < G_N_ELEMENTS(daemons); i++)
		pthread_mutex_destroy(&daemons[i].lock);
}

static void test_everything(void)
{
	struct msg_limits limits = { LIMIT_MS, EXTEND_MS, 2, OPENERS };
	pthread_t killer, onlooker;
	struct msg_stats stats;

	g_assert_cmpint(msg_engine_init(&engine, &limits), ==, 0);
	start_daemons();
	start_openers();
	pthread_create(&killer, NULL, run_killer, NULL);
	pthread_create(&onlooker, NULL, run_onlooker, NULL);
	join_all();
	pthread_join(killer, NULL);
	pthread_join(onlooker, NULL);
	destroy_locks();

	msg_read_stats(&engine, NULL, &stats);
	g_assert_cmpuint(stats.count[MSG_STAT_PENDING], ==, 0);
	g_assert_cmpuint(stats.count[MSG_STAT_REQUESTS], ==,
			 stats.count[MSG_STAT_ANSWERED] +
				 stats.count[MSG_STAT_KILLED] +
				 stats.count[MSG_STAT_ABANDONED]);
	/* Each thing happened, or nothing was shown. */
	for (size_t i = 0; i < OWNERS; i++)
		g_assert_cmpint(answered[i], >, 0);
	g_assert_cmpuint(stats.count[MSG_STAT_KILLED], >, 0);
	g_assert_cmpuint(stats.count[MSG_STAT_ABANDONED], >, 0);
	g_assert_cmpuint(stats.count[MSG_STAT_REFUSED], >, 0);
	g_assert_cmpuint(stats.count[MSG_STAT_EXTENDED], >, 0);
	for (enum msg_stat stat = MSG_STAT_REQUESTS; stat < MSG_N_STATS; stat++)
		g_test_message("stat %d: %" G_GUINT64_FORMAT, (int)stat,
			       stats.count[stat]);
	msg_engine_exit(&engine);
	g_assert_cmpint(engine.port.allocations, ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/messaging/threads/everything-at-once",
			test_everything);
	return g_test_run();
}
