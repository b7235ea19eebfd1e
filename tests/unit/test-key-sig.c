/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Key signatures against those that ecryptfs-utils made for the same numbers.
 */
#include "libecryptfs/key-sig.h"

#include <string.h>

#include "tests/unit/fixture.h"

struct rsa_vector {
	const char *name;
	const char *n;
	const char *e;
	const char *sig; /* NULL: refused */
};

static const struct rsa_vector rsa_vectors[] = {
	/* Made by ecryptfs-utils 111 */
	{ "ecryptfs-utils-1024",
	  "bb6a6b3d0f1181f2605b3b4e04b00dc1b5610af696fbd30b75587542907f2d32"
	  "f526fea7be9a7f66f044113c20c6d7af200f39be98e991d6c235879a68849886"
	  "057183e9b512f4e82e6fc2bd219cbdbe9ade78bf787c1d7c8dee0471052ff4d2"
	  "8ddb0b94177f1de6d607eeff6cd4e854bfb9c69051df8b7b978499697fa263ab",
	  "010001", "731d05a2615043d4" },
	{ "ecryptfs-utils-2048",
	  "c434ff1f9101e002d822904b6e1995519509a0fdc66ea3e711cddb86c45bce60"
	  "2337efc142c3300a51e7571db37becdc9078eeeef8414e82e3365d0ada52e1d1"
	  "656e77f1d9b493e6f34de183f8dbe688c4201990a8afbb7f4f382e191a6d1e3a"
	  "03bae6bad4a3d5abaf585f8595eb3d30e595b2aa3288828bdd8709db2e89568a"
	  "11a87b57874e91565378cb5cbae244956e3971db7bda03391c0c192c8d5b1a0e"
	  "50a31f5798ba18abe2e2cc99a09c04516b07a3864b9c314b234ed842661482d3"
	  "44b5c5685456ce3c5e0acfb5dfd0a31c60f14b8ecf9448deaf8ababb0644c5b5"
	  "2886190ffd51d7a05d6e94c37a258ec82c480742f5a0b2db232cefcd9b37421f",
	  "010001", "d43555d42027b338" },
	/* Shows exact bit counting: 63 bits */
	{ "odd-bits", "40ffee0000000001", "010001", "3d073b3443d083db" },

	{ "refused/leading-zero-n", "0040ffee0000000001", "010001", NULL },
	{ "refused/leading-zero-e", "40ffee0000000001", "00010001", NULL },
	{ "refused/empty-n", "", "010001", NULL },
	{ "refused/empty-e", "40ffee0000000001", "", NULL },
};

static void test_rsa(const void *data)
{
	const struct rsa_vector *vector = data;
	size_t n_len, e_len;
	g_autofree uint8_t *n = fixture_from_hex(vector->n, &n_len);
	g_autofree uint8_t *e = fixture_from_hex(vector->e, &e_len);
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1];
	bool ok = ecryptfs_key_sig_rsa(n, n_len, e, e_len, sig);

	g_assert_cmpint(ok, ==, vector->sig != NULL);
	if (vector->sig)
		g_assert_cmpstr(sig, ==, vector->sig);
}

static void test_rsa_sizes(void)
{
	g_autofree uint8_t *n = g_malloc(513);
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1], other[ECRYPTFS_SIG_SIZE_HEX + 1];
	const uint8_t e[] = { 1, 0, 1 };

	memset(n, 0xff, 513);
	g_assert_true(ecryptfs_key_sig_rsa(n, 512, n, 512, sig));
	g_assert_true(ecryptfs_key_sig_rsa(n, 512, e, sizeof(e), other));
	g_assert_cmpstr(sig, !=, other);
	g_assert_false(ecryptfs_key_sig_rsa(n, 513, e, sizeof(e), sig));
	g_assert_false(ecryptfs_key_sig_rsa(n, 512, n, 513, sig));
}

static void test_spki(void)
{
	static const char *const names[] = { "p-256", "p-384", "x25519" };

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *spki_name =
			g_strdup_printf("keys/%s.spki", names[i]);
		g_autofree char *sig_name =
			g_strdup_printf("wrapped/%s.sig", names[i]);
		g_autoptr(GBytes) spki = fixture_vector(spki_name);
		g_autoptr(GBytes) expected = fixture_vector(sig_name);
		char sig[ECRYPTFS_SIG_SIZE_HEX + 1];

		g_assert_true(ecryptfs_key_sig_spki(
			g_bytes_get_data(spki, NULL), g_bytes_get_size(spki),
			sig));
		/* The file has a line feed. */
		g_assert_cmpmem(sig, ECRYPTFS_SIG_SIZE_HEX,
				g_bytes_get_data(expected, NULL),
				g_bytes_get_size(expected) - 1);
	}
}

static void test_valid(void)
{
	static const struct {
		const char *text;
		bool valid;
	} vectors[] = {
		{ "0123456789abcdef", true },
		{ "ffffffffffffffff", true },
		{ "", false },
		{ "0123456789abcde", false },
		{ "0123456789abcdef0", false },
		{ "0123456789ABCDEF", false },
		{ "0123456789abcdeg", false },
		{ "0123456789abcde/", false },
		{ "0123456789abcde:", false },
		{ "0123456789abcde`", false },
		{ " 123456789abcdef", false },
		{ "0123456789abcde\n", false },
		{ "0123456\x80" "9abcdef", false },
	};
	uint8_t raw[ECRYPTFS_SIG_SIZE];

	for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_test_message("vector %zu", i);
		g_assert_cmpint(ecryptfs_key_sig_valid(vectors[i].text), ==,
				vectors[i].valid);
		g_assert_cmpint(ecryptfs_key_sig_to_raw(vectors[i].text, raw),
				==, vectors[i].valid);
	}
}

static void test_raw(void)
{
	static const uint8_t expected[ECRYPTFS_SIG_SIZE] = {
		0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
	};
	uint8_t raw[ECRYPTFS_SIG_SIZE];
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1];

	g_assert_true(ecryptfs_key_sig_to_raw("0123456789abcdef", raw));
	g_assert_cmpmem(raw, sizeof(raw), expected, sizeof(expected));
	ecryptfs_key_sig_from_raw(raw, sig);
	g_assert_cmpstr(sig, ==, "0123456789abcdef");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rsa_vectors); i++) {
		g_autofree char *path = g_strconcat("/key-sig/rsa/",
						    rsa_vectors[i].name, NULL);

		g_test_add_data_func(path, &rsa_vectors[i], test_rsa);
	}
	g_test_add_func("/key-sig/rsa/sizes", test_rsa_sizes);
	g_test_add_func("/key-sig/spki", test_spki);
	g_test_add_func("/key-sig/valid", test_valid);
	g_test_add_func("/key-sig/raw", test_raw);
	return g_test_run();
}
