/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the frames of /dev/ecryptfs as the daemon reads them. What is
 * a request has one spelling, so that its answer, framed by us and read again
 * as the kernel does, has the same.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "daemon/frame.h"
#include "libecryptfs/ecryptfs.h"

const char fuzz_corpus[] = "frame";

/* An answer differs from a request in its type only. */
static void answer(const struct frame *frame, const uint8_t *data, size_t size)
{
	g_autoptr(EcryptfsSecret) packet =
		ecryptfs_secret_new_from(frame->packet, frame->packet_len);
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(FRAME_MAX_RESPONSE);

	if (!frame_write_response(&frame->id, packet, out)) {
		g_assert(size > FRAME_MAX_RESPONSE);
		return;
	}
	g_assert(ecryptfs_secret_len(out) == size);
	g_assert(ecryptfs_secret_data(out)[0] == ECRYPTFS_MESSAGE_RESPONSE);
	g_assert(memcmp(ecryptfs_secret_data(out) + 1, data + 1, size - 1) ==
		 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame;

	switch (frame_parse(data, size, &frame)) {
	case FRAME_KIND_REQUEST:
		g_assert(data[0] == ECRYPTFS_MESSAGE_REQUEST);
		g_assert(frame.packet >= data &&
			 frame.packet + frame.packet_len == data + size);
		answer(&frame, data, size);
		break;
	case FRAME_KIND_EMPTY:
		g_assert(size == 5);
		break;
	case FRAME_KIND_MALFORMED:
		break;
	}
	return 0;
}
