/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager list: the registered keys, one line each.
 */
#include "utils/cmd.h"

#include "utils/key-view.h"

/* A registration that cannot be read does not hide the others. */
static bool list_all(struct cmd *cmd, char *const *names,
		     const DaemonStatus *status, GError **error)
{
	bool done = true;

	output_open_array(cmd->out, "keys");
	for (size_t i = 0; names[i]; i++) {
		g_autoptr(GError) cause = NULL;
		g_autoptr(EcryptfsRegistration) reg =
			ecryptfs_registration_load(NULL, names[i], &cause);

		if (reg) {
			key_view_print_row(cmd->out, reg, status);
		} else if (done) {
			done = false;
			cmd_blame(cmd, names[i]);
			g_propagate_error(error, g_steal_pointer(&cause));
		} else {
			cmd_warn(cmd, "%s", cause->message);
		}
	}
	output_close(cmd->out);
	return done;
}

static bool run(struct cmd *cmd, GError **error)
{
	g_auto(GStrv) names = ecryptfs_registration_list(NULL, error);
	g_autoptr(DaemonStatus) status = NULL;

	if (!names)
		return false;
	if (!names[0])
		cmd_note(cmd, "no key is registered; \"ecryptfs-manager "
			 "generate NAME --pki=openssl\" makes one");
	else
		output_text(cmd->out, "%-20s %-16s  %-8s %-10s %-7s %-7s %s\n",
			    "NAME", "SIGNATURE", "PKI", "KIND", "MODE",
			    "LOADED", "STATE");
	status = daemon_status_get(NULL);
	return list_all(cmd, names, status, error);
}

const struct cmd_verb cmd_list = {
	.name = "list",
	.operands = "",
	.summary = "list the registered keys",
	.help = "Lists the registered keys. LOADED: this session finds the "
		"auth tok. STATE is\n"
		"the daemon's: whether the key can be used now; \"unknown\" "
		"when no daemon\n"
		"runs, \"public\" when only the public half is here.\n",
	.run = run,
};
