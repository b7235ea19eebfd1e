/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request inside the daemon, from its arrival until its one answer.
 */
#ifndef DAEMON_JOB_H
#define DAEMON_JOB_H

#include <stdatomic.h>

#include "daemon/transport.h"
#include "libecryptfs/packet.h"

/**
 * Job:
 * @refs: how many hold it
 * @transport: who gets the answer
 * @id: names the request there
 * @packet: the request; holds a FEK when it is tag 66
 * @arrived: g_get_monotonic_time()
 * @wait_usec: how long its opener waits, from then on
 * @started: the same, when a thread took it up; 0 before
 * @sig: its key signature, "" when malformed
 * @tag: its tag when @sig is not ""
 * @reply_tag: tag of its answer
 * @can_be_answered: whether it has a request tag at all
 * @claimed: somebody answers it; under the lock of dispatch
 *
 * All but @started and @claimed never change once it is queued.
 */
typedef struct Job {
	atomic_uint refs;
	struct transport *transport;
	struct transport_id id;
	EcryptfsSecret *packet;
	int64_t arrived;
	int64_t wait_usec;
	int64_t started;
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1];
	enum ecryptfs_tag tag;
	enum ecryptfs_tag reply_tag;
	bool can_be_answered;
	bool claimed;
} Job;

/* (transfer full) (not nullable): @packet is hostile and copied. */
Job *job_new(struct transport *transport, const struct transport_id *id,
	     const uint8_t *packet, size_t packet_len, int64_t arrived);
Job *job_ref(Job *job);
void job_unref(Job *job);

/* Sends the failure reply of its tag. */
enum transport_sent job_refuse(Job *job, const GError *why);

/* For log lines: "a wrap", "an unwrap", "a malformed request". */
const char *job_word(const Job *job);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Job, job_unref)

#endif
