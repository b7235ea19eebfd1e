/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A key on its way to be registered.
 */
#include "utils/new-key.h"

#include <string.h>
#include <sys/stat.h>

#include "libecryptfs/envelope.h"
#include "utils/key-view.h"
#include "utils/module-options.h"

#define RSA_2048_BYTES 256
#define TTL_LIMIT (30u * 86400)

bool new_key_check_name(struct cmd *cmd, const char *name, GError **error)
{
	g_autofree char *path = NULL;
	struct stat st;

	cmd_blame(cmd, name);
	if (!ecryptfs_registration_name_valid(name)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "\"%s\" cannot be a key's name: use up to %d of "
			    "a-z A-Z 0-9 . _ @ -, not beginning with . or -",
			    name, ECRYPTFS_REGISTRATION_NAME_MAX);
		return false;
	}
	path = ecryptfs_registration_path(NULL, name);
	if (lstat(path, &st) != 0)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_EXISTS,
		    "a key \"%s\" is registered already; choose another name, "
		    "or \"ecryptfs-manager rename %s NEW\"", name, name);
	return false;
}

EcryptfsPki *new_key_pki(struct cmd *cmd, GError **error)
{
	const char *name = cmd_value(cmd, "pki");

	if (!name) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--pki=MODULE is missing: which kind of key");
		cmd_fix(cmd, "ecryptfs-manager modules");
		return NULL;
	}
	return ecryptfs_pki_list_find(cmd_modules(cmd), name, error);
}

bool new_key_module_failed(const EcryptfsPki *pki, const char *call,
			   GError **error)
{
	if (error && !*error)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MODULE,
			    "PKI module %s failed in %s and did not say why",
			    pki->module->name, call);
	return false;
}

static bool take_seconds(struct cmd *cmd, const char *option,
			 unsigned int *seconds, GError **error)
{
	const char *value = cmd_value(cmd, option);
	guint64 number;

	if (!value)
		return true;
	if (!g_ascii_string_to_unsigned(value, 10, 0, TTL_LIMIT, &number,
					NULL)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--%s takes seconds from 0 to %u, not \"%s\"",
			    option, TTL_LIMIT, value);
		return false;
	}
	*seconds = (unsigned int)number;
	return true;
}

EcryptfsRegistration *new_key_registration(struct cmd *cmd, const char *name,
					   const char *pki_name,
					   EcryptfsPublicKey *public_key,
					   GError **error)
{
	g_autoptr(EcryptfsRegistration) reg =
		ecryptfs_registration_new(name, pki_name, public_key);
	const char *mode = cmd_value(cmd, "mode");

	if (mode)
		ecryptfs_mode_from_name(mode, &reg->mode);
	reg->read_pkcs1 = cmd_flag(cmd, "read-pkcs1");
	reg->created = g_get_real_time() / G_USEC_PER_SEC;
	if (reg->read_pkcs1 && !ecryptfs_public_key_rsa_size(public_key)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "--read-pkcs1 is for RSA keys; this one is %s",
			    ecryptfs_public_key_describe(public_key));
		return NULL;
	}
	if (!take_seconds(cmd, "pin-ttl", &reg->pin_ttl, error) ||
	    !take_seconds(cmd, "pin-ttl-max", &reg->pin_ttl_max, error))
		return NULL;
	return g_steal_pointer(&reg);
}

static void keep_locators(EcryptfsRegistration *reg, const EcryptfsPki *pki,
			  const EcryptfsParams *params)
{
	const struct ecryptfs_pki_module *module = pki->module;

	for (size_t i = 0; i < module->params_len; i++) {
		const struct ecryptfs_pki_param *param = &module->params[i];

		if (param->uses & ECRYPTFS_PKI_PARAM_LOCATOR)
			ecryptfs_params_set(reg->params, param->name,
					    ecryptfs_params_get(params,
								param->name));
	}
}

static EcryptfsPublicKey *read_public_half(const EcryptfsPki *pki,
					   void *handle, GError **error)
{
	g_autoptr(GBytes) spki = pki->module->public_id(handle, error);

	if (!spki) {
		new_key_module_failed(pki, "public_id", error);
		return NULL;
	}
	return ecryptfs_public_key_new(g_bytes_get_data(spki, NULL),
				       g_bytes_get_size(spki), error);
}

static EcryptfsKey *adopt(struct cmd *cmd, EcryptfsPki *pki, const char *name,
			  const EcryptfsParams *params, void *handle,
			  GError **error)
{
	g_autoptr(EcryptfsPublicKey) public_key = NULL;
	g_autoptr(EcryptfsRegistration) reg = NULL;

	public_key = read_public_half(pki, handle, error);
	if (public_key)
		reg = new_key_registration(cmd, name, pki->module->name,
					   public_key, error);
	if (!reg) {
		pki->module->key_close(handle);
		return NULL;
	}
	keep_locators(reg, pki, params);
	return ecryptfs_key_adopt(pki, reg, handle);
}

static const EcryptfsSecret *find_secret(const EcryptfsPki *pki,
					 unsigned int use,
					 const EcryptfsParams *params)
{
	const struct ecryptfs_pki_param *param =
		module_options_secret(pki, use);

	return param ? ecryptfs_params_get_secret(params, param->name) : NULL;
}

EcryptfsKey *new_key_open(struct cmd *cmd, EcryptfsPki *pki, const char *name,
			  EcryptfsParams *params, GError **error)
{
	g_autoptr(EcryptfsKey) key = NULL;
	const EcryptfsSecret *secret;
	void *handle = pki->module->key_open(pki->state, params, NULL, error);

	if (handle)
		key = adopt(cmd, pki, name, params, handle, error);
	else
		new_key_module_failed(pki, "key_open", error);
	if (!key)
		return NULL;
	secret = find_secret(pki, cmd->verb->module_options, params);
	if (!ecryptfs_key_unlock(key, secret, error))
		return NULL;
	return g_steal_pointer(&key);
}

/* Of a private key its module has said so. */
static void warn_small(struct cmd *cmd, const EcryptfsRegistration *reg)
{
	size_t size = ecryptfs_public_key_rsa_size(reg->public_key);

	if (size && size < RSA_2048_BYTES &&
	    g_str_equal(reg->pki_name, ECRYPTFS_PKI_PUBLIC))
		cmd_warn(cmd, "%s is too weak for new files",
			 ecryptfs_public_key_describe(reg->public_key));
}

bool new_key_save(struct cmd *cmd, EcryptfsKey *key,
		  const struct key_check *check, GError **error)
{
	EcryptfsRegistration *reg = ecryptfs_key_registration(key);

	if (!ecryptfs_registration_save(NULL, reg, false, error))
		return false;
	warn_small(cmd, reg);
	output_open_object(cmd->out, "key");
	key_view_print_registration(cmd->out, reg);
	key_check_print(cmd->out, check);
	output_close(cmd->out);
	cmd_reload_daemon(cmd);
	cmd_note(cmd, "next: ecryptfs-manager add %s", reg->name);
	return true;
}
