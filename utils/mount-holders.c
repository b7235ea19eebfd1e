/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc, read by its link texts alone: following a link would go into the
 * mount. A process that ends meanwhile is no error.
 */
#include "utils/mount-holders.h"

#include <string.h>

#include "utils/mount-path.h"
#include "utils/mount-table.h"

/* A process may have very many files; whoever holds one holds the mount. */
#define FILES_MAX 65536
#define LONGEST_NAME 64

static bool link_inside(const char *link, const char *mountpoint)
{
	g_autofree char *path = g_file_read_link(link, NULL);

	return path && mount_path_inside(path, mountpoint);
}

static bool file_open_inside(const char *process, const char *mountpoint)
{
	g_autofree char *path = g_build_filename(process, "fd", NULL);
	GDir *directory = g_dir_open(path, 0, NULL);
	const char *name;
	bool found = false;

	if (!directory)
		return false;
	for (int i = 0; !found && i < FILES_MAX; i++) {
		g_autofree char *link = NULL;

		name = g_dir_read_name(directory);
		if (!name)
			break;
		link = g_build_filename(path, name, NULL);
		found = link_inside(link, mountpoint);
	}
	g_dir_close(directory);
	return found;
}

/* "START-END PERMISSIONS OFFSET DEVICE INODE      PATH" */
static bool file_mapped_inside(const char *process, const char *mountpoint)
{
	g_autofree char *path = g_build_filename(process, "maps", NULL);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return false;
	lines = g_strsplit(text, "\n", -1);
	for (size_t i = 0; lines[i]; i++) {
		const char *mapped = strchr(lines[i], '/');

		if (mapped && mount_path_inside(mapped, mountpoint))
			return true;
	}
	return false;
}

/* How @process, a directory below /proc, holds the mount; or NULL. */
static const char *how(const char *process, const char *mountpoint)
{
	static const struct {
		const char *link;
		const char *words;
	} rows[] = {
		{ "cwd", "has its working directory there" },
		{ "root", "has its root directory there" },
		{ "exe", "is a program from there" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *link = g_build_filename(process, rows[i].link,
							 NULL);

		if (link_inside(link, mountpoint))
			return rows[i].words;
	}
	if (file_open_inside(process, mountpoint))
		return "has a file open there";
	return file_mapped_inside(process, mountpoint) ?
	       "has a file mapped there" : NULL;
}

/* (transfer full): the name that a process gave itself may be anything. */
static char *process_name(const char *process)
{
	g_autofree char *path = g_build_filename(process, "comm", NULL);
	g_autofree char *text = NULL;
	char *valid;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("something");
	g_strchomp(text);
	valid = g_utf8_make_valid(text, MIN((gssize)strlen(text),
					    LONGEST_NAME));
	for (char *c = valid; *c; c++)
		if (g_ascii_iscntrl(*c))
			*c = '?';
	return valid;
}

static void add_mounts(GStrvBuilder *list, size_t *list_len,
		       const char *mountpoint)
{
	g_autoptr(MountTable) table = mount_table_read(NULL);

	for (size_t i = 0; table && i < mount_table_len(table); i++) {
		const char *target = mount_table_get(table, i)->target;
		g_autofree char *words = NULL;

		if (g_str_equal(target, mountpoint) ||
		    !mount_path_inside(target, mountpoint) ||
		    *list_len >= MOUNT_HOLDERS_MAX)
			continue;
		words = g_strdup_printf("%s is mounted there", target);
		g_strv_builder_add(list, words);
		(*list_len)++;
	}
}

static void add_process(GStrvBuilder *list, size_t *list_len, const char *pid,
			const char *mountpoint)
{
	g_autofree char *process = g_build_filename("/proc", pid, NULL);
	const char *words = how(process, mountpoint);
	g_autofree char *name = NULL;
	g_autofree char *sentence = NULL;

	if (!words)
		return;
	name = process_name(process);
	sentence = g_strdup_printf("%s (process %s) %s", name, pid, words);
	g_strv_builder_add(list, sentence);
	(*list_len)++;
}

char **mount_holders_find(const char *mountpoint)
{
	g_autoptr(GStrvBuilder) list = g_strv_builder_new();
	GDir *directory = g_dir_open("/proc", 0, NULL);
	size_t list_len = 0;
	const char *name;

	add_mounts(list, &list_len, mountpoint);
	while (directory && list_len < MOUNT_HOLDERS_MAX &&
	       (name = g_dir_read_name(directory)))
		if (strspn(name, "0123456789") == strlen(name))
			add_process(list, &list_len, name, mountpoint);
	if (directory)
		g_dir_close(directory);
	return g_strv_builder_end(list);
}
