/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short list, oldest first, in locked memory, behind one lock. */
#include "daemon/late-replies.h"

#include <pthread.h>

struct late_reply {
	EcryptfsSecret *request;
	EcryptfsSecret *reply;
	int64_t since;
};

struct LateReplies {
	pthread_mutex_t lock;
	unsigned int generation;
	GQueue replies; /* struct late_reply */
};

static void free_reply(struct late_reply *entry)
{
	ecryptfs_secret_free(entry->request);
	ecryptfs_secret_free(entry->reply);
	g_free(entry);
}

static void drop_older(LateReplies *late, int64_t limit)
{
	struct late_reply *entry;

	while ((entry = g_queue_peek_head(&late->replies)) &&
	       entry->since <= limit)
		free_reply(g_queue_pop_head(&late->replies));
}

static EcryptfsSecret *dup_secret(const EcryptfsSecret *secret)
{
	return ecryptfs_secret_new_from(ecryptfs_secret_data(secret),
					ecryptfs_secret_len(secret));
}

LateReplies *late_replies_new(void)
{
	LateReplies *late = g_new0(LateReplies, 1);

	pthread_mutex_init(&late->lock, NULL);
	g_queue_init(&late->replies);
	return late;
}

void late_replies_free(LateReplies *late)
{
	if (!late)
		return;
	drop_older(late, INT64_MAX);
	pthread_mutex_destroy(&late->lock);
	g_free(late);
}

unsigned int late_replies_generation(LateReplies *late)
{
	unsigned int generation;

	pthread_mutex_lock(&late->lock);
	generation = late->generation;
	pthread_mutex_unlock(&late->lock);
	return generation;
}

void late_replies_put(LateReplies *late, unsigned int generation,
		      const EcryptfsSecret *request,
		      const EcryptfsSecret *reply, int64_t now)
{
	struct late_reply *entry;

	pthread_mutex_lock(&late->lock);
	if (generation == late->generation) {
		entry = g_new(struct late_reply, 1);
		entry->request = dup_secret(request);
		entry->reply = dup_secret(reply);
		entry->since = now;
		g_queue_push_tail(&late->replies, entry);
		if (g_queue_get_length(&late->replies) > LATE_REPLIES_MAX)
			free_reply(g_queue_pop_head(&late->replies));
	}
	pthread_mutex_unlock(&late->lock);
}

EcryptfsSecret *late_replies_take(LateReplies *late,
				  const EcryptfsSecret *request, int64_t now)
{
	EcryptfsSecret *reply = NULL;
	GList *link;

	pthread_mutex_lock(&late->lock);
	drop_older(late, now - LATE_REPLIES_USEC);
	for (link = late->replies.head; link; link = link->next) {
		struct late_reply *entry = link->data;

		if (!ecryptfs_secret_equal(entry->request, request))
			continue;
		reply = g_steal_pointer(&entry->reply);
		free_reply(entry);
		g_queue_delete_link(&late->replies, link);
		break;
	}
	pthread_mutex_unlock(&late->lock);
	return reply;
}

size_t late_replies_expire(LateReplies *late, int64_t now)
{
	size_t left;

	pthread_mutex_lock(&late->lock);
	drop_older(late, now - LATE_REPLIES_USEC);
	left = g_queue_get_length(&late->replies);
	pthread_mutex_unlock(&late->lock);
	return left;
}

void late_replies_drop(LateReplies *late)
{
	pthread_mutex_lock(&late->lock);
	late->generation++;
	drop_older(late, INT64_MAX);
	pthread_mutex_unlock(&late->lock);
}
