/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 5: the auth tok's 740 bytes. Offsets are written down here from the
 * kernel's header, not taken from the code under test.
 */
#include "libecryptfs/auth-tok.h"

#include <string.h>

#include "tests/unit/fixture.h"

#define SIG "731d05a2615043d4"
#define OFFSET_VERSION 0
#define OFFSET_TOKEN_TYPE 2
#define OFFSET_ENCRYPTED_KEY 20
#define OFFSET_DATA_LEN 632
#define OFFSET_SIG 636
#define OFFSET_PKI 653
#define OFFSET_BLOB 670

/* "/k.pem" and "test", as ecryptfs-utils' openssl module writes them */
#define OLD_BLOB "07002f6b2e70656d00050074657374 00"
/* A registration called "home" */
#define OUR_BLOB "4550 4b31 04 686f6d65"

static void put32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* What the document says, built by hand: payload of @payload_len bytes. */
static uint8_t *build(const char *pki, const char *blob_hex,
		      size_t payload_len)
{
	uint8_t *payload = g_malloc0(MAX(payload_len, 1024));
	const uint16_t version = 0x0004, token_type = 1;
	size_t blob_len;
	g_autofree uint8_t *blob = fixture_from_hex(blob_hex, &blob_len);

	memcpy(payload + OFFSET_VERSION, &version, 2);
	memcpy(payload + OFFSET_TOKEN_TYPE, &token_type, 2);
	put32(payload + 628, 16);
	put32(payload + OFFSET_DATA_LEN, (uint32_t)blob_len);
	memcpy(payload + OFFSET_SIG, SIG, 16);
	memcpy(payload + OFFSET_PKI, pki, strlen(pki));
	memcpy(payload + OFFSET_BLOB, blob, blob_len);
	return payload;
}

static void test_to_payload(void)
{
	g_autofree uint8_t *expected = build("openssl", OUR_BLOB, 740);
	g_autoptr(GBytes) payload = NULL;
	GError *error = NULL;

	payload = ecryptfs_auth_tok_to_payload(SIG, "openssl", "home", &error);
	g_assert_no_error(error);
	g_assert_cmpmem(g_bytes_get_data(payload, NULL),
			g_bytes_get_size(payload), expected, 740);
}

