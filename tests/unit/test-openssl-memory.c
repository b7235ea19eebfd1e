/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stays of a private key and of a passphrase in the memory of the
 * process: nothing after lock. The test looks at every page that it has
 * itself, as a core file or a debugger would.
 */
#include "libecryptfs/ecryptfs-pki-module.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "config.h"
#include "libecryptfs/crypto-cleanup.h"
#include "tests/unit/fixture.h"
#include "tests/unit/openssl-fixture.h"

#define NEEDLE_BYTES 16
#define N_NEEDLES 8
#define PASSPHRASE "not a word of this may stay"

/* Kept as their complements, so as not to be found here. */
struct needle {
	uint8_t bytes[NEEDLE_BYTES];
};

struct haystack {
	struct needle needles[N_NEEDLES];
	size_t n_needles;
	unsigned int n_found;
};

static void add_needle(struct haystack *hay, const uint8_t *bytes)
{
	struct needle *needle = &hay->needles[hay->n_needles++];

	g_assert_cmpuint(hay->n_needles, <=, N_NEEDLES);
	for (size_t i = 0; i < NEEDLE_BYTES; i++)
		needle->bytes[i] = bytes[i] ^ 0xff;
}

/* The number as DER has it, and as libcrypto's words lie in memory. */
static void add_number(struct haystack *hay, EVP_PKEY *pkey, const char *name)
{
	g_autoptr(BIGNUM) number = NULL;
	uint8_t big[512], little[512];
	int len;

	g_assert_cmpint(EVP_PKEY_get_bn_param(pkey, name, &number), ==, 1);
	len = BN_num_bytes(number);
	BN_bn2bin(number, big);
	BN_bn2lebinpad(number, little, len);
	add_needle(hay, big + len / 2);
	add_needle(hay, little + len / 2);
	OPENSSL_cleanse(big, sizeof(big));
	OPENSSL_cleanse(little, sizeof(little));
	BN_clear(number);
}

static bool is_needle(const struct needle *needle, const uint8_t *at)
{
	unsigned int same = 0;

	for (size_t i = 0; i < NEEDLE_BYTES; i++)
		same += (at[i] ^ needle->bytes[i]) == 0xff;
	return same == NEEDLE_BYTES;
}

static void search(struct haystack *hay, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < hay->n_needles; i++) {
		uint8_t first = hay->needles[i].bytes[0] ^ 0xff;
		const uint8_t *at = data;

		while ((size_t)(at - data) + NEEDLE_BYTES <= len &&
		       (at = memchr(at, first,
				    len - (size_t)(at - data) -
					    NEEDLE_BYTES + 1))) {
			if (is_needle(&hay->needles[i], at)) {
				g_test_message("needle %zu", i);
				hay->n_found++;
			}
			at++;
		}
	}
}

/* Every page that can be written, but for the stack of this function. */
static unsigned int count_found(struct haystack *hay)
{
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "re");
	size_t size = (size_t)1 << 20;
	/* Not from the heap, which is to be looked at as a whole. */
	uint8_t *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long from, to;
	char mode[5], line[512];

	g_assert_cmpint(mem, >=, 0);
	g_assert_nonnull(maps);
	g_assert_true(buffer != MAP_FAILED);
	hay->n_found = 0;
	while (fgets(line, sizeof(line), maps)) {
		g_assert_cmpint(sscanf(line, "%lx-%lx %4s", &from, &to, mode),
				==, 3);
		while (mode[1] == 'w' && from < to) {
			size_t want = MIN(size, to - from);
			ssize_t n = pread(mem, buffer, want, (off_t)from);

			if (n <= 0)
				break;
			/* Not the copy that was just made. */
			if ((uint8_t *)from + n <= buffer ||
			    (uint8_t *)from >= buffer + size)
				search(hay, buffer, (size_t)n);
			OPENSSL_cleanse(buffer, (size_t)n);
			from += (size_t)n;
		}
	}
	munmap(buffer, size);
	fclose(maps);
	close(mem);
	return hay->n_found;
}

static EVP_PKEY *parse(const char *vector)
{
	g_autoptr(GBytes) pem = fixture_vector(vector);
	g_autoptr(BIO) bio = BIO_new_mem_buf(g_bytes_get_data(pem, NULL),
					     (int)g_bytes_get_size(pem));
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	g_assert_nonnull(pkey);
	return pkey;
}

struct subject {
	const char *key;
	const char *numbers[4];
};

/* Without numbers: the private half is bytes. */
static const struct subject subjects[] = {
	{ "rsa-2048", { OSSL_PKEY_PARAM_RSA_D, OSSL_PKEY_PARAM_RSA_FACTOR1,
			OSSL_PKEY_PARAM_RSA_EXPONENT1, NULL } },
	{ "p-256", { OSSL_PKEY_PARAM_PRIV_KEY, NULL } },
	{ "x25519", { NULL } },
};

static void learn(const struct subject *subject, struct haystack *hay)
{
	g_autofree char *vector = g_strdup_printf("keys/%s.pem", subject->key);
	g_autoptr(EVP_PKEY) pkey = parse(vector);
	uint8_t text[] = PASSPHRASE, raw[32];
	size_t len = sizeof(raw);

	for (size_t i = 0; subject->numbers[i]; i++)
		add_number(hay, pkey, subject->numbers[i]);
	if (EVP_PKEY_get_raw_private_key(pkey, raw, &len) == 1)
		add_needle(hay, raw);
	OPENSSL_cleanse(raw, sizeof(raw));
	add_needle(hay, text);
	OPENSSL_cleanse(text, sizeof(text));
}

static char *encrypted_file(const char *key)
{
	g_autofree char *vector = g_strdup_printf("keys/%s.pem", key);
	char *file = openssl_copy(vector);
	void *handle = openssl_open(file, NULL, key);
	g_autoptr(EcryptfsSecret) fresh = openssl_secret(PASSPHRASE);
	GError *error = NULL;

	openssl_module->passwd(handle, NULL, fresh, &error);
	g_assert_no_error(error);
	openssl_module->key_close(handle);
	return file;
}

static void test_memory(const void *data)
{
	const struct subject *subject = data;
	struct haystack hay = { 0 };
	g_autofree char *file = encrypted_file(subject->key);
	g_autoptr(EcryptfsSecret) secret = NULL;
	GError *error = NULL;
	void *key;

#ifdef SANITIZED
	g_test_skip("the sanitizer's own memory is too much to look at");
	return;
#endif
	learn(subject, &hay);
	key = openssl_open(file, NULL, subject->key);
	secret = openssl_secret(PASSPHRASE);
	openssl_module->unlock(key, secret, &error);
	g_assert_no_error(error);
	g_clear_pointer(&secret, ecryptfs_secret_free);
	openssl_assert_works(key, subject->key);
	/* So that this test could fail: now it is there. */
	g_assert_cmpuint(count_found(&hay), >, 0);

	openssl_module->lock(key);
	g_assert_cmpuint(count_found(&hay), ==, 0);
	openssl_module->key_close(key);
}

int main(int argc, char **argv)
{
	openssl_init(&argc, &argv);
	for (size_t i = 0; i < G_N_ELEMENTS(subjects); i++) {
		g_autofree char *path = g_strconcat("/openssl-memory/",
						    subjects[i].key, NULL);

		g_test_add_data_func(path, &subjects[i], test_memory);
	}
	return openssl_run();
}
