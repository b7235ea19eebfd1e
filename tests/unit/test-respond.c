/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 3, what the program does: request packets in, reply packets out, with
 * a keyring that is a table and modules that do what they are told. Each
 * request lies before a page that cannot be read.
 */
#include "libecryptfs/respond.h"

#include <string.h>

#include "libecryptfs/auth-tok.h"
#include "tests/unit/fixture.h"

#define FEK_PACKET_HEX "075f8fa87ef5601b66a4d0e054a06064400836"

struct world {
	char *modules_dir;
	char *keys_dir;
	EcryptfsPkiList *modules;
	EcryptfsKeyStore *keys;
	struct fixture_keyring ring;
	struct ecryptfs_responder responder;
	char *sig;
	EcryptfsSecret *reply;
};

static void setup(struct world *world, const void *data)
{
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key("p-256");

	(void)data;
	world->modules_dir = fixture_directory_new();
	world->keys_dir = fixture_directory_new();
	fixture_install_module(world->modules_dir, "tests/pki", "fake");
	if (fixture_module_built("pki-modules", "openssl"))
		fixture_install_module(world->modules_dir, "pki-modules",
				       "openssl");
	world->modules = ecryptfs_pki_list_load(world->modules_dir,
						fixture_refused, NULL);
	world->keys = ecryptfs_key_store_new(world->modules, world->keys_dir);
	world->sig = g_strdup(ecryptfs_public_key_sig(public_key));
	world->ring = (struct fixture_keyring){ .sig = world->sig };
	world->ring.payload = ecryptfs_auth_tok_to_payload(
		world->sig, "fake", "home", NULL);
	world->responder = (struct ecryptfs_responder){
		.keyring = fixture_keyring_table(&world->ring),
		.keys = world->keys,
	};
	world->reply = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
}

static void teardown(struct world *world, const void *data)
{
	(void)data;
	ecryptfs_secret_free(world->reply);
	g_free(world->sig);
	g_clear_pointer(&world->ring.payload, g_bytes_unref);
	ecryptfs_key_store_free(world->keys);
	ecryptfs_pki_list_free(world->modules);
	fixture_directory_free(world->keys_dir);
	fixture_directory_free(world->modules_dir);
}

/* Registers @name for the P-256 test key; @params as "name=value" words */
static void add(struct world *world, const char *name, const char *params)
{
	g_auto(GStrv) words = g_strsplit_set(params, "= ", -1);

	ecryptfs_registration_unref(
		fixture_register(world->keys_dir, name, "fake", "p-256",
				 *params ? (const char *const *)words : NULL));
	ecryptfs_key_store_reload(world->keys, fixture_refused, NULL);
}

static enum ecryptfs_outcome respond(struct world *world, const void *packet,
				     size_t packet_len, GError **error)
{
	struct fixture_guard guard;
	enum ecryptfs_outcome outcome;

	fixture_guard_init(&guard, packet, packet_len);
	outcome = ecryptfs_respond(&world->responder, guard.data,
				   guard.data_len, world->reply, error);
	fixture_guard_clear(&guard);
	return outcome;
}

static EcryptfsSecret *request(enum ecryptfs_tag tag, const char *sig,
			       const void *body, size_t body_len)
{
	EcryptfsSecret *packet = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);

	g_assert_true(ecryptfs_packet_write_request(tag, sig, body, body_len,
						    packet));
	return packet;
}

static enum ecryptfs_outcome ask(struct world *world, enum ecryptfs_tag tag,
				 const void *body, size_t body_len,
				 GError **error)
{
	g_autoptr(EcryptfsSecret) packet =
		request(tag, world->sig, body, body_len);

	return respond(world, ecryptfs_secret_data(packet),
		       ecryptfs_secret_len(packet), error);
}

static enum ecryptfs_outcome ask_wrap(struct world *world, GError **error)
{
	size_t fek_len;
	g_autofree uint8_t *fek = fixture_from_hex(FEK_PACKET_HEX, &fek_len);

	return ask(world, ECRYPTFS_TAG_66, fek, fek_len, error);
}

/* (transfer full): what the reply of a good wrap carries */
static GBytes *wrapped(struct world *world)
{
	GError *error = NULL;
	const uint8_t *body;
	size_t body_len;

	g_assert_cmpint((int)ask_wrap(world, &error), ==,
			ECRYPTFS_OUTCOME_ANSWERED);
	g_assert_no_error(error);
	g_assert_true(ecryptfs_packet_parse_reply(
		ecryptfs_secret_data(world->reply),
		ecryptfs_secret_len(world->reply), ECRYPTFS_TAG_67, &body,
		&body_len));
	return g_bytes_new(body, body_len);
}

