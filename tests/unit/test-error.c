/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of errors: words and exit statuses are promised to scripts,
 * so they are written down here a second time.
 */
#include "libecryptfs/ecryptfs-error.h"

#include <errno.h>

static const struct {
	enum ecryptfs_error code;
	const char *name;
	int exit_status;
} promised[] = {
	{ ECRYPTFS_ERROR_NONE, "none", 0 },
	{ ECRYPTFS_ERROR_INTERNAL, "internal", 70 },
	{ ECRYPTFS_ERROR_USAGE, "usage", 64 },
	{ ECRYPTFS_ERROR_BAD_MESSAGE, "bad-message", 76 },
	{ ECRYPTFS_ERROR_NO_KEY, "no-key", 2 },
	{ ECRYPTFS_ERROR_KEY_EXPIRED, "key-expired", 3 },
	{ ECRYPTFS_ERROR_KEY_REVOKED, "key-revoked", 4 },
	{ ECRYPTFS_ERROR_BAD_AUTH_TOK, "bad-auth-tok", 5 },
	{ ECRYPTFS_ERROR_BAD_REGISTRATION, "bad-registration", 78 },
	{ ECRYPTFS_ERROR_NO_MODULE, "no-module", 6 },
	{ ECRYPTFS_ERROR_BAD_MODULE, "bad-module", 7 },
	{ ECRYPTFS_ERROR_ABSENT, "absent", 8 },
	{ ECRYPTFS_ERROR_LOCKED, "locked", 9 },
	{ ECRYPTFS_ERROR_BAD_SECRET, "bad-secret", 10 },
	{ ECRYPTFS_ERROR_LOCKOUT, "lockout", 11 },
	{ ECRYPTFS_ERROR_POLICY, "policy", 12 },
	{ ECRYPTFS_ERROR_BUSY, "busy", 75 },
	{ ECRYPTFS_ERROR_UNUSABLE, "unusable", 65 },
	{ ECRYPTFS_ERROR_TOO_LARGE, "too-large", 13 },
	{ ECRYPTFS_ERROR_REJECTED, "rejected", 14 },
	{ ECRYPTFS_ERROR_EXISTS, "exists", 73 },
	{ ECRYPTFS_ERROR_PERMISSION, "permission", 77 },
	{ ECRYPTFS_ERROR_NO_DAEMON, "no-daemon", 69 },
	{ ECRYPTFS_ERROR_KERNEL, "kernel", 71 },
	{ ECRYPTFS_ERROR_QUOTA, "quota", 15 },
	{ ECRYPTFS_ERROR_IO, "io", 74 },
	{ ECRYPTFS_ERROR_CANCELLED, "cancelled", 16 },
};

static void test_promised(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(promised); i++) {
		g_autoptr(GError) error = g_error_new_literal(
			ECRYPTFS_ERROR, (int)promised[i].code, "text");

		g_assert_cmpint((int)promised[i].code, ==, (int)i);
		g_assert_cmpstr(ecryptfs_error_name((int)promised[i].code), ==,
				promised[i].name);
		g_assert_cmpint(ecryptfs_error_exit_status(error), ==,
				promised[i].exit_status);
	}
}

static void test_unknown_code(void)
{
	static const int codes[] = { -1, 27, 255, 100000, G_MININT, G_MAXINT };

	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
		g_autoptr(GError) error = g_error_new_literal(
			ECRYPTFS_ERROR, codes[i], "text");

		g_assert_cmpstr(ecryptfs_error_name(codes[i]), ==, "internal");
		g_assert_cmpint(ecryptfs_error_exit_status(error), ==, 70);
	}
}

static void test_exit_status_of_others(void)
{
	g_autoptr(GError) error = g_error_new_literal(
		G_FILE_ERROR, G_FILE_ERROR_NOENT, "text");

	g_assert_cmpint(ecryptfs_error_exit_status(NULL), ==, 0);
	g_assert_cmpint(ecryptfs_error_exit_status(error), ==, 70);
}

static void test_set_errno(void)
{
	static const struct {
		int err;
		enum ecryptfs_error code;
	} rows[] = {
		{ EACCES, ECRYPTFS_ERROR_PERMISSION },
		{ EPERM, ECRYPTFS_ERROR_PERMISSION },
		{ ENOENT, ECRYPTFS_ERROR_ABSENT },
		{ ENOTDIR, ECRYPTFS_ERROR_ABSENT },
		{ EDQUOT, ECRYPTFS_ERROR_IO },
		{ EIO, ECRYPTFS_ERROR_IO },
		{ ENOSPC, ECRYPTFS_ERROR_IO },
		{ 0, ECRYPTFS_ERROR_IO },
		{ 99999, ECRYPTFS_ERROR_IO },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = g_strdup_printf(
			"cannot open /%%s/x: %s", g_strerror(rows[i].err));
		g_autoptr(GError) error = NULL;

		ecryptfs_error_set_errno(&error, rows[i].err,
					 "cannot open %s", "/%s/x");
		g_assert_error(error, ECRYPTFS_ERROR, (int)rows[i].code);
		g_assert_cmpstr(error->message, ==, text);
	}
	ecryptfs_error_set_errno(NULL, EIO, "nobody %s", "listens");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/promised", test_promised);
	g_test_add_func("/error/unknown-code", test_unknown_code);
	g_test_add_func("/error/exit-status-of-others",
			test_exit_status_of_others);
	g_test_add_func("/error/set-errno", test_set_errno);
	return g_test_run();
}
