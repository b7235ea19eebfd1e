/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often a key that reads PKCS#1 v1.5 may fail: each failure tells whoever
 * made the ciphertext something about the key (Bleichenbacher's oracle).
 */
#ifndef ECRYPTFS_FAILURE_LIMIT_H
#define ECRYPTFS_FAILURE_LIMIT_H

#include "libecryptfs/ecryptfs.h"

/* That many failures at once, then one more per pause. */
#define ECRYPTFS_FAILURE_LIMIT_BURST 20
#define ECRYPTFS_FAILURE_LIMIT_PAUSE_USEC (INT64_C(3) * G_USEC_PER_SEC)

/**
 * EcryptfsFailureLimit:
 *
 * The failures of one signature. Each #EcryptfsKey has one; keys of the same
 * signature in one #EcryptfsKeyStore share it.
 */
typedef struct EcryptfsFailureLimit EcryptfsFailureLimit;

/* (transfer full): nothing has failed yet. */
EcryptfsFailureLimit *ecryptfs_failure_limit_new(void);
EcryptfsFailureLimit *ecryptfs_failure_limit_ref(EcryptfsFailureLimit *limit);
void ecryptfs_failure_limit_unref(EcryptfsFailureLimit *limit);

/**
 * ecryptfs_failure_limit_allows:
 * @limit: of the key
 * @now_usec: monotonic time
 *
 * Asked before a ciphertext is touched.
 *
 * Thread: any. Those that ask before another's failure is noted may go over
 * the limit, at most by the number of threads.
 */
bool ecryptfs_failure_limit_allows(EcryptfsFailureLimit *limit,
				   int64_t now_usec);

/* Counts one failure. Thread: any. */
void ecryptfs_failure_limit_note(EcryptfsFailureLimit *limit,
				 int64_t now_usec);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsFailureLimit,
			      ecryptfs_failure_limit_unref)

#endif
