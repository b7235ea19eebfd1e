/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered keys: what is written is what is read, and every text that a
 * person or an attacker could put there is refused with the word at fault.
 */
#include "libecryptfs/registration.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define OTHER_UID 54321

static char *directory;
static char *good_text; /* of a P-256 key */
static char *rsa_text;

static char *text_of(const char *key)
{
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key(key);
	g_autoptr(EcryptfsRegistration) reg =
		ecryptfs_registration_new("home", "openssl", public_key);

	return ecryptfs_registration_format(reg);
}

static void test_round_trip(void)
{
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key("rsa-2048");
	g_autoptr(EcryptfsRegistration) reg =
		ecryptfs_registration_new("home", "openssl", key);
	g_autoptr(EcryptfsRegistration) back = NULL;
	g_autofree char *text = NULL;
	g_autofree char *again = NULL;
	GError *error = NULL;

	reg->mode = ECRYPTFS_MODE_COMPAT;
	reg->pin_ttl = 0;
	reg->pin_ttl_max = 86400;
	reg->created = 1700000000;
	reg->made_file = true;
	ecryptfs_params_set(reg->params, "file", "/a b/;#=[k]\\\n\t \xc3\xa9");
	ecryptfs_params_set(reg->params, "empty", "");
	text = ecryptfs_registration_format(reg);
	back = ecryptfs_registration_parse("home", text, strlen(text), &error);
	g_assert_no_error(error);
	g_assert_cmpstr(back->name, ==, "home");
	g_assert_cmpstr(back->pki_name, ==, "openssl");
	g_assert_cmpint((int)back->mode, ==, ECRYPTFS_MODE_COMPAT);
	g_assert_false(back->read_pkcs1);
	g_assert_cmpuint(back->pin_ttl, ==, 0);
	g_assert_cmpuint(back->pin_ttl_max, ==, 86400);
	g_assert_cmpint(back->created, ==, 1700000000);
	g_assert_true(back->made_file);
	g_assert_cmpstr(ecryptfs_registration_sig(back), ==,
			ecryptfs_public_key_sig(key));
	g_assert_cmpstr(ecryptfs_params_get(back->params, "file"), ==,
			"/a b/;#=[k]\\\n\t \xc3\xa9");
	g_assert_cmpstr(ecryptfs_params_get(back->params, "empty"), ==, "");
	again = ecryptfs_registration_format(back);
	g_assert_cmpstr(again, ==, text);
}

static void test_defaults(void)
{
	g_autoptr(EcryptfsRegistration) reg = NULL;
	GError *error = NULL;

	reg = ecryptfs_registration_parse("home", good_text, strlen(good_text),
					  &error);
	g_assert_no_error(error);
	g_assert_cmpint((int)reg->mode, ==, ECRYPTFS_MODE_DIRECT);
	g_assert_cmpuint(reg->pin_ttl, ==, ECRYPTFS_DEFAULT_PIN_TTL);
	g_assert_cmpuint(reg->pin_ttl_max, ==, ECRYPTFS_DEFAULT_PIN_TTL_MAX);
	g_assert_false(reg->made_file);
	ecryptfs_registration_unref(NULL);
}

/*
 * A line of a good registration changed: the line that begins with @line gets
 * @fresh instead (@line NULL: @fresh is added to the end; @fresh NULL: the
 * line goes). @word: what the error must name; NULL when it is fine.
 */
struct change {
	const char *name;
	const char *line;
	const char *fresh;
	const char *word;
	bool rsa;
};

