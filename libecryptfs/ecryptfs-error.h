/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One table of everything that can go wrong: code, name in JSON, exit status
 * of the tools. Errors travel as a GError of the domain ECRYPTFS_ERROR.
 */
#ifndef ECRYPTFS_ERROR_H
#define ECRYPTFS_ERROR_H

#include <glib.h>

G_BEGIN_DECLS

/**
 * ecryptfs_error:
 * @ECRYPTFS_ERROR_NONE: success; never in a GError
 * @ECRYPTFS_ERROR_INTERNAL: a fault of this program
 * @ECRYPTFS_ERROR_USAGE: the caller's words are wrong
 * @ECRYPTFS_ERROR_BAD_MESSAGE: malformed, truncated or oversized packet
 * @ECRYPTFS_ERROR_NO_KEY: no auth tok or registration of that signature
 * @ECRYPTFS_ERROR_KEY_EXPIRED: the auth tok has expired
 * @ECRYPTFS_ERROR_KEY_REVOKED: the auth tok was revoked
 * @ECRYPTFS_ERROR_BAD_AUTH_TOK: the auth tok's payload breaks a rule
 * @ECRYPTFS_ERROR_BAD_REGISTRATION: the registration file breaks a rule
 * @ECRYPTFS_ERROR_NO_MODULE: that PKI module is not installed
 * @ECRYPTFS_ERROR_BAD_MODULE: the PKI module was refused by the loader
 * @ECRYPTFS_ERROR_ABSENT: state: key file, token or device is not there
 * @ECRYPTFS_ERROR_LOCKED: state: a PIN or passphrase must be given first
 * @ECRYPTFS_ERROR_BAD_SECRET: state: the PIN or passphrase was wrong
 * @ECRYPTFS_ERROR_LOCKOUT: state: the device refuses further tries for now
 * @ECRYPTFS_ERROR_POLICY: state: a policy (PCR values, expiry) forbids it
 * @ECRYPTFS_ERROR_BUSY: state: held by another program or operation
 * @ECRYPTFS_ERROR_UNUSABLE: this key cannot serve: its kind, its size
 * @ECRYPTFS_ERROR_TOO_LARGE: the wrapped FEK would not fit 512 bytes
 * @ECRYPTFS_ERROR_REJECTED: the one code for whatever was wrong with a
 *   ciphertext, so that no two causes can be told apart
 * @ECRYPTFS_ERROR_EXISTS: the name is taken
 * @ECRYPTFS_ERROR_PERMISSION: the system or an unsafe file mode forbids it
 * @ECRYPTFS_ERROR_NO_DAEMON: no ecryptfsd of this user answers
 * @ECRYPTFS_ERROR_KERNEL: the kernel lacks or refuses what is needed
 * @ECRYPTFS_ERROR_QUOTA: the keyring quota of the user is used up
 * @ECRYPTFS_ERROR_IO: a system call failed
 * @ECRYPTFS_ERROR_CANCELLED: the person said no, or input ended
 *
 * Codes of the domain %ECRYPTFS_ERROR. Those marked "state" are decided
 * before a ciphertext is touched.
 */
enum ecryptfs_error {
	ECRYPTFS_ERROR_NONE,
	ECRYPTFS_ERROR_INTERNAL,
	ECRYPTFS_ERROR_USAGE,
	ECRYPTFS_ERROR_BAD_MESSAGE,
	ECRYPTFS_ERROR_NO_KEY,
	ECRYPTFS_ERROR_KEY_EXPIRED,
	ECRYPTFS_ERROR_KEY_REVOKED,
	ECRYPTFS_ERROR_BAD_AUTH_TOK,
	ECRYPTFS_ERROR_BAD_REGISTRATION,
	ECRYPTFS_ERROR_NO_MODULE,
	ECRYPTFS_ERROR_BAD_MODULE,
	ECRYPTFS_ERROR_ABSENT,
	ECRYPTFS_ERROR_LOCKED,
	ECRYPTFS_ERROR_BAD_SECRET,
	ECRYPTFS_ERROR_LOCKOUT,
	ECRYPTFS_ERROR_POLICY,
	ECRYPTFS_ERROR_BUSY,
	ECRYPTFS_ERROR_UNUSABLE,
	ECRYPTFS_ERROR_TOO_LARGE,
	ECRYPTFS_ERROR_REJECTED,
	ECRYPTFS_ERROR_EXISTS,
	ECRYPTFS_ERROR_PERMISSION,
	ECRYPTFS_ERROR_NO_DAEMON,
	ECRYPTFS_ERROR_KERNEL,
	ECRYPTFS_ERROR_QUOTA,
	ECRYPTFS_ERROR_IO,
	ECRYPTFS_ERROR_CANCELLED,
};

#define ECRYPTFS_ERROR (ecryptfs_error_quark())

/* The domain of our errors; use %ECRYPTFS_ERROR. */
GQuark ecryptfs_error_quark(void);

/**
 * ecryptfs_error_name:
 * @code: an #ecryptfs_error; any number is accepted
 *
 * Returns: (transfer none) (not nullable): the stable lower-case word of
 *   @code that JSON shows, e.g. "bad-secret"; "internal" for an unknown one
 */
const char *ecryptfs_error_name(int code);

/**
 * ecryptfs_error_exit_status:
 * @error: (nullable): any GError, or %NULL for success
 *
 * Returns: the exit status that ecryptfs-manager(1) and ecryptfsd(8)
 *   document for @error; 0 for %NULL, 70 for a foreign domain
 */
int ecryptfs_error_exit_status(const GError *error);

/**
 * ecryptfs_error_set_errno:
 * @error: (nullable): return location
 * @err: the errno of the failed call
 * @format: printf format of what was being done, e.g. "cannot open %s"
 *
 * Sets @error to "<what>: <strerror>" with the code that fits @err:
 * %ECRYPTFS_ERROR_PERMISSION for EACCES and EPERM, %ECRYPTFS_ERROR_ABSENT
 * for ENOENT and ENOTDIR, %ECRYPTFS_ERROR_EXISTS for EEXIST, else
 * %ECRYPTFS_ERROR_IO.
 */
void ecryptfs_error_set_errno(GError **error, int err, const char *format,
			      ...) G_GNUC_PRINTF(3, 4);

/**
 * ecryptfs_error_set_rejected:
 * @error: (nullable): return location
 *
 * Sets %ECRYPTFS_ERROR_REJECTED with the one text that it always has, so
 * that neither code nor text tells why a ciphertext did not open.
 */
void ecryptfs_error_set_rejected(GError **error);

G_END_DECLS

#endif
