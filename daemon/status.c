/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers what others count; knows no key bytes. */
#include "config.h"

#include "daemon/status.h"

#include <inttypes.h>
#include <unistd.h>

#include "libecryptfs/control-protocol.h"
#include "libecryptfs/keyring.h"

#define GROUP "daemon"

/* Room for the header of the answer. */
#define STATUS_MAX_BYTES (ECRYPTFS_CONTROL_MAX_REPLY - 16)

static void add_totals(GKeyFile *file, struct status_source *source)
{
	struct stats_totals totals;

	stats_get_totals(source->stats, &totals);
	g_key_file_set_uint64(file, GROUP, "requests", totals.requests);
	g_key_file_set_uint64(file, GROUP, "answered",
			      totals.results[STATS_RESULT_ANSWERED]);
	g_key_file_set_uint64(file, GROUP, "refused",
			      totals.results[STATS_RESULT_REFUSED]);
	g_key_file_set_uint64(file, GROUP, "dropped",
			      totals.results[STATS_RESULT_DROPPED]);
	g_key_file_set_uint64(file, GROUP, "late",
			      totals.results[STATS_RESULT_LATE]);
	g_key_file_set_integer(file, GROUP, "queue-depth",
			       (int)dispatch_depth(source->dispatch));
}

/* What the peer told when the daemon registered. */
static void add_limits(GKeyFile *file, struct transport *transport)
{
	struct transport_limits limits;

	if (!transport->limits || !transport->limits(transport, &limits))
		return;
	g_key_file_set_uint64(file, GROUP, "kernel-version", limits.version);
	g_key_file_set_uint64(file, GROUP, "kernel-timeout-msec",
			      limits.timeout_msec);
	g_key_file_set_uint64(file, GROUP, "kernel-extend-msec",
			      limits.extend_msec);
	g_key_file_set_uint64(file, GROUP, "kernel-window", limits.window);
	g_key_file_set_uint64(file, GROUP, "kernel-queue", limits.queue);
}

static void add_transport(GKeyFile *file, struct transport *transport)
{
	struct transport_counters counters = { 0 };

	transport->count(transport, &counters);
	g_key_file_set_uint64(file, GROUP, "malformed", counters.malformed);
	g_key_file_set_uint64(file, GROUP, "empty", counters.empty);
	g_key_file_set_uint64(file, GROUP, "overrun", counters.overrun);
	g_key_file_set_uint64(file, GROUP, "foreign", counters.foreign);
	g_key_file_set_uint64(file, GROUP, "lost", counters.lost);
	add_limits(file, transport);
}

static void add_daemon(GKeyFile *file, struct status_source *source)
{
	struct transport *transport = source->transport;
	g_autofree char *described = transport->describe(transport);
	g_autofree char *transports = g_strdup_printf(
		"%s: %s", transport->name, described);
	int64_t usec = g_get_monotonic_time() - source->started;

	g_key_file_set_string(file, GROUP, "version", PACKAGE_VERSION);
	g_key_file_set_integer(file, GROUP, "pid", getpid());
	g_key_file_set_integer(file, GROUP, "uid", (int)geteuid());
	g_key_file_set_string(file, GROUP, "transports", transports);
	g_key_file_set_int64(file, GROUP, "uptime", usec / G_USEC_PER_SEC);
	add_totals(file, source);
	add_transport(file, transport);
	g_key_file_set_string(file, GROUP, "secret-pool",
			      source->pool_locked ? "locked" : "unlocked");
	if (source->registered_usec >= 0)
		g_key_file_set_int64(file, GROUP, "registered-usec",
				     source->registered_usec);
}

static void add_counts(GKeyFile *file, const char *group, Stats *stats,
		       const char *sig)
{
	struct stats_key counts;

	stats_get_key(stats, sig, &counts);
	g_key_file_set_uint64(file, group, "wraps", counts.wraps);
	g_key_file_set_uint64(file, group, "unwraps", counts.unwraps);
	g_key_file_set_uint64(file, group, "failures", counts.failures);
	g_key_file_set_int64(file, group, "latency-usec-mean",
			     counts.usec_mean);
	g_key_file_set_int64(file, group, "latency-usec-max", counts.usec_max);
	if (counts.last_error)
		g_key_file_set_string(file, group, "last-error",
				      counts.last_error);
	g_free(counts.last_error);
}