static const struct change changes[] = {
	{ "as-it-is", "version=", "version=1", NULL, false },
	{ "version/missing", "version=", NULL, "version", false },
	{ "version/0", "version=", "version=0", "version", false },
	{ "version/2", "version=", "version=2", "version", false },
	{ "version/text", "version=", "version=one", "version", false },
	{ "version/2-32-plus-1", "version=", "version=4294967297", "version",
	  false },
	{ "version/2-64-plus-1", "version=", "version=18446744073709551617",
	  "version", false },

	{ "pki/missing", "pki=", NULL, "pki", false },
	{ "pki/empty", "pki=", "pki=", "pki", false },
	{ "pki/path", "pki=", "pki=../../tmp/evil", "pki", false },
	{ "pki/17-letters", "pki=", "pki=abcdefghijklmnopq", "pki", false },
	{ "pki/upper-case", "pki=", "pki=OpenSSL", "pki", false },
	{ "pki/16-letters", "pki=", "pki=abcdefghijklmnop", NULL, false },

	{ "signature/missing", "signature=", NULL, "signature", false },
	{ "signature/another", "signature=", "signature=0011223344556677",
	  "signature", false },
	{ "signature/empty", "signature=", "signature=", "signature", false },

	{ "public-key/missing", "public-key=", NULL, "public-key", false },
	{ "public-key/empty", "public-key=", "public-key=", "public-key",
	  false },
	{ "public-key/no-base64", "public-key=", "public-key=%%%%",
	  "public-key", false },
	{ "public-key/no-key", "public-key=", "public-key=AAAA", "public-key",
	  false },
	{ "public-key/cut", "public-key=", "public-key=MFkwEwYHKoZIzj0C",
	  "public-key", false },

	{ "mode/direct", "mode=", "mode=direct", NULL, false },
	{ "mode/missing", "mode=", NULL, NULL, false },
	{ "mode/unknown", "mode=", "mode=epoch", "mode", false },
	{ "mode/empty", "mode=", "mode=", "mode", false },
	{ "mode/compat-with-rsa", "mode=", "mode=compat", NULL, true },
	{ "mode/compat-with-ec", "mode=", "mode=compat", "mode", false },

	{ "made-file/yes", "made-file=", "made-file=yes", NULL, false },
	{ "made-file/missing", "made-file=", NULL, NULL, false },
	{ "made-file/maybe", "made-file=", "made-file=maybe", "made-file",
	  false },
	{ "read-pkcs1/yes", "read-pkcs1=", "read-pkcs1=yes", NULL, true },
	{ "read-pkcs1/maybe", "read-pkcs1=", "read-pkcs1=maybe", "read-pkcs1",
	  false },
	{ "read-pkcs1/true", "read-pkcs1=", "read-pkcs1=true", "read-pkcs1",
	  false },

	{ "pin-ttl/0", "pin-ttl=", "pin-ttl=0", NULL, false },
	{ "pin-ttl/most", "pin-ttl=", "pin-ttl=2592000", NULL, false },
	{ "pin-ttl/too-much", "pin-ttl=", "pin-ttl=2592001", "pin-ttl",
	  false },
	{ "pin-ttl/negative", "pin-ttl=", "pin-ttl=-1", "pin-ttl", false },
	{ "pin-ttl/2-32", "pin-ttl=", "pin-ttl=4294967296", "pin-ttl", false },
	{ "pin-ttl/text", "pin-ttl=", "pin-ttl=10min", "pin-ttl", false },
	{ "pin-ttl/empty", "pin-ttl=", "pin-ttl=", "pin-ttl", false },
	{ "pin-ttl-max/too-much", "pin-ttl-max=", "pin-ttl-max=99999999",
	  "pin-ttl-max", false },
	{ "created/largest", "created=", "created=9223372036854775807", NULL,
	  false },
	{ "created/too-large", "created=", "created=9223372036854775808",
	  "created", false },
	{ "created/negative", "created=", "created=-5", "created", false },

	{ "key/misspelt", "pin-ttl=", "pin-tll=5", "pin-tll", false },
	{ "key/of-another-language", "mode=", "mode[de]=direct", "mode[de]",
	  false },
	{ "group/unknown", NULL, "[other]\nx=1\n", "other", false },
	{ "group/module", NULL, "[module]\nfile=/k.pem\n", NULL, false },
	{ "group/module-bad-escape", NULL, "[module]\nfile=\\q\n", "file",
	  false },
	{ "line/no-key-file", NULL, "just a line\n", "content", false },
	{ "line/key-before-group", "[key]", "x=1", "content", false },
	{ "line/control-characters", NULL, "[module]\nx=\x01\x02\n", NULL,
	  false },
};

static char *changed(const struct change *change)
{
	g_auto(GStrv) lines =
		g_strsplit(change->rsa ? rsa_text : good_text, "\n", -1);
	GString *text = g_string_new(NULL);

	for (size_t i = 0; lines[i]; i++) {
		bool this = change->line &&
			    g_str_has_prefix(lines[i], change->line);
		const char *line = this ? change->fresh : lines[i];

		if (line && *line)
			g_string_append_printf(text, "%s\n", line);
	}
	if (!change->line)
		g_string_append(text, change->fresh);
	return g_string_free(text, FALSE);
}

static void test_change(const void *data)
{
	const struct change *change = data;
	g_autofree char *text = changed(change);
	g_autoptr(EcryptfsRegistration) reg = NULL;
	GError *error = NULL;

	reg = ecryptfs_registration_parse("home", text, strlen(text), &error);
	if (change->word) {
		g_assert_null(reg);
		g_assert_nonnull(strstr(error->message, "home"));
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_REGISTRATION,
				     change->word);
	} else {
		g_assert_no_error(error);
		g_assert_nonnull(reg);
	}
}

