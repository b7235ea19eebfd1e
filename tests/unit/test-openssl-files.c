/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The openssl module and files: every form in which a key may be stored, and
 * everything else that a path may lead to.
 */
#include "libecryptfs/ecryptfs-pki-module.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "libecryptfs/crypto-cleanup.h"
#include "tests/unit/fixture.h"
#include "tests/unit/openssl-fixture.h"

#define MAX_FILE_BYTES (64 << 10)
#define OTHER_UID 54321

struct form {
	const char *vector;
	const char *key;
	const char *passphrase;
};

static const struct form forms[] = {
	{ "keys/rsa-1024.pem", "rsa-1024", NULL },
	{ "keys/rsa-2048.pem", "rsa-2048", NULL },
	{ "keys/rsa-3072.pem", "rsa-3072", NULL },
	{ "keys/rsa-4096.pem", "rsa-4096", NULL },
	{ "keys/p-256.pem", "p-256", NULL },
	{ "keys/p-384.pem", "p-384", NULL },
	{ "keys/x25519.pem", "x25519", NULL },
	{ "wrapped/rsa-1024.traditional.pem", "rsa-1024", NULL },
	{ "wrapped/rsa-2048.traditional.pem", "rsa-2048", NULL },
	{ "wrapped/rsa-4096.traditional.pem", "rsa-4096", NULL },
	/* As ecryptfs-utils wrote its keys */
	{ "wrapped/rsa-1024.encrypted.pem", "rsa-1024", "test" },
	{ "wrapped/rsa-2048.encrypted.pem", "rsa-2048", "test" },
	{ "wrapped/rsa-4096.encrypted.pem", "rsa-4096", "test" },
	{ "wrapped/rsa-2048.pkcs8-encrypted.pem", "rsa-2048", "test" },
	{ "wrapped/x25519.pkcs8-encrypted.pem", "x25519", "test" },
	{ "wrapped/p-256.traditional.pem", "p-256", NULL },
	{ "wrapped/p-256.compressed.pem", "p-256", NULL },
	{ "wrapped/p-256.explicit.pem", "p-256", NULL },
	/* A passphrase that is not needed does no harm. */
	{ "keys/x25519.pem", "x25519", "test" },
};

static void test_form(const void *data)
{
	const struct form *form = data;
	g_autofree char *file = openssl_copy(form->vector);
	g_autoptr(EcryptfsParams) params = openssl_params(file,
							  form->passphrase);
	g_autoptr(EcryptfsPublicKey) expected = fixture_public_key(form->key);
	g_autoptr(GBytes) spki = NULL;
	GError *error = NULL;
	void *key;

	openssl_module->import(NULL, params, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(ecryptfs_params_get(params, "file"), ==, file);
	key = openssl_open(file, form->passphrase, NULL);
	spki = openssl_module->public_id(key, &error);
	g_assert_no_error(error);
	g_assert_true(g_bytes_equal(spki, ecryptfs_public_key_spki(expected)));
	openssl_assert_works(key, form->key);
	openssl_module->key_close(key);
}

static void test_passphrases(const void *data)
{
	const char *vector = data;
	g_autofree char *file = openssl_copy(vector);
	g_autofree char *longer = g_strnfill(2000, 'x');

	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_LOCKED, file);
	openssl_assert_refused(file, "", ECRYPTFS_ERROR_BAD_SECRET, file);
	openssl_assert_refused(file, "Test", ECRYPTFS_ERROR_BAD_SECRET, file);
	openssl_assert_refused(file, "test ", ECRYPTFS_ERROR_BAD_SECRET, file);
	openssl_assert_refused(file, longer, ECRYPTFS_ERROR_BAD_SECRET, file);
}

static void test_kinds(void)
{
	static const struct {
		const char *vector;
		const char *word;
	} vectors[] = {
		{ "wrapped/refused-rsa-1023.pem", "1023" },
		{ "wrapped/refused-rsa-8192.pem",
		  "1024 bytes; eCryptfs stores at most 512" },
		{ "wrapped/refused-rsa-pss.pem", "RSA-PSS" },
		{ "wrapped/refused-p-521.pem", "secp521r1" },
		{ "wrapped/refused-ed25519.pem", "ED25519" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *file = openssl_copy(vectors[i].vector);

		openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_UNUSABLE,
				       vectors[i].word);
		openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_UNUSABLE,
				       file);
	}
}

