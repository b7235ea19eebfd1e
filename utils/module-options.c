/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PKI module's parameter table turned into rows of the command line, into
 * values for the module, and into what `modules` shows.
 */
#include "utils/module-options.h"

static enum cmd_option_kind option_kind(const struct ecryptfs_pki_param *param)
{
	switch (param->kind) {
	case ECRYPTFS_PKI_PARAM_PATH:
		return CMD_OPTION_FILE;
	case ECRYPTFS_PKI_PARAM_BOOL:
		return CMD_OPTION_CHOICE;
	case ECRYPTFS_PKI_PARAM_STRING:
	case ECRYPTFS_PKI_PARAM_SECRET:
		break;
	}
	return CMD_OPTION_TEXT;
}

static const char *value_name(const struct ecryptfs_pki_param *param)
{
	switch (param->kind) {
	case ECRYPTFS_PKI_PARAM_PATH:
		return "FILE";
	case ECRYPTFS_PKI_PARAM_BOOL:
		return "yes|no";
	case ECRYPTFS_PKI_PARAM_STRING:
	case ECRYPTFS_PKI_PARAM_SECRET:
		break;
	}
	return "TEXT";
}

GArray *module_options_rows(const EcryptfsPki *pki, unsigned int use)
{
	const struct ecryptfs_pki_module *module = pki->module;
	GArray *rows = g_array_new(TRUE, TRUE, sizeof(struct cmd_option));

	for (size_t i = 0; i < module->params_len; i++) {
		const struct ecryptfs_pki_param *param = &module->params[i];
		struct cmd_option row = {
			.name = param->name,
			.kind = option_kind(param),
			.value = value_name(param),
			.help = param->help,
			.default_value = param->default_value,
		};

		if (param->kind == ECRYPTFS_PKI_PARAM_SECRET ||
		    !(param->uses & use))
			continue;
		g_array_append_val(rows, row);
	}
	return rows;
}

static void set_param(EcryptfsParams *params,
		      const struct ecryptfs_pki_param *param,
		      const char *value)
{
	g_autofree char *path = NULL;

	if (value && param->kind == ECRYPTFS_PKI_PARAM_PATH) {
		path = g_canonicalize_filename(value, NULL);
		value = path;
	}
	ecryptfs_params_set(params, param->name, value);
}

static bool may_be_missing(const struct ecryptfs_pki_param *param,
			   unsigned int use)
{
	if (!(param->uses & ECRYPTFS_PKI_PARAM_REQUIRED))
		return true;
	return use == ECRYPTFS_PKI_PARAM_FOR_GENERATE &&
	       g_str_equal(param->name, "file");
}

EcryptfsParams *module_options_params(const struct cmd *cmd,
				      const EcryptfsPki *pki,
				      unsigned int use, GError **error)
{
	g_autoptr(EcryptfsParams) params = ecryptfs_params_new();
	const struct ecryptfs_pki_module *module = pki->module;

	for (size_t i = 0; i < module->params_len; i++) {
		const struct ecryptfs_pki_param *param = &module->params[i];
		const char *value;

		if (param->kind == ECRYPTFS_PKI_PARAM_SECRET ||
		    !(param->uses & use))
			continue;
		value = cmd_value(cmd, param->name);
		if (!value)
			value = param->default_value;
		if (!value && !may_be_missing(param, use)) {
			g_set_error(error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_USAGE,
				    "--%s is missing: %s", param->name,
				    param->help);
			return NULL;
		}
		set_param(params, param, value);
	}
	return g_steal_pointer(&params);
}

const struct ecryptfs_pki_param *
module_options_secret(const EcryptfsPki *pki, unsigned int use)
{
	const struct ecryptfs_pki_module *module = pki->module;

	for (size_t i = 0; i < module->params_len; i++) {
		const struct ecryptfs_pki_param *param = &module->params[i];

		if (param->kind == ECRYPTFS_PKI_PARAM_SECRET &&
		    (param->uses & use))
			return param;
	}
	return NULL;
}

static const char *kind_name(enum ecryptfs_pki_param_kind kind)
{
	switch (kind) {
	case ECRYPTFS_PKI_PARAM_STRING:
		return "string";
	case ECRYPTFS_PKI_PARAM_PATH:
		return "path";
	case ECRYPTFS_PKI_PARAM_BOOL:
		return "bool";
	case ECRYPTFS_PKI_PARAM_SECRET:
		return "secret";
	}
	return "unknown";
}

static void print_param(Output *out, const struct ecryptfs_pki_param *param)
{
	unsigned int uses = param->uses;

	output_open_object(out, NULL);
	output_string(out, "name", param->name);
	output_string(out, "help", param->help);
	output_string(out, "kind", kind_name(param->kind));
	output_string(out, "default", param->default_value);
	output_bool(out, "generate", uses & ECRYPTFS_PKI_PARAM_FOR_GENERATE);
	output_bool(out, "import", uses & ECRYPTFS_PKI_PARAM_FOR_IMPORT);
	output_bool(out, "locator", uses & ECRYPTFS_PKI_PARAM_LOCATOR);
	output_bool(out, "required", uses & ECRYPTFS_PKI_PARAM_REQUIRED);
	output_close(out);
	output_text(out, "  %-12s %-7s %s%s%s%s%s\n", param->name,
		    kind_name(param->kind), param->help,
		    param->default_value ? " (default: " : "",
		    param->default_value ? param->default_value : "",
		    param->default_value ? ")" : "",
		    uses & ECRYPTFS_PKI_PARAM_REQUIRED ? " (required)" : "");
}

void module_options_print(Output *out, const EcryptfsPki *pki)
{
	const struct ecryptfs_pki_module *module = pki->module;

	output_open_array(out, "parameters");
	for (size_t i = 0; i < module->params_len; i++)
		print_param(out, &module->params[i]);
	output_close(out);
}
