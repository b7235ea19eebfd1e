/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conversation after HELO. A thread that does nothing but receive, and
 * fetch what the kernel rings for; a second one hands the packets over; any
 * thread may send and wait for the kernel's ACK, which the first one brings.
 */
#ifndef DAEMON_GENL_READER_H
#define DAEMON_GENL_READER_H

#include "daemon/genl-message.h"
#include "daemon/genl-socket.h"

typedef struct GenlReader GenlReader;

/* Gets each packet, from one thread; may take locks, but not wait long. */
typedef void (*GenlRequest)(void *data, const struct genl_message *message,
			    int64_t arrived);

/**
 * genl_reader_start:
 * @socket: (transfer full): registered; taken also when this fails
 * @request: see #GenlRequest
 * @data: passed to @request, until genl_reader_stop()
 * @error: (nullable): return location
 *
 * Fetches at once what was asked before it registered.
 *
 * Returns: (transfer full) (nullable): a running reader
 *
 * Errors: %ECRYPTFS_ERROR_IO when threads or descriptors are used up
 */
GenlReader *genl_reader_start(GenlSocket *socket, GenlRequest request,
			      void *data, GError **error);

/* The last one closes the socket. */
GenlReader *genl_reader_ref(GenlReader *reader);

/* (transfer full) (nullable): stopped before. */
void genl_reader_unref(GenlReader *reader);

/**
 * genl_reader_lost_fd:
 *
 * Returns: (transfer none): a descriptor that becomes readable when the
 *   reader ended by itself: not registered any more
 */
int genl_reader_lost_fd(const GenlReader *reader);

/**
 * genl_reader_quit_reason:
 * @reader: one that ended by itself
 * @successor: (out): process id of who took over, 0 when not known
 *
 * Returns: an #ecryptfs_genl_reason; UNSPEC when the kernel sent no QUIT
 */
uint32_t genl_reader_quit_reason(GenlReader *reader, uint32_t *successor);

/* Reads what is there, hands it over, ends both threads. Main loop only. */
void genl_reader_stop(GenlReader *reader);

/* Unregisters; after genl_reader_stop(). */
void genl_reader_quit(GenlReader *reader);

/**
 * genl_reader_respond:
 * @reader: a reader
 * @id: which request
 * @packet: the answer
 *
 * Waits until the kernel has said whether it takes the answer, for a moment
 * at most. While the reader is being stopped nobody can hear that: the answer
 * is sent, and FAILED returned. Any thread.
 */
enum transport_sent genl_reader_respond(GenlReader *reader,
					const struct transport_id *id,
					const EcryptfsSecret *packet);

/* Whether the kernel grants @msec, or less, for @id. Any thread. */
bool genl_reader_extend(GenlReader *reader, const struct transport_id *id,
			uint32_t msec);

/* Adds what was read so far to @counters. Any thread. */
void genl_reader_count(const GenlReader *reader,
		       struct transport_counters *counters);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GenlReader, genl_reader_unref)

#endif
