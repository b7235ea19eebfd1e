/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager add: puts auth toks into the kernel's keyring; from then
 * on mounts find the keys.
 */
#include "utils/cmd.h"

static bool add_one(struct cmd *cmd, const char *name, GError **error)
{
	g_autoptr(EcryptfsRegistration) reg = cmd_registration(cmd, name,
							       error);

	if (!reg || !cmd_load_auth_tok(cmd, reg, error))
		return false;
	output_open_object(cmd->out, NULL);
	output_string(cmd->out, "name", name);
	output_string(cmd->out, "signature", ecryptfs_registration_sig(reg));
	output_close(cmd->out);
	output_text(cmd->out, "%s %s\n", name,
		    ecryptfs_registration_sig(reg));
	return true;
}

/* One key that cannot be loaded does not keep the others out. */
static bool add_all(struct cmd *cmd, char *const *names, GError **error)
{
	g_autoptr(GError) first = NULL;
	g_autofree char *blame = NULL;

	output_open_array(cmd->out, "keys");
	for (size_t i = 0; names[i]; i++) {
		g_autoptr(GError) cause = NULL;

		if (add_one(cmd, names[i], &cause))
			continue;
		if (first) {
			cmd_warn(cmd, "%s: %s", names[i], cause->message);
			continue;
		}
		first = g_steal_pointer(&cause);
		blame = g_strdup(names[i]);
	}
	output_close(cmd->out);
	if (!first)
		return true;
	cmd_blame(cmd, blame);
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}

static bool run(struct cmd *cmd, GError **error)
{
	g_auto(GStrv) all = NULL;
	bool every = cmd_flag(cmd, "all");
	bool done;

	if (every == (cmd->operands_len > 0)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "name the keys, or say --all");
		return false;
	}
	if (every) {
		all = ecryptfs_registration_list(NULL, error);
		if (!all)
			return false;
	}
	done = add_all(cmd, all ? all : cmd->operands, error);
	if (!cmd_reload_daemon(cmd))
		cmd_note(cmd, "no ecryptfsd is running yet: start one with "
			 "\"ecryptfsd --daemonize\"");
	return done;
}

static const struct cmd_option options[] = {
	{ "all", CMD_OPTION_FLAG, NULL, "every registered key" },
	CMD_OPTION_KEYRING,
	{ NULL }
};

const struct cmd_verb cmd_add = {
	.name = "add",
	.alias = "load",
	.operands = "{NAME... | --all} [OPTION]...",
	.summary = "put keys into the kernel's keyring",
	.help = "Puts the auth tok of each NAME into the keyring, where mounts "
		"and the daemon\n"
		"find it, and prints \"NAME SIGNATURE\". The auth tok holds "
		"no secret. A key\n"
		"that could not be used (file gone, too large) is refused "
		"here, not at the\n"
		"first file.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_KEY,
	.max_operands = CMD_OPERANDS_ANY,
	.run = run,
};
