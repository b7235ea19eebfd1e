/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to look again for a peer that was not there: soon, then ever later,
 * at most every 5 s. Main loop only.
 */
#ifndef DAEMON_BACK_OFF_H
#define DAEMON_BACK_OFF_H

#include "libecryptfs/ecryptfs.h"

typedef struct BackOff BackOff;

/**
 * back_off_new:
 * @look: called when it is time; may pause or resume it
 * @data: passed to @look
 *
 * Paused at first.
 */
BackOff *back_off_new(void (*look)(void *data), void *data);

/* From now on, beginning with the shortest wait again. */
void back_off_resume(BackOff *back_off);
void back_off_pause(BackOff *back_off);

/* (nullable) */
void back_off_free(BackOff *back_off);

#endif