/* It must not even begin to count. */
static void test_rounds(void)
{
	g_autofree char *file = openssl_copy("wrapped/refused-rounds.pem");

	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_LOCKED, file);
	openssl_assert_refused(file, "test", ECRYPTFS_ERROR_UNUSABLE,
			       "10000000");
	openssl_assert_refused(file, "wrong", ECRYPTFS_ERROR_UNUSABLE, file);
}

static EVP_PKEY *read_pem(const char *vector)
{
	g_autoptr(GBytes) pem = fixture_vector(vector);
	g_autoptr(BIO) bio = BIO_new_mem_buf(g_bytes_get_data(pem, NULL),
					     (int)g_bytes_get_size(pem));
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	g_assert_nonnull(pkey);
	return pkey;
}

static char *block_of(X509_ALGOR *algorithm)
{
	static const uint8_t nothing[48];
	X509_SIG *encrypted = X509_SIG_new();
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	ASN1_OCTET_STRING *content;
	X509_ALGOR *said;
	char *text;
	long len;

	g_assert_nonnull(algorithm);
	X509_SIG_getm(encrypted, &said, &content);
	g_assert_cmpint(X509_ALGOR_copy(said, algorithm), ==, 1);
	ASN1_OCTET_STRING_set(content, nothing, sizeof(nothing));
	g_assert_cmpint(PEM_write_bio_PKCS8(bio, encrypted), ==, 1);
	len = BIO_get_mem_data(bio, &text);
	X509_SIG_free(encrypted);
	X509_ALGOR_free(algorithm);
	return g_strndup(text, (size_t)len);
}

static void assert_too_many(const char *pem)
{
	g_autofree char *file = fixture_write(openssl_directory, "rounds.pem",
					      pem, strlen(pem), 0600);
	g_autoptr(EcryptfsParams) params = openssl_params(file, "test");
	GError *error = NULL;

	g_assert_false(openssl_module->import(NULL, params, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "10000000");
}

static void assert_scheme_refused(X509_ALGOR *algorithm)
{
	g_autofree char *pem = block_of(algorithm);

	assert_too_many(pem);
}

/* Schemes older and newer than PBES2 with PBKDF2 count too. */
static void test_rounds_of_schemes(void)
{
	static const int schemes[] = {
		NID_pbe_WithSHA1And3_Key_TripleDES_CBC,
		NID_pbe_WithSHA1And128BitRC4,
		NID_pbeWithMD5AndDES_CBC,
		NID_pbeWithSHA1AndRC2_CBC,
	};
	uint8_t salt[16] = { 1 };

	for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++) {
		assert_scheme_refused(
			PKCS5_pbe_set(schemes[i], 0x7fffffff, salt, 8));
		assert_scheme_refused(
			PKCS5_pbe_set(schemes[i], 10000001, salt, 8));
	}
	assert_scheme_refused(PKCS5_pbe2_set_scrypt(
		EVP_aes_256_cbc(), salt, sizeof(salt), NULL, 32768, 1, 306));
}

/* libcrypto passes over a block that it cannot read; so does the check. */
static void test_rounds_of_second(void)
{
	g_autoptr(GBytes) second = fixture_vector("wrapped/refused-rounds.pem");
	g_autofree char *pem = g_strdup_printf(
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAMCAQE=\n"
		"-----END ENCRYPTED PRIVATE KEY-----\n%.*s",
		(int)g_bytes_get_size(second),
		(const char *)g_bytes_get_data(second, NULL));

	assert_too_many(pem);
}

/* As `openssl pkcs12` and `-v1 PBE-SHA1-3DES` write it. */
static void test_old_scheme(void)
{
	g_autoptr(EVP_PKEY) pkey = NULL;
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	g_autofree char *file = NULL;
	char *text;
	long len;
	void *key;

	pkey = read_pem("keys/rsa-2048.pem");
	g_assert_cmpint(PEM_write_bio_PKCS8PrivateKey_nid(
				bio, pkey,
				NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "test",
				4, NULL, NULL), ==, 1);
	len = BIO_get_mem_data(bio, &text);
	file = fixture_write(openssl_directory, "old.pem", text, (size_t)len,
			     0600);
	key = openssl_open(file, "test", NULL);
	openssl_assert_works(key, "rsa-2048");
	openssl_module->key_close(key);
}

