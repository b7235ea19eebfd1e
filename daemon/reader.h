/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two threads under a transport. One does nothing but poll, read and put the
 * message into a ring; its stack and the ring are locked. The other takes
 * the messages out and hands them over. What a read is, and what a message,
 * the transport's own reader says.
 */
#ifndef DAEMON_READER_H
#define DAEMON_READER_H

#include "daemon/frame-queue.h"

typedef struct Reader Reader;

/* Messages that the ring holds. */
#define READER_QUEUE_SLOTS 128

/**
 * reader_got:
 * @READER_GOT_MESSAGE: there may be another
 * @READER_GOT_NOTHING: for now
 * @READER_GOT_LOST: the peer is gone; the reader ends by itself
 */
enum reader_got {
	READER_GOT_MESSAGE,
	READER_GOT_NOTHING,
	READER_GOT_LOST,
};

/**
 * reader_source:
 * @fd: polled for POLLIN; borrowed until reader_stop()
 * @read: poll said @revents: at most one read, into a slot of @queue. On the
 *   locked thread: no allocation, no log
 * @ended: (nullable): the last @read is over; on the same thread
 * @hand: a message that @read committed; on the other thread. May take
 *   locks, but waiting long fills the ring
 * @data: passed to all
 */
struct reader_source {
	int fd;
	enum reader_got (*read)(void *data, FrameQueue *queue, short revents);
	void (*ended)(void *data);
	void (*hand)(void *data, const struct frame_slot *slot);
	void *data;
};

/**
 * reader_start:
 * @source: copied
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): both threads run
 *
 * Errors: %ECRYPTFS_ERROR_IO when threads or descriptors are used up
 */
Reader *reader_start(const struct reader_source *source, GError **error);

/**
 * reader_lost_fd:
 *
 * Returns: (transfer none): a descriptor that becomes readable when the
 *   reader ended by itself
 */
int reader_lost_fd(const Reader *reader);

/* Makes that descriptor readable: somebody else noticed. Any thread. */
void reader_give_up(Reader *reader);

/* Reads what is there, hands it over, ends both threads. */
void reader_stop(Reader *reader);

/* (transfer full) (nullable): stops it before. */
void reader_free(Reader *reader);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Reader, reader_free)

#endif
