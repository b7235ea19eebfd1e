/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 2 of doc/ARCHITECTURE: when and on which thread a request is worked
 * on. Each PKI module has a lane of its own, a bounded queue and as many
 * threads as its declared concurrency allows, so that one that hangs keeps
 * nobody else waiting. Only this step knows threads and the clock; what a
 * request means, respond() knows.
 */
#ifndef DAEMON_DISPATCH_H
#define DAEMON_DISPATCH_H

#include "daemon/late-replies.h"
#include "daemon/stats.h"
#include "daemon/transport.h"
#include "libecryptfs/respond.h"

typedef struct Dispatch Dispatch;

/* Requests that one lane keeps waiting; the next is refused at once. */
#define DISPATCH_QUEUE_MAX 128

/**
 * dispatch_config:
 * @responder: keyring and keys; its keys are asked which module serves a
 *   signature
 * @modules: a lane each
 * @stats: counts
 * @late: keeps answers that came too late
 * @wait_usec: how long a peer waits for an answer that does not tell its
 *   limits; a request that is older when its turn comes is not worked on
 *
 * All borrowed; they outlive the dispatch.
 */
struct dispatch_config {
	struct ecryptfs_responder responder;
	EcryptfsPkiList *modules;
	Stats *stats;
	LateReplies *late;
	int64_t wait_usec;
};

/**
 * dispatch_new:
 *
 * Starts the threads; they inherit the caller's session keyring.
 *
 * Returns: (transfer full) (nullable): ready for dispatch_request()
 *
 * Errors: %ECRYPTFS_ERROR_IO when no threads can be had
 */
Dispatch *dispatch_new(const struct dispatch_config *config, GError **error);

/**
 * dispatch_route:
 *
 * After the keys were read, for the first time or again: which signature
 * belongs to which lane. Until the first time requests wait: the daemon
 * registers before it reads its keys.
 *
 * Thread: any, one at a time.
 */
void dispatch_route(Dispatch *dispatch);

/**
 * dispatch_request:
 * @dispatch: a dispatch
 * @transport: who is to get the answer
 * @id: names the request there
 * @packet: (array length=packet_len): hostile; copied
 * @packet_len: bytes in @packet
 * @arrived: g_get_monotonic_time() of its arrival
 *
 * Exactly one answer is sent, from here or from another thread; none for a
 * packet that is no request.
 *
 * Thread: any; takes short locks only.
 */
void dispatch_request(Dispatch *dispatch, struct transport *transport,
		      const struct transport_id *id, const uint8_t *packet,
		      size_t packet_len, int64_t arrived);

/* How many wait in all lanes. Any thread. */
unsigned int dispatch_depth(Dispatch *dispatch);

/**
 * dispatch_is_stuck:
 *
 * Returns: whether some operation of @pki has run for longer than the peer
 *   waits
 */
bool dispatch_is_stuck(Dispatch *dispatch, const EcryptfsPki *pki);

/**
 * dispatch_stop:
 * @dispatch: a dispatch
 * @patience_usec: how long to wait for what is being worked on
 *
 * Fails what waits, waits a while for what is being worked on, then fails
 * that too. What comes later is failed at once.
 *
 * Returns: %false when some module is still at work: dispatch_free() would
 *   wait for it
 */
bool dispatch_stop(Dispatch *dispatch, int64_t patience_usec);

/* (nullable): waits for the threads. */
void dispatch_free(Dispatch *dispatch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Dispatch, dispatch_free)

#endif
