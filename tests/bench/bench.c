/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "make bench": what respond() costs beside the bare primitive, always as a
 * ratio of medians from one run in which the two alternate, and how much
 * memory an idle ecryptfsd takes. Real keyring, real module, RSA-2048.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <keyutils.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "libecryptfs/auth-tok.h"
#include "libecryptfs/control-protocol.h"
#include "libecryptfs/respond.h"
#include "tests/unit/fixture.h"

#define KEY "rsa-2048"
#define PAIRS 400
#define GAIN_ROUNDS 21
#define GAIN_OPERATIONS 150
#define START_SECONDS 10

static struct {
	char *modules_dir;
	char *keys_dir;
	EcryptfsPkiList *modules;
	struct ecryptfs_responder responder;
	EVP_PKEY *pkey;
	uint8_t packet_64[ECRYPTFS_MAX_PACKET_BYTES];
	size_t packet_64_len;
	uint8_t packet_66[ECRYPTFS_MAX_PACKET_BYTES];
	size_t packet_66_len;
	uint8_t wrapped[256];
	int failed;
} bench;

static const uint8_t fek_packet[19] = { 0x07, 0x5f, 0x8f, 0xa8, 0x7e,
					0xf5, 0x60, 0x1b, 0x66, 0xa4,
					0xd0, 0xe0, 0x54, 0xa0, 0x60,
					0x64, 0x40, 0x08, 0x36 };

/* A row of the table. @at_least: the figure must not be smaller. */
static void report(const char *what, double figure, bool at_least,
		   double target, const char *unit)
{
	bool good = at_least ? figure >= target : figure <= target;

	printf("%-44s %8.3f %s %6.2f%-4s %s\n", what, figure,
	       at_least ? ">=" : "<=", target, unit, good ? "PASS" : "FAIL");
	fflush(stdout);
	bench.failed += !good;
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

/* ---- the two sides */

static void respond_once(const uint8_t *packet, size_t packet_len)
{
	g_autoptr(EcryptfsSecret) reply =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	GError *error = NULL;

	if (ecryptfs_respond(&bench.responder, packet, packet_len, reply,
			     &error) != ECRYPTFS_OUTCOME_ANSWERED)
		g_error("respond: %s", error->message);
}

static void respond_unwrap(void *context)
{
	(void)context;
	respond_once(bench.packet_64, bench.packet_64_len);
}

static void respond_wrap(void *context)
{
	(void)context;
	respond_once(bench.packet_66, bench.packet_66_len);
}

/* Made once and used again: nothing but the primitive is measured. */
static EVP_PKEY_CTX *context_new(int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, bench.pkey, NULL);

	if (!ctx || init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) != 1 ||
	    EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) != 1 ||
	    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) != 1)
		g_error("libcrypto");
	return ctx;
}

static void bare_decrypt(void *context)
{
	uint8_t plain[256];
	size_t plain_len = sizeof(plain);

	if (EVP_PKEY_decrypt(context, plain, &plain_len, bench.wrapped,
			     sizeof(bench.wrapped)) != 1)
		g_error("EVP_PKEY_decrypt");
}

static void bare_encrypt(void *context)
{
	uint8_t wrapped[256];
	size_t wrapped_len = sizeof(wrapped);

	if (EVP_PKEY_encrypt(context, wrapped, &wrapped_len, fek_packet,
			     sizeof(fek_packet)) != 1)
		g_error("EVP_PKEY_encrypt");
}

/* ---- one beside the other */

static double usec_of(void (*operation)(void *), void *context)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	operation(context);
	clock_gettime(CLOCK_MONOTONIC, &to);
	return (double)(to.tv_sec - from.tv_sec) * 1e6 +
	       (double)(to.tv_nsec - from.tv_nsec) / 1e3;
}

static void compare_pair(const char *what, void (*ours)(void *),
			 void (*bare)(void *), int (*init)(EVP_PKEY_CTX *),
			 double target)
{
	EVP_PKEY_CTX *ctx = context_new(init);
	double our_usec[PAIRS], bare_usec[PAIRS];
	double our_median, bare_median;
	g_autofree char *row = NULL;

	for (size_t i = 0; i < PAIRS; i++) {
		bare_usec[i] = usec_of(bare, ctx);
		our_usec[i] = usec_of(ours, NULL);
	}
	our_median = median(our_usec, PAIRS);
	bare_median = median(bare_usec, PAIRS);
	row = g_strdup_printf("%s (%.1f / %.1f us)", what, our_median,
			      bare_median);
	report(row, our_median / bare_median, false, target, "x");
	EVP_PKEY_CTX_free(ctx);
}

