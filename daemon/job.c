/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request and what is known of it without any key. */
#include "daemon/job.h"

#include <string.h>

Job *job_new(struct transport *transport, const struct transport_id *id,
	     const uint8_t *packet, size_t packet_len, int64_t arrived)
{
	Job *job = g_new0(Job, 1);
	struct ecryptfs_request request;

	atomic_init(&job->refs, 1);
	job->transport = transport;
	job->id = *id;
	job->packet = ecryptfs_secret_new_from(packet, packet_len);
	job->arrived = arrived;
	job->can_be_answered = ecryptfs_packet_reply_tag(packet, packet_len,
							 &job->reply_tag);
	if (ecryptfs_packet_parse_request(packet, packet_len, &request, NULL)) {
		job->tag = request.tag;
		memcpy(job->sig, request.sig, sizeof(job->sig));
	}
	return job;
}

Job *job_ref(Job *job)
{
	atomic_fetch_add(&job->refs, 1);
	return job;
}

void job_unref(Job *job)
{
	if (!job || atomic_fetch_sub(&job->refs, 1) > 1)
		return;
	ecryptfs_secret_free(job->packet);
	g_free(job);
}

enum transport_sent job_refuse(Job *job, const GError *why)
{
	g_autoptr(EcryptfsSecret) reply =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);

	ecryptfs_packet_write_failure(job->reply_tag, reply);
	return job->transport->reply(job->transport, &job->id, reply, why);
}

const char *job_word(const Job *job)
{
	if (job->sig[0] == '\0')
		return "a malformed request";
	return job->tag == ECRYPTFS_TAG_64 ? "an unwrap" : "a wrap";
}
