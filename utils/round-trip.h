/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tag 66 and a tag 64 request answered in this process. */
#ifndef ROUND_TRIP_H
#define ROUND_TRIP_H

#include "libecryptfs/respond.h"
#include "utils/key-check.h"

/**
 * round_trip:
 * @responder: keyring and keys
 * @reg: the key, loaded
 * @check: (out caller-allocates): times; without an unwrap for a public-only
 *   key
 * @error: (nullable): return location
 *
 * Does with ecryptfs_respond() what the daemon does for the kernel: wraps a
 * random FEK, unwraps it, compares.
 *
 * Errors: those of ecryptfs_respond()
 */
bool round_trip(const struct ecryptfs_responder *responder,
		const EcryptfsRegistration *reg, struct key_check *check,
		GError **error);

#endif
