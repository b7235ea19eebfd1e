/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of verbs: name, usage, help, options and the function that runs
 * it. The rows feed the command line, --help and completion alike. A verb is
 * one file, cmd-VERB.c, that ends with its row.
 */
#ifndef CMD_VERB_H
#define CMD_VERB_H

#include "libecryptfs/ecryptfs.h"

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
