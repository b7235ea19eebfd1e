/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sink that counts, and threads that play the kernel or the daemon. */
#include "tests/unit/genl-pair.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "libecryptfs/packet.h"

#define PATIENCE_USEC (10 * G_USEC_PER_SEC)

struct genl_sink sink = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static void on_request(void *data, struct transport *transport,
		       const struct transport_id *id, const uint8_t *packet,
		       size_t packet_len, int64_t arrived)
{
	g_autoptr(EcryptfsSecret) reply = ecryptfs_secret_new(8);
	bool refuses;

	g_assert_true(data == &sink);
	g_assert_nonnull(packet);
	g_assert_cmpint(arrived, <=, g_get_monotonic_time());
	pthread_mutex_lock(&sink.lock);
	while (sink.closed)
		pthread_cond_wait(&sink.changed, &sink.lock);
	sink.requests++;
	sink.last = *id;
	sink.last_len = packet_len;
	refuses = sink.refuses;
	pthread_cond_broadcast(&sink.changed);
	pthread_mutex_unlock(&sink.lock);
	if (!refuses)
		return;
	ecryptfs_packet_write_failure(ECRYPTFS_TAG_65, reply);
	transport->reply(transport, id, reply, NULL);
}

static void on_changed(void *data, struct transport *transport)
{
	g_assert_true(data == &sink);
	g_assert_nonnull(transport);
	sink.state_changes++;
}

static void on_replaced(void *data, struct transport *transport,
			const GError *why)
{
	g_assert_true(data == &sink);
	g_assert_nonnull(transport);
	sink.replaced = g_error_copy(why);
}

static void on_found(void *data)
{
	g_assert_true(data == &sink);
	sink.founds++;
}

void sink_set_closed(bool closed)
{
	pthread_mutex_lock(&sink.lock);
	sink.closed = closed;
	pthread_cond_broadcast(&sink.changed);
	pthread_mutex_unlock(&sink.lock);
}

void sink_set_refuses(void)
{
	pthread_mutex_lock(&sink.lock);
	sink.refuses = true;
	pthread_mutex_unlock(&sink.lock);
}

void sink_wait(unsigned int n)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 10;
	pthread_mutex_lock(&sink.lock);
	while (sink.requests < n)
		g_assert_cmpint(pthread_cond_timedwait(&sink.changed,
						       &sink.lock, &limit),
				==, 0);
	g_assert_cmpuint(sink.requests, ==, n);
	pthread_mutex_unlock(&sink.lock);
}

void pair_init(struct pair *pair, bool replace)
{
	struct transport_genl_config config = {
		.sink = { .request = on_request,
			  .changed = on_changed,
			  .replaced = on_replaced,
			  .data = &sink },
		.found = on_found,
		.replace = replace,
		.test_peer = &pair->peer,
	};

	*pair = (struct pair){ .fake = genl_fake_new() };
	pair->peer = genl_fake_peer(pair->fake);
	pair->transport = transport_genl_new(&config);
	pthread_mutex_lock(&sink.lock);
	sink.requests = 0;
	sink.closed = false;
	sink.refuses = false;
	pthread_mutex_unlock(&sink.lock);
	sink.state_changes = 0;
	sink.founds = 0;
	g_clear_error(&sink.replaced);
}

static void *answer_helo(void *data)
{
	struct pair *pair = data;

	struct genl_heard fetch;

	pair->helo = genl_fake_answer_helo(pair->fake, pair->err, pair->words);
	if (pair->err != 0)
		return NULL;
	for (uint32_t i = 0; i <= pair->pending; i++) {
		fetch = genl_fake_hear(pair->fake, ECRYPTFS_GENL_CMD_FETCH);
		g_assert_cmphex(fetch.seen, ==, 0);
		if (i < pair->pending)
			genl_fake_deliver(pair->fake, &fetch, i, i, "\x40", 1);
	}
	genl_fake_result(pair->fake, &fetch, EAGAIN, NULL);
	return NULL;
}

void pair_kernel_begin(struct pair *pair, int err, const char *words)
{
	pair->err = err;
	pair->words = words;
	g_assert_cmpint(pthread_create(&pair->kernel, NULL, answer_helo, pair),
			==, 0);
}

