/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table of verbs says to people (--help) and to the shell
 * (--completion).
 */
#ifndef COMMAND_HELP_H
#define COMMAND_HELP_H

#include "utils/cmd.h"

/* (transfer full): all verbs and the exit statuses. */
char *command_help_usage(void);

/* (transfer full): one verb, with the options of the installed modules. */
char *command_help_verb(struct cmd *cmd);

/**
 * command_help_completion:
 * @cmd: (nullable): a run of the verb to complete; %NULL for the verbs
 *   themselves
 *
 * For the shell's completion, which must not parse --help. Without a verb one
 * verb per line. With one: a line "operands KIND", KIND being one of none,
 * key, new-name, directory, key-then-directory; then a line per option:
 * "--NAME KIND WORDS", KIND being flag, text, file, directory or choice, WORDS
 * the choices. Options of a PKI module follow when --pki names one.
 *
 * Returns: (transfer full): the lines
 */
char *command_help_completion(struct cmd *cmd);

#endif
