/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All registered keys, opened once. Look-ups come from worker threads, so
 * what they get are references; nothing here calls a module's private
 * operation.
 */
#include "libecryptfs/key-store.h"

#include <string.h>
#include <sys/stat.h>

#define ADOPTED_NAME "ecryptfs-utils"
#define ADOPTED_PKI "openssl"

/* By which a registration file is known not to have changed. */
struct file_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
};

struct entry {
	struct file_stamp stamp;
	EcryptfsKey *key;
};

/* What all keys of a signature have in common; outlives them. */
struct shared {
	EcryptfsFailureLimit *failures;
	EcryptfsStickyLock *lock;
};

struct EcryptfsKeyStore {
	EcryptfsPkiList *modules;
	char *directory;
	char *only_sig; /* NULL: all */
	GMutex lock; /* for what follows */
	GPtrArray *entries; /* struct entry, in order of the names */
	GHashTable *adopted; /* signature to EcryptfsKey */
	GHashTable *shared; /* signature to struct shared */
	bool loaded; /* the registrations were read once */
	unsigned int all_locked; /* how often all keys were locked */
};

/* What was there when a reading of the registrations began. */
struct snapshot {
	GPtrArray *entries;
	unsigned int all_locked;
};

static void entry_free(void *data)
{
	struct entry *entry = data;

	ecryptfs_key_unref(entry->key);
	g_free(entry);
}

static void key_unref(void *data)
{
	ecryptfs_key_unref(data);
}

static void shared_free(void *data)
{
	struct shared *shared = data;

	ecryptfs_failure_limit_unref(shared->failures);
	ecryptfs_sticky_lock_unref(shared->lock);
	g_free(shared);
}

EcryptfsKeyStore *ecryptfs_key_store_new(EcryptfsPkiList *modules,
					 const char *directory)
{
	EcryptfsKeyStore *store = g_new0(EcryptfsKeyStore, 1);

	store->modules = modules;
	store->directory = directory ? g_strdup(directory) :
				       ecryptfs_registration_default_dir();
	g_mutex_init(&store->lock);
	store->entries = g_ptr_array_new_with_free_func(entry_free);
	store->adopted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					       key_unref);
	store->shared = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      shared_free);
	return store;
}

void ecryptfs_key_store_free(EcryptfsKeyStore *store)
{
	if (!store)
		return;
	g_ptr_array_unref(store->entries);
	g_hash_table_unref(store->adopted);
	g_hash_table_unref(store->shared);
	g_mutex_clear(&store->lock);
	g_free(store->directory);
	g_free(store->only_sig);
	g_free(store);
}

void ecryptfs_key_store_restrict(EcryptfsKeyStore *store, const char *sig)
{
	g_free(store->only_sig);
	store->only_sig = g_strdup(sig);
}

static bool stamp_of(const EcryptfsKeyStore *store, const char *name,
		     struct file_stamp *stamp)
{
	g_autofree char *path = ecryptfs_registration_path(store->directory,
							   name);
	struct stat st;

	if (lstat(path, &st) != 0)
		return false;
	*stamp = (struct file_stamp){ .dev = st.st_dev, .ino = st.st_ino,
				      .size = st.st_size,
				      .mtime = st.st_mtim };
	return true;
}

static bool same_stamp(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec &&
	       a->mtime.tv_nsec == b->mtime.tv_nsec;
}

static const char *name_of(const EcryptfsKey *key)
{
	return ecryptfs_key_registration(key)->name;
}

static const struct entry *entry_named(const GPtrArray *entries,
				       const char *name)
{
	for (size_t i = 0; i < entries->len; i++) {
		const struct entry *entry = g_ptr_array_index(entries, i);

		if (strcmp(name_of(entry->key), name) == 0)
			return entry;
	}
	return NULL;
}

static struct shared *shared_new(const EcryptfsKey *key)
{
	struct shared *shared = g_new(struct shared, 1);

	shared->failures =
		ecryptfs_failure_limit_ref(ecryptfs_key_failures(key));
	shared->lock = ecryptfs_sticky_lock_ref(ecryptfs_key_sticky_lock(key));
	return shared;
}

/*
 * A new key goes on with the failures and the lock of those that had its
 * signature. One whose signature is new comes up locked when all keys were
 * locked after the reading began that found it.
 */
