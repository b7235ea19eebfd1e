/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager passwd: another passphrase for the same key.
 */
#include "utils/cmd.h"

#include "utils/key-material.h"
#include "utils/secret-input.h"

static bool check_options(const struct cmd *cmd, GError **error)
{
	bool none = cmd_flag(cmd, "no-passphrase");
	bool given = secret_input_given(cmd, "new-secret");

	if (none && given)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--no-passphrase and a new passphrase exclude "
			    "each other");
	else if (!none && !given && !secret_input_can_ask())
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "stdin is no terminal: say where the new "
			    "passphrase is (--new-secret-file=FILE, "
			    "--new-secret-fd=N), or that there shall be none "
			    "(--no-passphrase)");
	else
		return true;
	return false;
}

/* (out): NULL when the key has none. */
static bool read_old(struct cmd *cmd, EcryptfsKey *key, const char *name,
		     EcryptfsSecret **old, GError **error)
{
	g_autofree char *prompt = g_strdup_printf("Passphrase of \"%s\"",
						  name);
	struct ecryptfs_pki_key_state state;

	ecryptfs_key_state(key, &state);
	*old = NULL;
	if (!state.needs_secret)
		return true;
	*old = secret_input_read(cmd, "secret", SECRET_INPUT_KNOWN, prompt,
				 error);
	return *old && ecryptfs_key_unlock(key, *old, error);
}

/* (out): NULL with --no-passphrase. */
static bool read_fresh(struct cmd *cmd, const char *name,
		       EcryptfsSecret **fresh, GError **error)
{
	g_autofree char *prompt = g_strdup_printf("New passphrase of \"%s\"",
						  name);

	*fresh = NULL;
	if (cmd_flag(cmd, "no-passphrase"))
		return true;
	*fresh = secret_input_read(cmd, "new-secret", SECRET_INPUT_FRESH,
				   prompt, error);
	if (!*fresh || ecryptfs_secret_len(*fresh))
		return *fresh;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "the new passphrase is empty; --no-passphrase removes it");
	return false;
}

/* A killed run may have left the key without its passphrase. */
static bool clear_leftovers(struct cmd *cmd, EcryptfsKey *key, GError **error)
{
	const EcryptfsRegistration *reg = ecryptfs_key_registration(key);
	const char *file = ecryptfs_params_get(reg->params, "file");

	return !file || key_material_remove_leftovers(cmd, file, reg->name,
						      NULL, error);
}

/* The old one is proven before the new one is asked for. */
static bool change(struct cmd *cmd, EcryptfsKey *key, const char *name,
		   GError **error)
{
	g_autoptr(EcryptfsSecret) old = NULL;
	g_autoptr(EcryptfsSecret) fresh = NULL;

	return read_old(cmd, key, name, &old, error) &&
	       read_fresh(cmd, name, &fresh, error) &&
	       key_material_lock(error) &&
	       clear_leftovers(cmd, key, error) &&
	       ecryptfs_key_passwd(key, old, fresh, error);
}

static bool check_module(const EcryptfsKey *key, const char *name,
			 GError **error)
{
	const EcryptfsPki *pki = ecryptfs_key_pki(key);

	if (pki && pki->module->passwd)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "key \"%s\" has no passphrase that could be changed here",
		    name);
	return false;
}

static bool run(struct cmd *cmd, GError **error)
{
	const char *name = cmd->operands[0];
	g_autoptr(EcryptfsRegistration) reg = NULL;
	g_autoptr(EcryptfsKey) key = NULL;

	if (!check_options(cmd, error))
		return false;
	reg = cmd_registration(cmd, name, error);
	key = reg ? cmd_open_key(cmd, reg, error) : NULL;
	if (!key || !check_module(key, name, error) ||
	    !change(cmd, key, name, error))
		return false;
	output_string(cmd->out, "name", name);
	output_bool(cmd->out, "passphrase",
		    !cmd_flag(cmd, "no-passphrase"));
	output_text(cmd->out, "%s %s\n", name,
		    cmd_flag(cmd, "no-passphrase") ?
		    "has no passphrase any more" : "has a new passphrase");
	cmd_reload_daemon(cmd);
	return true;
}

static const struct cmd_option options[] = {
	CMD_OPTIONS_SECRET,
	{ "new-secret-file", CMD_OPTION_FILE, "FILE",
	  "read the new passphrase from FILE, which nobody else may read" },
	{ "new-secret-fd", CMD_OPTION_TEXT, "N",
	  "read the new passphrase, one line, from file descriptor N; with "
	  "--secret-fd=N the line after the old one" },
	{ "no-passphrase", CMD_OPTION_FLAG, NULL, "remove the passphrase" },
	{ NULL }
};

const struct cmd_verb cmd_passwd = {
	.name = "passwd",
	.operands = "NAME [OPTION]...",
	.summary = "change a key's passphrase",
	.help = "Encrypts the private half of NAME under another passphrase. "
		"The new file is\n"
		"read back and proven before it replaces the old one. Files "
		"that were written\n"
		"stay as they are: the key is the same. Old copies of the key "
		"file, in backups,\n"
		"keep the old passphrase.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