static const char *state_word(struct status_source *source,
			      const struct key_task *task)
{
	const EcryptfsPki *pki = ecryptfs_key_pki(task->key);

	if (!pki)
		return "public";
	if (!task->done || dispatch_is_stuck(source->dispatch, pki))
		return ecryptfs_error_name(ECRYPTFS_ERROR_BUSY);
	if (task->state.code == ECRYPTFS_ERROR_NONE)
		return "ready";
	return ecryptfs_error_name(task->state.code);
}

static void add_state(GKeyFile *file, const char *group,
		      struct status_source *source,
		      const struct key_task *task)
{
	int64_t left = key_ttl_left(source->ttl, task->key);

	g_key_file_set_string(file, group, "state", state_word(source, task));
	if (left >= 0)
		g_key_file_set_int64(file, group, "unlock-left", left);
	if (!task->done)
		return;
	g_key_file_set_boolean(file, group, "needs-secret",
			       task->state.needs_secret);
	g_key_file_set_boolean(file, group, "hardware", task->state.hardware);
	if (task->state.tries_left >= 0)
		g_key_file_set_integer(file, group, "tries-left",
				       task->state.tries_left);
	if (task->state.lockout_until > 0)
		g_key_file_set_int64(file, group, "lockout-until",
				     task->state.lockout_until);
}

static char *group_of(const EcryptfsKey *key)
{
	return g_strdup_printf("key %s", ecryptfs_key_registration(key)->name);
}

static void add_key(GKeyFile *file, struct status_source *source,
		    const struct key_task *task)
{
	const EcryptfsRegistration *reg = ecryptfs_key_registration(task->key);
	const char *sig = ecryptfs_key_sig(task->key);
	g_autofree char *group = group_of(task->key);

	g_key_file_set_string(file, group, "signature", sig);
	g_key_file_set_string(file, group, "pki", reg->pki_name);
	g_key_file_set_boolean(file, group, "loaded",
			       ecryptfs_keyring_has(sig));
	add_state(file, group, source, task);
	add_counts(file, group, source->stats, sig);
}

/* The last keys are left out when the text would not fit an answer. */
static char *format_that_fits(GKeyFile *file, EcryptfsKey **keys,
			      size_t n_keys)
{
	g_autofree char *text = NULL;
	size_t shown = n_keys;
	size_t text_len;

	text = g_key_file_to_data(file, &text_len, NULL);
	while (text_len > STATUS_MAX_BYTES && shown > 0) {
		const EcryptfsKey *key = keys[--shown];
		g_autofree char *group = group_of(key);

		g_key_file_remove_group(file, group, NULL);
		g_key_file_set_uint64(file, GROUP, "keys-left-out",
				      n_keys - shown);
		g_free(text);
		text = g_key_file_to_data(file, &text_len, NULL);
	}
	return g_steal_pointer(&text);
}

char *status_format(struct status_source *source)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree struct key_task *tasks = NULL;
	EcryptfsKey **keys;
	size_t n_keys;
	char *text;

	add_daemon(file, source);
	keys = ecryptfs_key_store_all(source->keys, &n_keys);
	tasks = g_new0(struct key_task, n_keys);
	for (size_t i = 0; i < n_keys; i++)
		tasks[i].key = keys[i];
	key_tasks_run(source->tasks, KEY_TASK_KIND_STATE, tasks, n_keys,
		      STATUS_PATIENCE_USEC);
	for (size_t i = 0; i < n_keys; i++)
		add_key(file, source, &tasks[i]);
	text = format_that_fits(file, keys, n_keys);
	ecryptfs_key_store_free_keys(keys, n_keys);
	return text;
}
