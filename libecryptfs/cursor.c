/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes in and out of messages. Nothing else in the tree does arithmetic on
 * wire memory.
 */
#include "libecryptfs/cursor.h"

#include <string.h>

void ecryptfs_reader_init(struct ecryptfs_reader *reader, const void *data,
			  size_t data_len)
{
	reader->pos = data;
	reader->left = data_len;
}

bool ecryptfs_reader_view(struct ecryptfs_reader *reader, size_t n,
			  const uint8_t **view)
{
	if (n > reader->left)
		return false;
	*view = reader->pos;
	if (n > 0)
		reader->pos += n;
	reader->left -= n;
	return true;
}

bool ecryptfs_reader_copy(struct ecryptfs_reader *reader, void *out,
			  size_t n)
{
	const uint8_t *view;

	if (!ecryptfs_reader_view(reader, n, &view))
		return false;
	if (n > 0)
		memcpy(out, view, n);
	return true;
}

bool ecryptfs_reader_u8(struct ecryptfs_reader *reader, uint8_t *value)
{
	return ecryptfs_reader_copy(reader, value, 1);
}

bool ecryptfs_reader_be16(struct ecryptfs_reader *reader, uint16_t *value)
{
	uint8_t b[2];

	if (!ecryptfs_reader_copy(reader, b, sizeof(b)))
		return false;
	*value = (uint16_t)(b[0] << 8 | b[1]);
	return true;
}

bool ecryptfs_reader_le16(struct ecryptfs_reader *reader, uint16_t *value)
{
	uint8_t b[2];

	if (!ecryptfs_reader_copy(reader, b, sizeof(b)))
		return false;
	*value = (uint16_t)(b[1] << 8 | b[0]);
	return true;
}

bool ecryptfs_reader_be32(struct ecryptfs_reader *reader, uint32_t *value)
{
	uint8_t b[4];

	if (!ecryptfs_reader_copy(reader, b, sizeof(b)))
		return false;
	*value = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
		 (uint32_t)b[2] << 8 | b[3];
	return true;
}

bool ecryptfs_reader_host32(struct ecryptfs_reader *reader, uint32_t *value)
{
	return ecryptfs_reader_copy(reader, value, sizeof(*value));
}

bool ecryptfs_reader_length(struct ecryptfs_reader *reader, size_t *length)
{
	struct ecryptfs_reader ahead = *reader;
	uint8_t first, second;

	if (!ecryptfs_reader_u8(&ahead, &first) || first >= 224)
		return false;
	if (first < 192) {
		*length = first;
	} else {
		if (!ecryptfs_reader_u8(&ahead, &second))
			return false;
		*length = (size_t)(first - 192) * 256 + second + 192;
	}
	*reader = ahead;
	return true;
}

void ecryptfs_writer_init(struct ecryptfs_writer *writer, void *data,
			  size_t cap)
{
	*writer = (struct ecryptfs_writer){ .data = data, .cap = cap };
}

void ecryptfs_writer_bytes(struct ecryptfs_writer *writer, const void *data,
			   size_t data_len)
{
	if (writer->failed || data_len > writer->cap - writer->len) {
		writer->failed = true;
		return;
	}
	if (data_len > 0)
		memcpy(writer->data + writer->len, data, data_len);
	writer->len += data_len;
}

void ecryptfs_writer_u8(struct ecryptfs_writer *writer, uint8_t value)
{
	ecryptfs_writer_bytes(writer, &value, 1);
}

void ecryptfs_writer_be16(struct ecryptfs_writer *writer, uint16_t value)
{
	const uint8_t b[2] = { (uint8_t)(value >> 8), (uint8_t)value };

	ecryptfs_writer_bytes(writer, b, sizeof(b));
}

void ecryptfs_writer_be32(struct ecryptfs_writer *writer, uint32_t value)
{
	const uint8_t b[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
			       (uint8_t)(value >> 8), (uint8_t)value };

	ecryptfs_writer_bytes(writer, b, sizeof(b));
}

void ecryptfs_writer_host32(struct ecryptfs_writer *writer, uint32_t value)
{
	ecryptfs_writer_bytes(writer, &value, sizeof(value));
}

void ecryptfs_writer_length(struct ecryptfs_writer *writer, size_t length)
{
	if (length > ECRYPTFS_MAX_CODED_LENGTH) {
		writer->failed = true;
	} else if (length < 192) {
		ecryptfs_writer_u8(writer, (uint8_t)length);
	} else {
		ecryptfs_writer_u8(writer,
				   (uint8_t)(((length - 192) >> 8) + 192));
		ecryptfs_writer_u8(writer, (uint8_t)(length - 192));
	}
}
