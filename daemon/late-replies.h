/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unwrapped FEKs that came too late: the opener has given up, but will most
 * likely try again, and then need not wait for a slow device a second time.
 * Each is kept for one retry of the very same request, for a few seconds.
 *
 * None outlives `lock`, nor does one that is still being worked on: that is
 * what the generation of a key signature tells.
 */
#ifndef DAEMON_LATE_REPLIES_H
#define DAEMON_LATE_REPLIES_H

#include "libecryptfs/packet.h"

#define LATE_REPLIES_USEC (10 * G_USEC_PER_SEC)

/* As many as a stock kernel has slots; then the oldest goes. */
#define LATE_REPLIES_MAX 32

typedef struct LateReplies LateReplies;

LateReplies *late_replies_new(void);
void late_replies_free(LateReplies *late);

/**
 * late_replies_generation:
 * @late: replies
 * @sig: key signature
 *
 * To be taken before the work begins: it is another one as soon as
 * late_replies_drop() came for @sig, and then the work's reply must go to
 * nobody.
 *
 * Thread: any.
 */
unsigned int late_replies_generation(LateReplies *late, const char *sig);

/**
 * late_replies_put:
 * @late: replies
 * @sig: key signature of @request
 * @generation: from late_replies_generation(); @reply is not kept when it is
 *   no longer that of @sig
 * @request: the whole tag 64 packet
 * @reply: the whole tag 65 packet; copied
 * @now: g_get_monotonic_time()
 *
 * Thread: any.
 */
void late_replies_put(LateReplies *late, const char *sig,
		      unsigned int generation, const EcryptfsSecret *request,
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

/* Forgets those of @sig, also what is still being worked on: `lock`. */
void late_replies_drop(LateReplies *late, const char *sig);

#endif
