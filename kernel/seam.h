/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the overlay's files know of each other: the one engine, and what the
 * transports to daemons have in common.
 */
#ifndef KERNEL_SEAM_H
#define KERNEL_SEAM_H

#include <linux/fs.h>
#include <net/net_namespace.h>

#include "messaging/engine.h"

extern struct msg_engine ecryptfs_engine;

/**
 * ecryptfs_identify() - who speaks through an open file
 * @file: node or socket
 * @caller: its credentials, and those of the current task; @endpoint is left
 *
 * Return: 0, -EPERM outside of the initial user namespace
 */
int ecryptfs_identify(const struct file *file, struct msg_caller *caller);

/**
 * ecryptfs_check_root() - may it serve the superuser
 * @file: as above
 * @caller: as above
 *
 * Return: 0, -EPERM for uid 0 without CAP_SYS_ADMIN, which a container's root
 *	lacks
 */
int ecryptfs_check_root(const struct file *file, struct msg_caller *caller);

/**
 * ecryptfs_describe() - the current task, as a daemon that registers
 * @helo: @namespaces and @pid are set
 * @net: its network namespace
 */
void ecryptfs_describe(struct msg_helo *helo, const struct net *net);

/* The node /dev/ecryptfs. */
int ecryptfs_device_init(void);
void ecryptfs_device_exit(void);

/* The netlink family. Between the end of the one and the other there are no
 * callers, but still sockets that the engine says QUIT to.
 */
int ecryptfs_genl_init(void);
void ecryptfs_genl_exit(void);
void ecryptfs_genl_forget(void);

#endif