static void assert_no_registration(const char *text, size_t text_len)
{
	struct fixture_guard guard;
	GError *error = NULL;

	fixture_guard_init(&guard, text, text_len);
	g_assert_null(ecryptfs_registration_parse(
		"x", (const char *)guard.data, guard.data_len, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_REGISTRATION, "x");
	fixture_guard_clear(&guard);
}

static void test_hostile(void)
{
	g_autofree char *large = g_strnfill(65537, '#');
	g_autofree char *long_line = g_strnfill(60000, 'a');
	g_autofree char *with_nul = g_strdup(good_text);

	with_nul[strlen(with_nul) / 2] = '\0';
	assert_no_registration("", 0);
	assert_no_registration("[key]", 5);
	assert_no_registration("[key", 4);
	assert_no_registration("\xff\xfe", 2);
	assert_no_registration("\0\0\0\0", 4);
	assert_no_registration(with_nul, strlen(good_text));
	assert_no_registration(long_line, 60000);
	assert_no_registration(large, 65537);
}

/* Cut anywhere it is none, or the same key: never another. */
static void test_every_cut(void)
{
	g_autoptr(EcryptfsPublicKey) key = fixture_public_key("p-256");
	size_t text_len = strlen(good_text);

	for (size_t n = 0; n < text_len; n++) {
		g_autoptr(EcryptfsRegistration) reg = NULL;
		struct fixture_guard guard;

		fixture_guard_init(&guard, good_text, n);
		reg = ecryptfs_registration_parse(
			"x", (const char *)guard.data, n, NULL);
		if (reg)
			g_assert_cmpstr(ecryptfs_registration_sig(reg), ==,
					ecryptfs_public_key_sig(key));
		fixture_guard_clear(&guard);
	}
}

static void test_names(void)
{
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "home", true },     { "a", true },	  { "A.b_c@d-9", true },
		{ "9", true },	      { "", false },	  { ".hidden", false },
		{ "..", false },      { "-x", false },	  { "a/b", false },
		{ "a b", false },     { "a\nb", false },  { "a\\b", false },
		{ "\xc3\xa9", false }, { "a=b", false },  { "a[", false },
		{ "a*", false },      { "a'", false },	  { "@x", true },
		{ "_x", true },
	};
	g_autofree char *longest = g_strnfill(64, 'n');
	g_autofree char *too_long = g_strnfill(65, 'n');

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_true(ecryptfs_registration_name_valid(rows[i].name) ==
			      rows[i].valid);
	g_assert_true(ecryptfs_registration_name_valid(longest));
	g_assert_false(ecryptfs_registration_name_valid(too_long));
}

static void test_modes(void)
{
	enum ecryptfs_mode mode;

	g_assert_true(ecryptfs_mode_from_name("compat", &mode));
	g_assert_cmpstr(ecryptfs_mode_name(mode), ==, "compat");
	g_assert_true(ecryptfs_mode_from_name("direct", &mode));
	g_assert_cmpstr(ecryptfs_mode_name(mode), ==, "direct");
	g_assert_false(ecryptfs_mode_from_name("Direct", &mode));
	g_assert_false(ecryptfs_mode_from_name("", &mode));
	g_assert_false(ecryptfs_mode_from_name(NULL, &mode));
}

static void assert_load_fails(const char *name, enum ecryptfs_error code,
			      const char *word)
{
	GError *error = NULL;

	g_assert_null(ecryptfs_registration_load(directory, name, &error));
	fixture_assert_error(&error, code, word);
}

