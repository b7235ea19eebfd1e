/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between ecryptfs-manager's dispatcher and its verbs: one run of one verb,
 * and what the verbs need of it.
 */
#ifndef CMD_H
#define CMD_H

#include "libecryptfs/key.h"
#include "libecryptfs/keyring.h"
#include "utils/cmd-verb.h"
#include "utils/output.h"

/**
 * cmd:
 * @verb: which one runs
 * @operands: (array length=operands_len): words after the options, borrowed
 *   from the command line
 * @operands_len: how many
 * @out: where results go: the one JSON object, or plain text
 * @options: values of the options by name; use cmd_flag() and cmd_value()
 * @modules: (nullable): use cmd_modules()
 * @blame: (nullable): see cmd_blame()
 * @fix: (nullable): see cmd_fix()
 *
 * One run of one verb.
 */
struct cmd {
	const struct cmd_verb *verb;
	char **operands;
	size_t operands_len;
	Output *out;
	EcryptfsParams *options;
	EcryptfsPkiList *modules;
	char *blame;
	char *fix;
};

/* Whether a FLAG was given. */
bool cmd_flag(const struct cmd *cmd, const char *option);

/* (transfer none) (nullable): an option's value. */
const char *cmd_value(const struct cmd *cmd, const char *option);

/* --keyring, or the default; the command line has checked the word. */
enum ecryptfs_keyring_which cmd_keyring(const struct cmd *cmd);

/**
 * cmd_modules:
 * @cmd: a run
 *
 * The installed PKI modules (those below --module-dir when it was given),
 * loaded at the first call. A refused one is told on stderr.
 *
 * Returns: (transfer none) (not nullable): freed with @cmd
 */
EcryptfsPkiList *cmd_modules(struct cmd *cmd);

/**
 * cmd_registration:
 * @cmd: a run
 * @name: a registered key
 * @error: (nullable): return location; blames @name
 *
 * Returns: (transfer full) (nullable): its registration
 */
EcryptfsRegistration *cmd_registration(struct cmd *cmd, const char *name,
				       GError **error);

/**
 * cmd_open_key:
 * @cmd: a run
 * @reg: (transfer none): a registration
 * @error: (nullable): return location; blames its name
 *
 * Returns: (transfer full) (nullable): the key, to be dropped before @cmd
 */
EcryptfsKey *cmd_open_key(struct cmd *cmd, EcryptfsRegistration *reg,
			  GError **error);

/**
 * cmd_load_auth_tok:
 * @cmd: a run
 * @reg: (transfer none): a registration
 * @error: (nullable): return location; blames its name
 *
 * Refuses a key that could not be used (file gone, too large), puts the auth
 * tok of @reg into the keyring that --keyring names and says on stderr when
 * the session had to be linked to it. What `add` does with each name; `mount`
 * calls it too. A locked key passes.
 */
bool cmd_load_auth_tok(struct cmd *cmd, EcryptfsRegistration *reg,
		       GError **error);

/**
 * cmd_unload_auth_tok:
 * @cmd: a run
 * @reg: (transfer none): a registration that is about to go
 * @error: (nullable): return location
 *
 * Takes its auth tok out of the keyring; when another registration has the
 * same signature, the auth tok stays and names that one.
 *
 * Errors: %ECRYPTFS_ERROR_NO_KEY when it was not loaded
 */
bool cmd_unload_auth_tok(struct cmd *cmd, const EcryptfsRegistration *reg,
			 GError **error);

/**
 * cmd_reload_daemon:
 *
 * Tells a running daemon to read the registrations again; trouble is a
 * warning.
 *
 * Returns: whether there is a daemon
 */
bool cmd_reload_daemon(struct cmd *cmd);

/* Says which key the coming error is about; copied. */
void cmd_blame(struct cmd *cmd, const char *name);

/* Says which command mends the coming error, better than its code does. */
void cmd_fix(struct cmd *cmd, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A line on stderr that is no result: progress, a hint. */
void cmd_note(struct cmd *cmd, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* "warning: ..." on stderr, and in the JSON object's "warnings". */
void cmd_warn(struct cmd *cmd, const char *format, ...) G_GNUC_PRINTF(2, 3);

/**
 * cmd_fix_of:
 *
 * Returns: (transfer full) (nullable): the command that mends @error: what
 *   cmd_fix() said, else what its code suggests
 */
char *cmd_fix_of(const struct cmd *cmd, const GError *error);

/* Says @error on stderr and, with --json, in the object; the dispatcher's. */
void cmd_report(struct cmd *cmd, const GError *error);

#endif
