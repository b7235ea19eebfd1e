/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of the control socket do, with fake modules. */
#include "daemon/commands.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/control-server.h"
#include "tests/unit/fixture.h"

static void test_status(void)
{
	static const char *const words[] = {
		"version", "pid", "uid", "uptime", "requests", "answered",
		"refused", "dropped", "late", "queue-depth", "secret-pool",
	};
	struct server server;
	g_autoptr(GKeyFile) file = NULL;
	g_autofree char *sig = NULL;

	server_init(&server);
	sig = daemon_bench_add_key(server.bench, "home", "fake", "x25519",
				   NULL);
	server_start(&server);
	file = call_status(&server);
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		g_assert_true(g_key_file_has_key(file, "daemon", words[i],
						 NULL));
	assert_value(&server, "daemon", "transports", "loopback: registered");
	assert_value(&server, "daemon", "registered-usec", "1234");
	assert_value(&server, "daemon", "malformed", "3");
	assert_value(&server, "key home", "signature", sig);
	assert_value(&server, "key home", "pki", "fake");
	assert_value(&server, "key home", "loaded", "false");
	assert_value(&server, "key home", "state", "ready");
	assert_value(&server, "key home", "wraps", "0");
	assert_value(&server, "key home", "last-error", NULL);
	server_clear(&server);
}

/* More keys than an answer holds: it is cut between them, and says so. */
static void test_many_keys(void)
{
	const int many = 600;
	struct server server;
	g_autoptr(GKeyFile) file = NULL;
	gsize n_groups;
	char **groups;
	int left_out;

	server_init(&server);
	for (int i = 0; i < many; i++) {
		g_autofree char *name = g_strdup_printf("key-number-%03d", i);

		g_free(daemon_bench_add_key(server.bench, name, "fake",
					    "x25519", NULL));
	}
	server_start(&server);
	file = call_status(&server);
	groups = g_key_file_get_groups(file, &n_groups);
	g_strfreev(groups);
	left_out = g_key_file_get_integer(file, "daemon", "keys-left-out",
					  NULL);
	g_assert_cmpint(left_out, >, 0);
	g_assert_cmpint((int)n_groups - 1 + left_out, ==, many);
	assert_value(&server, "key key-number-000", "state", "ready");
	server_clear(&server);
}

static void test_unlock_and_lock(void)
{
	const char *params[] = { "pin", "1234", NULL };
	g_autoptr(GKeyFile) file = NULL;
	struct server server;
	GError *error = NULL;
	char *text;

	server_init(&server);
	g_free(daemon_bench_add_key(server.bench, "home", "fake", "x25519",
				    params));
	server_start(&server);
	assert_value(&server, "key home", "state", "locked");
	assert_value(&server, "key home", "unlock-left", NULL);
	g_assert_null(call(&server, ECRYPTFS_CONTROL_UNLOCK, "home", "0000",
			   &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, NULL);
	g_assert_null(call(&server, ECRYPTFS_CONTROL_UNLOCK, "home", NULL,
			   &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED, NULL);
	g_assert_null(call(&server, ECRYPTFS_CONTROL_UNLOCK, "nobody", "1234",
			   &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_KEY, "nobody");

	text = call(&server, ECRYPTFS_CONTROL_UNLOCK, "home", "1234", &error);
	g_assert_no_error(error);
	g_free(text);
	assert_value(&server, "key home", "state", "ready");
	file = call_status(&server);
	g_assert_cmpint(g_key_file_get_int64(file, "key home", "unlock-left",
					     NULL),
			>, 590);

	text = call(&server, ECRYPTFS_CONTROL_LOCK, "home", NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "stay readable"));
	g_free(text);
	assert_value(&server, "key home", "state", "locked");
	assert_value(&server, "key home", "unlock-left", NULL);
	server_clear(&server);
}

static void test_lock_all(void)
{
	struct server server;
	g_autoptr(EcryptfsSecret) request = NULL;
	GError *error = NULL;
	g_autofree char *sig = NULL;
	char *text;

	server_init(&server);
	sig = daemon_bench_add_key(server.bench, "one", "fake", "x25519",
				   NULL);
	g_free(daemon_bench_add_key(server.bench, "two", "fake-per-key",
				    "p-256", NULL));
	server_start(&server);
	request = daemon_bench_wrap(server.bench, sig);
	text = call(&server, ECRYPTFS_CONTROL_LOCK, "", NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "one is locked"));
	g_assert_nonnull(strstr(text, "two is locked"));
	g_free(text);
	assert_value(&server, "key two", "state", "locked");

	/* Without a secret it is locked all the same; new files go on. */
	daemon_bench_send_request(server.bench, 5, request);
	daemon_bench_assert_refused(server.bench, 5, ECRYPTFS_TAG_64,
				    ECRYPTFS_ERROR_LOCKED);
	g_clear_pointer(&request, ecryptfs_secret_free);
	request = daemon_bench_wrap(server.bench, sig);
	text = call(&server, ECRYPTFS_CONTROL_UNLOCK, "one", NULL, &error);
	g_assert_no_error(error);
	g_free(text);
	daemon_bench_send_request(server.bench, 6, request);
	daemon_bench_assert_opened(server.bench, 6);
	server_clear(&server);
}

/* `lock` is of the key, by whichever of its registrations it is named. */
static void test_lock_twin(void)
{
	struct server server;
	GError *error = NULL;
	char *text;

	server_init(&server);
	g_free(daemon_bench_add_key(server.bench, "k2", "fake", "x25519",
				    NULL));
	g_free(daemon_bench_add_key(server.bench, "other", "fake", "p-256",
				    NULL));
	g_free(daemon_bench_add_key(server.bench, "tw", "fake-per-key",
				    "x25519", NULL));
	server_start(&server);
	text = call(&server, ECRYPTFS_CONTROL_LOCK, "k2", NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "k2 is locked; "));
	g_assert_nonnull(strstr(text, "tw, which has the same key, is locked"));
	g_assert_null(strstr(text, "other"));
	g_free(text);
	g_assert_null(call(&server, ECRYPTFS_CONTROL_TEST, "k2", NULL,
			   &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED, NULL);
	assert_value(&server, "key tw", "state", "locked");
	assert_value(&server, "key other", "state", "ready");

	text = call(&server, ECRYPTFS_CONTROL_UNLOCK, "tw", NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "lifted for k2"));
	g_free(text);
	text = call(&server, ECRYPTFS_CONTROL_TEST, "k2", NULL, &error);
	g_assert_no_error(error);
	g_free(text);
	server_clear(&server);
}