static enum ecryptfs_outcome ask_unwrap(struct world *world, GBytes *body,
					GError **error)
{
	return ask(world, ECRYPTFS_TAG_64, g_bytes_get_data(body, NULL),
		   g_bytes_get_size(body), error);
}

/* The four bytes that the kernel needs to read a failure, and no more */
static void assert_failure(struct world *world, enum ecryptfs_tag reply_tag)
{
	const uint8_t expected[] = { (uint8_t)reply_tag, 1, 0, 0 };

	g_assert_cmpmem(ecryptfs_secret_data(world->reply),
			ecryptfs_secret_len(world->reply), expected, 4);
}

static void assert_wrap_refused(struct world *world, enum ecryptfs_error code,
				const char *word)
{
	GError *error = NULL;

	g_assert_cmpint((int)ask_wrap(world, &error), ==,
			ECRYPTFS_OUTCOME_REFUSED);
	assert_failure(world, ECRYPTFS_TAG_67);
	g_assert_nonnull(strstr(error->message, world->sig));
	fixture_assert_error(&error, code, word);
}

static void assert_unwrap_refused(struct world *world, GBytes *body,
				  enum ecryptfs_error code, const char *word)
{
	GError *error = NULL;

	g_assert_cmpint((int)ask_unwrap(world, body, &error), ==,
			ECRYPTFS_OUTCOME_REFUSED);
	assert_failure(world, ECRYPTFS_TAG_65);
	g_assert_nonnull(strstr(error->message, world->sig));
	fixture_assert_error(&error, code, word);
}

static void assert_round_trip(struct world *world)
{
	g_autoptr(GBytes) body = wrapped(world);
	size_t fek_len, expected_len;
	g_autofree uint8_t *fek = fixture_from_hex(FEK_PACKET_HEX, &fek_len);
	g_autofree uint8_t *expected =
		fixture_from_hex("410013" FEK_PACKET_HEX, &expected_len);
	GError *error = NULL;

	g_assert_cmpint((int)ask_unwrap(world, body, &error), ==,
			ECRYPTFS_OUTCOME_ANSWERED);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(world->reply),
			ecryptfs_secret_len(world->reply), expected,
			expected_len);
}

static void test_round_trip(struct world *world, const void *data)
{
	(void)data;
	add(world, "home", "");
	assert_round_trip(world);
	g_assert_cmpint(world->ring.asked, ==, 2);
}

static void test_real_keys(struct world *world, const void *data)
{
	static const char *const names[] = { "rsa-2048", "rsa-3072",
					     "rsa-4096", "p-256",
					     "p-384",	 "x25519" };

	(void)data;
	if (!fixture_module_built("pki-modules", "openssl")) {
		g_test_skip("this build has no openssl module");
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file =
			fixture_key_file(world->keys_dir, names[i]);
		const char *const params[] = { "file", file, NULL };
		g_autoptr(EcryptfsRegistration) reg = fixture_register(
			world->keys_dir, "home", "openssl", names[i], params);

		ecryptfs_key_store_reload(world->keys, fixture_refused, NULL);
		g_free(world->sig);
		world->sig = g_strdup(ecryptfs_registration_sig(reg));
		world->ring.sig = world->sig;
		g_bytes_unref(world->ring.payload);
		world->ring.payload = ecryptfs_auth_tok_to_payload(
			world->sig, "openssl", "home", NULL);
		assert_round_trip(world);
	}
}

/* Every way in which the keyring says no, by its name, to both tags */
static void test_keyring_says_no(struct world *world, const void *data)
{
	static const enum ecryptfs_error codes[] = {
		ECRYPTFS_ERROR_NO_KEY, ECRYPTFS_ERROR_KEY_EXPIRED,
		ECRYPTFS_ERROR_KEY_REVOKED, ECRYPTFS_ERROR_PERMISSION,
		ECRYPTFS_ERROR_IO,
	};
	g_autoptr(GBytes) body = g_bytes_new_static("E", 1);

	(void)data;
	add(world, "home", "");
	g_clear_pointer(&world->ring.payload, g_bytes_unref);
	for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
		world->ring.failure = codes[i];
		assert_wrap_refused(world, codes[i], NULL);
		assert_unwrap_refused(world, body, codes[i], NULL);
	}
}

