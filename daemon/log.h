/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where log lines go: the journal under systemd, else stderr as
 * "LEVEL: TEXT". Sizes, key signatures and names may stand in a line; key
 * bytes, PINs, passphrases, blobs and packets never, at any level.
 *
 *   error    a fault of this program; it ends (g_error)
 *   critical a fault of this program; it goes on (g_critical)
 *   warning  a request was refused, or something that a person must mend
 *   message  the daemon's life: started, registered, waiting, leaving
 *   info     what a person who looks for a fault wants; with --verbose
 *   debug    every message; with --verbose
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/* Identical lines that pass within LOG_WINDOW_USEC; the rest is counted. */
#define LOG_BURST 5
#define LOG_WINDOW_USEC (10 * G_USEC_PER_SEC)

/**
 * log_init:
 * @verbose: also info and debug
 *
 * Call once, before any thread.
 */
void log_init(bool verbose);

/* stderr leads nowhere from now on: journal or syslog instead. */
void log_detach(void);

/* One text that was logged, and how often since. */
struct log_repeat {
	unsigned int hash;
	int64_t since;
	unsigned int times;
};

#define LOG_REPEATS 16

/**
 * log_repeat_passes:
 * @repeats: (array fixed-size=16): zeroed at first
 * @text: the line
 * @now: monotonic microseconds
 * @suppressed: (out): identical lines that were kept back before this one
 *
 * Returns: whether @text may be logged
 */
bool log_repeat_passes(struct log_repeat repeats[LOG_REPEATS],
		       const char *text, int64_t now,
		       unsigned int *suppressed);

#endif
