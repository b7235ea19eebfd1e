/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is under way is in one list; whoever waits holds a reference to it. */
#include "daemon/key-tasks.h"

#include <pthread.h>
#include <time.h>

#include "daemon/workers.h"

/* One for each key that hangs; the others still get their turn. */
#define MAX_THREADS 32

struct call {
	unsigned int refs; /* under the lock */
	enum key_task_kind kind;
	EcryptfsKey *key; /* held by the thread alone */
	bool done;
	struct ecryptfs_pki_key_state state;
};

struct KeyTasks {
	pthread_mutex_t lock;
	pthread_cond_t ended;
	Workers *threads;
	GList *under_way; /* struct call */
};

static void unref_unlocked(struct call *call)
{
	if (--call->refs == 0)
		g_free(call);
}

static void run_call(void *token, void *data)
{
	KeyTasks *tasks = data;
	struct ecryptfs_pki_key_state state = { 0 };
	struct call *call = token;
	g_autoptr(EcryptfsKey) key = call->key;

	switch (call->kind) {
	case KEY_TASK_KIND_STATE:
		ecryptfs_key_state(key, &state);
		break;
	case KEY_TASK_KIND_LOCK:
		ecryptfs_key_lock(key);
		break;
	case KEY_TASK_KIND_DROP:
		ecryptfs_key_drop_secret(key);
		break;
	}
	pthread_mutex_lock(&tasks->lock);
	call->state = state;
	call->done = true;
	tasks->under_way = g_list_remove(tasks->under_way, call);
	unref_unlocked(call);
	pthread_cond_broadcast(&tasks->ended);
	pthread_mutex_unlock(&tasks->lock);
}

KeyTasks *key_tasks_new(void)
{
	KeyTasks *tasks = g_new0(KeyTasks, 1);
	pthread_condattr_t attr;

	pthread_mutex_init(&tasks->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&tasks->ended, &attr);
	pthread_condattr_destroy(&attr);
	tasks->threads = workers_new(MAX_THREADS, 0, run_call, tasks, NULL);
	return tasks;
}

void key_tasks_free(KeyTasks *tasks)
{
	if (!tasks)
		return;
	workers_free(tasks->threads);
	pthread_cond_destroy(&tasks->ended);
	pthread_mutex_destroy(&tasks->lock);
	g_free(tasks);
}

bool key_tasks_busy(KeyTasks *tasks)
{
	bool busy;

	pthread_mutex_lock(&tasks->lock);
	busy = tasks->under_way != NULL;
	pthread_mutex_unlock(&tasks->lock);
	return busy;
}

static struct call *find_unlocked(KeyTasks *tasks, enum key_task_kind kind,
				  const EcryptfsKey *key)
{
	for (GList *link = tasks->under_way; link; link = link->next) {
		struct call *call = link->data;

		if (call->kind == kind && call->key == key)
			return call;
	}
	return NULL;
}

/* Referenced for the caller. */
static struct call *begin_unlocked(KeyTasks *tasks, enum key_task_kind kind,
				   EcryptfsKey *key)
{
	struct call *call = find_unlocked(tasks, kind, key);

	if (call) {
		call->refs++;
		return call;
	}
	call = g_new0(struct call, 1);
	call->refs = 2;
	call->kind = kind;
	call->key = ecryptfs_key_ref(key);
	tasks->under_way = g_list_prepend(tasks->under_way, call);
	workers_push(tasks->threads, call);
	return call;
}

void key_tasks_run(KeyTasks *tasks, enum key_task_kind kind,
		   struct key_task *list, size_t n, int64_t limit_usec)
{
	g_autofree struct call **calls = g_new(struct call *, n + 1);
	int64_t end = g_get_monotonic_time() + limit_usec;
	struct timespec limit = { .tv_sec = end / G_USEC_PER_SEC,
				  .tv_nsec = end % G_USEC_PER_SEC * 1000 };
	int timeout = 0;

	pthread_mutex_lock(&tasks->lock);
	for (size_t i = 0; i < n; i++)
		calls[i] = begin_unlocked(tasks, kind, list[i].key);
	for (size_t i = 0; i < n; i++) {
		while (!calls[i]->done && timeout == 0)
			timeout = pthread_cond_timedwait(&tasks->ended,
							 &tasks->lock, &limit);
		list[i].done = calls[i]->done;
		list[i].state = calls[i]->state;
		unref_unlocked(calls[i]);
	}
	pthread_mutex_unlock(&tasks->lock);
}
