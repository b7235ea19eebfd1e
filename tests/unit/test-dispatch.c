/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every request gets exactly one answer, whatever the modules do and in
 * whatever order they end. Gates, not sleeps, say when a module ends.
 */
#include "daemon/dispatch.h"

#include <string.h>

#include "tests/unit/daemon-bench.h"
#include "tests/unit/fixture.h"

/* Long enough for an answer that must not come to come. */
#define NOTHING_COMES_USEC (100 * 1000)

static void assert_nothing_comes(struct daemon_bench *bench)
{
	unsigned int before = loopback_count(bench->loopback);

	g_usleep(NOTHING_COMES_USEC);
	g_assert_cmpuint(loopback_count(bench->loopback), ==, before);
}

static uint64_t total(struct daemon_bench *bench, enum stats_result result)
{
	struct stats_totals totals;

	stats_get_totals(bench->config.stats, &totals);
	return totals.results[result];
}

static void test_round_trip(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autofree char *sig =
		daemon_bench_add_key(bench, "home", "fake", "x25519", NULL);
	g_autoptr(EcryptfsSecret) request = NULL;
	struct stats_key counts;

	daemon_bench_start(bench);
	request = daemon_bench_wrap(bench, sig);
	daemon_bench_send_request(bench, 7, request);
	daemon_bench_assert_opened(bench, 7);
	g_assert_true(dispatch_stop(bench->dispatch, G_USEC_PER_SEC));
	stats_get_key(bench->config.stats, sig, &counts);
	g_assert_cmpuint(counts.wraps, ==, 1);
	g_assert_cmpuint(counts.unwraps, ==, 1);
	g_assert_cmpuint(counts.failures, ==, 0);
	g_assert_cmpuint(total(bench, STATS_RESULT_ANSWERED), ==, 2);
	daemon_bench_free(bench);
}

/* Malformed packets: the failure of their tag, or nothing when none fits. */
static const struct {
	const char *name;
	const char *hex;
	size_t zeros;
	bool answered;
	enum ecryptfs_tag tag;
} packets[] = {
	{ "nothing", "", 0, false, 0 },
	{ "tag-0", "00 10 31313131323232323333333334343434 01 00", 0, false,
	  0 },
	{ "tag-65", "41 00 01 00", 0, false, 0 },
	{ "tag-67", "43 00 01 00", 0, false, 0 },
	{ "tag-64-only", "40", 0, true, ECRYPTFS_TAG_64 },
	{ "tag-66-only", "42", 0, true, ECRYPTFS_TAG_66 },
	{ "short-sig", "40 10 313131", 0, true, ECRYPTFS_TAG_64 },
	{ "sig-length-15", "42 0f 313131313232323233333333343434 01 00", 0,
	  true, ECRYPTFS_TAG_66 },
	{ "sig-upper-case", "40 10 41313131323232323333333334343434 01 00", 0,
	  true, ECRYPTFS_TAG_64 },
	{ "body-short", "40 10 31313131323232323333333334343434 05 00", 0,
	  true, ECRYPTFS_TAG_64 },
	{ "body-empty", "40 10 31313131323232323333333334343434 00", 0, true,
	  ECRYPTFS_TAG_64 },
	{ "body-513", "40 10 31313131323232323333333334343434 c141", 513, true,
	  ECRYPTFS_TAG_64 },
	{ "length-octet-255", "42 ff 00000010", 0, true, ECRYPTFS_TAG_66 },
	{ "trailing", "42 10 31313131323232323333333334343434 01 00 00", 0,
	  true, ECRYPTFS_TAG_66 },
	{ "larger-than-any", "40 10 31313131323232323333333334343434 c2ff",
	  990, true, ECRYPTFS_TAG_64 },
};

