/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue, a condition, and threads that stay until the end. */
#include "daemon/workers.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

struct Workers {
	void (*work)(void *item, void *data);
	void *data;
	unsigned int max;
	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t came;
	pthread_cond_t rests;
	GQueue items;
	unsigned int idle;
	bool ending;
	pthread_t *threads;
	unsigned int n_threads;
};

static void *next_item(Workers *workers)
{
	void *item;

	pthread_mutex_lock(&workers->lock);
	workers->idle++;
	pthread_cond_broadcast(&workers->rests);
	while (!(item = g_queue_pop_head(&workers->items)) && !workers->ending)
		pthread_cond_wait(&workers->came, &workers->lock);
	workers->idle--;
	pthread_mutex_unlock(&workers->lock);
	return item;
}

static void *run(void *data)
{
	Workers *workers = data;
	void *item;

	while ((item = next_item(workers)))
		workers->work(item, workers->data);
	return NULL;
}

/* Without signals: those belong to the main loop. */
static int start_thread_unlocked(Workers *workers)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&workers->threads[workers->n_threads], NULL, run,
			     workers);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err == 0)
		workers->n_threads++;
	return err;
}

Workers *workers_new(unsigned int max, unsigned int first,
		     void (*work)(void *item, void *data), void *data,
		     GError **error)
{
	g_autoptr(Workers) workers = g_new0(Workers, 1);
	pthread_condattr_t attr;
	int err = 0;

	workers->work = work;
	workers->data = data;
	workers->max = max;
	workers->threads = g_new0(pthread_t, max);
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->came, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&workers->rests, &attr);
	pthread_condattr_destroy(&attr);
	g_queue_init(&workers->items);
	pthread_mutex_lock(&workers->lock);
	while (err == 0 && workers->n_threads < first)
		err = start_thread_unlocked(workers);
	pthread_mutex_unlock(&workers->lock);
	if (first > 0 && workers->n_threads == 0) {
		ecryptfs_error_set_errno(error, err, "cannot start a thread");
		return NULL;
	}
	return g_steal_pointer(&workers);
}

void workers_push(Workers *workers, void *item)
{
	pthread_mutex_lock(&workers->lock);
	g_queue_push_tail(&workers->items, item);
	if (g_queue_get_length(&workers->items) > workers->idle &&
	    workers->n_threads < workers->max)
		start_thread_unlocked(workers);
	pthread_cond_signal(&workers->came);
	pthread_mutex_unlock(&workers->lock);
}

bool workers_wait(Workers *workers, int64_t patience_usec)
{
	int64_t end = g_get_monotonic_time() + patience_usec;
	struct timespec limit = { .tv_sec = end / G_USEC_PER_SEC,
				  .tv_nsec = end % G_USEC_PER_SEC * 1000 };
	bool rests;

	pthread_mutex_lock(&workers->lock);
	while (!(rests = workers->idle == workers->n_threads &&
			 g_queue_is_empty(&workers->items)) &&
	       pthread_cond_timedwait(&workers->rests, &workers->lock,
				      &limit) == 0)
		;
	pthread_mutex_unlock(&workers->lock);
	return rests;
}

void workers_free(Workers *workers)
{
	if (!workers)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->ending = true;
	pthread_cond_broadcast(&workers->came);
	pthread_mutex_unlock(&workers->lock);
	for (unsigned int i = 0; i < workers->n_threads; i++)
		pthread_join(workers->threads[i], NULL);
	pthread_cond_destroy(&workers->rests);
	pthread_cond_destroy(&workers->came);
	pthread_mutex_destroy(&workers->lock);
	g_free(workers->threads);
	g_free(workers);
}
