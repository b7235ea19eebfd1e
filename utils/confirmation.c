/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word that a person types before something is gone. On /dev/tty, as the
 * passphrase, so that a pipe cannot say yes.
 */
#include "utils/confirmation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool confirmation_ask(const char *prompt, const char *word, GError **error)
{
	FILE *tty = fopen("/dev/tty", "r+e");
	char line[256] = "";
	char *read;

	if (!tty) {
		ecryptfs_error_set_errno(error, errno,
					 "cannot ask on /dev/tty");
		return false;
	}
	fprintf(tty, "%s: ", prompt);
	fflush(tty);
	read = fgets(line, sizeof(line), tty);
	fclose(tty);
	line[strcspn(line, "\n")] = '\0';
	if (read && g_str_equal(line, word))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_CANCELLED,
		    "not confirmed; nothing was changed");
	return false;
}
