/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device transport over one end of a socket pair, and its waiting for a
 * node. What only a kernel does, tests/vm shows.
 */
#include "daemon/transport-device.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "daemon/frame.h"
#include "libecryptfs/packet.h"
#include "tests/unit/fixture.h"

#define PATIENCE_USEC (10 * G_USEC_PER_SEC)

/* What the sink got, and a gate that keeps it from going on. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int requests;
	uint32_t last_counter;
	size_t last_len;
	bool closed;
	unsigned int state_changes;
} sink = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };

static void on_request(void *data, struct transport *transport,
		       const struct transport_id *id, const uint8_t *packet,
		       size_t packet_len, int64_t arrived)
{
	g_assert_true(data == &sink);
	g_assert_nonnull(transport);
	g_assert_nonnull(packet);
	g_assert_cmpint(arrived, <=, g_get_monotonic_time());
	pthread_mutex_lock(&sink.lock);
	while (sink.closed)
		pthread_cond_wait(&sink.changed, &sink.lock);
	sink.requests++;
	sink.last_counter = id->counter;
	sink.last_len = packet_len;
	pthread_cond_broadcast(&sink.changed);
	pthread_mutex_unlock(&sink.lock);
}

static void on_changed(void *data, struct transport *transport)
{
	g_assert_true(data == &sink);
	g_assert_nonnull(transport);
	sink.state_changes++;
}

static const struct transport_sink the_sink = {
	.request = on_request,
	.changed = on_changed,
	.data = &sink,
};

static void sink_reset(bool closed)
{
	pthread_mutex_lock(&sink.lock);
	sink.requests = 0;
	sink.closed = closed;
	sink.state_changes = 0;
	pthread_mutex_unlock(&sink.lock);
}

static void sink_open(void)
{
	pthread_mutex_lock(&sink.lock);
	sink.closed = false;
	pthread_cond_broadcast(&sink.changed);
	pthread_mutex_unlock(&sink.lock);
}

static void wait_for_requests(unsigned int n)
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

struct pair {
	struct transport *transport;
	int peer;
};

static void pair_init(struct pair *pair)
{
	GError *error = NULL;
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
				   fds), ==, 0);
	pair->peer = fds[0];
	pair->transport = transport_device_new_from_fd(fds[1], &the_sink);
	g_assert_true(pair->transport->start(pair->transport, &error));
	g_assert_no_error(error);
}

static void pair_clear(struct pair *pair)
{
	pair->transport->stop(pair->transport);
	pair->transport->free(pair->transport);
	if (pair->peer >= 0)
		close(pair->peer);
}

static void send_bytes(int fd, const void *data, size_t len)
{
	g_assert_cmpint(send(fd, data, len, MSG_NOSIGNAL), ==, (ssize_t)len);
}

static void send_hex(int fd, const char *hex)
{
	g_autofree uint8_t *bytes = NULL;
	size_t len;

	bytes = fixture_from_hex(hex, &len);
	send_bytes(fd, bytes, len);
}

/* A request of tag 64 without a body, by that counter. */
static void send_request(int fd, uint32_t counter)
{
	uint8_t frame[] = { 0x66, 0, 0, 0, 0, 0x09, 0, 0, 0, 0,
			    0x01, 0, 0, 0, 0x40 };

	frame[1] = (uint8_t)(counter >> 24);
	frame[2] = (uint8_t)(counter >> 16);
	frame[3] = (uint8_t)(counter >> 8);
	frame[4] = (uint8_t)counter;
	send_bytes(fd, frame, sizeof(frame));
}

static void assert_counters(struct transport *transport, unsigned int frames,
			    unsigned int malformed, unsigned int empty,
			    unsigned int overrun)
{
	struct transport_counters counters;

	transport->count(transport, &counters);
	g_assert_cmpuint(counters.frames, ==, frames);
	g_assert_cmpuint(counters.malformed, ==, malformed);
	g_assert_cmpuint(counters.empty, ==, empty);
	g_assert_cmpuint(counters.overrun, ==, overrun);
}

static void assert_described(struct transport *transport, const char *word)
{
	g_autofree char *text = transport->describe(transport);

	g_test_message("%s", text);
	g_assert_nonnull(strstr(text, word));
}

