/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mounted, what stands in fstab, and paths with any byte in them.
 */
#include "utils/mount-table.h"

#include "tests/unit/fixture.h"
#include "utils/mount-fstab.h"
#include "utils/mount-path.h"

#define ROOT "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
#define VAULT "40 22 0:50 / /home/ann/vault rw,nosuid,nodev shared:9 " \
	"master:3 - ecryptfs /home/ann/.vault rw,ecryptfs_sig=11\n"

static void test_parse(void)
{
	g_autoptr(MountTable) table = mount_table_parse(ROOT VAULT, NULL);
	const struct mount_entry *entry;

	g_assert_cmpuint(mount_table_len(table), ==, 2);
	entry = mount_table_get(table, 0);
	g_assert_cmpstr(entry->target, ==, "/");
	g_assert_cmpstr(entry->type, ==, "ext4");
	g_assert_cmpstr(entry->source, ==, "/dev/sda1");
	g_assert_false(mount_entry_is_ecryptfs(entry));
	entry = mount_table_find(table, "/home/ann/vault");
	g_assert_true(mount_entry_is_ecryptfs(entry));
	g_assert_cmpstr(entry->source, ==, "/home/ann/.vault");
	g_assert_cmpstr(entry->data, ==, "rw,ecryptfs_sig=11");
	g_assert_null(mount_table_find(table, "/home"));
}

static void test_parse_odd(void)
{
	static const struct {
		const char *line;
		const char *target; /* NULL: not understood */
		const char *source;
	} rows[] = {
		{ "1 2 0:5 / /a\\040b rw - ecryptfs /c\\012d\\134\\011 rw",
		  "/a b", "/c\nd\\\t" },
		{ "1 2 0:5 / /a rw - ecryptfs  rw", "/a", "" },
		{ "1 2 0:5 / /a rw - x - rw", "/a", "-" },
		{ "1 2 0:5 / /a rw a:1 b:2 c - x none rw, two words", "/a",
		  "none" },
		{ "1 2 0:5 / /a,b\\0 rw - x y\\999 rw", "/a,b\\0", "y\\999" },
		{ "1 2 0:5 / /- rw - x y rw", "/-", "y" },
		{ "1 2 0:5 / /a\\777 rw - x y rw", "/a\\777", "y" },
		{ "1 2 0:5 / a rw - x y rw", NULL, NULL },
		{ "1 2 0:5 / /a rw x y rw", NULL, NULL },
		{ "1 2 0:5 / /a rw - x y", NULL, NULL },
		{ "1 2 0:5 / /a rw -", NULL, NULL },
		{ "1 2 0:5 / /a", NULL, NULL },
		{ "1 2 - x y rw", NULL, NULL },
		{ "-", NULL, NULL },
		{ " ", NULL, NULL },
		{ "\n" ROOT, NULL, NULL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(MountTable) table = NULL;
		const struct mount_entry *entry;

		g_test_message("%s", rows[i].line);
		table = mount_table_parse(rows[i].line, &error);
		if (!rows[i].target) {
			g_assert_null(table);
			fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL,
					     "line 1");
			continue;
		}
		g_assert_no_error(error);
		entry = mount_table_get(table, 0);
		g_assert_cmpstr(entry->target, ==, rows[i].target);
		g_assert_cmpstr(entry->source, ==, rows[i].source);
	}
}

