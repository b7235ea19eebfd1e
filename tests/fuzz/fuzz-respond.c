/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: what the kernel hands to the daemon, answered with real keys.
 * Whatever comes in, the reply is one that the kernel can read.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/real-keys.h"

const char fuzz_corpus[] = "respond";

static void check_answer(const EcryptfsSecret *reply, enum ecryptfs_tag tag)
{
	const uint8_t *body;
	size_t body_len;

	g_assert(ecryptfs_packet_parse_reply(ecryptfs_secret_data(reply),
					     ecryptfs_secret_len(reply), tag,
					     &body, &body_len));
	if (tag == ECRYPTFS_TAG_65)
		g_assert(ecryptfs_fek_packet_valid(body, body_len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(EcryptfsSecret) reply =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	enum ecryptfs_tag tag = ECRYPTFS_TAG_65;
	bool known = ecryptfs_packet_reply_tag(data, size, &tag);
	g_autoptr(GError) error = NULL;

	switch (ecryptfs_respond(real_keys(), data, size, reply, &error)) {
	case ECRYPTFS_OUTCOME_ANSWERED:
		g_assert(known && !error);
		check_answer(reply, tag);
		break;
	case ECRYPTFS_OUTCOME_REFUSED:
		g_assert(known && error);
		g_assert(ecryptfs_secret_len(reply) == 4);
		g_assert(ecryptfs_secret_data(reply)[0] == tag);
		g_assert(ecryptfs_secret_data(reply)[1] != 0);
		break;
	case ECRYPTFS_OUTCOME_DROPPED:
		g_assert(!known && error);
		g_assert(ecryptfs_secret_len(reply) == 0);
		break;
	}
	return 0;
}
