/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 5 of doc/ARCHITECTURE: the kernel's keyrings. request_key() searches
 * the thread, process and session keyring and what is linked there; the user
 * keyring is found only when it is linked from the session keyring.
 */
#include "libecryptfs/keyring.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <keyutils.h>

#include "libecryptfs/auth-tok.h"

#define KEY_TYPE "user"
#define FIRST_READ 1024

static const enum ecryptfs_keyring_which all_keyrings[] = {
	ECRYPTFS_KEYRING_SESSION,
	ECRYPTFS_KEYRING_USER,
	ECRYPTFS_KEYRING_PERSISTENT,
};

static enum ecryptfs_error code_of_errno(int err)
{
	switch (err) {
	case ENOKEY:
		return ECRYPTFS_ERROR_NO_KEY;
	case EKEYEXPIRED:
		return ECRYPTFS_ERROR_KEY_EXPIRED;
	case EKEYREVOKED:
	case EKEYREJECTED:
		return ECRYPTFS_ERROR_KEY_REVOKED;
	case EACCES:
	case EPERM:
		return ECRYPTFS_ERROR_PERMISSION;
	default:
		return ECRYPTFS_ERROR_IO;
	}
}

static void set_key_error(GError **error, const char *sig, int err)
{
	enum ecryptfs_error code = code_of_errno(err);

	if (code == ECRYPTFS_ERROR_NO_KEY)
		g_set_error(error, ECRYPTFS_ERROR, code,
			    "no auth tok of signature %s in the keyring; "
			    "\"ecryptfs-manager add NAME\" puts it there", sig);
	else
		g_set_error(error, ECRYPTFS_ERROR, code,
			    "the auth tok of signature %s: %s; "
			    "\"ecryptfs-manager add NAME\" renews it", sig,
			    g_strerror(err));
}

static bool session_is_revoked(void)
{
	char description[1];

	return keyctl_describe(KEY_SPEC_SESSION_KEYRING, description,
			       sizeof(description)) < 0 && errno == EKEYREVOKED;
}

/* After logout a thread's session keyring may be dead; it gets a fresh one. */
static key_serial_t search(const char *sig)
{
	key_serial_t key = (key_serial_t)request_key(KEY_TYPE, sig, NULL, 0);
	int err = errno;

	if (key < 0 && session_is_revoked() &&
	    ecryptfs_keyring_mend_session(NULL)) {
		key = (key_serial_t)request_key(KEY_TYPE, sig, NULL, 0);
		err = errno;
	}
	/*
	 * request_key() passes over an expired key as if it were not there,
	 * and over a revoked one when there is a process keyring too.
	 */
	if (key < 0 && err == ENOKEY &&
	    keyctl_search(KEY_SPEC_SESSION_KEYRING, KEY_TYPE, sig, 0) < 0)
		err = errno;
	errno = err;
	return key;
}

static EcryptfsSecret *read_payload(key_serial_t key)
{
	size_t capacity = FIRST_READ;

	for (;;) {
		g_autoptr(EcryptfsSecret) payload =
			ecryptfs_secret_new(capacity);
		long n = keyctl_read(key, (char *)ecryptfs_secret_data(payload),
				     capacity);

		if (n < 0)
			return NULL;
		if ((size_t)n <= capacity) {
			ecryptfs_secret_set_len(payload, (size_t)n);
			return g_steal_pointer(&payload);
		}
		capacity = (size_t)n;
	}
}

static EcryptfsSecret *find_in_process(void *data, const char *sig,
				       GError **error)
{
	g_autoptr(EcryptfsSecret) payload = NULL;
	key_serial_t key = search(sig);

	(void)data;
	if (key >= 0)
		payload = read_payload(key);
	if (!payload)
		set_key_error(error, sig, errno);
	return g_steal_pointer(&payload);
}

struct ecryptfs_keyring ecryptfs_keyring_of_process(void)
{
	return (struct ecryptfs_keyring){ .find = find_in_process };
}

/* The persistent keyring is given only with a keyring to link it to. */
static key_serial_t keyring_id(enum ecryptfs_keyring_which which,
			       key_serial_t link_to)
{
	switch (which) {
	case ECRYPTFS_KEYRING_USER:
		return KEY_SPEC_USER_KEYRING;
	case ECRYPTFS_KEYRING_SESSION:
		return KEY_SPEC_SESSION_KEYRING;
	case ECRYPTFS_KEYRING_PERSISTENT:
		return (key_serial_t)keyctl_get_persistent((uid_t)-1, link_to);
	}
	g_assert_not_reached();
}

