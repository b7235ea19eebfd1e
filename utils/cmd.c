/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every verb needs of its run: options, modules, registrations, the
 * daemon, and words on stderr.
 */
#include "utils/cmd.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libecryptfs/auth-tok.h"
#include "libecryptfs/control-protocol.h"
#include "utils/error-fix.h"
#include "utils/key-check.h"

bool cmd_flag(const struct cmd *cmd, const char *option)
{
	return ecryptfs_params_get_bool(cmd->options, option);
}

const char *cmd_value(const struct cmd *cmd, const char *option)
{
	return ecryptfs_params_get(cmd->options, option);
}

enum ecryptfs_keyring_which cmd_keyring(const struct cmd *cmd)
{
	const char *word = cmd_value(cmd, "keyring");

	if (g_strcmp0(word, "session") == 0)
		return ECRYPTFS_KEYRING_SESSION;
	if (g_strcmp0(word, "persistent") == 0)
		return ECRYPTFS_KEYRING_PERSISTENT;
	return ECRYPTFS_KEYRING_USER;
}

static void print_line(const char *prefix, const char *text)
{
	g_autofree char *line = output_printable(text);

	fprintf(stderr, "%s%s\n", prefix, line);
}

void cmd_note(struct cmd *cmd, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	(void)cmd;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	print_line("", text);
}

void cmd_warn(struct cmd *cmd, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	print_line("warning: ", text);
	output_warning(cmd->out, text);
}

void cmd_blame(struct cmd *cmd, const char *name)
{
	g_free(cmd->blame);
	cmd->blame = g_strdup(name);
}

void cmd_fix(struct cmd *cmd, const char *format, ...)
{
	va_list args;

	g_free(cmd->fix);
	va_start(args, format);
	cmd->fix = g_strdup_vprintf(format, args);
	va_end(args);
}

static bool is_registered(const char *name)
{
	g_autofree char *path = NULL;
	struct stat st;

	if (!name || !ecryptfs_registration_name_valid(name))
		return false;
	path = ecryptfs_registration_path(NULL, name);
	return lstat(path, &st) == 0;
}

char *cmd_fix_of(const struct cmd *cmd, const GError *error)
{
	if (cmd->fix)
		return g_strdup(cmd->fix);
	if (error->domain != ECRYPTFS_ERROR)
		return NULL;
	return error_fix((enum ecryptfs_error)error->code,
			 cmd->verb ? cmd->verb->name : NULL,
			 is_registered(cmd->blame) ? cmd->blame : NULL);
}

void cmd_report(struct cmd *cmd, const GError *error)
{
	g_autofree char *fix = cmd_fix_of(cmd, error);
	g_autofree char *quoted = cmd->blame ?
		g_strdup_printf("\"%s\"", cmd->blame) : NULL;
	g_autofree char *text = NULL;

	output_error(cmd->out, error, cmd->blame, fix);
	if (cmd->blame && !strstr(error->message, quoted))
		text = g_strdup_printf("%s: %s", cmd->blame, error->message);
	print_line("ecryptfs-manager: ", text ? text : error->message);
	if (fix && !strstr(error->message, fix))
		print_line("  try: ", fix);
}

static void module_refused(const char *path, const GError *error, void *data)
{
	(void)path;
	cmd_warn(data, "%s", error->message);
}

EcryptfsPkiList *cmd_modules(struct cmd *cmd)
{
	if (!cmd->modules)
		cmd->modules = ecryptfs_pki_list_load(
			cmd_value(cmd, "module-dir"), module_refused, cmd);
	return cmd->modules;
}

EcryptfsRegistration *cmd_registration(struct cmd *cmd, const char *name,
				       GError **error)
{
	cmd_blame(cmd, name);
	return ecryptfs_registration_load(NULL, name, error);
}

EcryptfsKey *cmd_open_key(struct cmd *cmd, EcryptfsRegistration *reg,
			  GError **error)
{
	EcryptfsPki *pki = NULL;

	cmd_blame(cmd, reg->name);
	if (!g_str_equal(reg->pki_name, ECRYPTFS_PKI_PUBLIC)) {
		pki = ecryptfs_pki_list_find(cmd_modules(cmd), reg->pki_name,
					     error);
		if (!pki)
			return NULL;
	}
	return ecryptfs_key_open(pki, reg, error);
}

static bool check_loadable(struct cmd *cmd, EcryptfsRegistration *reg,
			   GError **error)
{
	g_autoptr(EcryptfsKey) key = cmd_open_key(cmd, reg, error);

	return key && key_check_loadable(key, error);
}

bool cmd_load_auth_tok(struct cmd *cmd, EcryptfsRegistration *reg,
		       GError **error)
{
	const char *sig = ecryptfs_registration_sig(reg);
	g_autoptr(GBytes) payload = NULL;
	bool linked = false;

	if (!check_loadable(cmd, reg, error))
		return false;
	payload = ecryptfs_auth_tok_to_payload(sig, reg->pki_name, reg->name,
					       error);
	if (!payload ||
	    !ecryptfs_keyring_add(cmd_keyring(cmd), sig, payload, &linked,
				  error))
		return false;
	if (linked)
		cmd_note(cmd, "linked the user keyring into this session's "
			 "keyring (keyctl link @u @s), which did not reach it");
	return true;
}

static EcryptfsRegistration *twin_of(const EcryptfsRegistration *reg)
{
	g_auto(GStrv) names = ecryptfs_registration_list(NULL, NULL);

	for (size_t i = 0; names && names[i]; i++) {
		g_autoptr(EcryptfsRegistration) other = NULL;

		if (g_str_equal(names[i], reg->name))
			continue;
		other = ecryptfs_registration_load(NULL, names[i], NULL);
		if (other && g_str_equal(ecryptfs_registration_sig(other),
					 ecryptfs_registration_sig(reg)))
			return g_steal_pointer(&other);
	}
	return NULL;
}

bool cmd_unload_auth_tok(struct cmd *cmd, const EcryptfsRegistration *reg,
			 GError **error)
{
	const char *sig = ecryptfs_registration_sig(reg);
	g_autoptr(EcryptfsRegistration) twin = twin_of(reg);
	g_autoptr(GBytes) payload = NULL;

	if (!twin)
		return ecryptfs_keyring_remove(sig, error);
	payload = ecryptfs_auth_tok_to_payload(sig, twin->pki_name,
					       twin->name, error);
	if (!payload || !ecryptfs_keyring_update(sig, payload, error))
		return false;
	cmd_note(cmd, "signature %s stays in the keyring: \"%s\" has it too",
		 sig, twin->name);
	return true;
}

bool cmd_reload_daemon(struct cmd *cmd)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = ecryptfs_control_call(
		ECRYPTFS_CONTROL_RELOAD, NULL, NULL, &error);

	if (text)
		return true;
	if (g_error_matches(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_DAEMON))
		return false;
	cmd_warn(cmd, "ecryptfsd did not read the registrations again: %s",
		 error->message);
	return true;
}
