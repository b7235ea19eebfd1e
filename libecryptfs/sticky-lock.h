/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `lock` leaves behind: no unwrap with any key of a signature until
 * `unlock`, whatever becomes of its registrations meanwhile.
 */
#ifndef ECRYPTFS_STICKY_LOCK_H
#define ECRYPTFS_STICKY_LOCK_H

#include "libecryptfs/ecryptfs.h"

/**
 * EcryptfsStickyLock:
 *
 * The lock of one signature. Each #EcryptfsKey has one; keys of the same
 * signature in one #EcryptfsKeyStore share it.
 *
 * Thread: any.
 */
typedef struct EcryptfsStickyLock EcryptfsStickyLock;

/* (transfer full): not locked. */
EcryptfsStickyLock *ecryptfs_sticky_lock_new(void);
EcryptfsStickyLock *ecryptfs_sticky_lock_ref(EcryptfsStickyLock *lock);
void ecryptfs_sticky_lock_unref(EcryptfsStickyLock *lock);

void ecryptfs_sticky_lock_set(EcryptfsStickyLock *lock);
bool ecryptfs_sticky_lock_is_set(EcryptfsStickyLock *lock);

/* How often it was set: what ecryptfs_sticky_lock_lift() is to know. */
unsigned int ecryptfs_sticky_lock_count(EcryptfsStickyLock *lock);

/**
 * ecryptfs_sticky_lock_lift:
 * @lock: a lock
 * @count: its count before the secret was checked, which can take long
 *
 * Returns: %false when it was set again since: who locks last is obeyed
 */
bool ecryptfs_sticky_lock_lift(EcryptfsStickyLock *lock, unsigned int count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsStickyLock, ecryptfs_sticky_lock_unref)

#endif