static void test_malformed(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	unsigned int answers = 0, dropped = 0;

	daemon_bench_start(bench);
	for (size_t i = 0; i < G_N_ELEMENTS(packets); i++) {
		g_autofree uint8_t *packet = NULL;
		size_t len;

		g_test_message("%s", packets[i].name);
		packet = fixture_from_hex(packets[i].hex, &len);
		packet = g_realloc(packet, len + packets[i].zeros + 1);
		memset(packet + len, 0, packets[i].zeros);
		daemon_bench_send(bench, (uint32_t)i, packet,
				  len + packets[i].zeros);
		if (packets[i].answered) {
			struct loopback_answer *answer =
				loopback_wait(bench->loopback);

			g_assert_cmpuint(answer->id.counter, ==, i);
			g_assert_nonnull(answer->why);
			g_assert_cmpuint(
				ecryptfs_secret_data(answer->packet)[0], ==,
				packets[i].tag + 1);
			g_assert_cmpuint(ecryptfs_secret_len(answer->packet),
					 ==, 4);
			loopback_answer_free(answer);
			answers++;
		} else {
			dropped++;
		}
	}
	g_assert_true(dispatch_stop(bench->dispatch, G_USEC_PER_SEC));
	g_assert_cmpuint(loopback_count(bench->loopback), ==, answers);
	g_assert_cmpuint(total(bench, STATS_RESULT_DROPPED), ==, dropped);
	g_assert_cmpuint(total(bench, STATS_RESULT_REFUSED), ==, answers);
	daemon_bench_free(bench);
}

static void test_unknown_key(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autoptr(EcryptfsSecret) packet = daemon_bench_request(
		ECRYPTFS_TAG_64, "1111222233334444", "x", 1);

	daemon_bench_start(bench);
	daemon_bench_send_request(bench, 3, packet);
	daemon_bench_assert_refused(bench, 3, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_NO_KEY);
	daemon_bench_free(bench);
}

/* A registration that came later is served after dispatch_route(). */
static void test_reload(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autoptr(EcryptfsSecret) request = NULL;
	g_autofree char *sig = NULL;

	daemon_bench_start(bench);
	sig = daemon_bench_add_key(bench, "late", "fake-per-module", "p-256",
				   NULL);
	ecryptfs_key_store_reload(bench->keys, fixture_refused, NULL);
	dispatch_route(bench->dispatch);
	request = daemon_bench_wrap(bench, sig);
	daemon_bench_send_request(bench, 1, request);
	daemon_bench_assert_opened(bench, 1);
	daemon_bench_free(bench);
}

/* What is asked before the keys were read waits for them. */
static void test_asked_early(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autofree char *sig =
		daemon_bench_add_key(bench, "home", "fake", "x25519", NULL);
	g_autoptr(EcryptfsSecret) request = NULL;
	uint32_t i;

	daemon_bench_start(bench);
	request = daemon_bench_wrap(bench, sig);
	g_assert_true(dispatch_stop(bench->dispatch, G_USEC_PER_SEC));
	dispatch_free(bench->dispatch);

	bench->dispatch = dispatch_new(&bench->config, NULL);
	for (i = 0; i < DISPATCH_QUEUE_MAX; i++)
		daemon_bench_send_request(bench, i, request);
	daemon_bench_send_request(bench, i, request);
	daemon_bench_assert_refused(bench, i, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_BUSY);
	assert_nothing_comes(bench);
	g_assert_cmpuint(dispatch_depth(bench->dispatch), ==,
			 DISPATCH_QUEUE_MAX);
	dispatch_route(bench->dispatch);
	for (i = 0; i < DISPATCH_QUEUE_MAX; i++)
		loopback_answer_free(loopback_wait(bench->loopback));
	g_assert_true(dispatch_stop(bench->dispatch, G_USEC_PER_SEC));
	g_assert_cmpuint(total(bench, STATS_RESULT_ANSWERED), ==,
			 1 + DISPATCH_QUEUE_MAX);
	daemon_bench_free(bench);
}

/* It leaves before it has read them: they are told. */
static void test_stop_early(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autoptr(EcryptfsSecret) packet = daemon_bench_request(
		ECRYPTFS_TAG_64, "1111222233334444", "x", 1);

	bench->dispatch = dispatch_new(&bench->config, NULL);
	daemon_bench_send_request(bench, 3, packet);
	g_assert_true(dispatch_stop(bench->dispatch, G_USEC_PER_SEC));
	daemon_bench_assert_refused(bench, 3, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_NO_DAEMON);
	daemon_bench_free(bench);
}

