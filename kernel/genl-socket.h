/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets from which a command came: endpoints of the engine, from their
 * first command until they are closed.
 */
#ifndef KERNEL_GENL_SOCKET_H
#define KERNEL_GENL_SOCKET_H

#include <net/genetlink.h>

#include "messaging/engine.h"

extern struct genl_family ecryptfs_genl_family;

/**
 * ecryptfs_genl_socket() - the endpoint of a socket
 * @sk: which, open
 * @portid: its port
 *
 * Return: it, with a reference for the caller; NULL without memory
 */
struct msg_endpoint *ecryptfs_genl_socket(struct sock *sk, u32 portid);

/* Listens to sockets that are closed. */
int ecryptfs_genl_sockets_init(void);
/* Does not any more. */
void ecryptfs_genl_sockets_exit(void);

#endif
