/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A writer for GLib's structured log, which all of this program uses. */
#include "daemon/log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum log_target {
	LOG_TARGET_STDERR,
	LOG_TARGET_JOURNAL,
	LOG_TARGET_SYSLOG,
};

static struct {
	bool verbose;
	atomic_int target; /* enum log_target */
	pthread_mutex_t lock; /* for what follows */
	struct log_repeat repeats[LOG_REPEATS];
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool log_repeat_passes(struct log_repeat repeats[LOG_REPEATS],
		       const char *text, int64_t now,
		       unsigned int *suppressed)
{
	unsigned int hash = g_str_hash(text);
	struct log_repeat *row = &repeats[0];

	*suppressed = 0;
	for (size_t i = 0; i < LOG_REPEATS; i++) {
		if (repeats[i].times > 0 && repeats[i].hash == hash) {
			row = &repeats[i];
			break;
		}
		if (repeats[i].times == 0 || repeats[i].since < row->since)
			row = &repeats[i];
	}
	if (row->times == 0 || row->hash != hash ||
	    now - row->since >= LOG_WINDOW_USEC) {
		if (row->hash == hash && row->times > LOG_BURST)
			*suppressed = row->times - LOG_BURST;
		*row = (struct log_repeat){ hash, now, 1 };
		return true;
	}
	return ++row->times <= LOG_BURST;
}

static const char *level_word(GLogLevelFlags level)
{
	if (level & G_LOG_LEVEL_ERROR)
		return "error";
	if (level & G_LOG_LEVEL_CRITICAL)
		return "critical";
	if (level & G_LOG_LEVEL_WARNING)
		return "warning";
	if (level & G_LOG_LEVEL_MESSAGE)
		return "message";
	return level & G_LOG_LEVEL_INFO ? "info" : "debug";
}

static int syslog_level(GLogLevelFlags level)
{
	if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
		return LOG_ERR;
	if (level & G_LOG_LEVEL_WARNING)
		return LOG_WARNING;
	if (level & G_LOG_LEVEL_MESSAGE)
		return LOG_NOTICE;
	return level & G_LOG_LEVEL_INFO ? LOG_INFO : LOG_DEBUG;
}

static const char *message_of(const GLogField *fields, size_t n_fields)
{
	for (size_t i = 0; i < n_fields; i++)
		if (strcmp(fields[i].key, "MESSAGE") == 0)
			return fields[i].value;
	return "";
}

static void write_line(GLogLevelFlags level, const GLogField *fields,
		       size_t n_fields)
{
	const char *text = message_of(fields, n_fields);

	switch ((enum log_target)atomic_load(&state.target)) {
	case LOG_TARGET_STDERR:
		fprintf(stderr, "%s: %s\n", level_word(level), text);
		break;
	case LOG_TARGET_JOURNAL:
		g_log_writer_journald(level, fields, n_fields, NULL);
		break;
	case LOG_TARGET_SYSLOG:
		syslog(syslog_level(level), "%s", text);
		break;
	}
}

static void write_suppressed(unsigned int times)
{
	g_autofree char *text = g_strdup_printf(
		"the next line came %u more times", times);
	const GLogField fields[] = { { "MESSAGE", text, -1 },
				     { "PRIORITY", "5", -1 } };

	write_line(G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS(fields));
}

static GLogWriterOutput write_log(GLogLevelFlags level,
				  const GLogField *fields, gsize n_fields,
				  void *data)
{
	unsigned int suppressed;
	bool passes;

	(void)data;
	if (!state.verbose && level & (G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG))
		return G_LOG_WRITER_HANDLED;
	pthread_mutex_lock(&state.lock);
	passes = log_repeat_passes(state.repeats, message_of(fields, n_fields),
				   g_get_monotonic_time(), &suppressed);
	pthread_mutex_unlock(&state.lock);
	if (suppressed > 0)
		write_suppressed(suppressed);
	if (passes)
		write_line(level, fields, n_fields);
	return G_LOG_WRITER_HANDLED;
}

void log_init(bool verbose)
{
	state.verbose = verbose;
	if (g_log_writer_is_journald(fileno(stderr)))
		state.target = LOG_TARGET_JOURNAL;
	g_log_set_writer_func(write_log, NULL, NULL);
}

void log_detach(void)
{
	struct stat status;

	if (stat(JOURNAL_SOCKET, &status) == 0 && S_ISSOCK(status.st_mode)) {
		state.target = LOG_TARGET_JOURNAL;
		return;
	}
	openlog("ecryptfsd", LOG_PID, LOG_DAEMON);
	state.target = LOG_TARGET_SYSLOG;
}