static void test_request_and_reply(void)
{
	const struct transport_id id = { .counter = 0x01020304, .index = 5 };
	g_autoptr(EcryptfsSecret) reply = ecryptfs_secret_new(64);
	const uint8_t expected[] = { 0x67, 1, 2, 3, 4, 0x0c, 5, 0, 0, 0,
				     4, 0, 0, 0, 0x41, 1, 0, 0 };
	uint8_t got[64];
	struct pair pair;

	sink_reset(false);
	pair_init(&pair);
	assert_described(pair.transport, "registered");
	send_request(pair.peer, 0x01020304);
	wait_for_requests(1);
	g_assert_cmphex(sink.last_counter, ==, 0x01020304);
	g_assert_cmpuint(sink.last_len, ==, 1);

	ecryptfs_packet_write_failure(ECRYPTFS_TAG_65, reply);
	g_assert_cmpint(pair.transport->reply(pair.transport, &id, reply, NULL),
			==, TRANSPORT_SENT_OK);
	g_assert_cmpint(recv(pair.peer, got, sizeof(got), 0), ==,
			sizeof(expected));
	g_assert_cmpmem(got, sizeof(expected), expected, sizeof(expected));

	pair.transport->stop(pair.transport);
	g_assert_cmpint(pair.transport->reply(pair.transport, &id, reply, NULL),
			==, TRANSPORT_SENT_FAILED);
	pair_clear(&pair);
}

/* Nothing of it ends the reader: the request after each is served. */
static void test_malformed(void)
{
	static const char *const bad[] = {
		"66", "66000000", "67 00000001 0c 00000000 04000000 41010000",
		"66 00000001 08 00000000", "66 00000001 e0 00",
		"66 00000001 0c 00000000 ff000000 40000000", "00",
	};
	unsigned int n = G_N_ELEMENTS(bad);
	struct pair pair;

	sink_reset(false);
	pair_init(&pair);
	for (unsigned int i = 0; i < n; i++) {
		send_hex(pair.peer, bad[i]);
		send_request(pair.peer, i);
		wait_for_requests(i + 1);
		g_assert_cmpuint(sink.last_counter, ==, i);
	}
	send_hex(pair.peer, "66 00000009");
	send_request(pair.peer, 99);
	wait_for_requests(n + 1);
	assert_counters(pair.transport, 2 * n + 2, n, 1, 0);
	pair_clear(&pair);
}

/* A message larger than any, cut by the read. */
static void test_oversize(void)
{
	g_autofree uint8_t *bytes = g_malloc0(8192);
	struct pair pair;

	sink_reset(false);
	pair_init(&pair);
	memcpy(bytes, "\x66\0\0\0\1\xdf\xff", 7);
	send_bytes(pair.peer, bytes, 8192);
	send_request(pair.peer, 2);
	wait_for_requests(1);
	g_assert_cmpuint(sink.last_counter, ==, 2);
	assert_counters(pair.transport, 2, 1, 0, 0);
	pair_clear(&pair);
}

/* A read of nothing is not the end, not even many of them in a row. */
static void test_empty_reads(void)
{
	struct pair pair;

	sink_reset(false);
	pair_init(&pair);
	for (int i = 0; i < 40; i++)
		send_bytes(pair.peer, "", 0);
	send_request(pair.peer, 3);
	wait_for_requests(1);
	assert_counters(pair.transport, 1, 0, 0, 0);
	pair_clear(&pair);
}

/* What is unread when the transport stops is handed over all the same. */
static void test_stop_drains(void)
{
	struct pair pair;

	sink_reset(false);
	pair_init(&pair);
	for (uint32_t i = 0; i < 40; i++)
		send_request(pair.peer, i);
	pair.transport->stop(pair.transport);
	g_assert_cmpuint(sink.requests, ==, 40);
	assert_counters(pair.transport, 40, 0, 0, 0);
	pair_clear(&pair);
}

/* With nobody taking messages out the reader goes on, and says no. */
static void test_overrun(void)
{
	const unsigned int many = 400;
	unsigned int refused = 0;
	struct transport_counters counters;
	struct pair pair;
	uint8_t got[64];

	sink_reset(true);
	pair_init(&pair);
	for (uint32_t i = 0; i < many; i++)
		send_request(pair.peer, i);
	/* The first refusal comes while the sink is still closed. */
	g_assert_cmpint(recv(pair.peer, got, sizeof(got), 0), ==, 18);
	g_assert_cmpuint(got[0], ==, 0x67);
	g_assert_cmpuint(got[14], ==, 0x41);
	g_assert_cmpuint(got[15], ==, ECRYPTFS_STATUS_FAILED);
	refused++;
	sink_open();
	pair.transport->stop(pair.transport);
	while (recv(pair.peer, got, sizeof(got), MSG_DONTWAIT) == 18)
		refused++;
	pair.transport->count(pair.transport, &counters);
	g_assert_cmpuint(counters.frames, ==, many);
	g_assert_cmpuint(counters.overrun, ==, refused);
	g_assert_cmpuint(sink.requests + refused, ==, many);
	pair_clear(&pair);
}

