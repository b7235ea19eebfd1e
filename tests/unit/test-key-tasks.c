/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to several keys: one that hangs does not keep the others. */
#include "daemon/key-tasks.h"

#include "tests/unit/daemon-bench.h"

#define SHORT_USEC (100 * 1000)

static void test_hanging_state(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	g_autofree char *gate = daemon_bench_gate(bench, "gate");
	const char *hangs[] = { "state-gate", gate, NULL };
	KeyTasks *tasks = key_tasks_new();
	struct key_task list[2] = { 0 };
	int64_t begun;
	EcryptfsKey **keys;
	size_t n_keys;

	g_free(daemon_bench_add_key(bench, "a-hangs", "fake", "p-256", hangs));
	g_free(daemon_bench_add_key(bench, "b-works", "fake", "x25519", NULL));
	daemon_bench_start(bench);
	keys = ecryptfs_key_store_all(bench->keys, &n_keys);
	g_assert_cmpuint(n_keys, ==, 2);
	list[0].key = keys[0];
	list[1].key = keys[1];

	g_assert_false(key_tasks_busy(tasks));
	for (int i = 0; i < 3; i++) {
		begun = g_get_monotonic_time();
		key_tasks_run(tasks, KEY_TASK_KIND_STATE, list, 2, SHORT_USEC);
		g_assert_cmpint(g_get_monotonic_time() - begun, <,
				10 * SHORT_USEC);
		g_assert_false(list[0].done);
		g_assert_true(list[1].done);
		g_assert_cmpint((int)list[1].state.code, ==,
				ECRYPTFS_ERROR_NONE);
	}
	g_assert_true(key_tasks_busy(tasks));
	daemon_bench_open_gate(gate);
	key_tasks_run(tasks, KEY_TASK_KIND_STATE, list, 2, 100 * SHORT_USEC);
	g_assert_true(list[0].done);
	ecryptfs_key_store_free_keys(keys, n_keys);
	key_tasks_free(tasks);
	daemon_bench_free(bench);
}

static void test_lock_and_drop(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	const char *params[] = { "pin", "1234", NULL };
	g_autoptr(EcryptfsSecret) pin = ecryptfs_secret_new_from("1234", 4);
	KeyTasks *tasks = key_tasks_new();
	struct key_task task = { 0 };
	GError *error = NULL;

	g_free(daemon_bench_add_key(bench, "home", "fake", "x25519", params));
	daemon_bench_start(bench);
	task.key = ecryptfs_key_store_get(bench->keys, "home", &error);
	g_assert_no_error(error);

	g_assert_true(ecryptfs_key_unlock(task.key, pin, NULL));
	key_tasks_run(tasks, KEY_TASK_KIND_DROP, &task, 1, 100 * SHORT_USEC);
	g_assert_true(task.done);
	key_tasks_run(tasks, KEY_TASK_KIND_STATE, &task, 1, 100 * SHORT_USEC);
	g_assert_cmpint((int)task.state.code, ==, ECRYPTFS_ERROR_LOCKED);
	g_assert_false(ecryptfs_key_is_locked(task.key));

	key_tasks_run(tasks, KEY_TASK_KIND_LOCK, &task, 1, 100 * SHORT_USEC);
	g_assert_true(task.done);
	g_assert_true(ecryptfs_key_is_locked(task.key));
	ecryptfs_key_unref(task.key);
	key_tasks_free(tasks);
	daemon_bench_free(bench);
}

/* Without waiting at all it is done all the same. */
static void test_no_waiting(void)
{
	struct daemon_bench *bench = daemon_bench_new();
	KeyTasks *tasks = key_tasks_new();
	struct key_task task = { 0 };

	g_free(daemon_bench_add_key(bench, "home", "fake", "x25519", NULL));
	daemon_bench_start(bench);
	task.key = ecryptfs_key_store_get(bench->keys, "home", NULL);
	key_tasks_run(tasks, KEY_TASK_KIND_LOCK, &task, 1, 0);
	key_tasks_free(tasks);
	g_assert_true(ecryptfs_key_is_locked(task.key));
	ecryptfs_key_unref(task.key);
	daemon_bench_free(bench);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/key-tasks/hanging-state", test_hanging_state);
	g_test_add_func("/key-tasks/lock-and-drop", test_lock_and_drop);
	g_test_add_func("/key-tasks/no-waiting", test_no_waiting);
	return g_test_run();
}
