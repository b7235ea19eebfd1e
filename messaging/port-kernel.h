/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's port to the kernel. There is one engine, so it keeps nothing.
 */
#ifndef MESSAGING_PORT_KERNEL_H
#define MESSAGING_PORT_KERNEL_H

#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/xarray.h>

/* ---- memory, time, log */

struct port {
};

static inline void *port_zalloc(struct port *port, size_t size)
{
	return kzalloc(size, GFP_KERNEL);
}

static inline void port_free(struct port *port, void *data, size_t size)
{
	kfree_sensitive(data);
}

static inline u64 port_now_ms(struct port *port)
{
	return ktime_to_ms(ktime_get());
}

static inline u32 port_random_u32(void)
{
	return get_random_u32();
}

#define port_log(fmt, ...) \
	pr_warn_ratelimited("ecryptfs: " fmt, ##__VA_ARGS__)

/* ---- sleep */

struct port_mutex {
	struct mutex mutex;
};

/* A macro, so that lockdep knows each by where it was made. */
#define port_mutex_init(m) mutex_init(&(m)->mutex)

static inline void port_mutex_destroy(struct port_mutex *mutex)
{
	mutex_destroy(&mutex->mutex);
}

static inline void port_mutex_lock(struct port_mutex *mutex)
{
	mutex_lock(&mutex->mutex);
}

static inline void port_mutex_unlock(struct port_mutex *mutex)
{
	mutex_unlock(&mutex->mutex);
}

struct port_completion {
	struct completion completion;
};

#define port_completion_init(c) init_completion(&(c)->completion)

static inline void port_completion_destroy(struct port_completion *completion)
{
}

static inline void port_complete(struct port_completion *completion)
{
	complete(&completion->completion);
}

static inline int port_wait(struct port *port,
			    struct port_completion *completion, u64 ms)
{
	long left = wait_for_completion_killable_timeout(
		&completion->completion,
		msecs_to_jiffies(min_t(u64, ms, INT_MAX)));

	if (left < 0)
		return -EINTR;
	return left == 0 ? -ETIMEDOUT : 0;
}

/* ---- indices */

struct port_table {
	struct xarray items;
	u32 next;
};

static inline void port_table_init(struct port_table *table, struct port *port)
{
	xa_init_flags(&table->items, XA_FLAGS_ALLOC);
	table->next = 0;
}

static inline void port_table_destroy(struct port_table *table)
{
	xa_destroy(&table->items);
}

static inline int port_table_add(struct port_table *table, u32 *index,
				 void *item)
{
	int err = xa_alloc_cyclic(&table->items, index, item, xa_limit_32b,
				  &table->next, GFP_KERNEL);

	return err < 0 ? -ENOMEM : 0;
}

static inline void *port_table_find(struct port_table *table, u32 index)
{
	return xa_load(&table->items, index);
}

static inline void port_table_remove(struct port_table *table, u32 index)
{
	xa_erase(&table->items, index);
}

/* ---- users */

struct port_owner {
	kuid_t uid;
};

static inline bool port_owner_equal(const struct port_owner *a,
				    const struct port_owner *b)
{
	return uid_eq(a->uid, b->uid);
}

static inline u32 port_owner_hash(const struct port_owner *owner)
{
	return hash_32(__kuid_val(owner->uid), 16);
}

static inline u32 port_owner_number(const struct port_owner *owner)
{
	return from_kuid(&init_user_ns, owner->uid);
}

static inline void port_owner_get(const struct port_owner *owner)
{
}

static inline void port_owner_put(const struct port_owner *owner)
{
}

#endif
