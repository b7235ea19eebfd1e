/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket and what its commands do, with fake modules. Who may
 * connect is tests/int's subject: it takes another user.
 */
#include "daemon/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/commands.h"
#include "tests/unit/daemon-bench.h"
#include "tests/unit/fixture.h"

#define PATIENCE_USEC (10 * G_USEC_PER_SEC)

/* A daemon without a transport of its own. */
struct server {
	struct daemon_bench *bench;
	Commands commands;
	Control *control;
	unsigned int quits;
};

static void on_answered(void *data, enum ecryptfs_control_command command)
{
	struct server *server = data;

	if (command == ECRYPTFS_CONTROL_QUIT)
		server->quits++;
}

static char *handle(void *data, const struct ecryptfs_control_request *request,
		    GError **error)
{
	struct server *server = data;

	return commands_handle(&server->commands, request, error);
}

static char *describe(struct transport *transport)
{
	g_assert_nonnull(transport);
	return g_strdup("registered");
}

static void count_nothing(struct transport *transport,
			  struct transport_counters *counters)
{
	g_assert_nonnull(transport);
	*counters = (struct transport_counters){ .malformed = 3 };
}

static void server_init(struct server *server)
{
	struct status_source *status = &server->commands.status;
	struct transport *transport;

	memset(server, 0, sizeof(*server));
	server->bench = daemon_bench_new();
	transport = loopback_transport(server->bench->loopback);
	transport->describe = describe;
	transport->count = count_nothing;
	status->transport = transport;
	status->keys = server->bench->keys;
	status->stats = server->bench->config.stats;
	status->tasks = key_tasks_new();
	status->ttl = key_ttl_new(status->tasks, status->stats);
	status->started = g_get_monotonic_time();
	status->registered_usec = 1234;
	server->commands.late = server->bench->config.late;
}

static void server_start(struct server *server)
{
	const struct control_handler handler = { handle, on_answered, server };
	GError *error = NULL;

	daemon_bench_start(server->bench);
	server->commands.status.dispatch = server->bench->dispatch;
	server->control = control_new(server->bench->directory, &handler,
				      &error);
	g_assert_no_error(error);
}

static void server_clear(struct server *server)
{
	control_free(server->control);
	dispatch_stop(server->bench->dispatch, PATIENCE_USEC);
	key_ttl_free(server->commands.status.ttl);
	key_tasks_free(server->commands.status.tasks);
	daemon_bench_free(server->bench);
}

