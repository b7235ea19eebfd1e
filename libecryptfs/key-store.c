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

struct EcryptfsKeyStore {
	EcryptfsPkiList *modules;
	char *directory;
	GMutex lock; /* for what follows */
	GPtrArray *entries; /* struct entry, in order of the names */
	GHashTable *adopted; /* signature to EcryptfsKey */
	GHashTable *locked; /* signatures whose sticky lock outlives a key */
	GHashTable *failures; /* signature to EcryptfsFailureLimit; outlives
				 its keys */
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

static void failures_unref(void *data)
{
	ecryptfs_failure_limit_unref(data);
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
	store->locked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL);
	store->failures = g_hash_table_new_full(g_str_hash, g_str_equal,
						g_free, failures_unref);
	return store;
}

void ecryptfs_key_store_free(EcryptfsKeyStore *store)
{
	if (!store)
		return;
	g_ptr_array_unref(store->entries);
	g_hash_table_unref(store->adopted);
	g_hash_table_unref(store->locked);
	g_hash_table_unref(store->failures);
	g_mutex_clear(&store->lock);
	g_free(store->directory);
	g_free(store);
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

/* A new key goes on with the failures of those that had its signature. */
static void share_failures(EcryptfsKeyStore *store, EcryptfsKey *key)
{
	const char *sig = ecryptfs_key_sig(key);
	EcryptfsFailureLimit *failures;

	g_mutex_lock(&store->lock);
	failures = g_hash_table_lookup(store->failures, sig);
	if (!failures) {
		failures = ecryptfs_failure_limit_ref(
			ecryptfs_key_failures(key));
		g_hash_table_insert(store->failures, g_strdup(sig), failures);
	}
	ecryptfs_failure_limit_ref(failures);
	g_mutex_unlock(&store->lock);
	ecryptfs_key_take_failures(key, failures);
}

static EcryptfsKey *open_registered(EcryptfsKeyStore *store, const char *name,
				    GError **error)
{
	g_autoptr(EcryptfsRegistration) reg = NULL;
	EcryptfsPki *pki = NULL;
	EcryptfsKey *key;

	reg = ecryptfs_registration_load(store->directory, name, error);
	if (!reg)
		return NULL;
	if (strcmp(reg->pki_name, ECRYPTFS_PKI_PUBLIC) != 0) {
		pki = ecryptfs_pki_list_find(store->modules, reg->pki_name,
					     error);
		if (!pki)
			return NULL;
	}
	key = ecryptfs_key_open(pki, reg, error);
	if (key)
		share_failures(store, key);
	return key;
}

/*
 * A key that was locked stays so under another name, and when its
 * registration could not be read for a while.
 */
static void remember_locks_unlocked(EcryptfsKeyStore *store)
{
	GHashTableIter iter;
	void *sig, *key;

	for (size_t i = 0; i < store->entries->len; i++) {
		const struct entry *entry =
			g_ptr_array_index(store->entries, i);
		const char *locked_sig = ecryptfs_key_sig(entry->key);

		if (ecryptfs_key_is_locked(entry->key))
			g_hash_table_add(store->locked, g_strdup(locked_sig));
	}
	g_hash_table_iter_init(&iter, store->adopted);
	while (g_hash_table_iter_next(&iter, &sig, &key))
		if (ecryptfs_key_is_locked(key))
			g_hash_table_add(store->locked, g_strdup(sig));
}

/* The keys that are here carry their lock themselves. */
static void forget_locks_unlocked(EcryptfsKeyStore *store)
{
	for (size_t i = 0; i < store->entries->len; i++) {
		const struct entry *entry =
			g_ptr_array_index(store->entries, i);

		g_hash_table_remove(store->locked,
				    ecryptfs_key_sig(entry->key));
	}
}

static bool is_remembered_locked(EcryptfsKeyStore *store, const char *sig)
{
	bool locked;

	g_mutex_lock(&store->lock);
	locked = g_hash_table_contains(store->locked, sig);
	g_mutex_unlock(&store->lock);
	return locked;
}

/* The old key when its file is the same, else a new one as locked as it. */
static EcryptfsKey *key_for(EcryptfsKeyStore *store, const GPtrArray *old,
			    const char *name, const struct file_stamp *stamp,
			    GError **error)
{
	const struct entry *before = entry_named(old, name);
	EcryptfsKey *key;

	if (before && same_stamp(&before->stamp, stamp))
		return ecryptfs_key_ref(before->key);
	key = open_registered(store, name, error);
	if (key && is_remembered_locked(store, ecryptfs_key_sig(key)))
		ecryptfs_key_lock(key);
	return key;
}

static GPtrArray *read_entries(EcryptfsKeyStore *store, const GPtrArray *old,
			       char **names,
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
			if (refused)
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
	GPtrArray *old, *entries;

	names = ecryptfs_registration_list(store->directory, &error);
	if (!names && refused)
		refused(store->directory, error, data);

	g_mutex_lock(&store->lock);
	old = g_ptr_array_ref(store->entries);
	remember_locks_unlocked(store);
	g_mutex_unlock(&store->lock);

	entries = read_entries(store, old, names, refused, data);

	g_mutex_lock(&store->lock);
	g_ptr_array_unref(store->entries);
	store->entries = entries;
	g_hash_table_remove_all(store->adopted);
	forget_locks_unlocked(store);
	g_mutex_unlock(&store->lock);
	g_ptr_array_unref(old);
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

/* All keys for @sig NULL. Asking a module's state is left to the caller. */
static EcryptfsKey **collect(EcryptfsKeyStore *store, const char *sig,
			     size_t *n_keys)
{
	EcryptfsKey **keys;

	g_mutex_lock(&store->lock);
	keys = g_new(EcryptfsKey *, store->entries->len +
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
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY,
			    "no usable key is registered as \"%s\"; see "
			    "\"ecryptfs-manager list\"", name);
	return key;
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
	EcryptfsKey *key = open_adopted(store, auth_tok_file, passphrase, sig,
					error);

	if (!key)
		return NULL;
	share_failures(store, key);
	g_mutex_lock(&store->lock);
	if (g_hash_table_remove(store->locked, sig))
		ecryptfs_key_lock(key);
	g_hash_table_replace(store->adopted, g_strdup(sig),
			     ecryptfs_key_ref(key));
	g_mutex_unlock(&store->lock);
	return key;
}
