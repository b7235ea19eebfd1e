/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A word that a person types before something is gone. */
#ifndef CONFIRMATION_H
#define CONFIRMATION_H

#include "libecryptfs/ecryptfs.h"

/**
 * confirmation_ask:
 * @prompt: what to say on /dev/tty
 * @word: what must be typed
 * @error: (nullable): return location
 *
 * Errors: %ECRYPTFS_ERROR_CANCELLED for anything else, and for end of input
 */
bool confirmation_ask(const char *prompt, const char *word, GError **error);

#endif
