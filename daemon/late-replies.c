/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short list, oldest first, in locked memory, behind one lock. */
#include "daemon/late-replies.h"

#include <pthread.h>
#include <string.h>

struct late_reply {
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1];
	EcryptfsSecret *request;
	EcryptfsSecret *reply;
	int64_t since;
};

struct LateReplies {
	pthread_mutex_t lock;
	GHashTable *generations; /* sig to how often it was locked */
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
	late->generations = g_hash_table_new_full(g_str_hash, g_str_equal,
						  g_free, NULL);
	g_queue_init(&late->replies);
	return late;
}

void late_replies_free(LateReplies *late)
{
	if (!late)
		return;
	drop_older(late, INT64_MAX);
	g_hash_table_unref(late->generations);
	pthread_mutex_destroy(&late->lock);
	g_free(late);
}

static unsigned int generation_unlocked(const LateReplies *late,
					const char *sig)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(late->generations, sig));
}

unsigned int late_replies_generation(LateReplies *late, const char *sig)
{
	unsigned int generation;

	pthread_mutex_lock(&late->lock);
	generation = generation_unlocked(late, sig);
	pthread_mutex_unlock(&late->lock);
	return generation;
}

void late_replies_put(LateReplies *late, const char *sig,
		      unsigned int generation, const EcryptfsSecret *request,
		      const EcryptfsSecret *reply, int64_t now)
{
	struct late_reply *entry;

	pthread_mutex_lock(&late->lock);
	if (generation == generation_unlocked(late, sig)) {
		entry = g_new(struct late_reply, 1);
		g_strlcpy(entry->sig, sig, sizeof(entry->sig));
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

void late_replies_drop(LateReplies *late, const char *sig)
{
	unsigned int generation;
	GList *link, *next;

	pthread_mutex_lock(&late->lock);
	generation = generation_unlocked(late, sig) + 1;
	g_hash_table_replace(late->generations, g_strdup(sig),
			     GUINT_TO_POINTER(generation));
	for (link = late->replies.head; link; link = next) {
		struct late_reply *entry = link->data;

		next = link->next;
		if (strcmp(entry->sig, sig) != 0)
			continue;
		free_reply(entry);
		g_queue_delete_link(&late->replies, link);
	}
	pthread_mutex_unlock(&late->lock);
}
