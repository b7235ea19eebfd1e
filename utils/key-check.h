/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a key must pass before anything is trusted to it: its size, and a
 * wrap and unwrap of a random FEK packet.
 */
#ifndef KEY_CHECK_H
#define KEY_CHECK_H

#include "utils/cmd.h"

/* A private operation that takes longer needs --slow; the kernel waits 3 s. */
#define KEY_CHECK_SLOW_USEC (2 * G_USEC_PER_SEC)

/**
 * key_check:
 * @wrap_usec: time of the wrap
 * @unwrap_usec: time of the unwrap, 0 when there was none
 * @proven: whether the private half was at hand and did its work
 *
 * What ecryptfs_envelope_prove() measured.
 */
struct key_check {
	int64_t wrap_usec;
	int64_t unwrap_usec;
	bool proven;
};

/**
 * key_check_size:
 * @reg: a registration
 * @error: (nullable): return location; the text has the numbers
 *
 * Whether what the key wraps fits the 512 bytes of the kernel. A key that
 * only reads (read-pkcs1) passes.
 *
 * Errors: %ECRYPTFS_ERROR_TOO_LARGE, %ECRYPTFS_ERROR_UNUSABLE
 */
bool key_check_size(const EcryptfsRegistration *reg, GError **error);

/**
 * key_check_new:
 * @cmd: a run; its --slow counts
 * @key: a key, unlocked
 * @check: (out caller-allocates): what was measured
 * @error: (nullable): return location
 *
 * For `generate` and `import`: the private half must work, and in time.
 *
 * Errors: %ECRYPTFS_ERROR_UNUSABLE for one that is too slow, else those of
 *   key_check_size() and ecryptfs_envelope_prove()
 */
bool key_check_new(struct cmd *cmd, EcryptfsKey *key, struct key_check *check,
		   GError **error);

/**
 * key_check_loadable:
 * @key: a key
 * @error: (nullable): return location
 *
 * For `add`: as key_check_new(), but a key that is locked passes, and a
 * device that is absent; the time does not count.
 */
bool key_check_loadable(EcryptfsKey *key, GError **error);

/* "wrap 0.1 ms, unwrap 1.9 ms" as text, members of that object as JSON. */
void key_check_print(Output *out, const struct key_check *check);

#endif
