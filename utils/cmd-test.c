/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager test: a wrap and an unwrap on the path that a request of
 * the kernel takes, in the daemon, or here when none runs.
 */
#include "utils/cmd.h"

#include <string.h>

#include "libecryptfs/control-protocol.h"
#include "libecryptfs/envelope.h"
#include "utils/round-trip.h"
#include "utils/secret-input.h"

#define GROUP "test"

static bool read_times(const char *text, struct key_check *check,
		       GError **error)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;

	if (g_key_file_load_from_data(file, text, strlen(text),
				      G_KEY_FILE_NONE, &cause))
		check->wrap_usec = g_key_file_get_int64(
			file, GROUP, "wrap-usec", &cause);
	if (!cause && g_key_file_has_key(file, GROUP, "unwrap-usec", NULL)) {
		check->unwrap_usec = g_key_file_get_int64(
			file, GROUP, "unwrap-usec", &cause);
		check->proven = true;
	}
	if (!cause)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MESSAGE,
		    "the answer of ecryptfsd cannot be read: %s",
		    cause->message);
	return false;
}

static bool test_in_daemon(const char *name, struct key_check *check,
			   GError **error)
{
	g_autofree char *text = ecryptfs_control_call(ECRYPTFS_CONTROL_TEST,
						      name, NULL, error);

	return text && read_times(text, check, error);
}

static bool unlock_here(struct cmd *cmd, EcryptfsKey *key, const char *name,
			GError **error)
{
	g_autofree char *prompt = g_strdup_printf("Passphrase of \"%s\"",
						  name);
	g_autoptr(EcryptfsSecret) secret = NULL;
	g_autoptr(GError) cause = NULL;

	if (ecryptfs_key_unlock(key, NULL, &cause))
		return true;
	if (!g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED))
		return true; /* its unwrap says what is wrong */
	if (!secret_input_or_locked(cmd, cause, error))
		return false;
	secret = secret_input_read(cmd, "secret", SECRET_INPUT_KNOWN, prompt,
				   error);
	return secret && ecryptfs_key_unlock(key, secret, error);
}

static void registration_refused(const char *name, const GError *error,
				 void *data)
{
	(void)name;
	cmd_warn(data, "%s", error->message);
}

static bool test_here(struct cmd *cmd, const EcryptfsRegistration *reg,
		      struct key_check *check, GError **error)
{
	g_autoptr(EcryptfsKeyStore) store =
		ecryptfs_key_store_new(cmd_modules(cmd), NULL);
	g_autoptr(EcryptfsKey) key = NULL;
	const struct ecryptfs_responder responder = {
		.keyring = ecryptfs_keyring_of_process(),
		.keys = store,
	};

	/* With its twins, any of which may serve a request of the kernel. */
	ecryptfs_key_store_restrict(store, ecryptfs_registration_sig(reg));
	ecryptfs_key_store_reload(store, registration_refused, cmd);
	key = ecryptfs_key_store_get(store, reg->name, error);
	if (!key || !unlock_here(cmd, key, reg->name, error))
		return false;
	/* Twice: the first reads the key file, as a daemon does once. */
	if (!reg->read_pkcs1)
		return round_trip(&responder, reg, check, error) &&
		       round_trip(&responder, reg, check, error);
	/* It wraps nothing, so there is no request that it would answer. */
	check->proven = true;
	return ecryptfs_envelope_prove(key, &check->wrap_usec,
				       &check->unwrap_usec, error);
}

/* The daemon first; its absence is said, not hidden. */
static bool test_key(struct cmd *cmd, const EcryptfsRegistration *reg,
		     struct key_check *check, bool *in_daemon, GError **error)
{
	g_autoptr(GError) cause = NULL;

	*in_daemon = test_in_daemon(reg->name, check, &cause);
	if (*in_daemon)
		return true;
	if (!g_error_matches(cause, ECRYPTFS_ERROR,
			     ECRYPTFS_ERROR_NO_DAEMON)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	cmd_note(cmd, "%s; testing in this process", cause->message);
	return test_here(cmd, reg, check, error);
}

/* Not there, expired or revoked: what the keyring says is what is wrong. */
static bool check_loaded(struct cmd *cmd, const EcryptfsRegistration *reg,
			 GError **error)
{
	const struct ecryptfs_keyring keyring = ecryptfs_keyring_of_process();
	g_autoptr(EcryptfsSecret) payload = keyring.find(
		keyring.data, ecryptfs_registration_sig(reg), error);

	if (payload)
		return true;
	cmd_fix(cmd, "ecryptfs-manager add %s", reg->name);
	return false;
}

static bool run(struct cmd *cmd, GError **error)
{
	g_autoptr(EcryptfsRegistration) reg =
		cmd_registration(cmd, cmd->operands[0], error);
	struct key_check check = { 0 };
	bool in_daemon;

	if (!reg || !check_loaded(cmd, reg, error) ||
	    !test_key(cmd, reg, &check, &in_daemon, error))
		return false;
	output_field(cmd->out, "name", "Name:", reg->name);
	output_string(cmd->out, "signature", ecryptfs_registration_sig(reg));
	output_field(cmd->out, "where", "Tested in:",
		     in_daemon ? "daemon" : "this process");
	key_check_print(cmd->out, &check);
	if (!check.proven)
		cmd_note(cmd, "only the public half of \"%s\" is here: "
			 "nothing was unwrapped", reg->name);
	return true;
}

static const struct cmd_option options[] = {
	CMD_OPTIONS_SECRET,
	{ NULL }
};

const struct cmd_verb cmd_test = {
	.name = "test",
	.operands = "NAME [OPTION]...",
	.summary = "wrap and unwrap with a key, as for a file",
	.help = "Wraps and unwraps a random file key with NAME on the path "
		"that a request of\n"
		"the kernel takes: keyring, registration, PKI module. Runs in "
		"the daemon and\n"
		"prints the time of each; without a daemon, in this process, "
		"where a\n"
		"passphrase may be needed.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_KEY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
