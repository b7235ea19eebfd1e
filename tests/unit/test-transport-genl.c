/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink transport against a family that the test itself plays, on real
 * netlink sockets, without a kernel module. What only a kernel does, tests/vm
 * shows.
 */
#include "daemon/transport-genl.h"

#include <errno.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include "tests/unit/fixture.h"
#include "tests/unit/genl-pair.h"

/* The group of nlctrl's news, see genl_fake_flood(). */
#define NEWS_GROUP 16

static void test_helo(void)
{
	struct transport_limits limits;
	struct pair pair;

	pair_init(&pair, false);
	pair_assert_described(&pair, "not started");
	g_assert_false(pair.transport->limits(pair.transport, &limits));
	pair_start(&pair);
	g_assert_cmphex(pair.helo.seen, ==, 1u << ECRYPTFS_GENL_ATTR_VERSION);
	pair_assert_described(&pair, "registered");
	g_assert_true(pair.transport->limits(pair.transport, &limits));
	g_assert_cmpuint(limits.version, ==, 1);
	g_assert_cmpuint(limits.timeout_msec, ==, 5000);
	g_assert_cmpuint(limits.extend_msec, ==, 30000);
	g_assert_cmpuint(limits.window, ==, 32);
	g_assert_cmpuint(limits.queue, ==, 1024);
	g_assert_cmpuint(sink.founds, ==, 1);

	pair.transport->stop(pair.transport);
	genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_QUIT);
	pair_assert_described(&pair, "waiting");
	g_assert_false(pair.transport->limits(pair.transport, &limits));
	pair_clear(&pair);
}

struct refusal {
	const char *path;
	int err;
	const char *words;
	bool replace;
	enum ecryptfs_error code;
	const char *sentence;
};

static const struct refusal refusals[] = {
	{ "/genl/refused/busy", EBUSY, "another daemon lives", false,
	  ECRYPTFS_ERROR_BUSY, "take its place with \"ecryptfsd --replace\"" },
	{ "/genl/refused/permission", EPERM, "only the initial network "
	  "namespace is served", false, ECRYPTFS_ERROR_PERMISSION,
	  "for only the initial network namespace is served: run ecryptfsd "
	  "outside of containers" },
	{ "/genl/refused/permission-without-words", EPERM, NULL, false,
	  ECRYPTFS_ERROR_PERMISSION, "root: run ecryptfsd outside" },
	{ "/genl/refused/replace-elsewhere", EPERM, "it lives in other "
	  "namespaces", true, ECRYPTFS_ERROR_PERMISSION,
	  "in the same namespaces as the daemon that it is to replace" },
	{ "/genl/refused/version", EPROTONOSUPPORT, NULL, false,
	  ECRYPTFS_ERROR_KERNEL, "of one release, or use \"ecryptfsd "
	  "--transport=device\"" },
	{ "/genl/refused/gone", ENOENT, NULL, false, ECRYPTFS_ERROR_KERNEL,
	  "was unloaded: \"modprobe ecryptfs\"" },
	{ "/genl/refused/no-memory", ENOMEM, "out of\nmemory", false,
	  ECRYPTFS_ERROR_KERNEL, "Cannot allocate memory: out of?memory" },
};

static void test_refused(const void *data)
{
	const struct refusal *refusal = data;
	GError *error = NULL;
	struct pair pair;

	pair_init(&pair, refusal->replace);
	pair_kernel_begin(&pair, refusal->err, refusal->words);
	g_assert_false(pair.transport->start(pair.transport, &error));
	pair_kernel_end(&pair);
	g_assert_cmpint(!!(pair.helo.seen & 1u << ECRYPTFS_GENL_ATTR_FLAGS),
			==, refusal->replace);
	pair_assert_described(&pair, "waiting for eCryptfs: ");
	pair_assert_described(&pair, error->message);
	g_assert_true(transport_genl_is_present(pair.transport));
	fixture_assert_error(&error, refusal->code, refusal->sentence);

	/* It asks again, and then it is welcome. */
	pair_kernel_begin(&pair, 0, NULL);
	sink_wait_for_change(1);
	pair_kernel_end(&pair);
	pair_assert_described(&pair, "registered");
	pair_clear(&pair);
}

