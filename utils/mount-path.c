/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A path may hold any byte but NUL: blanks, line feeds, escape sequences.
 */
#include "utils/mount-path.h"

#include <string.h>

/* Bytes over 127 are left alone: UTF-8 is neither blank nor special. */
#define SHELL_PLAIN \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" \
	"%+,-./:=@_"

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

char *mount_path_unescape(const char *field)
{
	GString *path = g_string_new(NULL);

	while (*field) {
		if (field[0] == '\\' && field[1] >= '0' && field[1] <= '3' &&
		    is_octal(field[2]) && is_octal(field[3])) {
			g_string_append_c(path, (char)((field[1] - '0') * 64 +
						       (field[2] - '0') * 8 +
						       (field[3] - '0')));
			field += 4;
		} else {
			g_string_append_c(path, *field++);
		}
	}
	return g_string_free(path, FALSE);
}

char *mount_path_escape(const char *path)
{
	GString *field = g_string_new(NULL);

	for (; *path; path++) {
		if (is_control(*path) || strchr(" \\#", *path))
			g_string_append_printf(field, "\\%03o",
					       (unsigned char)*path);
		else
			g_string_append_c(field, *path);
	}
	return g_string_free(field, FALSE);
}

static void add_word(GString *line, const char *word)
{
	bool control = false;

	for (const char *c = word; *c; c++)
		control |= is_control(*c);
	if (*word && !control && strspn(word, SHELL_PLAIN) == strlen(word)) {
		g_string_append(line, word);
		return;
	}
	g_string_append(line, control ? "$'" : "'");
	for (const char *c = word; *c; c++) {
		if (is_control(*c) || (control && (*c == '\'' || *c == '\\')))
			g_string_append_printf(line, "\\%03o",
					       (unsigned char)*c);
		else if (*c == '\'')
			g_string_append(line, "'\\''");
		else
			g_string_append_c(line, *c);
	}
	g_string_append_c(line, '\'');
}

char *mount_path_quote(const char *const *words)
{
	GString *line = g_string_new(NULL);

	for (size_t i = 0; words[i]; i++) {
		if (i)
			g_string_append_c(line, ' ');
		add_word(line, words[i]);
	}
	return g_string_free(line, FALSE);
}

bool mount_path_inside(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	if (len && directory[len - 1] == '/')
		len--;
	return strncmp(path, directory, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}
