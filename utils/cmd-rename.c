/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager rename. At every moment each registration leads to a file
 * that is there, and each copy of the key is found from a registration:
 *
 *   copy keys/OLD.pem to keys/NEW.pem; register NEW; let OLD lead to
 *   keys/NEW.pem; remove keys/OLD.pem; remove registration OLD
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

	return reg->made_file &&
	       g_strcmp0(ecryptfs_params_get(reg->params, "file"), own) == 0;
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
	fresh->made_file = reg->made_file;
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

/* Whether a rename was killed after it had registered @fresh. */
static bool is_half_done(const EcryptfsRegistration *fresh)
{
	g_autoptr(EcryptfsRegistration) other =
		ecryptfs_registration_load(NULL, fresh->name, NULL);
	g_autofree char *is = NULL;
	g_autofree char *would_be = NULL;

	if (!other)
		return false;
	is = ecryptfs_registration_format(other);
	would_be = ecryptfs_registration_format(fresh);
	return g_str_equal(is, would_be);
}

static bool same_content(const char *a, const char *b)
{
	g_autoptr(EcryptfsSecret) first = ecryptfs_safe_file_read(
		a, MAX_KEY_FILE, ECRYPTFS_SAFE_FILE_PRIVATE, NULL);
	g_autoptr(EcryptfsSecret) second = ecryptfs_safe_file_read(
		b, MAX_KEY_FILE, ECRYPTFS_SAFE_FILE_PRIVATE, NULL);

	return first && second && ecryptfs_secret_equal(first, second);
}

/* keys/NAME.pem goes when it is the copy of @other that a rename made. */
static bool remove_copy(struct cmd *cmd, const char *name, const char *other,
			GError **error)
{
	g_autofree char *path = key_material_path(name);

	return !same_content(path, other) ||
	       key_material_remove(cmd, path, name, NULL, error);
}

static bool register_fresh(struct cmd *cmd, const EcryptfsRegistration *reg,
			   const EcryptfsRegistration *fresh, GError **error)
{
	const char *file = ecryptfs_params_get(reg->params, "file");

	if (is_half_done(fresh)) {
		cmd_note(cmd, "going on with a rename that was interrupted");
		return true;
	}
	if (!new_key_check_name(cmd, fresh->name, error))
		return false;
	if (has_own_file(reg) &&
	    !remove_copy(cmd, fresh->name, file, error))
		return false;
	return key_material_clear_leftovers(cmd, fresh->name, error) &&
	       copy_file(reg, fresh, error) &&
	       ecryptfs_registration_save(NULL, fresh, false, error);
}

/* Registration OLD leads to the new file for as long as it is there. */
static bool remove_old(struct cmd *cmd, EcryptfsRegistration *reg,
		       const EcryptfsRegistration *fresh, GError **error)
{
	g_autofree char *path = ecryptfs_registration_path(NULL, reg->name);
	const char *file = ecryptfs_params_get(fresh->params, "file");

	if (has_own_file(reg)) {
		ecryptfs_params_set(reg->params, "file", file);
		if (!ecryptfs_registration_save(NULL, reg, true, error))
			return false;
	}
	/* passwd may have changed the one of the two since an interruption */
	if (has_own_file(fresh) &&
	    (!remove_copy(cmd, reg->name, file, error) ||
	     !key_material_forget(cmd, reg->name, NULL, error)))
		return false;
	return ecryptfs_safe_file_remove(path, error);
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
	g_autoptr(EcryptfsRegistration) fresh = NULL;

	if (!key_material_lock(error))
		return false;
	reg = cmd_registration(cmd, old, error);
	if (reg && g_str_equal(old, name)) {
		cmd_fix(cmd, "ecryptfs-manager rename %s with another name",
			old);
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_EXISTS,
			    "\"%s\" is its name already", name);
		return false;
	}
	fresh = reg ? renamed(reg, name) : NULL;
	if (!fresh || !register_fresh(cmd, reg, fresh, error))
		return false;
	update_auth_tok(cmd, reg, name);
	if (!remove_old(cmd, reg, fresh, error))
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
