/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the packets 64 to 67 and the FEK packet. What is accepted must
 * be written again byte for byte: the coding has no second spelling.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libecryptfs/packet.h"

const char fuzz_corpus[] = "packet";

static void request(const uint8_t *data, size_t size)
{
	struct ecryptfs_request parsed;
	enum ecryptfs_tag reply_tag;
	g_autoptr(EcryptfsSecret) out = NULL;
	g_autoptr(GError) error = NULL;

	if (!ecryptfs_packet_parse_request(data, size, &parsed, &error)) {
		g_assert(error && error->code == ECRYPTFS_ERROR_BAD_MESSAGE);
		return;
	}
	g_assert(!error);
	g_assert(parsed.body >= data &&
		 parsed.body + parsed.body_len == data + size);
	g_assert(ecryptfs_packet_reply_tag(data, size, &reply_tag));
	out = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	g_assert(ecryptfs_packet_write_request(parsed.tag, parsed.sig,
					       parsed.body, parsed.body_len,
					       out));
	g_assert(ecryptfs_secret_len(out) == size);
	g_assert(memcmp(ecryptfs_secret_data(out), data, size) == 0);
}

static void reply(const uint8_t *data, size_t size, enum ecryptfs_tag tag)
{
	g_autoptr(EcryptfsSecret) out = NULL;
	const uint8_t *body;
	size_t body_len;

	if (!ecryptfs_packet_parse_reply(data, size, tag, &body, &body_len))
		return;
	out = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	g_assert(ecryptfs_packet_write_reply(tag, body, body_len, out));
	g_assert(ecryptfs_secret_len(out) == size);
	g_assert(memcmp(ecryptfs_secret_data(out), data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	request(data, size);
	reply(data, size, ECRYPTFS_TAG_65);
	reply(data, size, ECRYPTFS_TAG_67);
	ecryptfs_fek_packet_valid(data, size);
	return 0;
}
