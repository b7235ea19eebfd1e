/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/self/mountinfo, as proc(5) describes it:
 *
 *   36 35 98:0 /root /target rw,nosuid optional... - type source data
 *
 * Blanks, line feeds and backslashes in paths are written as \ooo. What
 * follows the data is a blank in the data of some other file system.
 */
#include "utils/mount-table.h"

#include "utils/mount-path.h"

#define PATH "/proc/self/mountinfo"
#define FIELD_TARGET 4
#define FIELD_OPTIONAL 6

struct MountTable {
	GPtrArray *entries;
};

static void free_entry(void *data)
{
	struct mount_entry *entry = data;

	g_free(entry->target);
	g_free(entry->type);
	g_free(entry->source);
	g_free(entry->data);
	g_free(entry);
}

static struct mount_entry *parse_line(const char *line)
{
	g_auto(GStrv) fields = g_strsplit(line, " ", -1);
	size_t fields_len = g_strv_length(fields);
	struct mount_entry *entry;
	size_t dash = FIELD_OPTIONAL;

	while (dash < fields_len && !g_str_equal(fields[dash], "-"))
		dash++;
	if (fields_len < dash + 4 || fields[FIELD_TARGET][0] != '/')
		return NULL;
	entry = g_new0(struct mount_entry, 1);
	entry->target = mount_path_unescape(fields[FIELD_TARGET]);
	entry->type = mount_path_unescape(fields[dash + 1]);
	entry->source = mount_path_unescape(fields[dash + 2]);
	entry->data = g_strdup(fields[dash + 3]);
	return entry;
}

MountTable *mount_table_parse(const char *text, GError **error)
{
	g_autoptr(MountTable) table = g_new0(MountTable, 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	table->entries = g_ptr_array_new_with_free_func(free_entry);
	for (size_t i = 0; lines[i]; i++) {
		struct mount_entry *entry;

		if (!lines[i][0] && !lines[i + 1])
			break;
		entry = parse_line(lines[i]);
		if (!entry) {
			g_set_error(error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_KERNEL,
				    "cannot understand line %zu of " PATH
				    ", so cannot tell what is mounted", i + 1);
			return NULL;
		}
		g_ptr_array_add(table->entries, entry);
	}
	return g_steal_pointer(&table);
}

MountTable *mount_table_read(GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;

	if (g_file_get_contents(PATH, &text, NULL, &cause))
		return mount_table_parse(text, error);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_IO,
		    "cannot tell what is mounted: %s", cause->message);
	return NULL;
}

void mount_table_free(MountTable *table)
{
	if (!table)
		return;
	g_ptr_array_unref(table->entries);
	g_free(table);
}

size_t mount_table_len(const MountTable *table)
{
	return table->entries->len;
}

const struct mount_entry *mount_table_get(const MountTable *table, size_t i)
{
	return table->entries->pdata[i];
}

const struct mount_entry *mount_table_find(const MountTable *table,
					   const char *target)
{
	for (size_t i = mount_table_len(table); i > 0; i--)
		if (g_str_equal(mount_table_get(table, i - 1)->target, target))
			return mount_table_get(table, i - 1);
	return NULL;
}

bool mount_entry_is_ecryptfs(const struct mount_entry *entry)
{
	return g_str_equal(entry->type, MOUNT_TABLE_TYPE);
}

static bool check_entry(const struct mount_entry *entry, const char *lower,
			const char *mountpoint, GError **error)
{
	if (g_str_equal(entry->target, mountpoint))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "%s is an eCryptfs mount already (of %s): unmount "
			    "it, or choose another mount point",
			    entry->target, entry->source);
	else if (g_str_equal(entry->source, lower))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "%s is mounted already, at %s", lower,
			    entry->target);
	else if (entry->source[0] == '/' &&
		 (mount_path_inside(lower, entry->source) ||
		  mount_path_inside(entry->source, lower)))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "%s overlaps with %s, which is mounted already, "
			    "at %s: what is written through two mounts gets "
			    "corrupted", lower, entry->source, entry->target);
	else
		return true;
	return false;
}

bool mount_table_check(const MountTable *table, const char *lower,
		       const char *mountpoint, GError **error)
{
	for (size_t i = 0; i < mount_table_len(table); i++) {
		const struct mount_entry *entry = mount_table_get(table, i);

		if (mount_entry_is_ecryptfs(entry) &&
		    !check_entry(entry, lower, mountpoint, error))
			return false;
	}
	return true;
}