/* Answers come while keys are read again and again. */
static void test_reload_under_load(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autofree char *sig =
		daemon_bench_add_key(bench, "home", "fake", "x25519", NULL);
	g_autoptr(EcryptfsSecret) request = NULL;

	daemon_bench_start(bench);
	request = daemon_bench_wrap(bench, sig);
	for (int round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < 20; i++)
			daemon_bench_send_request(bench, i, request);
		/* Another registration, so another handle, each time. */
		g_free(daemon_bench_add_key(bench, "home", "fake", "x25519",
					    NULL));
		ecryptfs_key_store_reload(bench->keys, fixture_refused, NULL);
		dispatch_route(bench->dispatch);
		for (uint32_t i = 0; i < 20; i++) {
			struct loopback_answer *answer =
				loopback_wait(bench->loopback);

			g_assert_no_error(answer->why);
			loopback_answer_free(answer);
		}
	}
	daemon_bench_free(bench);
}

static void test_out_of_order(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autofree char *gate = daemon_bench_gate(bench, "gate");
	const char *params[] = { "gate", gate, NULL };
	g_autofree char *slow =
		daemon_bench_add_key(bench, "slow", "fake", "p-256", params);
	g_autofree char *quick =
		daemon_bench_add_key(bench, "quick", "fake", "x25519", NULL);
	g_autoptr(EcryptfsSecret) first = NULL;
	g_autoptr(EcryptfsSecret) second = NULL;

	daemon_bench_open_gate(gate);
	daemon_bench_start(bench);
	first = daemon_bench_wrap(bench, slow);
	second = daemon_bench_wrap(bench, quick);
	daemon_bench_close_gate(gate);

	daemon_bench_send_request(bench, 1, first);
	daemon_bench_send_request(bench, 2, second);
	daemon_bench_assert_opened(bench, 2);
	daemon_bench_send_request(bench, 3, second);
	daemon_bench_assert_opened(bench, 3);
	daemon_bench_open_gate(gate);
	daemon_bench_assert_opened(bench, 1);
	daemon_bench_free(bench);
}

/* How many operations at a time the module saw, with eight asked for. */
static int most_at_once(const char *pki_name, unsigned int threads)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autofree char *gate = daemon_bench_gate(bench, "gate");
	const char *params[] = { "gate", gate, NULL };
	g_autofree char *sig = daemon_bench_add_key(bench, "home", pki_name,
						    "x25519", params);
	g_autoptr(EcryptfsSecret) request = NULL;
	g_autoptr(EcryptfsKey) key = NULL;
	struct ecryptfs_pki_key_state state;

	daemon_bench_open_gate(gate);
	daemon_bench_start(bench);
	request = daemon_bench_wrap(bench, sig);
	daemon_bench_close_gate(gate);
	for (uint32_t i = 0; i < 8; i++)
		daemon_bench_send_request(bench, i, request);
	daemon_bench_until_depth(bench, 8 - MIN(threads, 8));
	/* Out of the queue they are on their way into the module. */
	g_usleep(NOTHING_COMES_USEC);
	daemon_bench_open_gate(gate);
	for (uint32_t i = 0; i < 8; i++)
		loopback_answer_free(loopback_wait(bench->loopback));
	key = ecryptfs_key_store_get(bench->keys, "home", NULL);
	ecryptfs_key_state(key, &state);
	g_clear_pointer(&key, ecryptfs_key_unref);
	daemon_bench_free(bench);
	return state.tries_left;
}

static void test_concurrency(void)
{
	unsigned int threads = MAX(g_get_num_processors(), 2);

	g_assert_cmpint(most_at_once("fake", threads), ==,
			(int)MIN(threads, 8));
	g_assert_cmpint(most_at_once("fake-per-key", threads), ==, 1);
	g_assert_cmpint(most_at_once("fake-per-module", 1), ==, 1);
}

