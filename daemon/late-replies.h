/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwrapped FEKs that came too late: the opener has given up, but will most
 * likely try again, and then need not wait for a slow device a second time.
 * Each is kept for one retry of the very same request, for a few seconds.
 */
#ifndef DAEMON_LATE_REPLIES_H
#define DAEMON_LATE_REPLIES_H

#include "libecryptfs/ecryptfs.h"

#define LATE_REPLIES_USEC (10 * G_USEC_PER_SEC)

/* As many as a stock kernel has slots; then the oldest goes. */
#define LATE_REPLIES_MAX 32

typedef struct LateReplies LateReplies;

LateReplies *late_replies_new(void);
void late_replies_free(LateReplies *late);

/**
 * late_replies_generation:
 *
 * To be taken before the work begins: a reply whose work began before
 * late_replies_drop() is not kept.
 */
unsigned int late_replies_generation(LateReplies *late);

/**
 * late_replies_put:
 * @late: replies
 * @generation: from late_replies_generation()
 * @request: the whole tag 64 packet
 * @reply: the whole tag 65 packet; copied
 * @now: g_get_monotonic_time()
 *
 * Thread: any.
 */
void late_replies_put(LateReplies *late, unsigned int generation,
		      const EcryptfsSecret *request,
		      const EcryptfsSecret *reply, int64_t now);

/**
 * late_replies_take:
 *
 * Returns: (transfer full) (nullable): the reply to that very request, which
 *   is then forgotten
 */
EcryptfsSecret *late_replies_take(LateReplies *late,
				  const EcryptfsSecret *request, int64_t now);

/* Forgets what is too old; how many are left. */
size_t late_replies_expire(LateReplies *late, int64_t now);

/* Forgets all, also what is still being worked on: `lock`. */
void late_replies_drop(LateReplies *late);

#endif
