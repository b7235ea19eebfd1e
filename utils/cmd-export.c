/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager export: the public half, for another machine or person.
 */
#include "utils/cmd.h"

#include "utils/key-view.h"
#include "utils/pem.h"

static bool run(struct cmd *cmd, GError **error)
{
	g_autoptr(EcryptfsRegistration) reg =
		cmd_registration(cmd, cmd->operands[0], error);
	g_autofree char *pem = NULL;

	if (!reg)
		return false;
	pem = pem_format_public(reg->public_key);
	output_string(cmd->out, "name", reg->name);
	output_string(cmd->out, "signature", ecryptfs_registration_sig(reg));
	output_string(cmd->out, "public_key", pem);
	output_text(cmd->out, "%s", pem);
	return true;
}

const struct cmd_verb cmd_export = {
	.name = "export",
	.operands = "NAME",
	.summary = "print the public half of a key",
	.help = "Prints the public half of NAME in PEM. On another machine, "
		"\"import\n"
		"--public=FILE\" makes it a recipient.\n",
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
