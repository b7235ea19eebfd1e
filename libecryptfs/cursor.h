/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The only way to take bytes from, or put bytes into, a message: a reader
 * that moves pointer and length together and a writer with a sticky failure
 * flag. Knows the length coding of RFC 2440 as the kernel uses it.
 */
#ifndef ECRYPTFS_CURSOR_H
#define ECRYPTFS_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest number that the two-octet length coding can express. */
#define ECRYPTFS_MAX_CODED_LENGTH 8383

/**
 * ecryptfs_reader:
 * @pos: next byte; borrowed from the caller
 * @left: bytes from @pos on
 *
 * After a failed call nothing was taken.
 */
struct ecryptfs_reader {
	const uint8_t *pos;
	size_t left;
};

void ecryptfs_reader_init(struct ecryptfs_reader *reader, const void *data,
			  size_t data_len);
bool ecryptfs_reader_view(struct ecryptfs_reader *reader, size_t n,
			  const uint8_t **view);
bool ecryptfs_reader_copy(struct ecryptfs_reader *reader, void *out,
			  size_t n);
bool ecryptfs_reader_u8(struct ecryptfs_reader *reader, uint8_t *value);
bool ecryptfs_reader_be16(struct ecryptfs_reader *reader, uint16_t *value);
bool ecryptfs_reader_le16(struct ecryptfs_reader *reader, uint16_t *value);
bool ecryptfs_reader_be32(struct ecryptfs_reader *reader, uint32_t *value);

/* The kernel's own fields (index, data_len, auth tok) are in host order. */
bool ecryptfs_reader_host32(struct ecryptfs_reader *reader, uint32_t *value);

/**
 * ecryptfs_reader_length:
 * @reader: a reader
 * @length: (out): 0 to %ECRYPTFS_MAX_CODED_LENGTH
 *
 * Takes a coded length of one or two octets.
 *
 * Returns: %false when truncated, or for the first octets 224 to 255, which
 *   the kernel refuses too
 */
bool ecryptfs_reader_length(struct ecryptfs_reader *reader, size_t *length);

/**
 * ecryptfs_writer:
 * @data: buffer; borrowed from the caller
 * @cap: room in @data
 * @len: bytes written
 * @failed: something did not fit; sticky, later writes do nothing
 */
struct ecryptfs_writer {
	uint8_t *data;
	size_t cap;
	size_t len;
	bool failed;
};

void ecryptfs_writer_init(struct ecryptfs_writer *writer, void *data,
			  size_t cap);
void ecryptfs_writer_bytes(struct ecryptfs_writer *writer, const void *data,
			   size_t data_len);
void ecryptfs_writer_u8(struct ecryptfs_writer *writer, uint8_t value);
void ecryptfs_writer_be16(struct ecryptfs_writer *writer, uint16_t value);
void ecryptfs_writer_be32(struct ecryptfs_writer *writer, uint32_t value);
void ecryptfs_writer_host32(struct ecryptfs_writer *writer, uint32_t value);

/* Fails for a length over ECRYPTFS_MAX_CODED_LENGTH. */
void ecryptfs_writer_length(struct ecryptfs_writer *writer, size_t length);

#endif