/* A bench with a key whose module hangs, and one of another module. */
struct hung {
	struct daemon_bench *bench;
	char *gate;
	char *sig; /* of the one */
	EcryptfsSecret *hangs; /* a request for the one */
	EcryptfsSecret *works; /* a request for the other */
};

static void hung_init(struct hung *hung, int64_t wait_usec)
{
	g_autofree char *works = NULL;
	const char *params[] = { "gate", NULL, NULL };

	hung->bench = daemon_bench_new();
	hung->bench->config.wait_usec = wait_usec;
	hung->gate = daemon_bench_gate(hung->bench, "gate");
	params[1] = hung->gate;
	hung->sig = daemon_bench_add_key(hung->bench, "hangs",
					 "fake-per-module", "p-256", params);
	works = daemon_bench_add_key(hung->bench, "works", "fake", "x25519",
				     NULL);
	daemon_bench_open_gate(hung->gate);
	daemon_bench_start(hung->bench);
	hung->hangs = daemon_bench_wrap(hung->bench, hung->sig);
	hung->works = daemon_bench_wrap(hung->bench, works);
	daemon_bench_close_gate(hung->gate);
}

static void hung_clear(struct hung *hung)
{
	daemon_bench_free(hung->bench);
	ecryptfs_secret_free(hung->hangs);
	ecryptfs_secret_free(hung->works);
	g_free(hung->gate);
	g_free(hung->sig);
}

static void test_hung_module(void)
{
	const EcryptfsPki *pki;
	struct hung hung;

	hung_init(&hung, NOTHING_COMES_USEC);
	pki = ecryptfs_pki_list_find(hung.bench->modules, "fake-per-module",
				     NULL);
	g_assert_false(dispatch_is_stuck(hung.bench->dispatch, pki));
	daemon_bench_send_request(hung.bench, 1, hung.hangs);
	daemon_bench_until_depth(hung.bench, 0);
	daemon_bench_send_request(hung.bench, 2, hung.hangs);
	for (uint32_t i = 10; i < 30; i++) {
		daemon_bench_send_request(hung.bench, i, hung.works);
		daemon_bench_assert_opened(hung.bench, i);
	}
	g_usleep(2 * NOTHING_COMES_USEC);
	g_assert_true(dispatch_is_stuck(hung.bench->dispatch, pki));
	g_assert_false(dispatch_is_stuck(
		hung.bench->dispatch,
		ecryptfs_pki_list_find(hung.bench->modules, "fake", NULL)));
	g_assert_false(dispatch_is_stuck(hung.bench->dispatch, NULL));

	/* The second has waited too long: the third one's coming tells it. */
	daemon_bench_send_request(hung.bench, 3, hung.hangs);
	daemon_bench_assert_refused(hung.bench, 2, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_BUSY);
	g_usleep(2 * NOTHING_COMES_USEC);
	daemon_bench_open_gate(hung.gate);
	daemon_bench_assert_opened(hung.bench, 1);
	/* The third, at its turn. */
	daemon_bench_assert_refused(hung.bench, 3, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_BUSY);
	g_assert_cmpuint(total(hung.bench, STATS_RESULT_DROPPED), ==, 2);
	hung_clear(&hung);
}

static void test_queue_full(void)
{
	struct hung hung;
	uint32_t i;

	hung_init(&hung, 60 * G_USEC_PER_SEC);
	daemon_bench_send_request(hung.bench, 0, hung.hangs);
	daemon_bench_until_depth(hung.bench, 0);
	for (i = 1; i <= DISPATCH_QUEUE_MAX; i++)
		daemon_bench_send_request(hung.bench, i, hung.hangs);
	g_assert_cmpuint(dispatch_depth(hung.bench->dispatch), ==,
			 DISPATCH_QUEUE_MAX);
	daemon_bench_send_request(hung.bench, i, hung.hangs);
	daemon_bench_assert_refused(hung.bench, i, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_BUSY);
	/* The other lane has room of its own. */
	daemon_bench_send_request(hung.bench, 999, hung.works);
	daemon_bench_assert_opened(hung.bench, 999);
	daemon_bench_open_gate(hung.gate);
	for (i = 0; i <= DISPATCH_QUEUE_MAX; i++)
		daemon_bench_assert_opened(hung.bench, i);
	hung_clear(&hung);
}

