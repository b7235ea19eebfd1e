/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's parts put together, and clients of its control socket. */
#include "tests/unit/control-server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

void server_init(struct server *server)
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

void server_start(struct server *server)
{
	const struct control_handler handler = { handle, on_answered, server };
	GError *error = NULL;

	daemon_bench_start(server->bench);
	server->commands.status.dispatch = server->bench->dispatch;
	server->control = control_new(server->bench->directory, &handler,
				      &error);
	g_assert_no_error(error);
}

void server_clear(struct server *server)
{
	control_free(server->control);
	dispatch_stop(server->bench->dispatch, PATIENCE_USEC);
	key_ttl_free(server->commands.status.ttl);
	key_tasks_free(server->commands.status.tasks);
	daemon_bench_free(server->bench);
}

int client_new(struct server *server)
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

void client_send(int fd, enum ecryptfs_control_command command,
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
ssize_t client_receive(int fd, uint8_t *data, size_t len)
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

char *client_wait(int fd, GError **error)
{
	g_autofree uint8_t *data = g_malloc(ECRYPTFS_CONTROL_MAX_REPLY);
	ssize_t n = client_receive(fd, data, ECRYPTFS_CONTROL_MAX_REPLY);

	g_assert_cmpint(n, >, 0);
	return ecryptfs_control_parse_reply(data, (size_t)n, error);
}

char *call(struct server *server, enum ecryptfs_control_command command,
		  const char *name, const char *secret, GError **error)
{
	int fd = client_new(server);
	char *text;

	client_send(fd, command, name, secret);
	text = client_wait(fd, error);
	close(fd);
	return text;
}

GKeyFile *call_status(struct server *server)
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

void assert_value(struct server *server, const char *group,
			 const char *key, const char *expected)
{
	g_autoptr(GKeyFile) file = call_status(server);
	g_autofree char *value = g_key_file_get_string(file, group, key, NULL);

	g_assert_cmpstr(value, ==, expected);
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

void server_quiet_log(void)
{
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
	g_log_set_writer_func(no_log, NULL, NULL);
}
