/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients live on the main loop, which never blocks: it takes a datagram and
 * queues it for a thread; the answer comes back through another queue. While
 * a command is worked on, nothing more is read from its client.
 */
#include "daemon/control.h"

#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib-unix.h>

#include "daemon/workers.h"

/*
 * Status has a thread of its own: it works while all others wait for a
 * device. Every client has one command at most, so no queue grows.
 */
enum control_line {
	CONTROL_LINE_QUICK,
	CONTROL_LINE_SLOW,
};

#define LINES 2

static const unsigned int threads_of_line[LINES] = {
	[CONTROL_LINE_QUICK] = 1,
	[CONTROL_LINE_SLOW] = CONTROL_MAX_CLIENTS,
};

struct Control {
	struct control_handler handler;
	char *path;
	int listener;
	unsigned int listening;
	int wake; /* eventfd: something was answered */
	unsigned int waking;
	GList *clients; /* struct client */
	Workers *threads[LINES];
	pthread_mutex_t lock; /* for what follows */
	GQueue answered; /* struct command */
};

struct client {
	Control *control;
	int fd;
	unsigned int readable;
	unsigned int idle;
};

struct command {
	struct client *client; /* NULL: an order without one */
	struct ecryptfs_control_request request;
	GBytes *reply;
};

bool control_peer_allowed(uid_t peer, uid_t self)
{
	return peer == self || peer == 0;
}

static enum control_line line_of(enum ecryptfs_control_command command)
{
	switch (command) {
	case ECRYPTFS_CONTROL_STATUS:
	case ECRYPTFS_CONTROL_QUIT:
		return CONTROL_LINE_QUICK;
	case ECRYPTFS_CONTROL_UNLOCK:
	case ECRYPTFS_CONTROL_LOCK:
	case ECRYPTFS_CONTROL_RELOAD:
	case ECRYPTFS_CONTROL_TEST:
		return CONTROL_LINE_SLOW;
	}
	g_assert_not_reached();
}

static void stop_watching(struct client *client)
{
	if (client->readable)
		g_source_remove(client->readable);
	if (client->idle)
		g_source_remove(client->idle);
	client->readable = 0;
	client->idle = 0;
}

static void close_client(struct client *client)
{
	stop_watching(client);
	client->control->clients =
		g_list_remove(client->control->clients, client);
	close(client->fd);
	g_free(client);
}

