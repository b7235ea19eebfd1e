/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passphrases on their way in: from --secret-file, --secret-fd, or a person at
 * the terminal, straight into an EcryptfsSecret. Never from the command line,
 * and never a prompt where nobody sits.
 */
#ifndef SECRET_INPUT_H
#define SECRET_INPUT_H

#include "utils/cmd.h"

/* Longest passphrase in bytes; the control protocol takes no more. */
#define SECRET_INPUT_MAX 1024

/**
 * secret_input_kind:
 * @SECRET_INPUT_KNOWN: one that exists: asked once
 * @SECRET_INPUT_FRESH: a new one: asked twice, must agree
 */
enum secret_input_kind {
	SECRET_INPUT_KNOWN,
	SECRET_INPUT_FRESH,
};

/**
 * secret_input_given:
 * @cmd: a run
 * @prefix: "secret" or "new-secret": which pair of options
 *
 * Returns: whether --PREFIX-file or --PREFIX-fd says where the secret is
 */
bool secret_input_given(const struct cmd *cmd, const char *prefix);

/* Whether a person can be asked: stdin is a terminal. */
bool secret_input_can_ask(void);

/**
 * secret_input_or_locked:
 * @cmd: a run
 * @cause: (nullable): %ECRYPTFS_ERROR_LOCKED by who needs the secret
 * @error: (nullable): return location
 *
 * Whether options or a person can give the secret; otherwise @cause is the
 * error, and the options are its fix.
 */
bool secret_input_or_locked(struct cmd *cmd, const GError *cause,
			    GError **error);

/**
 * secret_input_read:
 * @cmd: a run
 * @prefix: "secret" or "new-secret"
 * @kind: known or fresh
 * @prompt: what to ask for, e.g. "Passphrase of laptop"
 * @error: (nullable): return location
 *
 * Takes the first line of the file or descriptor that the options name, or
 * asks on /dev/tty without echo. The line's end is not part of the secret.
 * An empty line gives a secret of length 0: the caller decides.
 *
 * Returns: (transfer full) (nullable): the secret
 *
 * Errors: %ECRYPTFS_ERROR_USAGE when nothing says where it is and stdin is no
 *   terminal, and for one that is too long;
 *   %ECRYPTFS_ERROR_CANCELLED for two different answers, end of input and
 *   Ctrl-C;
 *   %ECRYPTFS_ERROR_PERMISSION for a file that others can read,
 *   %ECRYPTFS_ERROR_UNUSABLE for one whose first line is too long
 */
EcryptfsSecret *secret_input_read(struct cmd *cmd, const char *prefix,
				  enum secret_input_kind kind,
				  const char *prompt, GError **error);

#endif
