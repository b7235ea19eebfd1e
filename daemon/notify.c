/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sd_notify(), where libsystemd is there. */
#include "config.h"

#include "daemon/notify.h"

#include <glib.h>

#ifdef HAVE_SYSTEMD

#include <systemd/sd-daemon.h>

static gboolean feed_watchdog(void *data)
{
	(void)data;
	sd_notify(0, "WATCHDOG=1");
	return G_SOURCE_CONTINUE;
}

void notify_ready(void)
{
	uint64_t usec;

	sd_notify(0, "READY=1");
	if (sd_watchdog_enabled(0, &usec) > 0)
		g_timeout_add((unsigned int)MIN(usec / 2000, G_MAXUINT),
			      feed_watchdog, NULL);
}

void notify_status(const char *text)
{
	sd_notifyf(0, "STATUS=%s", text);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

#else

void notify_ready(void)
{
}

void notify_status(const char *text)
{
	(void)text;
}

void notify_stopping(void)
{
}

#endif
