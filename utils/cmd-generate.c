/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager generate: makes a key pair. The registration is written
 * last, so that a kill at any point leaves no key, or one that works.
 */
#include "utils/cmd.h"

#include "libecryptfs/safe-file.h"
#include "utils/confirmation.h"
#include "utils/key-material.h"
#include "utils/module-options.h"
#include "utils/mount-path.h"
#include "utils/new-key.h"
#include "utils/secret-input.h"

#define USE ECRYPTFS_PKI_PARAM_FOR_GENERATE

static bool refuse_silence(GError **error)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "stdin is no terminal: say where the passphrase is "
		    "(--secret-file=FILE, --secret-fd=N), or that there shall "
		    "be none (--no-passphrase)");
	return false;
}

/* An empty answer of a person means none, but not by accident. */
static bool accept_empty(const struct cmd *cmd, const char *name,
			 GError **error)
{
	g_autofree char *prompt = NULL;

	if (secret_input_given(cmd, "secret")) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "the passphrase is empty; --no-passphrase makes a "
			    "key without one");
		return false;
	}
	prompt = g_strdup_printf("Without a passphrase, who can read the file "
				 "of \"%s\" has the key.\n"
				 "Type \"yes\" to go on without", name);
	return confirmation_ask(prompt, "yes", error);
}

static bool take_secret(struct cmd *cmd, const char *name,
			const struct ecryptfs_pki_param *param,
			EcryptfsParams *params, GError **error)
{
	g_autofree char *prompt = NULL;
	g_autoptr(EcryptfsSecret) secret = NULL;

	if (!secret_input_given(cmd, "secret") && !secret_input_can_ask())
		return refuse_silence(error);
	prompt = g_strdup_printf("New passphrase of \"%s\" (empty: none)",
				 name);
	secret = secret_input_read(cmd, "secret", SECRET_INPUT_FRESH, prompt,
				   error);
	if (!secret)
		return false;
	if (!ecryptfs_secret_len(secret))
		return accept_empty(cmd, name, error);
	ecryptfs_params_take_secret(params, param->name,
				    g_steal_pointer(&secret));
	return true;
}

static bool take_passphrase(struct cmd *cmd, const EcryptfsPki *pki,
			    const char *name, EcryptfsParams *params,
			    GError **error)
{
	const struct ecryptfs_pki_param *param = module_options_secret(pki,
								       USE);
	bool none = cmd_flag(cmd, "no-passphrase");

	if (none && secret_input_given(cmd, "secret")) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--no-passphrase and a passphrase exclude each "
			    "other");
		return false;
	}
	if (none || !param)
		return true;
	return take_secret(cmd, name, param, params, error);
}

static EcryptfsParams *collect_params(struct cmd *cmd, const EcryptfsPki *pki,
				      const char *name, GError **error)
{
	g_autoptr(EcryptfsParams) params = module_options_params(cmd, pki, USE,
								 error);

	if (!params || !take_passphrase(cmd, pki, name, params, error))
		return NULL;
	if (ecryptfs_pki_param_find(pki, "file") &&
	    !ecryptfs_params_get(params, "file")) {
		g_autofree char *path = key_material_path(name);

		ecryptfs_params_set(params, "file", path);
	}
	return g_steal_pointer(&params);
}

static bool prove_and_save(struct cmd *cmd, EcryptfsPki *pki, const char *name,
			   EcryptfsParams *params, GError **error)
{
	g_autoptr(EcryptfsKey) key = new_key_open(cmd, pki, name, params,
						  error);
	struct key_check check = { 0 };

	if (!key)
		return false;
	ecryptfs_key_registration(key)->made_file =
		ecryptfs_params_get(params, "file");
	return key_check_new(cmd, key, &check, error) &&
	       new_key_save(cmd, key, &check, error);
}

/*
 * Nothing was ever wrapped for it, so it may go for good; but not when the
 * registration is in place and only its way to the disk failed.
 */
static void take_back(struct cmd *cmd, const char *name, const char *file)
{
	g_autoptr(GError) error = NULL;

	if (new_key_check_name(cmd, name, NULL) && file &&
	    !ecryptfs_safe_file_remove(file, &error))
		cmd_warn(cmd, "%s", error->message);
}

static bool make_key(struct cmd *cmd, EcryptfsPki *pki, const char *name,
		     EcryptfsParams *params, GError **error)
{
	const char *file = ecryptfs_params_get(params, "file");

	if (!pki->module->generate(pki->state, params, error))
		return new_key_module_failed(pki, "generate", error);
	if (prove_and_save(cmd, pki, name, params, error))
		return true;
	take_back(cmd, name, file);
	return false;
}

/* Whose file is there already may have meant to import it. */
static bool claim(struct cmd *cmd, const char *name, const char *file,
		  GError **error)
{
	g_autofree char *pki = g_strconcat("--pki=", cmd_value(cmd, "pki"),
					   NULL);
	g_autofree char *path = g_strconcat("--file=", file, NULL);
	const char *words[] = { "ecryptfs-manager", "import", name, pki, path,
				NULL };
	g_autofree char *line = mount_path_quote(words);
	GError *cause = NULL;

	if (!file || key_material_claim(cmd, file, name, &cause))
		return true;
	if (g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_EXISTS))
		cmd_fix(cmd, "%s", line);
	g_propagate_error(error, cause);
	return false;
}

static bool make_at_claimed_place(struct cmd *cmd, EcryptfsPki *pki,
				  const char *name, EcryptfsParams *params,
				  GError **error)
{
	const char *file = ecryptfs_params_get(params, "file");
	g_autoptr(GError) cause = NULL;
	bool made;

	if (!key_material_lock(error) ||
	    !new_key_check_name(cmd, name, error) ||
	    !key_material_clear_leftovers(cmd, name, error) ||
	    !claim(cmd, name, file, error))
		return false;
	made = make_key(cmd, pki, name, params, error);
	if (file &&
	    !key_material_remove_leftovers(cmd, file, name, NULL, &cause))
		cmd_warn(cmd, "%s", cause->message);
	return made;
}

static bool run(struct cmd *cmd, GError **error)
{
	const char *name = cmd->operands[0];
	g_autoptr(EcryptfsParams) params = NULL;
	EcryptfsPki *pki = NULL;

	if (new_key_check_name(cmd, name, error))
		pki = new_key_pki(cmd, error);
	if (!pki)
		return false;
	if (!pki->module->generate) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "the PKI module %s cannot make keys; it can "
			    "\"import\" them", pki->module->name);
		return false;
	}
	params = collect_params(cmd, pki, name, error);
	return params &&
	       make_at_claimed_place(cmd, pki, name, params, error);
}

static const struct cmd_option options[] = {
	{ "pki", CMD_OPTION_TEXT, "MODULE", "the PKI module that makes it" },
	NEW_KEY_OPTIONS,
	{ "no-passphrase", CMD_OPTION_FLAG, NULL,
	  "protect the key file by nothing but its permissions" },
	CMD_OPTIONS_SECRET,
	{ NULL }
};

const struct cmd_verb cmd_generate = {
	.name = "generate",
	.operands = "NAME --pki=MODULE [OPTION]...",
	.summary = "make a key pair and register it",
	.help = "Makes a key pair, proves it with a wrap and an unwrap, and "
		"registers it as\n"
		"NAME. The passphrase is asked for twice on the terminal, or "
		"taken from\n"
		"--secret-file or --secret-fd. Killed at any point it leaves "
		"no key or a\n"
		"whole one.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_NEW_NAME,
	.min_operands = 1,
	.max_operands = 1,
	.module_options = USE,
	.run = run,
};
