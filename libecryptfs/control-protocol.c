/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The control socket's datagrams, and the client's side of it.
 *
 *   request: version (1), command (1), length (1), name, length (2, BE),
 *            secret
 *   reply:   version (1), error code (1), text to the end
 */
#include "libecryptfs/control-protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "libecryptfs/cursor.h"
#include "libecryptfs/registration.h"

#define REPLY_HEADER 2
#define CALL_SECONDS 30

static bool bad(GError **error, const char *what)
{
	g_set_error_literal(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MESSAGE,
			    what);
	return false;
}

static bool command_known(uint8_t command)
{
	return command >= ECRYPTFS_CONTROL_STATUS &&
	       command <= ECRYPTFS_CONTROL_TEST;
}

static bool read_name(struct ecryptfs_reader *reader, char name[65])
{
	uint8_t name_len;

	if (!ecryptfs_reader_u8(reader, &name_len) ||
	    name_len > ECRYPTFS_REGISTRATION_NAME_MAX ||
	    !ecryptfs_reader_copy(reader, name, name_len))
		return false;
	name[name_len] = '\0';
	return strlen(name) == name_len &&
	       (name_len == 0 || ecryptfs_registration_name_valid(name));
}

bool ecryptfs_control_parse_request(const uint8_t *data, size_t data_len,
				    struct ecryptfs_control_request *request,
				    GError **error)
{
	struct ecryptfs_reader reader;
	const uint8_t *secret;
	uint8_t version, command;
	uint16_t secret_len;

	memset(request, 0, sizeof(*request));
	ecryptfs_reader_init(&reader, data, data_len);
	if (!ecryptfs_reader_u8(&reader, &version) ||
	    version != ECRYPTFS_CONTROL_VERSION)
		return bad(error, "another version of the control protocol");
	if (!ecryptfs_reader_u8(&reader, &command) || !command_known(command))
		return bad(error, "unknown command");
	if (!read_name(&reader, request->name))
		return bad(error, "malformed name");
	if (!ecryptfs_reader_be16(&reader, &secret_len) ||
	    secret_len > ECRYPTFS_CONTROL_MAX_SECRET ||
	    !ecryptfs_reader_view(&reader, secret_len, &secret) ||
	    reader.left > 0)
		return bad(error, "malformed secret");
	request->command = (enum ecryptfs_control_command)command;
	if (secret_len > 0)
		request->secret = ecryptfs_secret_new_from(secret, secret_len);
	return true;
}

EcryptfsSecret *
ecryptfs_control_format_request(enum ecryptfs_control_command command,
				const char *name, const EcryptfsSecret *secret,
				GError **error)
{
	g_autoptr(EcryptfsSecret) datagram =
		ecryptfs_secret_new(ECRYPTFS_CONTROL_MAX_REQUEST);
	size_t name_len = name ? strlen(name) : 0;
	size_t secret_len = secret ? ecryptfs_secret_len(secret) : 0;
	struct ecryptfs_writer writer;

	if (name_len > ECRYPTFS_REGISTRATION_NAME_MAX ||
	    secret_len > ECRYPTFS_CONTROL_MAX_SECRET) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "a name has at most %d bytes, a PIN or passphrase "
			    "at most %d", ECRYPTFS_REGISTRATION_NAME_MAX,
			    ECRYPTFS_CONTROL_MAX_SECRET);
		return NULL;
	}
	ecryptfs_writer_init(&writer, ecryptfs_secret_data(datagram),
			     ECRYPTFS_CONTROL_MAX_REQUEST);
	ecryptfs_writer_u8(&writer, ECRYPTFS_CONTROL_VERSION);
	ecryptfs_writer_u8(&writer, (uint8_t)command);
	ecryptfs_writer_u8(&writer, (uint8_t)name_len);
	ecryptfs_writer_bytes(&writer, name, name_len);
	ecryptfs_writer_be16(&writer, (uint16_t)secret_len);
	if (secret)
		ecryptfs_writer_bytes(&writer, ecryptfs_secret_data(secret),
				      secret_len);
	g_assert(!writer.failed);
	ecryptfs_secret_set_len(datagram, writer.len);
	return g_steal_pointer(&datagram);
}

