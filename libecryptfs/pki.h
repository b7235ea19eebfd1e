/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 7 of doc/ARCHITECTURE: from a name to a loaded PKI module. Knows
 * dlopen and the one directory; knows nothing of packets or keyrings. For
 * authors of modules there is ecryptfs-pki-module.h.
 */
#ifndef ECRYPTFS_PKI_H
#define ECRYPTFS_PKI_H

#include "libecryptfs/ecryptfs-pki-module.h"

/**
 * EcryptfsPki:
 *
 * A loaded module: its table, its state, its lock. Lives as long as the
 * #EcryptfsPkiList that loaded it; never unloaded from the process.
 */
typedef struct EcryptfsPki {
	const struct ecryptfs_pki_module *module;
	void *state;
	GMutex lock; /* for ECRYPTFS_PKI_SERIAL_PER_MODULE */
} EcryptfsPki;

typedef struct EcryptfsPkiList EcryptfsPkiList;

/**
 * ecryptfs_pki_list_load:
 * @directory: (nullable): where modules are; %NULL for the one fixed at build
 *   time. Only an option for tests gives another, never the environment.
 * @refused: (nullable): called for each file that was refused, with its path
 *   and the reason
 * @data: passed to @refused
 *
 * Loads and initialises every NAME.so there. A directory or file that
 * others can write, at any step of the path, is refused; so are another
 * ABI, a missing call, a name other than the file's.
 *
 * Returns: (transfer full) (not nullable): the list, perhaps empty
 */
EcryptfsPkiList *ecryptfs_pki_list_load(const char *directory,
					void (*refused)(const char *path,
							const GError *error,
							void *data),
					void *data);
void ecryptfs_pki_list_free(EcryptfsPkiList *list);

/* (transfer none) (nullable): sets NO_MODULE naming what is installed. */
EcryptfsPki *ecryptfs_pki_list_find(EcryptfsPkiList *list, const char *name,
				    GError **error);

size_t ecryptfs_pki_list_len(const EcryptfsPkiList *list);
EcryptfsPki *ecryptfs_pki_list_get(EcryptfsPkiList *list, size_t i);

/* 1 to 16 of a-z, 0-9 and '-'. */
bool ecryptfs_pki_name_valid(const char *name);

/* The module's row of that name, or %NULL. */
const struct ecryptfs_pki_param *
ecryptfs_pki_param_find(const EcryptfsPki *pki, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsPkiList, ecryptfs_pki_list_free)

#endif
