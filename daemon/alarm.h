/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A timer that any thread can set and that rings on the main loop. Time
 * asleep counts: after a suspend it rings at once when it was due.
 */
#ifndef DAEMON_ALARM_H
#define DAEMON_ALARM_H

#include "libecryptfs/ecryptfs.h"

typedef struct Alarm Alarm;

/* Main loop only. @ring: called each time it rings; may set it again. */
Alarm *alarm_new(void (*ring)(void *data), void *data);

/* Rings once, in @seconds from now, whatever was set before; 0 never. */
void alarm_set(Alarm *alarm, unsigned int seconds);

/* (nullable). Main loop only. */
void alarm_free(Alarm *alarm);

/* Seconds on the clock of the alarms, which counts time asleep. Any thread. */
int64_t alarm_now(void);

#endif
