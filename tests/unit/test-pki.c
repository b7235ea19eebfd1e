/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 7: the loader against real shared objects, each with one fault, and
 * against files and directories that somebody else could write.
 */
#include "libecryptfs/pki.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define BUILT "tests/pki"
#define HANG_SECONDS 60
#define OTHER_UID 54321

/* What the loader said about the files it refused, a line each */
struct refusals {
	unsigned int n;
	GString *text;
};

static void note_refusal(const char *path, const GError *error, void *data)
{
	struct refusals *refusals = data;

	g_assert_nonnull(error);
	g_assert_true(error->domain == ECRYPTFS_ERROR);
	g_test_message("%s: %s", path, error->message);
	refusals->n++;
	g_string_append_printf(refusals->text, "%s: %s\n", path,
			       error->message);
}

/* Loads @directory: @n modules must come of it, and these refusals. */
static char *load(const char *directory, size_t n, unsigned int refused)
{
	struct refusals refusals = { 0, g_string_new(NULL) };
	g_autoptr(EcryptfsPkiList) list =
		ecryptfs_pki_list_load(directory, note_refusal, &refusals);

	g_assert_cmpuint(ecryptfs_pki_list_len(list), ==, n);
	g_assert_cmpuint(refusals.n, ==, refused);
	return g_string_free(refusals.text, FALSE);
}

struct bad_module {
	const char *name;
	const char *reason;
};

static const struct bad_module bad_modules[] = {
	{ "bad-abi", "ABI 2" },
	{ "bad-zero", "ABI 0" },
	{ "bad-name", "otherwise" },
	{ "bad-null-name", "otherwise" },
	{ "bad-symbol", "ecryptfs_pki_module_v1" },
	{ "bad-undefined", "ecryptfs_nobody_defines_this" },
	{ "bad-no-key-open", "key_open" },
	{ "bad-no-key-close", "key_close" },
	{ "bad-no-public-id", "public_id" },
	{ "bad-no-wrap", "wrap" },
	{ "bad-no-unwrap", "unwrap" },
	{ "bad-no-state", "state" },
	{ "bad-params", "parameter table" },
	{ "bad-open", "its device is not there" },
	{ "bad-open-silent", NULL },
};

/* Beside a good module, which must load all the same. */
static void test_bad_module(const void *data)
{
	const struct bad_module *bad = data;
	char *directory = fixture_directory_new();
	g_autofree char *path =
		g_strdup_printf("%s/%s.so", directory, bad->name);
	g_autofree char *text = NULL;

	fixture_install_module(directory, BUILT, bad->name);
	fixture_install_module(directory, BUILT, "good");
	text = load(directory, 1, 1);
	g_assert_true(g_str_has_prefix(text, path));
	if (bad->reason)
		g_assert_nonnull(strstr(text + strlen(path), bad->reason));
	fixture_directory_free(directory);
}

