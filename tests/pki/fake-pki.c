/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PKI module for tests, a real shared object: it wraps without any
 * cryptography and does whatever the locator tells it to do: fail in each way
 * that the ABI knows, take its time, break the contract. Built three times,
 * once for each kind of concurrency. Never installed.
 */
#include "libecryptfs/ecryptfs-pki-module.h"

#include <string.h>

#define FAKE_MASK 0x5a

struct fake_key {
	EcryptfsPublicKey *public_key;
	EcryptfsParams *params;
	char *secret;
	gint unlocked;
	gint running;
	gint most_running;
};

/* Over all keys, for the module that is serial as a whole. */
static gint fake_running;
static gint fake_most_running;

static const struct ecryptfs_pki_param fake_params[] = {
	{ "spki", "DER public key that public-id shows at import",
	  ECRYPTFS_PKI_PARAM_PATH,
	  ECRYPTFS_PKI_PARAM_FOR_IMPORT | ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "pretend", "DER public key that public-id shows instead of its own",
	  ECRYPTFS_PKI_PARAM_PATH, ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "open", "what key_open does: ok, fail, null",
	  ECRYPTFS_PKI_PARAM_STRING, ECRYPTFS_PKI_PARAM_LOCATOR, "ok" },
	{ "wrap", "what wrap does: ok, fail, null, overrun, nothing",
	  ECRYPTFS_PKI_PARAM_STRING, ECRYPTFS_PKI_PARAM_LOCATOR, "ok" },
	{ "unwrap", "ok, absent, lockout, policy, busy, rejected, null, "
	  "garbage, nothing, long", ECRYPTFS_PKI_PARAM_STRING,
	  ECRYPTFS_PKI_PARAM_LOCATOR, "ok" },
	{ "delay-ms", "how long wrap and unwrap take",
	  ECRYPTFS_PKI_PARAM_STRING,
	  ECRYPTFS_PKI_PARAM_FOR_IMPORT | ECRYPTFS_PKI_PARAM_LOCATOR, "0" },
	{ "wrap-delay-ms", "how long wrap takes, when not delay-ms",
	  ECRYPTFS_PKI_PARAM_STRING, ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "gate", "wrap and unwrap wait until there is a file of that name",
	  ECRYPTFS_PKI_PARAM_PATH, ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "state-gate", "state waits until there is a file of that name",
	  ECRYPTFS_PKI_PARAM_PATH, ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "open-gate", "key_open waits until there is a file of that name",
	  ECRYPTFS_PKI_PARAM_PATH, ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "unlock-gate", "unlock waits until there is a file of that name",
	  ECRYPTFS_PKI_PARAM_PATH, ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "rereads", "yes: unwrap has the secret again when it ends",
	  ECRYPTFS_PKI_PARAM_BOOL, ECRYPTFS_PKI_PARAM_LOCATOR, "no" },
	{ "pin", "what unlock wants; no lock without it",
	  ECRYPTFS_PKI_PARAM_STRING, ECRYPTFS_PKI_PARAM_LOCATOR, NULL },
	{ "hardware", "yes: says that it is a device",
	  ECRYPTFS_PKI_PARAM_BOOL, ECRYPTFS_PKI_PARAM_LOCATOR, "no" },
};

static const char *fake_told(const struct fake_key *key, const char *name)
{
	const char *value = ecryptfs_params_get(key->params, name);

	return value ? value : "ok";
}

static void fake_raise(gint *most, gint now)
{
	gint seen = g_atomic_int_get(most);

	while (now > seen &&
	       !g_atomic_int_compare_and_exchange(most, seen, now))
		seen = g_atomic_int_get(most);
}

/*
 * A module that hangs, until the test lets it go. That it does, a file
 * beside the gate says.
 */
static void fake_wait_at(const EcryptfsParams *params, const char *name)
{
	const char *gate = ecryptfs_params_get(params, name);
	g_autofree char *reached = g_strconcat(gate ? gate : "", ".reached",
					       NULL);

	if (gate && !g_file_test(gate, G_FILE_TEST_EXISTS))
		g_file_set_contents(reached, "", 0, NULL);
	while (gate && !g_file_test(gate, G_FILE_TEST_EXISTS))
		g_usleep(1000);
}

static void fake_begin(struct fake_key *key, const char *first_delay)
{
	const char *delay = NULL;

	fake_raise(&key->most_running,
		   g_atomic_int_add(&key->running, 1) + 1);
	fake_raise(&fake_most_running, g_atomic_int_add(&fake_running, 1) + 1);

	if (first_delay)
		delay = ecryptfs_params_get(key->params, first_delay);
	if (!delay)
		delay = ecryptfs_params_get(key->params, "delay-ms");
	if (delay)
		g_usleep(g_ascii_strtoull(delay, NULL, 10) * 1000);
	fake_wait_at(key->params, "gate");
}

