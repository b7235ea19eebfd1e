/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named values: strings that are kept, secrets that never become strings.
 */
#include "libecryptfs/ecryptfs-params.h"

static void test_strings(void)
{
	g_autoptr(EcryptfsParams) params = ecryptfs_params_new();
	char value[] = "one";

	g_assert_null(ecryptfs_params_get(params, "file"));
	ecryptfs_params_set(params, "file", value);
	value[0] = 'X';
	g_assert_cmpstr(ecryptfs_params_get(params, "file"), ==, "one");
	ecryptfs_params_set(params, "file", "two");
	g_assert_cmpstr(ecryptfs_params_get(params, "file"), ==, "two");
	ecryptfs_params_set(params, "empty", "");
	g_assert_cmpstr(ecryptfs_params_get(params, "empty"), ==, "");
	ecryptfs_params_set(params, "file", NULL);
	ecryptfs_params_set(params, "file", NULL);
	g_assert_null(ecryptfs_params_get(params, "file"));
}

static void test_bool(void)
{
	static const struct {
		const char *text;
		bool value;
	} rows[] = {
		{ "yes", true },  { "true", true }, { "on", true },
		{ "1", true },	  { "no", false },  { "", false },
		{ "YES", false }, { "2", false },   { "yes ", false },
		{ NULL, false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(EcryptfsParams) params = ecryptfs_params_new();

		ecryptfs_params_set(params, "flag", rows[i].text);
		g_assert_true(ecryptfs_params_get_bool(params, "flag") ==
			      rows[i].value);
	}
}

static void test_secrets(void)
{
	g_autoptr(EcryptfsParams) params = ecryptfs_params_new();
	EcryptfsSecret *first = ecryptfs_secret_new_from("first", 5);
	EcryptfsSecret *second = ecryptfs_secret_new_from("second", 6);

	ecryptfs_params_take_secret(params, "pin", first);
	g_assert_true(ecryptfs_params_get_secret(params, "pin") == first);
	ecryptfs_params_take_secret(params, "pin", second);
	g_assert_true(ecryptfs_params_get_secret(params, "pin") == second);
	g_assert_null(ecryptfs_params_get(params, "pin"));
	ecryptfs_params_take_secret(params, "pin", NULL);
	g_assert_null(ecryptfs_params_get_secret(params, "pin"));
}

static void collect(const char *name, const char *value, void *data)
{
	g_string_append_printf(data, "%s=%s;", name, value);
}

static void test_foreach_in_order(void)
{
	g_autoptr(EcryptfsParams) params = ecryptfs_params_new();
	g_autoptr(GString) seen = g_string_new(NULL);

	ecryptfs_params_foreach(params, collect, seen);
	g_assert_cmpstr(seen->str, ==, "");
	ecryptfs_params_set(params, "b", "2");
	ecryptfs_params_set(params, "c", "3");
	ecryptfs_params_set(params, "a", "1");
	ecryptfs_params_take_secret(params, "pin",
				    ecryptfs_secret_new_from("x", 1));
	ecryptfs_params_foreach(params, collect, seen);
	g_assert_cmpstr(seen->str, ==, "a=1;b=2;c=3;");
}

static void test_dup_leaves_secrets(void)
{
	g_autoptr(EcryptfsParams) params = ecryptfs_params_new();
	g_autoptr(EcryptfsParams) copy = NULL;

	ecryptfs_params_set(params, "file", "/k.pem");
	ecryptfs_params_take_secret(params, "pin",
				    ecryptfs_secret_new_from("x", 1));
	copy = ecryptfs_params_dup(params);
	ecryptfs_params_set(params, "file", "changed");
	g_assert_cmpstr(ecryptfs_params_get(copy, "file"), ==, "/k.pem");
	g_assert_null(ecryptfs_params_get_secret(copy, "pin"));
	ecryptfs_params_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/params/strings", test_strings);
	g_test_add_func("/params/bool", test_bool);
	g_test_add_func("/params/secrets", test_secrets);
	g_test_add_func("/params/foreach-in-order", test_foreach_in_order);
	g_test_add_func("/params/dup-leaves-secrets", test_dup_leaves_secrets);
	return g_test_run();
}