static void test_stop_hung(void)
{
	struct hung hung;

	hung_init(&hung, 60 * G_USEC_PER_SEC);
	daemon_bench_send_request(hung.bench, 1, hung.hangs);
	daemon_bench_until_depth(hung.bench, 0);
	for (uint32_t i = 2; i <= 6; i++)
		daemon_bench_send_request(hung.bench, i, hung.hangs);
	g_assert_false(dispatch_stop(hung.bench->dispatch,
				     NOTHING_COMES_USEC));
	/* Those that wait first, then the one that is being worked on. */
	for (uint32_t i = 2; i <= 6; i++)
		daemon_bench_assert_refused(hung.bench, i, ECRYPTFS_TAG_64,
					    ECRYPTFS_ERROR_NO_DAEMON);
	daemon_bench_assert_refused(hung.bench, 1, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_NO_DAEMON);
	/* What comes while the reader drains. */
	daemon_bench_send_request(hung.bench, 7, hung.works);
	daemon_bench_assert_refused(hung.bench, 7, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_NO_DAEMON);
	/* The module's own result comes too late: it was answered. */
	daemon_bench_open_gate(hung.gate);
	g_assert_true(dispatch_stop(hung.bench->dispatch, 5 * G_USEC_PER_SEC));
	assert_nothing_comes(hung.bench);
	hung_clear(&hung);
}

/* What is being worked on gets the time that it needs. */
static void test_stop_patient(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	const char *params[] = { "delay-ms", "50", NULL };
	g_autofree char *sig =
		daemon_bench_add_key(bench, "home", "fake", "x25519", params);
	g_autoptr(EcryptfsSecret) request = NULL;

	daemon_bench_start(bench);
	request = daemon_bench_wrap(bench, sig);
	daemon_bench_send_request(bench, 1, request);
	daemon_bench_until_depth(bench, 0);
	g_assert_true(dispatch_stop(bench->dispatch, 5 * G_USEC_PER_SEC));
	daemon_bench_assert_opened(bench, 1);
	daemon_bench_free(bench);
}

/* Sends @request while nobody waits for its answer. */
static void send_in_vain(struct daemon_bench *bench,
			 const EcryptfsSecret *request)
{
	unsigned int before = loopback_count(bench->loopback);
	int64_t limit = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;

	loopback_set_sent(bench->loopback, TRANSPORT_SENT_GONE);
	daemon_bench_send_request(bench, 1, request);
	while (loopback_count(bench->loopback) == before ||
	       total(bench, STATS_RESULT_LATE) == 0) {
		g_assert_cmpint(g_get_monotonic_time(), <, limit);
		g_usleep(1000);
	}
	/* It is kept only after the transport refused it. */
	g_usleep(NOTHING_COMES_USEC);
	loopback_set_sent(bench->loopback, TRANSPORT_SENT_OK);
}

static void test_late_reply_once(void)
{
	struct hung hung;

	hung_init(&hung, 60 * G_USEC_PER_SEC);
	daemon_bench_open_gate(hung.gate);
	send_in_vain(hung.bench, hung.hangs);
	/* The module hangs, but the answer is there: once. */
	daemon_bench_close_gate(hung.gate);
	daemon_bench_send_request(hung.bench, 2, hung.hangs);
	daemon_bench_assert_opened(hung.bench, 2);
	daemon_bench_send_request(hung.bench, 3, hung.hangs);
	assert_nothing_comes(hung.bench);
	daemon_bench_open_gate(hung.gate);
	daemon_bench_assert_opened(hung.bench, 3);
	hung_clear(&hung);
}

