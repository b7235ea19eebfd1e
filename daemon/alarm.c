/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A timerfd: set by the kernel's own call from any thread, without a GSource
 * that is made on one thread and freed on another.
 */
#include "daemon/alarm.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>

struct Alarm {
	void (*ring)(void *data);
	void *data;
	int fd;
	unsigned int source;
};

static gboolean on_timer(int fd, GIOCondition condition, void *data)
{
	Alarm *alarm = data;
	uint64_t times;

	(void)condition;
	/* Nothing to read: it was set anew before we came. */
	if (read(fd, &times, sizeof(times)) == (ssize_t)sizeof(times))
		alarm->ring(alarm->data);
	return G_SOURCE_CONTINUE;
}

Alarm *alarm_new(void (*ring)(void *data), void *data)
{
	Alarm *alarm = g_new0(Alarm, 1);

	alarm->ring = ring;
	alarm->data = data;
	alarm->fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (alarm->fd < 0)
		g_error("cannot make a timer: %s", g_strerror(errno));
	alarm->source = g_unix_fd_add(alarm->fd, G_IO_IN, on_timer, alarm);
	return alarm;
}

void alarm_set(Alarm *alarm, unsigned int seconds)
{
	const struct itimerspec when = { .it_value.tv_sec = seconds };

	timerfd_settime(alarm->fd, 0, &when, NULL);
}

void alarm_free(Alarm *alarm)
{
	if (!alarm)
		return;
	g_source_remove(alarm->source);
	close(alarm->fd);
	g_free(alarm);
}

int64_t alarm_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}
