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
 * ecryptfs_failure_limit_allows:
 * @sig: signature of the key
 * @now_usec: monotonic time
 *
 * Asked before a ciphertext is touched. The count belongs to the signature,
 * not to a handle, so reading a registration again does not start it anew.
 *
 * Thread: any. Those that ask before another's failure is noted may go over
 * the limit, at most by the number of threads.
 */
bool ecryptfs_failure_limit_allows(const char *sig, int64_t now_usec);

/* Counts one failure of @sig. */
void ecryptfs_failure_limit_note(const char *sig, int64_t now_usec);

#endif
