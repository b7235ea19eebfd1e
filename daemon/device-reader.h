/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader of /dev/ecryptfs. A stock kernel can crash when its queue of
 * requests is left unread for longer than a request lives, so one thread
 * does nothing but drain it (daemon/reader.h). The second thread parses the
 * frames and hands them over.
 */
#ifndef DAEMON_DEVICE_READER_H
#define DAEMON_DEVICE_READER_H

#include "daemon/frame.h"

typedef struct DeviceReader DeviceReader;

/**
 * device_reader_start:
 * @fd: borrowed until device_reader_stop(); nobody else may read or
 *   poll it, the kernel cannot tell two readers apart
 * @request: called for every well-framed request, from one thread; may take
 *   locks, but waiting long fills the ring
 * @data: passed to @request
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): the running reader
 *
 * Errors: %ECRYPTFS_ERROR_IO when threads or descriptors are used up
 */
DeviceReader *device_reader_start(int fd,
				  void (*request)(void *data,
						  const struct frame *frame,
						  int64_t arrived),
				  void *data, GError **error);

/**
 * device_reader_lost_fd:
 *
 * Returns: (transfer none): a descriptor that becomes readable when the
 *   reader ended by itself, because its peer is gone
 */
int device_reader_lost_fd(const DeviceReader *reader);

/* Reads what is there, hands it over, ends both threads. */
void device_reader_stop(DeviceReader *reader);

/* (transfer full) (nullable): stops it before. */
void device_reader_free(DeviceReader *reader);

/* Adds what was read so far to @counters. Any thread. */
void device_reader_count(const DeviceReader *reader,
			 struct transport_counters *counters);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeviceReader, device_reader_free)

#endif
