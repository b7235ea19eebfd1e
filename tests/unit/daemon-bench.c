/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the daemon's parts together without a kernel. */
#include "tests/unit/daemon-bench.h"

#include <string.h>
#include <unistd.h>

#include "libecryptfs/auth-tok.h"
#include "tests/unit/fixture.h"

#define PATIENCE_USEC (10 * G_USEC_PER_SEC)

const uint8_t daemon_bench_fek_packet[19] = {
	0x07, 0x5f, 0x8f, 0xa8, 0x7e, 0xf5, 0x60, 0x1b, 0x66, 0xd0,
	0xa4, 0xe0, 0x54, 0xa0, 0x60, 0x64, 0x40, 0x08, 0x36,
};

static EcryptfsSecret *find_auth_tok(void *data, const char *sig,
				     GError **error)
{
	struct daemon_bench *bench = data;
	EcryptfsSecret *payload = NULL;
	GBytes *bytes;

	g_mutex_lock(&bench->lock);
	bytes = g_hash_table_lookup(bench->auth_toks, sig);
	if (bytes)
		payload = ecryptfs_secret_new_from(
			g_bytes_get_data(bytes, NULL),
			g_bytes_get_size(bytes));
	g_mutex_unlock(&bench->lock);
	if (!payload)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY,
			    "no auth tok of signature %s in the table", sig);
	return payload;
}

static void free_bytes(void *data)
{
	g_bytes_unref(data);
}

struct daemon_bench *daemon_bench_new(void)
{
	struct daemon_bench *bench = g_new0(struct daemon_bench, 1);
	g_autofree char *modules = NULL;

	bench->directory = fixture_directory_new();
	modules = g_build_filename(bench->directory, "modules", NULL);
	bench->keys_dir = g_build_filename(bench->directory, "keys", NULL);
	g_assert_cmpint(g_mkdir_with_parents(modules, 0700), ==, 0);
	g_assert_cmpint(g_mkdir_with_parents(bench->keys_dir, 0700), ==, 0);
	fixture_install_module(modules, "tests/pki", "fake");
	fixture_install_module(modules, "tests/pki", "fake-per-key");
	fixture_install_module(modules, "tests/pki", "fake-per-module");
	bench->modules = ecryptfs_pki_list_load(modules, fixture_refused, NULL);
	g_assert_cmpuint(ecryptfs_pki_list_len(bench->modules), ==, 3);
	bench->keys = ecryptfs_key_store_new(bench->modules, bench->keys_dir);
	g_mutex_init(&bench->lock);
	bench->auth_toks = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, free_bytes);
	bench->loopback = loopback_new();
	bench->config = (struct dispatch_config){
		.responder = { { find_auth_tok, bench }, bench->keys },
		.modules = bench->modules,
		.stats = stats_new(),
		.late = late_replies_new(),
		.wait_usec = 60 * G_USEC_PER_SEC,
	};
	return bench;
}

void daemon_bench_free(struct daemon_bench *bench)
{
	if (!bench)
		return;
	if (bench->dispatch)
		dispatch_stop(bench->dispatch, PATIENCE_USEC);
	dispatch_free(bench->dispatch);
	stats_free(bench->config.stats);
	late_replies_free(bench->config.late);
	loopback_free(bench->loopback);
	ecryptfs_key_store_free(bench->keys);
	ecryptfs_pki_list_free(bench->modules);
	g_hash_table_unref(bench->auth_toks);
	g_mutex_clear(&bench->lock);
	g_free(bench->keys_dir);
	fixture_directory_free(bench->directory);
	g_free(bench);
}

char *daemon_bench_add_key(struct daemon_bench *bench, const char *name,
			   const char *pki_name, const char *key,
			   const char *const *params)
{
	g_autoptr(EcryptfsRegistration) reg = fixture_register(
		bench->keys_dir, name, pki_name, key, params);
	char *sig = g_strdup(ecryptfs_registration_sig(reg));
	GError *error = NULL;
	GBytes *payload;

	payload = ecryptfs_auth_tok_to_payload(sig, pki_name, name, &error);
	g_assert_no_error(error);
	g_mutex_lock(&bench->lock);
	g_hash_table_replace(bench->auth_toks, g_strdup(sig), payload);
	g_mutex_unlock(&bench->lock);
	return sig;
}

void daemon_bench_remove_auth_tok(struct daemon_bench *bench, const char *sig)
{
	g_mutex_lock(&bench->lock);
	g_assert_true(g_hash_table_remove(bench->auth_toks, sig));
	g_mutex_unlock(&bench->lock);
}

