/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A timer whose wait doubles. */
#include "daemon/back-off.h"

#define FIRST_LOOK_MSEC 100
#define LAST_LOOK_MSEC 5000

struct BackOff {
	void (*look)(void *data);
	void *data;
	unsigned int msec;
	unsigned int timer;
};

static gboolean on_timer(void *data)
{
	BackOff *back_off = data;

	back_off->msec = MIN(back_off->msec * 2, LAST_LOOK_MSEC);
	back_off->timer = g_timeout_add(back_off->msec, on_timer, back_off);
	back_off->look(back_off->data);
	return G_SOURCE_REMOVE;
}

BackOff *back_off_new(void (*look)(void *data), void *data)
{
	BackOff *back_off = g_new0(BackOff, 1);

	back_off->look = look;
	back_off->data = data;
	return back_off;
}

void back_off_resume(BackOff *back_off)
{
	back_off_pause(back_off);
	back_off->msec = FIRST_LOOK_MSEC;
	back_off->timer = g_timeout_add(back_off->msec, on_timer, back_off);
}

void back_off_pause(BackOff *back_off)
{
	if (back_off->timer)
		g_source_remove(back_off->timer);
	back_off->timer = 0;
}

void back_off_free(BackOff *back_off)
{
	if (!back_off)
		return;
	back_off_pause(back_off);
	g_free(back_off);
}
