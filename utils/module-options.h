/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PKI module's parameter table as the command line sees it: the same rows
 * are options, lines of --help, members of JSON, and values for the module.
 */
#ifndef MODULE_OPTIONS_H
#define MODULE_OPTIONS_H

#include "utils/cmd.h"

/**
 * module_options_rows:
 * @pki: a module
 * @use: %ECRYPTFS_PKI_PARAM_FOR_GENERATE or %ECRYPTFS_PKI_PARAM_FOR_IMPORT
 *
 * Secrets are left out: they never come from the command line.
 *
 * Returns: (transfer full): struct cmd_option, ended by a row without name;
 *   the strings are the module's
 */
GArray *module_options_rows(const EcryptfsPki *pki, unsigned int use);

/**
 * module_options_params:
 * @cmd: a run
 * @pki: a module
 * @use: as above
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): what the command line says, or the
 *   module's defaults; paths made absolute; without secrets
 *
 * Errors: %ECRYPTFS_ERROR_USAGE for a required one that is missing, except
 *   "file" at generate, which the caller chooses
 */
EcryptfsParams *module_options_params(const struct cmd *cmd,
				      const EcryptfsPki *pki,
				      unsigned int use, GError **error);

/* (nullable): the module's passphrase or PIN for @use. */
const struct ecryptfs_pki_param *
module_options_secret(const EcryptfsPki *pki, unsigned int use);

/* The whole table, as the member "parameters" and as text. */
void module_options_print(Output *out, const EcryptfsPki *pki);

#endif
