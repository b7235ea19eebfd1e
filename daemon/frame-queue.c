/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ring between reader and daemon. Head and tail only grow; each is
 * written by one side. A semaphore counts what was committed, because
 * sem_post() never blocks.
 */
#include "daemon/frame-queue.h"

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/mman.h>

struct FrameQueue {
	size_t slots;
	size_t mapped;
	bool locked;
	sem_t filled;
	atomic_size_t head; /* written by the reader */
	atomic_size_t tail; /* written by the other side */
	struct frame_slot ring[]; /* one more than slots: the spare */
};

FrameQueue *frame_queue_new(size_t slots)
{
	size_t size = sizeof(FrameQueue) +
		      (slots + 1) * sizeof(struct frame_slot);
	FrameQueue *queue;

	queue = mmap(NULL, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (queue == MAP_FAILED)
		g_error("out of memory for a queue of %zu messages", slots);
	madvise(queue, size, MADV_DONTDUMP);
	queue->locked = mlock(queue, size) == 0;
	queue->slots = slots;
	queue->mapped = size;
	sem_init(&queue->filled, 0, 0);
	atomic_init(&queue->head, 0);
	atomic_init(&queue->tail, 0);
	return queue;
}

void frame_queue_free(FrameQueue *queue)
{
	size_t size;

	if (!queue)
		return;
	size = queue->mapped;
	sem_destroy(&queue->filled);
	ecryptfs_wipe(queue, size);
	munmap(queue, size);
}

bool frame_queue_locked(const FrameQueue *queue)
{
	return queue->locked;
}

bool frame_queue_reserve(FrameQueue *queue, struct frame_slot **slot)
{
	size_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	bool room = head - tail < queue->slots;

	*slot = &queue->ring[room ? head % queue->slots : queue->slots];
	return room;
}

void frame_queue_commit(FrameQueue *queue)
{
	atomic_fetch_add_explicit(&queue->head, 1, memory_order_release);
	sem_post(&queue->filled);
}

void frame_queue_close(FrameQueue *queue)
{
	sem_post(&queue->filled);
}

struct frame_slot *frame_queue_wait(FrameQueue *queue)
{
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	size_t head;

	while (sem_wait(&queue->filled) != 0 && errno == EINTR)
		;
	head = atomic_load_explicit(&queue->head, memory_order_acquire);
	/* A count without a message is the one that closed the queue. */
	return head == tail ? NULL : &queue->ring[tail % queue->slots];
}

void frame_queue_release(FrameQueue *queue)
{
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);

	ecryptfs_wipe(&queue->ring[tail % queue->slots],
		      sizeof(struct frame_slot));
	atomic_fetch_add_explicit(&queue->tail, 1, memory_order_release);
}