/* Nothing is there yet that could be locked, and that is said. */
static void test_lock_no_key(void)
{
	struct server server;
	GError *error = NULL;
	char *text;

	server_init(&server);
	server_start(&server);
	text = call(&server, ECRYPTFS_CONTROL_LOCK, "", NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "no key is in use"));
	g_free(text);
	server_clear(&server);
}

static bool two_are_in_the_module(void *data)
{
	struct ecryptfs_pki_key_state state;

	ecryptfs_key_state(data, &state);
	return state.tries_left == 2;
}

/* Two unwraps of "home" that its module works on until the gate is opened. */
static void send_two(struct server *server, const char *sig, const char *gate)
{
	g_autoptr(EcryptfsSecret) request = NULL;
	g_autoptr(EcryptfsKey) key =
		ecryptfs_key_store_get(server->bench->keys, "home", NULL);

	daemon_bench_open_gate(gate);
	request = daemon_bench_wrap(server->bench, sig);
	daemon_bench_close_gate(gate);
	daemon_bench_send_request(server->bench, 1, request);
	daemon_bench_send_request(server->bench, 2, request);
	daemon_bench_until(two_are_in_the_module, key);
}

static void order(struct server *server, enum ecryptfs_control_command command,
		  const char *name)
{
	GError *error = NULL;

	g_free(call(server, command, name, NULL, &error));
	g_assert_no_error(error);
}

/*
 * Answers that are on their way when their key is locked are refused, also
 * when it is unlocked before they come; another key's lock is not theirs.
 */
static void lock_in_flight(const char *locked, bool refused)
{
	struct server server;
	const char *params[] = { "gate", NULL, NULL };
	g_autofree char *gate = NULL;
	g_autofree char *sig = NULL;

	server_init(&server);
	params[1] = gate = daemon_bench_gate(server.bench, "gate");
	sig = daemon_bench_add_key(server.bench, "home", "fake", "x25519",
				   params);
	g_free(daemon_bench_add_key(server.bench, "other", "fake", "p-256",
				    NULL));
	server_start(&server);
	send_two(&server, sig, gate);
	order(&server, ECRYPTFS_CONTROL_LOCK, locked);
	order(&server, ECRYPTFS_CONTROL_UNLOCK, "home");
	daemon_bench_open_gate(gate);
	for (int i = 0; i < 2; i++) {
		struct loopback_answer *answer =
			loopback_wait(server.bench->loopback);

		if (refused)
			g_assert_error(answer->why, ECRYPTFS_ERROR,
				       ECRYPTFS_ERROR_LOCKED);
		else
			g_assert_no_error(answer->why);
		g_assert_cmpint(ecryptfs_secret_len(answer->packet) == 4, ==,
				refused);
		loopback_answer_free(answer);
	}
	server_clear(&server);
}

static void test_lock_in_flight(void)
{
	lock_in_flight("home", true);
	lock_in_flight("", true);
	lock_in_flight("other", false);
}

