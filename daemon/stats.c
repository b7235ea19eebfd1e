/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters behind one lock, held for a few instructions. */
#include "daemon/stats.h"

#include <pthread.h>

struct key_row {
	struct stats_key counts;
	uint64_t answers;
	int64_t usec_sum;
};

struct Stats {
	pthread_mutex_t lock;
	struct stats_totals totals;
	GHashTable *keys; /* sig to struct key_row */
};

static void free_row(void *data)
{
	struct key_row *row = data;

	g_free(row->counts.last_error);
	g_free(row);
}

Stats *stats_new(void)
{
	Stats *stats = g_new0(Stats, 1);

	pthread_mutex_init(&stats->lock, NULL);
	stats->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    free_row);
	return stats;
}

void stats_free(Stats *stats)
{
	if (!stats)
		return;
	g_hash_table_unref(stats->keys);
	pthread_mutex_destroy(&stats->lock);
	g_free(stats);
}

void stats_add_key(Stats *stats, const char *sig)
{
	pthread_mutex_lock(&stats->lock);
	if (!g_hash_table_contains(stats->keys, sig))
		g_hash_table_insert(stats->keys, g_strdup(sig),
				    g_new0(struct key_row, 1));
	pthread_mutex_unlock(&stats->lock);
}

void stats_request(Stats *stats)
{
	pthread_mutex_lock(&stats->lock);
	stats->totals.requests++;
	pthread_mutex_unlock(&stats->lock);
}

static void record_answer(struct key_row *row, const struct stats_event *event)
{
	if (event->tag == ECRYPTFS_TAG_66) {
		row->counts.wraps++;
	} else {
		row->counts.unwraps++;
		row->counts.last_unwrap = event->now;
	}
	row->answers++;
	row->usec_sum += event->usec;
	row->counts.usec_max = MAX(row->counts.usec_max, event->usec);
}

static void record_failure(struct key_row *row,
			   const struct stats_event *event)
{
	row->counts.failures++;
	if (!event->why)
		return;
	g_free(row->counts.last_error);
	row->counts.last_error = g_strdup(event->why);
}

void stats_record(Stats *stats, const struct stats_event *event)
{
	struct key_row *row;

	pthread_mutex_lock(&stats->lock);
	stats->totals.results[event->result]++;
	row = g_hash_table_lookup(stats->keys, event->sig);
	if (row)
		switch (event->result) {
		case STATS_RESULT_ANSWERED:
		case STATS_RESULT_LATE:
			record_answer(row, event);
			break;
		case STATS_RESULT_REFUSED:
		case STATS_RESULT_DROPPED:
			record_failure(row, event);
			break;
		}
	pthread_mutex_unlock(&stats->lock);
}

void stats_get_totals(Stats *stats, struct stats_totals *totals)
{
	pthread_mutex_lock(&stats->lock);
	*totals = stats->totals;
	pthread_mutex_unlock(&stats->lock);
}

void stats_get_key(Stats *stats, const char *sig, struct stats_key *key)
{
	const struct key_row *row;

	*key = (struct stats_key){ 0 };
	pthread_mutex_lock(&stats->lock);
	row = g_hash_table_lookup(stats->keys, sig);
	if (row) {
		*key = row->counts;
		key->last_error = g_strdup(row->counts.last_error);
		if (row->answers > 0)
			key->usec_mean = row->usec_sum / (int64_t)row->answers;
	}
	pthread_mutex_unlock(&stats->lock);
}
