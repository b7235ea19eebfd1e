/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon without main.c: control socket, commands and dispatch over fake
 * modules; and clients of it, which run the main loop while they wait.
 */
#ifndef TESTS_UNIT_CONTROL_SERVER_H
#define TESTS_UNIT_CONTROL_SERVER_H

#include "daemon/commands.h"
#include "daemon/control.h"
#include "tests/unit/daemon-bench.h"

#define PATIENCE_USEC (10 * G_USEC_PER_SEC)

/* @quits: how often the command QUIT was answered. */
struct server {
	struct daemon_bench *bench;
	Commands commands;
	Control *control;
	unsigned int quits;
};

/* Keys are registered between the two; the transport counts 3 malformed. */
void server_init(struct server *server);
void server_start(struct server *server);
void server_clear(struct server *server);

int client_new(struct server *server);
void client_send(int fd, enum ecryptfs_control_command command,
		 const char *name, const char *secret_text);

/* What recv() returned when something had come. */
ssize_t client_receive(int fd, uint8_t *data, size_t len);

/* (transfer full) (nullable): the text of the answer. */
char *client_wait(int fd, GError **error);

/* A client for one command. */
char *call(struct server *server, enum ecryptfs_control_command command,
	   const char *name, const char *secret, GError **error);
GKeyFile *call_status(struct server *server);

/* Status says so; %NULL: it has no such key. */
void assert_value(struct server *server, const char *group, const char *key,
		  const char *expected);

/* Refusals are warnings, and what these tests are about. */
void server_quiet_log(void);

#endif