/* Auth toks that the kernel would take, but nobody should use */
static void test_bad_auth_toks(struct world *world, const void *data)
{
	static const struct {
		size_t offset;
		uint8_t value;
		size_t payload_len;
		const char *word;
	} rows[] = {
		{ 0, 4, 739, "740" },
		{ 0, 4, 0, "740" },
		{ 0, 3, 740, "version" },
		{ 2, 0, 740, "type" },
		{ 20, 1, 740, "encrypted_key" },
		{ 531, 1, 740, "encrypted_key" },
		{ 636, 'x', 740, "description" },
		{ 652, 'x', 740, "without an end" },
		{ 653, 'X', 740, "module" },
		{ 633, 0x7f, 740, "longer" },
		{ 670, 'X', 740, "not understood" },
	};
	g_autoptr(GBytes) good = g_bytes_ref(world->ring.payload);

	(void)data;
	add(world, "home", "");
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		uint8_t *payload = g_memdup2(g_bytes_get_data(good, NULL), 740);

		payload[rows[i].offset] = rows[i].value;
		g_bytes_unref(world->ring.payload);
		world->ring.payload =
			g_bytes_new_take(payload, rows[i].payload_len);
		assert_wrap_refused(world, ECRYPTFS_ERROR_BAD_AUTH_TOK,
				    rows[i].word);
	}
	g_bytes_unref(world->ring.payload);
	world->ring.payload = g_bytes_ref(good);
	assert_round_trip(world);
}

static void test_not_registered(struct world *world, const void *data)
{
	(void)data;
	ecryptfs_key_store_reload(world->keys, fixture_refused, NULL);
	assert_wrap_refused(world, ECRYPTFS_ERROR_NO_KEY, "home");
}

/* The keyring must not choose the module. */
static void test_other_module(struct world *world, const void *data)
{
	(void)data;
	add(world, "home", "");
	g_bytes_unref(world->ring.payload);
	world->ring.payload = ecryptfs_auth_tok_to_payload(world->sig, "gpg",
							   "home", NULL);
	assert_wrap_refused(world, ECRYPTFS_ERROR_BAD_AUTH_TOK, "gpg");
}

struct behaviour {
	const char *name;
	const char *params;
	enum ecryptfs_error wrap; /* NONE: it works */
	enum ecryptfs_error unwrap;
};

static const struct behaviour behaviours[] = {
	{ "absent", "unwrap=absent", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_ABSENT },
	{ "lockout", "unwrap=lockout", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_LOCKOUT },
	{ "policy", "unwrap=policy", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_POLICY },
	{ "busy", "unwrap=busy", ECRYPTFS_ERROR_NONE, ECRYPTFS_ERROR_BUSY },
	{ "locked", "pin=1234", ECRYPTFS_ERROR_NONE, ECRYPTFS_ERROR_LOCKED },
	{ "rejected", "unwrap=rejected", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_REJECTED },
	{ "unwrap-garbage", "unwrap=garbage", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_REJECTED },
	{ "unwrap-nothing", "unwrap=nothing", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_REJECTED },
	{ "unwrap-too-long", "unwrap=long", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_REJECTED },
	{ "unwrap-says-not-why", "unwrap=null", ECRYPTFS_ERROR_NONE,
	  ECRYPTFS_ERROR_REJECTED },
	{ "wrap-fails", "wrap=fail", ECRYPTFS_ERROR_INTERNAL,
	  ECRYPTFS_ERROR_NONE },
	{ "wrap-says-not-why", "wrap=null", ECRYPTFS_ERROR_BAD_MODULE,
	  ECRYPTFS_ERROR_NONE },
	{ "wrap-overrun", "wrap=overrun", ECRYPTFS_ERROR_BAD_MODULE,
	  ECRYPTFS_ERROR_NONE },
	{ "wrap-nothing", "wrap=nothing", ECRYPTFS_ERROR_BAD_MODULE,
	  ECRYPTFS_ERROR_NONE },
};

/* A module that fails, or lies: the failure of the tag, and the next works */
static void test_behaviour(struct world *world, const void *data)
{
	const struct behaviour *behaviour = data;
	g_autoptr(GBytes) body = NULL;

	add(world, "home", "");
	body = wrapped(world);
	add(world, "home", behaviour->params);
	if (behaviour->wrap != ECRYPTFS_ERROR_NONE)
		assert_wrap_refused(world, behaviour->wrap, NULL);
	else
		g_bytes_unref(wrapped(world));
	if (behaviour->unwrap != ECRYPTFS_ERROR_NONE)
		assert_unwrap_refused(world, body, behaviour->unwrap, NULL);
	else
		g_assert_cmpint((int)ask_unwrap(world, body, NULL), ==,
				ECRYPTFS_OUTCOME_ANSWERED);
	add(world, "home", "");
	assert_round_trip(world);
}

