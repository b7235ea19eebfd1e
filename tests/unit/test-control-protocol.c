/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tools and daemon say to each other: hostile datagrams, and the client
 * against servers that answer well, badly, or not at all.
 */
#include "libecryptfs/control-protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define OTHER_UID 54321
#define NAME_64 "6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e" \
	"6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e" \
	"6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e" \
	"6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e"

static char *runtime;

/* @fill bytes of 0x73 behind @hex; secret_len -1: it must be refused */
struct vector {
	const char *name;
	const char *hex;
	size_t fill;
	const char *key_name;
	long secret_len;
};

static const struct vector vectors[] = {
	{ "status", "01 01 00 0000", 0, "", 0 },
	{ "unlock", "01 02 04 686f6d65 0004", 4, "home", 4 },
	{ "lock-all", "01 03 00 0000", 0, "", 0 },
	{ "test", "01 06 04 686f6d65 0000", 0, "home", 0 },
	{ "name-64", "01 02 40" NAME_64 "0000", 0, NULL, 0 },
	{ "secret-max", "01 02 04 686f6d65 0400", 1024, "home", 1024 },
	{ "empty", "", 0, NULL, -1 },
	{ "version-alone", "01", 0, NULL, -1 },
	{ "version-0", "00 01 00 0000", 0, NULL, -1 },
	{ "version-2", "02 01 00 0000", 0, NULL, -1 },
	{ "command-0", "01 00 00 0000", 0, NULL, -1 },
	{ "command-7", "01 07 00 0000", 0, NULL, -1 },
	{ "command-255", "01 ff 00 0000", 0, NULL, -1 },
	{ "no-name", "01 01", 0, NULL, -1 },
	{ "name-65", "01 02 41 6e" NAME_64 "0000", 0, NULL, -1 },
	{ "name-255", "01 02 ff", 300, NULL, -1 },
	{ "name-longer-than-there-is", "01 02 05 686f6d65", 0, NULL, -1 },
	{ "name-with-nul", "01 02 04 68006d65 0000", 0, NULL, -1 },
	{ "name-with-slash", "01 02 04 682f6d65 0000", 0, NULL, -1 },
	{ "name-dot-dot", "01 02 02 2e2e 0000", 0, NULL, -1 },
	{ "no-secret-length", "01 02 04 686f6d65", 0, NULL, -1 },
	{ "half-secret-length", "01 02 04 686f6d65 00", 0, NULL, -1 },
	{ "secret-one-short", "01 02 04 686f6d65 0004", 3, NULL, -1 },
	{ "secret-one-more", "01 02 04 686f6d65 0004", 5, NULL, -1 },
	{ "secret-max-plus-1", "01 02 04 686f6d65 0401", 1025, NULL, -1 },
	{ "secret-65535", "01 02 04 686f6d65 ffff", 65535, NULL, -1 },
	{ "bytes-behind", "01 01 00 0000", 1, NULL, -1 },
};

static void test_request(const void *data)
{
	const struct vector *v = data;
	struct ecryptfs_control_request request;
	struct fixture_guard guard;
	size_t head_len;
	uint8_t *bytes = fixture_from_hex(v->hex, &head_len);
	GError *error = NULL;
	bool parsed;

	bytes = g_realloc(bytes, head_len + v->fill + 1);
	memset(bytes + head_len, 0x73, v->fill);
	fixture_guard_init(&guard, bytes, head_len + v->fill);
	parsed = ecryptfs_control_parse_request(guard.data, guard.data_len,
						&request, &error);
	fixture_guard_clear(&guard);
	g_free(bytes);
	if (v->secret_len < 0) {
		g_assert_false(parsed);
		g_assert_null(request.secret);
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MESSAGE, NULL);
		return;
	}
	g_assert_no_error(error);
	if (v->key_name)
		g_assert_cmpstr(request.name, ==, v->key_name);
	g_assert_true((request.secret != NULL) == (v->secret_len > 0));
	if (request.secret)
		g_assert_cmpuint(ecryptfs_secret_len(request.secret), ==,
				 (size_t)v->secret_len);
	ecryptfs_secret_free(request.secret);
}