static void send_reply(int fd, GBytes *reply)
{
	size_t reply_len;
	const void *data = g_bytes_get_data(reply, &reply_len);

	if (send(fd, data, reply_len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		g_debug("cannot answer a control client: %s",
			g_strerror(errno));
}

static GBytes *format_error(const GError *error)
{
	enum ecryptfs_error code = ECRYPTFS_ERROR_INTERNAL;

	if (error->domain == ECRYPTFS_ERROR)
		code = (enum ecryptfs_error)error->code;
	return ecryptfs_control_format_reply(code, error->message);
}

/*
 * The last word to a client. What it has sent and nobody read is taken off,
 * or the kernel would give it a reset in place of the answer.
 */
static void dismiss(int fd, const GError *error)
{
	g_autoptr(GBytes) reply = format_error(error);
	char rest;

	send_reply(fd, reply);
	shutdown(fd, SHUT_RDWR);
	while (recv(fd, &rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
}

static void turn_away(struct client *client, const GError *error)
{
	dismiss(client->fd, error);
	close_client(client);
}

static gboolean on_idle(void *data)
{
	struct client *client = data;

	client->idle = 0;
	close_client(client);
	return G_SOURCE_REMOVE;
}

static void begin(Control *control, struct client *client,
		  const struct ecryptfs_control_request *request)
{
	enum control_line line = line_of(request->command);
	struct command *command = g_new0(struct command, 1);

	command->client = client;
	command->request = *request;
	workers_push(control->threads[line], command);
}

/* The client's watches rest until the answer went out. */
static void receive(struct client *client, const uint8_t *data, size_t data_len)
{
	struct ecryptfs_control_request request;
	g_autoptr(GError) error = NULL;

	if (data_len > ECRYPTFS_CONTROL_MAX_REQUEST) {
		g_set_error(&error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MESSAGE,
			    "a control request has at most %d bytes",
			    ECRYPTFS_CONTROL_MAX_REQUEST);
		turn_away(client, error);
	} else if (ecryptfs_control_parse_request(data, data_len, &request,
						  &error)) {
		stop_watching(client);
		begin(client->control, client, &request);
	} else {
		turn_away(client, error);
	}
}

static gboolean on_readable(int fd, GIOCondition condition, void *data)
{
	g_autoptr(EcryptfsSecret) datagram =
		ecryptfs_secret_new(ECRYPTFS_CONTROL_MAX_REQUEST);
	struct client *client = data;
	ssize_t n;

	(void)condition;
	n = recv(fd, ecryptfs_secret_data(datagram),
		 ECRYPTFS_CONTROL_MAX_REQUEST, MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n > 0)
		receive(client, ecryptfs_secret_data(datagram), (size_t)n);
	else
		close_client(client);
	return G_SOURCE_CONTINUE;
}

static void watch(struct client *client)
{
	client->readable = g_unix_fd_add(client->fd, G_IO_IN, on_readable,
					 client);
	client->idle = g_timeout_add_seconds(CONTROL_IDLE_SECONDS, on_idle,
					     client);
}

static bool peer_is_allowed(int fd)
{
	struct ucred peer;
	socklen_t peer_len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) != 0)
		return false;
	if (control_peer_allowed(peer.uid, geteuid()))
		return true;
	g_warning("refused a control client of user id %u, process %d",
		  peer.uid, peer.pid);
	return false;
}

static void add_client(Control *control, int fd)
{
	struct client *client = g_new0(struct client, 1);

	client->control = control;
	client->fd = fd;
	control->clients = g_list_prepend(control->clients, client);
	watch(client);
}

static void dismiss_busy(int fd)
{
	g_autoptr(GError) error =
		g_error_new(ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "ecryptfsd serves %d others at the moment; try "
			    "again in %d seconds", CONTROL_MAX_CLIENTS,
			    CONTROL_IDLE_SECONDS);

	dismiss(fd, error);
}

static gboolean on_client(int listener, GIOCondition condition, void *data)
{
	Control *control = data;
	int fd;

	(void)condition;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return G_SOURCE_CONTINUE;
	if (!peer_is_allowed(fd)) {
		close(fd);
	} else if (g_list_length(control->clients) >= CONTROL_MAX_CLIENTS) {
		dismiss_busy(fd);
		close(fd);
	} else {
		add_client(control, fd);
	}
	return G_SOURCE_CONTINUE;
}

static struct command *pop_answered(Control *control)
{
	struct command *command;

	pthread_mutex_lock(&control->lock);
	command = g_queue_pop_head(&control->answered);
	pthread_mutex_unlock(&control->lock);
	return command;
}

static void free_command(struct command *command)
{
	ecryptfs_secret_free(command->request.secret);
	g_clear_pointer(&command->reply, g_bytes_unref);
	g_free(command);
}

static gboolean on_answered(int wake, GIOCondition condition, void *data)
{
	Control *control = data;
	struct command *command;
	eventfd_t ignored;

	(void)condition;
	eventfd_read(wake, &ignored);
	while ((command = pop_answered(control))) {
		enum ecryptfs_control_command what = command->request.command;

		if (command->client) {
			send_reply(command->client->fd, command->reply);
			watch(command->client);
		}
		free_command(command);
		control->handler.answered(control->handler.data, what);
	}
	return G_SOURCE_CONTINUE;
}

static void run_command(void *item, void *data)
{
	Control *control = data;
	struct command *command = item;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	text = control->handler.handle(control->handler.data,
				       &command->request, &error);
	command->reply = error ? format_error(error) :
				 ecryptfs_control_format_reply(
					 ECRYPTFS_ERROR_NONE, text);
	g_clear_pointer(&command->request.secret, ecryptfs_secret_free);
	pthread_mutex_lock(&control->lock);
	g_queue_push_tail(&control->answered, command);
	pthread_mutex_unlock(&control->lock);
	eventfd_write(control->wake, 1);
}

/* Others have no right in the directory; the mode is there all the same. */
static int bind_socket(const char *path, GError **error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
	    sizeof(address.sun_path)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_IO,
			    "the path of the control socket is too long: %s",
			    path);
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && fchmod(fd, 0600) == 0 &&
	    (unlink(path) == 0 || errno == ENOENT) &&
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, CONTROL_MAX_CLIENTS) == 0)
		return fd;
	ecryptfs_error_set_errno(error, errno, "cannot listen at %s", path);
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool start_threads(Control *control, GError **error)
{
	for (size_t i = 0; i < LINES; i++) {
		control->threads[i] = workers_new(threads_of_line[i], 1,
						  run_command, control, error);
		if (!control->threads[i])
			return false;
	}
	return true;
}

Control *control_new(const char *directory,
		     const struct control_handler *handler, GError **error)
{
	g_autoptr(Control) control = g_new0(Control, 1);

	control->handler = *handler;
	control->path = g_build_filename(directory, "control", NULL);
	pthread_mutex_init(&control->lock, NULL);
	g_queue_init(&control->answered);
	control->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	control->listener = bind_socket(control->path, error);
	if (control->listener < 0 || !start_threads(control, error))
		return NULL;
	control->waking = g_unix_fd_add(control->wake, G_IO_IN, on_answered,
					control);
	control->listening = g_unix_fd_add(control->listener, G_IO_IN,
					   on_client, control);
	return g_steal_pointer(&control);
}

void control_order(Control *control, enum ecryptfs_control_command command)
{
	const struct ecryptfs_control_request request = { .command = command };

	begin(control, NULL, &request);
}

void control_stop(Control *control)
{
	if (control->listener < 0)
		return;
	if (control->listening) {
		g_source_remove(control->listening);
		g_source_remove(control->waking);
	}
	unlink(control->path);
	close(control->listener);
	control->listener = -1;
	while (control->clients)
		close_client(control->clients->data);
}

bool control_wait(Control *control, int64_t patience_usec)
{
	bool rests = true;

	for (size_t i = 0; i < LINES; i++)
		rests &= workers_wait(control->threads[i], patience_usec);
	return rests;
}

void control_free(Control *control)
{
	struct command *command;

	if (!control)
		return;
	control_stop(control);
	for (size_t i = 0; i < LINES; i++)
		workers_free(control->threads[i]);
	while ((command = pop_answered(control)))
		free_command(command);
	close(control->wake);
	pthread_mutex_destroy(&control->lock);
	g_free(control->path);
	g_free(control);
}
