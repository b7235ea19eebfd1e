/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For runs under ThreadSanitizer, as LD_PRELOAD. GLib is not built with it and
 * its locks are futexes of its own, so that ThreadSanitizer takes every lock
 * for a data race. This tells it what each of them orders.
 */
#include <dlfcn.h>
#include <stdint.h>

#include <glib.h>

/* Weak: the shells and tools of a test run have no ThreadSanitizer. */
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

static void acquire(void *address)
{
	if (__tsan_acquire)
		__tsan_acquire(address);
}

static void release(void *address)
{
	if (__tsan_release)
		__tsan_release(address);
}

/* The function of that name in GLib. */
#define REAL(name) \
	static __typeof__(name) *real; \
	if (!real) \
		real = (__typeof__(name) *)(uintptr_t)dlsym(RTLD_NEXT, #name)

void g_mutex_lock(GMutex *mutex)
{
	REAL(g_mutex_lock);
	real(mutex);
	acquire(mutex);
}

gboolean g_mutex_trylock(GMutex *mutex)
{
	gboolean locked;
	REAL(g_mutex_trylock);

	locked = real(mutex);
	if (locked)
		acquire(mutex);
	return locked;
}

void g_mutex_unlock(GMutex *mutex)
{
	REAL(g_mutex_unlock);
	release(mutex);
	real(mutex);
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
	REAL(g_cond_wait);
	release(mutex);
	real(cond, mutex);
	acquire(mutex);
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end_time)
{
	gboolean signalled;
	REAL(g_cond_wait_until);

	release(mutex);
	signalled = real(cond, mutex, end_time);
	acquire(mutex);
	return signalled;
}

gpointer g_once_impl(GOnce *once, GThreadFunc func, gpointer arg)
{
	gpointer result;
	REAL(g_once_impl);

	result = real(once, func, arg);
	release(once);
	acquire(once);
	return result;
}

gboolean(g_once_init_enter)(volatile void *location)
{
	gboolean first;
	REAL(g_once_init_enter);

	first = real(location);
	if (!first)
		acquire((void *)(uintptr_t)location);
	return first;
}

void(g_once_init_leave)(volatile void *location, gsize result)
{
	REAL(g_once_init_leave);
	release((void *)(uintptr_t)location);
	real(location, result);
}

/* The clear function runs in the last thread, after all others let go. */
static GPrivate clear_of_this_thread;

static void clear_acquired(void *box)
{
	GDestroyNotify clear = (GDestroyNotify)(uintptr_t)g_private_get(
		&clear_of_this_thread);

	acquire(box);
	if (clear)
		clear(box);
}

void g_atomic_rc_box_release_full(gpointer box, GDestroyNotify clear)
{
	void *outer = g_private_get(&clear_of_this_thread);
	REAL(g_atomic_rc_box_release_full);

	release(box);
	g_private_set(&clear_of_this_thread, (void *)(uintptr_t)clear);
	real(box, clear_acquired);
	g_private_set(&clear_of_this_thread, outer);
}

gboolean(g_atomic_ref_count_dec)(gatomicrefcount *count)
{
	gboolean last;
	REAL(g_atomic_ref_count_dec);

	release(count);
	last = real(count);
	if (last)
		acquire(count);
	return last;
}

/* Queues: what was pushed before is seen by who pops. */
void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
	REAL(g_async_queue_push);
	release(queue);
	real(queue, data);
}

gpointer g_async_queue_pop(GAsyncQueue *queue)
{
	gpointer data;
	REAL(g_async_queue_pop);

	data = real(queue);
	acquire(queue);
	return data;
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue)
{
	gpointer data;
	REAL(g_async_queue_try_pop);

	data = real(queue);
	acquire(queue);
	return data;
}

gpointer g_async_queue_timeout_pop(GAsyncQueue *queue, guint64 timeout)
{
	gpointer data;
	REAL(g_async_queue_timeout_pop);

	data = real(queue, timeout);
	acquire(queue);
	return data;
}
