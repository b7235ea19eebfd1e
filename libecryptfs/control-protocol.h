/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tools and ecryptfsd say to each other over the control socket
 * (AF_UNIX, SOCK_SEQPACKET): one datagram asks, one answers. doc/PROTOCOL has
 * the byte table.
 */
#ifndef ECRYPTFS_CONTROL_PROTOCOL_H
#define ECRYPTFS_CONTROL_PROTOCOL_H

#include "libecryptfs/ecryptfs.h"

#define ECRYPTFS_CONTROL_VERSION 1
#define ECRYPTFS_CONTROL_MAX_SECRET 1024
#define ECRYPTFS_CONTROL_MAX_REQUEST 1152
#define ECRYPTFS_CONTROL_MAX_REPLY 65536

/**
 * ecryptfs_control_command:
 * @ECRYPTFS_CONTROL_STATUS: reply text is a GKeyFile: group [daemon] and a
 *   group [key NAME] for each key
 * @ECRYPTFS_CONTROL_UNLOCK: name, and the secret when the key has one
 * @ECRYPTFS_CONTROL_LOCK: name, or none for all keys; the text says what
 *   stays readable
 * @ECRYPTFS_CONTROL_RELOAD: read registrations again
 * @ECRYPTFS_CONTROL_QUIT: leave
 * @ECRYPTFS_CONTROL_TEST: wrap and unwrap with the named key the way a
 *   request goes; text is a GKeyFile, group [test], wrap-usec, unwrap-usec,
 *   the latter not when only the public half is here
 */
enum ecryptfs_control_command {
	ECRYPTFS_CONTROL_STATUS = 1,
	ECRYPTFS_CONTROL_UNLOCK = 2,
	ECRYPTFS_CONTROL_LOCK = 3,
	ECRYPTFS_CONTROL_RELOAD = 4,
	ECRYPTFS_CONTROL_QUIT = 5,
	ECRYPTFS_CONTROL_TEST = 6,
};

/**
 * ecryptfs_control_request:
 * @command: what is asked
 * @name: a registration's name, or "" for none
 * @secret: (nullable): owned; PIN or passphrase
 */
struct ecryptfs_control_request {
	enum ecryptfs_control_command command;
	char name[65];
	EcryptfsSecret *secret;
};

/**
 * ecryptfs_control_parse_request:
 * @data: (array length=data_len): one datagram; hostile
 * @data_len: bytes in @data
 * @request: (out caller-allocates): on success its secret is the caller's
 * @error: (nullable): return location
 *
 * Errors: %ECRYPTFS_ERROR_BAD_MESSAGE
 */
bool ecryptfs_control_parse_request(const uint8_t *data, size_t data_len,
				    struct ecryptfs_control_request *request,
				    GError **error);

/* (transfer full) (nullable): the datagram, wiped when freed. */
EcryptfsSecret *
ecryptfs_control_format_request(enum ecryptfs_control_command command,
				const char *name, const EcryptfsSecret *secret,
				GError **error);

/* (transfer full): @code NONE for success; @text is UTF-8, cut to fit. */
GBytes *ecryptfs_control_format_reply(enum ecryptfs_error code,
				      const char *text);

/**
 * ecryptfs_control_parse_reply:
 * @data: (array length=data_len): one datagram
 * @data_len: bytes in @data
 * @error: (nullable): the daemon's error, with its code and text
 *
 * Returns: (transfer full) (nullable): the text
 */
char *ecryptfs_control_parse_reply(const uint8_t *data, size_t data_len,
				   GError **error);

/**
 * ecryptfs_control_call:
 * @command: what is asked
 * @name: (nullable): registration
 * @secret: (nullable): PIN or passphrase
 * @error: (nullable): return location
 *
 * Connects to this user's daemon, checks that it is this user's (SO_PEERCRED),
 * asks, waits at most 30 s.
 *
 * Returns: (transfer full) (nullable): the reply's text
 *
 * Errors: %ECRYPTFS_ERROR_NO_DAEMON with the command that starts one, else
 *   the daemon's; %ECRYPTFS_ERROR_BUSY also when it has too many clients
 */
char *ecryptfs_control_call(enum ecryptfs_control_command command,
			    const char *name, const EcryptfsSecret *secret,
			    GError **error);

/**
 * ecryptfs_control_runtime_dir:
 *
 * Returns: (transfer full): $XDG_RUNTIME_DIR/ecryptfs, or /run/ecryptfs/UID
 *   without that variable
 */
char *ecryptfs_control_runtime_dir(void);

#endif