static void test_format_request(void)
{
	static const uint8_t expected[] = { 1,	 2,   4, 'h', 'o', 'm',
					    'e', 0, 3, 'p', 'i', 'n' };
	g_autoptr(EcryptfsSecret) pin = ecryptfs_secret_new_from("pin", 3);
	g_autoptr(EcryptfsSecret) datagram = NULL;
	g_autoptr(EcryptfsSecret) bare = NULL;
	GError *error = NULL;

	datagram = ecryptfs_control_format_request(ECRYPTFS_CONTROL_UNLOCK,
						   "home", pin, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(datagram),
			ecryptfs_secret_len(datagram), expected,
			sizeof(expected));
	bare = ecryptfs_control_format_request(ECRYPTFS_CONTROL_STATUS, NULL,
					       NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(bare), ecryptfs_secret_len(bare),
			"\1\1\0\0\0", 5);
}

static void test_format_request_limits(void)
{
	g_autofree char *name_64 = g_strnfill(64, 'n');
	g_autofree char *name_65 = g_strnfill(65, 'n');
	g_autoptr(EcryptfsSecret) most = ecryptfs_secret_new(1024);
	g_autoptr(EcryptfsSecret) more = ecryptfs_secret_new(1025);
	g_autoptr(EcryptfsSecret) datagram = NULL;
	GError *error = NULL;

	ecryptfs_secret_set_len(most, 1024);
	ecryptfs_secret_set_len(more, 1025);
	datagram = ecryptfs_control_format_request(ECRYPTFS_CONTROL_UNLOCK,
						   name_64, most, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(ecryptfs_secret_len(datagram), <=,
			 ECRYPTFS_CONTROL_MAX_REQUEST);
	g_assert_null(ecryptfs_control_format_request(
		ECRYPTFS_CONTROL_UNLOCK, name_65, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE, NULL);
	g_assert_null(ecryptfs_control_format_request(
		ECRYPTFS_CONTROL_UNLOCK, "home", more, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE, NULL);
}

static void test_reply(void)
{
	g_autoptr(GBytes) good =
		ecryptfs_control_format_reply(ECRYPTFS_ERROR_NONE, "text\n");
	g_autoptr(GBytes) bad = ecryptfs_control_format_reply(
		ECRYPTFS_ERROR_LOCKED, "home is locked");
	g_autofree char *text = NULL;
	GError *error = NULL;

	text = ecryptfs_control_parse_reply(g_bytes_get_data(good, NULL),
					    g_bytes_get_size(good), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, "text\n");
	g_assert_null(ecryptfs_control_parse_reply(
		g_bytes_get_data(bad, NULL), g_bytes_get_size(bad), &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED, "home is locked");
}

/* Cut to fit, and still UTF-8. */
static void test_reply_too_long(void)
{
	GString *text = g_string_new("x");
	g_autoptr(GBytes) reply = NULL;
	g_autofree char *parsed = NULL;
	GError *error = NULL;

	while (text->len < 2 * ECRYPTFS_CONTROL_MAX_REPLY)
		g_string_append(text, "\xe2\x82\xac");
	reply = ecryptfs_control_format_reply(ECRYPTFS_ERROR_NONE, text->str);
	g_assert_cmpuint(g_bytes_get_size(reply), <=,
			 ECRYPTFS_CONTROL_MAX_REPLY);
	parsed = ecryptfs_control_parse_reply(g_bytes_get_data(reply, NULL),
					      g_bytes_get_size(reply), &error);
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(text->str, parsed));
	g_string_free(text, TRUE);
}

static void test_reply_hostile(void)
{
	static const struct {
		const char *hex;
		enum ecryptfs_error code; /* NONE: it is a text */
	} rows[] = {
		{ "", ECRYPTFS_ERROR_BAD_MESSAGE },
		{ "01", ECRYPTFS_ERROR_BAD_MESSAGE },
		{ "02 00 61", ECRYPTFS_ERROR_BAD_MESSAGE },
		{ "01 00", ECRYPTFS_ERROR_NONE },
		{ "01 00 ff fe 00 61", ECRYPTFS_ERROR_NONE },
		{ "01 0c", ECRYPTFS_ERROR_LOCKED },
		{ "01 ff 61", ECRYPTFS_ERROR_INTERNAL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		size_t bytes_len;
		g_autofree uint8_t *bytes =
			fixture_from_hex(rows[i].hex, &bytes_len);
		g_autofree char *text = NULL;
		struct fixture_guard guard;
		GError *error = NULL;

		fixture_guard_init(&guard, bytes, bytes_len);
		text = ecryptfs_control_parse_reply(guard.data, bytes_len,
						    &error);
		fixture_guard_clear(&guard);
		if (rows[i].code == ECRYPTFS_ERROR_NONE) {
			g_assert_no_error(error);
			g_assert_true(g_utf8_validate(text, -1, NULL));
		} else {
			g_assert_null(text);
			fixture_assert_error(&error, rows[i].code, NULL);
		}
	}
}

static void test_runtime_dir(void)
{
	g_autofree char *with = ecryptfs_control_runtime_dir();
	g_autofree char *expected = g_build_filename(runtime, "ecryptfs", NULL);
	g_autofree char *own = g_strdup_printf("/run/ecryptfs/%u",
					       (unsigned int)geteuid());
	g_autofree char *without = NULL;
	g_autofree char *relative = NULL;

	g_assert_cmpstr(with, ==, expected);
	g_unsetenv("XDG_RUNTIME_DIR");
	without = ecryptfs_control_runtime_dir();
	g_assert_cmpstr(without, ==, own);
	g_setenv("XDG_RUNTIME_DIR", "relative", TRUE);
	relative = ecryptfs_control_runtime_dir();
	g_assert_cmpstr(relative, ==, own);
	g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
}

static int listen_at_control(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *dir = g_build_filename(runtime, "ecryptfs", NULL);
	g_autofree char *path = g_build_filename(dir, "control", NULL);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
	unlink(path);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			==, 0);
	g_assert_cmpint(listen(fd, 4), ==, 0);
	return fd;
}

/* Answers one call with @reply, or hangs up when that is NULL. */
struct server {
	int fd;
	GBytes *reply;
	GThread *thread;
	uint8_t request[ECRYPTFS_CONTROL_MAX_REQUEST];
	ssize_t request_len;
};

static void *serve_one(void *data)
{
	struct server *server = data;
	int fd = accept(server->fd, NULL, NULL);

	server->request_len =
		recv(fd, server->request, sizeof(server->request), 0);
	if (server->reply)
		send(fd, g_bytes_get_data(server->reply, NULL),
		     g_bytes_get_size(server->reply), MSG_NOSIGNAL);
	close(fd);
	return NULL;
}

static void server_start(struct server *server, GBytes *reply)
{
	server->fd = listen_at_control();
	server->reply = reply;
	server->thread = g_thread_new("server", serve_one, server);
}

static void server_stop(struct server *server)
{
	g_thread_join(server->thread);
	close(server->fd);
	if (server->reply)
		g_bytes_unref(server->reply);
}

static void test_call(void)
{
	g_autoptr(EcryptfsSecret) pin = ecryptfs_secret_new_from("pin", 3);
	struct ecryptfs_control_request request;
	g_autofree char *text = NULL;
	struct server server;
	GError *error = NULL;

	server_start(&server, ecryptfs_control_format_reply(
				      ECRYPTFS_ERROR_NONE, "done"));
	text = ecryptfs_control_call(ECRYPTFS_CONTROL_UNLOCK, "home", pin,
				     &error);
	server_stop(&server);
	g_assert_no_error(error);
	g_assert_cmpstr(text, ==, "done");
	g_assert_true(ecryptfs_control_parse_request(
		server.request, (size_t)server.request_len, &request, NULL));
	g_assert_cmpint((int)request.command, ==, ECRYPTFS_CONTROL_UNLOCK);
	g_assert_cmpstr(request.name, ==, "home");
	g_assert_true(ecryptfs_secret_equal(request.secret, pin));
	ecryptfs_secret_free(request.secret);
}

static void test_call_refused(void)
{
	struct server server;
	GError *error = NULL;

	server_start(&server, ecryptfs_control_format_reply(
				      ECRYPTFS_ERROR_BAD_SECRET, "wrong PIN"));
	g_assert_null(ecryptfs_control_call(ECRYPTFS_CONTROL_UNLOCK, "home",
					    NULL, &error));
	server_stop(&server);
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_SECRET, "wrong PIN");
}

static void test_call_hangs_up(void)
{
	struct server server;
	GError *error = NULL;

	server_start(&server, NULL);
	g_assert_null(ecryptfs_control_call(ECRYPTFS_CONTROL_STATUS, NULL,
					    NULL, &error));
	server_stop(&server);
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_DAEMON, "ecryptfsd");
}

static void test_call_garbage(void)
{
	struct server server;
	GError *error = NULL;

	server_start(&server, g_bytes_new_static("\x07garbage", 8));
	g_assert_null(ecryptfs_control_call(ECRYPTFS_CONTROL_STATUS, NULL,
					    NULL, &error));
	server_stop(&server);
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MESSAGE, "restart");
}

