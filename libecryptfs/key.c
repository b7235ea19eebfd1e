/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A registered key opened by its PKI module. All calls into a module's key
 * go through here, so its declared concurrency is kept in one place.
 */
#include "libecryptfs/key.h"

#include <string.h>

struct EcryptfsKey {
	EcryptfsPki *pki; /* NULL: public-only */
	EcryptfsRegistration *reg;
	void *handle;
	GMutex lock; /* for ECRYPTFS_PKI_SERIAL_PER_KEY */
	EcryptfsFailureLimit *failures;
	EcryptfsStickyLock *sticky;
};

EcryptfsKey *ecryptfs_key_adopt(EcryptfsPki *pki, EcryptfsRegistration *reg,
				void *handle)
{
	EcryptfsKey *key = g_atomic_rc_box_new0(EcryptfsKey);

	key->pki = pki;
	key->reg = ecryptfs_registration_ref(reg);
	key->handle = handle;
	g_mutex_init(&key->lock);
	key->failures = ecryptfs_failure_limit_new();
	key->sticky = ecryptfs_sticky_lock_new();
	return key;
}

/* A module that fails must say why; for one that does not, this does. */
static void hand_on(const EcryptfsPki *pki, const char *call, GError *cause,
		    GError **error)
{
	if (cause)
		g_propagate_error(error, cause);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MODULE,
			    "PKI module %s failed in %s and did not say why",
			    pki->module->name, call);
}

/* The module must hold the registered key, not another one. */
static bool check_public_id(const EcryptfsPki *pki, void *handle,
			    const EcryptfsRegistration *reg, GError **error)
{
	GError *cause = NULL;
	g_autoptr(GBytes) spki = pki->module->public_id(handle, &cause);
	g_autoptr(EcryptfsPublicKey) found = NULL;

	if (spki)
		found = ecryptfs_public_key_new(g_bytes_get_data(spki, NULL),
						g_bytes_get_size(spki), &cause);
	if (!found) {
		hand_on(pki, "public_id", cause, error);
		return false;
	}
	if (g_bytes_equal(ecryptfs_public_key_spki(found),
			  ecryptfs_public_key_spki(reg->public_key)))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "what module %s opened for key \"%s\" is another key "
		    "(signature %s) than the registered one; import it again",
		    pki->module->name, reg->name,
		    ecryptfs_public_key_sig(found));
	return false;
}

static bool is_locator(const EcryptfsPki *pki, const char *name)
{
	const struct ecryptfs_pki_param *param =
		pki ? ecryptfs_pki_param_find(pki, name) : NULL;

	return param && (param->uses & ECRYPTFS_PKI_PARAM_LOCATOR);
}

static char *locator_names(const EcryptfsPki *pki)
{
	const struct ecryptfs_pki_module *module = pki ? pki->module : NULL;
	GString *names = g_string_new(NULL);

	for (size_t i = 0; module && i < module->params_len; i++)
		if (module->params[i].uses & ECRYPTFS_PKI_PARAM_LOCATOR)
			g_string_append_printf(names, "%s%s",
					       names->len > 0 ? ", " : "",
					       module->params[i].name);
	return g_string_free(names, FALSE);
}

struct name_check {
	const EcryptfsPki *pki;
	const char *unknown;
};

static void check_name(const char *name, const char *value, void *data)
{
	struct name_check *check = data;

	(void)value;
	if (!check->unknown && !is_locator(check->pki, name))
		check->unknown = name;
}

/* The module looks for what it knows: a misspelt name would be overlooked. */
static bool check_locators(const EcryptfsPki *pki,
			   const EcryptfsRegistration *reg, GError **error)
{
	struct name_check check = { .pki = pki };
	g_autofree char *known = NULL;

	ecryptfs_params_foreach(reg->params, check_name, &check);
	if (!check.unknown)
		return true;
	known = locator_names(pki);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_REGISTRATION,
		    "registration %s: %s is not a known key of group [module] "
		    "for PKI module %s (known: %s); correct or remove it in "
		    "%s.conf", reg->name, check.unknown, reg->pki_name,
		    *known ? known : "none", reg->name);
	return false;
}

