/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 6 against hostile fields, with the real openssl module, and against
 * modules that lie, with one of this file.
 */
#include "libecryptfs/envelope.h"

#include <string.h>

#include "libecryptfs/failure-limit.h"
#include "tests/unit/envelope-fixture.h"
#include "tests/unit/fixture.h"

/* Every octet of a good field, one bit each; every header bit. */
static void test_bit_flips(const void *data)
{
	const struct envelope_form *form = data;
	g_autoptr(EcryptfsKey) key = envelope_open_form(form);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x09, 32);
	g_autoptr(EcryptfsSecret) wrapped = envelope_wrap(key, packet);
	uint8_t *bytes = ecryptfs_secret_data(wrapped);
	size_t len = ecryptfs_secret_len(wrapped);
	/* RSA is slow, and there every bit is like every other. */
	size_t step = len < 160 ? 1 : 41;

	for (size_t bit = 0; bit < 8 * len; bit += bit < 64 ? 1 : step) {
		g_autoptr(GError) error = NULL;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		g_assert_null(ecryptfs_envelope_unwrap(key, bytes, len,
						       &error));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		g_assert_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_REJECTED);
	}
	envelope_assert_opens(key, bytes, len, packet);
}

static void test_lengths(const void *data)
{
	const struct envelope_form *form = data;
	g_autoptr(EcryptfsKey) key = envelope_open_form(form);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x09, 32);
	g_autoptr(EcryptfsSecret) wrapped = envelope_wrap(key, packet);
	size_t good = ecryptfs_secret_len(wrapped);
	uint8_t field[601];

	/* Zeros cannot open; a good one cut or with more behind it neither. */
	memset(field, 0, sizeof(field));
	for (size_t len = 0; len < sizeof(field); len++)
		envelope_assert_rejected(key, field, len);
	memcpy(field, ecryptfs_secret_data(wrapped), good);
	for (size_t len = 0; len < sizeof(field); len++) {
		struct fixture_guard guard;

		if (len == good)
			continue;
		fixture_guard_init(&guard, field, len);
		envelope_assert_rejected(key, guard.data, len);
		fixture_guard_clear(&guard);
	}
}

/* Each good field, given to every other key and under every other label. */
static void test_relabelled(const void *data)
{
	const struct envelope_form *form = data;
	g_autoptr(EcryptfsKey) key = envelope_open_form(form);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x09, 32);
	g_autoptr(EcryptfsSecret) wrapped = envelope_wrap(key, packet);
	uint8_t *bytes = ecryptfs_secret_data(wrapped);
	size_t len = ecryptfs_secret_len(wrapped);
	GError *error = NULL;

	for (size_t i = 0; i < ENVELOPE_N_FORMS; i++) {
		g_autoptr(EcryptfsKey) other = NULL;

		if (strcmp(envelope_forms[i].key, form->key) == 0)
			continue;
		other = envelope_open_form(&envelope_forms[i]);
		envelope_assert_rejected(other, bytes, len);
	}
	if (strlen(form->header) == 0)
		return;
	for (uint8_t scheme = 0; scheme <= 9; scheme++) {
		if (scheme == form->header[15] - '0')
			continue;
		bytes[7] = scheme;
		envelope_assert_rejected(key, bytes, len);
	}
	bytes[7] = (uint8_t)(form->header[15] - '0');
	bytes[5] = ECRYPTFS_FORM_EPOCH;
	g_assert_null(ecryptfs_envelope_unwrap(key, bytes, len, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, "epoch");
	/* Without its header an RSA block would be bare, with SHA-1. */
	envelope_assert_rejected(key, bytes + 8, len - 8);
}

/* A bare block with a header in front is not direct. */
static void test_bare_as_direct(void)
{
	g_autoptr(EcryptfsKey) key =
		envelope_open_key("rsa-2048", ECRYPTFS_MODE_DIRECT, false);
	g_autoptr(GBytes) bare =
		fixture_vector("wrapped/rsa-2048.oaep-sha1.256");
	uint8_t field[264] = { 'e', 'P', 'K', 'I', 1, 1, 0, 2 };

	memcpy(field + 8, g_bytes_get_data(bare, NULL), 256);
	envelope_assert_rejected(key, field, sizeof(field));
	field[7] = ECRYPTFS_SCHEME_RSA_OAEP_SHA1;
	envelope_assert_rejected(key, field, sizeof(field));
}

