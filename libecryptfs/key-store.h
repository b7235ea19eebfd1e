/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All registered keys of this user, opened once and held: from a signature
 * to the keys that can serve it. Two registrations may share a signature (a
 * token and its backup file); they are providers of one key.
 */
#ifndef ECRYPTFS_KEY_STORE_H
#define ECRYPTFS_KEY_STORE_H

#include "libecryptfs/key.h"

typedef struct EcryptfsKeyStore EcryptfsKeyStore;

/**
 * ecryptfs_key_store_new:
 * @modules: (transfer none): must outlive the store
 * @directory: (nullable): registrations; %NULL for the user's
 *
 * Reads nothing yet.
 */
EcryptfsKeyStore *ecryptfs_key_store_new(EcryptfsPkiList *modules,
					 const char *directory);
void ecryptfs_key_store_free(EcryptfsKeyStore *store);

/*
 * From now on opens only registrations of @sig: for a program that has to do
 * with one key. Nothing is said of others, nor of what cannot be read.
 */
void ecryptfs_key_store_restrict(EcryptfsKeyStore *store, const char *sig);

/**
 * ecryptfs_key_store_reload:
 * @store: a store
 * @refused: (nullable): called for each registration that cannot be used
 * @data: passed to @refused
 *
 * Reads all registrations again. A key whose registration file did not
 * change keeps its handle and its unlocked state. A sticky lock stays with
 * the signature, also when the registration changed or has another name, and
 * when it is set while this runs.
 */
void ecryptfs_key_store_reload(EcryptfsKeyStore *store,
			       void (*refused)(const char *name,
					       const GError *error,
					       void *data),
			       void *data);

/**
 * ecryptfs_key_store_find:
 * @store: a store
 * @sig: 16 hex digits
 * @n_keys: (out): how many, 0 when none is registered
 *
 * Order: usable now first, then software, then hardware, public-only last.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (array length=n_keys): keys to be given to
 *   ecryptfs_key_store_free_keys()
 */
EcryptfsKey **ecryptfs_key_store_find(EcryptfsKeyStore *store,
				      const char *sig, size_t *n_keys);

/* All keys in order of their names, adopted ones last. */
EcryptfsKey **ecryptfs_key_store_all(EcryptfsKeyStore *store, size_t *n_keys);
void ecryptfs_key_store_free_keys(EcryptfsKey **keys, size_t n_keys);

/* (transfer full) (nullable): NO_KEY when there is none of that name. */
EcryptfsKey *ecryptfs_key_store_get(EcryptfsKeyStore *store, const char *name,
				    GError **error);

/**
 * ecryptfs_key_store_lock:
 * @store: a store
 * @name: (nullable): registration; %NULL for all keys
 * @n_keys: (out): how many
 * @error: (nullable): return location
 *
 * Sets the sticky lock of its signature, or of all; those too that a reload
 * under way, or the first one, is yet to find. Calls no module.
 *
 * Thread: any.
 *
 * Returns: (transfer full) (array length=n_keys) (nullable): the keys that
 *   are locked by it, whose secrets the caller is to drop; free with
 *   ecryptfs_key_store_free_keys()
 *
 * Errors: %ECRYPTFS_ERROR_NO_KEY when there is none of that name
 */
EcryptfsKey **ecryptfs_key_store_lock(EcryptfsKeyStore *store,
				      const char *name, size_t *n_keys,
				      GError **error);

/**
 * ecryptfs_key_store_adopt:
 * @store: a store
 * @auth_tok_file: key file of an auth tok by ecryptfs-utils
 * @passphrase: (nullable): its passphrase
 * @sig: signature that the key must have
 * @error: (nullable): return location
 *
 * For auth toks that ecryptfs-utils made and that have no registration:
 * opens the RSA key file with the openssl module, mode compat, and keeps it
 * until the next reload.
 *
 * Returns: (transfer full) (nullable): the key
 */
EcryptfsKey *ecryptfs_key_store_adopt(EcryptfsKeyStore *store,
				      const char *auth_tok_file,
				      const EcryptfsSecret *passphrase,
				      const char *sig, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsKeyStore, ecryptfs_key_store_free)

#endif
