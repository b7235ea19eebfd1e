/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Both paddings of a raw RSA block, read without a branch or an address that
 * depends on its bytes: who can see which padding failed, and where, can
 * decrypt with the key (Bleichenbacher 1998, Manger 2001). Masks are all ones
 * for true and zero for false.
 */
#include "libecryptfs/rsa-unpad.h"

#include <openssl/err.h>

#include "libecryptfs/crypto-cleanup.h"
#include "libecryptfs/packet.h"

#define HASH_BYTES 20
#define MIN_BLOCK_BYTES 128
#define MAX_BLOCK_BYTES 512

/* PKCS#1 wants eight: no block is so short that a packet leaves fewer. */
G_STATIC_ASSERT(MIN_BLOCK_BYTES - 3 - ECRYPTFS_MAX_FEK_PACKET_BYTES >= 8);

/* A padding that was read: its message is what follows @start. */
struct padded {
	const uint8_t *data;
	size_t data_len;
	uint32_t good;
	uint32_t start;
};

static const uint8_t sha1_of_nothing[HASH_BYTES] = {
	0xda, 0x39, 0xa3, 0xee, 0x5e, 0x6b, 0x4b, 0x0d, 0x32, 0x55,
	0xbf, 0xef, 0x95, 0x60, 0x18, 0x90, 0xaf, 0xd8, 0x07, 0x09,
};

/* Keeps the compiler from turning a mask back into a branch. */
static inline uint32_t hide(uint32_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

static inline uint32_t is_zero(uint32_t value)
{
	return hide(0 - (~(value | (0 - value)) >> 31));
}

static inline uint32_t is_equal(uint32_t a, uint32_t b)
{
	return is_zero(a ^ b);
}

static void *fetch_sha1(void *unused)
{
	(void)unused;
	return EVP_MD_fetch(NULL, "SHA1", NULL);
}

static const EVP_MD *sha1(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, fetch_sha1, NULL);
}

static bool mgf1_xor(uint8_t *out, size_t out_len, const uint8_t *seed,
		     size_t seed_len)
{
	g_autoptr(EVP_MD_CTX) ctx = EVP_MD_CTX_new();
	uint8_t digest[HASH_BYTES];
	bool ok = ctx && sha1();

	for (size_t done = 0; ok && done < out_len; done += HASH_BYTES) {
		uint8_t counter[4] = { 0, 0, 0, (uint8_t)(done / HASH_BYTES) };
		size_t n = MIN(out_len - done, HASH_BYTES);

		ok = EVP_DigestInit_ex2(ctx, sha1(), NULL) == 1 &&
		     EVP_DigestUpdate(ctx, seed, seed_len) == 1 &&
		     EVP_DigestUpdate(ctx, counter, sizeof(counter)) == 1 &&
		     EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
		for (size_t i = 0; ok && i < n; i++)
			out[done + i] ^= digest[i];
	}
	ecryptfs_wipe(digest, sizeof(digest));
	return ok;
}

/* Y, masked seed, masked DB; DB is hash of the label, zeros, 1, message. */
static bool open_oaep(uint8_t *block, size_t block_len, struct padded *padded)
{
	uint8_t *seed = block + 1;
	uint8_t *db = seed + HASH_BYTES;
	size_t db_len = block_len - 1 - HASH_BYTES;
	uint32_t good = is_zero(block[0]);
	uint32_t found = 0;

	if (!mgf1_xor(seed, HASH_BYTES, db, db_len) ||
	    !mgf1_xor(db, db_len, seed, HASH_BYTES))
		return false;
	for (size_t i = 0; i < HASH_BYTES; i++)
		good &= is_equal(db[i], sha1_of_nothing[i]);
	padded->start = 0;
	for (size_t i = HASH_BYTES; i < db_len; i++) {
		uint32_t one = is_equal(db[i], 1);

		padded->start |= ~found & one & (uint32_t)(i + 1);
		good &= found | one | is_zero(db[i]);
		found |= one;
	}
	padded->data = db;
	padded->data_len = db_len;
	padded->good = good & found;
	return true;
}

/* 0, 2, non-zero bytes, 0, message. */
static void open_pkcs1(const uint8_t *block, size_t block_len,
		       struct padded *padded)
{
	uint32_t good = is_zero(block[0]) & is_equal(block[1], 2);
	uint32_t found = 0;

	padded->start = 0;
	for (size_t i = 2; i < block_len; i++) {
		uint32_t zero = is_zero(block[i]);

		padded->start |= ~found & zero & (uint32_t)(i + 1);
		found |= zero;
	}
	padded->data = block;
	padded->data_len = block_len;
	padded->good = good & found;
}

/*
 * Tries every length that a FEK packet can have, because the true one is as
 * secret as the rest until the packet is known to be good.
 */
static uint32_t take_packet(const struct padded *padded, uint32_t wanted,
			    uint8_t out[ECRYPTFS_MAX_FEK_PACKET_BYTES])
{
	uint32_t taken = 0;

	for (size_t len = 1; len <= ECRYPTFS_MAX_FEK_PACKET_BYTES; len++) {
		size_t start = padded->data_len - len;
		const uint8_t *tail = padded->data + start;
		uint32_t valid = ecryptfs_fek_packet_valid(tail, len);
		uint32_t mask = wanted & padded->good & hide(0 - valid) &
				is_equal(padded->start, (uint32_t)start);

		for (size_t i = 0; i < len; i++)
			out[i] |= (uint8_t)(tail[i] & mask);
		taken |= mask & (uint32_t)len;
	}
	return taken;
}

static EcryptfsSecret *unpad(const EcryptfsSecret *block)
{
	const uint8_t *data = ecryptfs_secret_data(block);
	size_t len = ecryptfs_secret_len(block);
	g_autoptr(EcryptfsSecret) copy = NULL;
	g_autoptr(EcryptfsSecret) out = NULL;
	struct padded oaep, pkcs1;
	uint32_t out_len;

	if (len < MIN_BLOCK_BYTES || len > MAX_BLOCK_BYTES)
		return NULL;
	copy = ecryptfs_secret_new_from(data, len);
	if (!open_oaep(ecryptfs_secret_data(copy), len, &oaep))
		return NULL;
	open_pkcs1(data, len, &pkcs1);
	out = ecryptfs_secret_new(ECRYPTFS_MAX_FEK_PACKET_BYTES);
	out_len = take_packet(&oaep, UINT32_MAX, ecryptfs_secret_data(out));
	out_len |= take_packet(&pkcs1, is_zero(out_len),
			       ecryptfs_secret_data(out));
	if (out_len == 0)
		return NULL;
	ecryptfs_secret_set_len(out, out_len);
	return g_steal_pointer(&out);
}

EcryptfsSecret *ecryptfs_rsa_unpad_either(const EcryptfsSecret *block,
					  GError **error)
{
	EcryptfsSecret *packet = unpad(block);

	if (!packet)
		ecryptfs_error_set_rejected(error);
	ERR_clear_error();
	return packet;
}