static void fake_end(struct fake_key *key)
{
	g_atomic_int_add(&fake_running, -1);
	g_atomic_int_add(&key->running, -1);
}

static GBytes *fake_read(const char *path, GError **error)
{
	g_autofree char *data = NULL;
	gsize data_len;

	if (!g_file_get_contents(path, &data, &data_len, NULL)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_ABSENT,
			    "the fake module cannot read %s", path);
		return NULL;
	}
	return g_bytes_new(data, data_len);
}

static bool fake_import(void *module_state, EcryptfsParams *params,
			GError **error)
{
	(void)module_state;
	if (ecryptfs_params_get(params, "spki"))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "the fake module wants --spki");
	return false;
}

static void fake_key_close(void *handle)
{
	struct fake_key *key = handle;

	ecryptfs_public_key_unref(key->public_key);
	ecryptfs_params_free(key->params);
	g_free(key->secret);
	g_free(key);
}

static bool fake_key_read_public(struct fake_key *key, GError **error)
{
	const char *path = ecryptfs_params_get(key->params, "spki");
	g_autoptr(GBytes) spki = NULL;

	if (!path) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "the fake module was given no public key");
		return false;
	}
	spki = fake_read(path, error);
	if (!spki)
		return false;
	key->public_key = ecryptfs_public_key_new(
		g_bytes_get_data(spki, NULL), g_bytes_get_size(spki), error);
	return key->public_key != NULL;
}

static void *fake_key_open(void *module_state, const EcryptfsParams *params,
			   EcryptfsPublicKey *public_key, GError **error)
{
	const char *told = ecryptfs_params_get(params, "open");
	struct fake_key *key;

	(void)module_state;
	if (g_strcmp0(told, "null") == 0)
		return NULL;
	if (g_strcmp0(told, "fail") == 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "the fake module does not open it");
		return NULL;
	}

	fake_wait_at(params, "open-gate");
	key = g_new0(struct fake_key, 1);
	key->params = ecryptfs_params_dup(params);
	key->secret = g_strdup(ecryptfs_params_get(params, "pin"));
	if (public_key) {
		key->public_key = ecryptfs_public_key_ref(public_key);
	} else if (!fake_key_read_public(key, error)) {
		fake_key_close(key);
		return NULL;
	}
	return key;
}

static GBytes *fake_public_id(void *handle, GError **error)
{
	struct fake_key *key = handle;
	const char *pretend = ecryptfs_params_get(key->params, "pretend");

	if (pretend)
		return fake_read(pretend, error);
	return g_bytes_ref(ecryptfs_public_key_spki(key->public_key));
}

/* What the public key would make of it in size; the content is a mask. */
static bool fake_wrap_bytes(struct fake_key *key, enum ecryptfs_scheme scheme,
			    const uint8_t *plain, size_t plain_len,
			    uint8_t *wrapped, size_t wrapped_cap,
			    size_t *wrapped_len, GError **error)
{
	size_t size = ecryptfs_public_key_wrapped_size(key->public_key, scheme,
						       plain_len);
	size_t i;

	if (size == 0 || size > wrapped_cap) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_TOO_LARGE,
			    "the fake module has no room");
		return false;
	}
	memset(wrapped, 0, size);
	wrapped[0] = (uint8_t)plain_len;
	for (i = 0; i < plain_len; i++)
		wrapped[1 + i] = plain[i] ^ FAKE_MASK;
	*wrapped_len = size;
	return true;
}

static bool fake_wrap(void *handle, enum ecryptfs_scheme scheme,
		      const uint8_t *plain, size_t plain_len, uint8_t *wrapped,
		      size_t wrapped_cap, size_t *wrapped_len, GError **error)
{
	struct fake_key *key = handle;
	const char *told = fake_told(key, "wrap");
	bool done = false;

	fake_begin(key, "wrap-delay-ms");
	if (strcmp(told, "fail") == 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
			    "the fake module does not wrap");
	} else if (strcmp(told, "overrun") == 0) {
		/* Says that it wrote more than there was room for. */
		*wrapped_len = wrapped_cap + 1;
		done = true;
	} else if (strcmp(told, "nothing") == 0) {
		*wrapped_len = 0;
		done = true;
	} else if (strcmp(told, "null") != 0) {
		done = fake_wrap_bytes(key, scheme, plain, plain_len, wrapped,
				       wrapped_cap, wrapped_len, error);
	}
	fake_end(key);
	return done;
}

static const struct {
	const char *told;
	enum ecryptfs_error code;
} fake_failures[] = {
	{ "absent", ECRYPTFS_ERROR_ABSENT },
	{ "lockout", ECRYPTFS_ERROR_LOCKOUT },
	{ "policy", ECRYPTFS_ERROR_POLICY },
	{ "busy", ECRYPTFS_ERROR_BUSY },
	{ "rejected", ECRYPTFS_ERROR_REJECTED },
};