/* The peer takes the message and says nothing. */
static void test_no_answer(void)
{
	GError *error = NULL;
	struct pair pair;

	pair_init(&pair, false);
	g_assert_false(pair.transport->start(pair.transport, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL, "timed out");
	pair_clear(&pair);
}

static void test_absent(void)
{
	struct genl_peer there;
	GError *error = NULL;
	struct pair pair;

	pair_init(&pair, false);
	there = pair.peer;
	pair.peer.family = 0;
	g_assert_false(pair.transport->start(pair.transport, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL,
			     "no generic netlink family \"ecryptfs\"");
	g_assert_false(transport_genl_is_present(pair.transport));
	g_assert_cmpuint(sink.founds, ==, 0);
	pair_kernel_begin(&pair, 0, NULL);
	pair.peer = there;
	sink_wait_for_change(1);
	pair_kernel_end(&pair);
	pair_assert_described(&pair, "registered");
	pair_clear(&pair);
}

static void test_round_trip(void)
{
	struct pair pair;

	pair_new(&pair);
	for (uint32_t i = 0; i < 20; i++) {
		pair_request(&pair, i, 0x80000000 + i);
		pair_assert_sent(&pair, 0, TRANSPORT_SENT_OK);
	}
	g_assert_cmpuint(pair_counters(&pair).malformed, ==, 0);
	pair_clear(&pair);
}

/* Refused for good reason, and all goes on. */
static void test_late(void)
{
	struct pair pair;

	pair_new(&pair);
	pair_request(&pair, 1, 1);
	pair_assert_sent(&pair, EINVAL, TRANSPORT_SENT_GONE);
	pair_request(&pair, 2, 2);
	pair_assert_sent(&pair, ENOMEM, TRANSPORT_SENT_FAILED);
	pair_request(&pair, 3, 3);
	pair_assert_sent(&pair, 0, TRANSPORT_SENT_OK);
	pair_assert_described(&pair, "registered");
	pair_clear(&pair);
}

/* The doorbell was answered by nothing: fetched meanwhile, or gone. */
static void test_nothing_behind_doorbell(void)
{
	static const int errors[] = { EINVAL, EAGAIN, ENOMEM };
	struct genl_heard fetch;
	struct pair pair;

	pair_new(&pair);
	for (uint32_t i = 0; i < G_N_ELEMENTS(errors); i++) {
		genl_fake_ring(pair.fake, pair.port, i, i);
		fetch = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_FETCH);
		genl_fake_result(pair.fake, &fetch, errors[i], NULL);
		pair_request(&pair, 100 + i, i);
	}
	pair_clear(&pair);
}

/* A takeover hands over what waits: fetched until there is nothing. */
static void test_takes_over(void)
{
	struct pair pair;

	pair_init(&pair, true);
	pair.pending = 40;
	pair_start(&pair);
	sink_wait(40);
	g_assert_cmpuint(sink.last.index, ==, 39);
	pair_assert_sent(&pair, 0, TRANSPORT_SENT_OK);
	pair_clear(&pair);
}

static void test_extend(void)
{
	const uint32_t granted[] = { ECRYPTFS_GENL_ATTR_MSEC, 15000 };
	struct genl_heard heard;
	struct pair pair;

	pair_new(&pair);
	pair_request(&pair, 4, 7);
	heard = pair_begin_call(&pair, pair_extend, ECRYPTFS_GENL_CMD_EXTEND);
	g_assert_cmpuint(heard.number[ECRYPTFS_GENL_ATTR_MSEC], ==, 20000);
	genl_fake_say(pair.fake, pair.port, heard.seq,
		      ECRYPTFS_GENL_CMD_EXTEND, granted, 2, NULL, 0);
	genl_fake_result(pair.fake, &heard, 0, NULL);
	pair_end_call(&pair);
	g_assert_true(pair.extended);

	heard = pair_begin_call(&pair, pair_extend, ECRYPTFS_GENL_CMD_EXTEND);
	genl_fake_result(pair.fake, &heard, ETIME, "nothing is left");
	pair_end_call(&pair);
	g_assert_false(pair.extended);
	pair_assert_sent(&pair, 0, TRANSPORT_SENT_OK);
	pair_clear(&pair);
}

static void test_malformed(void)
{
	static const char *const bad[] = {
		"", "00", "10000000", "10000000 7f00 0000 00000000 00000000",
		"ffffffff 7f00 0000 00000000 00000000 03010000",
		"14000000 7f00 0000 00000000 00000000 03010000",
		"14000000 7f00 0000 00000000 00000000 63010000",
		"14000000 0200 0000 00000000 00000000 ffffffff",
		"10000000 0300 0000 00000000 00000000",
	};
	unsigned int n = G_N_ELEMENTS(bad);
	struct pair pair;

	pair_new(&pair);
	for (unsigned int i = 0; i < n; i++) {
		size_t len;
		g_autofree uint8_t *bytes = fixture_from_hex(bad[i], &len);

		if (len == 0)
			continue; /* netlink has no empty datagrams */
		genl_fake_send(pair.fake, pair.port, bytes, len);
		pair_request(&pair, i, i);
	}
	g_assert_cmpuint(pair_counters(&pair).malformed, ==, n - 1);
	pair_clear(&pair);
}

/* What is too long for a packet, and for any message. */
static void test_too_long(void)
{
	g_autofree uint8_t *bytes = g_malloc0(4096);
	struct genl_heard fetch;
	struct pair pair;

	pair_new(&pair);
	genl_fake_ring(pair.fake, pair.port, 5, 5);
	fetch = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_FETCH);
	genl_fake_deliver(pair.fake, &fetch, 5, 5, bytes,
			  ECRYPTFS_GENL_PACKET_MAX + 1);
	pair_request(&pair, 6, 6);
	genl_fake_send(pair.fake, pair.port, bytes, 4096);
	pair_request(&pair, 7, 7);
	g_assert_cmpuint(pair_counters(&pair).malformed, ==, 2);
	pair_clear(&pair);
}

