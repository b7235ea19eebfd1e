/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person waits for on a real mount: creates and cold opens through
 * kernel, daemon and module, beside the bare RSA operations of libcrypto,
 * interleaved in one run. Needs root (it drops the inode cache), a mount and
 * the key file of its only recipient. tests/bench/in-guest.sh calls it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define FILES 120
#define OPENERS 4
#define FEK_PACKET 35

struct bare {
	EVP_PKEY *pkey;
	uint8_t wrapped[512];
	size_t wrapped_len;
};

static void G_GNUC_NORETURN die(const char *what)
{
	fprintf(stderr, "file-bench: %s: %s\n", what, g_strerror(errno));
	exit(1);
}

static EVP_PKEY_CTX *context(EVP_PKEY *pkey, int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	if (!ctx || init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) != 1)
		die("libcrypto");
	return ctx;
}

static double usec_since(int64_t start)
{
	return (double)(g_get_monotonic_time() - start);
}

static double bare_public(struct bare *bare)
{
	const uint8_t packet[FEK_PACKET] = { 9 };
	int64_t start = g_get_monotonic_time();
	EVP_PKEY_CTX *ctx = context(bare->pkey, EVP_PKEY_encrypt_init);

	bare->wrapped_len = sizeof(bare->wrapped);
	if (EVP_PKEY_encrypt(ctx, bare->wrapped, &bare->wrapped_len, packet,
			     sizeof(packet)) != 1)
		die("EVP_PKEY_encrypt");
	EVP_PKEY_CTX_free(ctx);
	return usec_since(start);
}

static double bare_private(const struct bare *bare)
{
	uint8_t packet[512];
	size_t packet_len = sizeof(packet);
	int64_t start = g_get_monotonic_time();
	EVP_PKEY_CTX *ctx = context(bare->pkey, EVP_PKEY_decrypt_init);

	if (EVP_PKEY_decrypt(ctx, packet, &packet_len, bare->wrapped,
			     bare->wrapped_len) != 1)
		die("EVP_PKEY_decrypt");
	EVP_PKEY_CTX_free(ctx);
	return usec_since(start);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t n_values)
{
	qsort(values, n_values, sizeof(*values), compare);
	return values[n_values / 2];
}

static char *file_name(const char *dir, size_t i)
{
	return g_strdup_printf("%s/file-%zu", dir, i);
}

static double create(const char *dir, size_t i)
{
	g_autofree char *name = file_name(dir, i);
	int64_t start = g_get_monotonic_time();
	int fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	double usec = usec_since(start);

	if (fd < 0)
		die(name);
	if (write(fd, "x", 1) != 1 || close(fd) != 0)
		die(name);
	return usec;
}

static double open_cold(const char *dir, size_t i)
{
	g_autofree char *name = file_name(dir, i);
	int64_t start = g_get_monotonic_time();
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	double usec = usec_since(start);

	if (fd < 0)
		die(name);
	close(fd);
	return usec;
}

/* An inode that still has pages stays, so those go too. */
static void drop_caches(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	sync();
	if (fd < 0 || write(fd, "3", 1) != 1)
		die("drop_caches");
	close(fd);
}

struct share {
	const char *dir;
	struct bare *bare;
	size_t first;
	size_t step;
	size_t count;
};

static void *open_share(void *data)
{
	const struct share *share = data;

	for (size_t i = share->first; i < share->count; i += share->step)
		open_cold(share->dir, i);
	return NULL;
}

static void *bare_share(void *data)
{
	const struct share *share = data;

	for (size_t i = share->first; i < share->count; i += share->step)
		bare_private(share->bare);
	return NULL;
}

/* Wall time per operation of FILES operations on @n_threads threads. */
static double side_by_side(GThreadFunc func, const char *dir,
			   struct bare *bare, size_t n_threads)
{
	struct share shares[OPENERS];
	GThread *threads[OPENERS];
	int64_t start = g_get_monotonic_time();

	for (size_t i = 0; i < n_threads; i++) {
		shares[i] = (struct share){ dir, bare, i, n_threads, FILES };
		threads[i] = g_thread_new("share", func, &shares[i]);
	}
	for (size_t i = 0; i < n_threads; i++)
		g_thread_join(threads[i]);
	return usec_since(start) / FILES;
}

static bool report(const char *what, double usec, const char *rule,
		   double limit)
{
	bool good = usec <= limit;

	printf("%-34s %8.3f ms  %-44s %8.3f ms  %s\n", what, usec / 1000, rule,
	       limit / 1000, good ? "PASS" : "FAIL");
	return good;
}

static bool measure(const char *dir, struct bare *bare)
{
	double created[FILES], opened[FILES], public[FILES], private[FILES];
	double together[3], two_threads[3];
	bool good = true;

	for (size_t i = 0; i < FILES; i++) {
		public[i] = bare_public(bare);
		created[i] = create(dir, i);
	}
	drop_caches();
	for (size_t i = 0; i < FILES; i++) {
		private[i] = bare_private(bare);
		opened[i] = open_cold(dir, i);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(together); i++) {
		drop_caches();
		together[i] = side_by_side(open_share, dir, bare, OPENERS);
		two_threads[i] = side_by_side(bare_share, dir, bare, 2);
	}
	good &= report("create", median(created, FILES),
		       "bare public operation + 1.5 ms",
		       median(public, FILES) + 1500);
	good &= report("cold open", median(opened, FILES),
		       "1.2 x bare private operation + 1 ms",
		       1.2 * median(private, FILES) + 1000);
	good &= report("four openers, per file", median(together, 3),
		       "1.2 x bare private, two threads + 1 ms",
		       1.2 * median(two_threads, 3) + 1000);
	printf("bare public %.3f ms, bare private %.3f ms, on two threads "
	       "%.3f ms\n", median(public, FILES) / 1000,
	       median(private, FILES) / 1000, median(two_threads, 3) / 1000);
	return good;
}

int main(int argc, char **argv)
{
	struct bare bare = { 0 };
	FILE *pem;

	if (argc != 3) {
		fprintf(stderr, "Usage: file-bench DIRECTORY KEY.pem\n");
		return 64;
	}
	pem = fopen(argv[2], "re");
	if (!pem)
		die(argv[2]);
	bare.pkey = PEM_read_PrivateKey(pem, NULL, NULL, NULL);
	fclose(pem);
	if (!bare.pkey)
		die("no private key");
	bare_public(&bare);
	return measure(argv[1], &bare) ? 0 : 1;
}
