/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager modules: the installed PKI modules, and what was refused.
 */
#include "utils/cmd.h"

#include "utils/module-options.h"

/* A refused file: path and reason, one after the other. */
static void keep_refused(const char *path, const GError *error, void *data)
{
	g_ptr_array_add(data, g_strdup(path));
	g_ptr_array_add(data, g_strdup(error->message));
}

static const char *concurrency_name(enum ecryptfs_pki_concurrency concurrency)
{
	switch (concurrency) {
	case ECRYPTFS_PKI_PARALLEL:
		return "parallel";
	case ECRYPTFS_PKI_SERIAL_PER_KEY:
		return "serial per key";
	case ECRYPTFS_PKI_SERIAL_PER_MODULE:
		return "serial per module";
	}
	return "unknown";
}

static void print_module(Output *out, const EcryptfsPki *pki)
{
	const struct ecryptfs_pki_module *module = pki->module;

	output_open_object(out, NULL);
	output_string(out, "name", module->name);
	output_string(out, "description", module->description);
	output_string(out, "concurrency",
		      concurrency_name(module->concurrency));
	output_bool(out, "generate", module->generate);
	output_bool(out, "import", module->import);
	output_bool(out, "passwd", module->passwd);
	output_text(out, "%s: %s (%s%s%s%s)\n", module->name,
		    module->description, concurrency_name(module->concurrency),
		    module->generate ? ", generate" : "",
		    module->import ? ", import" : "",
		    module->passwd ? ", passwd" : "");
	module_options_print(out, pki);
	output_close(out);
}

static void print_refused(Output *out, const GPtrArray *refused)
{
	output_open_array(out, "refused");
	for (unsigned int i = 0; i + 1 < refused->len; i += 2) {
		output_open_object(out, NULL);
		output_string(out, "path", refused->pdata[i]);
		output_string(out, "reason", refused->pdata[i + 1]);
		output_close(out);
		output_text(out, "refused: %s\n",
			    (const char *)refused->pdata[i + 1]);
	}
	output_close(out);
}

static bool run(struct cmd *cmd, GError **error)
{
	g_autoptr(GPtrArray) refused = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(EcryptfsPkiList) modules = ecryptfs_pki_list_load(
		cmd_value(cmd, "module-dir"), keep_refused, refused);

	output_open_array(cmd->out, "modules");
	for (size_t i = 0; i < ecryptfs_pki_list_len(modules); i++)
		print_module(cmd->out, ecryptfs_pki_list_get(modules, i));
	output_close(cmd->out);
	print_refused(cmd->out, refused);
	if (ecryptfs_pki_list_len(modules))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_MODULE,
		    "no PKI module is installed");
	return false;
}

const struct cmd_verb cmd_list_modules = {
	.name = "modules",
	.operands = "",
	.summary = "list the installed PKI modules and their options",
	.help = "Lists the installed PKI modules with their options, and the "
		"files in their\n"
		"directory that were refused, with the reason.\n",
	.run = run,
};
