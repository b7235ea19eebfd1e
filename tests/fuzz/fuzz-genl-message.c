/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: netlink messages as the daemon receives them. What is read
 * lies within the datagram, and what was read of a packet goes out again, as
 * a RESPONSE, octet by octet the same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/genl-message.h"
#include "libecryptfs/ecryptfs.h"

const char fuzz_corpus[] = "genl-message";

/* That of the seeds. */
#define FAMILY 0x1f

static bool is_within(const uint8_t *part, size_t part_len,
		      const uint8_t *data, size_t size)
{
	return part >= data && part_len <= size &&
	       (size_t)(part - data) <= size - part_len;
}

static void answer(const struct genl_message *message)
{
	const struct genl_call call = { FAMILY, message->seq, true };
	g_autoptr(EcryptfsSecret) packet = ecryptfs_secret_new_from(
		message->packet, message->packet_len);
	g_autoptr(EcryptfsSecret) out =
		ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);

	g_assert(genl_message_write_response(&call, &message->id, packet,
					     out));
	g_assert(memcmp(ecryptfs_secret_data(out) + 40, message->packet,
			message->packet_len) == 0);
	g_assert(ecryptfs_secret_len(out) ==
		 (40 + message->packet_len + 3) / 4 * 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct genl_message message;

	genl_message_parse(data, size, FAMILY, &message);
	switch (message.kind) {
	case GENL_KIND_PACKET:
		g_assert(message.packet_len >= 1 &&
			 message.packet_len <= ECRYPTFS_GENL_PACKET_MAX);
		g_assert(is_within(message.packet, message.packet_len, data,
				   size));
		answer(&message);
		break;
	case GENL_KIND_HELO:
		g_assert(message.limits.timeout_msec > 0 &&
			 message.limits.window > 0);
		break;
	case GENL_KIND_RESULT:
		g_assert(message.err >= 0 && message.err <= 4095);
		g_assert(!message.text || is_within(message.text,
						    message.text_len, data,
						    size));
		break;
	case GENL_KIND_EXTENDED:
		g_assert(message.msec > 0);
		break;
	case GENL_KIND_MALFORMED:
	case GENL_KIND_QUIT:
	case GENL_KIND_DOORBELL:
		break;
	}
	return 0;
}
