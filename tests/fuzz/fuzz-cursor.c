/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: each first byte chooses a call of the reader, which must take
 * from what is left or fail and take nothing; what it read is written again.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include <glib.h>

#include "libecryptfs/cursor.h"

const char fuzz_corpus[] = "cursor";


static bool step(struct ecryptfs_reader *reader, uint8_t call,
		 struct ecryptfs_writer *writer)
{
	const uint8_t *view;
	uint16_t be16;
	uint32_t u32;
	uint8_t u8;
	size_t n;

	switch (call % 7) {
	case 0:
		if (!ecryptfs_reader_u8(reader, &u8))
			return false;
		ecryptfs_writer_u8(writer, u8);
		return true;
	case 1:
		if (!ecryptfs_reader_be16(reader, &be16))
			return false;
		ecryptfs_writer_be16(writer, be16);
		return true;
	case 2:
		if (!ecryptfs_reader_be32(reader, &u32))
			return false;
		ecryptfs_writer_be32(writer, u32);
		return true;
	case 3:
		if (!ecryptfs_reader_host32(reader, &u32))
			return false;
		ecryptfs_writer_host32(writer, u32);
		return true;
	case 4:
		if (!ecryptfs_reader_length(reader, &n))
			return false;
		g_assert(n <= ECRYPTFS_MAX_CODED_LENGTH);
		ecryptfs_writer_length(writer, n);
		return true;
	case 5:
		if (!ecryptfs_reader_le16(reader, &be16))
			return false;
		ecryptfs_writer_be16(writer, GUINT16_SWAP_LE_BE(be16));
		return true;
	case 6:
	default:
		n = call;
		if (!ecryptfs_reader_view(reader, n, &view))
			return false;
		ecryptfs_writer_bytes(writer, view, n);
		return true;
	}
}

/* Half of the input says what is called, the other half is what is read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t calls = size / 2;
	g_autofree uint8_t *out = g_malloc(size + 1);
	struct ecryptfs_reader reader;
	struct ecryptfs_writer writer;

	ecryptfs_reader_init(&reader, data + calls, size - calls);
	ecryptfs_writer_init(&writer, out, size - calls);
	for (size_t i = 0; i < calls; i++) {
		struct ecryptfs_reader before = reader;
		bool taken = step(&reader, data[i], &writer);

		g_assert(reader.left <= before.left);
		g_assert(reader.pos ==
			 before.pos + (before.left - reader.left));
		g_assert(taken || reader.left == before.left);
		g_assert(!writer.failed);
		g_assert(writer.len == size - calls - reader.left);
	}
	g_assert(memcmp(out, data + calls, writer.len) == 0);
	return 0;
}