GBytes *ecryptfs_control_format_reply(enum ecryptfs_error code,
				      const char *text)
{
	size_t text_len = MIN(strlen(text), (size_t)ECRYPTFS_CONTROL_MAX_REPLY -
						    REPLY_HEADER);
	uint8_t *datagram;

	/* Not in the middle of a character. */
	while (text_len > 0 && ((uint8_t)text[text_len] & 0xc0) == 0x80)
		text_len--;
	datagram = g_malloc(REPLY_HEADER + text_len);
	datagram[0] = ECRYPTFS_CONTROL_VERSION;
	datagram[1] = (uint8_t)code;
	memcpy(datagram + REPLY_HEADER, text, text_len);
	return g_bytes_new_take(datagram, REPLY_HEADER + text_len);
}

char *ecryptfs_control_parse_reply(const uint8_t *data, size_t data_len,
				   GError **error)
{
	g_autofree char *text = NULL;
	struct ecryptfs_reader reader;
	uint8_t version, code;

	ecryptfs_reader_init(&reader, data, data_len);
	if (!ecryptfs_reader_u8(&reader, &version) ||
	    version != ECRYPTFS_CONTROL_VERSION ||
	    !ecryptfs_reader_u8(&reader, &code)) {
		bad(error, "ecryptfsd answered in another version of the "
			   "control protocol; restart it");
		return NULL;
	}
	text = g_utf8_make_valid((const char *)reader.pos,
				 (gssize)reader.left);
	if (code != ECRYPTFS_ERROR_NONE) {
		g_set_error_literal(error, ECRYPTFS_ERROR, code, text);
		return NULL;
	}
	return g_steal_pointer(&text);
}

char *ecryptfs_control_runtime_dir(void)
{
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");

	if (runtime && g_path_is_absolute(runtime))
		return g_build_filename(runtime, "ecryptfs", NULL);
	return g_strdup_printf("/run/ecryptfs/%u", (unsigned int)geteuid());
}

static bool set_no_daemon(GError **error, const char *path, int err)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_DAEMON,
		    "no ecryptfsd answers at %s: %s; \"ecryptfsd --daemonize\" "
		    "starts one", path, g_strerror(err));
	return false;
}

/* Somebody else's socket at our path must not be given a PIN. */
static bool check_peer(int fd, const char *path, GError **error)
{
	struct ucred peer;
	socklen_t peer_len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_len) != 0)
		return set_no_daemon(error, path, errno);
	if (peer.uid == geteuid())
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION,
		    "the process that listens at %s belongs to another user",
		    path);
	return false;
}

static bool connect_daemon(int fd, const char *path, GError **error)
{
	const struct timeval limit = { .tv_sec = CALL_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
	    sizeof(address.sun_path))
		return set_no_daemon(error, path, ENAMETOOLONG);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return set_no_daemon(error, path, errno);
	return check_peer(fd, path, error);
}

static char *exchange(int fd, const char *path, const EcryptfsSecret *request,
		      GError **error)
{
	g_autofree uint8_t *reply = g_malloc(ECRYPTFS_CONTROL_MAX_REPLY);
	ssize_t n;

	if (!connect_daemon(fd, path, error))
		return NULL;
	n = send(fd, ecryptfs_secret_data(request),
		 ecryptfs_secret_len(request), MSG_NOSIGNAL);
	/* EPIPE: it did not listen any more, but may have said why. */
	if (n >= 0 || errno == EPIPE)
		n = recv(fd, reply, ECRYPTFS_CONTROL_MAX_REPLY, 0);
	if (n > 0)
		return ecryptfs_control_parse_reply(reply, (size_t)n, error);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "ecryptfsd did not answer within %d seconds; see "
			    "\"ecryptfs-manager status\"", CALL_SECONDS);
	else
		set_no_daemon(error, path, n < 0 ? errno : ECONNRESET);
	return NULL;
}

char *ecryptfs_control_call(enum ecryptfs_control_command command,
			    const char *name, const EcryptfsSecret *secret,
			    GError **error)
{
	g_autofree char *directory = ecryptfs_control_runtime_dir();
	g_autofree char *path = g_build_filename(directory, "control", NULL);
	g_autoptr(EcryptfsSecret) request = NULL;
	char *text;
	int fd;

	request = ecryptfs_control_format_request(command, name, secret, error);
	if (!request)
		return NULL;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		ecryptfs_error_set_errno(error, errno, "cannot make a socket");
		return NULL;
	}
	text = exchange(fd, path, request, error);
	close(fd);
	return text;
}
