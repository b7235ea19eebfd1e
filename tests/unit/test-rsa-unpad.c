/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Both paddings of raw RSA blocks: those that the openssl command made, and
 * blocks built here to be wrong in one place each.
 */
#include "libecryptfs/rsa-unpad.h"

#include <string.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "libecryptfs/crypto-cleanup.h"
#include "libecryptfs/packet.h"
#include "tests/unit/fixture.h"

#define BLOCK_BYTES 256
#define HASH_BYTES 20
#define DB_BYTES (BLOCK_BYTES - 1 - HASH_BYTES)

/* AES-128: code, 16 bytes, checksum */
#define FEK_PACKET "07000102030405060708090a0b0c0d0e0f0078"

static void assert_rejected(const EcryptfsSecret *block)
{
	g_autoptr(GError) one_text = NULL;
	GError *error = NULL;

	g_assert_null(ecryptfs_rsa_unpad_either(block, &error));
	ecryptfs_error_set_rejected(&one_text);
	fixture_assert_error(&error, ECRYPTFS_ERROR_REJECTED,
			     one_text->message);
}

static void assert_gives(const EcryptfsSecret *block, const void *packet,
			 size_t packet_len)
{
	g_autoptr(EcryptfsSecret) plain = NULL;
	GError *error = NULL;

	plain = ecryptfs_rsa_unpad_either(block, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(plain), ecryptfs_secret_len(plain),
			packet, packet_len);
}

/* The raw private operation, as a token does it. */
static EcryptfsSecret *raw_operation(const char *key_name, GBytes *wrapped)
{
	g_autofree char *name = g_strdup_printf("keys/%s.pem", key_name);
	g_autoptr(GBytes) pem = fixture_vector(name);
	g_autoptr(BIO) bio = BIO_new_mem_buf(g_bytes_get_data(pem, NULL),
					     (int)g_bytes_get_size(pem));
	g_autoptr(EVP_PKEY) pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL,
							   NULL);
	g_autoptr(EVP_PKEY_CTX) ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey,
								 NULL);
	size_t len = g_bytes_get_size(wrapped);
	EcryptfsSecret *block = ecryptfs_secret_new(len);

	g_assert_cmpint(EVP_PKEY_decrypt_init(ctx), ==, 1);
	g_assert_cmpint(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), ==,
			1);
	g_assert_cmpint(EVP_PKEY_decrypt(ctx, ecryptfs_secret_data(block),
					 &len, g_bytes_get_data(wrapped, NULL),
					 g_bytes_get_size(wrapped)),
			==, 1);
	ecryptfs_secret_set_len(block, len);
	return block;
}

static void test_vector(const void *data)
{
	const char *file = data;
	g_auto(GStrv) parts = g_strsplit(file, ".", 3);
	g_autofree char *name = g_strdup_printf("wrapped/%s", file);
	g_autofree char *fek_name = g_strdup_printf("wrapped/fek-%s",
						    parts[2]);
	g_autoptr(GBytes) wrapped = fixture_vector(name);
	g_autoptr(GBytes) fek = fixture_vector(fek_name);
	g_autoptr(EcryptfsSecret) block = raw_operation(parts[0], wrapped);

	if (strcmp(parts[1], "oaep-sha256") == 0)
		assert_rejected(block);
	else
		assert_gives(block, g_bytes_get_data(fek, NULL),
			     g_bytes_get_size(fek));
}

static EcryptfsSecret *new_block(size_t len)
{
	EcryptfsSecret *block = ecryptfs_secret_new(len);

	ecryptfs_secret_set_len(block, len);
	return block;
}

/* 00 02, bytes of 55, 00, packet. */
static EcryptfsSecret *pkcs1_block(const char *packet_hex)
{
	EcryptfsSecret *block = new_block(BLOCK_BYTES);
	uint8_t *data = ecryptfs_secret_data(block);
	size_t len;
	g_autofree uint8_t *packet = fixture_from_hex(packet_hex, &len);

	memset(data, 0x55, BLOCK_BYTES);
	data[0] = 0;
	data[1] = 2;
	data[BLOCK_BYTES - len - 1] = 0;
	memcpy(data + BLOCK_BYTES - len, packet, len);
	return block;
}

struct change {
	const char *name;
	const char *packet;
	size_t offset;
	int value; /* -1: no change */
	bool good;
};

