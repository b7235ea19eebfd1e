/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol of sd_notify(3), a datagram of text. Spoken here, because
 * libsystemd would bring six libraries, among them liblzma and libgcrypt, and
 * a tenth of its memory into the process that holds private keys.
 */
#include "daemon/notify.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib.h>

/* A path, or with '@' in front a name in the abstract namespace. */
static bool supervisor_address(struct sockaddr_un *address, socklen_t *len)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t path_len = path ? strlen(path) : 0;

	if (path_len < 2 || path_len >= sizeof(address->sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return false;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, path_len);
	if (path[0] == '@')
		address->sun_path[0] = '\0';
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len);
	return true;
}

/* Nobody needs to hear it, so nothing is said when nobody does. */
static void notify(const char *text)
{
	struct sockaddr_un address;
	socklen_t len;
	int fd;

	if (!supervisor_address(&address, &len))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
		   (const struct sockaddr *)&address, len) < 0)
		g_debug("the supervisor does not listen");
	close(fd);
}

static gboolean feed_watchdog(void *data)
{
	(void)data;
	notify("WATCHDOG=1");
	return G_SOURCE_CONTINUE;
}

/* Microseconds within which it wants to be fed; 0 for none. */
static uint64_t watchdog_usec(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && g_ascii_strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return g_ascii_strtoull(usec, NULL, 10);
}

void notify_ready(void)
{
	uint64_t usec = watchdog_usec();

	notify("READY=1");
	/* Twice in that time, as sd_watchdog_enabled(3) advises. */
	if (usec >= 2000)
		g_timeout_add((unsigned int)MIN(usec / 2000, G_MAXUINT),
			      feed_watchdog, NULL);
}

void notify_status(const char *text)
{
	g_autofree char *line = g_strdup_printf("STATUS=%s", text);

	notify(line);
}

void notify_stopping(void)
{
	notify("STOPPING=1");
}
