/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring between the reader and the daemon, with both sides at work. */
#include "daemon/frame-queue.h"

#include <pthread.h>
#include <string.h>

#define SLOTS 4
#define MANY 20000

static void put(FrameQueue *queue, uint8_t mark)
{
	struct frame_slot *slot;

	g_assert_true(frame_queue_reserve(queue, &slot));
	slot->data_len = 1;
	slot->data[0] = mark;
	frame_queue_commit(queue);
}

static void assert_get(FrameQueue *queue, uint8_t mark)
{
	const struct frame_slot *slot = frame_queue_wait(queue);

	g_assert_nonnull(slot);
	g_assert_cmpuint(slot->data_len, ==, 1);
	g_assert_cmpuint(slot->data[0], ==, mark);
	frame_queue_release(queue);
}

static void test_order_and_close(void)
{
	FrameQueue *queue = frame_queue_new(SLOTS);

	put(queue, 1);
	put(queue, 2);
	assert_get(queue, 1);
	put(queue, 3);
	frame_queue_close(queue);
	assert_get(queue, 2);
	assert_get(queue, 3);
	g_assert_null(frame_queue_wait(queue));
	frame_queue_free(queue);
	frame_queue_free(NULL);
}

static void test_full(void)
{
	FrameQueue *queue = frame_queue_new(SLOTS);
	struct frame_slot *spare;

	for (uint8_t i = 0; i < SLOTS; i++)
		put(queue, i);
	g_assert_false(frame_queue_reserve(queue, &spare));
	/* The spare slot is nobody else's: nothing that waits is touched. */
	memset(spare, 0xff, sizeof(*spare));
	assert_get(queue, 0);
	put(queue, SLOTS);
	g_assert_false(frame_queue_reserve(queue, &spare));
	for (uint8_t i = 1; i <= SLOTS; i++)
		assert_get(queue, i);
	frame_queue_free(queue);
}

static void test_wipes(void)
{
	FrameQueue *queue = frame_queue_new(1);
	const struct frame_slot zero = { 0 };
	struct frame_slot *slot;

	g_assert_true(frame_queue_reserve(queue, &slot));
	memset(slot, 0x77, sizeof(*slot));
	frame_queue_commit(queue);
	g_assert_true(frame_queue_wait(queue) == slot);
	frame_queue_release(queue);
	g_assert_cmpmem(slot, sizeof(*slot), &zero, sizeof(zero));
	frame_queue_free(queue);
}

static void *produce(void *data)
{
	FrameQueue *queue = data;
	struct frame_slot *slot;
	int64_t i = 0;

	while (i < MANY) {
		if (!frame_queue_reserve(queue, &slot))
			continue;
		slot->arrived = i;
		slot->data_len = (size_t)i % FRAME_READ_SIZE;
		memset(slot->data, (int)(i & 0xff), slot->data_len);
		frame_queue_commit(queue);
		i++;
	}
	frame_queue_close(queue);
	return NULL;
}

static void test_two_threads(void)
{
	FrameQueue *queue = frame_queue_new(SLOTS);
	struct frame_slot *slot;
	pthread_t thread;
	int64_t i = 0;

	g_assert_cmpint(pthread_create(&thread, NULL, produce, queue), ==, 0);
	while ((slot = frame_queue_wait(queue))) {
		g_assert_cmpint(slot->arrived, ==, i);
		g_assert_cmpuint(slot->data_len, ==,
				 (size_t)i % FRAME_READ_SIZE);
		for (size_t at = 0; at < slot->data_len; at++)
			g_assert_cmpuint(slot->data[at], ==, i & 0xff);
		frame_queue_release(queue);
		i++;
	}
	g_assert_cmpint(i, ==, MANY);
	pthread_join(thread, NULL);
	frame_queue_free(queue);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/frame-queue/order-and-close", test_order_and_close);
	g_test_add_func("/frame-queue/full", test_full);
	g_test_add_func("/frame-queue/wipes", test_wipes);
	g_test_add_func("/frame-queue/two-threads", test_two_threads);
	return g_test_run();
}
