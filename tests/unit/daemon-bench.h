/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tests of the daemon's parts stand on: a directory with registered
 * keys of the fake PKI modules, a keyring that is a table, a dispatch and a
 * loop-back transport.
 */
#ifndef TESTS_UNIT_DAEMON_BENCH_H
#define TESTS_UNIT_DAEMON_BENCH_H

#include "daemon/dispatch.h"
#include "libecryptfs/packet.h"
#include "tests/unit/loopback.h"

/**
 * daemon_bench:
 * @directory: of this test alone
 * @keys_dir: registrations
 * @auth_toks: sig to GBytes; what the keyring finds, under @lock
 * @config: of @dispatch; a test may change it before daemon_bench_start()
 */
struct daemon_bench {
	char *directory;
	char *keys_dir;
	EcryptfsPkiList *modules;
	EcryptfsKeyStore *keys;
	GMutex lock;
	GHashTable *auth_toks;
	struct dispatch_config config;
	Dispatch *dispatch;
	Loopback *loopback;
};

/* The modules fake, fake-per-key and fake-per-module are installed. */
struct daemon_bench *daemon_bench_new(void);

/* (nullable) */
void daemon_bench_free(struct daemon_bench *bench);

/**
 * daemon_bench_add_key:
 * @name: of the registration
 * @pki_name: e.g. "fake"
 * @key: of tests/vectors/keys; its signature is the registration's
 * @params: (nullable): as in fixture_register()
 *
 * Registers and puts the auth tok into the table.
 *
 * Returns: (transfer full): the signature
 */
char *daemon_bench_add_key(struct daemon_bench *bench, const char *name,
			   const char *pki_name, const char *key,
			   const char *const *params);

/* Takes the auth tok out of the table. */
void daemon_bench_remove_auth_tok(struct daemon_bench *bench, const char *sig);

/* Loads the registrations and makes the dispatch. */
void daemon_bench_start(struct daemon_bench *bench);

/* (transfer full): a path in the directory: the gate of a module. */
char *daemon_bench_gate(struct daemon_bench *bench, const char *name);
void daemon_bench_open_gate(const char *gate);
void daemon_bench_close_gate(const char *gate);

/* Gives a packet to the dispatch, as the loop-back transport's. */
void daemon_bench_send(struct daemon_bench *bench, uint32_t counter,
		       const void *packet, size_t packet_len);

/* A well-formed request with that body; (transfer full): its packet. */
EcryptfsSecret *daemon_bench_request(enum ecryptfs_tag tag, const char *sig,
				     const void *body, size_t body_len);
void daemon_bench_send_request(struct daemon_bench *bench, uint32_t counter,
			       const EcryptfsSecret *packet);

/* A FEK packet of AES-128. */
extern const uint8_t daemon_bench_fek_packet[19];

/**
 * daemon_bench_wrap:
 *
 * Returns: (transfer full): a tag 64 packet that @sig's key opens; made
 *   through the dispatch
 */
EcryptfsSecret *daemon_bench_wrap(struct daemon_bench *bench, const char *sig);

/* The next answer is to @counter, and carries the FEK packet. */
void daemon_bench_assert_opened(struct daemon_bench *bench, uint32_t counter);

/* The next answer is to @counter, and is the failure of @tag with @code. */
void daemon_bench_assert_refused(struct daemon_bench *bench, uint32_t counter,
				 enum ecryptfs_tag tag,
				 enum ecryptfs_error code);

/* Waits until @condition holds; fails the test after 10 s. */
void daemon_bench_until(bool (*condition)(void *data), void *data);

/* The same for a number of running operations, or of waiting requests. */
void daemon_bench_until_depth(struct daemon_bench *bench, unsigned int depth);

#endif