/* Somebody else rings, delivers, says QUIT: nobody listens. */
static void test_foreign(void)
{
	GenlFake *other = genl_fake_new();
	struct genl_heard fetch = { 0 };
	struct pair pair;

	pair_new(&pair);
	fetch.port = pair.port;
	genl_fake_ring(other, pair.port, 1, 1);
	genl_fake_deliver(other, &fetch, 1, 1, "\x40", 1);
	genl_fake_quit(other, pair.port, ECRYPTFS_GENL_REASON_REPLACED, 1);
	pair_request(&pair, 2, 2);
	g_assert_cmpuint(pair_counters(&pair).foreign, ==, 3);
	g_assert_cmpuint(pair_counters(&pair).malformed, ==, 0);
	pair_assert_described(&pair, "registered");
	genl_fake_free(other);
	pair_clear(&pair);
}

/* The transport's own socket, in this process. */
static int socket_of(uint32_t port)
{
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_nl own = { 0 };
		socklen_t own_len = sizeof(own);

		if (getsockname(fd, (struct sockaddr *)&own, &own_len) == 0 &&
		    own.nl_family == AF_NETLINK && own.nl_pid == port)
			return fd;
	}
	g_assert_not_reached();
}

/* Messages were lost: all that waits is fetched, whoever rang for it. */
static void test_lost_doorbell(void)
{
	const int group = NEWS_GROUP, small = 0;
	struct genl_heard fetch;
	struct pair pair;
	int fd;

	pair_new(&pair);
	fd = socket_of(pair.port);
	g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small,
				   sizeof(small)), ==, 0);
	g_assert_cmpint(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				   &group, sizeof(group)), ==, 0);
	do
		genl_fake_flood(pair.fake);
	while (!genl_fake_hears(pair.fake, 1, &fetch));
	g_assert_cmpuint(fetch.cmd, ==, ECRYPTFS_GENL_CMD_FETCH);
	g_assert_cmpuint(pair_counters(&pair).lost, >=, 1);
	g_assert_cmpint(setsockopt(fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP,
				   &group, sizeof(group)), ==, 0);

	/* A second loss begins a second sweep, and ends the first. */
	for (uint32_t i = 1; i <= 3; i++) {
		g_assert_cmphex(fetch.seen, ==, 0);
		genl_fake_deliver(pair.fake, &fetch, i, i, "\x40", 1);
		sink_wait(i);
		fetch = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_FETCH);
	}
	genl_fake_result(pair.fake, &fetch, EAGAIN, NULL);
	pair_request(&pair, 9, 9);
	pair_clear(&pair);
}

