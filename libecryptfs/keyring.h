/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 5 of doc/ARCHITECTURE: from a key signature to the payload of a key
 * in the kernel's keyrings, and what tools do with such keys. The only file
 * that knows libkeyutils is keyring.c; tests hand respond() another table.
 */
#ifndef ECRYPTFS_KEYRING_H
#define ECRYPTFS_KEYRING_H

#include "libecryptfs/ecryptfs.h"

/**
 * ecryptfs_keyring:
 * @find: looks @sig up and returns (transfer full) its payload, or %NULL
 *   with NO_KEY, KEY_EXPIRED, KEY_REVOKED, PERMISSION or IO, each text naming
 *   the signature. Called from worker threads. The payload is returned as
 *   a secret because one by ecryptfs-utils can hold a passphrase.
 * @data: passed to @find
 */
struct ecryptfs_keyring {
	EcryptfsSecret *(*find)(void *data, const char *sig, GError **error);
	void *data;
};

/**
 * ecryptfs_keyring_which:
 * @ECRYPTFS_KEYRING_USER: @u, and linked into @s when not reachable; default
 * @ECRYPTFS_KEYRING_SESSION: @s alone
 * @ECRYPTFS_KEYRING_PERSISTENT: the persistent keyring, linked into @s
 *
 * Where tools put auth toks (--keyring=).
 */
enum ecryptfs_keyring_which {
	ECRYPTFS_KEYRING_USER,
	ECRYPTFS_KEYRING_SESSION,
	ECRYPTFS_KEYRING_PERSISTENT,
};

/* The process's own keyrings, through request_key without call-out. */
struct ecryptfs_keyring ecryptfs_keyring_of_process(void);

/**
 * ecryptfs_keyring_add:
 * @which: where
 * @sig: description
 * @payload: from ecryptfs_auth_tok_to_payload()
 * @linked: (out) (optional): set when @u had to be linked into @s
 * @error: (nullable): return location
 *
 * Adds or replaces, then makes sure that the session finds this one: auth toks
 * of that signature in the other keyrings go when they are found instead.
 *
 * Errors: %ECRYPTFS_ERROR_QUOTA with advice, PERMISSION, IO
 */
bool ecryptfs_keyring_add(enum ecryptfs_keyring_which which, const char *sig,
			  GBytes *payload, bool *linked, GError **error);

/**
 * ecryptfs_keyring_update:
 * @sig: description
 * @payload: from ecryptfs_auth_tok_to_payload()
 * @error: (nullable): return location
 *
 * Replaces the payload of the auth tok that the session finds, in whichever
 * keyring it is: its registration was renamed.
 *
 * Errors: %ECRYPTFS_ERROR_NO_KEY when there is none, as find()
 */
bool ecryptfs_keyring_update(const char *sig, GBytes *payload,
			     GError **error);

/* Unlinks @sig from that keyring alone. NO_KEY when it is not there. */
bool ecryptfs_keyring_remove_from(enum ecryptfs_keyring_which which,
				  const char *sig, GError **error);

/* Unlinks @sig from @s and @u; never revokes. NO_KEY when in neither. */
bool ecryptfs_keyring_remove(const char *sig, GError **error);

/* Whether the session finds @sig; expired and revoked keys count as no. */
bool ecryptfs_keyring_has(const char *sig);

/**
 * ecryptfs_keyring_mend_session:
 *
 * Makes the user keyring reachable from the session keyring; joins a fresh
 * session keyring when the inherited one was revoked (login over). Look-ups
 * do it by themselves; a thread joins for itself alone. For the
 * start of the daemon.
 *
 * Errors: %ECRYPTFS_ERROR_IO
 */
bool ecryptfs_keyring_mend_session(GError **error);

/**
 * ecryptfs_keyring_own_session:
 *
 * For a program that became this user (sudo): the inherited session keyring
 * stays when it is this user's, else a fresh one is joined, so that nothing
 * gets into somebody else's and nothing is found there. Then as
 * ecryptfs_keyring_mend_session(). Whose it must be, the real uid says.
 *
 * Errors: %ECRYPTFS_ERROR_IO, %ECRYPTFS_ERROR_PERMISSION
 */
bool ecryptfs_keyring_own_session(GError **error);

#endif
