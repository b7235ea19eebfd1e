/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between ecryptfs-manager's dispatcher and its verbs. A verb is one file,
 * cmd-VERB.c, that ends with its row of the table: name, usage, help, options
 * and the function that runs it. The rows feed the command line, --help and
 * completion alike.
 */
#ifndef CMD_H
#define CMD_H

#include "libecryptfs/key.h"
#include "libecryptfs/keyring.h"
#include "utils/output.h"

/**
 * cmd_option_kind:
 * @CMD_OPTION_FLAG: takes no value; cmd_flag() asks for it
 * @CMD_OPTION_TEXT: takes a value; cmd_value() asks for it
 * @CMD_OPTION_FILE: the same, completed as a file name
 * @CMD_OPTION_DIRECTORY: the same, completed as a directory
 * @CMD_OPTION_CHOICE: the same, one of the words in @value, which the
 *   command line checks
 * @CMD_OPTION_LIST: takes words with commas between them; given again it adds
 *   to them, as -o of mount(8) does
 */
enum cmd_option_kind {
	CMD_OPTION_FLAG,
	CMD_OPTION_TEXT,
	CMD_OPTION_FILE,
	CMD_OPTION_DIRECTORY,
	CMD_OPTION_CHOICE,
	CMD_OPTION_LIST,
};

/**
 * cmd_option:
 * @name: without the dashes, e.g. "secret-file"; %NULL ends a table
 * @kind: what it takes
 * @value: (nullable): what --help calls the value, e.g. "FILE"; for
 *   %CMD_OPTION_CHOICE the words themselves, e.g. "user|session|persistent"
 * @help: one sentence without capital and full stop
 * @default_value: (nullable): what --help says counts without it
 * @letter: 0, or the short form where everybody knows one: -o of mount(8)
 */
struct cmd_option {
	const char *name;
	enum cmd_option_kind kind;
	const char *value;
	const char *help;
	const char *default_value;
	char letter;
};

/* Rows that several verbs share. */
#define CMD_OPTIONS_SECRET \
	{ "secret-file", CMD_OPTION_FILE, "FILE", \
	  "read the passphrase from FILE, which nobody else may read" }, \
	{ "secret-fd", CMD_OPTION_TEXT, "N", \
	  "read the passphrase, one line, from file descriptor N" }
#define CMD_OPTION_KEYRING \
	{ "keyring", CMD_OPTION_CHOICE, "user|session|persistent", \
	  "which kernel keyring holds the auth tok", "user" }

/**
 * cmd_operand_kind:
 * @CMD_OPERAND_NONE: nothing
 * @CMD_OPERAND_KEY: names of registered keys
 * @CMD_OPERAND_NEW_NAME: a name that is not taken
 * @CMD_OPERAND_DIRECTORY: directories
 * @CMD_OPERAND_KEY_THEN_DIRECTORY: NAME[,NAME...], then directories
 *
 * What the words after the options are; for completion.
 */
enum cmd_operand_kind {
	CMD_OPERAND_NONE,
	CMD_OPERAND_KEY,
	CMD_OPERAND_NEW_NAME,
	CMD_OPERAND_DIRECTORY,
	CMD_OPERAND_KEY_THEN_DIRECTORY,
};

#define CMD_OPERANDS_ANY G_MAXUINT

struct cmd;

/**
 * cmd_verb:
 * @name: the word on the command line
 * @alias: (nullable): another word for it
 * @operands: what follows the verb in the usage line, e.g. "NAME --pki=MODULE"
 * @summary: one line for the list of verbs
 * @help: paragraphs for --help, lines of at most 78 columns, each ended by
 *   a newline
 * @options: (nullable): its own options, ended by a row without name; --help,
 *   --json and --module-dir are everybody's
 * @operand_kind: for completion
 * @min_operands: fewest words after the options
 * @max_operands: most, or %CMD_OPERANDS_ANY
 * @module_options: also takes the options of the module that --pki names:
 *   0, %ECRYPTFS_PKI_PARAM_FOR_GENERATE or %ECRYPTFS_PKI_PARAM_FOR_IMPORT
 * @run: does it. On failure sets the error, whose code is the exit status,
 *   and may call cmd_blame() and cmd_fix() first. Everything that it prints on
 *   stdout goes through cmd->out.
 */
struct cmd_verb {
	const char *name;
	const char *alias;
	const char *operands;
	const char *summary;
	const char *help;
	const struct cmd_option *options;
	enum cmd_operand_kind operand_kind;
	unsigned int min_operands;
	unsigned int max_operands;
	unsigned int module_options;
	bool (*run)(struct cmd *cmd, GError **error);
};

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

/* The table, ended by NULL, in the order in which --help shows it. */
extern const struct cmd_verb *const cmd_verbs[];

extern const struct cmd_verb cmd_generate;
extern const struct cmd_verb cmd_import;
extern const struct cmd_verb cmd_export;
extern const struct cmd_verb cmd_add;
extern const struct cmd_verb cmd_remove;
extern const struct cmd_verb cmd_list;
extern const struct cmd_verb cmd_show;
extern const struct cmd_verb cmd_unlock;
extern const struct cmd_verb cmd_lock;
extern const struct cmd_verb cmd_passwd;
extern const struct cmd_verb cmd_rename;
extern const struct cmd_verb cmd_destroy;
extern const struct cmd_verb cmd_test;
extern const struct cmd_verb cmd_mount;
extern const struct cmd_verb cmd_umount;
extern const struct cmd_verb cmd_status;
extern const struct cmd_verb cmd_list_modules;

#endif