/* A FEK packet whose parts disagree is not wrapped: it would never open. */
static void test_bad_fek_packets(struct world *world, const void *data)
{
	static const char *const packets[] = {
		"", "07", "0700", "070000",
		"085f8fa87ef5601b66a4d0e054a06064400836",
		"005f8fa87ef5601b66a4d0e054a06064400836",
		"075f8fa87ef5601b66a4d0e054a06064400837",
		"075f8fa87ef5601b66a4d0e054a060644836",
		"e15f8fa87ef5601b66a4d0e054a06064400836",
	};

	(void)data;
	add(world, "home", "");
	for (size_t i = 0; i < G_N_ELEMENTS(packets); i++) {
		size_t fek_len;
		g_autofree uint8_t *fek = fixture_from_hex(packets[i],
							   &fek_len);
		GError *error = NULL;

		g_assert_cmpint((int)ask(world, ECRYPTFS_TAG_66, fek, fek_len,
					 &error),
				==, ECRYPTFS_OUTCOME_REFUSED);
		assert_failure(world, ECRYPTFS_TAG_67);
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MESSAGE,
				     world->sig);
	}
}

/* Wrapped FEKs of every length from 0 to 512, none of them good */
static void test_bad_wrapped(struct world *world, const void *data)
{
	g_autofree uint8_t *body = g_malloc0(512);

	(void)data;
	add(world, "home", "");
	for (size_t n = 0; n <= 512; n++) {
		g_autoptr(GBytes) bytes = g_bytes_new(body, n);

		assert_unwrap_refused(world, bytes, ECRYPTFS_ERROR_REJECTED,
				      NULL);
	}
	assert_round_trip(world);
}

struct malformed {
	const char *name;
	const char *hex;
	size_t fill;
	enum ecryptfs_tag reply; /* 0: dropped */
};

#define SIG_HEX "31313131323232323333333334343434"

static const struct malformed malformed[] = {
	{ "empty", "", 0, 0 },
	{ "tag-0", "00", 40, 0 },
	{ "tag-65", "4110" SIG_HEX "01", 1, 0 },
	{ "tag-67", "4310" SIG_HEX "01", 1, 0 },
	{ "tag-ff", "ff", 543, 0 },
	{ "tag-64-alone", "40", 0, ECRYPTFS_TAG_65 },
	{ "tag-66-alone", "42", 0, ECRYPTFS_TAG_67 },
	{ "tag-64-sig-0", "4000", 20, ECRYPTFS_TAG_65 },
	{ "tag-64-sig-15", "400f" SIG_HEX, 2, ECRYPTFS_TAG_65 },
	{ "tag-64-sig-17", "4011" SIG_HEX, 3, ECRYPTFS_TAG_65 },
	{ "tag-64-sig-191", "40bf" SIG_HEX, 10, ECRYPTFS_TAG_65 },
	{ "tag-64-sig-192", "40c000" SIG_HEX, 10, ECRYPTFS_TAG_65 },
	{ "tag-64-sig-octet-224", "40e0" SIG_HEX, 10, ECRYPTFS_TAG_65 },
	{ "tag-64-body-513", "4010" SIG_HEX "c141", 513, ECRYPTFS_TAG_65 },
	{ "tag-64-body-8383", "4010" SIG_HEX "dfff", 0, ECRYPTFS_TAG_65 },
	{ "tag-64-body-octet-224", "4010" SIG_HEX "e0", 32, ECRYPTFS_TAG_65 },
	{ "tag-64-body-five-octets", "4010" SIG_HEX "ff00000001", 1,
	  ECRYPTFS_TAG_65 },
	{ "tag-64-body-short", "4010" SIG_HEX "c040", 255, ECRYPTFS_TAG_65 },
	{ "tag-64-bytes-behind", "4010" SIG_HEX "c040", 257, ECRYPTFS_TAG_65 },
	{ "tag-66-body-68", "4210" SIG_HEX "44", 68, ECRYPTFS_TAG_67 },
	{ "tag-66-body-191", "4210" SIG_HEX "bf", 191, ECRYPTFS_TAG_67 },
	{ "tag-66-body-192", "4210" SIG_HEX "c000", 192, ECRYPTFS_TAG_67 },
	{ "tag-66-bytes-behind", "4210" SIG_HEX "13", 20, ECRYPTFS_TAG_67 },
	{ "tag-66-oversized", "4210" SIG_HEX "13", 70000, ECRYPTFS_TAG_67 },
};

