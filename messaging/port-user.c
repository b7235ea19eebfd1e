/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's port to user space: memory, clock, sleep, table of indices.
 */
#include "messaging/port-user.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define TABLE_FIRST_SLOTS 64

/* ---- memory */

void *port_zalloc(struct port *port, size_t size)
{
	void *data;

	if (atomic_load(&port->fail_at) > 0 &&
	    atomic_fetch_sub(&port->fail_at, 1) == 1)
		return NULL;
	data = calloc(1, size);
	if (data)
		atomic_fetch_add(&port->allocations, 1);
	return data;
}

void port_free(struct port *port, void *data, size_t size)
{
	if (!data)
		return;
	explicit_bzero(data, size);
	free(data);
	atomic_fetch_sub(&port->allocations, 1);
}

/* ---- time */

u64 port_now_ms(struct port *port)
{
	struct timespec now;

	if (port->now_ms)
		return port->now_ms(port);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000 + (u64)now.tv_nsec / 1000000;
}

u32 port_random_u32(void)
{
	u32 value = 0;

	/* Only to tell deliveries apart, so that 0 would do as well. */
	if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
		value = 0;
	return value;
}

/* ---- sleep */

void port_completion_init(struct port_completion *completion)
{
	pthread_condattr_t attr;

	completion->done = false;
	completion->killed = false;
	pthread_mutex_init(&completion->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&completion->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void port_completion_destroy(struct port_completion *completion)
{
	pthread_cond_destroy(&completion->changed);
	pthread_mutex_destroy(&completion->lock);
}

static void set(struct port_completion *completion, bool *what)
{
	pthread_mutex_lock(&completion->lock);
	*what = true;
	pthread_cond_broadcast(&completion->changed);
	pthread_mutex_unlock(&completion->lock);
}

void port_complete(struct port_completion *completion)
{
	set(completion, &completion->done);
}

void port_completion_kill(struct port_completion *completion)
{
	set(completion, &completion->killed);
}

static struct timespec in_ms(u64 ms)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)(ms / 1000);
	end.tv_nsec += (long)(ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_nsec -= 1000000000;
		end.tv_sec++;
	}
	return end;
}

int port_wait(struct port *port, struct port_completion *completion, u64 ms)
{
	struct timespec end = in_ms(ms);
	int err = 0;

	if (port->wait)
		return port->wait(port, completion, ms);
	pthread_mutex_lock(&completion->lock);
	while (!completion->done && !completion->killed && err == 0)
		err = pthread_cond_timedwait(&completion->changed,
					     &completion->lock, &end);
	if (completion->done)
		err = 0;
	else
		err = completion->killed ? -EINTR : -ETIMEDOUT;
	pthread_mutex_unlock(&completion->lock);
	return err;
}

/* ---- indices: the next free slot after the last one that was given */

void port_table_init(struct port_table *table, struct port *port)
{
	*table = (struct port_table){ .port = port };
}

void port_table_destroy(struct port_table *table)
{
	port_free(table->port, table->slots,
		  table->n_slots * sizeof(*table->slots));
	table->slots = NULL;
	table->n_slots = 0;
}

static int grow(struct port_table *table)
{
	size_t n_slots = table->n_slots ? table->n_slots * 2 :
					  TABLE_FIRST_SLOTS;
	void **slots = port_zalloc(table->port, n_slots * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	if (table->n_slots)
		memcpy(slots, table->slots, table->n_slots * sizeof(*slots));
	table->next = (u32)table->n_slots;
	port_free(table->port, table->slots,
		  table->n_slots * sizeof(*table->slots));
	table->slots = slots;
	table->n_slots = n_slots;
	return 0;
}

int port_table_add(struct port_table *table, u32 *index, void *item)
{
	/* Half empty: a free slot is near, none is soon used again. */
	if (table->n_used * 2 >= table->n_slots && grow(table) != 0)
		return -ENOMEM;
	while (table->slots[table->next])
		table->next = (table->next + 1) % (u32)table->n_slots;
	*index = table->next;
	table->slots[table->next] = item;
	table->next = (table->next + 1) % (u32)table->n_slots;
	table->n_used++;
	return 0;
}

void *port_table_find(const struct port_table *table, u32 index)
{
	return index < table->n_slots ? table->slots[index] : NULL;
}

void port_table_remove(struct port_table *table, u32 index)
{
	if (!port_table_find(table, index))
		return;
	table->slots[index] = NULL;
	table->n_used--;
}
