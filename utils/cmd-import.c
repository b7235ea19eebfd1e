/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager import: registers a key that exists, where it is; or the
 * public half of one that is elsewhere.
 */
#include "utils/cmd.h"

#include "libecryptfs/safe-file.h"
#include "utils/key-material.h"
#include "utils/module-options.h"
#include "utils/new-key.h"
#include "utils/pem.h"
#include "utils/secret-input.h"

#define USE ECRYPTFS_PKI_PARAM_FOR_IMPORT
#define MAX_PUBLIC_FILE 65536

static bool register_key(struct cmd *cmd, EcryptfsKey *key, const char *name,
			 GError **error)
{
	struct key_check check = { 0 };

	return key_check_new(cmd, key, &check, error) &&
	       key_material_lock(error) &&
	       new_key_check_name(cmd, name, error) &&
	       new_key_save(cmd, key, &check, error);
}

static EcryptfsKey *open_public(struct cmd *cmd, const char *path,
				const char *name, GError **error)
{
	g_autoptr(EcryptfsSecret) text = NULL;
	g_autoptr(EcryptfsPublicKey) public_key = NULL;
	g_autoptr(EcryptfsRegistration) reg = NULL;

	text = ecryptfs_safe_file_read(path, MAX_PUBLIC_FILE,
				       ECRYPTFS_SAFE_FILE_ANY, error);
	if (!text)
		return NULL;
	public_key = pem_read_public((const char *)ecryptfs_secret_data(text),
				     ecryptfs_secret_len(text), error);
	if (!public_key) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	reg = new_key_registration(cmd, name, ECRYPTFS_PKI_PUBLIC, public_key,
				   error);
	return reg ? ecryptfs_key_open(NULL, reg, error) : NULL;
}

static bool take_secret(struct cmd *cmd, const EcryptfsPki *pki,
			const char *name, EcryptfsParams *params,
			GError **error)
{
	const struct ecryptfs_pki_param *param = module_options_secret(pki,
								       USE);
	g_autofree char *prompt = g_strdup_printf("Passphrase of \"%s\"",
						  name);
	EcryptfsSecret *secret;

	if (!param) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "the PKI module %s takes no passphrase",
			    pki->module->name);
		return false;
	}
	secret = secret_input_read(cmd, "secret", SECRET_INPUT_KNOWN, prompt,
				   error);
	if (!secret)
		return false;
	ecryptfs_params_take_secret(params, param->name, secret);
	return true;
}

static EcryptfsKey *try_import(struct cmd *cmd, EcryptfsPki *pki,
			       const char *name, EcryptfsParams *params,
			       GError **error)
{
	if (!pki->module->import(pki->state, params, error)) {
		new_key_module_failed(pki, "import", error);
		return NULL;
	}
	return new_key_open(cmd, pki, name, params, error);
}

/* Whether there is a passphrase the module tells; then it is asked for. */
static EcryptfsKey *import_private(struct cmd *cmd, EcryptfsPki *pki,
				   const char *name, EcryptfsParams *params,
				   GError **error)
{
	g_autoptr(GError) cause = NULL;
	bool given = secret_input_given(cmd, "secret");
	EcryptfsKey *key;

	if (given && !take_secret(cmd, pki, name, params, error))
		return NULL;
	key = try_import(cmd, pki, name, params, &cause);
	if (key)
		return key;
	if (given ||
	    !g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	if (!secret_input_or_locked(cmd, cause, error) ||
	    !take_secret(cmd, pki, name, params, error))
		return NULL;
	return try_import(cmd, pki, name, params, error);
}

static EcryptfsKey *open_private(struct cmd *cmd, const char *name,
				 GError **error)
{
	g_autoptr(EcryptfsParams) params = NULL;
	EcryptfsPki *pki = new_key_pki(cmd, error);

	if (!pki)
		return NULL;
	if (!pki->module->import) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "the PKI module %s imports no keys",
			    pki->module->name);
		return NULL;
	}
	params = module_options_params(cmd, pki, USE, error);
	return params ? import_private(cmd, pki, name, params, error) : NULL;
}

static bool run(struct cmd *cmd, GError **error)
{
	const char *name = cmd->operands[0];
	const char *public = cmd_value(cmd, "public");
	g_autoptr(EcryptfsKey) key = NULL;

	if (!new_key_check_name(cmd, name, error))
		return false;
	if (public && (cmd_value(cmd, "pki") ||
		       cmd_flag(cmd, "read-pkcs1"))) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--public=FILE stands alone: without the private "
			    "half there is no module, and nothing is read");
		return false;
	}
	key = public ? open_public(cmd, public, name, error) :
		       open_private(cmd, name, error);
	return key && register_key(cmd, key, name, error);
}

static const struct cmd_option options[] = {
	{ "pki", CMD_OPTION_TEXT, "MODULE", "the PKI module that has the key" },
	{ "public", CMD_OPTION_FILE, "FILE",
	  "register a public key (PEM) of whom the private half is not here" },
	NEW_KEY_OPTIONS,
	{ "read-pkcs1", CMD_OPTION_FLAG, NULL,
	  "also read what ecryptfs-utils' pkcs11-helper module wrote; the key "
	  "is then never written to" },
	CMD_OPTIONS_SECRET,
	{ NULL }
};

const struct cmd_verb cmd_import = {
	.name = "import",
	.operands = "NAME {--pki=MODULE | --public=FILE} [OPTION]...",
	.summary = "register a key that exists",
	.help = "Registers a key that exists as NAME, after the same proof as "
		"\"generate\". The\n"
		"key stays where it is. With --public only the public half is "
		"registered: a\n"
		"recipient that can be written to, and is never asked for a "
		"passphrase.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_NEW_NAME,
	.min_operands = 1,
	.max_operands = 1,
	.module_options = USE,
	.run = run,
};