static void test_good(void)
{
	char *directory = fixture_directory_new();
	g_autoptr(EcryptfsPkiList) list = NULL;
	EcryptfsPki *good;
	GError *error = NULL;

	fixture_install_module(directory, BUILT, "good");
	fixture_install_module(directory, BUILT, "fake");
	list = ecryptfs_pki_list_load(directory, fixture_refused, NULL);
	g_assert_cmpuint(ecryptfs_pki_list_len(list), ==, 2);
	g_assert_cmpstr(ecryptfs_pki_list_get(list, 0)->module->name, ==,
			"fake");
	good = ecryptfs_pki_list_find(list, "good", &error);
	g_assert_no_error(error);
	g_assert_true(good == ecryptfs_pki_list_get(list, 1));
	g_assert_null(ecryptfs_pki_param_find(good, "file"));
	g_assert_cmpstr(ecryptfs_pki_param_find(
				ecryptfs_pki_list_get(list, 0), "pin")->name,
			==, "pin");
	g_assert_null(ecryptfs_pki_list_find(list, "tpm2", &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_MODULE, "fake, good");
	fixture_directory_free(directory);
}

static void test_nothing_there(void)
{
	char *directory = fixture_directory_new();
	g_autofree char *missing = g_strconcat(directory, "/missing", NULL);
	g_autofree char *none = load(directory, 0, 0);
	g_autofree char *text = load(missing, 0, 1);
	g_autoptr(EcryptfsPkiList) list =
		ecryptfs_pki_list_load(directory, NULL, NULL);
	GError *error = NULL;

	g_assert_cmpstr(none, ==, "");
	g_assert_true(g_str_has_prefix(text, missing));
	g_assert_null(ecryptfs_pki_list_find(list, "openssl", &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_NO_MODULE, "none");
	ecryptfs_pki_list_free(NULL);
	fixture_directory_free(directory);
}

/* None of these is a shared object; none of them may hold the loader up. */
static void test_no_objects(void)
{
	char *directory = fixture_directory_new();
	g_autofree char *fifo = g_strconcat(directory, "/fifo.so", NULL);
	g_autofree char *folder = g_strconcat(directory, "/folder.so", NULL);
	g_autofree char *dangling =
		g_strconcat(directory, "/dangling.so", NULL);
	g_autofree char *text = NULL;

	g_free(fixture_write(directory, "empty.so", "", 0, 0755));
	g_free(fixture_write(directory, "text.so", "#!/bin/sh\n", 10, 0755));
	g_free(fixture_write(directory, "elf.so", "\177ELF\2\1\1", 7, 0755));
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(mkdir(folder, 0700), ==, 0);
	g_assert_cmpint(symlink("/nowhere.so", dangling), ==, 0);
	text = load(directory, 0, 6);
	g_assert_nonnull(strstr(text, "fifo.so"));
	fixture_directory_free(directory);
}

/* Names that no auth tok could name are not even looked at. */
static void test_other_files(void)
{
	static const char *const names[] = { "README", "Upper.so", "a_b.so",
					     "abcdefghijklmnopq.so", ".so",
					     "good.so.bak", "good.so.1",
					     "good.la" };
	char *directory = fixture_directory_new();
	g_autofree char *text = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_free(fixture_write(directory, names[i], "x", 1, 0666));
	text = load(directory, 0, 0);
	fixture_directory_free(directory);
}

static void test_file_modes(void)
{
	static const struct {
		unsigned int mode;
		size_t loaded;
	} rows[] = {
		{ 0755, 1 }, { 0644, 1 }, { 0600, 1 }, { 0444, 1 },
		{ 0775, 0 }, { 0757, 0 }, { 0777, 0 }, { 0664, 0 },
		/* The sticky bit means nothing on a file. */
		{ 01777, 0 },
	};
	char *directory = fixture_directory_new();
	g_autofree char *path = g_strconcat(directory, "/good.so", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = NULL;

		fixture_install_module(directory, BUILT, "good");
		g_assert_cmpint(chmod(path, rows[i].mode), ==, 0);
		text = load(directory, rows[i].loaded, 1 - (unsigned int)
						       rows[i].loaded);
		if (rows[i].loaded == 0)
			g_assert_nonnull(strstr(text, "writable by others"));
	}
	fixture_directory_free(directory);
}

/* A step of the path that others can write: they could swap what is below. */
static void test_writable_step(void)
{
	static const unsigned int modes[] = { 0777, 0775, 0757, 0722 };
	char *top = fixture_directory_new();
	g_autofree char *step = g_strconcat(top, "/step", NULL);
	g_autofree char *directory = g_strconcat(step, "/modules", NULL);

	g_assert_cmpint(mkdir(step, 0755), ==, 0);
	g_assert_cmpint(mkdir(directory, 0755), ==, 0);
	fixture_install_module(directory, BUILT, "good");
	g_free(load(directory, 1, 0));
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autofree char *below = NULL;
		g_autofree char *itself = NULL;

		g_assert_cmpint(chmod(step, modes[i]), ==, 0);
		below = load(directory, 0, 1);
		g_assert_nonnull(strstr(below, "writable by others"));
		g_assert_cmpint(chmod(step, 0755), ==, 0);
		g_assert_cmpint(chmod(directory, modes[i]), ==, 0);
		itself = load(directory, 0, 1);
		g_assert_nonnull(strstr(itself, "writable by others"));
		g_assert_cmpint(chmod(directory, 0755), ==, 0);
	}
	/* As /tmp: nobody else can replace what is ours. */
	g_assert_cmpint(chmod(step, 01777), ==, 0);
	g_free(load(directory, 1, 0));
	fixture_directory_free(top);
}

/* What counts is where a link leads. */
static void test_symlinks(void)
{
	char *directory = fixture_directory_new();
	char *safe = fixture_directory_new();
	char *unsafe = fixture_directory_new();
	g_autofree char *to_safe = g_strconcat(safe, "/good.so", NULL);
	g_autofree char *to_unsafe = g_strconcat(unsafe, "/good.so", NULL);
	g_autofree char *link = g_strconcat(directory, "/good.so", NULL);

	fixture_install_module(safe, BUILT, "good");
	fixture_install_module(unsafe, BUILT, "good");
	g_assert_cmpint(chmod(unsafe, 0777), ==, 0);
	g_assert_cmpint(symlink(to_safe, link), ==, 0);
	g_free(load(directory, 1, 0));
	g_assert_cmpint(unlink(link), ==, 0);
	g_assert_cmpint(symlink(to_unsafe, link), ==, 0);
	g_free(load(directory, 0, 1));
	fixture_directory_free(directory);
	fixture_directory_free(safe);
	fixture_directory_free(unsafe);
}

static void test_other_owner(void)
{
	char *directory = fixture_directory_new();
	g_autofree char *path = g_strconcat(directory, "/good.so", NULL);
	g_autofree char *file = NULL;
	g_autofree char *folder = NULL;

	fixture_install_module(directory, BUILT, "good");
	if (chown(path, OTHER_UID, OTHER_UID) != 0) {
		g_test_skip("needs root, to give a file away");
	} else {
		file = load(directory, 0, 1);
		g_assert_nonnull(strstr(file, "another user"));
		g_assert_cmpint(chown(path, 0, 0), ==, 0);
		g_assert_cmpint(chown(directory, OTHER_UID, OTHER_UID), ==, 0);
		folder = load(directory, 0, 1);
		g_assert_nonnull(strstr(folder, "another user"));
	}
	fixture_directory_free(directory);
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "openssl", true },	  { "tpm2", true },
		{ "a", true },		  { "-", true },
		{ "abcdefghijklmnop", true }, { "abcdefghijklmnopq", false },
		{ "", false },		  { "Openssl", false },
		{ "a_b", false },	  { "../x", false },
		{ "a.so", false },	  { "a b", false },
		{ "a\n", false },	  { "\xc3\xa9", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_true(ecryptfs_pki_name_valid(rows[i].name) ==
			      rows[i].valid);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	alarm(HANG_SECONDS);
	for (size_t i = 0; i < G_N_ELEMENTS(bad_modules); i++) {
		g_autofree char *path =
			g_strdup_printf("/pki/%s", bad_modules[i].name);

		g_test_add_data_func(path, &bad_modules[i], test_bad_module);
	}
	g_test_add_func("/pki/good", test_good);
	g_test_add_func("/pki/nothing-there", test_nothing_there);
	g_test_add_func("/pki/no-objects", test_no_objects);
	g_test_add_func("/pki/other-files", test_other_files);
	g_test_add_func("/pki/file-modes", test_file_modes);
	g_test_add_func("/pki/writable-step", test_writable_step);
	g_test_add_func("/pki/symlinks", test_symlinks);
	g_test_add_func("/pki/other-owner", test_other_owner);
	g_test_add_func("/pki/names", test_names);
	return g_test_run();
}