static void share(EcryptfsKeyStore *store, EcryptfsKey *key,
		  unsigned int all_locked)
{
	const char *sig = ecryptfs_key_sig(key);
	struct shared *shared;

	g_mutex_lock(&store->lock);
	shared = g_hash_table_lookup(store->shared, sig);
	if (!shared) {
		shared = shared_new(key);
		g_hash_table_insert(store->shared, g_strdup(sig), shared);
		if (store->all_locked != all_locked)
			ecryptfs_sticky_lock_set(shared->lock);
	}
	ecryptfs_key_take_shared(
		key, ecryptfs_failure_limit_ref(shared->failures),
		ecryptfs_sticky_lock_ref(shared->lock));
	g_mutex_unlock(&store->lock);
}

static EcryptfsKey *open_registered(EcryptfsKeyStore *store,
				    EcryptfsRegistration *reg,
				    unsigned int all_locked, GError **error)
{
	EcryptfsPki *pki = NULL;
	EcryptfsKey *key;

	if (strcmp(reg->pki_name, ECRYPTFS_PKI_PUBLIC) != 0) {
		pki = ecryptfs_pki_list_find(store->modules, reg->pki_name,
					     error);
		if (!pki)
			return NULL;
	}
	key = ecryptfs_key_open(pki, reg, error);
	if (key)
		share(store, key, all_locked);
	return key;
}

/* Whether it is none of this store's business; %NULL cannot be read. */
static bool passed_over(const EcryptfsKeyStore *store,
			const EcryptfsRegistration *reg)
{
	return store->only_sig &&
	       (!reg || strcmp(ecryptfs_registration_sig(reg),
			       store->only_sig) != 0);
}

/*
 * The old key when its file is the same, else a new one. %NULL without an
 * error: passed over.
 */
static EcryptfsKey *key_for(EcryptfsKeyStore *store,
			    const struct snapshot *old, const char *name,
			    const struct file_stamp *stamp, GError **error)
{
	const struct entry *before = entry_named(old->entries, name);
	g_autoptr(EcryptfsRegistration) reg = NULL;
	g_autoptr(GError) cause = NULL;

	if (before && same_stamp(&before->stamp, stamp))
		return ecryptfs_key_ref(before->key);
	reg = ecryptfs_registration_load(store->directory, name, &cause);
	if (passed_over(store, reg))
		return NULL;
	if (reg)
		return open_registered(store, reg, old->all_locked, error);
	g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

static GPtrArray *read_entries(EcryptfsKeyStore *store,
			       const struct snapshot *old, char **names,
			       void (*refused)(const char *name,
					       const GError *error,
					       void *data),
			       void *data)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func(entry_free);

	for (size_t i = 0; names && names[i]; i++) {
		g_autoptr(GError) error = NULL;
		struct file_stamp stamp;
		struct entry *entry;
		EcryptfsKey *key;

		if (!stamp_of(store, names[i], &stamp))
			continue;
		key = key_for(store, old, names[i], &stamp, &error);
		if (!key) {
			if (error && refused)
				refused(names[i], error, data);
			continue;
		}
		entry = g_new(struct entry, 1);
		*entry = (struct entry){ .stamp = stamp, .key = key };
		g_ptr_array_add(entries, entry);
	}
	return entries;
}

void ecryptfs_key_store_reload(EcryptfsKeyStore *store,
			       void (*refused)(const char *name,
					       const GError *error,
					       void *data),
			       void *data)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) names = NULL;
	struct snapshot old;
	GPtrArray *entries;

	names = ecryptfs_registration_list(store->directory, &error);
	if (!names && refused)
		refused(store->directory, error, data);

	/* Whoever locked all before the first reading meant what it finds. */
	g_mutex_lock(&store->lock);
	old.entries = g_ptr_array_ref(store->entries);
	old.all_locked = store->loaded ? store->all_locked : 0;
	g_mutex_unlock(&store->lock);

	entries = read_entries(store, &old, names, refused, data);

	g_mutex_lock(&store->lock);
	g_ptr_array_unref(store->entries);
	store->entries = entries;
	g_hash_table_remove_all(store->adopted);
	store->loaded = true;
	g_mutex_unlock(&store->lock);
	g_ptr_array_unref(old.entries);
}