static void test_test(void)
{
	struct server server;
	g_autofree char *sig = NULL;
	g_autoptr(GKeyFile) file = g_key_file_new();
	GError *error = NULL;
	char *text;

	server_init(&server);
	sig = daemon_bench_add_key(server.bench, "home", "fake-per-module",
				   "x25519", NULL);
	server_start(&server);
	text = call(&server, ECRYPTFS_CONTROL_TEST, "home", NULL, &error);
	g_assert_no_error(error);
	g_key_file_load_from_data(file, text, (size_t)-1, G_KEY_FILE_NONE,
				  &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_key_file_get_int64(file, "test", "wrap-usec", NULL),
			>, 0);
	g_assert_cmpint(g_key_file_get_int64(file, "test", "unwrap-usec",
					     NULL),
			>, 0);
	g_free(text);
	assert_value(&server, "key home", "wraps", "1");
	assert_value(&server, "key home", "unwraps", "1");

	/* The reason of a failure comes through. */
	daemon_bench_remove_auth_tok(server.bench, sig);
	g_assert_null(call(&server, ECRYPTFS_CONTROL_TEST, "home", NULL,
			   &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_KEY, sig);
	server_clear(&server);
}

/* A recipient: nothing of it can be unwrapped here, and nothing is tried. */
static void test_test_public(void)
{
	struct server server;
	GError *error = NULL;
	char *text;

	server_init(&server);
	g_free(daemon_bench_add_key(server.bench, "friend",
				    ECRYPTFS_PKI_PUBLIC, "x25519", NULL));
	server_start(&server);
	text = call(&server, ECRYPTFS_CONTROL_TEST, "friend", NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "\nwrap-usec="));
	g_assert_null(strstr(text, "unwrap-usec"));
	g_free(text);
	assert_value(&server, "key friend", "wraps", "1");
	assert_value(&server, "daemon", "refused", "0");
	server_clear(&server);
}

static void test_reload(void)
{
	struct server server;
	GError *error = NULL;
	char *text;

	server_init(&server);
	server_start(&server);
	assert_value(&server, "key home", "state", NULL);
	g_free(daemon_bench_add_key(server.bench, "home", "fake", "x25519",
				    NULL));
	g_free(fixture_write(server.bench->keys_dir, "bad.conf", "nonsense", 8,
			     0600));
	text = call(&server, ECRYPTFS_CONTROL_RELOAD, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "1 keys"));
	g_assert_nonnull(strstr(text, "1 cannot be used"));
	g_free(text);
	assert_value(&server, "key home", "state", "ready");
	server_clear(&server);
}

static void test_order(void)
{
	struct server server;

	server_init(&server);
	server_start(&server);
	g_free(daemon_bench_add_key(server.bench, "home", "fake", "x25519",
				    NULL));
	control_order(server.control, ECRYPTFS_CONTROL_RELOAD);
	g_assert_true(control_wait(server.control, PATIENCE_USEC));
	assert_value(&server, "key home", "state", "ready");
	server_clear(&server);
}

static void test_quit(void)
{
	struct server server;
	GError *error = NULL;
	char *text;

	server_init(&server);
	server_start(&server);
	text = call(&server, ECRYPTFS_CONTROL_QUIT, NULL, NULL, &error);
	g_assert_no_error(error);
	g_free(text);
	g_assert_cmpuint(server.quits, ==, 1);
	server_clear(&server);
}

static void test_hung_module(void)
{
	struct server server;
	g_autofree char *gate = NULL;
	const char *hangs[] = { "gate", NULL, "state-gate", NULL, NULL };
	int64_t begun;
	GError *error = NULL;
	char *text;
	int fd;

	server_init(&server);
	server.bench->config.wait_usec = 100 * 1000;
	gate = daemon_bench_gate(server.bench, "gate");
	hangs[1] = hangs[3] = gate;
	g_free(daemon_bench_add_key(server.bench, "hangs", "fake-per-module",
				    "p-256", hangs));
	g_free(daemon_bench_add_key(server.bench, "works", "fake", "x25519",
				    NULL));
	server_start(&server);
	fd = client_new(&server);
	client_send(fd, ECRYPTFS_CONTROL_TEST, "hangs", NULL);

	begun = g_get_monotonic_time();
	assert_value(&server, "key hangs", "state", "busy");
	assert_value(&server, "key works", "state", "ready");
	text = call(&server, ECRYPTFS_CONTROL_LOCK, "works", NULL, &error);
	g_assert_no_error(error);
	g_free(text);
	assert_value(&server, "key works", "state", "locked");
	g_assert_cmpint(g_get_monotonic_time() - begun, <, 5 * G_USEC_PER_SEC);

	daemon_bench_open_gate(gate);
	text = client_wait(fd, &error);
	g_assert_no_error(error);
	g_free(text);
	close(fd);
	server_clear(&server);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	server_quiet_log();
	g_test_add_func("/commands/status", test_status);
	g_test_add_func("/commands/many-keys", test_many_keys);
	g_test_add_func("/commands/unlock-and-lock", test_unlock_and_lock);
	g_test_add_func("/commands/lock-all", test_lock_all);
	g_test_add_func("/commands/lock-twin", test_lock_twin);
	g_test_add_func("/commands/lock-no-key", test_lock_no_key);
	g_test_add_func("/commands/lock-in-flight", test_lock_in_flight);
	g_test_add_func("/commands/test", test_test);
	g_test_add_func("/commands/test-public", test_test_public);
	g_test_add_func("/commands/reload", test_reload);
	g_test_add_func("/commands/order", test_order);
	g_test_add_func("/commands/quit", test_quit);
	g_test_add_func("/commands/hung-module", test_hung_module);
	return g_test_run();
}
