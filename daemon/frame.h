/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of /dev/ecryptfs, one a read or write (doc/PROTOCOL): type,
 * counter, coded length, index, data length, packet. Pure: bytes in, bytes
 * out.
 */
#ifndef DAEMON_FRAME_H
#define DAEMON_FRAME_H

#include "daemon/transport.h"

/* The largest REQUEST has 547 bytes; a larger read is never too small. */
#define FRAME_READ_SIZE 1024

/* What the kernel takes in one write. */
#define FRAME_MAX_RESPONSE 531

/**
 * frame_kind:
 * @FRAME_KIND_REQUEST: well framed; its packet may still be anything
 * @FRAME_KIND_EMPTY: type and counter only: the request timed out before it
 *   was read
 * @FRAME_KIND_MALFORMED: nothing that can be answered
 */
enum frame_kind {
	FRAME_KIND_REQUEST,
	FRAME_KIND_EMPTY,
	FRAME_KIND_MALFORMED,
};

/* @packet points into the parsed bytes. */
struct frame {
	struct transport_id id;
	const uint8_t *packet;
	size_t packet_len;
};

/**
 * frame_parse:
 * @data: (array length=data_len): one message as read; hostile
 * @data_len: bytes in @data
 * @frame: (out caller-allocates): set for %FRAME_KIND_REQUEST
 *
 * Every length must agree with every other, to the byte.
 */
enum frame_kind frame_parse(const uint8_t *data, size_t data_len,
			    struct frame *frame);

/**
 * frame_write_response:
 * @id: of the request
 * @packet: the reply packet
 * @out: (transfer none): of capacity %FRAME_MAX_RESPONSE; its length is set
 *
 * Returns: %false when it does not fit what the kernel takes
 */
bool frame_write_response(const struct transport_id *id,
			  const EcryptfsSecret *packet, EcryptfsSecret *out);

#endif
