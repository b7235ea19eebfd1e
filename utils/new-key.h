/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `generate` and `import` have in common once the module has said where
 * the key is: open, prove, register, in this order, so that what is registered
 * works.
 */
#ifndef NEW_KEY_H
#define NEW_KEY_H

#include "utils/cmd.h"
#include "utils/key-check.h"

/* Options of both verbs that go into the registration. */
#define NEW_KEY_OPTIONS \
	{ "mode", CMD_OPTION_CHOICE, "direct|compat", \
	  "what new files get; compat is RSA that ecryptfs-utils can read", \
	  "direct" }, \
	{ "pin-ttl", CMD_OPTION_TEXT, "SECONDS", \
	  "lock again after so long without use, 0 for never", "600" }, \
	{ "pin-ttl-max", CMD_OPTION_TEXT, "SECONDS", \
	  "lock again so long after unlock, 0 for never", "7200" }, \
	{ "slow", CMD_OPTION_FLAG, NULL, \
	  "take a key whose private operation lasts over 2 s" }

/* Whether @name can be a key's name and is free; EXISTS, USAGE. */
bool new_key_check_name(struct cmd *cmd, const char *name, GError **error);

/**
 * new_key_module_failed:
 * @pki: a module
 * @call: the name of its call that failed, e.g. "generate"
 * @error: (nullable): what the call was given
 *
 * Sees to it that there is an error, also by a module that sets none.
 *
 * Returns: %false
 */
bool new_key_module_failed(const EcryptfsPki *pki, const char *call,
			   GError **error);

/* (transfer none) (nullable): the module that --pki names. */
EcryptfsPki *new_key_pki(struct cmd *cmd, GError **error);

/**
 * new_key_open:
 * @cmd: a run
 * @pki: the module
 * @name: the name to be
 * @params: values, with the secret when there is one
 * @error: (nullable): return location
 *
 * Opens the key without a registration and makes one from it and the
 * options; saves nothing.
 *
 * Returns: (transfer full) (nullable): the key, unlocked
 */
EcryptfsKey *new_key_open(struct cmd *cmd, EcryptfsPki *pki, const char *name,
			  EcryptfsParams *params, GError **error);

/**
 * new_key_registration:
 * @cmd: a run
 * @name: the name to be
 * @pki_name: module, or "public"
 * @public_key: (transfer none): reffed
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): a registration as the options say,
 *   without module params; saved nowhere
 */
EcryptfsRegistration *new_key_registration(struct cmd *cmd, const char *name,
					   const char *pki_name,
					   EcryptfsPublicKey *public_key,
					   GError **error);

/* Saves the registration of a key that passed @check, and says so. */
bool new_key_save(struct cmd *cmd, EcryptfsKey *key,
		  const struct key_check *check, GError **error);

#endif
