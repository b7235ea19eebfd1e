/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two numbers: how often it was set, and how often it had been when it was
 * last lifted. So an unlock cannot undo a lock that came after it began.
 */
#include "libecryptfs/sticky-lock.h"

struct EcryptfsStickyLock {
	GMutex mutex; /* for what follows */
	unsigned int count;
	unsigned int lifted;
};

EcryptfsStickyLock *ecryptfs_sticky_lock_new(void)
{
	EcryptfsStickyLock *lock = g_atomic_rc_box_new0(EcryptfsStickyLock);

	g_mutex_init(&lock->mutex);
	return lock;
}

EcryptfsStickyLock *ecryptfs_sticky_lock_ref(EcryptfsStickyLock *lock)
{
	return g_atomic_rc_box_acquire(lock);
}

static void clear(void *data)
{
	EcryptfsStickyLock *lock = data;

	g_mutex_clear(&lock->mutex);
}

void ecryptfs_sticky_lock_unref(EcryptfsStickyLock *lock)
{
	if (lock)
		g_atomic_rc_box_release_full(lock, clear);
}

void ecryptfs_sticky_lock_set(EcryptfsStickyLock *lock)
{
	g_mutex_lock(&lock->mutex);
	lock->count++;
	g_mutex_unlock(&lock->mutex);
}

bool ecryptfs_sticky_lock_is_set(EcryptfsStickyLock *lock)
{
	bool set;

	g_mutex_lock(&lock->mutex);
	set = lock->count != lock->lifted;
	g_mutex_unlock(&lock->mutex);
	return set;
}

unsigned int ecryptfs_sticky_lock_count(EcryptfsStickyLock *lock)
{
	unsigned int count;

	g_mutex_lock(&lock->mutex);
	count = lock->count;
	g_mutex_unlock(&lock->mutex);
	return count;
}

bool ecryptfs_sticky_lock_lift(EcryptfsStickyLock *lock, unsigned int count)
{
	bool last;

	g_mutex_lock(&lock->mutex);
	last = lock->count == count;
	if (last)
		lock->lifted = count;
	g_mutex_unlock(&lock->mutex);
	return last;
}
