/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What libnl does for us: the family's number, word of its coming, and the
 * socket over which a daemon speaks with it. The only file that knows libnl.
 */
#ifndef DAEMON_GENL_SOCKET_H
#define DAEMON_GENL_SOCKET_H

#include "libecryptfs/ecryptfs.h"

/**
 * genl_peer:
 * @family: number of the family; 0: it is not there
 * @port: netlink port of who speaks it; the kernel has 0, and only a test
 *   has another
 */
struct genl_peer {
	uint16_t family;
	uint32_t port;
};

/**
 * genl_family_find:
 * @may_load: ask in a way that makes the kernel load the module, where the
 *   system allows it: takes the time of a modprobe
 *
 * Returns: the number of the family ecryptfs, 0 when there is none
 */
uint16_t genl_family_find(bool may_load);

typedef struct GenlFamilyWatch GenlFamilyWatch;

/**
 * genl_family_watch_new:
 * @look: called on the main loop when some family came or went
 * @data: passed to @look
 *
 * Returns: (transfer full) (nullable): %NULL where the kernel does not tell
 */
GenlFamilyWatch *genl_family_watch_new(void (*look)(void *data), void *data);

/* (nullable) */
void genl_family_watch_free(GenlFamilyWatch *watch);

typedef struct GenlSocket GenlSocket;

/**
 * genl_socket_open:
 * @peer: with whom to speak; copied
 * @error: (nullable): return location
 *
 * Errors are not to echo what was sent, and are to have a text.
 *
 * Returns: (transfer full) (nullable): not blocking
 *
 * Errors: %ECRYPTFS_ERROR_KERNEL
 */
GenlSocket *genl_socket_open(const struct genl_peer *peer, GError **error);

/* (nullable): closes. */
void genl_socket_free(GenlSocket *socket);

/* For poll(). */
int genl_socket_fd(const GenlSocket *socket);
uint16_t genl_socket_family(const GenlSocket *socket);

/* One message to the peer; 0 or an errno. Any thread; does not block. */
int genl_socket_send(const GenlSocket *socket, const EcryptfsSecret *message);

/**
 * genl_received:
 * @GENL_RECEIVED_MESSAGE: from the peer, whole
 * @GENL_RECEIVED_LONG: from the peer, longer than there was room
 * @GENL_RECEIVED_FOREIGN: from somebody else; nothing of it may be used
 * @GENL_RECEIVED_OVERRUN: none; some were lost before
 * @GENL_RECEIVED_NOTHING: for now
 * @GENL_RECEIVED_FAILED: the socket is of no use any more
 */
enum genl_received {
	GENL_RECEIVED_MESSAGE,
	GENL_RECEIVED_LONG,
	GENL_RECEIVED_FOREIGN,
	GENL_RECEIVED_OVERRUN,
	GENL_RECEIVED_NOTHING,
	GENL_RECEIVED_FAILED,
};

/**
 * genl_socket_receive:
 * @socket: a socket
 * @data: (array length=size): where to
 * @size: room in @data
 * @data_len: (out): bytes that came, also when they are of no use; at most
 *   @size
 *
 * One datagram. One thread at a time.
 */
enum genl_received genl_socket_receive(const GenlSocket *socket, uint8_t *data,
				       size_t size, size_t *data_len);

/**
 * genl_socket_has_more:
 * @socket: whose
 *
 * After %GENL_RECEIVED_OVERRUN the kernel drops what it has for @socket, and
 * does not say so again, until everything was received.
 *
 * Returns: whether something waits to be received
 */
bool genl_socket_has_more(const GenlSocket *socket);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GenlSocket, genl_socket_free)

#endif