static void assert_no_daemon(void)
{
	GError *error = NULL;

	g_assert_null(ecryptfs_control_call(ECRYPTFS_CONTROL_STATUS, NULL,
					    NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_DAEMON,
			     "ecryptfsd --daemonize");
}

static void test_call_nobody(void)
{
	g_autofree char *path =
		g_build_filename(runtime, "ecryptfs", "control", NULL);

	/* A socket that a killed daemon left behind */
	close(listen_at_control());
	assert_no_daemon();
	g_assert_cmpint(unlink(path), ==, 0);
	assert_no_daemon();
}

static void test_call_long_path(void)
{
	g_autofree char *deep = g_strnfill(200, 'd');
	g_autofree char *path = g_build_filename(runtime, deep, NULL);

	g_setenv("XDG_RUNTIME_DIR", path, TRUE);
	assert_no_daemon();
	g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
}

/* Who listens last is the peer that the client sees. */
static void listen_as_other_user(int fd, int ready)
{
	char byte = 0;
	int peer;

	if (setresuid(OTHER_UID, OTHER_UID, OTHER_UID) != 0 ||
	    listen(fd, 4) != 0 || write(ready, &byte, 1) != 1)
		_exit(77);
	peer = accept(fd, NULL, NULL);
	_exit(recv(peer, &byte, 1, 0) > 0 ? 1 : 0);
}

/* Somebody else's socket at our path gets no PIN. */
static void test_call_other_user(void)
{
	g_autoptr(EcryptfsSecret) pin = ecryptfs_secret_new_from("pin", 3);
	GError *error = NULL;
	int fd, status, ready[2];
	char byte;
	pid_t pid;

	if (geteuid() != 0) {
		g_test_skip("needs root, to listen as another user");
		return;
	}
	fd = listen_at_control();
	g_assert_cmpint(pipe(ready), ==, 0);
	pid = fork();
	if (pid == 0)
		listen_as_other_user(fd, ready[1]);
	close(ready[1]);
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	close(ready[0]);
	g_assert_null(ecryptfs_control_call(ECRYPTFS_CONTROL_UNLOCK, "home",
					    pin, &error));
	close(fd);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fixture_assert_error(&error, ECRYPTFS_ERROR_PERMISSION,
			     "another user");
}

static void add_tests(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *path = g_strdup_printf("/control/request/%s",
							vectors[i].name);

		g_test_add_data_func(path, &vectors[i], test_request);
	}
	g_test_add_func("/control/format-request", test_format_request);
	g_test_add_func("/control/format-request-limits",
			test_format_request_limits);
	g_test_add_func("/control/reply/good-and-bad", test_reply);
	g_test_add_func("/control/reply/too-long", test_reply_too_long);
	g_test_add_func("/control/reply/hostile", test_reply_hostile);
	g_test_add_func("/control/runtime-dir", test_runtime_dir);
	g_test_add_func("/control/call/good", test_call);
	g_test_add_func("/control/call/refused", test_call_refused);
	g_test_add_func("/control/call/hangs-up", test_call_hangs_up);
	g_test_add_func("/control/call/garbage", test_call_garbage);
	g_test_add_func("/control/call/nobody", test_call_nobody);
	g_test_add_func("/control/call/long-path", test_call_long_path);
	g_test_add_func("/control/call/other-user", test_call_other_user);
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	alarm(120);
	runtime = fixture_directory_new();
	g_setenv("XDG_RUNTIME_DIR", runtime, TRUE);
	add_tests();
	result = g_test_run();
	fixture_directory_free(runtime);
	return result;
}
