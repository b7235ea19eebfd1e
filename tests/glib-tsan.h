/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Included before all else by --enable-tsan. GLib is not built for
 * ThreadSanitizer and locks with bare futexes, which it cannot see: here its
 * locks, reference counts and once-calls say what they order. Nothing is
 * suppressed by this; what our code orders by other means is still reported.
 */
#ifndef TESTS_GLIB_TSAN_H
#define TESTS_GLIB_TSAN_H

#include <glib.h>
#include <sanitizer/tsan_interface.h>

/* ---- locks */

static inline void tsan_mutex_init(GMutex *mutex)
{
	__tsan_mutex_create(mutex, 0);
	g_mutex_init(mutex);
}

static inline void tsan_mutex_clear(GMutex *mutex)
{
	g_mutex_clear(mutex);
	__tsan_mutex_destroy(mutex, 0);
}

static inline void tsan_mutex_lock(GMutex *mutex)
{
	__tsan_mutex_pre_lock(mutex, 0);
	g_mutex_lock(mutex);
	__tsan_mutex_post_lock(mutex, 0, 0);
}

static inline void tsan_mutex_unlock(GMutex *mutex)
{
	__tsan_mutex_pre_unlock(mutex, 0);
	g_mutex_unlock(mutex);
	__tsan_mutex_post_unlock(mutex, 0);
}

#define g_mutex_init(mutex) tsan_mutex_init(mutex)
#define g_mutex_clear(mutex) tsan_mutex_clear(mutex)
#define g_mutex_lock(mutex) tsan_mutex_lock(mutex)
#define g_mutex_unlock(mutex) tsan_mutex_unlock(mutex)

/* ---- reference counts: each release comes before the destruction */

static __thread GDestroyNotify tsan_destroy;

static inline void tsan_acquire_and_destroy(void *box)
{
	__tsan_acquire(box);
	tsan_destroy(box);
}

static inline void tsan_rc_box_release_full(void *box, GDestroyNotify destroy)
{
	GDestroyNotify outer = tsan_destroy;

	tsan_destroy = destroy;
	__tsan_release(box);
	g_atomic_rc_box_release_full(box, tsan_acquire_and_destroy);
	tsan_destroy = outer;
}

static inline gboolean tsan_ref_count_dec(gatomicrefcount *count)
{
	gboolean last;

	__tsan_release(count);
	last = g_atomic_ref_count_dec(count);
	if (last)
		__tsan_acquire(count);
	return last;
}

#define g_atomic_rc_box_release_full(box, destroy) \
	tsan_rc_box_release_full(box, destroy)
#define g_atomic_ref_count_dec(count) tsan_ref_count_dec(count)

/*
 * What GLib frees inside itself cannot be caught at the last reference: one
 * at a time then, by a lock that itself orders nothing.
 */
static int tsan_unref_owner;

__attribute__((no_sanitize("thread"))) static inline void tsan_unref_begin(void)
{
	int nobody = 0;

	while (!__atomic_compare_exchange_n(&tsan_unref_owner, &nobody, 1, 0,
					    __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST)) {
		nobody = 0;
		g_thread_yield();
	}
}

__attribute__((no_sanitize("thread"))) static inline void tsan_unref_end(void)
{
	__atomic_store_n(&tsan_unref_owner, 0, __ATOMIC_SEQ_CST);
}

static inline void tsan_bytes_unref(GBytes *bytes)
{
	if (!bytes)
		return;
	tsan_unref_begin();
	__tsan_acquire(bytes);
	__tsan_release(bytes);
	g_bytes_unref(bytes);
	tsan_unref_end();
}

static inline void tsan_bytes_cleanup(GBytes **bytes)
{
	tsan_bytes_unref(*bytes);
}

#define g_bytes_unref(bytes) tsan_bytes_unref(bytes)
#define glib_autoptr_cleanup_GBytes tsan_bytes_cleanup

/* ---- once */

struct tsan_once {
	GOnce *once;
	GThreadFunc func;
	void *arg;
};

static inline void *tsan_once_func(void *data)
{
	struct tsan_once *call = data;
	void *result = call->func(call->arg);

	__tsan_release(call->once);
	return result;
}

static inline void *tsan_once(GOnce *once, GThreadFunc func, void *arg)
{
	struct tsan_once call = { once, func, arg };
	void *result = g_once_impl(once, tsan_once_func, &call);

	__tsan_acquire(once);
	return result;
}

#undef g_once
#define g_once(once, func, arg) tsan_once(once, func, arg)

#endif
