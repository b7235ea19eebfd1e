/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What status shows: totals of the daemon, and counts and latency of each
 * registered key signature. Numbers only, and the text of the last error.
 */
#ifndef DAEMON_STATS_H
#define DAEMON_STATS_H

#include "libecryptfs/ecryptfs.h"

typedef struct Stats Stats;

/**
 * stats_result:
 * @STATS_RESULT_ANSWERED: a FEK or a wrapped FEK was delivered
 * @STATS_RESULT_REFUSED: a failure reply was delivered
 * @STATS_RESULT_DROPPED: no answer possible, or it waited too long in the
 *   queue
 * @STATS_RESULT_LATE: answered, but nobody waited any more
 */
enum stats_result {
	STATS_RESULT_ANSWERED,
	STATS_RESULT_REFUSED,
	STATS_RESULT_DROPPED,
	STATS_RESULT_LATE,
};

#define STATS_RESULTS 4

/**
 * stats_event:
 * @sig: key signature, "" when the packet named none
 * @tag: of the request; counts only when @sig does
 * @result: how it ended
 * @usec: from its arrival to its answer
 * @now: seconds of a clock that also counts suspend
 * @why: (nullable): text of the error
 */
struct stats_event {
	const char *sig;
	enum ecryptfs_tag tag;
	enum stats_result result;
	int64_t usec;
	int64_t now;
	const char *why;
};

/* @results is indexed by enum stats_result. */
struct stats_totals {
	uint64_t requests;
	uint64_t results[STATS_RESULTS];
};

/**
 * stats_key:
 * @wraps: wrapped FEKs made
 * @unwraps: FEKs unwrapped
 * @failures: refused or dropped
 * @usec_max: the slowest answer
 * @usec_mean: of all answers
 * @last_unwrap: seconds of the same clock as in #stats_event, 0 for never
 * @last_error: (nullable): owned by the receiver
 */
struct stats_key {
	uint64_t wraps;
	uint64_t unwraps;
	uint64_t failures;
	int64_t usec_max;
	int64_t usec_mean;
	int64_t last_unwrap;
	char *last_error;
};

Stats *stats_new(void);
void stats_free(Stats *stats);

/* From now on @sig is counted by itself: a hostile peer cannot add any. */
void stats_add_key(Stats *stats, const char *sig);

/* A request came. Any thread. */
void stats_request(Stats *stats);

/* It ended. Any thread. */
void stats_record(Stats *stats, const struct stats_event *event);

void stats_get_totals(Stats *stats, struct stats_totals *totals);

/* @key is all zero when @sig is not counted. */
void stats_get_key(Stats *stats, const char *sig, struct stats_key *key);

#endif