static void test_to_payload_longest(void)
{
	g_autofree char *name = g_strnfill(64, 'n');
	g_autoptr(EcryptfsAuthTok) auth_tok = NULL;
	g_autoptr(GBytes) payload = NULL;
	GError *error = NULL;

	payload = ecryptfs_auth_tok_to_payload(SIG, "abcdefghijklmnop", name,
					       &error);
	g_assert_no_error(error);
	g_assert_cmpuint(g_bytes_get_size(payload), >=, 740);
	auth_tok = ecryptfs_auth_tok_from_payload(
		g_bytes_get_data(payload, NULL), g_bytes_get_size(payload),
		SIG, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(auth_tok->sig, ==, SIG);
	g_assert_cmpstr(auth_tok->pki_name, ==, "abcdefghijklmnop");
	g_assert_cmpstr(auth_tok->name, ==, name);
	g_assert_null(auth_tok->file);
	g_assert_null(auth_tok->passphrase);
}

static void test_to_payload_refused(void)
{
	static const struct {
		const char *sig, *pki, *name;
	} rows[] = {
		{ "731D05A2615043D4", "openssl", "home" },
		{ "731d05a2615043d", "openssl", "home" },
		{ "731d05a2615043d44", "openssl", "home" },
		{ "", "openssl", "home" },
		{ SIG, "", "home" },
		{ SIG, "abcdefghijklmnopq", "home" },
		{ SIG, "../evil", "home" },
		{ SIG, "OpenSSL", "home" },
		{ SIG, "openssl", "" },
		{ SIG, "openssl", ".hidden" },
		{ SIG, "openssl", "-option" },
		{ SIG, "openssl", "a/b" },
		{ SIG, "openssl", "a\nb" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		GError *error = NULL;

		g_assert_null(ecryptfs_auth_tok_to_payload(
			rows[i].sig, rows[i].pki, rows[i].name, &error));
		fixture_assert_error(&error, ECRYPTFS_ERROR_USAGE, NULL);
	}
}

/* The worked example of a token by ecryptfs-utils, 756 bytes */
static void test_predecessor(void)
{
	g_autofree uint8_t *payload = build("openssl", OLD_BLOB, 756);
	g_autoptr(EcryptfsAuthTok) auth_tok = NULL;
	struct fixture_guard guard;
	GError *error = NULL;

	fixture_guard_init(&guard, payload, 756);
	auth_tok = ecryptfs_auth_tok_from_payload(guard.data, 756, SIG, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(auth_tok->pki_name, ==, "openssl");
	g_assert_null(auth_tok->name);
	g_assert_cmpstr(auth_tok->file, ==, "/k.pem");
	g_assert_cmpmem(ecryptfs_secret_data(auth_tok->passphrase),
			ecryptfs_secret_len(auth_tok->passphrase), "test", 4);
	fixture_guard_clear(&guard);
}

/*
 * One change to a good payload: @bytes (hex) written at @offset, length
 * @payload_len when not 0, another blob. @word is what the refusal must say;
 * NULL when it must be accepted.
 */
struct change {
	const char *name;
	const char *blob;
	const char *pki;
	size_t payload_len;
	size_t offset;
	const char *bytes;
	const char *word;
};

#define PATCH(n, at, hex, word) { n, OUR_BLOB, "openssl", 740, at, hex, word }
#define LENGTH(n, len, word) { n, OUR_BLOB, "openssl", len, 0, "", word }
#define BLOB(n, hex, word) { n, hex, "openssl", 1024, 0, "", word }
#define BLOB_LEN(n, len, hex, word) \
	{ n, OUR_BLOB, "openssl", len, OFFSET_DATA_LEN, hex, word }

static const struct change changes[] = {
	LENGTH("length/740", 740, NULL),
	LENGTH("length/741", 741, NULL),
	LENGTH("length/32767", 32767, NULL),
	LENGTH("length/739", 739, "740"),
	LENGTH("length/670", 670, "740"),
	LENGTH("length/4", 4, "740"),
	LENGTH("length/1", 1, "740"),
	LENGTH("length/32768", 32768, "32767"),
	LENGTH("length/65536", 65536, "32767"),

	PATCH("version/3", OFFSET_VERSION, "0300", "version"),
	PATCH("version/5", OFFSET_VERSION, "0500", "version"),
	PATCH("version/major-1", OFFSET_VERSION, "0401", "version"),
	PATCH("version/other-byte-order", OFFSET_VERSION, "0004", "version"),
	PATCH("version/0", OFFSET_VERSION, "0000", "version"),
	PATCH("type/password", OFFSET_TOKEN_TYPE, "0000", "type"),
	PATCH("type/2", OFFSET_TOKEN_TYPE, "0200", "type"),
	PATCH("type/other-byte-order", OFFSET_TOKEN_TYPE, "0001", "type"),
	PATCH("type/ffff", OFFSET_TOKEN_TYPE, "ffff", "type"),

	PATCH("encrypted-key/first-byte", OFFSET_ENCRYPTED_KEY, "01",
	      "encrypted_key"),
	PATCH("encrypted-key/last-byte", OFFSET_ENCRYPTED_KEY + 511, "80",
	      "encrypted_key"),
	PATCH("encrypted-key/size-before-it", OFFSET_ENCRYPTED_KEY - 8, "10",
	      NULL),

	PATCH("sig/another", OFFSET_SIG, "30", "description"),
	PATCH("sig/upper-case", OFFSET_SIG + 3, "44", "description"),
	PATCH("sig/empty", OFFSET_SIG, "00", "description"),
	PATCH("sig/no-nul", OFFSET_SIG + 16, "34", "without an end"),
	PATCH("pki/no-nul", OFFSET_PKI,
	      "6161616161616161616161616161616161", "without an end"),
	PATCH("pki/empty", OFFSET_PKI, "00", "module"),
	PATCH("pki/upper-case", OFFSET_PKI, "4f", "module"),
	PATCH("pki/path", OFFSET_PKI, "2e2e2f", "module"),

	BLOB_LEN("blob-length/0", 740, "00000000", "not understood"),
	BLOB_LEN("blob-length/1", 740, "01000000", "not understood"),
	BLOB_LEN("blob-length/one-less", 740, "08000000", "not understood"),
	BLOB_LEN("blob-length/one-more", 740, "0a000000", "not understood"),
	BLOB_LEN("blob-length/all-there-is", 740, "46000000",
		 "not understood"),
	BLOB_LEN("blob-length/max-plus-1", 740, "47000000", "longer"),
	BLOB_LEN("blob-length/2-31", 740, "00000080", "longer"),
	BLOB_LEN("blob-length/2-32-minus-1", 740, "ffffffff", "longer"),
	BLOB_LEN("blob-length/wraps-with-offset", 740, "62fdffff", "longer"),

	BLOB("blob/ours", OUR_BLOB, NULL),
	BLOB("blob/other-magic", "45504b32 04 686f6d65", "not understood"),
	BLOB("blob/name-length-0", "45504b31 00", "not understood"),
	BLOB("blob/name-longer-than-blob", "45504b31 05 686f6d65",
	     "not understood"),
	BLOB("blob/name-length-255", "45504b31 ff 686f6d65", "not understood"),
	BLOB("blob/bytes-behind-name", "45504b31 03 686f6d65",
	     "not understood"),
	BLOB("blob/name-with-nul", "45504b31 04 68006d65", "not understood"),
	BLOB("blob/name-with-slash", "45504b31 04 682f6d65", "not understood"),
	BLOB("blob/name-with-dots", "45504b31 02 2e2e", "not understood"),
	BLOB("blob/16-zero-bytes", "00000000000000000000000000000000",
	     "not understood"),

	BLOB("old-blob/good", OLD_BLOB, NULL),
	BLOB("old-blob/empty-passphrase", "0700 2f6b2e70656d00 0100 00", NULL),
	BLOB("old-blob/path-length-0", "0000 0500 7465737400",
	     "not understood"),
	BLOB("old-blob/empty-path", "0100 00 0500 7465737400",
	     "not understood"),
	BLOB("old-blob/path-no-nul", "0600 2f6b2e70656d 0500 7465737400",
	     "not understood"),
	BLOB("old-blob/path-longer-than-blob", "ff00 2f6b2e70656d00",
	     "not understood"),
	BLOB("old-blob/path-length-65535", "ffff 2f6b2e70656d00",
	     "not understood"),
	BLOB("old-blob/relative-path", "0700 6b6b2e70656d00 0500 7465737400",
	     "not understood"),
	BLOB("old-blob/path-with-nul", "0700 2f6b00 70656d00 0500 7465737400",
	     "not understood"),
	BLOB("old-blob/path-not-utf-8", "0700 2fff2e70656d00 0500 7465737400",
	     "not understood"),
	BLOB("old-blob/no-passphrase", "0700 2f6b2e70656d00",
	     "not understood"),
	BLOB("old-blob/passphrase-length-0", "0700 2f6b2e70656d00 0000",
	     "not understood"),
	BLOB("old-blob/passphrase-no-nul", "0700 2f6b2e70656d00 0400 74657374",
	     "not understood"),
	BLOB("old-blob/passphrase-longer-than-blob",
	     "0700 2f6b2e70656d00 0600 7465737400", "not understood"),
	{ "old-blob/other-module", OLD_BLOB, "pkcs11", 1024, 0, "",
	  "not understood" },
};

static void test_change(const void *data)
{
	const struct change *change = data;
	g_autofree uint8_t *payload =
		build(change->pki, change->blob, change->payload_len);
	size_t patch_len;
	g_autofree uint8_t *patch = fixture_from_hex(change->bytes, &patch_len);
	g_autoptr(EcryptfsAuthTok) auth_tok = NULL;
	struct fixture_guard guard;
	GError *error = NULL;

	memcpy(payload + change->offset, patch, patch_len);
	fixture_guard_init(&guard, payload, change->payload_len);
	auth_tok = ecryptfs_auth_tok_from_payload(guard.data, guard.data_len,
						  SIG, &error);
	if (change->word) {
		g_assert_null(auth_tok);
		g_assert_nonnull(strstr(error->message, SIG));
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_AUTH_TOK,
				     change->word);
	} else {
		g_assert_no_error(error);
		g_assert_nonnull(auth_tok);
	}
	fixture_guard_clear(&guard);
}

static void test_empty_payload(void)
{
	GError *error = NULL;

	g_assert_null(ecryptfs_auth_tok_from_payload(NULL, 0, SIG, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_AUTH_TOK, SIG);
	ecryptfs_auth_tok_free(NULL);
}

/* A good payload cut anywhere, its length field telling the old story. */
static void test_every_cut(void)
{
	g_autofree uint8_t *payload = build("openssl", OLD_BLOB, 756);

	for (size_t n = 0; n < 756; n++) {
		struct fixture_guard guard;
		g_autoptr(EcryptfsAuthTok) auth_tok = NULL;

		fixture_guard_init(&guard, payload, n);
		auth_tok = ecryptfs_auth_tok_from_payload(guard.data, n, SIG,
							  NULL);
		g_assert_true((auth_tok != NULL) == (n >= 740));
		fixture_guard_clear(&guard);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth-tok/to-payload", test_to_payload);
	g_test_add_func("/auth-tok/to-payload-longest",
			test_to_payload_longest);
	g_test_add_func("/auth-tok/to-payload-refused",
			test_to_payload_refused);
	g_test_add_func("/auth-tok/predecessor", test_predecessor);
	g_test_add_func("/auth-tok/empty", test_empty_payload);
	g_test_add_func("/auth-tok/every-cut", test_every_cut);
	for (size_t i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autofree char *path =
			g_strdup_printf("/auth-tok/%s", changes[i].name);

		g_test_add_data_func(path, &changes[i], test_change);
	}
	return g_test_run();
}
