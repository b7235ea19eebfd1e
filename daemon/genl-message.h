/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of the generic netlink family ecryptfs, one a datagram, whose
 * definition is the kernel header included here, and nowhere else. Pure:
 * bytes in, bytes out. Not libnl's own parser and builder: what they copy is
 * neither locked nor wiped, and a packet holds a FEK.
 */
#ifndef DAEMON_GENL_MESSAGE_H
#define DAEMON_GENL_MESSAGE_H

#include "daemon/transport.h"
#include "kernel/uapi/linux/ecryptfs_genl.h"

/* Room for the longest that is written: a RESPONSE. */
#define GENL_MESSAGE_MAX_WRITTEN (16 + 4 + 8 + 8 + 4 + ECRYPTFS_GENL_PACKET_MAX)

/**
 * genl_kind:
 * @GENL_KIND_MALFORMED: no message of the protocol
 * @GENL_KIND_HELO: the reply to HELO: limits
 * @GENL_KIND_QUIT: reason, successor
 * @GENL_KIND_DOORBELL: REQUEST: id
 * @GENL_KIND_PACKET: the reply to FETCH: id, packet
 * @GENL_KIND_EXTENDED: the reply to EXTEND: msec
 * @GENL_KIND_RESULT: an ACK or an error: err, text
 */
enum genl_kind {
	GENL_KIND_MALFORMED,
	GENL_KIND_HELO,
	GENL_KIND_QUIT,
	GENL_KIND_DOORBELL,
	GENL_KIND_PACKET,
	GENL_KIND_EXTENDED,
	GENL_KIND_RESULT,
};

/**
 * genl_message:
 * @kind: which of the others count
 * @seq: which message of ours it answers; for every kind, 0 where even that
 *   cannot be read
 * @id: names the request
 * @packet: points into the parsed bytes; 1 to %ECRYPTFS_GENL_PACKET_MAX
 * @packet_len: octets in @packet
 * @limits: what the kernel tells
 * @msec: what was granted, 1 and more
 * @reason: an #ecryptfs_genl_reason, or one of a later version
 * @successor: process id, 0 when not known
 * @err: errno, 0 for an ACK
 * @text: (nullable): the kernel's own words, not terminated; into the bytes
 * @text_len: octets in @text
 */
struct genl_message {
	enum genl_kind kind;
	uint32_t seq;
	struct transport_id id;
	const uint8_t *packet;
	size_t packet_len;
	struct transport_limits limits;
	uint32_t msec;
	uint32_t reason;
	uint32_t successor;
	int err;
	const uint8_t *text;
	size_t text_len;
};

/**
 * genl_message_parse:
 * @data: (array length=data_len): one datagram; hostile
 * @data_len: bytes in @data
 * @family: number of the family
 * @message: (out caller-allocates): filled
 *
 * Attributes that are not known are passed over, those that are known must
 * be there once, and be of their size.
 */
void genl_message_parse(const uint8_t *data, size_t data_len, uint16_t family,
			struct genl_message *message);

/**
 * genl_call:
 * @family: number of the family
 * @seq: names this message; its answer carries the same
 * @ack: whether an ACK is wanted when all is well
 */
struct genl_call {
	uint16_t family;
	uint32_t seq;
	bool ack;
};

/*
 * Each writes one message into @out, which has room for
 * GENL_MESSAGE_MAX_WRITTEN.
 */
void genl_message_write_helo(const struct genl_call *call, bool replace,
			     EcryptfsSecret *out);
void genl_message_write_quit(const struct genl_call *call,
			     EcryptfsSecret *out);

/* @id: (nullable): the request that waits longest. */
void genl_message_write_fetch(const struct genl_call *call,
			      const struct transport_id *id,
			      EcryptfsSecret *out);

/* %false when @packet is empty or longer than the kernel takes. */
bool genl_message_write_response(const struct genl_call *call,
				 const struct transport_id *id,
				 const EcryptfsSecret *packet,
				 EcryptfsSecret *out);
void genl_message_write_extend(const struct genl_call *call,
			       const struct transport_id *id, uint32_t msec,
			       EcryptfsSecret *out);

#endif