static void test_save_and_load(void)
{
	g_autoptr(EcryptfsRegistration) reg = fixture_register(
		directory, "saved", "openssl", "p-256", NULL);
	g_autofree char *path = ecryptfs_registration_path(directory, "saved");
	g_autoptr(EcryptfsRegistration) back = NULL;
	GError *error = NULL;
	struct stat st;

	back = ecryptfs_registration_load(directory, "saved", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(back->name, ==, "saved");
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
	g_assert_false(ecryptfs_registration_save(directory, reg, false,
						  &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_EXISTS, "saved");
	assert_load_fails("missing", ECRYPTFS_ERROR_NO_KEY, "missing");
	assert_load_fails("../saved", ECRYPTFS_ERROR_USAGE, "../saved");
}

static void test_load_unsafe(void)
{
	g_autoptr(EcryptfsRegistration) reg = fixture_register(
		directory, "unsafe", "openssl", "p-256", NULL);
	g_autofree char *path = ecryptfs_registration_path(directory, "unsafe");
	g_autofree char *link = ecryptfs_registration_path(directory, "linked");
	g_autofree char *fifo = ecryptfs_registration_path(directory, "fifo");
	g_autofree char *big = g_strnfill(65537, '#');

	g_assert_cmpint(chmod(path, 0620), ==, 0);
	assert_load_fails("unsafe", ECRYPTFS_ERROR_PERMISSION, "chmod go-w");
	g_assert_cmpint(chmod(path, 0644), ==, 0);
	g_assert_cmpint(symlink(path, link), ==, 0);
	assert_load_fails("linked", ECRYPTFS_ERROR_PERMISSION, "link");
	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	assert_load_fails("fifo", ECRYPTFS_ERROR_UNUSABLE, "regular");
	g_free(fixture_write(directory, "big.conf", big, 65537, 0600));
	assert_load_fails("big", ECRYPTFS_ERROR_UNUSABLE, "65536");
	g_free(fixture_write(directory, "garbage.conf", "\xff", 1, 0600));
	assert_load_fails("garbage", ECRYPTFS_ERROR_BAD_REGISTRATION,
			  "garbage");
}

static void test_list(void)
{
	static const char *const names[] = { "b.conf", "a.conf", "c.conf.bak",
					     ".hidden.conf", "-o.conf",
					     "x y.conf", "plain",
					     "a.conf.Xa81Zq" };
	g_autofree char *keys = g_build_filename(directory, "list", NULL);
	g_auto(GStrv) none = NULL;
	g_auto(GStrv) found = NULL;
	g_autofree char *joined = NULL;
	GError *error = NULL;

	none = ecryptfs_registration_list(keys, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_strv_length(none), ==, 0);
	g_assert_cmpint(mkdir(keys, 0700), ==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_free(fixture_write(keys, names[i], "", 0, 0600));
	found = ecryptfs_registration_list(keys, &error);
	g_assert_no_error(error);
	joined = g_strjoinv(",", found);
	g_assert_cmpstr(joined, ==, "a,b");
}

static void test_list_no_directory(void)
{
	g_autofree char *file = fixture_write(directory, "file", "", 0, 0600);
	GError *error = NULL;

	g_assert_null(ecryptfs_registration_list(file, &error));
	g_assert_true(error->domain == ECRYPTFS_ERROR);
	g_clear_error(&error);
}

static void test_list_forbidden(void)
{
	g_autofree char *keys = g_build_filename(directory, "closed", NULL);
	uid_t user = geteuid();
	GError *error = NULL;

	g_assert_cmpint(mkdir(keys, 0), ==, 0);
	if (user == 0)
		g_assert_cmpint(seteuid(OTHER_UID), ==, 0);
	g_assert_null(ecryptfs_registration_list(keys, &error));
	if (user == 0)
		g_assert_cmpint(seteuid(user), ==, 0);
	g_assert_nonnull(strstr(error->message, "chmod 700"));
	fixture_assert_error(&error, ECRYPTFS_ERROR_PERMISSION, keys);
}

static void test_default_directories(void)
{
	g_autofree char *config = ecryptfs_registration_default_dir();
	g_autofree char *data = ecryptfs_registration_data_dir();
	g_autofree char *path = ecryptfs_registration_path(NULL, "home");
	g_autofree char *expected = g_strconcat(config, "/home.conf", NULL);

	g_assert_true(g_str_has_suffix(config, "/ecryptfs/keys"));
	g_assert_true(g_str_has_prefix(config, g_get_user_config_dir()));
	g_assert_true(g_str_has_suffix(data, "/ecryptfs"));
	g_assert_true(g_str_has_prefix(data, g_get_user_data_dir()));
	g_assert_cmpstr(path, ==, expected);
}

static void add_tests(void)
{
	g_test_add_func("/registration/round-trip", test_round_trip);
	g_test_add_func("/registration/defaults", test_defaults);
	g_test_add_func("/registration/hostile", test_hostile);
	g_test_add_func("/registration/every-cut", test_every_cut);
	g_test_add_func("/registration/names", test_names);
	g_test_add_func("/registration/modes", test_modes);
	g_test_add_func("/registration/save-and-load", test_save_and_load);
	g_test_add_func("/registration/load-unsafe", test_load_unsafe);
	g_test_add_func("/registration/list", test_list);
	g_test_add_func("/registration/list-no-directory",
			test_list_no_directory);
	g_test_add_func("/registration/list-forbidden", test_list_forbidden);
	g_test_add_func("/registration/default-directories",
			test_default_directories);
	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *path =
			g_strdup_printf("/registration/%s", changes[i].name);

		g_test_add_data_func(path, &changes[i], test_change);
	}
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	alarm(60);
	directory = fixture_directory_new();
	good_text = text_of("p-256");
	rsa_text = text_of("rsa-2048");
	add_tests();
	result = g_test_run();
	g_free(good_text);
	g_free(rsa_text);
	fixture_directory_free(directory);
	return result;
}