static const struct change pkcs1_changes[] = {
	{ "good", FEK_PACKET, 0, -1, true },
	{ "first-byte-1", FEK_PACKET, 0, 1, false },
	{ "first-byte-ff", FEK_PACKET, 0, 0xff, false },
	{ "type-0", FEK_PACKET, 1, 0, false },
	{ "type-1", FEK_PACKET, 1, 1, false },
	{ "type-3", FEK_PACKET, 1, 3, false },
	{ "type-82", FEK_PACKET, 1, 0x82, false },
	{ "padding-empty", FEK_PACKET, 2, 0, false },
	{ "padding-of-7", FEK_PACKET, 9, 0, false },
	/* Eight are enough, but then the message is too long for a packet. */
	{ "padding-of-8", FEK_PACKET, 10, 0, false },
	{ "zero-before-separator", FEK_PACKET, BLOCK_BYTES - 21, 0, false },
	{ "no-separator", FEK_PACKET, BLOCK_BYTES - 20, 1, false },
	{ "wrong-checksum", FEK_PACKET, BLOCK_BYTES - 1, 0x79, false },
	{ "wrong-checksum-high", FEK_PACKET, BLOCK_BYTES - 2, 1, false },
	{ "unknown-cipher", FEK_PACKET, BLOCK_BYTES - 19, 0x06, false },
	{ "cipher-of-another-length", FEK_PACKET, BLOCK_BYTES - 19, 0x09,
	  false },
	{ "empty-message", "", 0, -1, false },
	{ "epoch-key", "e1000102030405060708090a0b0c0d0e0f0001020304050607"
	  "08090a0b0c0d0e0f", 0, -1, false },
	/* blowfish with the shortest and the longest key */
	{ "packet-of-7", "0401020304000a", 0, -1, true },
	{ "packet-of-59",
	  "04000000000000000000000000000000000000000000000000000000000000000000"
	  "00000000000000000000000000000000000000000000000000",
	  0, -1, true },
};

static void test_pkcs1(const void *data)
{
	const struct change *change = data;
	g_autoptr(EcryptfsSecret) block = pkcs1_block(change->packet);
	size_t len;
	g_autofree uint8_t *packet = fixture_from_hex(change->packet, &len);

	if (change->value >= 0)
		ecryptfs_secret_data(block)[change->offset] =
			(uint8_t)change->value;
	if (change->good)
		assert_gives(block, packet, len);
	else
		assert_rejected(block);
}

static void mgf1_xor(uint8_t *out, size_t out_len, const uint8_t *seed,
		     size_t seed_len)
{
	for (uint8_t counter = 0; out_len > 0; counter++) {
		uint8_t input[BLOCK_BYTES + 4] = { 0 }, digest[HASH_BYTES];
		size_t n = MIN(out_len, HASH_BYTES);

		memcpy(input, seed, seed_len);
		input[seed_len + 3] = counter;
		g_assert_cmpint(EVP_Digest(input, seed_len + 4, digest, NULL,
					   EVP_sha1(), NULL), ==, 1);
		for (size_t i = 0; i < n; i++)
			out[i] ^= digest[i];
		out += n;
		out_len -= n;
	}
}

/* OAEP-SHA1 with DB changed at one place before it is masked. */
static EcryptfsSecret *oaep_block(const struct change *change)
{
	EcryptfsSecret *block = new_block(BLOCK_BYTES);
	uint8_t *seed = ecryptfs_secret_data(block) + 1;
	uint8_t *db = seed + HASH_BYTES;
	size_t len;
	g_autofree uint8_t *packet = fixture_from_hex(change->packet, &len);

	memset(seed, 0xa7, HASH_BYTES);
	g_assert_cmpint(EVP_Digest("", 0, db, NULL, EVP_sha1(), NULL), ==, 1);
	db[DB_BYTES - len - 1] = 1;
	memcpy(db + DB_BYTES - len, packet, len);
	if (change->value >= 0)
		db[change->offset] = (uint8_t)change->value;
	mgf1_xor(db, DB_BYTES, seed, HASH_BYTES);
	mgf1_xor(seed, HASH_BYTES, db, DB_BYTES);
	return block;
}

