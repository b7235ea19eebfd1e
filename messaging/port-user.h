/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's port to user space: POSIX threads and a little of what a kernel
 * has. Time, sleep and the failure of memory can be taken over, for tests and
 * for a host with a clock of its own.
 */
#ifndef MESSAGING_PORT_USER_H
#define MESSAGING_PORT_USER_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "messaging/port-user-list.h"

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#define U64_MAX UINT64_MAX

/* ---- counts */

typedef atomic_uint refcount_t;

static inline void refcount_set(refcount_t *count, unsigned int n)
{
	atomic_store(count, n);
}

static inline void refcount_inc(refcount_t *count)
{
	atomic_fetch_add(count, 1);
}

static inline bool refcount_dec_and_test(refcount_t *count)
{
	return atomic_fetch_sub(count, 1) == 1;
}

/* ---- memory and time */

struct port_completion;

/**
 * port:
 * @allocations: how many are not yet freed
 * @fail_at: the allocation, counted from 1, that fails; 0: none
 * @now_ms: (nullable): the clock; %NULL: CLOCK_MONOTONIC
 * @wait: (nullable): what port_wait() does instead of sleeping
 *
 * All zero is the usual one.
 */
struct port {
	atomic_long allocations;
	atomic_long fail_at;
	u64 (*now_ms)(struct port *port);
	int (*wait)(struct port *port, struct port_completion *completion,
		    u64 ms);
};

void *port_zalloc(struct port *port, size_t size);
void port_free(struct port *port, void *data, size_t size);
u64 port_now_ms(struct port *port);
u32 port_random_u32(void);

/* Who runs the engine here has its own words for what went wrong. */
#define port_log(...)                              \
	do {                                       \
		if (0)                             \
			printf(__VA_ARGS__);       \
	} while (0)

/* ---- sleep */

struct port_mutex {
	pthread_mutex_t mutex;
};

static inline void port_mutex_init(struct port_mutex *mutex)
{
	pthread_mutex_init(&mutex->mutex, NULL);
}

static inline void port_mutex_destroy(struct port_mutex *mutex)
{
	pthread_mutex_destroy(&mutex->mutex);
}

static inline void port_mutex_lock(struct port_mutex *mutex)
{
	pthread_mutex_lock(&mutex->mutex);
}

static inline void port_mutex_unlock(struct port_mutex *mutex)
{
	pthread_mutex_unlock(&mutex->mutex);
}

/**
 * port_completion:
 * @lock: guards the rest
 * @changed: one of them was set
 * @done: by port_complete()
 * @killed: by port_completion_kill()
 */
struct port_completion {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	bool killed;
};

void port_completion_init(struct port_completion *completion);
void port_completion_destroy(struct port_completion *completion);
void port_complete(struct port_completion *completion);
int port_wait(struct port *port, struct port_completion *completion, u64 ms);

/* What a deadly signal is in the kernel: each port_wait() ends. */
void port_completion_kill(struct port_completion *completion);

/* ---- indices */

struct port_table {
	void **slots;
	size_t n_slots;
	size_t n_used;
	u32 next;
	struct port *port;
};

void port_table_init(struct port_table *table, struct port *port);
void port_table_destroy(struct port_table *table);
int port_table_add(struct port_table *table, u32 *index, void *item);
void *port_table_find(const struct port_table *table, u32 index);
void port_table_remove(struct port_table *table, u32 index);

/* ---- users */

struct port_owner {
	u32 uid;
};

static inline bool port_owner_equal(const struct port_owner *a,
				    const struct port_owner *b)
{
	return a->uid == b->uid;
}

static inline u32 port_owner_hash(const struct port_owner *owner)
{
	return owner->uid * 2654435761U >> 16;
}

static inline u32 port_owner_number(const struct port_owner *owner)
{
	return owner->uid;
}

static inline void port_owner_get(const struct port_owner *owner)
{
	(void)owner;
}

static inline void port_owner_put(const struct port_owner *owner)
{
	(void)owner;
}

#endif
