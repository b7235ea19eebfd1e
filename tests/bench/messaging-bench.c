/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "make bench": how many requests the messaging engine carries, sent,
 * delivered, answered and taken by who sent them; on one thread, and with
 * openers that sleep while a daemon on another thread works.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "messaging/engine.h"

#define ROUNDS 5
#define REQUESTS 200000
#define SLEEPERS 8
#define REQUESTS_EACH 5000
/* Of a tag 66 for a key of 16 octets, and its answer for RSA-2048. */
#define REQUEST_LEN 37
#define REPLY_LEN 262

static struct msg_engine engine;

/* ---- a daemon */

struct desk {
	struct msg_endpoint endpoint;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool rung;
	bool over;
};

static struct desk *desk_of(struct msg_endpoint *endpoint)
{
	return container_of(endpoint, struct desk, endpoint);
}

static void desk_count(struct msg_endpoint *endpoint)
{
	(void)endpoint;
}

static void desk_set(struct desk *desk, bool *what)
{
	pthread_mutex_lock(&desk->lock);
	*what = true;
	pthread_cond_signal(&desk->changed);
	pthread_mutex_unlock(&desk->lock);
}

static void desk_kick(struct msg_endpoint *endpoint, const struct msg_id *id)
{
	(void)id;
	desk_set(desk_of(endpoint), &desk_of(endpoint)->rung);
}

static void desk_quit(struct msg_endpoint *endpoint, enum msg_reason reason,
		      u32 successor)
{
	(void)reason;
	(void)successor;
	desk_set(desk_of(endpoint), &desk_of(endpoint)->over);
}

static const struct msg_endpoint_ops desk_ops = {
	.get = desk_count,
	.put = desk_count,
	.kick = desk_kick,
	.quit = desk_quit,
};

static struct desk desk = {
	.endpoint.ops = &desk_ops,
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static void fail(const char *what, int err)
{
	fprintf(stderr, "messaging-bench: %s: %s\n", what, strerror(-err));
	exit(1);
}

static bool answer_one(void)
{
	static const u8 reply[REPLY_LEN] = { 0x43 };
	struct msg_caller caller = { .endpoint = &desk.endpoint };
	struct msg_delivery delivery;
	int err = msg_fetch(&engine, &caller, NULL, MSG_PACKET_MAX, &delivery);

	if (err == -EAGAIN)
		return false;
	if (err != 0)
		fail("fetch", err);
	err = msg_respond(&engine, &caller, &delivery.id, reply, REPLY_LEN);
	if (err != 0)
		fail("respond", err);
	return true;
}

/* False: it is over. */
static bool wait_for_work(void)
{
	bool over;

	pthread_mutex_lock(&desk.lock);
	while (!desk.rung && !desk.over)
		pthread_cond_wait(&desk.changed, &desk.lock);
	desk.rung = false;
	over = desk.over;
	pthread_mutex_unlock(&desk.lock);
	return !over;
}

static void *run_daemon(void *data)
{
	while (wait_for_work())
		while (answer_one())
			;
	return data;
}

/* ---- openers */

static struct msg_ctx *ask(void)
{
	static const u8 packet[REQUEST_LEN] = { 0x42 };
	struct msg_request request = { .data = packet,
				       .data_len = REQUEST_LEN };
	struct msg_ctx *ctx;
	int err = msg_send(&engine, &request, &ctx);

	if (err != 0)
		fail("send", err);
	return ctx;
}

static void take(struct msg_ctx *ctx)
{
	size_t reply_len;
	u8 *reply;
	int err = msg_wait(ctx, &reply, &reply_len);

	if (err != 0 || reply_len != REPLY_LEN)
		fail("wait", err);
	port_free(&engine.port, reply, reply_len);
}

static void *run_opener(void *data)
{
	for (size_t i = 0; i < REQUESTS_EACH; i++)
		take(ask());
	return data;
}

/* ---- figures */

static double now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Per second of the processor: what else runs is not the engine's. */
static double on_one_thread(void)
{
	double start = now(CLOCK_THREAD_CPUTIME_ID);

	for (size_t i = 0; i < REQUESTS; i++) {
		struct msg_ctx *ctx = ask();

		answer_one();
		take(ctx);
	}
	return REQUESTS / (now(CLOCK_THREAD_CPUTIME_ID) - start);
}

static double with_sleepers(void)
{
	pthread_t daemon, openers[SLEEPERS];
	double start;

	desk.over = false;
	pthread_create(&daemon, NULL, run_daemon, NULL);
	start = now(CLOCK_MONOTONIC);
	for (size_t i = 0; i < SLEEPERS; i++)
		pthread_create(&openers[i], NULL, run_opener, NULL);
	for (size_t i = 0; i < SLEEPERS; i++)
		pthread_join(openers[i], NULL);
	start = SLEEPERS * REQUESTS_EACH / (now(CLOCK_MONOTONIC) - start);
	desk_set(&desk, &desk.over);
	pthread_join(daemon, NULL);
	return start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_of(double (*figure)(void))
{
	double figures[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++)
		figures[i] = figure();
	qsort(figures, ROUNDS, sizeof(*figures), compare);
	return figures[ROUNDS / 2];
}

static bool report(const char *what, double figure, bool at_least,
		   double target, const char *unit)
{
	bool good = at_least ? figure >= target : figure <= target;

	printf("%-44s %8.0f %s %6.0f%-4s %s\n", what, figure,
	       at_least ? ">=" : "<=", target, unit, good ? "PASS" : "FAIL");
	return good;
}

int main(void)
{
	struct msg_limits limits = { 3000, 30000, 2 * SLEEPERS, 2 * SLEEPERS };
	struct msg_caller caller = { .endpoint = &desk.endpoint };
	struct msg_helo helo = { 0 };
	bool good;
	int err = msg_engine_init(&engine, &limits);

	if (err == 0)
		err = msg_helo(&engine, &caller, &helo);
	if (err != 0)
		fail("helo", err);
	printf("%-44s %8s    %-10s\n", "messaging engine, medians", "figure",
	       "target");
	good = report("requests, one thread, per CPU second",
		      median_of(on_one_thread), true, 500000, "/s");
	good &= report("requests, openers asleep", median_of(with_sleepers),
		       true, 50000, "/s");
	msg_engine_exit(&engine);
	good &= report("allocations left",
		       (double)atomic_load(&engine.port.allocations), false, 0,
		       "");
	return !good;
}