/* Encrypted twice over: nobody may be asked on the terminal. */
static void test_never_asks(void)
{
	static const char pem[] =
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
		"Proc-Type: 4,ENCRYPTED\n"
		"DEK-Info: AES-256-CBC,000102030405060708090A0B0C0D0E0F\n\n"
		"AAAAAAAAAAAAAAAAAAAAAA==\n"
		"-----END ENCRYPTED PRIVATE KEY-----\n";
	g_autofree char *file = fixture_write(openssl_directory, "twice.pem",
					      pem, sizeof(pem) - 1, 0600);

	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_LOCKED, file);
	openssl_assert_refused(file, "test", ECRYPTFS_ERROR_BAD_SECRET, file);
}

static void assert_content_refused(const void *data, size_t data_len)
{
	g_autofree char *file = fixture_write(openssl_directory, "bad.pem",
					      data, data_len, 0600);

	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_UNUSABLE, file);
}

static void test_content(void)
{
	static const char *const texts[] = {
		"",
		"\n",
		"x",
		"-----BEGIN PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\n////\n"
		"-----END PRIVATE KEY-----\n",
		"-----BEGIN PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n",
		"-----BEGIN RSA PRIVATE KEY-----\nMAA=\n"
		"-----END RSA PRIVATE KEY-----\n",
		"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
		"-----END EC PARAMETERS-----\n",
	};
	g_autoptr(GBytes) spki = fixture_vector("keys/p-256.spki");
	uint8_t binary[256];

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		assert_content_refused(texts[i], strlen(texts[i]));
	for (size_t i = 0; i < sizeof(binary); i++)
		binary[i] = (uint8_t)i;
	assert_content_refused(binary, sizeof(binary));
	/* DER, and only a public half at that */
	assert_content_refused(g_bytes_get_data(spki, NULL),
			       g_bytes_get_size(spki));
}

static void test_public_only(void)
{
	g_autoptr(EcryptfsPublicKey) public = fixture_public_key("rsa-2048");
	GBytes *spki = ecryptfs_public_key_spki(public);
	g_autofree char *base64 = g_base64_encode(g_bytes_get_data(spki, NULL),
						  g_bytes_get_size(spki));
	g_autofree char *pem = g_strdup_printf(
		"-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n",
		base64);

	assert_content_refused(pem, strlen(pem));
}

static void test_truncated(void)
{
	g_autoptr(GBytes) pem = fixture_vector("keys/p-256.pem");
	size_t len = g_bytes_get_size(pem);

	/* Without the line feed at its end it is still whole. */
	for (size_t i = 0; i < len - 1; i++)
		assert_content_refused(g_bytes_get_data(pem, NULL), i);
}

/* Every letter counts at import; later, what works is the same key. */
static void test_damaged(void)
{
	g_autoptr(GBytes) good = fixture_vector("keys/rsa-2048.pem");
	size_t len = g_bytes_get_size(good);
	g_autofree char *pem = g_memdup2(g_bytes_get_data(good, NULL), len);
	size_t n_working = 0;

	for (size_t i = 64; i < len - 30; i += 13) {
		g_autofree char *file = NULL;
		g_autoptr(EcryptfsParams) params = NULL;
		char letter = pem[i];
		void *key;

		if (letter == '\n')
			continue;
		pem[i] = letter == 'A' ? 'Q' : 'A';
		file = fixture_write(openssl_directory, "bad.pem", pem, len,
				     0600);
		pem[i] = letter;
		params = openssl_params(file, NULL);
		g_assert_false(openssl_module->import(NULL, params, NULL));
		key = openssl_open(file, NULL, "rsa-2048");
		if (openssl_works(key, "rsa-2048", NULL))
			n_working++;
		openssl_module->key_close(key);
	}
	g_test_message("%zu work all the same", n_working);
}

