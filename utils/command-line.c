/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line: words into a struct cmd. Understands --NAME VALUE,
 * --NAME=VALUE and "--", a letter where a row has one, and never takes a
 * secret.
 */
#include "utils/command-line.h"

#include <string.h>

#include "utils/module-options.h"
#include "utils/nearest-word.h"

const struct cmd_option command_line_common_options[] = {
	{ "json", CMD_OPTION_FLAG, NULL,
	  "print one JSON object, errors too" },
	{ "module-dir", CMD_OPTION_DIRECTORY, "DIR",
	  "load PKI modules from DIR (for tests)" },
	{ "help", CMD_OPTION_FLAG, NULL, "explain this verb" },
	{ NULL }
};

/*
 * parser:
 * @cmd: what is filled
 * @words: what is left to take; borrowed
 * @words_len: how many
 * @taken: words taken so far
 * @module_rows: (nullable): options of the module that --pki names
 */
struct parser {
	struct cmd *cmd;
	char **words;
	size_t words_len;
	size_t taken;
	const struct cmd_option *module_rows;
};

const struct cmd_verb *command_line_find_verb(const char *word, GError **error)
{
	struct nearest_word nearest;

	nearest_word_init(&nearest, word);
	for (size_t i = 0; cmd_verbs[i]; i++) {
		const struct cmd_verb *verb = cmd_verbs[i];

		if (g_str_equal(verb->name, word) ||
		    g_strcmp0(verb->alias, word) == 0)
			return verb;
		nearest_word_offer(&nearest, verb->name);
		nearest_word_offer(&nearest, verb->alias);
	}
	if (nearest.word)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "unknown verb \"%s\"; did you mean \"%s\"?",
			    word, nearest.word);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "unknown verb \"%s\"", word);
	return NULL;
}

bool command_line_has(char *const *words, size_t words_len, const char *option)
{
	for (size_t i = 0; i < words_len && !g_str_equal(words[i], "--"); i++)
		if (g_str_equal(words[i], option))
			return true;
	return false;
}

static const struct cmd_option *find_row(const struct cmd_option *rows,
					 const char *name)
{
	for (; rows && rows->name; rows++)
		if (g_str_equal(rows->name, name))
			return rows;
	return NULL;
}

static const struct cmd_option *find_option(const struct parser *parser,
					    const char *name)
{
	const struct cmd_option *row;

	row = find_row(parser->cmd->verb->options, name);
	if (!row)
		row = find_row(parser->module_rows, name);
	return row ? row : find_row(command_line_common_options, name);
}

static void offer_rows(struct nearest_word *nearest,
		       const struct cmd_option *rows)
{
	for (; rows && rows->name; rows++)
		nearest_word_offer(nearest, rows->name);
}

static bool refuse_option(const struct parser *parser, const char *name,
			  GError **error)
{
	const struct cmd_verb *verb = parser->cmd->verb;
	bool needs_pki = verb->module_options && !parser->module_rows;
	struct nearest_word nearest;

	nearest_word_init(&nearest, name);
	offer_rows(&nearest, verb->options);
	offer_rows(&nearest, parser->module_rows);
	offer_rows(&nearest, command_line_common_options);
	if (nearest.word)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "%s has no option \"--%s\"; did you mean "
			    "\"--%s\"?", verb->name, name, nearest.word);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "%s has no option \"--%s\"%s", verb->name, name,
			    needs_pki ? "; options of a PKI module need "
					"--pki=MODULE" : "");
	return false;
}

static bool check_choice(const struct cmd_option *row, const char *value,
			 GError **error)
{
	g_auto(GStrv) choices = g_strsplit(row->value, "|", -1);

	if (g_strv_contains((const char *const *)choices, value))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "--%s takes %s, not \"%s\"", row->name, row->value, value);
	return false;
}

static void set_value(EcryptfsParams *options, const struct cmd_option *row,
		      const char *value)
{
	const char *before = ecryptfs_params_get(options, row->name);
	g_autofree char *both = NULL;

	if (row->kind == CMD_OPTION_LIST && before)
		both = g_strconcat(before, ",", value, NULL);
	ecryptfs_params_set(options, row->name, both ? both : value);
}