static int client_new(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *path = g_build_filename(server->bench->directory,
						 "control", NULL);
	int fd = socket(AF_UNIX,
			SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(connect(fd, (const struct sockaddr *)&address,
				sizeof(address)),
			==, 0);
	return fd;
}

static void client_send(int fd, enum ecryptfs_control_command command,
			const char *name, const char *secret_text)
{
	g_autoptr(EcryptfsSecret) secret = NULL;
	g_autoptr(EcryptfsSecret) request = NULL;
	GError *error = NULL;

	if (secret_text)
		secret = ecryptfs_secret_new_from(secret_text,
						  strlen(secret_text));
	request = ecryptfs_control_format_request(command, name, secret,
						  &error);
	g_assert_no_error(error);
	g_assert_cmpint(send(fd, ecryptfs_secret_data(request),
			     ecryptfs_secret_len(request), MSG_NOSIGNAL),
			>, 0);
}

/* Runs the main loop until something came; what recv() returned. */
static ssize_t client_receive(int fd, uint8_t *data, size_t len)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_USEC;
	ssize_t n;

	while ((n = recv(fd, data, len, MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
		g_assert_cmpint(g_get_monotonic_time(), <, limit);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(200);
	}
	return n;
}

static char *client_wait(int fd, GError **error)
{
	g_autofree uint8_t *data = g_malloc(ECRYPTFS_CONTROL_MAX_REPLY);
	ssize_t n = client_receive(fd, data, ECRYPTFS_CONTROL_MAX_REPLY);

	g_assert_cmpint(n, >, 0);
	return ecryptfs_control_parse_reply(data, (size_t)n, error);
}

static char *call(struct server *server, enum ecryptfs_control_command command,
		  const char *name, const char *secret, GError **error)
{
	int fd = client_new(server);
	char *text;

	client_send(fd, command, name, secret);
	text = client_wait(fd, error);
	close(fd);
	return text;
}

static GKeyFile *call_status(struct server *server)
{
	GKeyFile *file = g_key_file_new();
	g_autofree char *text = NULL;
	GError *error = NULL;

	text = call(server, ECRYPTFS_CONTROL_STATUS, NULL, NULL, &error);
	g_assert_no_error(error);
	g_key_file_load_from_data(file, text, (size_t)-1, G_KEY_FILE_NONE,
				  &error);
	g_assert_no_error(error);
	return file;
}

static void assert_value(struct server *server, const char *group,
			 const char *key, const char *expected)
{
	g_autoptr(GKeyFile) file = call_status(server);
	g_autofree char *value = g_key_file_get_string(file, group, key, NULL);

	g_assert_cmpstr(value, ==, expected);
}

static void test_peers(void)
{
	g_assert_true(control_peer_allowed(1000, 1000));
	g_assert_true(control_peer_allowed(0, 1000));
	g_assert_true(control_peer_allowed(0, 0));
	g_assert_false(control_peer_allowed(1000, 0));
	g_assert_false(control_peer_allowed(1001, 1000));
	g_assert_false(control_peer_allowed((uid_t)-1, 1000));
}

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

/* The same by a signal, without a client. */
static void test_order(void)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_USEC;
	struct server server;

	server_init(&server);
	server_start(&server);
	g_free(daemon_bench_add_key(server.bench, "home", "fake", "x25519",
				    NULL));
	control_order(server.control, ECRYPTFS_CONTROL_RELOAD);
	g_assert_true(control_busy(server.control));
	while (control_busy(server.control)) {
		g_assert_cmpint(g_get_monotonic_time(), <, limit);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(200);
	}
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

/* A module that hangs keeps neither status nor the lock of another key. */
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

/* Its client leaves while a command is being worked on. */
static void test_client_leaves(void)
{
	struct server server;
	g_autofree char *gate = NULL;
	const char *params[] = { "gate", NULL, NULL };
	int fd;

	server_init(&server);
	gate = daemon_bench_gate(server.bench, "gate");
	params[1] = gate;
	g_free(daemon_bench_add_key(server.bench, "home", "fake", "x25519",
				    params));
	server_start(&server);
	fd = client_new(&server);
	client_send(fd, ECRYPTFS_CONTROL_TEST, "home", NULL);
	while (!control_busy(server.control))
		g_main_context_iteration(NULL, TRUE);
	close(fd);
	assert_value(&server, "key home", "state", "ready");
	daemon_bench_open_gate(gate);
	while (control_busy(server.control))
		g_main_context_iteration(NULL, TRUE);
	assert_value(&server, "key home", "wraps", "1");
	server_clear(&server);
}

static const struct {
	const char *name;
	const char *hex;
	size_t zeros;
} bad[] = {
	{ "version-0", "00 01 00 0000", 0 },
	{ "version-2", "02 01 00 0000", 0 },
	{ "version-only", "01", 0 },
	{ "command-0", "01 00 00 0000", 0 },
	{ "command-7", "01 07 00 0000", 0 },
	{ "name-missing", "01 01", 0 },
	{ "name-longer-than-all", "01 02 40 61", 0 },
	{ "name-65", "01 02 41", 67 },
	{ "name-with-nul", "01 02 03 610062 0000", 0 },
	{ "name-with-slash", "01 02 03 612f62 0000", 0 },
	{ "secret-length-missing", "01 02 01 61", 0 },
	{ "secret-longer-than-all", "01 02 01 61 0002 31", 0 },
	{ "secret-1025", "01 02 01 61 0401", 1025 },
	{ "trailing", "01 01 00 0000 00", 0 },
	{ "one-byte-too-many", "", ECRYPTFS_CONTROL_MAX_REQUEST + 1 },
	{ "oversize", "", 60000 },
};

/* Each gets its sentence and is closed; the next client is served. */
static void test_bad_requests(void)
{
	struct server server;

	server_init(&server);
	server_start(&server);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree uint8_t *bytes = NULL;
		GError *error = NULL;
		uint8_t end;
		size_t len;
		int fd;

		g_test_message("%s", bad[i].name);
		bytes = fixture_from_hex(bad[i].hex, &len);
		bytes = g_realloc(bytes, len + bad[i].zeros + 1);
		memset(bytes + len, 0, bad[i].zeros);
		fd = client_new(&server);
		g_assert_cmpint(send(fd, bytes, len + bad[i].zeros,
				     MSG_NOSIGNAL),
				>, 0);
		g_assert_null(client_wait(fd, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MESSAGE, NULL);
		g_assert_cmpint(client_receive(fd, &end, 1), ==, 0);
		close(fd);
	}
	assert_value(&server, "daemon", "malformed", "3");
	server_clear(&server);
}

/* One more than allowed is turned away; the others are served. */
static void test_too_many(void)
{
	struct server server;
	int clients[CONTROL_MAX_CLIENTS];
	uint8_t end;
	int fd;

	server_init(&server);
	server_start(&server);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
		clients[i] = client_new(&server);
	fd = client_new(&server);
	g_assert_cmpint(client_receive(fd, &end, 1), ==, 0);
	close(fd);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
		GError *error = NULL;
		char *text;

		client_send(clients[i], ECRYPTFS_CONTROL_STATUS, NULL, NULL);
		text = client_wait(clients[i], &error);
		g_assert_no_error(error);
		g_free(text);
		close(clients[i]);
	}
	server_clear(&server);
}

/* Several requests on one connection, sent without waiting. */
static void test_one_after_another(void)
{
	struct server server;
	int fd;

	server_init(&server);
	server_start(&server);
	fd = client_new(&server);
	for (int i = 0; i < 10; i++)
		client_send(fd, ECRYPTFS_CONTROL_STATUS, NULL, NULL);
	for (int i = 0; i < 10; i++) {
		GError *error = NULL;

		g_free(client_wait(fd, &error));
		g_assert_no_error(error);
	}
	close(fd);
	server_clear(&server);
}

static void test_socket_file(void)
{
	struct server server;
	g_autofree char *path = NULL;
	struct stat st;

	server_init(&server);
	path = g_build_filename(server.bench->directory, "control", NULL);
	/* A stale one is replaced. */
	g_free(fixture_write(server.bench->directory, "control", "", 0, 0666));
	server_start(&server);
	g_assert_cmpint(lstat(path, &st), ==, 0);
	g_assert_true(S_ISSOCK(st.st_mode));
	g_assert_cmphex(st.st_mode & 07777, ==, 0600);
	control_stop(server.control);
	g_assert_cmpint(lstat(path, &st), ==, -1);
	server_clear(&server);
}

static void test_idle(void)
{
	int64_t begun = g_get_monotonic_time();
	struct server server;
	uint8_t end;
	int fd;

	server_init(&server);
	server_start(&server);
	fd = client_new(&server);
	while (recv(fd, &end, 1, MSG_DONTWAIT) < 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(g_get_monotonic_time() - begun, >=,
			(CONTROL_IDLE_SECONDS - 1) * G_USEC_PER_SEC);
	close(fd);
	server_clear(&server);
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
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(no_log, NULL, NULL);
	g_test_add_func("/control/peers", test_peers);
	g_test_add_func("/control/status", test_status);
	g_test_add_func("/control/unlock-and-lock", test_unlock_and_lock);
	g_test_add_func("/control/lock-all", test_lock_all);
	g_test_add_func("/control/test", test_test);
	g_test_add_func("/control/reload", test_reload);
	g_test_add_func("/control/order", test_order);
	g_test_add_func("/control/quit", test_quit);
	g_test_add_func("/control/hung-module", test_hung_module);
	g_test_add_func("/control/client-leaves", test_client_leaves);
	g_test_add_func("/control/bad-requests", test_bad_requests);
	g_test_add_func("/control/too-many", test_too_many);
	g_test_add_func("/control/one-after-another", test_one_after_another);
	g_test_add_func("/control/socket-file", test_socket_file);
	g_test_add_func("/control/idle", test_idle);
	return g_test_run();
}