/* What opens but is no FEK packet must not come out. */
static void test_typed_plaintext(const void *data)
{
	static const struct {
		const char *name;
		const char *hex;
	} plains[] = {
		{ "epoch key", "e1000102030405060708090a0b0c0d0e0f101112131415"
			       "161718191a1b1c1d1e1f" },
		{ "checksum", "07000102030405060708090a0b0c0d0e0f0079" },
		{ "code", "06000102030405060708090a0b0c0d0e0f0078" },
		{ "length", "08000102030405060708090a0b0c0d0e0f0078" },
		{ "one byte", "07" },
	};
	const struct envelope_form *form = data;
	g_autoptr(EcryptfsKey) key = envelope_open_form(form);
	const EcryptfsRegistration *reg = ecryptfs_key_registration(key);
	size_t header_len;
	g_autofree uint8_t *header = fixture_from_hex(form->header,
						      &header_len);
	uint8_t field[ENVELOPE_MAX];

	memcpy(field, header, header_len);
	for (size_t i = 0; i < G_N_ELEMENTS(plains); i++) {
		size_t len, wrapped_len;
		g_autofree uint8_t *plain = fixture_from_hex(plains[i].hex,
							     &len);

		g_test_message("%s", plains[i].name);
		g_assert_true(ecryptfs_public_key_wrap(
			reg->public_key,
			form->mode == ECRYPTFS_MODE_COMPAT ?
				ECRYPTFS_SCHEME_RSA_OAEP_SHA1 :
				ecryptfs_public_key_scheme(reg->public_key),
			plain, len, field + header_len,
			sizeof(field) - header_len, &wrapped_len, NULL));
		envelope_assert_rejected(key, field, header_len + wrapped_len);
	}
}

static void test_wrap_refuses(void)
{
	static const char *const bad[] = {
		"",
		"07",
		"070078",
		"07000102030405060708090a0b0c0d0e0f0079",
		"06000102030405060708090a0b0c0d0e0f0078",
		"e1000102030405060708090a0b0c0d0e0f0078",
	};
	g_autoptr(EcryptfsKey) key =
		envelope_open_key("x25519", ECRYPTFS_MODE_DIRECT, false);
	g_autoptr(EcryptfsSecret) wrapped = ecryptfs_secret_new(ENVELOPE_MAX);

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		GError *error = NULL;
		size_t len;
		g_autofree uint8_t *packet = fixture_from_hex(bad[i], &len);

		g_assert_false(ecryptfs_envelope_wrap(key, packet, len,
						      wrapped, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MESSAGE,
				     "checksum");
		g_assert_cmpuint(ecryptfs_secret_len(wrapped), ==, 0);
	}
}

