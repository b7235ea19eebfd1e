/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: many clients, bad ones, idle ones. Who may connect is
 * tests/int's subject: it takes another user.
 */
#include "daemon/control.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/control-server.h"
#include "tests/unit/fixture.h"

static void test_peers(void)
{
	g_assert_true(control_peer_allowed(1000, 1000));
	g_assert_true(control_peer_allowed(0, 1000));
	g_assert_true(control_peer_allowed(0, 0));
	g_assert_false(control_peer_allowed(1000, 0));
	g_assert_false(control_peer_allowed(1001, 1000));
	g_assert_false(control_peer_allowed((uid_t)-1, 1000));
}

/* The same by a signal, without a client. */
/* A module that hangs keeps neither status nor the lock of another key. */
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
	while (control_wait(server.control, 0))
		g_main_context_iteration(NULL, FALSE);
	close(fd);
	assert_value(&server, "key home", "state", "ready");
	daemon_bench_open_gate(gate);
	g_assert_true(control_wait(server.control, PATIENCE_USEC));
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
	GError *error = NULL;
	uint8_t end;
	int fd;

	server_init(&server);
	server_start(&server);
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++)
		clients[i] = client_new(&server);
	/* Whether it has asked by then, or asks when it is too late */
	for (int i = 0; i < 2; i++) {
		fd = client_new(&server);
		if (i == 0)
			client_send(fd, ECRYPTFS_CONTROL_STATUS, NULL, NULL);
		g_assert_null(client_wait(fd, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_BUSY, "16 others");
		g_assert_cmpint(send(fd, "", 1, MSG_NOSIGNAL), ==, -1);
		g_assert_cmpint(client_receive(fd, &end, 1), ==, 0);
		close(fd);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(clients); i++) {
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

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	server_quiet_log();
	g_test_add_func("/control/peers", test_peers);
	g_test_add_func("/control/client-leaves", test_client_leaves);
	g_test_add_func("/control/bad-requests", test_bad_requests);
	g_test_add_func("/control/too-many", test_too_many);
	g_test_add_func("/control/one-after-another", test_one_after_another);
	g_test_add_func("/control/socket-file", test_socket_file);
	g_test_add_func("/control/idle", test_idle);
	return g_test_run();
}
