/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's status: a GKeyFile, shown value by value, so that a daemon that
 * says more is shown in full; what is not known here is text.
 */
#include "utils/daemon-status.h"

#include <string.h>

#include "libecryptfs/control-protocol.h"

#define GROUP "daemon"
#define KEY_PREFIX "key "

struct DaemonStatus {
	GKeyFile *file;
};

DaemonStatus *daemon_status_get(GError **error)
{
	g_autofree char *text = ecryptfs_control_call(ECRYPTFS_CONTROL_STATUS,
						      NULL, NULL, error);
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) cause = NULL;
	DaemonStatus *status;

	if (!text)
		return NULL;
	if (!g_key_file_load_from_data(file, text, strlen(text),
				       G_KEY_FILE_NONE, &cause)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MESSAGE,
			    "the status of ecryptfsd cannot be read: %s",
			    cause->message);
		return NULL;
	}
	status = g_new0(DaemonStatus, 1);
	status->file = g_steal_pointer(&file);
	return status;
}

void daemon_status_free(DaemonStatus *status)
{
	if (!status)
		return;
	g_key_file_unref(status->file);
	g_free(status);
}

char *daemon_status_item(const DaemonStatus *status, const char *item)
{
	return g_key_file_get_string(status->file, GROUP, item, NULL);
}

static char *group_of(const char *name)
{
	return g_strconcat(KEY_PREFIX, name, NULL);
}

char *daemon_status_of_key(const DaemonStatus *status, const char *name,
			   const char *item)
{
	g_autofree char *group = group_of(name);

	return g_key_file_get_string(status->file, group, item, NULL);
}

/* A value's kind in JSON must not depend on what it happens to be. */
static const char *const number_items[] = {
	"pid", "uid", "uptime", "requests", "answered", "refused", "dropped",
	"late", "malformed", "empty", "overrun", "foreign", "lost",
	"queue-depth", "kernel-version", "kernel-timeout-msec",
	"kernel-extend-msec", "kernel-window", "kernel-queue",
	"registered-usec", "keys-left-out", "wraps", "unwraps", "failures",
	"latency-usec-mean", "latency-usec-max", "unlock-left", "tries-left",
	"lockout-until", NULL,
};

static const char *const bool_items[] = {
	"loaded", "needs-secret", "hardware", NULL,
};

static void print_member(Output *out, const char *item, const char *value)
{
	g_autofree char *name = g_strdelimit(g_strdup(item), "-", '_');

	if (g_strv_contains(number_items, item))
		output_int(out, name, g_ascii_strtoll(value, NULL, 10));
	else if (g_strv_contains(bool_items, item))
		output_bool(out, name, g_str_equal(value, "true"));
	else
		output_string(out, name, value);
}

static void print_members(Output *out, const DaemonStatus *status,
			  const char *group)
{
	g_auto(GStrv) items = g_key_file_get_keys(status->file, group, NULL,
						  NULL);

	for (size_t i = 0; items && items[i]; i++) {
		g_autofree char *value = g_key_file_get_string(
			status->file, group, items[i], NULL);

		if (value)
			print_member(out, items[i], value);
	}
}

static void print_lines(Output *out, const DaemonStatus *status,
			const char *group)
{
	g_auto(GStrv) items = g_key_file_get_keys(status->file, group, NULL,
						  NULL);

	for (size_t i = 0; items && items[i]; i++) {
		g_autofree char *value = g_key_file_get_string(
			status->file, group, items[i], NULL);

		if (value)
			output_text(out, "  %-20s %s\n", items[i], value);
	}
}

static void print_row(Output *out, const DaemonStatus *status,
		      const char *group, const char *name)
{
	g_autofree char *state = daemon_status_of_key(status, name, "state");
	g_autofree char *wraps = daemon_status_of_key(status, name, "wraps");
	g_autofree char *unwraps = daemon_status_of_key(status, name,
							"unwraps");
	g_autofree char *failures = daemon_status_of_key(status, name,
							 "failures");

	output_open_object(out, NULL);
	output_string(out, "name", name);
	print_members(out, status, group);
	output_close(out);
	output_text(out, "Key %-16s %s, %s wraps, %s unwraps, %s failures\n",
		    name, state ? state : "?", wraps ? wraps : "?",
		    unwraps ? unwraps : "?", failures ? failures : "?");
}

void daemon_status_print(Output *out, const DaemonStatus *status)
{
	g_auto(GStrv) groups = g_key_file_get_groups(status->file, NULL);

	output_open_object(out, "daemon");
	print_members(out, status, GROUP);
	output_close(out);
	print_lines(out, status, GROUP);
	output_open_array(out, "keys");
	for (size_t i = 0; groups[i]; i++)
		if (g_str_has_prefix(groups[i], KEY_PREFIX))
			print_row(out, status, groups[i],
				  groups[i] + strlen(KEY_PREFIX));
	output_close(out);
}

void daemon_status_print_key(Output *out, const DaemonStatus *status,
			     const char *name)
{
	g_autofree char *group = group_of(name);

	if (!g_key_file_has_group(status->file, group))
		return;
	output_open_object(out, "daemon");
	print_members(out, status, group);
	output_close(out);
	output_text(out, "In the daemon:\n");
	print_lines(out, status, group);
}