static enum ecryptfs_error fake_state_code(struct fake_key *key)
{
	const char *told = fake_told(key, "unwrap");
	size_t i;

	if (key->secret && !g_atomic_int_get(&key->unlocked))
		return ECRYPTFS_ERROR_LOCKED;
	for (i = 0; i < G_N_ELEMENTS(fake_failures); i++)
		if (strcmp(told, fake_failures[i].told) == 0)
			return fake_failures[i].code;
	return ECRYPTFS_ERROR_NONE;
}

/* Plaintexts that no caller may believe. */
static EcryptfsSecret *fake_nonsense(const char *told)
{
	static const uint8_t garbage[ECRYPTFS_MAX_PACKET_BYTES] = { 7, 1, 2 };

	if (strcmp(told, "garbage") == 0)
		return ecryptfs_secret_new_from(garbage, 19);
	if (strcmp(told, "nothing") == 0)
		return ecryptfs_secret_new(1);
	if (strcmp(told, "long") == 0)
		return ecryptfs_secret_new_from(garbage, sizeof(garbage));
	return NULL;
}

static EcryptfsSecret *fake_unmask(const uint8_t *wrapped, size_t wrapped_len,
				   GError **error)
{
	EcryptfsSecret *plain;
	size_t i;

	if (wrapped_len == 0 || wrapped[0] > wrapped_len - 1) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_REJECTED,
			    "the fake module rejects it");
		return NULL;
	}
	plain = ecryptfs_secret_new(wrapped[0] + 1u);
	for (i = 0; i < wrapped[0]; i++)
		ecryptfs_secret_data(plain)[i] = wrapped[1 + i] ^ FAKE_MASK;
	ecryptfs_secret_set_len(plain, wrapped[0]);
	return plain;
}

static EcryptfsSecret *fake_unwrap(void *handle, enum ecryptfs_scheme scheme,
				   const uint8_t *wrapped, size_t wrapped_len,
				   GError **error)
{
	struct fake_key *key = handle;
	const char *told = fake_told(key, "unwrap");
	enum ecryptfs_error code = fake_state_code(key);
	EcryptfsSecret *plain = NULL;

	(void)scheme;
	fake_begin(key, NULL);
	if (code != ECRYPTFS_ERROR_NONE)
		g_set_error(error, ECRYPTFS_ERROR, code,
			    "the fake module says %s",
			    ecryptfs_error_name(code));
	else if (strcmp(told, "ok") == 0)
		plain = fake_unmask(wrapped, wrapped_len, error);
	else
		plain = fake_nonsense(told);
	if (ecryptfs_params_get_bool(key->params, "rereads"))
		g_atomic_int_set(&key->unlocked, true);
	fake_end(key);
	return plain;
}

static bool fake_unlock(void *handle, const EcryptfsSecret *secret,
			GError **error)
{
	struct fake_key *key = handle;

	if (!key->secret)
		return true;
	fake_wait_at(key->params, "unlock-gate");
	if (secret && ecryptfs_secret_len(secret) == strlen(key->secret) &&
	    memcmp(ecryptfs_secret_data(secret), key->secret,
		   strlen(key->secret)) == 0) {
		g_atomic_int_set(&key->unlocked, true);
		return true;
	}
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_SECRET,
		    "the fake module wants another PIN");
	return false;
}

static void fake_lock(void *handle)
{
	struct fake_key *key = handle;

	g_atomic_int_set(&key->unlocked, false);
}

/*
 * Tells the tests how many operations it saw at a time: on this key in
 * tries_left, in the whole module in lockout_until.
 */
static void fake_state(void *handle, struct ecryptfs_pki_key_state *state)
{
	struct fake_key *key = handle;

	fake_wait_at(key->params, "state-gate");
	state->code = fake_state_code(key);
	state->needs_secret = key->secret != NULL;
	state->hardware = ecryptfs_params_get_bool(key->params, "hardware");
	state->tries_left = g_atomic_int_get(&key->most_running);
	state->lockout_until = g_atomic_int_get(&fake_most_running);
}


const struct ecryptfs_pki_module ecryptfs_pki_module_v1 = {
	.abi = ECRYPTFS_PKI_MODULE_ABI,
	.name = FAKE_NAME,
	.description = "for tests: no cryptography at all",
	.params = fake_params,
	.params_len = G_N_ELEMENTS(fake_params),
	.concurrency = FAKE_CONCURRENCY,
	.import = fake_import,
	.key_open = fake_key_open,
	.key_close = fake_key_close,
	.public_id = fake_public_id,
	.wrap = fake_wrap,
	.unwrap = fake_unwrap,
	.unlock = fake_unlock,
	.lock = fake_lock,
	.state = fake_state,
};
