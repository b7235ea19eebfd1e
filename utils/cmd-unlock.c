/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager unlock: gives a key's passphrase to the running daemon.
 */
#include "utils/cmd.h"

#include "libecryptfs/control-protocol.h"
#include "utils/secret-input.h"

static char *call_with_secret(struct cmd *cmd, const char *name,
			     GError **error)
{
	g_autofree char *prompt = g_strdup_printf("Passphrase of \"%s\"",
						  name);
	g_autoptr(EcryptfsSecret) secret = secret_input_read(
		cmd, "secret", SECRET_INPUT_KNOWN, prompt, error);

	return secret ? ecryptfs_control_call(ECRYPTFS_CONTROL_UNLOCK, name,
					      secret, error) : NULL;
}

/* Whether it has a passphrase the daemon knows: it is asked for then. */
static char *unlock(struct cmd *cmd, const char *name, GError **error)
{
	g_autoptr(GError) cause = NULL;
	char *text;

	if (secret_input_given(cmd, "secret"))
		return call_with_secret(cmd, name, error);
	text = ecryptfs_control_call(ECRYPTFS_CONTROL_UNLOCK, name, NULL,
				     &cause);
	if (text)
		return text;
	if (!g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return NULL;
	}
	if (!secret_input_or_locked(cmd, cause, error))
		return NULL;
	return call_with_secret(cmd, name, error);
}

static bool run(struct cmd *cmd, GError **error)
{
	const char *name = cmd->operands[0];
	g_autoptr(EcryptfsRegistration) reg = cmd_registration(cmd, name,
							       error);
	g_autofree char *text = reg ? unlock(cmd, name, error) : NULL;

	if (!text)
		return false;
	output_string(cmd->out, "name", name);
	output_bool(cmd->out, "locked", false);
	output_string(cmd->out, "text", text);
	output_text(cmd->out, "%s\n", text);
	return true;
}

static const struct cmd_option options[] = {
	CMD_OPTIONS_SECRET,
	{ NULL }
};

const struct cmd_verb cmd_unlock = {
	.name = "unlock",
	.operands = "NAME [OPTION]...",
	.summary = "give a key's passphrase to the daemon",
	.help = "Gives the passphrase of NAME to the running daemon, which "
		"proves that it is\n"
		"right; lifts what \"lock\" did. It is asked for on the "
		"terminal when the key\n"
		"needs one.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
