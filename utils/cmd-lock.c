/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager lock: the daemon drops passphrases and private keys and
 * refuses to unwrap until `unlock`.
 */
#include "utils/cmd.h"

#include "libecryptfs/control-protocol.h"

static bool run(struct cmd *cmd, GError **error)
{
	const char *name = cmd->operands_len ? cmd->operands[0] : NULL;
	g_autoptr(EcryptfsRegistration) reg = NULL;
	g_autofree char *text = NULL;

	if (name)
		reg = cmd_registration(cmd, name, error);
	if (name && !reg)
		return false;
	text = ecryptfs_control_call(ECRYPTFS_CONTROL_LOCK, name, NULL, error);
	if (!text)
		return false;
	output_string(cmd->out, "name", name);
	output_bool(cmd->out, "locked", true);
	output_string(cmd->out, "text", text);
	output_text(cmd->out, "%s\n", text);
	return true;
}

const struct cmd_verb cmd_lock = {
	.name = "lock",
	.operands = "[NAME]",
	.summary = "drop the passphrase and private key of one key, or of all",
	.help = "The running daemon drops the passphrase and the private half "
		"of NAME, or of all\n"
		"keys, and unwraps nothing with it until \"unlock\", also when "
		"the key has no\n"
		"passphrase, and by no other name under which the same key is "
		"registered. Says\n"
		"what stays readable: the kernel keeps the keys of files that "
		"it has open or\n"
		"cached until they are unmounted.\n",
	.operand_kind = CMD_OPERAND_KEY,
	.max_operands = 1,
	.run = run,
};