/* ---- what two threads gain */

static void *many_responds(void *data)
{
	(void)data;
	for (size_t i = 0; i < GAIN_OPERATIONS; i++)
		respond_unwrap(NULL);
	return NULL;
}

static void *many_decrypts(void *data)
{
	EVP_PKEY_CTX *ctx = context_new(EVP_PKEY_decrypt_init);

	(void)data;
	for (size_t i = 0; i < GAIN_OPERATIONS; i++)
		bare_decrypt(ctx);
	EVP_PKEY_CTX_free(ctx);
	return NULL;
}

static double usec_on_threads(void *(*func)(void *), size_t n_threads)
{
	GThread *threads[2];
	int64_t start = g_get_monotonic_time();

	for (size_t i = 0; i < n_threads; i++)
		threads[i] = g_thread_new("bench", func, NULL);
	for (size_t i = 0; i < n_threads; i++)
		g_thread_join(threads[i]);
	return (double)(g_get_monotonic_time() - start);
}

static double gain(void *(*func)(void *))
{
	double one = usec_on_threads(func, 1);

	return 2 * one / usec_on_threads(func, 2);
}

static void compare_gains(void)
{
	double ours[GAIN_ROUNDS], bare[GAIN_ROUNDS], ratios[GAIN_ROUNDS];
	g_autofree char *row = NULL;

	if (g_get_num_processors() < 2) {
		puts("unwrap on two threads: SKIP, there is one processor");
		return;
	}
	for (size_t i = 0; i < GAIN_ROUNDS; i++) {
		bare[i] = gain(many_decrypts);
		ours[i] = gain(many_responds);
		ratios[i] = ours[i] / bare[i];
	}
	row = g_strdup_printf("unwrap, gain of two threads (%.2f / %.2f)",
			      median(ours, GAIN_ROUNDS),
			      median(bare, GAIN_ROUNDS));
	/* Round by round, because others take a processor for a while. */
	report(row, median(ratios, GAIN_ROUNDS), true, 0.95, "x");
}

/* ---- the idle daemon */

static double resident_mib(GPid pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
	g_autofree char *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		g_error("cannot read %s", path);
	line = strstr(text, "VmRSS:");
	return line ? g_ascii_strtod(line + strlen("VmRSS:"), NULL) / 1024 : 0;
}

static bool wait_for_daemon(void)
{
	for (int i = 0; i < START_SECONDS * 20; i++) {
		g_autofree char *text = ecryptfs_control_call(
			ECRYPTFS_CONTROL_STATUS, NULL, NULL, NULL);

		if (text)
			return true;
		g_usleep(G_USEC_PER_SEC / 20);
	}
	return false;
}

