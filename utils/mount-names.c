/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The second number of an auth tok says whether it is a passphrase's; see
 * doc/PROTOCOL, section 6.
 */
#include "utils/mount-names.h"

#include "libecryptfs/auth-tok.h"
#include "libecryptfs/cursor.h"
#include "libecryptfs/keyring.h"

#define TYPE_PASSWORD 0

static bool is_passphrase(const EcryptfsSecret *payload)
{
	struct ecryptfs_reader reader;
	uint16_t version, type;

	ecryptfs_reader_init(&reader, ecryptfs_secret_data(payload),
			     ecryptfs_secret_len(payload));
	return ecryptfs_secret_len(payload) >= ECRYPTFS_AUTH_TOK_SIZE &&
	       ecryptfs_reader_copy(&reader, &version, sizeof(version)) &&
	       ecryptfs_reader_copy(&reader, &type, sizeof(type)) &&
	       type == TYPE_PASSWORD;
}

bool mount_names_check(const char *sig, GError **error)
{
	struct ecryptfs_keyring keyring = ecryptfs_keyring_of_process();
	g_autoptr(EcryptfsSecret) payload = NULL;
	g_autoptr(GError) cause = NULL;

	if (!sig)
		return true;
	payload = keyring.find(keyring.data, sig, &cause);
	if (!payload) {
		g_set_error(error, cause->domain, cause->code,
			    "the key for file names, %s, is not in the "
			    "keyring: load it first (ecryptfs-add-passphrase "
			    "--fnek of ecryptfs-utils)", sig);
		return false;
	}
	if (is_passphrase(payload))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "%s is no passphrase, and the kernel encrypts file names "
		    "only under a passphrase: the mount would not work", sig);
	return false;
}