static void test_replaced(void)
{
	struct pair pair;

	pair_new(&pair);
	genl_fake_quit(pair.fake, pair.port, ECRYPTFS_GENL_REASON_REPLACED,
		       4321);
	sink_wait_for_change(1);
	g_assert_nonnull(sink.replaced);
	fixture_assert_error(&sink.replaced, ECRYPTFS_ERROR_BUSY,
			     "with process id 4321, has taken over");
	g_assert_cmpuint(sink.state_changes, ==, 0);
	pair_clear(&pair);
}

/* The answer was refused before the reason for it came. */
static void test_replaced_while_answering(void)
{
	struct genl_heard heard;
	struct pair pair;

	pair_new(&pair);
	pair_request(&pair, 1, 1);
	heard = pair_begin_call(&pair, pair_reply, ECRYPTFS_GENL_CMD_RESPONSE);
	genl_fake_result(pair.fake, &heard, EPERM, "not the registered one");
	genl_fake_quit(pair.fake, pair.port, ECRYPTFS_GENL_REASON_REPLACED, 0);
	pair_end_call(&pair);
	g_assert_cmpint(pair.sent, ==, TRANSPORT_SENT_FAILED);
	sink_wait_for_change(1);
	g_assert_nonnull(sink.replaced);
	fixture_assert_error(&sink.replaced, ECRYPTFS_ERROR_BUSY,
			     "of other namespaces, has taken over");
	pair_clear(&pair);
}

/* Gone, and there again: once with QUIT, once noticed at a FETCH. */
static void test_unloaded(void)
{
	struct genl_heard fetch;
	struct pair pair;

	pair_init(&pair, true);
	pair_start(&pair);
	g_assert_cmpuint(pair.helo.number[ECRYPTFS_GENL_ATTR_FLAGS], ==,
			 ECRYPTFS_GENL_FLAG_REPLACE);
	genl_fake_quit(pair.fake, pair.port, ECRYPTFS_GENL_REASON_UNLOAD, 0);
	pair_kernel_begin(&pair, 0, NULL);
	sink_wait_for_change(1);
	pair_assert_described(&pair, "was unloaded");
	sink_wait_for_change(2);
	pair_kernel_end(&pair);
	g_assert_cmphex(pair.helo.seen & (1u << ECRYPTFS_GENL_ATTR_FLAGS), ==,
			0);

	genl_fake_ring(pair.fake, pair.port, 1, 1);
	fetch = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_FETCH);
	genl_fake_result(pair.fake, &fetch, ENOENT, NULL);
	pair_kernel_begin(&pair, 0, NULL);
	sink_wait_for_change(4);
	pair_kernel_end(&pair);
	pair_request(&pair, 3, 3);
	pair_assert_sent(&pair, 0, TRANSPORT_SENT_OK);
	pair_clear(&pair);
}

