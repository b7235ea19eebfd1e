/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A token bucket, kept as one number: the time at which all failures will
 * have been forgiven.
 */
#include "libecryptfs/failure-limit.h"

struct EcryptfsFailureLimit {
	GMutex lock;
	int64_t forgiven_at; /* under the lock; 0: nothing to forgive */
};

EcryptfsFailureLimit *ecryptfs_failure_limit_new(void)
{
	EcryptfsFailureLimit *limit =
		g_atomic_rc_box_new0(EcryptfsFailureLimit);

	g_mutex_init(&limit->lock);
	return limit;
}

EcryptfsFailureLimit *ecryptfs_failure_limit_ref(EcryptfsFailureLimit *limit)
{
	return g_atomic_rc_box_acquire(limit);
}

static void clear(void *data)
{
	EcryptfsFailureLimit *limit = data;

	g_mutex_clear(&limit->lock);
}

void ecryptfs_failure_limit_unref(EcryptfsFailureLimit *limit)
{
	if (limit)
		g_atomic_rc_box_release_full(limit, clear);
}

bool ecryptfs_failure_limit_allows(EcryptfsFailureLimit *limit,
				   int64_t now_usec)
{
	int64_t left;

	g_mutex_lock(&limit->lock);
	left = limit->forgiven_at - now_usec;
	g_mutex_unlock(&limit->lock);
	return left <= (ECRYPTFS_FAILURE_LIMIT_BURST - 1) *
			       ECRYPTFS_FAILURE_LIMIT_PAUSE_USEC;
}

void ecryptfs_failure_limit_note(EcryptfsFailureLimit *limit,
				 int64_t now_usec)
{
	g_mutex_lock(&limit->lock);
	limit->forgiven_at = MAX(limit->forgiven_at, now_usec) +
			     ECRYPTFS_FAILURE_LIMIT_PAUSE_USEC;
	g_mutex_unlock(&limit->lock);
}
