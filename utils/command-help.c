/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the table of verbs says to people (--help) and to the shell
 * (--completion). Nothing is written down twice.
 */
#include "utils/command-help.h"

#include <string.h>

#include "utils/command-line.h"
#include "utils/module-options.h"

#define COLUMNS 79
#define OPTION_COLUMN 30
#define MAX_EXIT_STATUS 127

/* Appends @text, wrapped at COLUMNS; lines after the first are indented. */
static void add_wrapped(GString *help, const char *text, size_t indent)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	size_t column = indent;

	for (size_t i = 0; words[i]; i++) {
		size_t len = (size_t)g_utf8_strlen(words[i], -1);

		if (i && column + 1 + len > COLUMNS) {
			g_string_append_printf(help, "\n%*s", (int)indent, "");
			column = indent;
		} else if (i) {
			g_string_append_c(help, ' ');
			column++;
		}
		g_string_append(help, words[i]);
		column += len;
	}
	g_string_append_c(help, '\n');
}

static void add_option(GString *help, const struct cmd_option *row)
{
	g_autofree char *option = NULL;
	g_autofree char *text = NULL;

	if (row->letter)
		option = g_strdup_printf("  -%c, --%s=%s", row->letter,
					 row->name, row->value);
	else
		option = row->kind == CMD_OPTION_FLAG ?
			 g_strdup_printf("  --%s", row->name) :
			 g_strdup_printf("  --%s=%s", row->name, row->value);
	g_string_append_printf(help, "%-*s", OPTION_COLUMN, option);
	if (strlen(option) >= OPTION_COLUMN)
		g_string_append_printf(help, "\n%*s", OPTION_COLUMN, "");
	text = row->default_value ?
	       g_strdup_printf("%s (default: %s)", row->help,
			       row->default_value) : g_strdup(row->help);
	add_wrapped(help, text, OPTION_COLUMN);
}

static void add_options(GString *help, const struct cmd_option *rows)
{
	for (; rows && rows->name; rows++)
		add_option(help, rows);
}

static void add_module_options(GString *help, struct cmd *cmd)
{
	EcryptfsPkiList *modules = cmd_modules(cmd);
	unsigned int use = cmd->verb->module_options;

	for (size_t i = 0; i < ecryptfs_pki_list_len(modules); i++) {
		EcryptfsPki *pki = ecryptfs_pki_list_get(modules, i);
		g_autoptr(GArray) rows = module_options_rows(pki, use);

		g_string_append_printf(help,
				       "\nWith --pki=%s (%s):\n",
				       pki->module->name,
				       pki->module->description);
		add_options(help, (const struct cmd_option *)
			    (void *)rows->data);
	}
}

char *command_help_verb(struct cmd *cmd)
{
	const struct cmd_verb *verb = cmd->verb;
	GString *help = g_string_new(NULL);

	g_string_append_printf(help, "Usage: ecryptfs-manager %s%s%s\n",
			       verb->name, verb->operands[0] ? " " : "",
			       verb->operands);
	if (verb->alias)
		g_string_append_printf(help,
				       "       (\"%s\" is the same verb)\n",
				       verb->alias);
	g_string_append_printf(help, "\n%s\nOptions:\n", verb->help);
	add_options(help, verb->options);
	add_options(help, command_line_common_options);
	if (verb->module_options)
		add_module_options(help, cmd);
	return g_string_free(help, FALSE);
}

static void add_exit_status(GString *help, int status)
{
	for (int code = 0; code <= ECRYPTFS_ERROR_CANCELLED; code++) {
		GError error = { .domain = ECRYPTFS_ERROR, .code = code };

		if (ecryptfs_error_exit_status(&error) == status)
			g_string_append_printf(help, "  %3d %s\n", status,
					       ecryptfs_error_name(code));
	}
}

char *command_help_usage(void)
{
	GString *help = g_string_new("Usage: ecryptfs-manager VERB [NAME] "
				     "[OPTION]...\n"
				     "Makes, loads and looks after the keys "
				     "of public-key eCryptfs.\n\nVerbs:\n");

	for (size_t i = 0; cmd_verbs[i]; i++)
		g_string_append_printf(help, "  %-10s %s\n",
				       cmd_verbs[i]->name,
				       cmd_verbs[i]->summary);
	g_string_append(help,
			"\n\"ecryptfs-manager VERB --help\" explains a verb; "
			"--json prints one JSON\nobject, errors too; "
			"--version prints the version.\n");
	g_string_append(help, "\nExit status, and the code in JSON:\n");
	for (int status = 0; status <= MAX_EXIT_STATUS; status++)
		add_exit_status(help, status);
	return g_string_free(help, FALSE);
}

static const char *option_kind_word(enum cmd_option_kind kind)
{
	switch (kind) {
	case CMD_OPTION_FLAG:
		return "flag";
	case CMD_OPTION_TEXT:
	case CMD_OPTION_LIST:
		return "text";
	case CMD_OPTION_FILE:
		return "file";
	case CMD_OPTION_DIRECTORY:
		return "directory";
	case CMD_OPTION_CHOICE:
		return "choice";
	}
	return "text";
}

static const char *operand_kind_word(enum cmd_operand_kind kind)
{
	switch (kind) {
	case CMD_OPERAND_NONE:
		return "none";
	case CMD_OPERAND_KEY:
		return "key";
	case CMD_OPERAND_NEW_NAME:
		return "new-name";
	case CMD_OPERAND_DIRECTORY:
		return "directory";
	case CMD_OPERAND_KEY_THEN_DIRECTORY:
		return "key-then-directory";
	}
	return "none";
}

static void add_words(GString *lines, const struct cmd_option *rows)
{
	for (; rows && rows->name; rows++) {
		g_autofree char *choices = NULL;

		if (rows->kind == CMD_OPTION_CHOICE)
			choices = g_strdelimit(g_strdup(rows->value), "|",
					       ' ');
		g_string_append_printf(lines, "--%s %s%s%s\n", rows->name,
				       option_kind_word(rows->kind),
				       choices ? " " : "",
				       choices ? choices : "");
	}
}

static void add_module_words(GString *lines, struct cmd *cmd)
{
	const char *name = cmd_value(cmd, "pki");
	g_autoptr(GArray) rows = NULL;
	EcryptfsPki *pki = NULL;

	if (cmd->verb->module_options && name)
		pki = ecryptfs_pki_list_find(cmd_modules(cmd), name, NULL);
	if (!pki)
		return;
	rows = module_options_rows(pki, cmd->verb->module_options);
	add_words(lines, (const struct cmd_option *)(void *)rows->data);
}

char *command_help_completion(struct cmd *cmd)
{
	GString *lines = g_string_new(NULL);

	for (size_t i = 0; !cmd && cmd_verbs[i]; i++) {
		g_string_append_printf(lines, "%s\n", cmd_verbs[i]->name);
		if (cmd_verbs[i]->alias)
			g_string_append_printf(lines, "%s\n",
					       cmd_verbs[i]->alias);
	}
	if (!cmd)
		return g_string_free(lines, FALSE);
	g_string_append_printf(lines, "operands %s\n",
			       operand_kind_word(cmd->verb->operand_kind));
	add_words(lines, cmd->verb->options);
	add_words(lines, command_line_common_options);
	add_module_words(lines, cmd);
	return g_string_free(lines, FALSE);
}
