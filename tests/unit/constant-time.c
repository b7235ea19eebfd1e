/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For constant-time.sh, under valgrind: the bytes of an RSA block count as
 * uninitialised, so that every branch and every address that depends on them
 * is reported.
 *
 * usage: constant-time CASE, CASE 0 to 3; 3 branches itself, to be found
 */
#include "libecryptfs/rsa-unpad.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valgrind/memcheck.h>

#define BLOCK_BYTES 256

/* AES-128: code, 16 bytes, checksum */
static const uint8_t packet[] = { 0x07, 0, 1,  2,  3,  4,  5,  6,  7, 8,
				  9,	10, 11, 12, 13, 14, 15, 0, 0x78 };

int main(int argc, char **argv)
{
	g_autoptr(EcryptfsSecret) block = ecryptfs_secret_new(BLOCK_BYTES);
	g_autoptr(EcryptfsSecret) plain = NULL;
	uint8_t *data = ecryptfs_secret_data(block);
	int which = argc > 1 ? atoi(argv[1]) : 0;

	memset(data, 0x55, BLOCK_BYTES);
	ecryptfs_secret_set_len(block, BLOCK_BYTES);
	if (which > 0) {
		data[0] = 0;
		data[1] = 2;
		data[BLOCK_BYTES - sizeof(packet) - 1] = 0;
	}
	if (which > 1)
		memcpy(data + BLOCK_BYTES - sizeof(packet), packet,
		       sizeof(packet));
	VALGRIND_MAKE_MEM_UNDEFINED(data, BLOCK_BYTES);
	if (which == 3 && data[0] == 0)
		puts("a branch on the block");
	plain = ecryptfs_rsa_unpad_either(block, NULL);
	return 0;
}
