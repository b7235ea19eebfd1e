/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the frames of /dev/ecryptfs, and what the daemon writes back
 * read with the same eyes.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/frame.h"

const char fuzz_corpus[] = "frame";

/* An answer with the same packet differs from the request in its type only. */
static void answer(const uint8_t *data, size_t size, const struct frame *frame)
{
	g_autoptr(EcryptfsSecret) packet = ecryptfs_secret_new_from(
		frame->packet, frame->packet_len);
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(FRAME_MAX_RESPONSE);
	const uint8_t *written = ecryptfs_secret_data(out);

	if (!frame_write_response(&frame->id, packet, out)) {
		g_assert(size > FRAME_MAX_RESPONSE);
		g_assert(ecryptfs_secret_len(out) == 0);
		return;
	}
	g_assert(ecryptfs_secret_len(out) == size);
	g_assert(written[0] == ECRYPTFS_MESSAGE_RESPONSE);
	g_assert(memcmp(written + 1, data + 1, size - 1) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;

	switch (frame_parse(data, size, &frame)) {
	case FRAME_KIND_REQUEST:
		g_assert(frame.packet >= data);
		g_assert(frame.packet + frame.packet_len == data + size);
		answer(data, size, &frame);
		break;
	case FRAME_KIND_EMPTY:
		g_assert(size == 5);
		break;
	case FRAME_KIND_MALFORMED:
		break;
	}
	return 0;
}
