/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For authors of PKI modules: the table that a shared object exports as its
 * one symbol, ecryptfs_pki_module_v1. Callers use pki.h and key.h instead.
 */
#ifndef ECRYPTFS_PKI_MODULE_H
#define ECRYPTFS_PKI_MODULE_H

#include "libecryptfs/ecryptfs.h"

G_BEGIN_DECLS

#define ECRYPTFS_PKI_MODULE_ABI 1
#define ECRYPTFS_PKI_MODULE_SYMBOL "ecryptfs_pki_module_v1"

/**
 * ecryptfs_pki_param_kind:
 * @ECRYPTFS_PKI_PARAM_STRING: any text
 * @ECRYPTFS_PKI_PARAM_PATH: a file; tools make it absolute
 * @ECRYPTFS_PKI_PARAM_BOOL: "yes" or "no"
 * @ECRYPTFS_PKI_PARAM_SECRET: a PIN or passphrase: an EcryptfsSecret, never
 *   a string, never stored, never taken from the command line
 */
enum ecryptfs_pki_param_kind {
	ECRYPTFS_PKI_PARAM_STRING,
	ECRYPTFS_PKI_PARAM_PATH,
	ECRYPTFS_PKI_PARAM_BOOL,
	ECRYPTFS_PKI_PARAM_SECRET,
};

/* Where a parameter counts; or-ed into ecryptfs_pki_param.uses. */
#define ECRYPTFS_PKI_PARAM_FOR_GENERATE (1u << 0)
#define ECRYPTFS_PKI_PARAM_FOR_IMPORT (1u << 1)
#define ECRYPTFS_PKI_PARAM_LOCATOR (1u << 2) /* kept in the registration */
#define ECRYPTFS_PKI_PARAM_REQUIRED (1u << 3)

/**
 * ecryptfs_pki_param:
 * @name: word, e.g. "file"; the option is "--file", the registration's key
 *   is "file"
 * @help: one line for people
 * @kind: what it holds
 * @uses: ECRYPTFS_PKI_PARAM_FOR_... bits
 * @default_value: (nullable): used when the person gives none
 *
 * One row of a module's parameter table. It feeds options, --help, JSON and
 * prompts alike.
 */
struct ecryptfs_pki_param {
	const char *name;
	const char *help;
	enum ecryptfs_pki_param_kind kind;
	unsigned int uses;
	const char *default_value;
};

/**
 * ecryptfs_pki_concurrency:
 * @ECRYPTFS_PKI_PARALLEL: any number of operations at a time
 * @ECRYPTFS_PKI_SERIAL_PER_KEY: one at a time on each key handle
 * @ECRYPTFS_PKI_SERIAL_PER_MODULE: one at a time in the whole module
 *
 * What callers hold to when they call @wrap, @unwrap, @unlock and @passwd.
 * @lock and @state may come at any time, from any thread, also while one of
 * those runs: they must not wait for it.
 */
enum ecryptfs_pki_concurrency {
	ECRYPTFS_PKI_PARALLEL,
	ECRYPTFS_PKI_SERIAL_PER_KEY,
	ECRYPTFS_PKI_SERIAL_PER_MODULE,
};

/**
 * ecryptfs_pki_key_state:
 * @code: %ECRYPTFS_ERROR_NONE when an unwrap would start now, else the
 *   state error that it would give: ABSENT, LOCKED, LOCKOUT, POLICY, BUSY
 * @needs_secret: the key has a PIN or passphrase at all
 * @hardware: the private operation happens in a device
 * @tries_left: of the PIN, -1 when unknown or not counted
 * @lockout_until: UNIX time at which a lockout ends, 0 when none or unknown
 */
struct ecryptfs_pki_key_state {
	enum ecryptfs_error code;
	bool needs_secret;
	bool hardware;
	int tries_left;
	int64_t lockout_until;
};

