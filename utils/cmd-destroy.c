/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager destroy: the only verb that deletes keys.
 */
#include "utils/cmd.h"

#include <sys/stat.h>

#include "libecryptfs/safe-file.h"
#include "utils/confirmation.h"
#include "utils/key-material.h"
#include "utils/secret-input.h"

static bool confirm(struct cmd *cmd, const char *name, GError **error)
{
	const char *given = cmd_value(cmd, "yes-destroy");
	g_autofree char *prompt = NULL;

	if (g_strcmp0(given, name) == 0)
		return true;
	if (given || !secret_input_can_ask()) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "to delete the key without a terminal, say "
			    "--yes-destroy=%s", name);
		return false;
	}
	prompt = g_strdup_printf("Files of \"%s\" that no other key opens are "
				 "lost for ever.\nType the key's name to "
				 "delete it", name);
	return confirmation_ask(prompt, name, error);
}

/*
 * The file first: without the registration nobody would know where it is, and
 * the same command could not finish what a kill left.
 */
static bool destroy(struct cmd *cmd, const char *name, unsigned int *removed,
		    GError **error)
{
	g_autofree char *path = ecryptfs_registration_path(NULL, name);
	g_autoptr(EcryptfsRegistration) reg =
		ecryptfs_registration_load(NULL, name, NULL);
	struct stat st;

	if (reg)
		cmd_unload_auth_tok(cmd, reg, NULL);
	if (!key_material_destroy(cmd, name, reg, removed, error))
		return false;
	if (lstat(path, &st) == 0) {
		if (!ecryptfs_safe_file_remove(path, error))
			return false;
		(*removed)++;
	}
	return key_material_empty_trash(name, removed, error);
}

static bool run(struct cmd *cmd, GError **error)
{
	const char *name = cmd->operands[0];
	unsigned int removed = 0;

	cmd_blame(cmd, name);
	if (!ecryptfs_registration_name_valid(name)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "\"%s\" cannot be a key's name", name);
		return false;
	}
	if (!confirm(cmd, name, error) || !key_material_lock(error) ||
	    !destroy(cmd, name, &removed, error))
		return false;
	if (!removed) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY,
			    "no key is registered as \"%s\", and the trash "
			    "has none", name);
		return false;
	}
	output_string(cmd->out, "name", name);
	output_bool(cmd->out, "destroyed", true);
	output_text(cmd->out, "%s destroyed\n", name);
	cmd_reload_daemon(cmd);
	return true;
}

static const struct cmd_option options[] = {
	{ "yes-destroy", CMD_OPTION_TEXT, "NAME",
	  "do not ask; NAME must be said a second time" },
	{ NULL }
};

const struct cmd_verb cmd_destroy = {
	.name = "destroy",
	.operands = "NAME [--yes-destroy=NAME]",
	.summary = "delete a key for good",
	.help = "Deletes registration, key file and what the trash has of "
		"NAME, after its name\n"
		"was typed. Files that no other key opens are lost. A key "
		"file that was\n"
		"imported stays where it is. That the bytes cannot be "
		"recovered from the disk\n"
		"is not promised.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
