/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a PIN stays: the rule, and the alarm that carries it out. */
#include "daemon/key-ttl.h"

#include <string.h>

#include "tests/unit/daemon-bench.h"

static const struct {
	unsigned int ttl, max;
	int64_t begun, used, now, left;
} rows[] = {
	{ 600, 7200, 1000, 0, 1000, 600 },
	{ 600, 7200, 1000, 0, 1599, 1 },
	{ 600, 7200, 1000, 0, 1600, 0 },
	{ 600, 7200, 1000, 0, 9999, 0 },
	/* used before it was unlocked: counts from the unlocking */
	{ 600, 7200, 1000, 500, 1100, 500 },
	{ 600, 7200, 1000, 1500, 1600, 500 },
	/* in use all the time: the whole is limited */
	{ 600, 7200, 1000, 8199, 8199, 1 },
	{ 600, 7200, 1000, 8200, 8200, 0 },
	{ 0, 7200, 1000, 0, 8000, 200 },
	{ 600, 0, 1000, 900000, 900000, 600 },
	{ 0, 0, 1000, 0, INT64_MAX, -1 },
	/* the whole is less than the idle time */
	{ 600, 60, 1000, 1050, 1059, 1 },
};

static void test_rule(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("row %zu", i);
		g_assert_cmpint(key_ttl_remaining(rows[i].ttl, rows[i].max,
						  rows[i].begun, rows[i].used,
						  rows[i].now),
				==, rows[i].left);
	}
}

/* A key with a PIN, unlocked, and what watches it. */
struct fixture {
	struct daemon_bench *bench;
	KeyTasks *tasks;
	KeyTtl *ttl;
	EcryptfsKey *key;
};

static void fixture_init(struct fixture *fixture, unsigned int pin_ttl,
			 unsigned int pin_ttl_max)
{
	const char *params[] = { "pin", "1234", NULL };
	g_autoptr(EcryptfsSecret) pin = ecryptfs_secret_new_from("1234", 4);
	g_autoptr(EcryptfsRegistration) reg = NULL;
	GError *error = NULL;

	fixture->bench = daemon_bench_new();
	g_free(daemon_bench_add_key(fixture->bench, "home", "fake", "x25519",
				    params));
	reg = ecryptfs_registration_load(fixture->bench->keys_dir, "home",
					 &error);
	g_assert_no_error(error);
	reg->pin_ttl = pin_ttl;
	reg->pin_ttl_max = pin_ttl_max;
	ecryptfs_registration_save(fixture->bench->keys_dir, reg, true,
				   &error);
	g_assert_no_error(error);
	daemon_bench_start(fixture->bench);
	fixture->tasks = key_tasks_new();
	fixture->ttl = key_ttl_new(fixture->tasks,
				   fixture->bench->config.stats);
	fixture->key = ecryptfs_key_store_get(fixture->bench->keys, "home",
					      &error);
	g_assert_no_error(error);
	g_assert_true(ecryptfs_key_unlock(fixture->key, pin, &error));
	g_assert_no_error(error);
}

static void fixture_clear(struct fixture *fixture)
{
	key_ttl_free(fixture->ttl);
	key_tasks_free(fixture->tasks);
	ecryptfs_key_unref(fixture->key);
	daemon_bench_free(fixture->bench);
}

static bool is_locked(const struct fixture *fixture)
{
	struct key_task task = { .key = fixture->key };

	/* Through a thread, as what it asks about is dropped by one. */
	key_tasks_run(fixture->tasks, KEY_TASK_KIND_STATE, &task, 1,
		      10 * G_USEC_PER_SEC);
	g_assert_true(task.done);
	return task.state.code == ECRYPTFS_ERROR_LOCKED;
}

static void iterate_for(int64_t usec)
{
	int64_t end = g_get_monotonic_time() + usec;

	while (g_get_monotonic_time() < end)
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(1000);
}

static void test_idle(void)
{
	struct fixture fixture;

	fixture_init(&fixture, 2, 0);
	g_assert_cmpint(key_ttl_left(fixture.ttl, fixture.key), ==, -1);
	key_ttl_begin(fixture.ttl, fixture.key);
	g_assert_cmpint(key_ttl_left(fixture.ttl, fixture.key), >=, 1);
	g_assert_false(is_locked(&fixture));
	iterate_for(3200 * 1000);
	g_assert_true(is_locked(&fixture));
	g_assert_cmpint(key_ttl_left(fixture.ttl, fixture.key), ==, -1);
	fixture_clear(&fixture);
}

/* Each use begins the idle time anew; a wrap is no use of the PIN. */
static void test_use(void)
{
	struct stats_event event = { .tag = ECRYPTFS_TAG_64,
				     .result = STATS_RESULT_ANSWERED };
	struct fixture fixture;
	struct timespec now;

	fixture_init(&fixture, 2, 0);
	event.sig = ecryptfs_key_sig(fixture.key);
	key_ttl_begin(fixture.ttl, fixture.key);
	for (int i = 0; i < 4; i++) {
		iterate_for(900 * 1000);
		clock_gettime(CLOCK_BOOTTIME, &now);
		event.now = now.tv_sec;
		stats_record(fixture.bench->config.stats, &event);
	}
	g_assert_false(is_locked(&fixture));
	event.tag = ECRYPTFS_TAG_66;
	for (int i = 0; i < 4; i++) {
		iterate_for(900 * 1000);
		clock_gettime(CLOCK_BOOTTIME, &now);
		event.now = now.tv_sec;
		stats_record(fixture.bench->config.stats, &event);
	}
	g_assert_true(is_locked(&fixture));
	fixture_clear(&fixture);
}

static void test_end_and_reload(void)
{
	struct fixture fixture;

	fixture_init(&fixture, 600, 60);
	key_ttl_begin(fixture.ttl, fixture.key);
	g_assert_cmpint(key_ttl_left(fixture.ttl, fixture.key), <=, 60);
	key_ttl_keep(fixture.ttl, fixture.bench->keys);
	g_assert_cmpint(key_ttl_left(fixture.ttl, fixture.key), >, 0);
	key_ttl_end(fixture.ttl, fixture.key);
	g_assert_cmpint(key_ttl_left(fixture.ttl, fixture.key), ==, -1);
	key_ttl_end(fixture.ttl, fixture.key);

	/* A registration that changed is another key. */
	key_ttl_begin(fixture.ttl, fixture.key);
	g_free(daemon_bench_add_key(fixture.bench, "home", "fake", "x25519",
				    NULL));
	ecryptfs_key_store_reload(fixture.bench->keys, NULL, NULL);
	key_ttl_keep(fixture.ttl, fixture.bench->keys);
	g_assert_cmpint(key_ttl_left(fixture.ttl, fixture.key), ==, -1);
	fixture_clear(&fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/key-ttl/rule", test_rule);
	g_test_add_func("/key-ttl/idle", test_idle);
	g_test_add_func("/key-ttl/use", test_use);
	g_test_add_func("/key-ttl/end-and-reload", test_end_and_reload);
	return g_test_run();
}