/* Lower is tried earlier. */
static int rank_of(EcryptfsKey *key)
{
	struct ecryptfs_pki_key_state state;

	if (!ecryptfs_key_pki(key))
		return 4;
	ecryptfs_key_state(key, &state);
	return (state.code != ECRYPTFS_ERROR_NONE ? 2 : 0) +
	       (state.hardware ? 1 : 0);
}

struct ranked {
	EcryptfsKey *key;
	int rank;
};

static int compare_ranked(const void *a, const void *b, void *data)
{
	(void)data;
	return ((const struct ranked *)a)->rank -
	       ((const struct ranked *)b)->rank;
}

static void sort_providers(EcryptfsKey **keys, size_t n_keys)
{
	g_autofree struct ranked *ranked = g_new(struct ranked, n_keys);

	for (size_t i = 0; i < n_keys; i++)
		ranked[i] = (struct ranked){ keys[i], rank_of(keys[i]) };
	/* Stable, so that equals keep the order of their names. */
	g_qsort_with_data(ranked, (int)n_keys, sizeof(*ranked), compare_ranked,
			  NULL);
	for (size_t i = 0; i < n_keys; i++)
		keys[i] = ranked[i].key;
}

/* Keys of auth toks by ecryptfs-utils, of which no registration is here. */
static size_t collect_adopted_unlocked(EcryptfsKeyStore *store,
				       const char *sig, EcryptfsKey **keys)
{
	GHashTableIter iter;
	void *adopted_sig, *key;
	size_t n_keys = 0;

	g_hash_table_iter_init(&iter, store->adopted);
	while (g_hash_table_iter_next(&iter, &adopted_sig, &key))
		if (!sig || strcmp(adopted_sig, sig) == 0)
			keys[n_keys++] = ecryptfs_key_ref(key);
	return n_keys;
}

static EcryptfsKey **collect_unlocked(EcryptfsKeyStore *store,
				      const char *sig, size_t *n_keys)
{
	EcryptfsKey **keys = g_new(EcryptfsKey *, store->entries->len +
				   g_hash_table_size(store->adopted) + 1);

	*n_keys = 0;
	for (size_t i = 0; i < store->entries->len; i++) {
		const struct entry *entry =
			g_ptr_array_index(store->entries, i);

		if (!sig || strcmp(ecryptfs_key_sig(entry->key), sig) == 0)
			keys[(*n_keys)++] = ecryptfs_key_ref(entry->key);
	}
	if (!sig || *n_keys == 0)
		*n_keys += collect_adopted_unlocked(store, sig,
						    keys + *n_keys);
	return keys;
}

/* All keys for @sig NULL. Asking a module's state is left to the caller. */
static EcryptfsKey **collect(EcryptfsKeyStore *store, const char *sig,
			     size_t *n_keys)
{
	EcryptfsKey **keys;

	g_mutex_lock(&store->lock);
	keys = collect_unlocked(store, sig, n_keys);
	g_mutex_unlock(&store->lock);
	return keys;
}

EcryptfsKey **ecryptfs_key_store_find(EcryptfsKeyStore *store,
				      const char *sig, size_t *n_keys)
{
	EcryptfsKey **keys = collect(store, sig, n_keys);

	if (*n_keys > 1)
		sort_providers(keys, *n_keys);
	return keys;
}

EcryptfsKey **ecryptfs_key_store_all(EcryptfsKeyStore *store, size_t *n_keys)
{
	return collect(store, NULL, n_keys);
}

void ecryptfs_key_store_free_keys(EcryptfsKey **keys, size_t n_keys)
{
	for (size_t i = 0; i < n_keys; i++)
		ecryptfs_key_unref(keys[i]);
	g_free(keys);
}

static void set_no_key(GError **error, const char *name)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY,
		    "no usable key is registered as \"%s\"; see "
		    "\"ecryptfs-manager list\"", name);
}

EcryptfsKey *ecryptfs_key_store_get(EcryptfsKeyStore *store, const char *name,
				    GError **error)
{
	const struct entry *entry;
	EcryptfsKey *key = NULL;

	g_mutex_lock(&store->lock);
	entry = entry_named(store->entries, name);
	if (entry)
		key = ecryptfs_key_ref(entry->key);
	g_mutex_unlock(&store->lock);
	if (!key)
		set_no_key(error, name);
	return key;
}