/* RSA-1024 has room for 62 bytes in OAEP-SHA256. */
static void test_too_large(void)
{
	g_autoptr(EcryptfsKey) key =
		envelope_open_key("rsa-1024", ECRYPTFS_MODE_DIRECT, false);
	g_autoptr(GBytes) fits = envelope_fek_packet(0x04, 56);
	g_autoptr(EcryptfsSecret) small = ecryptfs_secret_new(135);
	GError *error = NULL;

	g_assert_cmpuint(ecryptfs_envelope_size(ecryptfs_key_registration(key),
						63), ==, 0);
	g_assert_false(ecryptfs_envelope_wrap(
		key, g_bytes_get_data(fits, NULL), g_bytes_get_size(fits),
		small, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_TOO_LARGE, NULL);
}

/* A module that does as it is told by the test. */
struct fake {
	enum ecryptfs_error code;
	size_t wrapped_len;
	GBytes *plain;
	unsigned int n_unwraps;
};

static struct fake fake;

static void fake_key_close(void *key)
{
	(void)key;
}

static bool fake_wrap(void *key, enum ecryptfs_scheme scheme,
		      const uint8_t *plain, size_t plain_len, uint8_t *wrapped,
		      size_t wrapped_cap, size_t *wrapped_len, GError **error)
{
	(void)key;
	(void)scheme;
	(void)plain;
	(void)plain_len;
	if (fake.code != ECRYPTFS_ERROR_NONE) {
		g_set_error(error, ECRYPTFS_ERROR, fake.code, "told so");
		return false;
	}
	memset(wrapped, 0x55, wrapped_cap);
	*wrapped_len = fake.wrapped_len;
	return true;
}

static EcryptfsSecret *fake_unwrap(void *key, enum ecryptfs_scheme scheme,
				   const uint8_t *wrapped, size_t wrapped_len,
				   GError **error)
{
	(void)key;
	(void)scheme;
	(void)wrapped;
	(void)wrapped_len;
	fake.n_unwraps++;
	if (fake.plain)
		return ecryptfs_secret_new_from(
			g_bytes_get_data(fake.plain, NULL),
			g_bytes_get_size(fake.plain));
	if (fake.code != ECRYPTFS_ERROR_NONE)
		g_set_error(error, ECRYPTFS_ERROR, fake.code, "told so");
	return NULL;
}

static const struct ecryptfs_pki_module fake_module = {
	.abi = ECRYPTFS_PKI_MODULE_ABI,
	.name = "fake",
	.concurrency = ECRYPTFS_PKI_PARALLEL,
	.key_close = fake_key_close,
	.wrap = fake_wrap,
	.unwrap = fake_unwrap,
};

static EcryptfsPki fake_pki = { .module = &fake_module };

static EcryptfsKey *open_fake(const char *key_name, bool read_pkcs1)
{
	g_autoptr(EcryptfsRegistration) reg = envelope_new_registration(
		key_name, ECRYPTFS_MODE_DIRECT, read_pkcs1);

	fake = (struct fake){ .code = ECRYPTFS_ERROR_NONE };
	return ecryptfs_key_adopt(&fake_pki, reg, &fake);
}

/* State errors come through; every other becomes the one of rejection. */
static void test_error_codes(const void *data)
{
	static const enum ecryptfs_error states[] = {
		ECRYPTFS_ERROR_ABSENT,	   ECRYPTFS_ERROR_LOCKED,
		ECRYPTFS_ERROR_BAD_SECRET, ECRYPTFS_ERROR_LOCKOUT,
		ECRYPTFS_ERROR_POLICY,	   ECRYPTFS_ERROR_BUSY,
		ECRYPTFS_ERROR_UNUSABLE,   ECRYPTFS_ERROR_PERMISSION,
		ECRYPTFS_ERROR_CANCELLED,  ECRYPTFS_ERROR_IO,
	};
	const char *key_name = data;
	g_autoptr(EcryptfsKey) key = open_fake(key_name, false);
	/* Bare at RSA-4096: two schemes are tried. */
	size_t len = strcmp(key_name, "rsa-4096") == 0 ? 512 : 264;
	uint8_t field[512] = { 'e', 'P', 'K', 'I', 1, 1, 0, 2 };

	for (int code = 0; code <= ECRYPTFS_ERROR_CANCELLED; code++) {
		GError *error = NULL;
		bool is_state = false;

		for (size_t i = 0; i < G_N_ELEMENTS(states); i++)
			is_state |= (int)states[i] == code;
		fake.code = (enum ecryptfs_error)code;
		fake.n_unwraps = 0;
		if (!is_state) {
			envelope_assert_rejected(key, field, len);
			g_assert_cmpuint(fake.n_unwraps, ==,
					 len == 512 ? 2 : 1);
			continue;
		}
		g_assert_null(ecryptfs_envelope_unwrap(key, field, len,
						       &error));
		fixture_assert_error(&error, fake.code, "told so");
		g_assert_cmpuint(fake.n_unwraps, ==, 1);
	}
}

static void test_lying_module(void)
{
	g_autoptr(EcryptfsKey) key = open_fake("p-256", false);
	g_autoptr(EcryptfsSecret) wrapped = ecryptfs_secret_new(ENVELOPE_MAX);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x07, 16);
	static const size_t lies[] = { 0, ENVELOPE_MAX - 7, ENVELOPE_MAX,
				       SIZE_MAX };
	GError *error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
		fake.wrapped_len = lies[i];
		g_assert_false(ecryptfs_envelope_wrap(
			key, g_bytes_get_data(packet, NULL),
			g_bytes_get_size(packet), wrapped, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MODULE,
				     "wrapped to");
		g_assert_cmpuint(ecryptfs_secret_len(wrapped), ==, 0);
	}
	fake.code = ECRYPTFS_ERROR_INTERNAL;
	g_assert_false(ecryptfs_envelope_wrap(
		key, g_bytes_get_data(packet, NULL), g_bytes_get_size(packet),
		wrapped, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_INTERNAL, "told so");
}

/* A module's plaintext is checked, and a raw block of another size too. */
static void test_lying_unwrap(void)
{
	g_autoptr(EcryptfsKey) direct = open_fake("rsa-2048", false);
	g_autoptr(EcryptfsKey) raw = open_fake("rsa-2048", true);
	uint8_t field[264] = { 'e', 'P', 'K', 'I', 1, 1, 0, 2 };
	static const size_t lens[] = { 0, 1, 3, 68, 255, 257, 512 };

	for (size_t i = 0; i < G_N_ELEMENTS(lens); i++) {
		g_autofree uint8_t *junk = g_malloc0(lens[i] + 1);

		fake.plain = g_bytes_new(junk, lens[i]);
		envelope_assert_rejected(direct, field, sizeof(field));
		envelope_assert_rejected(raw, field, 256);
		g_clear_pointer(&fake.plain, g_bytes_unref);
	}
}

/* A good block, but not one of this key. */
static void test_lying_block(void)
{
	g_autoptr(EcryptfsKey) key = open_fake("rsa-2048", true);
	g_autoptr(GBytes) packet = envelope_fek_packet(0x07, 16);
	size_t len = g_bytes_get_size(packet);
	uint8_t block[256], field[256] = { 0 };

	memset(block, 0x55, sizeof(block));
	for (size_t size = 128; size <= 256; size += 128) {
		block[0] = 0;
		block[1] = 2;
		block[size - len - 1] = 0;
		memcpy(block + size - len, g_bytes_get_data(packet, NULL),
		       len);
		fake.plain = g_bytes_new(block, size);
		if (size == sizeof(field))
			envelope_assert_opens(key, field, sizeof(field),
					      packet);
		else
			envelope_assert_rejected(key, field, sizeof(field));
		g_clear_pointer(&fake.plain, g_bytes_unref);
		memset(block, 0x55, sizeof(block));
	}
}

/* Over the limit the module is not even asked. */
static void test_failure_limit(void)
{
	g_autoptr(EcryptfsKey) key = open_fake("rsa-3072", true);
	uint8_t field[384] = { 0 };
	GError *error = NULL;

	/* States are no failures of the key. */
	fake.code = ECRYPTFS_ERROR_LOCKED;
	for (int i = 0; i < 2 * ECRYPTFS_FAILURE_LIMIT_BURST; i++) {
		g_assert_null(ecryptfs_envelope_unwrap(
			key, field, sizeof(field), &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_LOCKED, NULL);
	}
	fake.code = ECRYPTFS_ERROR_REJECTED;
	for (int i = 0; i < ECRYPTFS_FAILURE_LIMIT_BURST; i++)
		envelope_assert_rejected(key, field, sizeof(field));
	fake.n_unwraps = 0;
	g_assert_null(ecryptfs_envelope_unwrap(key, field, sizeof(field),
					       &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BUSY,
			     ecryptfs_key_sig(key));
	g_assert_cmpuint(fake.n_unwraps, ==, 0);
}

/* A module that gives another good packet than was wrapped. */
static void test_prove_finds_swap(void)
{
	g_autoptr(EcryptfsKey) key = open_fake("rsa-2048", false);
	GError *error = NULL;

	fake.wrapped_len = 256;
	fake.plain = envelope_fek_packet(0x09, 32);
	g_assert_false(ecryptfs_envelope_prove(key, NULL, NULL, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_REJECTED, NULL);
	g_clear_pointer(&fake.plain, g_bytes_unref);
}

int main(int argc, char **argv)
{
	envelope_init(&argc, &argv);
	envelope_add_forms("bit-flips", test_bit_flips);
	envelope_add_forms("lengths", test_lengths);
	envelope_add_forms("relabelled", test_relabelled);
	envelope_add_forms("typed-plaintext", test_typed_plaintext);
	g_test_add_func("/envelope/bare-as-direct", test_bare_as_direct);
	g_test_add_func("/envelope/wrap-refuses", test_wrap_refuses);
	g_test_add_func("/envelope/too-large", test_too_large);
	envelope_add("error-codes", "direct", "rsa-2048", test_error_codes);
	envelope_add("error-codes", "bare", "rsa-4096", test_error_codes);
	g_test_add_func("/envelope/lying-module/wrap", test_lying_module);
	g_test_add_func("/envelope/lying-module/unwrap", test_lying_unwrap);
	g_test_add_func("/envelope/lying-module/block", test_lying_block);
	g_test_add_func("/envelope/lying-module/prove", test_prove_finds_swap);
	g_test_add_func("/envelope/read-pkcs1/failure-limit",
			test_failure_limit);
	return envelope_run();
}
