/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mount verb's plan: ciphers and key lengths, options that a person adds,
 * recipients whose packets the kernel must be able to read back.
 */
#include "utils/mount-plan.h"

#include <string.h>
#include <sys/mount.h>

#include "tests/unit/fixture.h"
#include "utils/mount-cipher.h"

#define SIG_A "0123456789abcdef"
#define SIG_B "1111222233334444"
#define SIG_C "fedcba9876543210"
#define SAFE (MS_NOSUID | MS_NODEV)

static void test_cipher(void)
{
	static const struct {
		const char *cipher;
		const char *key_bytes;
		size_t bytes; /* 0: refused */
	} rows[] = {
		{ "aes", NULL, 32 },	   { "aes", "16", 16 },
		{ "aes", "24", 24 },	   { "aes", "32", 32 },
		{ "aes", "20", 0 },	   { "aes", "0", 0 },
		{ "aes", "8", 0 },	   { "aes", "40", 0 },
		{ "aes", "", 0 },	   { "aes", "-16", 0 },
		{ "aes", "+16", 0 },	   { "aes", "16 ", 0 },
		{ "aes", "0x10", 0 },	   { "aes", "4294967312", 0 },
		{ "aes", "18446744073709551632", 0 },
		{ "twofish", NULL, 32 },   { "twofish", "24", 24 },
		{ "cast6", "20", 20 },	   { "cast6", "18", 0 },
		{ "cast5", NULL, 16 },	   { "cast5", "5", 0 },
		{ "blowfish", NULL, 32 },  { "blowfish", "56", 56 },
		{ "blowfish", "57", 0 },   { "blowfish", "4", 0 },
		{ "des3_ede", NULL, 24 },  { "des3_ede", "16", 0 },
		{ "rot13", NULL, 0 },	   { "", NULL, 0 },
		{ "AES", NULL, 0 },	   { "aes,ro", NULL, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		size_t bytes = 0;
		bool good = mount_cipher_key_bytes(rows[i].cipher,
						   rows[i].key_bytes, &bytes,
						   &error);

		g_test_message("%s %s", rows[i].cipher, rows[i].key_bytes);
		g_assert_true(good == (rows[i].bytes != 0));
		g_assert_cmpuint(bytes, ==, rows[i].bytes);
		if (!good)
			fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE,
					     "takes");
	}
}

static char *join(const GPtrArray *words)
{
	GString *text = g_string_new(NULL);

	for (unsigned int i = 0; i < words->len; i++)
		g_string_append_printf(text, "%s%s", i ? "," : "",
				       (char *)words->pdata[i]);
	return g_string_free(text, FALSE);
}