static EcryptfsKey **lock_named_unlocked(EcryptfsKeyStore *store,
					 const char *name, size_t *n_keys)
{
	const struct entry *entry = entry_named(store->entries, name);

	if (!entry)
		return NULL;
	ecryptfs_sticky_lock_set(ecryptfs_key_sticky_lock(entry->key));
	return collect_unlocked(store, ecryptfs_key_sig(entry->key), n_keys);
}

/* Also signatures of which no key is here at the moment. */
static EcryptfsKey **lock_all_unlocked(EcryptfsKeyStore *store, size_t *n_keys)
{
	GHashTableIter iter;
	void *shared;

	store->all_locked++;
	g_hash_table_iter_init(&iter, store->shared);
	while (g_hash_table_iter_next(&iter, NULL, &shared))
		ecryptfs_sticky_lock_set(((struct shared *)shared)->lock);
	return collect_unlocked(store, NULL, n_keys);
}

EcryptfsKey **ecryptfs_key_store_lock(EcryptfsKeyStore *store,
				      const char *name, size_t *n_keys,
				      GError **error)
{
	EcryptfsKey **keys;

	g_mutex_lock(&store->lock);
	if (name)
		keys = lock_named_unlocked(store, name, n_keys);
	else
		keys = lock_all_unlocked(store, n_keys);
	g_mutex_unlock(&store->lock);
	if (!keys)
		set_no_key(error, name);
	return keys;
}

static EcryptfsPublicKey *public_half(const EcryptfsPki *pki, void *handle,
				      GError **error)
{
	g_autoptr(GBytes) spki = pki->module->public_id(handle, error);

	if (!spki)
		return NULL;
	return ecryptfs_public_key_new(g_bytes_get_data(spki, NULL),
				       g_bytes_get_size(spki), error);
}

static EcryptfsKey *adopt_handle(EcryptfsPki *pki, void *handle,
				 EcryptfsParams *params, const char *sig,
				 GError **error)
{
	g_autoptr(EcryptfsPublicKey) public_key =
		public_half(pki, handle, error);
	g_autoptr(EcryptfsRegistration) reg = NULL;

	if (!public_key)
		return NULL;
	if (strcmp(ecryptfs_public_key_sig(public_key), sig) != 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_AUTH_TOK,
			    "the auth tok of signature %s names a key file "
			    "with another signature", sig);
		return NULL;
	}
	reg = ecryptfs_registration_new(ADOPTED_NAME, ADOPTED_PKI, public_key);
	reg->mode = ECRYPTFS_MODE_COMPAT;
	ecryptfs_params_free(reg->params);
	reg->params = ecryptfs_params_dup(params);
	return ecryptfs_key_adopt(pki, reg, handle);
}

static EcryptfsKey *open_adopted(EcryptfsKeyStore *store, const char *file,
				 const EcryptfsSecret *passphrase,
				 const char *sig, GError **error)
{
	g_autoptr(EcryptfsParams) params = ecryptfs_params_new();
	EcryptfsPki *pki = ecryptfs_pki_list_find(store->modules, ADOPTED_PKI,
						  error);
	EcryptfsKey *key;
	void *handle;

	if (!pki)
		return NULL;
	ecryptfs_params_set(params, "file", file);
	if (passphrase && ecryptfs_secret_len(passphrase) > 0)
		ecryptfs_params_take_secret(
			params, "passphrase",
			ecryptfs_secret_new_from(
				ecryptfs_secret_data(passphrase),
				ecryptfs_secret_len(passphrase)));
	handle = pki->module->key_open(pki->state, params, NULL, error);
	if (!handle)
		return NULL;
	key = adopt_handle(pki, handle, params, sig, error);
	if (!key)
		pki->module->key_close(handle);
	return key;
}

EcryptfsKey *ecryptfs_key_store_adopt(EcryptfsKeyStore *store,
				      const char *auth_tok_file,
				      const EcryptfsSecret *passphrase,
				      const char *sig, GError **error)
{
	unsigned int all_locked;
	EcryptfsKey *key;

	g_mutex_lock(&store->lock);
	all_locked = store->all_locked;
	g_mutex_unlock(&store->lock);
	key = open_adopted(store, auth_tok_file, passphrase, sig, error);
	if (!key)
		return NULL;
	share(store, key, all_locked);
	g_mutex_lock(&store->lock);
	g_hash_table_replace(store->adopted, g_strdup(sig),
			     ecryptfs_key_ref(key));
	g_mutex_unlock(&store->lock);
	return key;
}
