/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a key must pass before anything is trusted to it.
 */
#include "utils/key-check.h"

#include "libecryptfs/envelope.h"
#include "libecryptfs/packet.h"

bool key_check_size(const EcryptfsRegistration *reg, GError **error)
{
	const EcryptfsPublicKey *public_key = reg->public_key;
	const char *kind = ecryptfs_public_key_describe(public_key);
	size_t size = ecryptfs_public_key_wrapped_size(
		public_key, ecryptfs_public_key_scheme(public_key),
		ECRYPTFS_RANDOM_FEK_PACKET_BYTES);

	if (reg->read_pkcs1 ||
	    ecryptfs_envelope_size(reg, ECRYPTFS_RANDOM_FEK_PACKET_BYTES))
		return true;
	if (reg->mode == ECRYPTFS_MODE_COMPAT &&
	    !ecryptfs_public_key_rsa_size(public_key))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "a key of kind %s has no mode compat: "
			    "ecryptfs-utils can read RSA only", kind);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_TOO_LARGE,
			    "a key of kind %s would wrap the %d bytes of an "
			    "AES-256 FEK packet to %zu bytes; the kernel "
			    "takes at most %d", kind,
			    ECRYPTFS_RANDOM_FEK_PACKET_BYTES, size,
			    ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
	return false;
}

static bool check_time(struct cmd *cmd, const struct key_check *check,
		       GError **error)
{
	double seconds = (double)check->unwrap_usec / G_USEC_PER_SEC;

	if (check->unwrap_usec <= KEY_CHECK_SLOW_USEC)
		return true;
	if (cmd_flag(cmd, "slow")) {
		cmd_warn(cmd, "the private operation takes %.1f s; the kernel "
			 "waits 3 s", seconds);
		return true;
	}
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "the private operation takes %.1f s, and the kernel waits "
		    "3 s for it: files might not open; --slow takes the key "
		    "all the same", seconds);
	return false;
}

bool key_check_new(struct cmd *cmd, EcryptfsKey *key, struct key_check *check,
		   GError **error)
{
	if (!key_check_size(ecryptfs_key_registration(key), error) ||
	    !ecryptfs_envelope_prove(key, &check->wrap_usec,
				     &check->unwrap_usec, error))
		return false;
	check->proven = ecryptfs_key_pki(key);
	return check_time(cmd, check, error);
}

static bool may_wait(EcryptfsKey *key, const GError *cause)
{
	struct ecryptfs_pki_key_state state;

	if (g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED))
		return true;
	ecryptfs_key_state(key, &state);
	return state.hardware && state.code != ECRYPTFS_ERROR_NONE;
}

bool key_check_loadable(EcryptfsKey *key, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (!key_check_size(ecryptfs_key_registration(key), error))
		return false;
	if (ecryptfs_envelope_prove(key, NULL, NULL, &cause) ||
	    may_wait(key, cause))
		return true;
	g_propagate_error(error, g_steal_pointer(&cause));
	return false;
}

void key_check_print(Output *out, const struct key_check *check)
{
	output_int(out, "wrap_usec", check->wrap_usec);
	output_text(out, "Wrap:          %.2f ms\n",
		    (double)check->wrap_usec / 1000);
	if (!check->proven)
		return;
	output_int(out, "unwrap_usec", check->unwrap_usec);
	output_text(out, "Unwrap:        %.2f ms\n",
		    (double)check->unwrap_usec / 1000);
}
