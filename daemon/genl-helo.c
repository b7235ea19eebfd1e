/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first words on a socket, and the last. */
#include "daemon/genl-helo.h"

#include <errno.h>
#include <poll.h>

/* Nothing else is asked while the answer to HELO is awaited. */
#define HELO_SEQ 1
#define QUIT_SEQ 2

/* The kernel answers while it is being asked. */
#define PATIENCE_USEC (1 * G_USEC_PER_SEC)

/* Of the kernel's own words. */
#define MAX_WORDS 200

struct helo {
	bool told; /* the limits are there */
	bool done;
	int err;
	char *words; /* the kernel's own, or NULL */
};

/* For people: what is not printable ASCII is replaced. */
static char *words_of(const struct genl_message *message)
{
	size_t len = MIN(message->text_len, MAX_WORDS);
	char *words;

	if (len == 0)
		return NULL;
	words = g_strndup((const char *)message->text, len);
	for (size_t i = 0; words[i] != '\0'; i++)
		if (!g_ascii_isprint(words[i]))
			words[i] = '?';
	return words;
}

static void take_result(const struct genl_message *message, struct helo *helo)
{
	helo->done = true;
	helo->err = message->err;
	if (helo->err == 0 && !helo->told)
		helo->err = EBADMSG;
	helo->words = words_of(message);
}

static void take(const struct genl_message *message,
		 struct transport_limits *limits, struct helo *helo)
{
	switch (message->kind) {
	case GENL_KIND_HELO:
		if (message->seq != HELO_SEQ)
			break;
		*limits = message->limits;
		helo->told = true;
		break;
	case GENL_KIND_RESULT:
		if (message->seq == HELO_SEQ)
			take_result(message, helo);
		break;
	case GENL_KIND_QUIT:
		helo->done = true;
		helo->err = ENOTCONN;
		break;
	case GENL_KIND_MALFORMED:
	case GENL_KIND_DOORBELL:
	case GENL_KIND_PACKET:
	case GENL_KIND_EXTENDED:
		break;
	}
}

/* One datagram; no packet can be in it, because none was asked for. */
static void receive(const GenlSocket *socket, struct transport_limits *limits,
		    unsigned int *foreign, struct helo *helo)
{
	struct genl_message message;
	uint8_t data[1024];
	size_t data_len;

	switch (genl_socket_receive(socket, data, sizeof(data), &data_len)) {
	case GENL_RECEIVED_MESSAGE:
		genl_message_parse(data, data_len, genl_socket_family(socket),
				   &message);
		take(&message, limits, helo);
		break;
	case GENL_RECEIVED_FOREIGN:
		(*foreign)++;
		break;
	case GENL_RECEIVED_FAILED:
		helo->done = true;
		helo->err = ENOTCONN;
		break;
	case GENL_RECEIVED_LONG:
	case GENL_RECEIVED_OVERRUN:
	case GENL_RECEIVED_NOTHING:
		break;
	}
}

static void wait_for_answer(const GenlSocket *socket,
			    struct transport_limits *limits,
			    unsigned int *foreign, struct helo *helo)
{
	struct pollfd fd = { .fd = genl_socket_fd(socket), .events = POLLIN };
	int64_t end = g_get_monotonic_time() + PATIENCE_USEC;
	int64_t left;

	while (!helo->done) {
		left = end - g_get_monotonic_time();
		if (left <= 0) {
			helo->err = ETIMEDOUT;
			return;
		}
		if (poll(&fd, 1, (int)(left / 1000) + 1) > 0)
			receive(socket, limits, foreign, helo);
	}
}

static int send_helo(const GenlSocket *socket, bool replace)
{
	const struct genl_call call = { genl_socket_family(socket), HELO_SEQ,
					true };
	g_autoptr(EcryptfsSecret) message =
		ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);

	genl_message_write_helo(&call, replace, message);
	return genl_socket_send(socket, message);
}

static void set_busy_error(GError **error)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
		    "another daemon of user %s is registered with the kernel: "
		    "end it first, or take its place with \"ecryptfsd "
		    "--replace\"", g_get_user_name());
}

static void set_permission_error(GError **error, bool replace,
				 const char *words)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION,
		    "the kernel does not let this process serve user %s%s%s: "
		    "run ecryptfsd %s", g_get_user_name(),
		    words ? ", for " : "", words ? words : "",
		    replace ? "in the same namespaces as the daemon that it is "
			      "to replace" :
			      "outside of containers, in the namespaces that "
			      "the system began with");
}

static void set_version_error(GError **error)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
		    "the kernel's eCryptfs does not speak version %d of the "
		    "protocol: install module and ecryptfsd of one release, "
		    "or use \"ecryptfsd --transport=device\"",
		    ECRYPTFS_GENL_VERSION);
}

static void set_gone_error(GError **error)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
		    "the kernel's eCryptfs was unloaded: \"modprobe "
		    "ecryptfs\" as root brings it back");
}

static void set_other_error(GError **error, int err, const char *words)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
		    "the kernel does not register the daemon: %s%s%s",
		    g_strerror(err), words ? ": " : "", words ? words : "");
}

static void set_helo_error(GError **error, const struct helo *helo,
			   bool replace)
{
	switch (helo->err) {
	case EBUSY:
		set_busy_error(error);
		break;
	case EPERM:
	case EACCES:
		set_permission_error(error, replace, helo->words);
		break;
	case EPROTONOSUPPORT:
		set_version_error(error);
		break;
	case ENOENT:
	case ENOTCONN:
	case ECONNREFUSED:
		set_gone_error(error);
		break;
	default:
		set_other_error(error, helo->err, helo->words);
	}
}

bool genl_helo(const GenlSocket *socket, bool replace,
	       struct transport_limits *limits, unsigned int *foreign,
	       GError **error)
{
	struct helo helo = { .err = send_helo(socket, replace) };

	if (helo.err == 0)
		wait_for_answer(socket, limits, foreign, &helo);
	if (helo.err == 0 && limits->version != ECRYPTFS_GENL_VERSION)
		helo.err = EPROTONOSUPPORT;
	if (helo.err != 0)
		set_helo_error(error, &helo, replace);
	g_free(helo.words);
	return helo.err == 0;
}

void genl_quit(const GenlSocket *socket)
{
	const struct genl_call call = { genl_socket_family(socket), QUIT_SEQ,
					false };
	g_autoptr(EcryptfsSecret) message =
		ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);

	genl_message_write_quit(&call, message);
	if (genl_socket_send(socket, message) != 0)
		return; /* then closing does it */
}