/* Nobody is at the port any more: an answer finds that out. */
static void test_peer_gone(void)
{
	struct pair pair;

	pair_new(&pair);
	pair_request(&pair, 1, 1);
	g_clear_pointer(&pair.fake, genl_fake_free);
	pair.id = sink.last;
	pair_reply(&pair);
	g_assert_cmpint(pair.sent, ==, TRANSPORT_SENT_FAILED);
	sink_wait_for_change(1);
	pair_assert_described(&pair, "has dropped this daemon");
	pair_clear(&pair);
}

/* What has come when the transport stops gets its answer, then comes QUIT. */
static void test_stop_with_requests(void)
{
	struct genl_heard fetch, heard;
	const unsigned int many = 20;
	struct pair pair;

	pair_new(&pair);
	genl_fake_ring(pair.fake, pair.port, 0, 0);
	fetch = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_FETCH);
	sink_set_refuses();
	for (uint32_t i = 0; i < many; i++)
		genl_fake_deliver(pair.fake, &fetch, i, i, "\x40", 1);
	pair.transport->stop(pair.transport);
	g_assert_cmpuint(sink.requests, ==, many);
	for (uint32_t i = 0; i < many; i++) {
		heard = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_RESPONSE);
		g_assert_cmpuint(heard.number[ECRYPTFS_GENL_ATTR_INDEX], ==,
				 i);
	}
	genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_QUIT);
	pair.id = sink.last;
	pair_reply(&pair);
	g_assert_cmpint(pair.sent, ==, TRANSPORT_SENT_FAILED);
	pair_clear(&pair);
}

/* A kernel that delivers more than it said: refused, not kept. */
static void test_overrun(void)
{
	struct genl_heard fetch, heard;
	struct pair pair;

	pair_new(&pair);
	sink_set_closed(true);
	genl_fake_ring(pair.fake, pair.port, 0, 0);
	fetch = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_FETCH);
	for (uint32_t i = 0; i < 150; i++)
		genl_fake_deliver(pair.fake, &fetch, i, i, "\x40", 1);
	heard = genl_fake_hear(pair.fake, ECRYPTFS_GENL_CMD_RESPONSE);
	g_assert_false(heard.ack);
	g_assert_cmpmem(heard.packet, heard.packet_len, "\x41\x01\0\0", 4);
	sink_set_closed(false);
	pair.transport->stop(pair.transport);
	g_assert_cmpuint(pair_counters(&pair).overrun, >=, 1);
	g_assert_cmpuint(sink.requests +
				 pair_counters(&pair).overrun, ==, 150);
	pair_clear(&pair);
}

int main(int argc, char **argv)
{
	genl_fake_enter_namespaces(argv);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/genl/helo", test_helo);
	for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++)
		g_test_add_data_func(refusals[i].path, &refusals[i],
				     test_refused);
	g_test_add_func("/genl/refused/no-answer", test_no_answer);
	g_test_add_func("/genl/absent", test_absent);
	g_test_add_func("/genl/round-trip", test_round_trip);
	g_test_add_func("/genl/late", test_late);
	g_test_add_func("/genl/nothing-behind-doorbell",
			test_nothing_behind_doorbell);
	g_test_add_func("/genl/takes-over", test_takes_over);
	g_test_add_func("/genl/extend", test_extend);
	g_test_add_func("/genl/malformed", test_malformed);
	g_test_add_func("/genl/too-long", test_too_long);
	g_test_add_func("/genl/foreign", test_foreign);
	g_test_add_func("/genl/lost-doorbell", test_lost_doorbell);
	g_test_add_func("/genl/replaced", test_replaced);
	g_test_add_func("/genl/replaced-while-answering",
			test_replaced_while_answering);
	g_test_add_func("/genl/unloaded", test_unloaded);
	g_test_add_func("/genl/peer-gone", test_peer_gone);
	g_test_add_func("/genl/stop-with-requests", test_stop_with_requests);
	g_test_add_func("/genl/overrun", test_overrun);
	return g_test_run();
}
