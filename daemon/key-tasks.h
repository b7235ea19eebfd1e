/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short questions and orders to several keys at once, each on a thread of
 * its own, with a limit to the waiting: a module that hangs keeps neither
 * `status` nor the locking of the other keys.
 */
#ifndef DAEMON_KEY_TASKS_H
#define DAEMON_KEY_TASKS_H

#include "libecryptfs/key.h"

/**
 * key_task_kind:
 * @KEY_TASK_KIND_STATE: ecryptfs_key_state()
 * @KEY_TASK_KIND_LOCK: ecryptfs_key_lock()
 * @KEY_TASK_KIND_DROP: ecryptfs_key_drop_secret()
 */
enum key_task_kind {
	KEY_TASK_KIND_STATE,
	KEY_TASK_KIND_LOCK,
	KEY_TASK_KIND_DROP,
};

/**
 * key_task:
 * @key: (transfer none): the key
 * @done: (out): it ended within the limit
 * @state: (out): for %KEY_TASK_KIND_STATE, when @done
 */
struct key_task {
	EcryptfsKey *key;
	bool done;
	struct ecryptfs_pki_key_state state;
};

typedef struct KeyTasks KeyTasks;

KeyTasks *key_tasks_new(void);

/* (nullable): waits for the threads. */
void key_tasks_free(KeyTasks *tasks);

/* Whether some task has not ended: key_tasks_free() would wait for it. */
bool key_tasks_busy(KeyTasks *tasks);

/**
 * key_tasks_run:
 * @tasks: the threads
 * @kind: what to do
 * @list: (array length=n): to which keys
 * @n: how many
 * @limit_usec: how long to wait for all of them together; 0 not at all
 *
 * A task that takes longer goes on by itself; as long as it does, the same
 * is not begun a second time for that key.
 *
 * Thread: any.
 */
void key_tasks_run(KeyTasks *tasks, enum key_task_kind kind,
		   struct key_task *list, size_t n, int64_t limit_usec);

#endif
