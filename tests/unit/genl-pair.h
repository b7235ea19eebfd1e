/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink transport with a sink on one side and the fake family on the
 * other, and the two sides of each exchange.
 */
#ifndef TESTS_UNIT_GENL_PAIR_H
#define TESTS_UNIT_GENL_PAIR_H

#include <pthread.h>

#include "daemon/transport-genl.h"
#include "tests/unit/genl-fake.h"

/**
 * genl_sink:
 * @requests: that came
 * @last: the newest, its length in @last_len
 * @closed: a gate that keeps the sink from going on
 * @refuses: each request at once, as dispatch does
 * @state_changes, @founds, @replaced: what the transport told
 *
 * What the sink got; the first five under @lock.
 */
struct genl_sink {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int requests;
	struct transport_id last;
	size_t last_len;
	bool closed;
	bool refuses;
	unsigned int state_changes;
	unsigned int founds;
	GError *replaced;
};

extern struct genl_sink sink;

void sink_set_closed(bool closed);
void sink_set_refuses(void);

/* Until there are so many, and no more. */
void sink_wait(unsigned int n);

/* Runs the main loop until the state changed @n times, or it is replaced. */
void sink_wait_for_change(unsigned int n);

/**
 * pair:
 * @fake: the kernel's end
 * @peer: what the transport takes for it; a test may change it
 * @port: of the transport
 * @err, @words: what the kernel says to HELO
 * @pending: requests that wait when HELO comes
 * @helo: the HELO that came
 * @id: the request that is answered or extended
 * @sent, @extended: how that ended
 */
struct pair {
	GenlFake *fake;
	struct genl_peer peer;
	struct transport *transport;
	uint32_t port;
	pthread_t kernel;
	int err;
	const char *words;
	unsigned int pending;
	struct genl_heard helo;
	pthread_t answerer;
	struct transport_id id;
	enum transport_sent sent;
	bool extended;
};

/* pair_new() is pair_init() and pair_start(). */
void pair_new(struct pair *pair);
void pair_init(struct pair *pair, bool replace);
void pair_start(struct pair *pair);
void pair_clear(struct pair *pair);

/* Answers the next HELO, in a thread. */
void pair_kernel_begin(struct pair *pair, int err, const char *words);
void pair_kernel_end(struct pair *pair);

void pair_assert_described(struct pair *pair, const char *word);
struct transport_counters pair_counters(struct pair *pair);

/* The whole way to the sink of a request, which the kernel rings for. */
void pair_request(struct pair *pair, uint32_t index, uint32_t counter);

/* Thread functions: a refusal of, and 20 s more for, the request @id. */
void *pair_reply(void *data);
void *pair_extend(void *data);

/* Runs one of them for the last request; what the kernel hears of it. */
struct genl_heard pair_begin_call(struct pair *pair, void *(*call)(void *),
				  uint8_t cmd);
void pair_end_call(struct pair *pair);

/* The last request's answer, to which the kernel says @err. */
void pair_assert_sent(struct pair *pair, int err, enum transport_sent sent);

#endif
