/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a verb prints: the one JSON object, built in memory and printed whole,
 * or plain text. The only file that knows json-glib.
 */
#include "utils/output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-glib/json-glib.h>

struct Output {
	JsonBuilder *json; /* NULL for plain text */
	GByteArray *open; /* one '{' or '[' per level below the first */
	GPtrArray *warnings;
};

Output *output_new(bool json)
{
	Output *out = g_new0(Output, 1);

	out->open = g_byte_array_new();
	out->warnings = g_ptr_array_new_with_free_func(g_free);
	if (!json)
		return out;
	out->json = json_builder_new();
	json_builder_begin_object(out->json);
	output_int(out, "schema", OUTPUT_SCHEMA);
	return out;
}

void output_free(Output *out)
{
	if (!out)
		return;
	g_clear_object(&out->json);
	g_byte_array_unref(out->open);
	g_ptr_array_unref(out->warnings);
	g_free(out);
}

bool output_is_json(const Output *out)
{
	return out->json;
}

char *output_printable(const char *text)
{
	char *printable = g_utf8_make_valid(text, -1);

	for (char *c = printable; *c; c++)
		if (g_ascii_iscntrl(*c) && *c != '\n' && *c != '\t')
			*c = '?';
	return printable;
}

void output_text(Output *out, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *printable = NULL;
	va_list args;

	if (out->json)
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	printable = output_printable(text);
	fputs(printable, stdout);
}

static void name_member(Output *out, const char *name)
{
	if (name)
		json_builder_set_member_name(out->json, name);
}

void output_string(Output *out, const char *name, const char *value)
{
	g_autofree char *valid = NULL;

	if (!out->json)
		return;
	name_member(out, name);
	if (!value) {
		json_builder_add_null_value(out->json);
		return;
	}
	valid = g_utf8_make_valid(value, -1);
	json_builder_add_string_value(out->json, valid);
}

void output_int(Output *out, const char *name, int64_t value)
{
	if (!out->json)
		return;
	name_member(out, name);
	json_builder_add_int_value(out->json, value);
}

void output_bool(Output *out, const char *name, bool value)
{
	if (!out->json)
		return;
	name_member(out, name);
	json_builder_add_boolean_value(out->json, value);
}

void output_open_object(Output *out, const char *name)
{
	if (!out->json)
		return;
	name_member(out, name);
	json_builder_begin_object(out->json);
	g_byte_array_append(out->open, (const uint8_t *)"{", 1);
}

void output_open_array(Output *out, const char *name)
{
	if (!out->json)
		return;
	name_member(out, name);
	json_builder_begin_array(out->json);
	g_byte_array_append(out->open, (const uint8_t *)"[", 1);
}

static void close_level(Output *out)
{
	uint8_t kind = out->open->data[out->open->len - 1];

	if (kind == '{')
		json_builder_end_object(out->json);
	else
		json_builder_end_array(out->json);
	g_byte_array_set_size(out->open, out->open->len - 1);
}

void output_close(Output *out)
{
	if (out->json && out->open->len)
		close_level(out);
}

void output_field(Output *out, const char *name, const char *label,
		  const char *value)
{
	output_string(out, name, value);
	if (value)
		output_text(out, "%-14s %s\n", label, value);
}

void output_warning(Output *out, const char *text)
{
	g_ptr_array_add(out->warnings, g_strdup(text));
}

static void close_levels(Output *out)
{
	while (out->open->len)
		close_level(out);
}

void output_error(Output *out, const GError *error, const char *key,
		  const char *fix)
{
	if (!out->json)
		return;
	close_levels(out);
	output_open_object(out, "error");
	output_string(out, "code", error->domain == ECRYPTFS_ERROR ?
		      ecryptfs_error_name(error->code) : "internal");
	output_string(out, "key", key);
	output_string(out, "cause", error->message);
	output_string(out, "fix", fix);
	output_close(out);
}

static void add_warnings(Output *out)
{
	if (!out->warnings->len)
		return;
	output_open_array(out, "warnings");
	for (unsigned int i = 0; i < out->warnings->len; i++)
		output_string(out, NULL, out->warnings->pdata[i]);
	output_close(out);
}

static void print_json(Output *out)
{
	g_autoptr(JsonGenerator) generator = json_generator_new();
	g_autoptr(JsonNode) root = NULL;
	g_autofree char *text = NULL;

	close_levels(out);
	add_warnings(out);
	json_builder_end_object(out->json);
	root = json_builder_get_root(out->json);
	json_generator_set_root(generator, root);
	json_generator_set_pretty(generator, TRUE);
	text = json_generator_to_data(generator, NULL);
	printf("%s\n", text);
}

bool output_finish(Output *out, GError **error)
{
	bool failed;

	if (out->json)
		print_json(out);
	failed = ferror(stdout);
	if (!fclose(stdout) && !failed)
		return true;
	ecryptfs_error_set_errno(error, errno,
				 "cannot write the result to stdout");
	return false;
}
