/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager show: all that is known of one key.
 */
#include "utils/cmd.h"

#include "utils/key-view.h"

static bool run(struct cmd *cmd, GError **error)
{
	g_autoptr(EcryptfsRegistration) reg =
		cmd_registration(cmd, cmd->operands[0], error);
	g_autoptr(DaemonStatus) status = NULL;

	if (!reg)
		return false;
	status = daemon_status_get(NULL);
	output_open_object(cmd->out, "key");
	key_view_print(cmd->out, reg, status);
	output_close(cmd->out);
	return true;
}

const struct cmd_verb cmd_show = {
	.name = "show",
	.operands = "NAME",
	.summary = "show one key: where it is, loaded, locked, time left",
	.help = "Shows what the registration of NAME says, whether its auth "
		"tok is loaded, and\n"
		"what a running daemon knows: locked or not, time left, "
		"counts.\n",
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