static void test_size(void)
{
	g_autoptr(GBytes) pem = fixture_vector("keys/x25519.pem");
	size_t len = g_bytes_get_size(pem);
	g_autofree char *text = g_strnfill(MAX_FILE_BYTES + 1, '\n');
	g_autofree char *file = NULL;

	memcpy(text + MAX_FILE_BYTES - len, g_bytes_get_data(pem, NULL), len);
	file = fixture_write(openssl_directory, "large.pem", text,
			     MAX_FILE_BYTES, 0600);
	openssl_module->key_close(openssl_open(file, NULL, NULL));
	g_free(fixture_write(openssl_directory, "large.pem", text,
			     MAX_FILE_BYTES + 1, 0600));
	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_UNUSABLE, "65536");
	/* Not a byte of it is there, but it says it is huge. */
	g_assert_cmpint(truncate(file, (off_t)1 << 40), ==, 0);
	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_UNUSABLE, "65536");
}

static void test_not_a_file(void)
{
	g_autofree char *fifo = g_build_filename(openssl_directory, "fifo",
						 NULL);
	g_autofree char *link = g_build_filename(openssl_directory, "link",
						 NULL);
	g_autofree char *file = openssl_copy("keys/x25519.pem");
	g_autofree char *below = g_build_filename(file, "key.pem", NULL);
	g_autofree char *missing = g_build_filename(openssl_directory,
						    "no-such.pem", NULL);

	g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
	g_assert_cmpint(symlink(file, link), ==, 0);
	openssl_assert_refused(fifo, NULL, ECRYPTFS_ERROR_UNUSABLE, fifo);
	openssl_assert_refused(openssl_directory, NULL,
			       ECRYPTFS_ERROR_UNUSABLE, openssl_directory);
	openssl_assert_refused("/dev/zero", NULL, ECRYPTFS_ERROR_UNUSABLE,
			       "/dev/zero");
	openssl_assert_refused(link, NULL, ECRYPTFS_ERROR_PERMISSION, link);
	openssl_assert_refused(missing, NULL, ECRYPTFS_ERROR_ABSENT, missing);
	openssl_assert_refused(below, NULL, ECRYPTFS_ERROR_ABSENT, below);
	openssl_assert_refused("key.pem", NULL, ECRYPTFS_ERROR_USAGE,
			       "key.pem");
	openssl_assert_refused("", NULL, ECRYPTFS_ERROR_USAGE, "absolute");
	openssl_assert_refused(NULL, NULL, ECRYPTFS_ERROR_USAGE, "absolute");
}

static void test_modes(void)
{
	static const mode_t unsafe[] = { 0644, 0640, 0604, 0620, 0602, 0601,
					 0777 };
	g_autofree char *file = openssl_copy("keys/x25519.pem");

	for (size_t i = 0; i < G_N_ELEMENTS(unsafe); i++) {
		g_assert_cmpint(chmod(file, unsafe[i]), ==, 0);
		openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_PERMISSION,
				       "chmod 600");
	}
	g_assert_cmpint(chmod(file, 0400), ==, 0);
	openssl_module->key_close(openssl_open(file, NULL, NULL));
	g_assert_cmpint(chmod(file, 0600), ==, 0);
	if (geteuid() != 0)
		return;
	g_assert_cmpint(chown(file, OTHER_UID, (gid_t)-1), ==, 0);
	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_PERMISSION,
			       "another user");
	g_assert_cmpint(unlink(file), ==, 0);
}

/* The key of @private_vector with @swap in the place of its public half. */
static void assert_mixed_refused(const char *private_vector, OSSL_PARAM *swap)
{
	g_autoptr(EVP_PKEY) private = read_pem(private_vector);
	g_autoptr(EVP_PKEY) mixed = NULL;
	g_autoptr(EVP_PKEY_CTX) ctx = NULL;
	g_autoptr(BIO) bio = BIO_new(BIO_s_mem());
	g_autofree char *file = NULL;
	OSSL_PARAM *all, *merged;
	char *pem;
	long len;

	g_assert_cmpint(EVP_PKEY_todata(private, EVP_PKEY_KEYPAIR, &all), ==,
			1);
	merged = OSSL_PARAM_merge(all, swap);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, private, NULL);
	g_assert_cmpint(EVP_PKEY_fromdata_init(ctx), ==, 1);
	g_assert_cmpint(EVP_PKEY_fromdata(ctx, &mixed, EVP_PKEY_KEYPAIR,
					  merged), ==, 1);
	g_assert_cmpint(PEM_write_bio_PrivateKey(bio, mixed, NULL, NULL, 0,
						 NULL, NULL), ==, 1);
	len = BIO_get_mem_data(bio, &pem);
	file = fixture_write(openssl_directory, "mixed.pem", pem, (size_t)len,
			     0600);
	openssl_assert_refused(file, NULL, ECRYPTFS_ERROR_UNUSABLE,
			       "damaged");
	OSSL_PARAM_free(merged);
	OSSL_PARAM_free(all);
}

