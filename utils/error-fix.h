/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table from an error's code to what mends it. Pure.
 */
#ifndef ERROR_FIX_H
#define ERROR_FIX_H

#include "libecryptfs/ecryptfs.h"

/**
 * error_fix:
 * @code: code of an error
 * @verb: (nullable): the verb that failed; %NULL before one is known
 * @key: (nullable): the registered key that the error is about
 *
 * Returns: (transfer full) (nullable): the command, or the deed, that mends
 *   it; %NULL where only the error's own text can say that
 */
char *error_fix(enum ecryptfs_error code, const char *verb, const char *key);

#endif
