/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a PIN or passphrase that was given stays: the registration's
 * pin-ttl without use, and pin-ttl-max in all. Time asleep counts.
 */
#ifndef DAEMON_KEY_TTL_H
#define DAEMON_KEY_TTL_H

#include "daemon/key-tasks.h"
#include "daemon/stats.h"
#include "libecryptfs/key-store.h"

typedef struct KeyTtl KeyTtl;

/**
 * key_ttl_new:
 * @tasks: drops the secrets
 * @stats: knows when a key was last used
 *
 * Both borrowed. Its alarm is on the default main context.
 */
KeyTtl *key_ttl_new(KeyTasks *tasks, Stats *stats);
void key_ttl_free(KeyTtl *ttl);

/* A secret was given for @key: its time begins (anew). Any thread. */
void key_ttl_begin(KeyTtl *ttl, EcryptfsKey *key);

/* @key was locked. Any thread. */
void key_ttl_end(KeyTtl *ttl, const EcryptfsKey *key);

/* After a reload: forgets keys that @store no longer holds. Any thread. */
void key_ttl_keep(KeyTtl *ttl, EcryptfsKeyStore *store);

/**
 * key_ttl_left:
 *
 * Thread: any.
 *
 * Returns: seconds until @key is locked, -1 when its time is not limited or
 *   no secret was given
 */
int64_t key_ttl_left(KeyTtl *ttl, const EcryptfsKey *key);

/**
 * key_ttl_remaining:
 * @pin_ttl: seconds without use, 0 for no limit
 * @pin_ttl_max: seconds in all, 0 for no limit
 * @begun: seconds at which the secret was given
 * @used: seconds of the last use, 0 for never
 * @now: seconds
 *
 * The rule, apart from any clock.
 *
 * Returns: seconds left, at least 0; -1 for no limit
 */
int64_t key_ttl_remaining(unsigned int pin_ttl, unsigned int pin_ttl_max,
			  int64_t begun, int64_t used, int64_t now);

#endif