static void test_mixed_halves(void)
{
	g_autoptr(EVP_PKEY) rsa = read_pem("keys/rsa-2048.pem");
	g_autoptr(EVP_PKEY) ec = EVP_EC_gen("P-256");
	g_autoptr(BIGNUM) n = NULL;
	uint8_t number[256], point[65];
	OSSL_PARAM swap[2] = { OSSL_PARAM_END, OSSL_PARAM_END };
	size_t len;

	g_assert_cmpint(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n),
			==, 1);
	g_assert_cmpint(BN_bn2nativepad(n, number, sizeof(number)), ==, 256);
	swap[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, number,
					  sizeof(number));
	assert_mixed_refused("keys/other-rsa-2048.pem", swap);

	g_assert_cmpint(EVP_PKEY_get_octet_string_param(
				ec, OSSL_PKEY_PARAM_PUB_KEY, point,
				sizeof(point), &len), ==, 1);
	swap[0] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
						    point, len);
	assert_mixed_refused("keys/p-256.pem", swap);
}

/* Weak keys open, so that old files do, and it is said. */
static void test_weak(void)
{
	g_autofree char *weak = openssl_copy("keys/rsa-1024.pem");
	g_autofree char *strong = openssl_copy("keys/rsa-2048.pem");

	openssl_n_warnings = 0;
	openssl_module->key_close(openssl_open(strong, NULL, NULL));
	openssl_module->key_close(openssl_open(strong, NULL, "rsa-2048"));
	g_assert_cmpint(openssl_n_warnings, ==, 0);
	openssl_module->key_close(openssl_open(weak, NULL, NULL));
	openssl_module->key_close(openssl_open(weak, NULL, "rsa-1024"));
	g_assert_cmpint(openssl_n_warnings, ==, 2);
}

int main(int argc, char **argv)
{
	openssl_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
		g_autofree char *path = g_strdup_printf(
			"/openssl-files/form/%s%s", forms[i].vector,
			forms[i].passphrase ? "-passphrase" : "");

		g_test_add_data_func(path, &forms[i], test_form);
	}
	g_test_add_data_func("/openssl-files/passphrases/traditional",
			     "wrapped/rsa-2048.encrypted.pem",
			     test_passphrases);
	g_test_add_data_func("/openssl-files/passphrases/pkcs8",
			     "wrapped/rsa-2048.pkcs8-encrypted.pem",
			     test_passphrases);
	g_test_add_func("/openssl-files/refused/kinds", test_kinds);
	g_test_add_func("/openssl-files/refused/rounds", test_rounds);
	g_test_add_func("/openssl-files/refused/rounds-of-schemes",
			test_rounds_of_schemes);
	g_test_add_func("/openssl-files/refused/rounds-of-second",
			test_rounds_of_second);
	g_test_add_func("/openssl-files/old-scheme", test_old_scheme);
	g_test_add_func("/openssl-files/never-asks", test_never_asks);
	g_test_add_func("/openssl-files/refused/content", test_content);
	g_test_add_func("/openssl-files/refused/public-only",
			test_public_only);
	g_test_add_func("/openssl-files/refused/truncated", test_truncated);
	g_test_add_func("/openssl-files/refused/damaged", test_damaged);
	g_test_add_func("/openssl-files/refused/size", test_size);
	g_test_add_func("/openssl-files/refused/not-a-file", test_not_a_file);
	g_test_add_func("/openssl-files/refused/modes", test_modes);
	g_test_add_func("/openssl-files/refused/mixed-halves",
			test_mixed_halves);
	g_test_add_func("/openssl-files/weak", test_weak);
	return openssl_run();
}
