/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TEST command: a wrap and an unwrap that go the way a request of the
 * kernel goes, through dispatch, keyring and envelope.
 */
#ifndef DAEMON_SELF_TEST_H
#define DAEMON_SELF_TEST_H

#include "daemon/dispatch.h"

/* In place of a time, for a key of which only the public half is here. */
#define SELF_TEST_NOT_UNWRAPPED (-1)

/**
 * self_test_run:
 * @dispatch: a dispatch
 * @key: the key to be tested; its signature is what the requests name
 * @wrap_usec: (out): time of the wrap
 * @unwrap_usec: (out): time of the unwrap, or %SELF_TEST_NOT_UNWRAPPED
 * @error: (nullable): return location
 *
 * Blocks until both are answered.
 *
 * Errors: what a request would be refused with; %ECRYPTFS_ERROR_INTERNAL
 *   when the FEK that comes back is another
 */
bool self_test_run(Dispatch *dispatch, EcryptfsKey *key, int64_t *wrap_usec,
		   int64_t *unwrap_usec, GError **error);

#endif
