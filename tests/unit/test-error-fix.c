/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is offered for each error: a fix, or none on purpose. A code that is
 * added is missing here until somebody has decided.
 */
#include "utils/error-fix.h"

#define CONF "/nowhere/ecryptfs/keys/b.conf"

/* @with_key for the verb "test" and key "b", @bare without either */
static const struct {
	enum ecryptfs_error code;
	const char *with_key;
	const char *bare;
} rows[] = {
	{ ECRYPTFS_ERROR_NONE, NULL, NULL },
	{ ECRYPTFS_ERROR_INTERNAL, NULL, NULL },
	{ ECRYPTFS_ERROR_USAGE, "ecryptfs-manager test --help",
	  "ecryptfs-manager --help" },
	{ ECRYPTFS_ERROR_BAD_MESSAGE, NULL, NULL },
	{ ECRYPTFS_ERROR_NO_KEY, "ecryptfs-manager list",
	  "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_KEY_EXPIRED, "ecryptfs-manager add b",
	  "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_KEY_REVOKED, "ecryptfs-manager add b",
	  "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_BAD_AUTH_TOK, "ecryptfs-manager add b",
	  "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_BAD_REGISTRATION,
	  "edit " CONF " as ecryptfs-keys(5) says, or ecryptfs-manager remove "
	  "b --forget", "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_NO_MODULE, "ecryptfs-manager modules",
	  "ecryptfs-manager modules" },
	{ ECRYPTFS_ERROR_BAD_MODULE, "ecryptfs-manager modules",
	  "ecryptfs-manager modules" },
	{ ECRYPTFS_ERROR_ABSENT,
	  "put it back from a backup; without one, ecryptfs-manager remove b "
	  "--forget", "ecryptfs-manager --help" },
	{ ECRYPTFS_ERROR_LOCKED, "ecryptfs-manager unlock b",
	  "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_BAD_SECRET,
	  "the same command with the right passphrase",
	  "the same command with the right passphrase" },
	{ ECRYPTFS_ERROR_LOCKOUT, "ecryptfs-manager show b",
	  "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_POLICY, NULL, NULL },
	{ ECRYPTFS_ERROR_BUSY, "the same command when the other has ended",
	  "the same command when the other has ended" },
	{ ECRYPTFS_ERROR_UNUSABLE, NULL, NULL },
	{ ECRYPTFS_ERROR_TOO_LARGE, NULL, NULL },
	{ ECRYPTFS_ERROR_REJECTED, NULL, NULL },
	{ ECRYPTFS_ERROR_EXISTS, "ecryptfs-manager show b",
	  "ecryptfs-manager list" },
	{ ECRYPTFS_ERROR_PERMISSION, NULL, NULL },
	{ ECRYPTFS_ERROR_NO_DAEMON, "ecryptfsd --daemonize",
	  "ecryptfsd --daemonize" },
	{ ECRYPTFS_ERROR_KERNEL, "ecryptfs-manager status",
	  "ecryptfs-manager status" },
	{ ECRYPTFS_ERROR_QUOTA, NULL, NULL },
	{ ECRYPTFS_ERROR_IO, NULL, NULL },
	{ ECRYPTFS_ERROR_CANCELLED, NULL, NULL },
};

static void test_every_code(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *with_key = error_fix(rows[i].code, "test",
						      "b");
		g_autofree char *bare = error_fix(rows[i].code, NULL, NULL);

		g_assert_cmpint((int)rows[i].code, ==, (int)i);
		g_assert_cmpstr(with_key, ==, rows[i].with_key);
		g_assert_cmpstr(bare, ==, rows[i].bare);
	}
}

/* What has no row has no name either. */
static void test_no_code_is_left_out(void)
{
	g_assert_cmpstr(ecryptfs_error_name(G_N_ELEMENTS(rows)), ==,
			"internal");
}

int main(int argc, char **argv)
{
	g_setenv("XDG_CONFIG_HOME", "/nowhere", TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error-fix/every-code", test_every_code);
	g_test_add_func("/error-fix/no-code-is-left-out",
			test_no_code_is_left_out);
	return g_test_run();
}
