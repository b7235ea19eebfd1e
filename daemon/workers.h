/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that take items from a queue. Not GThreadPool: ThreadSanitizer
 * sees what is handed over under a lock of pthreads, and nothing of GLib's.
 */
#ifndef DAEMON_WORKERS_H
#define DAEMON_WORKERS_H

#include "libecryptfs/ecryptfs.h"

typedef struct Workers Workers;

/**
 * workers_new:
 * @max: threads at most
 * @first: so many of them are started now; the others when an item finds
 *   none idle
 * @work: called for each item, on one of the threads
 * @data: passed to @work
 * @error: (nullable): return location
 *
 * The threads take no signals. They inherit the session keyring of the
 * caller, later ones that of who pushed.
 *
 * Errors: %ECRYPTFS_ERROR_IO when not one of @first can be started
 */
Workers *workers_new(unsigned int max, unsigned int first,
		     void (*work)(void *item, void *data), void *data,
		     GError **error);

/**
 * workers_push:
 * @workers: threads
 * @item: (not nullable): oldest first; a thread takes it
 *
 * When no thread can be had at all, the item waits for ever: the first ones
 * should be started by workers_new() where that matters.
 */
void workers_push(Workers *workers, void *item);

/* Whether nothing is worked on any more, or was within @patience_usec. */
bool workers_wait(Workers *workers, int64_t patience_usec);

/* (nullable): waits until all items are worked off. */
void workers_free(Workers *workers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Workers, workers_free)

#endif
