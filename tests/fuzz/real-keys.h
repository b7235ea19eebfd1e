/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fixed test keys, opened by the real openssl module of this build, for
 * the fuzz targets behind which there is a private key.
 */
#ifndef TESTS_FUZZ_REAL_KEYS_H
#define TESTS_FUZZ_REAL_KEYS_H

#include "libecryptfs/respond.h"

/* Names of the test keys; modes as a new file of each gets it. */
#define REAL_KEYS 5
extern const char *const real_key_names[REAL_KEYS];

/**
 * real_keys:
 *
 * Made at the first call, removed at exit.
 *
 * Returns: (transfer none): a responder whose keyring has an auth tok for
 *   each of the keys
 */
const struct ecryptfs_responder *real_keys(void);

/* (transfer none): the key of that number. */
EcryptfsKey *real_key(size_t i);

#endif