void daemon_bench_start(struct daemon_bench *bench)
{
	GError *error = NULL;

	ecryptfs_key_store_reload(bench->keys, fixture_refused, NULL);
	bench->dispatch = dispatch_new(&bench->config, &error);
	g_assert_no_error(error);
	dispatch_route(bench->dispatch);
}

char *daemon_bench_gate(struct daemon_bench *bench, const char *name)
{
	return g_build_filename(bench->directory, name, NULL);
}

void daemon_bench_open_gate(const char *gate)
{
	g_assert_true(g_file_set_contents(gate, "", 0, NULL));
}

void daemon_bench_close_gate(const char *gate)
{
	g_assert_cmpint(unlink(gate), ==, 0);
}

void daemon_bench_send(struct daemon_bench *bench, uint32_t counter,
		       const void *packet, size_t packet_len)
{
	const struct transport_id id = { .counter = counter,
					 .index = counter % 32 };

	dispatch_request(bench->dispatch, loopback_transport(bench->loopback),
			 &id, packet, packet_len, g_get_monotonic_time());
}

EcryptfsSecret *daemon_bench_request(enum ecryptfs_tag tag, const char *sig,
				     const void *body, size_t body_len)
{
	EcryptfsSecret *packet = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);

	g_assert_true(ecryptfs_packet_write_request(tag, sig, body, body_len,
						    packet));
	return packet;
}

void daemon_bench_send_request(struct daemon_bench *bench, uint32_t counter,
			       const EcryptfsSecret *packet)
{
	daemon_bench_send(bench, counter, ecryptfs_secret_data(packet),
			  ecryptfs_secret_len(packet));
}

EcryptfsSecret *daemon_bench_wrap(struct daemon_bench *bench, const char *sig)
{
	g_autoptr(EcryptfsSecret) packet = daemon_bench_request(
		ECRYPTFS_TAG_66, sig, daemon_bench_fek_packet,
		sizeof(daemon_bench_fek_packet));
	EcryptfsSecret *request;
	struct loopback_answer *answer;
	const uint8_t *body;
	size_t body_len;

	daemon_bench_send_request(bench, 0, packet);
	answer = loopback_wait(bench->loopback);
	g_assert_no_error(answer->why);
	g_assert_true(ecryptfs_packet_parse_reply(
		ecryptfs_secret_data(answer->packet),
		ecryptfs_secret_len(answer->packet), ECRYPTFS_TAG_67, &body,
		&body_len));
	request = daemon_bench_request(ECRYPTFS_TAG_64, sig, body, body_len);
	loopback_answer_free(answer);
	return request;
}

void daemon_bench_assert_opened(struct daemon_bench *bench, uint32_t counter)
{
	struct loopback_answer *answer = loopback_wait(bench->loopback);
	const uint8_t *body;
	size_t body_len;

	g_assert_no_error(answer->why);
	g_assert_cmpuint(answer->id.counter, ==, counter);
	g_assert_cmpuint(answer->id.index, ==, counter % 32);
	g_assert_true(ecryptfs_packet_parse_reply(
		ecryptfs_secret_data(answer->packet),
		ecryptfs_secret_len(answer->packet), ECRYPTFS_TAG_65, &body,
		&body_len));
	g_assert_cmpmem(body, body_len, daemon_bench_fek_packet,
			sizeof(daemon_bench_fek_packet));
	loopback_answer_free(answer);
}

void daemon_bench_assert_refused(struct daemon_bench *bench, uint32_t counter,
				 enum ecryptfs_tag tag,
				 enum ecryptfs_error code)
{
	struct loopback_answer *answer = loopback_wait(bench->loopback);
	const uint8_t failure[] = { (uint8_t)(tag + 1),
				    ECRYPTFS_STATUS_FAILED, 0, 0 };

	g_assert_cmpuint(answer->id.counter, ==, counter);
	g_assert_cmpmem(ecryptfs_secret_data(answer->packet),
			ecryptfs_secret_len(answer->packet), failure,
			sizeof(failure));
	fixture_assert_error(&answer->why, code, NULL);
	loopback_answer_free(answer);
}

void daemon_bench_until(bool (*condition)(void *data), void *data)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_USEC;

	while (!condition(data)) {
		g_assert_cmpint(g_get_monotonic_time(), <, limit);
		g_usleep(1000);
	}
}

void daemon_bench_until_depth(struct daemon_bench *bench, unsigned int depth)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_USEC;

	while (dispatch_depth(bench->dispatch) != depth) {
		g_assert_cmpint(g_get_monotonic_time(), <, limit);
		g_usleep(1000);
	}
}
