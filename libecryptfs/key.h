/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A registered key opened by its PKI module: the handle that wraps and
 * unwraps, held for as long as the process needs it. Keeps what the module
 * declared about concurrency, and the sticky lock.
 */
#ifndef ECRYPTFS_KEY_H
#define ECRYPTFS_KEY_H

#include "libecryptfs/failure-limit.h"
#include "libecryptfs/pki.h"
#include "libecryptfs/registration.h"
#include "libecryptfs/sticky-lock.h"

typedef struct EcryptfsKey EcryptfsKey;

/**
 * ecryptfs_key_open:
 * @pki: (nullable): the module of @reg; %NULL for pki "public", which only
 *   wraps. Must outlive the key.
 * @reg: (transfer none): reffed
 * @error: (nullable): return location
 *
 * Succeeds without the private half (see key_open of the module).
 *
 * Errors: %ECRYPTFS_ERROR_BAD_REGISTRATION when @reg has a value for the
 *   module under a name that is no locator in the module's parameter table;
 *   %ECRYPTFS_ERROR_UNUSABLE for another key than @reg says; else the
 *   module's
 */
EcryptfsKey *ecryptfs_key_open(EcryptfsPki *pki, EcryptfsRegistration *reg,
			       GError **error);

/**
 * ecryptfs_key_adopt:
 * @pki: (nullable): as in ecryptfs_key_open()
 * @reg: (transfer none): reffed
 * @handle: (transfer full): what key_open of the module gave
 *
 * For a handle that was opened before its registration existed: at generate
 * and import, where key_open gets secrets and no public half.
 */
EcryptfsKey *ecryptfs_key_adopt(EcryptfsPki *pki, EcryptfsRegistration *reg,
				void *handle);

EcryptfsKey *ecryptfs_key_ref(EcryptfsKey *key);
void ecryptfs_key_unref(EcryptfsKey *key);

EcryptfsRegistration *ecryptfs_key_registration(const EcryptfsKey *key);
const char *ecryptfs_key_sig(const EcryptfsKey *key);

/* (transfer none) (nullable): %NULL for a public-only key. */
EcryptfsPki *ecryptfs_key_pki(const EcryptfsKey *key);

/* (transfer none): how often it has failed; its own from the start. */
EcryptfsFailureLimit *ecryptfs_key_failures(const EcryptfsKey *key);

/* (transfer none): its own from the start. */
EcryptfsStickyLock *ecryptfs_key_sticky_lock(const EcryptfsKey *key);

/**
 * ecryptfs_key_take_shared:
 * @key: a key that no other thread has yet
 * @failures: (transfer full): in place of its own
 * @lock: (transfer full): in place of its own
 *
 * For a key store: reading a registration again must neither start the count
 * anew nor lose a lock, and providers of one key have one of each.
 */
void ecryptfs_key_take_shared(EcryptfsKey *key, EcryptfsFailureLimit *failures,
			      EcryptfsStickyLock *lock);

/**
 * ecryptfs_key_wrap:
 *
 * The module's wrap, or ecryptfs_public_key_wrap() for a public-only key.
 * Needs neither unlock nor the private half.
 */
bool ecryptfs_key_wrap(EcryptfsKey *key, enum ecryptfs_scheme scheme,
		       const uint8_t *plain, size_t plain_len,
		       uint8_t *wrapped, size_t wrapped_cap,
		       size_t *wrapped_len, GError **error);

/**
 * ecryptfs_key_unwrap:
 *
 * The module's unwrap, under the declared concurrency. May block in a
 * device: never on a main loop.
 *
 * Errors: %ECRYPTFS_ERROR_LOCKED after ecryptfs_key_lock(), also when that
 *   came while the module was at work; for a public-only key
 *   %ECRYPTFS_ERROR_ABSENT; else the module's
 */
EcryptfsSecret *ecryptfs_key_unwrap(EcryptfsKey *key,
				    enum ecryptfs_scheme scheme,
				    const uint8_t *wrapped, size_t wrapped_len,
				    GError **error);

/**
 * ecryptfs_key_unlock:
 * @key: a key
 * @secret: (nullable): when the key needs none
 * @error: (nullable): return location
 *
 * Lifts the sticky lock, for all keys that share it.
 *
 * Errors: %ECRYPTFS_ERROR_LOCKED without the secret that it needs, and when
 *   it was locked again meanwhile; else the module's
 */
bool ecryptfs_key_unlock(EcryptfsKey *key, const EcryptfsSecret *secret,
			 GError **error);

/*
 * Drops secrets and private key; sticky until ecryptfs_key_unlock(), for all
 * keys that share the lock.
 */
void ecryptfs_key_lock(EcryptfsKey *key);

/* Drops them without the sticky lock: an idle TTL ran out. */
void ecryptfs_key_drop_secret(EcryptfsKey *key);

/* Whether the sticky lock is on; its other states tells key_state(). */
bool ecryptfs_key_is_locked(EcryptfsKey *key);

/* LOCKED when the sticky lock is on, ABSENT for a public-only key. */
void ecryptfs_key_state(EcryptfsKey *key,
			struct ecryptfs_pki_key_state *state);

bool ecryptfs_key_passwd(EcryptfsKey *key, const EcryptfsSecret *old,
			 const EcryptfsSecret *fresh, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsKey, ecryptfs_key_unref)

#endif
