/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the process gives up before it touches a secret: being traced or
 * dumped, gaining privileges, stray descriptors, loose file modes.
 */
#ifndef DAEMON_HARDEN_H
#define DAEMON_HARDEN_H

#include "libecryptfs/ecryptfs.h"

/**
 * harden_descriptors:
 * @error: (nullable): return location
 *
 * Opens /dev/null for standard descriptors that are closed, so that no file
 * of ours gets their numbers, and closes all others.
 *
 * Errors: %ECRYPTFS_ERROR_IO
 */
bool harden_descriptors(GError **error);

/**
 * harden_process:
 * @error: (nullable): return location
 *
 * Not dumpable, no core file, no new privileges, umask 077. For good, also
 * for children.
 *
 * Errors: %ECRYPTFS_ERROR_IO
 */
bool harden_process(GError **error);

#endif