static const struct change oaep_changes[] = {
	{ "good", FEK_PACKET, 0, -1, true },
	{ "hash-first", FEK_PACKET, 0, 0, false },
	{ "hash-last", FEK_PACKET, HASH_BYTES - 1, 0, false },
	{ "zeros-first", FEK_PACKET, HASH_BYTES, 2, false },
	{ "zeros-first-is-one", FEK_PACKET, HASH_BYTES, 1, false },
	{ "zeros-last", FEK_PACKET, DB_BYTES - 21, 0xff, false },
	{ "separator-0", FEK_PACKET, DB_BYTES - 20, 0, false },
	{ "separator-2", FEK_PACKET, DB_BYTES - 20, 2, false },
	{ "wrong-checksum", FEK_PACKET, DB_BYTES - 1, 0x79, false },
	{ "unknown-cipher", FEK_PACKET, DB_BYTES - 19, 0x06, false },
	{ "empty-message", "", 0, -1, false },
	{ "epoch-key", "e1000102030405060708090a0b0c0d0e0f0001020304050607"
	  "08090a0b0c0d0e0f", 0, -1, false },
	{ "packet-of-7", "0401020304000a", 0, -1, true },
	{ "packet-of-59",
	  "04000000000000000000000000000000000000000000000000000000000000000000"
	  "00000000000000000000000000000000000000000000000000",
	  0, -1, true },
};

static void test_oaep(const void *data)
{
	const struct change *change = data;
	g_autoptr(EcryptfsSecret) block = oaep_block(change);
	size_t len;
	g_autofree uint8_t *packet = fixture_from_hex(change->packet, &len);

	if (change->good)
		assert_gives(block, packet, len);
	else
		assert_rejected(block);
}

/* Y, the octet before the masked seed, must be zero: Manger's oracle. */
static void test_oaep_first_byte(void)
{
	g_autoptr(EcryptfsSecret) block = oaep_block(&oaep_changes[0]);

	for (unsigned int y = 1; y < 256; y++) {
		ecryptfs_secret_data(block)[0] = (uint8_t)y;
		assert_rejected(block);
	}
}

static void test_oaep_bit_flips(void)
{
	g_autoptr(EcryptfsSecret) block = oaep_block(&oaep_changes[0]);
	uint8_t *data = ecryptfs_secret_data(block);

	for (size_t bit = 0; bit < 8 * BLOCK_BYTES; bit++) {
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_rejected(block);
		data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void test_lengths(void)
{
	for (size_t len = 0; len <= 600; len++) {
		g_autoptr(EcryptfsSecret) block = ecryptfs_secret_new(600);

		memset(ecryptfs_secret_data(block), 0, len);
		if (len > 1)
			ecryptfs_secret_data(block)[1] = 2;
		ecryptfs_secret_set_len(block, len);
		assert_rejected(block);
	}
}

static void add(const char *padding, const struct change *change,
		void (*test)(const void *))
{
	g_autofree char *path = g_strdup_printf("/rsa-unpad/%s/%s", padding,
						change->name);

	g_test_add_data_func(path, change, test);
}

static void add_vectors(void)
{
	static const char *const forms[] = { "oaep-sha1", "pkcs1" };
	static const char *const bits[] = { "128", "192", "256" };

	for (int rsa = 1024; rsa <= 4096; rsa += 1024)
		for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
			for (size_t j = 0; j < G_N_ELEMENTS(bits); j++) {
				char *file = g_strdup_printf(
					"rsa-%d.%s.%s", rsa, forms[i], bits[j]);
				g_autofree char *path = g_strconcat(
					"/rsa-unpad/vector/", file, NULL);

				g_test_add_data_func_full(path, file,
							  test_vector, g_free);
			}
	g_test_add_data_func("/rsa-unpad/vector/rsa-4096.oaep-sha256.256",
			     "rsa-4096.oaep-sha256.256", test_vector);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_vectors();
	for (size_t i = 0; i < G_N_ELEMENTS(pkcs1_changes); i++)
		add("pkcs1", &pkcs1_changes[i], test_pkcs1);
	for (size_t i = 0; i < G_N_ELEMENTS(oaep_changes); i++)
		add("oaep", &oaep_changes[i], test_oaep);
	g_test_add_func("/rsa-unpad/oaep/first-byte", test_oaep_first_byte);
	g_test_add_func("/rsa-unpad/oaep/bit-flips", test_oaep_bit_flips);
	g_test_add_func("/rsa-unpad/lengths", test_lengths);
	return g_test_run();
}