void pair_kernel_end(struct pair *pair)
{
	g_assert_cmpint(pthread_join(pair->kernel, NULL), ==, 0);
	pair->port = pair->helo.port;
}

void pair_start(struct pair *pair)
{
	GError *error = NULL;

	pair_kernel_begin(pair, 0, NULL);
	g_assert_true(pair->transport->start(pair->transport, &error));
	g_assert_no_error(error);
	pair_kernel_end(pair);
}

void pair_clear(struct pair *pair)
{
	pair->transport->stop(pair->transport);
	pair->transport->free(pair->transport);
	genl_fake_free(pair->fake);
}

void pair_new(struct pair *pair)
{
	pair_init(pair, false);
	pair_start(pair);
}

void pair_assert_described(struct pair *pair, const char *word)
{
	g_autofree char *text = pair->transport->describe(pair->transport);

	g_test_message("%s", text);
	g_assert_nonnull(strstr(text, word));
}

struct transport_counters pair_counters(struct pair *pair)
{
	struct transport_counters counters;

	pair->transport->count(pair->transport, &counters);
	return counters;
}

static bool has_changed(void *data)
{
	return sink.replaced ||
	       sink.state_changes >= *(const unsigned int *)data;
}

static void iterate_until(bool (*condition)(void *data), void *data)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_USEC;

	while (!condition(data)) {
		g_assert_cmpint(g_get_monotonic_time(), <, limit);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
	}
}

void sink_wait_for_change(unsigned int n)
{
	iterate_until(has_changed, &n);
}

void pair_request(struct pair *pair, uint32_t index, uint32_t counter)
{
	unsigned int before = sink.requests;
	struct genl_heard fetch;

	genl_fake_ring(pair->fake, pair->port, index, counter);
	fetch = genl_fake_hear(pair->fake, ECRYPTFS_GENL_CMD_FETCH);
	g_assert_cmpuint(fetch.port, ==, pair->port);
	g_assert_cmpuint(fetch.number[ECRYPTFS_GENL_ATTR_INDEX], ==, index);
	g_assert_cmpuint(fetch.number[ECRYPTFS_GENL_ATTR_COUNTER], ==, counter);
	genl_fake_deliver(pair->fake, &fetch, index, counter, "\x40", 1);
	sink_wait(before + 1);
	g_assert_cmpuint(sink.last.index, ==, index);
	g_assert_cmpuint(sink.last.counter, ==, counter);
	g_assert_cmpuint(sink.last_len, ==, 1);
}

void *pair_reply(void *data)
{
	struct pair *pair = data;
	g_autoptr(EcryptfsSecret) packet = ecryptfs_secret_new(8);

	ecryptfs_packet_write_failure(ECRYPTFS_TAG_65, packet);
	pair->sent = pair->transport->reply(pair->transport, &pair->id, packet,
					    NULL);
	return NULL;
}

void *pair_extend(void *data)
{
	struct pair *pair = data;

	pair->extended = pair->transport->extend(pair->transport, &pair->id,
						 20000);
	return NULL;
}

struct genl_heard pair_begin_call(struct pair *pair, void *(*call)(void *),
				    uint8_t cmd)
{
	struct genl_heard heard;

	pair->id = sink.last;
	g_assert_cmpint(pthread_create(&pair->answerer, NULL, call, pair), ==,
			0);
	heard = genl_fake_hear(pair->fake, cmd);
	g_assert_true(heard.ack);
	g_assert_cmpuint(heard.number[ECRYPTFS_GENL_ATTR_INDEX], ==,
			 sink.last.index);
	g_assert_cmpuint(heard.number[ECRYPTFS_GENL_ATTR_COUNTER], ==,
			 sink.last.counter);
	return heard;
}

void pair_end_call(struct pair *pair)
{
	g_assert_cmpint(pthread_join(pair->answerer, NULL), ==, 0);
}

void pair_assert_sent(struct pair *pair, int err, enum transport_sent sent)
{
	struct genl_heard heard = pair_begin_call(pair, pair_reply,
					     ECRYPTFS_GENL_CMD_RESPONSE);

	g_assert_cmpmem(heard.packet, heard.packet_len, "\x41\x01\0\0", 4);
	genl_fake_result(pair->fake, &heard, err, NULL);
	pair_end_call(pair);
	g_assert_cmpint(pair->sent, ==, sent);
}