static bool take_value(struct parser *parser, const struct cmd_option *row,
		       const char *value, GError **error)
{
	if (row->kind == CMD_OPTION_FLAG && value) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--%s takes no value", row->name);
		return false;
	}
	if (row->kind == CMD_OPTION_FLAG)
		value = "yes";
	if (!value && parser->taken < parser->words_len)
		value = parser->words[parser->taken++];
	if (!value) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--%s needs a value: --%s=%s", row->name,
			    row->name, row->value);
		return false;
	}
	if (row->kind == CMD_OPTION_FILE && !*value) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--%s needs the name of a file", row->name);
		return false;
	}
	if (row->kind == CMD_OPTION_CHOICE && !check_choice(row, value, error))
		return false;
	set_value(parser->cmd->options, row, value);
	return true;
}

/* -oLIST or -o LIST */
static bool take_letter(struct parser *parser, const char *word,
			GError **error)
{
	const struct cmd_option *row = parser->cmd->verb->options;

	while (row && row->name && row->letter != word[1])
		row++;
	if (row && row->name)
		return take_value(parser, row, word[2] ? word + 2 : NULL,
				  error);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "unknown option \"%s\": options are spelled out", word);
	return false;
}

static bool take_option(struct parser *parser, const char *word,
			GError **error)
{
	const char *equals = strchr(word, '=');
	const struct cmd_option *row;
	g_autofree char *name = NULL;

	if (word[1] != '-')
		return take_letter(parser, word, error);
	name = equals ? g_strndup(word + 2, (size_t)(equals - word) - 2) :
			g_strdup(word + 2);
	row = find_option(parser, name);
	if (!row)
		return refuse_option(parser, name, error);
	return take_value(parser, row, equals ? equals + 1 : NULL, error);
}

static bool take_words(struct parser *parser, GError **error)
{
	struct cmd *cmd = parser->cmd;
	bool options = true;

	while (parser->taken < parser->words_len) {
		char *word = parser->words[parser->taken++];

		if (options && g_str_equal(word, "--"))
			options = false;
		else if (!options || word[0] != '-' || !word[1])
			cmd->operands[cmd->operands_len++] = word;
		else if (!take_option(parser, word, error))
			return false;
	}
	return true;
}

/* What must be known before the rest can be understood. */
static void peek(struct cmd *cmd, char *const *words, size_t words_len,
		 const char *name)
{
	g_autofree char *option = g_strconcat("--", name, NULL);
	size_t option_len = strlen(option);

	for (size_t i = 0; i < words_len && !g_str_equal(words[i], "--"); i++) {
		const char *value = NULL;

		if (g_str_equal(words[i], option) && i + 1 < words_len)
			value = words[i + 1];
		else if (g_str_has_prefix(words[i], option) &&
			 words[i][option_len] == '=')
			value = words[i] + option_len + 1;
		if (value)
			ecryptfs_params_set(cmd->options, name, value);
	}
}

static bool check_operands(const struct cmd *cmd, GError **error)
{
	const struct cmd_verb *verb = cmd->verb;

	if (cmd->operands_len < verb->min_operands)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "too few words: ecryptfs-manager %s %s",
			    verb->name, verb->operands);
	else if (cmd->operands_len > verb->max_operands)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "\"%s\" is one word too many: "
			    "ecryptfs-manager %s %s",
			    cmd->operands[verb->max_operands], verb->name,
			    verb->operands);
	else
		return true;
	return false;
}

static GArray *rows_of_pki(struct cmd *cmd, GError **error)
{
	const char *name = cmd_value(cmd, "pki");
	EcryptfsPki *pki;

	if (!cmd->verb->module_options || !name)
		return g_array_new(TRUE, TRUE, sizeof(struct cmd_option));
	pki = ecryptfs_pki_list_find(cmd_modules(cmd), name, error);
	return pki ? module_options_rows(pki, cmd->verb->module_options) :
		     NULL;
}

bool command_line_parse(struct cmd *cmd, char **words, size_t words_len,
			GError **error)
{
	g_autoptr(GArray) module_rows = NULL;
	struct parser parser = {
		.cmd = cmd,
		.words = words,
		.words_len = words_len,
	};

	peek(cmd, words, words_len, "module-dir");
	peek(cmd, words, words_len, "pki");
	if (command_line_has(words, words_len, "--help")) {
		ecryptfs_params_set(cmd->options, "help", "yes");
		return true;
	}
	module_rows = rows_of_pki(cmd, error);
	if (!module_rows)
		return false;
	if (module_rows->len)
		parser.module_rows = (const struct cmd_option *)
			(void *)module_rows->data;
	cmd->operands = g_new0(char *, words_len + 1);
	return take_words(&parser, error) && check_operands(cmd, error);
}
