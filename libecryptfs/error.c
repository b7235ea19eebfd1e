/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The one table of error codes: their names in JSON and their exit statuses.
 * The statuses from 64 on are those of sysexits.h where one fits.
 */
#include "libecryptfs/ecryptfs-error.h"

#include <errno.h>

struct error_row {
	const char *name;
	int exit_status;
};

static const struct error_row rows[] = {
	[ECRYPTFS_ERROR_NONE] = { "none", 0 },
	[ECRYPTFS_ERROR_INTERNAL] = { "internal", 70 },
	[ECRYPTFS_ERROR_USAGE] = { "usage", 64 },
	[ECRYPTFS_ERROR_BAD_MESSAGE] = { "bad-message", 76 },
	[ECRYPTFS_ERROR_NO_KEY] = { "no-key", 2 },
	[ECRYPTFS_ERROR_KEY_EXPIRED] = { "key-expired", 3 },
	[ECRYPTFS_ERROR_KEY_REVOKED] = { "key-revoked", 4 },
	[ECRYPTFS_ERROR_BAD_AUTH_TOK] = { "bad-auth-tok", 5 },
	[ECRYPTFS_ERROR_BAD_REGISTRATION] = { "bad-registration", 78 },
	[ECRYPTFS_ERROR_NO_MODULE] = { "no-module", 6 },
	[ECRYPTFS_ERROR_BAD_MODULE] = { "bad-module", 7 },
	[ECRYPTFS_ERROR_ABSENT] = { "absent", 8 },
	[ECRYPTFS_ERROR_LOCKED] = { "locked", 9 },
	[ECRYPTFS_ERROR_BAD_SECRET] = { "bad-secret", 10 },
	[ECRYPTFS_ERROR_LOCKOUT] = { "lockout", 11 },
	[ECRYPTFS_ERROR_POLICY] = { "policy", 12 },
	[ECRYPTFS_ERROR_BUSY] = { "busy", 75 },
	[ECRYPTFS_ERROR_UNUSABLE] = { "unusable", 65 },
	[ECRYPTFS_ERROR_TOO_LARGE] = { "too-large", 13 },
	[ECRYPTFS_ERROR_REJECTED] = { "rejected", 14 },
	[ECRYPTFS_ERROR_EXISTS] = { "exists", 73 },
	[ECRYPTFS_ERROR_PERMISSION] = { "permission", 77 },
	[ECRYPTFS_ERROR_NO_DAEMON] = { "no-daemon", 69 },
	[ECRYPTFS_ERROR_KERNEL] = { "kernel", 71 },
	[ECRYPTFS_ERROR_QUOTA] = { "quota", 15 },
	[ECRYPTFS_ERROR_IO] = { "io", 74 },
	[ECRYPTFS_ERROR_CANCELLED] = { "cancelled", 16 },
};

/* Not G_DEFINE_QUARK, whose static number is written by every thread. */
GQuark ecryptfs_error_quark(void)
{
	return g_quark_from_static_string("ecryptfs-error-quark");
}

static const struct error_row *row_of(int code)
{
	if (code < 0 || (size_t)code >= G_N_ELEMENTS(rows))
		code = ECRYPTFS_ERROR_INTERNAL;
	return &rows[code];
}

const char *ecryptfs_error_name(int code)
{
	return row_of(code)->name;
}

int ecryptfs_error_exit_status(const GError *error)
{
	if (!error)
		return 0;
	if (error->domain != ECRYPTFS_ERROR)
		return row_of(ECRYPTFS_ERROR_INTERNAL)->exit_status;
	return row_of(error->code)->exit_status;
}

static enum ecryptfs_error code_of_errno(int err)
{
	switch (err) {
	case EACCES:
	case EPERM:
		return ECRYPTFS_ERROR_PERMISSION;
	case ENOENT:
	case ENOTDIR:
		return ECRYPTFS_ERROR_ABSENT;
	case EEXIST:
		return ECRYPTFS_ERROR_EXISTS;
	default:
		return ECRYPTFS_ERROR_IO;
	}
}

void ecryptfs_error_set_errno(GError **error, int err, const char *format,
			      ...)
{
	g_autofree char *what = NULL;
	va_list args;

	va_start(args, format);
	what = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error(error, ECRYPTFS_ERROR, code_of_errno(err), "%s: %s", what,
		    g_strerror(err));
}

void ecryptfs_error_set_rejected(GError **error)
{
	g_set_error_literal(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_REJECTED,
			    "the wrapped FEK does not open with this key");
}
