/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Named values that pass between tools, registrations and PKI modules:
 * strings and secrets. What names a module understands, its parameter table
 * says (ecryptfs-pki-module.h).
 */
#ifndef ECRYPTFS_PARAMS_H
#define ECRYPTFS_PARAMS_H

#include <stdbool.h>

#include <glib.h>

#include "libecryptfs/ecryptfs-secret.h"

G_BEGIN_DECLS

typedef struct EcryptfsParams EcryptfsParams;

/* Returns: (transfer full) (not nullable): without values. */
EcryptfsParams *ecryptfs_params_new(void);

/* @params: (transfer full) (nullable): freed, its secrets wiped. */
void ecryptfs_params_free(EcryptfsParams *params);

/**
 * ecryptfs_params_dup:
 * @params: (transfer none): values
 *
 * Returns: (transfer full): a copy of the strings; secrets are not copied
 */
EcryptfsParams *ecryptfs_params_dup(const EcryptfsParams *params);

/**
 * ecryptfs_params_set:
 * @params: (transfer none): values
 * @name: the parameter, e.g. "file"
 * @value: (nullable): copied; %NULL removes the value
 */
void ecryptfs_params_set(EcryptfsParams *params, const char *name,
			 const char *value);

/**
 * ecryptfs_params_get:
 *
 * Returns: (transfer none) (nullable): the string, or %NULL when not set
 */
const char *ecryptfs_params_get(const EcryptfsParams *params,
				const char *name);

/**
 * ecryptfs_params_get_bool:
 * @params: (transfer none): values
 * @name: the parameter
 *
 * Returns: %true for "yes", "true", "on", "1"; %false for all else and for
 *   a value that is not set
 */
bool ecryptfs_params_get_bool(const EcryptfsParams *params, const char *name);

/**
 * ecryptfs_params_take_secret:
 * @params: (transfer none): values
 * @name: the parameter, e.g. "passphrase"
 * @secret: (transfer full) (nullable): replaces what was there
 */
void ecryptfs_params_take_secret(EcryptfsParams *params, const char *name,
				 EcryptfsSecret *secret);

/**
 * ecryptfs_params_get_secret:
 *
 * Returns: (transfer none) (nullable): the secret, or %NULL when not set
 */
const EcryptfsSecret *ecryptfs_params_get_secret(const EcryptfsParams *params,
						 const char *name);

/**
 * ecryptfs_params_foreach:
 * @params: (transfer none): values
 * @func: called for each string (not for secrets), in order of the names
 * @data: passed to @func
 */
void ecryptfs_params_foreach(const EcryptfsParams *params,
			     void (*func)(const char *name, const char *value,
					  void *data),
			     void *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsParams, ecryptfs_params_free)

G_END_DECLS

#endif