/**
 * ecryptfs_pki_module:
 * @abi: must be %ECRYPTFS_PKI_MODULE_ABI; the loader refuses any other
 * @name: 1 to %ECRYPTFS_PKI_NAME_MAX of a-z 0-9 and '-', as the file's name
 * @description: one line for people
 * @params: (array length=params_len): its parameter table
 * @params_len: rows in @params
 * @concurrency: how it may be called
 * @open: (nullable): make per-process state; called once, before all else
 * @close: (nullable): undo @open; called once, last, no operation running
 * @generate: (nullable): make a key pair as the params say (those marked
 *   FOR_GENERATE) and set the locator params. The key must be complete and
 *   durable when this returns %true; otherwise nothing may be left behind.
 * @import: (nullable): check an existing key that the params name and set
 *   or normalise the locator params; changes nothing on disk or device
 * @key_open: mandatory: a handle from the locator params. @public_key is the
 *   public half from the registration, %NULL at import. With it, opening
 *   must succeed without the private half (file gone, token absent, locked):
 *   wrapping goes on. Secret params are given at generate and import only.
 * @key_close: mandatory: wipes and frees the handle; nothing runs on it
 * @public_id: mandatory: (transfer full): DER SubjectPublicKeyInfo, read
 *   from the private half where that is at hand; the caller compares it
 *   with the registration's
 * @wrap: mandatory: needs the public half only, never a person; see
 *   ecryptfs_public_key_wrap()
 * @unwrap: mandatory: the private operation. Must refuse a private half that
 *   does not belong to the public key with %ECRYPTFS_ERROR_UNUSABLE, before
 *   the ciphertext is touched. For %ECRYPTFS_SCHEME_RSA_RAW returns modulus
 *   size bytes. Errors: a state code decided before the ciphertext was
 *   touched, else %ECRYPTFS_ERROR_REJECTED.
 * @unlock: (nullable): take a PIN or passphrase for the operations that
 *   follow; proves that it is right, or fails with BAD_SECRET or LOCKOUT
 * @lock: (nullable): drop PIN, parsed private key, login
 * @state: mandatory: never blocks longer than a device's status query
 * @passwd: (nullable): re-encrypt the private half under @fresh (%NULL: no
 *   passphrase); atomic, the new copy proven before the old one goes
 *
 * What a PKI module exports. Functions that return bool or a pointer set
 * their GError (domain %ECRYPTFS_ERROR) on failure and name what to do.
 */
struct ecryptfs_pki_module {
	unsigned int abi;
	const char *name;
	const char *description;
	const struct ecryptfs_pki_param *params;
	size_t params_len;
	enum ecryptfs_pki_concurrency concurrency;

	bool (*open)(void **module_state, GError **error);
	void (*close)(void *module_state);

	bool (*generate)(void *module_state, EcryptfsParams *params,
			 GError **error);
	bool (*import)(void *module_state, EcryptfsParams *params,
		       GError **error);

	void *(*key_open)(void *module_state, const EcryptfsParams *params,
			  EcryptfsPublicKey *public_key, GError **error);
	void (*key_close)(void *key);
	GBytes *(*public_id)(void *key, GError **error);

	bool (*wrap)(void *key, enum ecryptfs_scheme scheme,
		     const uint8_t *plain, size_t plain_len, uint8_t *wrapped,
		     size_t wrapped_cap, size_t *wrapped_len, GError **error);
	EcryptfsSecret *(*unwrap)(void *key, enum ecryptfs_scheme scheme,
				  const uint8_t *wrapped, size_t wrapped_len,
				  GError **error);

	bool (*unlock)(void *key, const EcryptfsSecret *secret,
		       GError **error);
	void (*lock)(void *key);
	void (*state)(void *key, struct ecryptfs_pki_key_state *state);
	bool (*passwd)(void *key, const EcryptfsSecret *old,
		       const EcryptfsSecret *fresh, GError **error);
};

G_END_DECLS

#endif