static void test_late_reply_locked(void)
{
	struct hung hung;

	hung_init(&hung, 60 * G_USEC_PER_SEC);
	daemon_bench_open_gate(hung.gate);
	send_in_vain(hung.bench, hung.hangs);
	late_replies_drop(hung.bench->config.late, hung.sig);
	daemon_bench_close_gate(hung.gate);
	daemon_bench_send_request(hung.bench, 2, hung.hangs);
	assert_nothing_comes(hung.bench);
	daemon_bench_open_gate(hung.gate);
	daemon_bench_assert_opened(hung.bench, 2);
	hung_clear(&hung);
}

/* Whoever took the auth tok away wants nothing opened any more. */
static void test_late_reply_removed(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autofree char *sig =
		daemon_bench_add_key(bench, "home", "fake", "x25519", NULL);
	g_autoptr(EcryptfsSecret) request = NULL;

	daemon_bench_start(bench);
	request = daemon_bench_wrap(bench, sig);
	send_in_vain(bench, request);
	daemon_bench_remove_auth_tok(bench, sig);
	daemon_bench_send_request(bench, 2, request);
	daemon_bench_assert_refused(bench, 2, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_NO_KEY);
	daemon_bench_free(bench);
}

/* Each way in which a module can fail is one failure reply. */
static void test_failing_module(void)
{
	static const char *const ways[] = { "absent", "lockout", "policy",
					    "busy", "rejected", "null",
					    "garbage", "nothing", "long" };

	for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
		struct daemon_bench *bench = daemon_bench_new();
		const char *params[] = { "unwrap", ways[i], NULL };
		g_autofree char *sig = daemon_bench_add_key(
			bench, "home", "fake", "x25519", params);
		g_autoptr(EcryptfsSecret) request = NULL;
		struct loopback_answer *answer;
		struct stats_key counts;

		g_test_message("%s", ways[i]);
		daemon_bench_start(bench);
		request = daemon_bench_wrap(bench, sig);
		daemon_bench_send_request(bench, 1, request);
		answer = loopback_wait(bench->loopback);
		g_assert_nonnull(answer->why);
		loopback_answer_free(answer);
		g_assert_true(dispatch_stop(bench->dispatch, G_USEC_PER_SEC));
		stats_get_key(bench->config.stats, sig, &counts);
		g_assert_cmpuint(counts.failures, ==, 1);
		g_assert_nonnull(counts.last_error);
		g_free(counts.last_error);
		daemon_bench_free(bench);
	}
}

static GLogWriterOutput no_log(GLogLevelFlags level, const GLogField *fields,
			       gsize n_fields, void *data)
{
	(void)data;
	if (level & (G_LOG_FLAG_FATAL | G_LOG_LEVEL_CRITICAL |
		     G_LOG_LEVEL_ERROR))
		return g_log_writer_standard_streams(level, fields, n_fields,
						     NULL);
	return G_LOG_WRITER_HANDLED;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* Refusals are warnings, and what these tests are about. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(no_log, NULL, NULL);
	g_test_add_func("/dispatch/round-trip", test_round_trip);
	g_test_add_func("/dispatch/malformed", test_malformed);
	g_test_add_func("/dispatch/unknown-key", test_unknown_key);
	g_test_add_func("/dispatch/reload", test_reload);
	g_test_add_func("/dispatch/reload-under-load", test_reload_under_load);
	g_test_add_func("/dispatch/asked-early", test_asked_early);
	g_test_add_func("/dispatch/stop/early", test_stop_early);
	g_test_add_func("/dispatch/out-of-order", test_out_of_order);
	g_test_add_func("/dispatch/concurrency", test_concurrency);
	g_test_add_func("/dispatch/hung-module", test_hung_module);
	g_test_add_func("/dispatch/queue-full", test_queue_full);
	g_test_add_func("/dispatch/stop/hung", test_stop_hung);
	g_test_add_func("/dispatch/stop/patient", test_stop_patient);
	g_test_add_func("/dispatch/late-reply/once", test_late_reply_once);
	g_test_add_func("/dispatch/late-reply/locked", test_late_reply_locked);
	g_test_add_func("/dispatch/late-reply/removed",
			test_late_reply_removed);
	g_test_add_func("/dispatch/failing-module", test_failing_module);
	return g_test_run();
}
