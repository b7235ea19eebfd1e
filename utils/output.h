/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a verb prints on stdout: with --json one object that begins with
 * "schema": 1, otherwise plain text. A verb says both; the one that was not
 * asked for is dropped. output.c is the only file that knows json-glib.
 */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "libecryptfs/ecryptfs.h"

#define OUTPUT_SCHEMA 1

typedef struct Output Output;

/* (transfer full): @json: whether JSON was asked for. */
Output *output_new(bool json);
void output_free(Output *out);
bool output_is_json(const Output *out);

/*
 * (transfer full): @text as a terminal may get it: UTF-8, and "?" for control
 * characters other than newline and tab. Much of it comes from files.
 */
char *output_printable(const char *text);

/* Plain text, made printable; dropped with --json. */
void output_text(Output *out, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Members of the JSON object that is open; dropped without --json. @name is
 * NULL inside an array. Text that is not UTF-8 is made so; NULL is null.
 */
void output_string(Output *out, const char *name, const char *value);
void output_int(Output *out, const char *name, int64_t value);
void output_bool(Output *out, const char *name, bool value);

/* Each open needs an output_close(), which closes the innermost. */
void output_open_object(Output *out, const char *name);
void output_open_array(Output *out, const char *name);
void output_close(Output *out);

/* A line "Label:   value" as text, a member as JSON. Skips NULL as text. */
void output_field(Output *out, const char *name, const char *label,
		  const char *value);

/* Becomes a member of the array "warnings". */
void output_warning(Output *out, const char *text);

/**
 * output_error:
 * @out: output
 * @error: what went wrong
 * @key: (nullable): the key it is about
 * @fix: (nullable): the command that mends it
 *
 * The member "error" of the JSON object. Text says errors on stderr; that is
 * the dispatcher's.
 */
void output_error(Output *out, const GError *error, const char *key,
		  const char *fix);

/**
 * output_finish:
 * @out: output
 * @error: (nullable): return location
 *
 * Prints what is left, closes stdout and looks whether everything arrived.
 * Objects that an error left open are closed.
 *
 * Errors: %ECRYPTFS_ERROR_IO when stdout did not take it
 */
bool output_finish(Output *out, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)

#endif
