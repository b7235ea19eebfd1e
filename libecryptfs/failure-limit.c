/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A token bucket per signature, kept as one number: the time at which all its
 * failures will have been forgiven.
 */
#include "libecryptfs/failure-limit.h"

static GMutex lock;
static GHashTable *forgiven_at; /* sig -> int64_t */

bool ecryptfs_failure_limit_allows(const char *sig, int64_t now_usec)
{
	const int64_t *at;
	bool allowed;

	g_mutex_lock(&lock);
	at = forgiven_at ? g_hash_table_lookup(forgiven_at, sig) : NULL;
	allowed = !at || *at - now_usec <=
				 (ECRYPTFS_FAILURE_LIMIT_BURST - 1) *
					 ECRYPTFS_FAILURE_LIMIT_PAUSE_USEC;
	g_mutex_unlock(&lock);
	return allowed;
}

void ecryptfs_failure_limit_note(const char *sig, int64_t now_usec)
{
	int64_t *at;

	g_mutex_lock(&lock);
	if (!forgiven_at)
		forgiven_at = g_hash_table_new_full(g_str_hash, g_str_equal,
						    g_free, g_free);
	at = g_hash_table_lookup(forgiven_at, sig);
	if (!at) {
		at = g_new0(int64_t, 1);
		g_hash_table_insert(forgiven_at, g_strdup(sig), at);
	}
	*at = MAX(*at, now_usec) + ECRYPTFS_FAILURE_LIMIT_PAUSE_USEC;
	g_mutex_unlock(&lock);
}
