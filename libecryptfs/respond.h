/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 3 of doc/ARCHITECTURE, and what this program does: a request packet in,
 * a reply packet out. Knows no socket, no thread and no clock. The daemon, the
 * tests, the fuzzer and the benchmark call this one function.
 */
#ifndef ECRYPTFS_RESPOND_H
#define ECRYPTFS_RESPOND_H

#include "libecryptfs/key-store.h"
#include "libecryptfs/keyring.h"
#include "libecryptfs/packet.h"

/**
 * ecryptfs_outcome:
 * @ECRYPTFS_OUTCOME_ANSWERED: the reply carries a FEK or a wrapped FEK
 * @ECRYPTFS_OUTCOME_REFUSED: the reply is the failure of its tag
 * @ECRYPTFS_OUTCOME_DROPPED: no request tag; there is no reply
 */
enum ecryptfs_outcome {
	ECRYPTFS_OUTCOME_ANSWERED,
	ECRYPTFS_OUTCOME_REFUSED,
	ECRYPTFS_OUTCOME_DROPPED,
};

/* What respond() works on; both borrowed. */
struct ecryptfs_responder {
	struct ecryptfs_keyring keyring;
	EcryptfsKeyStore *keys;
};

/**
 * ecryptfs_respond:
 * @responder: keyring and keys
 * @packet: (array length=packet_len): one packet; hostile
 * @packet_len: bytes in @packet
 * @reply: (transfer none): of capacity %ECRYPTFS_MAX_PACKET_BYTES; its
 *   length is set, 0 when dropped
 * @error: (nullable): why it was refused or dropped, fit for a log line:
 *   names the signature, never key bytes
 *
 * Thread: any, several at a time. May block in a PKI module.
 * Secrets: @reply holds a FEK after tag 64; the caller frees it.
 */
enum ecryptfs_outcome
ecryptfs_respond(const struct ecryptfs_responder *responder,
		 const uint8_t *packet, size_t packet_len,
		 EcryptfsSecret *reply, GError **error);

#endif