EcryptfsKey *ecryptfs_key_open(EcryptfsPki *pki, EcryptfsRegistration *reg,
			       GError **error)
{
	GError *cause = NULL;
	void *handle;

	if (!check_locators(pki, reg, error))
		return NULL;
	if (!pki)
		return ecryptfs_key_adopt(NULL, reg, NULL);
	handle = pki->module->key_open(pki->state, reg->params,
				       reg->public_key, &cause);
	if (!handle) {
		hand_on(pki, "key_open", cause, error);
		return NULL;
	}
	if (!check_public_id(pki, handle, reg, error)) {
		pki->module->key_close(handle);
		return NULL;
	}
	return ecryptfs_key_adopt(pki, reg, handle);
}

EcryptfsKey *ecryptfs_key_ref(EcryptfsKey *key)
{
	return g_atomic_rc_box_acquire(key);
}

static void clear(void *data)
{
	EcryptfsKey *key = data;

	if (key->pki)
		key->pki->module->key_close(key->handle);
	ecryptfs_registration_unref(key->reg);
	ecryptfs_failure_limit_unref(key->failures);
	ecryptfs_sticky_lock_unref(key->sticky);
	g_mutex_clear(&key->lock);
}

void ecryptfs_key_unref(EcryptfsKey *key)
{
	if (key)
		g_atomic_rc_box_release_full(key, clear);
}

EcryptfsRegistration *ecryptfs_key_registration(const EcryptfsKey *key)
{
	return key->reg;
}

const char *ecryptfs_key_sig(const EcryptfsKey *key)
{
	return ecryptfs_registration_sig(key->reg);
}

EcryptfsPki *ecryptfs_key_pki(const EcryptfsKey *key)
{
	return key->pki;
}

EcryptfsFailureLimit *ecryptfs_key_failures(const EcryptfsKey *key)
{
	return key->failures;
}

EcryptfsStickyLock *ecryptfs_key_sticky_lock(const EcryptfsKey *key)
{
	return key->sticky;
}

void ecryptfs_key_take_shared(EcryptfsKey *key, EcryptfsFailureLimit *failures,
			      EcryptfsStickyLock *lock)
{
	ecryptfs_failure_limit_unref(key->failures);
	key->failures = failures;
	ecryptfs_sticky_lock_unref(key->sticky);
	key->sticky = lock;
}

static GMutex *mutex_of(EcryptfsKey *key)
{
	switch (key->pki->module->concurrency) {
	case ECRYPTFS_PKI_PARALLEL:
		return NULL;
	case ECRYPTFS_PKI_SERIAL_PER_KEY:
		return &key->lock;
	case ECRYPTFS_PKI_SERIAL_PER_MODULE:
		return &key->pki->lock;
	}
	g_assert_not_reached();
}

static GMutex *enter(EcryptfsKey *key)
{
	GMutex *mutex = mutex_of(key);

	if (mutex)
		g_mutex_lock(mutex);
	return mutex;
}

static void leave(GMutex *mutex)
{
	if (mutex)
		g_mutex_unlock(mutex);
}

bool ecryptfs_key_wrap(EcryptfsKey *key, enum ecryptfs_scheme scheme,
		       const uint8_t *plain, size_t plain_len,
		       uint8_t *wrapped, size_t wrapped_cap,
		       size_t *wrapped_len, GError **error)
{
	GError *cause = NULL;
	GMutex *mutex;
	bool done;

	if (!key->pki)
		return ecryptfs_public_key_wrap(key->reg->public_key, scheme,
						plain, plain_len, wrapped,
						wrapped_cap, wrapped_len,
						error);
	mutex = enter(key);
	done = key->pki->module->wrap(key->handle, scheme, plain, plain_len,
				      wrapped, wrapped_cap, wrapped_len,
				      &cause);
	leave(mutex);
	if (!done)
		hand_on(key->pki, "wrap", cause, error);
	return done;
}

static bool check_unlocked(EcryptfsKey *key, GError **error)
{
	const char *name = key->reg->name;

	if (!ecryptfs_sticky_lock_is_set(key->sticky))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED,
		    "key \"%s\" is locked; \"ecryptfs-manager unlock %s\" "
		    "opens it", name, name);
	return false;
}

static bool private_half_at_hand(EcryptfsKey *key, GError **error)
{
	if (key->pki)
		return check_unlocked(key, error);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_ABSENT,
		    "only the public half of key \"%s\" is here",
		    key->reg->name);
	return false;
}

