/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the reader of /dev/ecryptfs and the rest of the daemon: a ring of
 * messages in locked memory, one thread on each side, without a lock. The
 * reader is never kept waiting: that would let the kernel's queue grow old,
 * which crashes a stock kernel (doc/PROTOCOL).
 */
#ifndef DAEMON_FRAME_QUEUE_H
#define DAEMON_FRAME_QUEUE_H

#include "daemon/frame.h"

typedef struct FrameQueue FrameQueue;

/**
 * frame_slot:
 * @arrived: g_get_monotonic_time() of the read
 * @data_len: bytes in @data that count
 * @data: one message as read; may hold a FEK
 */
struct frame_slot {
	int64_t arrived;
	size_t data_len;
	uint8_t data[FRAME_READ_SIZE];
};

/**
 * frame_queue_new:
 * @slots: messages that it holds
 *
 * Returns: (transfer full) (not nullable): an empty queue, its pages locked
 *   where RLIMIT_MEMLOCK allows and never in a core file
 */
FrameQueue *frame_queue_new(size_t slots);

/* Both sides are done with it. (nullable); wipes. */
void frame_queue_free(FrameQueue *queue);

/* Whether its pages are locked. */
bool frame_queue_locked(const FrameQueue *queue);

/**
 * frame_queue_reserve:
 * @queue: a queue
 * @slot: (out): where to read into; never %NULL
 *
 * The reader's side.
 *
 * Returns: %false when the queue is full: @slot is then a spare one, which
 *   must not be committed
 */
bool frame_queue_reserve(FrameQueue *queue, struct frame_slot **slot);

/* The reader's side: hands the reserved slot over. Does not block. */
void frame_queue_commit(FrameQueue *queue);

/* The reader's side: nothing more will come. */
void frame_queue_close(FrameQueue *queue);

/**
 * frame_queue_wait:
 *
 * The other side: waits for a message.
 *
 * Returns: (transfer none) (nullable): the oldest slot, to be given back by
 *   frame_queue_release(); %NULL when the queue is closed and empty
 */
struct frame_slot *frame_queue_wait(FrameQueue *queue);

/* The other side: wipes the slot that frame_queue_wait() gave. */
void frame_queue_release(FrameQueue *queue);

#endif