static void test_options_good(void)
{
	static const struct {
		const char *list;
		unsigned long flags;
		const char *words;
		const char *data;
	} rows[] = {
		{ NULL, SAFE, "", "" },
		{ "", SAFE, "", "" },
		{ ",,", SAFE, "", "" },
		{ "ro", SAFE | MS_RDONLY, "ro", "" },
		{ "ro,rw", SAFE, "ro,rw", "" },
		{ "nosuid,nodev", SAFE, "", "" },
		{ "noexec,noatime", SAFE | MS_NOEXEC | MS_NOATIME,
		  "noexec,noatime", "" },
		{ "ecryptfs_xattr_metadata,ecryptfs_xattr_metadata", SAFE, "",
		  "ecryptfs_xattr_metadata" },
		{ "ecryptfs_mount_auth_tok_only,ro,ecryptfs_unlink_sigs",
		  SAFE | MS_RDONLY, "ro",
		  "ecryptfs_mount_auth_tok_only,ecryptfs_unlink_sigs" },
		{ "ecryptfs_fnek_sig=" SIG_A ",ecryptfs_fn_cipher=aes,"
		  "ecryptfs_fn_key_bytes=16", SAFE, "",
		  "ecryptfs_fnek_sig=" SIG_A ",ecryptfs_fn_cipher=aes,"
		  "ecryptfs_fn_key_bytes=16" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(MountOptions) options = NULL;
		g_autofree char *words = NULL;
		g_autofree char *data = NULL;

		options = mount_options_parse(rows[i].list, NULL);
		g_assert_nonnull(options);
		words = join(options->words);
		data = join(options->data);
		g_assert_cmpuint(options->flags, ==, rows[i].flags);
		g_assert_cmpstr(words, ==, rows[i].words);
		g_assert_cmpstr(data, ==, rows[i].data);
		g_assert_true(mount_options_flags_safe(options->flags));
		g_assert_true(!*data || mount_options_data_safe(data));
	}
}

static void test_options_refused(void)
{
	static const struct {
		const char *list;
		const char *word; /* of the sentence */
	} rows[] = {
		{ "ecryptfs_passthrough", "cannot decrypt" },
		{ "ecryptfs_passthrough=n", "cannot decrypt" },
		{ "ro,passthrough", "cannot decrypt" },
		{ "ecryptfs_passtrough", "does not know" },
		{ "sync", "does not know" },
		{ "ecryptfs_hmac", "does not know" },
		{ "RO", "does not know" },
		{ " ro", "does not know" },
		{ "ro ", "does not know" },
		{ "ro\nrw", "does not know" },
		{ "ecryptfs_xattr", "--xattr" },
		{ "ecryptfs_sig=" SIG_A, "by their names" },
		{ "sig=" SIG_A, "by their names" },
		{ "key=openssl:keyfile=/k", "by their names" },
		{ "ecryptfs_cipher=aes", "--cipher" },
		{ "ecryptfs_key_bytes=16", "--key-bytes" },
		{ "suid", "nosuid" },
		{ "dev", "nodev" },
		{ "remount", "unmount" },
		{ "user", "fstab" },
		{ "noauto,ro", "fstab" },
		{ "ro=1", "takes no value" },
		{ "ecryptfs_xattr_metadata=", "takes no value" },
		{ "ecryptfs_unlink_sigs=y", "takes no value" },
		{ "ecryptfs_fnek_sig", "16" },
		{ "ecryptfs_fnek_sig=", "16" },
		{ "ecryptfs_fnek_sig=0123456789ABCDEF", "16" },
		{ "ecryptfs_fnek_sig=0123456789abcde", "16" },
		{ "ecryptfs_fnek_sig=" SIG_A "0", "16" },
		{ "ecryptfs_fnek_sig=" SIG_A ",ecryptfs_fnek_sig=" SIG_B,
		  "one key" },
		{ "ecryptfs_fn_cipher=rot13", "cipher" },
		{ "ecryptfs_fn_key_bytes=x", "number" },
		{ "ecryptfs_fn_key_bytes=016", "number" },
		{ "ecryptfs_fn_key_bytes=", "number" },
		{ "=", "does not know" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", rows[i].list);
		g_assert_null(mount_options_parse(rows[i].list, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE,
				     rows[i].word);
	}
}

/* What the privileged half accepts from the half without privilege. */
static void test_options_safe(void)
{
	static const char *const bad[] = {
		NULL,
		"",
		"ecryptfs_sig=" SIG_A ",",
		"ecryptfs_sig=",
		"ecryptfs_sig=../../../../x",
		"ecryptfs_sig=" SIG_A ",ecryptfs_passthrough",
		"ecryptfs_sig=" SIG_A ",ecryptfs_cipher=rot13",
		"ecryptfs_sig=" SIG_A ",ecryptfs_key_bytes=999",
		"ecryptfs_sig=" SIG_A ",suid",
		"ecryptfs_sig=" SIG_A ",rw",
		"ecryptfs_sig=" SIG_A "\n",
		"unknown",
	};
	g_autofree char *longest = g_strnfill(5000, ',');

	g_assert_true(mount_options_data_safe(
		"ecryptfs_sig=" SIG_A ",ecryptfs_sig=" SIG_B
		",ecryptfs_cipher=aes,ecryptfs_key_bytes=32,"
		"ecryptfs_xattr_metadata,ecryptfs_check_dev_ruid"));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(mount_options_data_safe(bad[i]));
	g_assert_false(mount_options_data_safe(longest));
	g_assert_true(mount_options_flags_safe(SAFE | MS_RDONLY));
	g_assert_false(mount_options_flags_safe(0));
	g_assert_false(mount_options_flags_safe(MS_NOSUID));
	g_assert_false(mount_options_flags_safe(SAFE | MS_REMOUNT));
	g_assert_false(mount_options_flags_safe(SAFE | MS_BIND));
	g_assert_false(mount_options_flags_safe(SAFE | MS_MOVE));
}

/* The sizes that were seen on a running kernel; see doc/PROTOCOL 9. */
static void test_packet_bytes(void)
{
	static const size_t rows[][2] = {
		{ 88, 100 },  { 121, 133 }, { 128, 140 }, { 153, 165 },
		{ 181, 193 }, { 182, 195 }, { 256, 269 }, { 264, 277 },
		{ 384, 397 }, { 392, 405 }, { 512, 525 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpuint(mount_plan_packet_bytes(rows[i][0]), ==,
				 rows[i][1]);
}

static struct mount_recipient recipient(const char *sig, size_t wrapped_len,
					bool has_private)
{
	return (struct mount_recipient){
		.name = "somebody",
		.sig = sig,
		.wrapped_len = wrapped_len,
		.has_private = has_private,
	};
}

static void test_sort(void)
{
	static const struct {
		const char *named;
		const char *sorted;
	} rows[] = {
		/* capital: the private half is here */
		{ "", "" },	    { "A", "A" },	{ "a", "a" },
		{ "AB", "AB" },	    { "BA", "BA" },	{ "Ab", "bA" },
		{ "aB", "aB" },	    { "AbCd", "bdAC" }, { "AbA", "bA" },
		{ "ABA", "BA" },    { "aa", "a" },	{ "aA", "A" },
		{ "bAcA", "bcA" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		struct mount_recipient list[4];
		char sigs[4][2] = { "" };
		char sorted[5] = "";
		size_t n = strlen(rows[i].named);

		for (size_t j = 0; j < n; j++) {
			char c = rows[i].named[j];

			sigs[j][0] = g_ascii_tolower(c);
			list[j] = recipient(sigs[j], 88,
					    g_ascii_isupper(c));
		}
		n = mount_plan_sort(list, n);
		for (size_t j = 0; j < n; j++)
			sorted[j] = list[j].has_private ?
				    g_ascii_toupper(list[j].sig[0]) :
				    list[j].sig[0];
		g_assert_cmpstr(sorted, ==, rows[i].sorted);
	}
}

static void test_sum(void)
{
	static const struct {
		size_t wrapped_len;
		size_t most; /* recipients that the kernel reads back */
	} rows[] = {
		{ 512, 7 },  { 392, 10 }, { 384, 10 }, { 264, 14 },
		{ 256, 15 }, { 153, 24 }, { 121, 30 }, { 88, 40 },
	};
	g_autoptr(MountOptions) options = mount_options_parse(NULL, NULL);
	struct mount_recipient list[64];

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(MountPlan) plan = NULL;

		for (size_t j = 0; j < G_N_ELEMENTS(list); j++)
			list[j] = recipient(SIG_A, rows[i].wrapped_len, true);
		plan = mount_plan_new(list, rows[i].most, "aes", 32, options,
				      &error);
		g_assert_no_error(error);
		g_assert_cmpuint(plan->packet_bytes, <=, 4069);
		g_assert_null(mount_plan_new(list, rows[i].most + 1, "aes", 32,
					     options, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_TOO_LARGE, "4069");
	}
}

static void test_sum_exact(void)
{
	/* 15 of 256 make 4035 bytes; a last one of 22 makes 4069 */
	g_autoptr(MountOptions) options = mount_options_parse(NULL, NULL);
	g_autoptr(MountPlan) plan = NULL;
	struct mount_recipient list[16];

	for (size_t i = 0; i < 15; i++)
		list[i] = recipient(SIG_A, 256, true);
	list[15] = recipient(SIG_B, 22, true);
	plan = mount_plan_new(list, 16, "aes", 32, options, NULL);
	g_assert_nonnull(plan);
	g_assert_cmpuint(plan->packet_bytes, ==, 4069);
	list[15].wrapped_len++;
	g_assert_null(mount_plan_new(list, 16, "aes", 32, options, NULL));
}

static void test_plan(void)
{
	const struct mount_recipient list[] = {
		recipient(SIG_B, 264, false), recipient(SIG_A, 88, true),
	};
	g_autoptr(MountOptions) options = mount_options_parse(
		"ro,ecryptfs_xattr_metadata", NULL);
	g_autoptr(MountPlan) plan = mount_plan_new(list, 2, "aes", 16, options,
						   NULL);

	g_assert_cmpuint(plan->flags, ==, SAFE | MS_RDONLY);
	g_assert_cmpuint(plan->packet_bytes, ==, 377);
	g_assert_cmpstr(plan->data, ==,
			"ecryptfs_sig=" SIG_B ",ecryptfs_sig=" SIG_A ","
			"ecryptfs_cipher=aes,ecryptfs_key_bytes=16,"
			"ecryptfs_xattr_metadata");
	g_assert_cmpstr(plan->fstab_options, ==,
			"user,noauto,ro,ecryptfs_sig=" SIG_B
			",ecryptfs_sig=" SIG_A ",ecryptfs_cipher=aes,"
			"ecryptfs_key_bytes=16,ecryptfs_xattr_metadata");
	g_assert_true(mount_options_data_safe(plan->data));
}

static void test_plan_refused(void)
{
	struct mount_recipient list[] = {
		recipient(SIG_A, 88, true), recipient(SIG_C, 0, true),
	};
	g_autoptr(MountOptions) plain = mount_options_parse(NULL, NULL);
	g_autoptr(MountOptions) names = mount_options_parse(
		"ecryptfs_fnek_sig=" SIG_A, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_null(mount_plan_new(list, 0, "aes", 32, plain, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE, "at least one");
	g_assert_null(mount_plan_new(list, 2, "aes", 32, plain, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "leave it out");
	list[1].read_only = true;
	list[1].wrapped_len = 256;
	g_assert_null(mount_plan_new(list, 2, "aes", 32, plain, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "read-pkcs1");
	g_assert_null(mount_plan_new(list, 1, "aes", 32, names, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE, "passphrase");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mount-plan/cipher", test_cipher);
	g_test_add_func("/mount-plan/options/good", test_options_good);
	g_test_add_func("/mount-plan/options/refused", test_options_refused);
	g_test_add_func("/mount-plan/options/safe", test_options_safe);
	g_test_add_func("/mount-plan/packet-bytes", test_packet_bytes);
	g_test_add_func("/mount-plan/sort", test_sort);
	g_test_add_func("/mount-plan/sum", test_sum);
	g_test_add_func("/mount-plan/sum-exact", test_sum_exact);
	g_test_add_func("/mount-plan/good", test_plan);
	g_test_add_func("/mount-plan/refused", test_plan_refused);
	return g_test_run();
}
