/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's status: a GKeyFile, shown value by value, so that a daemon
 * that says more is shown in full by an older tool.
 */
#include "utils/daemon-status.h"

#include <string.h>

#include "libecryptfs/control-protocol.h"

#define GROUP "daemon"

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

static char *group_of(const char *name)
{
	return g_strconcat("key ", name, NULL);
}

char *daemon_status_of_key(const DaemonStatus *status, const char *name,
			   const char *item)
{
	g_autofree char *group = group_of(name);

	return g_key_file_get_string(status->file, group, item, NULL);
}

/* "true", "12" and "12.5 s" are three kinds of JSON. */
static void print_member(Output *out, const char *item, const char *value)
{
	g_autofree char *name = g_strdelimit(g_strdup(item), "-", '_');
	gint64 number;

	if (g_ascii_string_to_signed(value, 10, G_MININT64, G_MAXINT64,
				     &number, NULL))
		output_int(out, name, number);
	else if (g_str_equal(value, "yes") || g_str_equal(value, "true"))
		output_bool(out, name, true);
	else if (g_str_equal(value, "no") || g_str_equal(value, "false"))
		output_bool(out, name, false);
	else
		output_string(out, name, value);
}

static void print_group(Output *out, const DaemonStatus *status,
			const char *group)
{
	g_auto(GStrv) items = g_key_file_get_keys(status->file, group, NULL,
						  NULL);

	for (size_t i = 0; items && items[i]; i++) {
		g_autofree char *value = g_key_file_get_string(
			status->file, group, items[i], NULL);

		if (!value)
			continue;
		print_member(out, items[i], value);
		output_text(out, "  %-20s %s\n", items[i], value);
	}
}

void daemon_status_print(Output *out, const DaemonStatus *status)
{
	output_open_object(out, "daemon");
	print_group(out, status, GROUP);
	output_close(out);
}

void daemon_status_print_key(Output *out, const DaemonStatus *status,
			     const char *name)
{
	g_autofree char *group = group_of(name);

	if (!g_key_file_has_group(status->file, group))
		return;
	output_text(out, "In the daemon:\n");
	output_open_object(out, "daemon");
	print_group(out, status, group);
	output_close(out);
}