/* The keyring is not even asked, and the next request is served. */
static void test_malformed(struct world *world, const void *data)
{
	const struct malformed *v = data;
	size_t head_len;
	uint8_t *packet = fixture_from_hex(v->hex, &head_len);
	enum ecryptfs_outcome outcome;
	GError *error = NULL;

	add(world, "home", "");
	packet = g_realloc(packet, head_len + v->fill + 1);
	memset(packet + head_len, 0x45, v->fill);
	outcome = respond(world, packet, head_len + v->fill, &error);
	g_free(packet);
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MESSAGE, NULL);
	g_assert_cmpint(world->ring.asked, ==, 0);
	if (v->reply == 0) {
		g_assert_cmpint((int)outcome, ==, ECRYPTFS_OUTCOME_DROPPED);
		g_assert_cmpuint(ecryptfs_secret_len(world->reply), ==, 0);
	} else {
		g_assert_cmpint((int)outcome, ==, ECRYPTFS_OUTCOME_REFUSED);
		assert_failure(world, v->reply);
	}
	assert_round_trip(world);
}

/* A good request cut anywhere */
static void test_every_cut(struct world *world, const void *data)
{
	g_autoptr(GBytes) body = NULL;
	g_autoptr(EcryptfsSecret) packet = NULL;

	(void)data;
	add(world, "home", "");
	body = wrapped(world);
	packet = request(ECRYPTFS_TAG_64, world->sig,
			 g_bytes_get_data(body, NULL), g_bytes_get_size(body));
	for (size_t n = 1; n < ecryptfs_secret_len(packet); n++) {
		g_assert_cmpint((int)respond(world,
					     ecryptfs_secret_data(packet), n,
					     NULL),
				==, ECRYPTFS_OUTCOME_REFUSED);
		assert_failure(world, ECRYPTFS_TAG_65);
	}
}

/* The token is locked, its backup file opens the file all the same. */
static void test_second_provider(struct world *world, const void *data)
{
	g_autoptr(GBytes) body = NULL;

	(void)data;
	add(world, "a-token", "unwrap=busy hardware=yes");
	add(world, "home", "unwrap=ok");
	assert_round_trip(world);
	/* Usable at first sight, then it fails: the other one is asked. */
	add(world, "a-file", "unwrap=garbage");
	assert_round_trip(world);
	body = wrapped(world);
	add(world, "a-file", "unwrap=absent");
	add(world, "home", "unwrap=lockout");
	/* Nobody can: the first one's reason is told. */
	assert_unwrap_refused(world, body, ECRYPTFS_ERROR_ABSENT, NULL);
}

static void *round_trips(void *data)
{
	const struct world *shared = data;
	struct world mine = {
		.responder = shared->responder,
		.sig = shared->sig,
		.reply = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES),
	};

	for (int i = 0; i < 100; i++)
		assert_round_trip(&mine);
	ecryptfs_secret_free(mine.reply);
	return NULL;
}

static void test_threads(struct world *world, const void *data)
{
	GThread *threads[4];

	(void)data;
	add(world, "home", "");
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		threads[i] = g_thread_new("respond", round_trips, world);
	for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
		g_thread_join(threads[i]);
}

#define ADD(path, data, func) \
	g_test_add(path, struct world, data, setup, func, teardown)

static void add_tables(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(behaviours); i++) {
		g_autofree char *path = g_strdup_printf(
			"/respond/module/%s", behaviours[i].name);

		ADD(path, &behaviours[i], test_behaviour);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
		g_autofree char *path = g_strdup_printf(
			"/respond/malformed/%s", malformed[i].name);

		ADD(path, &malformed[i], test_malformed);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/respond/round-trip", NULL, test_round_trip);
	ADD("/respond/real-keys", NULL, test_real_keys);
	ADD("/respond/keyring-says-no", NULL, test_keyring_says_no);
	ADD("/respond/bad-auth-toks", NULL, test_bad_auth_toks);
	ADD("/respond/not-registered", NULL, test_not_registered);
	ADD("/respond/other-module", NULL, test_other_module);
	ADD("/respond/bad-fek-packets", NULL, test_bad_fek_packets);
	ADD("/respond/bad-wrapped", NULL, test_bad_wrapped);
	ADD("/respond/every-cut", NULL, test_every_cut);
	ADD("/respond/second-provider", NULL, test_second_provider);
	ADD("/respond/threads", NULL, test_threads);
	add_tables();
	return g_test_run();
}