/* EINVAL is the kernel's word for: the opener has given up. */
static void test_gone(void)
{
	const struct transport_id id = { 0 };
	g_autoptr(EcryptfsSecret) reply = ecryptfs_secret_new(64);
	struct transport *transport;

	ecryptfs_packet_write_failure(ECRYPTFS_TAG_65, reply);
	/* A timer is never readable here, and may never be written. */
	transport = transport_device_new_from_fd(
		timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), &the_sink);
	g_assert_true(transport->start(transport, NULL));
	g_assert_cmpint(transport->reply(transport, &id, reply, NULL), ==,
			TRANSPORT_SENT_GONE);
	transport->stop(transport);
	transport->free(transport);
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

static bool has_changed(void *data)
{
	return sink.state_changes >= *(const unsigned int *)data;
}

static void wait_for_change(unsigned int n)
{
	iterate_until(has_changed, &n);
}

static void test_peer_leaves(void)
{
	struct pair pair;

	sink_reset(false);
	pair_init(&pair);
	send_request(pair.peer, 1);
	close(pair.peer);
	pair.peer = -1;
	wait_for_change(1);
	g_assert_cmpuint(sink.requests, ==, 1);
	assert_described(pair.transport, "waiting for eCryptfs");
	pair_clear(&pair);
}

/* A terminal is a character device that every test may make. */
static int open_terminal(char **path)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(grantpt(fd), ==, 0);
	g_assert_cmpint(unlockpt(fd), ==, 0);
	*path = g_strdup(ptsname(fd));
	return fd;
}

static void test_waits_for_node(void)
{
	char *directory = fixture_directory_new();
	g_autofree char *node = g_build_filename(directory, "ecryptfs", NULL);
	g_autofree char *terminal = NULL;
	struct transport *transport;
	GError *error = NULL;
	int fd;

	sink_reset(false);
	transport = transport_device_new(node, &the_sink);
	g_assert_false(transport->start(transport, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL, "modprobe");
	assert_described(transport, "is not there");

	g_free(fixture_write(directory, "ecryptfs", "", 0, 0600));
	wait_for_change(1);
	assert_described(transport, "not a character device");

	g_assert_cmpint(unlink(node), ==, 0);
	wait_for_change(2);
	assert_described(transport, "is not there");

	fd = open_terminal(&terminal);
	g_assert_cmpint(symlink(terminal, node), ==, 0);
	wait_for_change(3);
	assert_described(transport, "registered");

	transport->stop(transport);
	transport->free(transport);
	close(fd);
	fixture_directory_free(directory);
}

/* The node's peer is gone: it is looked for again. */
static void test_comes_again(void)
{
	char *directory = fixture_directory_new();
	g_autofree char *node = g_build_filename(directory, "ecryptfs", NULL);
	g_autofree char *terminal = NULL;
	struct transport *transport;
	GError *error = NULL;
	int fd;

	sink_reset(false);
	fd = open_terminal(&terminal);
	g_assert_cmpint(symlink(terminal, node), ==, 0);
	transport = transport_device_new(node, &the_sink);
	g_assert_true(transport->start(transport, &error));
	g_assert_no_error(error);
	g_assert_cmpint(unlink(node), ==, 0);
	close(fd);
	wait_for_change(1);
	assert_described(transport, "waiting for eCryptfs");

	g_clear_pointer(&terminal, g_free);
	fd = open_terminal(&terminal);
	g_assert_cmpint(symlink(terminal, node), ==, 0);
	while (sink.state_changes < 4 && sink.state_changes > 0) {
		g_autofree char *text = transport->describe(transport);

		if (strcmp(text, "registered") == 0)
			break;
		wait_for_change(sink.state_changes + 1);
	}
	assert_described(transport, "registered");
	transport->stop(transport);
	transport->free(transport);
	close(fd);
	fixture_directory_free(directory);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/device/request-and-reply", test_request_and_reply);
	g_test_add_func("/device/malformed", test_malformed);
	g_test_add_func("/device/oversize", test_oversize);
	g_test_add_func("/device/empty-reads", test_empty_reads);
	g_test_add_func("/device/stop-drains", test_stop_drains);
	g_test_add_func("/device/overrun", test_overrun);
	g_test_add_func("/device/gone", test_gone);
	g_test_add_func("/device/peer-leaves", test_peer_leaves);
	g_test_add_func("/device/waits-for-node", test_waits_for_node);
	g_test_add_func("/device/comes-again", test_comes_again);
	return g_test_run();
}
