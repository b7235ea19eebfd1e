/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of fstab(5): six fields with blanks between them.
 */
#include "utils/mount-fstab.h"

#include <string.h>

#include "utils/mount-path.h"
#include "utils/mount-table.h"

#define FIELDS 4

char *mount_fstab_line(const char *lower, const char *mountpoint,
		       const char *options)
{
	g_autofree char *source = mount_path_escape(lower);
	g_autofree char *target = mount_path_escape(mountpoint);

	return g_strdup_printf("%s %s " MOUNT_TABLE_TYPE " %s 0 0", source,
			       target, options);
}

static bool field_is_path(const char *field, const char *path)
{
	g_autofree char *text = mount_path_unescape(field);
	size_t len = strlen(text);

	while (len > 1 && text[len - 1] == '/')
		text[--len] = '\0';
	return g_str_equal(text, path);
}

/* Words that eCryptfs takes, also by the names that it had first. */
static bool is_ecryptfs_word(const char *word)
{
	static const char *const prefixes[] = {
		"ecryptfs_", "sig=", "cipher=", "key=", "passthrough",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(word, prefixes[i]))
			return true;
	return false;
}

/* The order counts: it is that of the key packets. */
static bool same_options(const char *field, const char *data)
{
	g_auto(GStrv) words = g_strsplit(field, ",", -1);
	g_auto(GStrv) wanted = g_strsplit(data, ",", -1);
	size_t have = 0;
	bool user = false;

	for (size_t i = 0; words[i]; i++) {
		user |= g_str_equal(words[i], "user") ||
			g_str_equal(words[i], "users");
		if (!is_ecryptfs_word(words[i]))
			continue;
		if (g_strcmp0(words[i], wanted[have]) != 0)
			return false;
		have++;
	}
	return user && !wanted[have];
}

/* At most FIELDS fields of @line; false when there are fewer. */
static bool split_line(char *line, char *fields[FIELDS])
{
	size_t n = 0;

	while (n < FIELDS) {
		line += strspn(line, " \t");
		if (!*line || (*line == '#' && !n))
			return false;
		fields[n++] = line;
		line += strcspn(line, " \t");
		if (*line)
			*line++ = '\0';
	}
	return true;
}

enum mount_fstab_state mount_fstab_find(const char *text, const char *lower,
					const char *mountpoint,
					const char *data)
{
	enum mount_fstab_state state = MOUNT_FSTAB_ABSENT;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	char *fields[FIELDS];

	for (size_t i = 0; lines[i]; i++) {
		if (!split_line(lines[i], fields) ||
		    !field_is_path(fields[1], mountpoint))
			continue;
		state = field_is_path(fields[0], lower) &&
			g_str_equal(fields[2], MOUNT_TABLE_TYPE) &&
			same_options(fields[3], data) ?
			MOUNT_FSTAB_SAME : MOUNT_FSTAB_OTHER;
	}
	return state;
}
