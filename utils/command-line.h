/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the words on the command line to a struct cmd.
 */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include "utils/cmd.h"

/* Options that every verb takes; ended by a row without name. */
extern const struct cmd_option command_line_common_options[];

/**
 * command_line_find_verb:
 * @word: what was typed
 * @error: (nullable): return location; suggests the nearest verb
 *
 * Returns: (transfer none) (nullable): the row of @word, also by its alias
 *
 * Errors: %ECRYPTFS_ERROR_USAGE
 */
const struct cmd_verb *command_line_find_verb(const char *word,
					      GError **error);

/**
 * command_line_parse:
 * @cmd: a run whose verb and output are set; gets operands and options
 * @words: (array length=words_len): what follows the verb; borrowed by @cmd
 * @words_len: how many
 * @error: (nullable): return location; suggests the nearest option
 *
 * Options and operands may be mixed; "--" ends the options. With --help
 * nothing else is looked at.
 *
 * Errors: %ECRYPTFS_ERROR_USAGE, %ECRYPTFS_ERROR_NO_MODULE
 */
bool command_line_parse(struct cmd *cmd, char **words, size_t words_len,
			GError **error);

/* Whether @option stands among @words, before "--". */
bool command_line_has(char *const *words, size_t words_len,
		      const char *option);

#endif