/*
 * After a module's call: when `lock` came meanwhile, the module may have read
 * the key again, or got its secret, behind the back of that lock.
 */
static bool drop_if_locked(EcryptfsKey *key, GError **error)
{
	if (check_unlocked(key, error))
		return false;
	ecryptfs_key_drop_secret(key);
	return true;
}

EcryptfsSecret *ecryptfs_key_unwrap(EcryptfsKey *key,
				    enum ecryptfs_scheme scheme,
				    const uint8_t *wrapped, size_t wrapped_len,
				    GError **error)
{
	g_autoptr(EcryptfsSecret) plain = NULL;
	GError *cause = NULL;
	GMutex *mutex;

	if (!private_half_at_hand(key, error))
		return NULL;
	mutex = enter(key);
	plain = key->pki->module->unwrap(key->handle, scheme, wrapped,
					 wrapped_len, &cause);
	leave(mutex);
	if (!plain) {
		drop_if_locked(key, NULL);
		hand_on(key->pki, "unwrap", cause, error);
		return NULL;
	}
	return drop_if_locked(key, error) ? NULL : g_steal_pointer(&plain);
}

static bool needs_secret(EcryptfsKey *key)
{
	struct ecryptfs_pki_key_state state;

	ecryptfs_key_state(key, &state);
	return state.needs_secret;
}

static bool give_secret(EcryptfsKey *key, const EcryptfsSecret *secret,
			GError **error)
{
	GError *cause = NULL;
	GMutex *mutex;
	bool done;

	if (!key->pki->module->unlock || !needs_secret(key))
		return true;
	if (!secret) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED,
			    "key \"%s\" needs its PIN or passphrase",
			    key->reg->name);
		return false;
	}
	mutex = enter(key);
	done = key->pki->module->unlock(key->handle, secret, &cause);
	leave(mutex);
	if (!done)
		hand_on(key->pki, "unlock", cause, error);
	return done;
}

bool ecryptfs_key_unlock(EcryptfsKey *key, const EcryptfsSecret *secret,
			 GError **error)
{
	unsigned int count = ecryptfs_sticky_lock_count(key->sticky);

	if (!key->pki) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_ABSENT,
			    "only the public half of key \"%s\" is here: "
			    "there is nothing to unlock", key->reg->name);
		return false;
	}
	if (!give_secret(key, secret, error))
		return false;
	if (ecryptfs_sticky_lock_lift(key->sticky, count))
		return true;
	ecryptfs_key_drop_secret(key);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED,
		    "key \"%s\" was locked again while it was being unlocked",
		    key->reg->name);
	return false;
}

void ecryptfs_key_lock(EcryptfsKey *key)
{
	ecryptfs_sticky_lock_set(key->sticky);
	ecryptfs_key_drop_secret(key);
}

void ecryptfs_key_drop_secret(EcryptfsKey *key)
{
	if (key->pki && key->pki->module->lock)
		key->pki->module->lock(key->handle);
}

bool ecryptfs_key_is_locked(EcryptfsKey *key)
{
	return ecryptfs_sticky_lock_is_set(key->sticky);
}

void ecryptfs_key_state(EcryptfsKey *key, struct ecryptfs_pki_key_state *state)
{
	memset(state, 0, sizeof(*state));
	state->tries_left = -1;
	if (key->pki)
		key->pki->module->state(key->handle, state);
	else
		state->code = ECRYPTFS_ERROR_ABSENT;
	if (ecryptfs_key_is_locked(key))
		state->code = ECRYPTFS_ERROR_LOCKED;
}

bool ecryptfs_key_passwd(EcryptfsKey *key, const EcryptfsSecret *old,
			 const EcryptfsSecret *fresh, GError **error)
{
	GError *cause = NULL;
	GMutex *mutex;
	bool done;

	if (!key->pki || !key->pki->module->passwd) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "key \"%s\" has no PIN or passphrase that could "
			    "be changed here", key->reg->name);
		return false;
	}
	mutex = enter(key);
	done = key->pki->module->passwd(key->handle, old, fresh, &cause);
	leave(mutex);
	if (!done)
		hand_on(key->pki, "passwd", cause, error);
	return done;
}
