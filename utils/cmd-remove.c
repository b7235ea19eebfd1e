/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager remove: takes a key out of the keyring; with --forget also
 * out of the registrations, into the trash.
 */
#include "utils/cmd.h"

#include "utils/key-material.h"

/* That it was not loaded is no reason not to forget it. */
static bool unload(struct cmd *cmd, const EcryptfsRegistration *reg,
		   bool forget, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!forget && cmd_value(cmd, "keyring"))
		return ecryptfs_keyring_remove_from(
			cmd_keyring(cmd), ecryptfs_registration_sig(reg),
			error);
	if (!forget)
		return ecryptfs_keyring_remove(ecryptfs_registration_sig(reg),
					       error);
	if (cmd_unload_auth_tok(cmd, reg, &cause) ||
	    g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

/* The registration first: it must not lead to a file that is gone. */
static bool forget_key(struct cmd *cmd, const char *name,
		       const EcryptfsRegistration *reg, GError **error)
{
	g_autofree char *path = ecryptfs_registration_path(NULL, name);

	return key_material_trash(cmd, path, name, ".conf", error) &&
	       key_material_forget(cmd, name, reg, error);
}

static bool is_broken(const GError *error)
{
	return g_error_matches(error, ECRYPTFS_ERROR,
			       ECRYPTFS_ERROR_BAD_REGISTRATION) ||
	       g_error_matches(error, ECRYPTFS_ERROR,
			       ECRYPTFS_ERROR_PERMISSION);
}

static bool run(struct cmd *cmd, GError **error)
{
	const char *name = cmd->operands[0];
	bool forget = cmd_flag(cmd, "forget");
	g_autoptr(EcryptfsRegistration) reg = NULL;
	g_autoptr(GError) cause = NULL;

	if (forget && cmd_value(cmd, "keyring")) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--forget takes the key out of all keyrings");
		return false;
	}
	if (forget && !key_material_lock(error))
		return false;
	reg = cmd_registration(cmd, name, &cause);
	if (!reg && !(forget && is_broken(cause))) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (reg && !unload(cmd, reg, forget, error))
		return false;
	if (forget && !forget_key(cmd, name, reg, error))
		return false;
	output_string(cmd->out, "name", name);
	output_bool(cmd->out, "forgotten", forget);
	output_text(cmd->out, "%s %s\n", name,
		    forget ? "forgotten" : "removed");
	cmd_reload_daemon(cmd);
	return true;
}

static const struct cmd_option options[] = {
	{ "forget", CMD_OPTION_FLAG, NULL,
	  "also move the registration, and the key file that we made, to "
	  "trash/" },
	{ "keyring", CMD_OPTION_CHOICE, "user|session|persistent",
	  "only out of this kernel keyring", "all" },
	{ NULL }
};

const struct cmd_verb cmd_remove = {
	.name = "remove",
	.alias = "unload",
	.operands = "NAME [OPTION]...",
	.summary = "take a key out of the kernel's keyring",
	.help = "Takes the auth tok of NAME out of the keyring. What is "
		"mounted goes on working\n"
		"until it is unmounted. With --forget the key is no longer "
		"registered either;\n"
		"nothing is deleted: registration and key file are in "
		"~/.local/share/ecryptfs/\n"
		"trash; a key file that was imported, or made with "
		"\"generate --file\", stays\n"
		"where it is.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
