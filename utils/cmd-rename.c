/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager rename. At every moment each registration leads to a file
 * that is there:
 *
 *   copy keys/OLD.pem to keys/NEW.pem; register NEW; remove registration OLD;
 *   remove keys/OLD.pem
 *
 * Killed in the middle, the key has its old name or both, and the same command
 * finishes what is left.
 */
#include "utils/cmd.h"

#include "libecryptfs/auth-tok.h"
#include "libecryptfs/safe-file.h"
#include "utils/key-material.h"
#include "utils/new-key.h"

#define MAX_KEY_FILE 65536

/* Whether the key file is the one that we made under this name. */
static bool has_own_file(const EcryptfsRegistration *reg)
{
	g_autofree char *own = key_material_path(reg->name);

	return g_strcmp0(ecryptfs_params_get(reg->params, "file"), own) == 0;
}

static EcryptfsRegistration *renamed(const EcryptfsRegistration *reg,
				     const char *name)
{
	EcryptfsRegistration *fresh = ecryptfs_registration_new(
		name, reg->pki_name, reg->public_key);

	fresh->mode = reg->mode;
	fresh->read_pkcs1 = reg->read_pkcs1;
	fresh->pin_ttl = reg->pin_ttl;
	fresh->pin_ttl_max = reg->pin_ttl_max;
	fresh->created = reg->created;
	ecryptfs_params_free(fresh->params);
	fresh->params = ecryptfs_params_dup(reg->params);
	if (has_own_file(reg)) {
		g_autofree char *path = key_material_path(name);

		ecryptfs_params_set(fresh->params, "file", path);
	}
	return fresh;
}

static bool copy_file(const EcryptfsRegistration *reg,
		      const EcryptfsRegistration *fresh, GError **error)
{
	const char *from = ecryptfs_params_get(reg->params, "file");
	const char *to = ecryptfs_params_get(fresh->params, "file");
	g_autoptr(EcryptfsSecret) content = NULL;

	if (!has_own_file(reg))
		return true;
	content = ecryptfs_safe_file_read(from, MAX_KEY_FILE,
					  ECRYPTFS_SAFE_FILE_PRIVATE, error);
	return content &&
	       ecryptfs_safe_file_write(to, ecryptfs_secret_data(content),
					ecryptfs_secret_len(content), false,
					error);
}

/* Whether a rename of @reg to @name was killed after it had registered. */
static bool is_half_done(const EcryptfsRegistration *reg, const char *name)
{
	g_autoptr(EcryptfsRegistration) other =
		ecryptfs_registration_load(NULL, name, NULL);
	g_autoptr(EcryptfsRegistration) fresh = renamed(reg, name);
	g_autofree char *is = NULL;
	g_autofree char *would_be = NULL;

	if (!other)
		return false;
	is = ecryptfs_registration_format(other);
	would_be = ecryptfs_registration_format(fresh);
	return g_str_equal(is, would_be);
}

static bool register_fresh(struct cmd *cmd, const EcryptfsRegistration *reg,
			   const char *name, GError **error)
{
	g_autoptr(EcryptfsRegistration) fresh = renamed(reg, name);

	if (is_half_done(reg, name)) {
		cmd_note(cmd, "going on with a rename that was interrupted");
		return true;
	}
	return new_key_check_name(cmd, name, error) &&
	       key_material_clear_leftovers(cmd, name, error) &&
	       copy_file(reg, fresh, error) &&
	       ecryptfs_registration_save(NULL, fresh, false, error);
}

static bool remove_old(struct cmd *cmd, const EcryptfsRegistration *reg,
		       GError **error)
{
	g_autofree char *path = ecryptfs_registration_path(NULL, reg->name);
	g_autofree char *own = key_material_path(reg->name);

	if (!ecryptfs_safe_file_remove(path, error))
		return false;
	return !has_own_file(reg) ||
	       key_material_remove(cmd, own, reg->name, NULL, error);
}

/* The blob names the registration; the daemon says that name in its log. */
static void update_auth_tok(struct cmd *cmd, const EcryptfsRegistration *reg,
			    const char *name)
{
	const char *sig = ecryptfs_registration_sig(reg);
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) payload = NULL;

	if (!ecryptfs_keyring_has(sig))
		return;
	payload = ecryptfs_auth_tok_to_payload(sig, reg->pki_name, name,
					       &error);
	if (!payload || !ecryptfs_keyring_update(sig, payload, &error))
		cmd_warn(cmd, "the loaded auth tok keeps the old name: %s",
			 error->message);
}

static bool run(struct cmd *cmd, GError **error)
{
	const char *old = cmd->operands[0];
	const char *name = cmd->operands[1];
	g_autoptr(EcryptfsRegistration) reg = NULL;

	if (g_str_equal(old, name)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_EXISTS,
			    "\"%s\" is its name already", name);
		return false;
	}
	if (!key_material_lock(error))
		return false;
	reg = cmd_registration(cmd, old, error);
	if (!reg || !register_fresh(cmd, reg, name, error))
		return false;
	update_auth_tok(cmd, reg, name);
	if (!remove_old(cmd, reg, error))
		return false;
	output_string(cmd->out, "old_name", old);
	output_string(cmd->out, "name", name);
	output_string(cmd->out, "signature", ecryptfs_registration_sig(reg));
	output_text(cmd->out, "%s is now %s\n", old, name);
	cmd_reload_daemon(cmd);
	return true;
}

const struct cmd_verb cmd_rename = {
	.name = "rename",
	.operands = "OLD NEW",
	.summary = "give a key another name",
	.help = "Gives the key OLD the name NEW; a key file that we made gets "
		"the name too, one\n"
		"that was imported stays. Files and mounts know the signature, "
		"which stays.\n",
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 2,
	.max_operands = 2,
	.run = run,
};
