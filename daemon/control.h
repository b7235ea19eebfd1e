/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's side of the control socket: who may speak, one datagram in,
 * one out. What a command means, commands.c knows.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "libecryptfs/control-protocol.h"

typedef struct Control Control;

#define CONTROL_MAX_CLIENTS 16
#define CONTROL_IDLE_SECONDS 10

/**
 * control_handler:
 * @handle: (transfer full) (nullable): does what is asked and returns the
 *   text of the answer; sets the error otherwise. On a thread of its own;
 *   may block. Must not keep @request.
 * @answered: on the main loop, after the answer went out
 * @data: passed to both
 */
struct control_handler {
	char *(*handle)(void *data,
			const struct ecryptfs_control_request *request,
			GError **error);
	void (*answered)(void *data, enum ecryptfs_control_command command);
	void *data;
};

/**
 * control_new:
 * @directory: where the socket `control` is made, replacing what is there
 * @handler: copied
 * @error: (nullable): return location
 *
 * Listens on the default main context. Served are this user and root; at
 * most %CONTROL_MAX_CLIENTS at a time, each closed when it says nothing for
 * %CONTROL_IDLE_SECONDS. One more is told %ECRYPTFS_ERROR_BUSY and closed.
 *
 * Errors: %ECRYPTFS_ERROR_IO
 */
Control *control_new(const char *directory,
		     const struct control_handler *handler, GError **error);

/* As if a client had sent @command, without a name: for signals. */
void control_order(Control *control, enum ecryptfs_control_command command);

/* Stops listening, closes all clients, removes the socket. */
void control_stop(Control *control);

/* Whether all commands ended, or did so within @patience_usec. */
bool control_wait(Control *control, int64_t patience_usec);

/* (nullable): waits for the threads. */
void control_free(Control *control);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Control, control_free)

/* Whether that process may speak to a daemon of user @self. */
bool control_peer_allowed(uid_t peer, uid_t self);

#endif
