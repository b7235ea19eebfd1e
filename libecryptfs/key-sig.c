/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Key signatures: from the public half of a key to the 8 bytes that name it
 * in auth toks, packets and lower files.
 */
#include "libecryptfs/key-sig.h"

#include <string.h>

#include <openssl/evp.h>

#include "libecryptfs/cursor.h"

#define MAX_RSA_BYTES 512

/* The NUL at the end is hashed too. */
static const char spki_label[] = "ecryptfs-pki sig 1";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool ecryptfs_key_sig_valid(const char *text)
{
	size_t len = 0;

	while (len <= ECRYPTFS_SIG_SIZE_HEX && hex_value(text[len]) >= 0)
		len++;
	return len == ECRYPTFS_SIG_SIZE_HEX && text[len] == '\0';
}

bool ecryptfs_key_sig_to_raw(const char *sig, uint8_t raw[ECRYPTFS_SIG_SIZE])
{
	if (!ecryptfs_key_sig_valid(sig))
		return false;
	for (size_t i = 0; i < ECRYPTFS_SIG_SIZE; i++)
		raw[i] = (uint8_t)(hex_value(sig[2 * i]) << 4 |
				   hex_value(sig[2 * i + 1]));
	return true;
}

void ecryptfs_key_sig_from_raw(const uint8_t raw[ECRYPTFS_SIG_SIZE],
			       char sig[ECRYPTFS_SIG_SIZE_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < ECRYPTFS_SIG_SIZE; i++) {
		sig[2 * i] = digits[raw[i] >> 4];
		sig[2 * i + 1] = digits[raw[i] & 15];
	}
	sig[ECRYPTFS_SIG_SIZE_HEX] = '\0';
}

static bool sig_of_digest(const EVP_MD *md, const void *data, size_t data_len,
			  char sig[ECRYPTFS_SIG_SIZE_HEX + 1])
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(data, data_len, digest, NULL, md, NULL) != 1)
		return false;
	ecryptfs_key_sig_from_raw(digest, sig);
	return true;
}

static bool number_valid(const uint8_t *n, size_t n_len)
{
	return n_len > 0 && n_len <= MAX_RSA_BYTES && n[0] != 0;
}

/* A multi-precision integer of OpenPGP: its exact bits, then its bytes. */
static void write_mpi(struct ecryptfs_writer *writer, const uint8_t *n,
		      size_t n_len)
{
	size_t bits = 8 * (n_len - 1);

	for (unsigned int top = n[0]; top > 0; top >>= 1)
		bits++;
	ecryptfs_writer_be16(writer, (uint16_t)bits);
	ecryptfs_writer_bytes(writer, n, n_len);
}

bool ecryptfs_key_sig_rsa(const uint8_t *n, size_t n_len, const uint8_t *e,
			  size_t e_len, char sig[ECRYPTFS_SIG_SIZE_HEX + 1])
{
	uint8_t packet[13 + 2 * MAX_RSA_BYTES];
	struct ecryptfs_writer writer;

	if (!number_valid(n, n_len) || !number_valid(e, e_len))
		return false;
	ecryptfs_writer_init(&writer, packet, sizeof(packet));
	ecryptfs_writer_u8(&writer, 0x99);
	ecryptfs_writer_be16(&writer, (uint16_t)(10 + n_len + e_len));
	ecryptfs_writer_u8(&writer, 4); /* version */
	ecryptfs_writer_be32(&writer, 0); /* time of creation */
	/* 2, not OpenPGP's 1: what ecryptfs-utils wrote. */
	ecryptfs_writer_u8(&writer, 2);
	write_mpi(&writer, n, n_len);
	write_mpi(&writer, e, e_len);
	return !writer.failed &&
	       sig_of_digest(EVP_sha1(), packet, writer.len, sig);
}

bool ecryptfs_key_sig_spki(const uint8_t *spki, size_t spki_len,
			   char sig[ECRYPTFS_SIG_SIZE_HEX + 1])
{
	g_autofree uint8_t *data = g_malloc(sizeof(spki_label) + spki_len);

	memcpy(data, spki_label, sizeof(spki_label));
	if (spki_len > 0)
		memcpy(data + sizeof(spki_label), spki, spki_len);
	return sig_of_digest(EVP_sha256(), data,
			     sizeof(spki_label) + spki_len, sig);
}