static void test_parse_all_or_nothing(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(MountTable) table = mount_table_parse("", NULL);

	g_assert_cmpuint(mount_table_len(table), ==, 0);
	g_assert_null(mount_table_parse(ROOT "what\n" VAULT, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_KERNEL, "line 2");
}

static void test_find_uppermost(void)
{
	g_autoptr(MountTable) table = mount_table_parse(
		ROOT VAULT
		"41 40 0:51 / /home/ann/vault rw - tmpfs tmpfs rw\n", NULL);

	g_assert_cmpstr(mount_table_find(table, "/home/ann/vault")->type, ==,
			"tmpfs");
}

static void test_check(void)
{
	static const struct {
		const char *lower;
		const char *mountpoint;
		const char *word; /* NULL: good */
	} rows[] = {
		{ "/a", "/b", NULL },
		{ "/home/ann/.vault", "/b", "mounted already" },
		{ "/home/ann/.vault/sub", "/b", "overlaps" },
		{ "/home/ann", "/b", "overlaps" },
		{ "/", "/b", "overlaps" },
		{ "/home/ann/.vault2", "/b", NULL },
		{ "/home/ann/.vaul", "/b", NULL },
		{ "/dev/sda1", "/b", NULL },
		{ "/a", "/home/ann/vault", "another mount point" },
		{ "/a", "/home/ann/vault/sub", NULL },
	};
	g_autoptr(MountTable) table = mount_table_parse(ROOT VAULT, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		bool good = mount_table_check(table, rows[i].lower,
					      rows[i].mountpoint, &error);

		g_test_message("%s", rows[i].lower);
		g_assert_true(good == !rows[i].word);
		if (!good)
			fixture_assert_error(&error, ECRYPTFS_ERROR_BUSY,
					     rows[i].word);
	}
}

/* A source that is no path cannot overlap with one. */
static void test_check_source(void)
{
	g_autoptr(MountTable) table = mount_table_parse(
		"7 1 0:9 / /u rw - ecryptfs  rw\n"
		"8 1 0:9 / /v rw - ecryptfs none rw\n", NULL);

	g_assert_true(mount_table_check(table, "/a", "/y", NULL));
	g_assert_false(mount_table_check(table, "/a", "/v", NULL));
}

/* A mount point whose name looks like another line of mountinfo. */
static void test_check_hostile(void)
{
	g_autoptr(MountTable) table = mount_table_parse(
		"7 1 0:9 / /x\\0127\\0401\\0400:9\\040/\\040/y\\040rw\\040-"
		"\\040ecryptfs\\040/a\\040rw rw - tmpfs none rw\n", NULL);

	g_assert_cmpuint(mount_table_len(table), ==, 1);
	g_assert_true(mount_table_check(table, "/a", "/y", NULL));
}

static void test_inside(void)
{
	static const struct {
		const char *path;
		const char *directory;
		bool inside;
	} rows[] = {
		{ "/a", "/a", true },	 { "/a/b", "/a", true },
		{ "/ab", "/a", false },	 { "/", "/a", false },
		{ "/a", "/", true },	 { "/", "/", true },
		{ "/a", "/a/b", false }, { "/a", "/a/", true },
		{ "/a", "", true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_true(mount_path_inside(rows[i].path,
						rows[i].directory) ==
			      rows[i].inside);
}

static void test_escape(void)
{
	static const struct {
		const char *path;
		const char *field;
	} rows[] = {
		{ "/a", "/a" },
		{ "/a b", "/a\\040b" },
		{ "/a\tb\nc\rd", "/a\\011b\\012c\\015d" },
		{ "/a\\040", "/a\\134040" },
		{ "/#a", "/\\043a" },
		{ "/a,b", "/a,b" },
		{ "/\x1b[2J\x7f", "/\\033[2J\\177" },
		{ "/\xc3\xa4", "/\xc3\xa4" },
		{ "", "" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *field = mount_path_escape(rows[i].path);
		g_autofree char *path = mount_path_unescape(field);

		g_assert_cmpstr(field, ==, rows[i].field);
		g_assert_cmpstr(path, ==, rows[i].path);
	}
}

static void test_quote(void)
{
	static const char *const rows[] = {
		"/a", "/a b", "it's", "$(id)", "`id`", "\\", "a\nb\x1b[0m'\\",
		"", "*", "~", "-x", "!", "\xc3\xa4;", "x\x7f", "a\0017",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		const char *const words[] = { "printf", "%s.", rows[i], NULL };
		g_autofree char *line = mount_path_quote(words);
		char *argv[] = { (char[]){ "bash" }, (char[]){ "-c" }, line,
				 NULL };
		g_autofree char *out = NULL;
		g_autofree char *wanted = g_strdup_printf("%s.", rows[i]);

		for (const char *c = line; *c; c++)
			g_assert_true((unsigned char)*c >= ' ' && *c != 0x7f);
		g_assert_true(g_spawn_sync(NULL, argv, NULL,
					   G_SPAWN_SEARCH_PATH, NULL, NULL,
					   &out, NULL, NULL, NULL));
		g_assert_cmpstr(out, ==, wanted);
	}
}

static void test_fstab(void)
{
	g_autofree char *line = mount_fstab_line(
		"/home/ann/my vault", "/mnt/#1", "user,noauto,ecryptfs_sig=1");

	g_assert_cmpstr(line, ==, "/home/ann/my\\040vault /mnt/\\0431 ecryptfs"
			" user,noauto,ecryptfs_sig=1 0 0");
	g_assert_true(mount_fstab_find(line, "/home/ann/my vault", "/mnt/#1",
				       "ecryptfs_sig=1") ==
		      MOUNT_FSTAB_SAME);
}

#define DATA "ecryptfs_sig=1,ecryptfs_sig=2,ecryptfs_cipher=aes"

static void test_fstab_find(void)
{
	static const struct {
		const char *text;
		enum mount_fstab_state state;
	} rows[] = {
		{ "", MOUNT_FSTAB_ABSENT },
		{ "/l /u ecryptfs user," DATA " 0 0\n", MOUNT_FSTAB_SAME },
		{ "# x\n\n  /l\t/u/  ecryptfs\tnoauto,users,ro," DATA "\n",
		  MOUNT_FSTAB_SAME },
		{ "/l /u ecryptfs user,noauto," DATA, MOUNT_FSTAB_SAME },
		{ "#/l /u ecryptfs user," DATA " 0 0\n", MOUNT_FSTAB_ABSENT },
		{ "/l /v ecryptfs user," DATA " 0 0\n", MOUNT_FSTAB_ABSENT },
		{ "/l /u ecryptfs\n", MOUNT_FSTAB_ABSENT },
		{ "/l /u ecryptfs noauto," DATA, MOUNT_FSTAB_OTHER },
		{ "/m /u ecryptfs user," DATA, MOUNT_FSTAB_OTHER },
		{ "/l /u ext4 user," DATA, MOUNT_FSTAB_OTHER },
		{ "/l /u ecryptfs user," DATA ",ecryptfs_passthrough",
		  MOUNT_FSTAB_OTHER },
		{ "/l /u ecryptfs user," DATA ",sig=3", MOUNT_FSTAB_OTHER },
		{ "/l /u ecryptfs user,ecryptfs_sig=2,ecryptfs_sig=1,"
		  "ecryptfs_cipher=aes", MOUNT_FSTAB_OTHER },
		{ "/l /u ecryptfs user,ecryptfs_sig=1", MOUNT_FSTAB_OTHER },
		{ "/l /u ecryptfs user," DATA "\n/m /u ext4 defaults 0 0\n",
		  MOUNT_FSTAB_OTHER },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_test_message("%s", rows[i].text);
		g_assert_true(mount_fstab_find(rows[i].text, "/l", "/u",
					       DATA) == rows[i].state);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mount-table/parse", test_parse);
	g_test_add_func("/mount-table/parse-odd", test_parse_odd);
	g_test_add_func("/mount-table/parse-all-or-nothing",
			test_parse_all_or_nothing);
	g_test_add_func("/mount-table/find-uppermost", test_find_uppermost);
	g_test_add_func("/mount-table/check", test_check);
	g_test_add_func("/mount-table/check-source", test_check_source);
	g_test_add_func("/mount-table/check-hostile", test_check_hostile);
	g_test_add_func("/mount-path/inside", test_inside);
	g_test_add_func("/mount-path/escape", test_escape);
	g_test_add_func("/mount-path/quote", test_quote);
	g_test_add_func("/mount-fstab/line", test_fstab);
	g_test_add_func("/mount-fstab/find", test_fstab_find);
	return g_test_run();
}