static bool set_add_error(GError **error, const char *sig, int err)
{
	if (err == EDQUOT)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_QUOTA,
			    "no room for the auth tok of signature %s: the "
			    "keyring quota is used up; remove keys, or raise "
			    "the sysctls kernel.keys.maxkeys and "
			    "kernel.keys.maxbytes", sig);
	else
		ecryptfs_error_set_errno(
			error, err,
			"cannot add the auth tok of signature %s", sig);
	return false;
}

bool ecryptfs_keyring_remove_from(enum ecryptfs_keyring_which which,
				  const char *sig, GError **error)
{
	key_serial_t ring = keyring_id(which, KEY_SPEC_PROCESS_KEYRING);
	key_serial_t key = -1;

	if (ring != -1)
		key = (key_serial_t)keyctl_search(ring, KEY_TYPE, sig, 0);
	if (key >= 0 && keyctl_unlink(key, ring) == 0)
		return true;
	/* ENOENT: found, but in a keyring that is linked from this one. */
	set_key_error(error, sig, errno == ENOENT ? ENOKEY : errno);
	return false;
}

bool ecryptfs_keyring_remove(const char *sig, GError **error)
{
	g_autoptr(GError) cause = NULL;
	bool gone = false;

	for (size_t i = 0; i < G_N_ELEMENTS(all_keyrings); i++)
		gone |= ecryptfs_keyring_remove_from(
			all_keyrings[i], sig, cause ? NULL : &cause);
	if (!gone)
		g_propagate_error(error, g_steal_pointer(&cause));
	return gone;
}

static bool finds(const char *sig, key_serial_t key)
{
	return request_key(KEY_TYPE, sig, NULL, 0) == key;
}

/* One in another keyring would go on being found instead of the new one. */
static void unlink_others(enum ecryptfs_keyring_which which, const char *sig)
{
	for (size_t i = 0; i < G_N_ELEMENTS(all_keyrings); i++)
		if (all_keyrings[i] != which)
			ecryptfs_keyring_remove_from(all_keyrings[i], sig,
						     NULL);
}

bool ecryptfs_keyring_add(enum ecryptfs_keyring_which which, const char *sig,
			  GBytes *payload, bool *linked, GError **error)
{
	key_serial_t ring = keyring_id(which, KEY_SPEC_SESSION_KEYRING);
	size_t payload_len;
	const void *data = g_bytes_get_data(payload, &payload_len);
	key_serial_t key;

	if (linked)
		*linked = false;
	if (session_is_revoked() && !ecryptfs_keyring_mend_session(error))
		return false;
	key = ring == -1 ? -1 : add_key(KEY_TYPE, sig, data, payload_len, ring);
	if (key < 0)
		return set_add_error(error, sig, errno);
	if (!finds(sig, key))
		unlink_others(which, sig);
	if (finds(sig, key))
		return true;
	if (!ecryptfs_keyring_mend_session(error))
		return false;
	if (linked)
		*linked = true;
	return finds(sig, key) || set_add_error(error, sig, ENOKEY);
}

bool ecryptfs_keyring_update(const char *sig, GBytes *payload, GError **error)
{
	key_serial_t key = search(sig);
	size_t payload_len;
	const void *data = g_bytes_get_data(payload, &payload_len);

	if (key >= 0 && keyctl_update(key, data, payload_len) == 0)
		return true;
	set_key_error(error, sig, errno);
	return false;
}

bool ecryptfs_keyring_has(const char *sig)
{
	return search(sig) >= 0;
}

bool ecryptfs_keyring_mend_session(GError **error)
{
	if (session_is_revoked() && keyctl_join_session_keyring(NULL) < 0) {
		ecryptfs_error_set_errno(error, errno,
					 "cannot join a session keyring");
		return false;
	}
	if (keyctl_link(KEY_SPEC_USER_KEYRING, KEY_SPEC_SESSION_KEYRING) < 0) {
		ecryptfs_error_set_errno(
			error, errno, "cannot link the user keyring into the "
			"session keyring (keyctl link @u @s)");
		return false;
	}
	return true;
}

/* "keyring;UID;GID;PERMISSIONS;NAME" */
static bool session_is_own(void)
{
	g_auto(GStrv) fields = NULL;
	char *text = NULL;
	guint64 uid;

	if (keyctl_describe_alloc(KEY_SPEC_SESSION_KEYRING, &text) < 0)
		return false;
	fields = g_strsplit(text, ";", 3);
	free(text);
	return fields[0] && fields[1] &&
	       g_ascii_string_to_unsigned(fields[1], 10, 0, G_MAXUINT32, &uid,
					  NULL) &&
	       uid == getuid();
}

bool ecryptfs_keyring_own_session(GError **error)
{
	if (!session_is_own() && keyctl_join_session_keyring(NULL) < 0) {
		ecryptfs_error_set_errno(error, errno,
					 "cannot join a session keyring");
		return false;
	}
	return ecryptfs_keyring_mend_session(error);
}
