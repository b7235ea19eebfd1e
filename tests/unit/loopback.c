/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transport whose peer is the test itself. */
#include "tests/unit/loopback.h"

#include <pthread.h>
#include <time.h>

#define PATIENCE_SECONDS 10

struct Loopback {
	struct transport transport;
	pthread_mutex_t lock;
	pthread_cond_t came;
	enum transport_sent sent;
	GQueue answers;
	unsigned int count;
};

static enum transport_sent take_reply(struct transport *transport,
				      const struct transport_id *id,
				      const EcryptfsSecret *packet,
				      const GError *why)
{
	Loopback *loopback = (Loopback *)transport;
	struct loopback_answer *answer = g_new0(struct loopback_answer, 1);
	enum transport_sent sent;

	answer->id = *id;
	answer->packet = ecryptfs_secret_new_from(
		ecryptfs_secret_data(packet), ecryptfs_secret_len(packet));
	answer->why = why ? g_error_copy(why) : NULL;
	pthread_mutex_lock(&loopback->lock);
	sent = loopback->sent;
	loopback->count++;
	if (sent == TRANSPORT_SENT_OK)
		g_queue_push_tail(&loopback->answers, answer);
	else
		loopback_answer_free(answer);
	pthread_cond_signal(&loopback->came);
	pthread_mutex_unlock(&loopback->lock);
	return sent;
}

Loopback *loopback_new(void)
{
	Loopback *loopback = g_new0(Loopback, 1);

	loopback->transport.name = "loopback";
	loopback->transport.reply = take_reply;
	pthread_mutex_init(&loopback->lock, NULL);
	pthread_cond_init(&loopback->came, NULL);
	g_queue_init(&loopback->answers);
	return loopback;
}

void loopback_free(Loopback *loopback)
{
	struct loopback_answer *answer;

	while ((answer = g_queue_pop_head(&loopback->answers)))
		loopback_answer_free(answer);
	pthread_cond_destroy(&loopback->came);
	pthread_mutex_destroy(&loopback->lock);
	g_free(loopback);
}

struct transport *loopback_transport(Loopback *loopback)
{
	return &loopback->transport;
}

void loopback_set_sent(Loopback *loopback, enum transport_sent sent)
{
	pthread_mutex_lock(&loopback->lock);
	loopback->sent = sent;
	pthread_mutex_unlock(&loopback->lock);
}

unsigned int loopback_count(Loopback *loopback)
{
	unsigned int count;

	pthread_mutex_lock(&loopback->lock);
	count = loopback->count;
	pthread_mutex_unlock(&loopback->lock);
	return count;
}

struct loopback_answer *loopback_wait(Loopback *loopback)
{
	struct loopback_answer *answer;
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE_SECONDS;
	pthread_mutex_lock(&loopback->lock);
	while (!(answer = g_queue_pop_head(&loopback->answers)))
		if (pthread_cond_timedwait(&loopback->came, &loopback->lock,
					   &limit) != 0)
			g_error("no answer within %d s", PATIENCE_SECONDS);
	pthread_mutex_unlock(&loopback->lock);
	return answer;
}

void loopback_answer_free(struct loopback_answer *answer)
{
	ecryptfs_secret_free(answer->packet);
	g_clear_error(&answer->why);
	g_free(answer);
}