static void measure_daemon(void)
{
	g_autofree char *program = g_test_build_filename(
		G_TEST_BUILT, "daemon", "ecryptfsd", NULL);
	g_autofree char *modules =
		g_strdup_printf("--module-dir=%s", bench.modules_dir);
	g_autofree char *keys = g_strdup_printf("--keys-dir=%s",
						bench.keys_dir);
	char device[] = "--device=/nonexistent";
	char *argv[] = { program, device, modules, keys, NULL };
	GError *error = NULL;
	GPid pid;

	g_setenv("XDG_RUNTIME_DIR", bench.keys_dir, TRUE);
	if (!g_spawn_async(NULL, argv, NULL,
			   G_SPAWN_DO_NOT_REAP_CHILD |
				   G_SPAWN_STDOUT_TO_DEV_NULL |
				   G_SPAWN_STDERR_TO_DEV_NULL,
			   NULL, NULL, &pid, &error))
		g_error("%s: %s", program, error->message);
	if (wait_for_daemon()) {
		report("ecryptfsd idle, resident", resident_mib(pid), false,
		       10, "MiB");
	} else {
		puts("ecryptfsd idle, resident: it did not start: FAIL");
		bench.failed++;
	}
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* ---- what all of them need */

static void read_private_key(const char *path)
{
	FILE *file = fopen(path, "r");

	if (file)
		bench.pkey = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	if (!bench.pkey)
		g_error("cannot read %s", path);
	fclose(file);
}

static void add_auth_tok(const char *sig)
{
	g_autoptr(GBytes) payload =
		ecryptfs_auth_tok_to_payload(sig, "openssl", "bench", NULL);
	GError *error = NULL;

	if (keyctl_join_session_keyring(NULL) < 0 ||
	    !ecryptfs_keyring_add(ECRYPTFS_KEYRING_SESSION, sig, payload, NULL,
				  &error))
		g_error("no keyring here: %s", error ? error->message : sig);
}

static void make_packets(const char *sig)
{
	g_autoptr(EcryptfsSecret) packet =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	g_autoptr(EcryptfsSecret) reply =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	const uint8_t *body = NULL;
	size_t body_len = 0;

	ecryptfs_packet_write_request(ECRYPTFS_TAG_66, sig, fek_packet,
				      sizeof(fek_packet), packet);
	bench.packet_66_len = ecryptfs_secret_len(packet);
	memcpy(bench.packet_66, ecryptfs_secret_data(packet),
	       bench.packet_66_len);
	ecryptfs_respond(&bench.responder, bench.packet_66,
			 bench.packet_66_len, reply, NULL);
	ecryptfs_packet_parse_reply(ecryptfs_secret_data(reply),
				    ecryptfs_secret_len(reply),
				    ECRYPTFS_TAG_67, &body, &body_len);
	/* Header of the envelope, then the very block for the bare side */
	g_assert_cmpuint(body_len, ==, 8 + sizeof(bench.wrapped));
	memcpy(bench.wrapped, body + 8, sizeof(bench.wrapped));
	ecryptfs_packet_write_request(ECRYPTFS_TAG_64, sig, body, body_len,
				      packet);
	bench.packet_64_len = ecryptfs_secret_len(packet);
	memcpy(bench.packet_64, ecryptfs_secret_data(packet),
	       bench.packet_64_len);
}

static void set_up(void)
{
	g_autoptr(EcryptfsRegistration) reg = NULL;
	g_autofree char *file = NULL;

	ecryptfs_secret_pool_init();
	bench.modules_dir = fixture_directory_new();
	bench.keys_dir = fixture_directory_new();
	fixture_install_module(bench.modules_dir, "pki-modules", "openssl");
	file = fixture_key_file(bench.keys_dir, KEY);
	read_private_key(file);
	reg = fixture_register(bench.keys_dir, "bench", "openssl", KEY,
			       (const char *const[]){ "file", file, NULL });
	bench.modules = ecryptfs_pki_list_load(bench.modules_dir,
					       fixture_refused, NULL);
	bench.responder = (struct ecryptfs_responder){
		.keyring = ecryptfs_keyring_of_process(),
		.keys = ecryptfs_key_store_new(bench.modules, bench.keys_dir),
	};
	ecryptfs_key_store_reload(bench.responder.keys, fixture_refused, NULL);
	add_auth_tok(ecryptfs_registration_sig(reg));
	make_packets(ecryptfs_registration_sig(reg));
}

static void tear_down(void)
{
	EVP_PKEY_free(bench.pkey);
	ecryptfs_key_store_free(bench.responder.keys);
	ecryptfs_pki_list_free(bench.modules);
	fixture_directory_free(bench.keys_dir);
	fixture_directory_free(bench.modules_dir);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	set_up();
	printf("%-44s %8s    %-10s\n", "RSA-2048, medians", "figure",
	       "target");
	compare_pair("unwrap: respond / EVP_PKEY_decrypt", respond_unwrap,
		     bare_decrypt, EVP_PKEY_decrypt_init, 1.05);
	compare_pair("wrap: respond / EVP_PKEY_encrypt", respond_wrap,
		     bare_encrypt, EVP_PKEY_encrypt_init, 2.0);
	compare_gains();
	measure_daemon();
	tear_down();
	return bench.failed > 0;
}
