/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's port to user space with its own clock and sleep: lists, counts,
 * the table of indices, completions.
 */
#include <glib.h>

#include "messaging/port.h"

#define MANY 1000

/* ---- lists */

struct item {
	int number;
	struct list_head link;
};

static int digits(struct list_head *head)
{
	struct item *item;
	int number = 0;

	list_for_each_entry(item, head, link)
		number = 10 * number + item->number;
	return number;
}

static void test_list(void)
{
	struct item items[4] = { { .number = 1 }, { .number = 2 },
				 { .number = 3 }, { .number = 4 } };
	struct list_head a, b;
	struct item *item, *next;

	INIT_LIST_HEAD(&a);
	INIT_LIST_HEAD(&b);
	g_assert_true(list_empty(&a));
	list_add_tail(&items[1].link, &a);
	list_add_tail(&items[2].link, &a);
	list_add(&items[0].link, &a);
	list_add(&items[3].link, &b);
	g_assert_cmpint(digits(&a), ==, 123);
	g_assert_cmpint(list_first_entry(&a, struct item, link)->number, ==, 1);
	list_splice_tail_init(&b, &a);
	g_assert_true(list_empty(&b));
	g_assert_cmpint(digits(&a), ==, 1234);
	list_move(&items[2].link, &a);
	g_assert_cmpint(digits(&a), ==, 3124);
	list_move_tail(&items[0].link, &b);
	list_del_init(&items[2].link);
	g_assert_true(list_empty(&items[2].link));
	g_assert_cmpint(digits(&a), ==, 24);
	g_assert_cmpint(digits(&b), ==, 1);
	/* The one that is looked at may leave. */
	list_for_each_entry_safe(item, next, &a, link)
		list_move(&item->link, &b);
	g_assert_true(list_empty(&a));
	g_assert_cmpint(digits(&b), ==, 421);
}

static void test_refcount(void)
{
	refcount_t count;

	refcount_set(&count, 1);
	refcount_inc(&count);
	g_assert_false(refcount_dec_and_test(&count));
	g_assert_true(refcount_dec_and_test(&count));
}

/* ---- the table */

static void test_table(void)
{
	struct port port = { 0 };
	struct port_table table;
	int items[MANY];
	u32 index[MANY], again;

	port_table_init(&table, &port);
	g_assert_null(port_table_find(&table, 0));
	port_table_remove(&table, 0);
	for (size_t i = 0; i < MANY; i++)
		g_assert_cmpint(port_table_add(&table, &index[i], &items[i]),
				==, 0);
	for (size_t i = 0; i < MANY; i++)
		g_assert_true(port_table_find(&table, index[i]) == &items[i]);
	g_assert_null(port_table_find(&table, UINT32_MAX));
	for (size_t i = 0; i < MANY; i += 2) {
		port_table_remove(&table, index[i]);
		port_table_remove(&table, index[i]);
	}
	for (size_t i = 0; i < MANY; i++)
		g_assert_true(port_table_find(&table, index[i]) ==
			      (i % 2 ? &items[i] : NULL));
	/* An index that was just removed is not the next one. */
	port_table_remove(&table, index[1]);
	for (size_t i = 0; i < MANY / 2; i++) {
		g_assert_cmpint(port_table_add(&table, &again, &items[0]), ==,
				0);
		g_assert_cmpuint(again, !=, index[1]);
		port_table_remove(&table, again);
	}
	port_table_destroy(&table);
	g_assert_cmpint(port.allocations, ==, 0);
}

static void test_table_without_memory(void)
{
	struct port port = { .fail_at = 1 };
	struct port_table table;
	u32 index;

	port_table_init(&table, &port);
	g_assert_cmpint(port_table_add(&table, &index, &port), ==, -ENOMEM);
	g_assert_cmpint(port_table_add(&table, &index, &port), ==, 0);
	port_table_destroy(&table);
	g_assert_cmpint(port.allocations, ==, 0);
}

/* ---- completions, with the real clock */

enum event { EVENT_NONE, EVENT_DONE, EVENT_KILL, EVENT_BOTH };

static const struct {
	const char *name;
	enum event event;
	u64 ms;
	int result;
} sleeps[] = {
	{ "nothing", EVENT_NONE, 1, -ETIMEDOUT },
	{ "nothing-for-0-ms", EVENT_NONE, 0, -ETIMEDOUT },
	{ "almost-a-second", EVENT_NONE, 999, -ETIMEDOUT },
	{ "done", EVENT_DONE, 600000, 0 },
	{ "done-for-0-ms", EVENT_DONE, 0, 0 },
	{ "killed", EVENT_KILL, 600000, -EINTR },
	{ "done-and-killed", EVENT_BOTH, 600000, 0 },
};

static void let_happen(struct port_completion *completion, enum event event)
{
	if (event == EVENT_KILL || event == EVENT_BOTH)
		port_completion_kill(completion);
	if (event == EVENT_DONE || event == EVENT_BOTH)
		port_complete(completion);
}

static void test_before_the_sleep(gconstpointer data)
{
	size_t row = GPOINTER_TO_SIZE(data);
	struct port_completion completion;
	struct port port = { 0 };
	u64 start;

	port_completion_init(&completion);
	let_happen(&completion, sleeps[row].event);
	start = port_now_ms(&port);
	g_assert_cmpint(port_wait(&port, &completion, sleeps[row].ms), ==,
			sleeps[row].result);
	if (sleeps[row].result == -ETIMEDOUT)
		g_assert_cmpuint(port_now_ms(&port) - start, >=,
				 sleeps[row].ms);
	port_completion_destroy(&completion);
}

static void *kill_it(void *data)
{
	port_completion_kill(data);
	return NULL;
}

static void *complete_it(void *data)
{
	port_complete(data);
	return NULL;
}

/* Lost wake-ups would make this test sleep for ever. */
static void test_by_another_thread(void)
{
	struct port_completion completion;
	struct port port = { 0 };
	pthread_t thread;

	for (size_t i = 0; i < MANY; i++) {
		port_completion_init(&completion);
		pthread_create(&thread, NULL, i % 2 ? kill_it : complete_it,
			       &completion);
		g_assert_cmpint(port_wait(&port, &completion, 600000), ==,
				i % 2 ? -EINTR : 0);
		pthread_join(thread, NULL);
		port_completion_destroy(&completion);
	}
}

static void test_random(void)
{
	u32 first = port_random_u32();
	size_t same = 0;

	while (same < 8 && port_random_u32() == first)
		same++;
	g_assert_cmpuint(same, <, 8);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/messaging/port/list", test_list);
	g_test_add_func("/messaging/port/refcount", test_refcount);
	g_test_add_func("/messaging/port/table", test_table);
	g_test_add_func("/messaging/port/table-without-memory",
			test_table_without_memory);
	for (size_t i = 0; i < G_N_ELEMENTS(sleeps); i++) {
		g_autofree char *path = g_strdup_printf(
			"/messaging/port/wait/%s", sleeps[i].name);

		g_test_add_data_func(path, GSIZE_TO_POINTER(i),
				     test_before_the_sleep);
	}
	g_test_add_func("/messaging/port/wait/by-another-thread",
			test_by_another_thread);
	g_test_add_func("/messaging/port/random", test_random);
	return g_test_run();
}
