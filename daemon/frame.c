/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the bytes of /dev/ecryptfs and {id, packet}. The counter is big
 * endian, index and data length are in the kernel's own byte order.
 */
#include "daemon/frame.h"

#include "libecryptfs/cursor.h"

/* Index and data length, which the coded length counts too. */
#define BODY_HEADER_SIZE 8

enum frame_kind frame_parse(const uint8_t *data, size_t data_len,
			    struct frame *frame)
{
	struct ecryptfs_reader reader;
	uint8_t type;
	uint32_t packet_len;
	size_t length;

	ecryptfs_reader_init(&reader, data, data_len);
	if (!ecryptfs_reader_u8(&reader, &type) ||
	    type != ECRYPTFS_MESSAGE_REQUEST ||
	    !ecryptfs_reader_be32(&reader, &frame->id.counter))
		return FRAME_KIND_MALFORMED;
	if (reader.left == 0)
		return FRAME_KIND_EMPTY;
	if (!ecryptfs_reader_length(&reader, &length) ||
	    length != reader.left || length < BODY_HEADER_SIZE ||
	    !ecryptfs_reader_host32(&reader, &frame->id.index) ||
	    !ecryptfs_reader_host32(&reader, &packet_len) ||
	    packet_len != reader.left)
		return FRAME_KIND_MALFORMED;
	frame->packet = reader.pos;
	frame->packet_len = packet_len;
	return FRAME_KIND_REQUEST;
}

bool frame_write_response(const struct transport_id *id,
			  const EcryptfsSecret *packet, EcryptfsSecret *out)
{
	size_t packet_len = ecryptfs_secret_len(packet);
	struct ecryptfs_writer writer;

	if (packet_len > FRAME_MAX_RESPONSE)
		return false;
	ecryptfs_writer_init(&writer, ecryptfs_secret_data(out),
			     MIN(ecryptfs_secret_capacity(out),
				 FRAME_MAX_RESPONSE));
	ecryptfs_writer_u8(&writer, ECRYPTFS_MESSAGE_RESPONSE);
	ecryptfs_writer_be32(&writer, id->counter);
	ecryptfs_writer_length(&writer, BODY_HEADER_SIZE + packet_len);
	ecryptfs_writer_host32(&writer, id->index);
	ecryptfs_writer_host32(&writer, (uint32_t)packet_len);
	ecryptfs_writer_bytes(&writer, ecryptfs_secret_data(packet),
			      packet_len);
	ecryptfs_secret_set_len(out, writer.failed ? 0 : writer.len);
	return !writer.failed;
}
