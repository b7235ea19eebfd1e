/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the family ecryptfs as octets (little endian, as on every
 * machine that the tests run on), and what is read from them; then the same
 * for what is written.
 */
#include "daemon/genl-message.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define FAMILY 0x1f

/* type, flags, seq, port; command and version */
#define COMMAND(cmd) " 1f000000 07000000 00000000 " cmd "010000"
#define ERROR(flags) " 0200" flags " 07000000 00000000 "
#define OURS " 14000000 1f000500 07000000 00000000"

#define INDEX " 08000400 05000000"
#define COUNTER " 08000500 04030201"
#define LIMITS(version, timeout) " 08000200 " version " 08000a00 " timeout \
	" 08000b00 30750000 08000c00 20000000 08000d00 00040000"

struct vector {
	const char *name;
	const char *hex;
	enum genl_kind kind;
};

static const struct vector vectors[] = {
	{ "doorbell", "24000000" COMMAND("03") INDEX COUNTER,
	  GENL_KIND_DOORBELL },
	{ "doorbell-unknown-attribute", "2c000000" COMMAND("03") INDEX COUNTER
	  " 08006300 ffffffff", GENL_KIND_DOORBELL },
	{ "doorbell-unknown-attribute-twice", "30000000" COMMAND("03") INDEX
	  COUNTER " 04006300 08006300 ffffffff", GENL_KIND_DOORBELL },
	{ "doorbell-no-counter", "1c000000" COMMAND("03") INDEX,
	  GENL_KIND_MALFORMED },
	{ "doorbell-index-twice", "2c000000" COMMAND("03") INDEX COUNTER INDEX,
	  GENL_KIND_MALFORMED },
	{ "doorbell-index-two-octets", "24000000" COMMAND("03")
	  " 06000400 05000000" COUNTER, GENL_KIND_MALFORMED },
	{ "doorbell-index-eight-octets", "28000000" COMMAND("03")
	  " 0c000400 05000000 00000000" COUNTER, GENL_KIND_MALFORMED },
	{ "attribute-length-0", "24000000" COMMAND("03") INDEX
	  " 00000500 04030201", GENL_KIND_MALFORMED },
	{ "attribute-length-3", "24000000" COMMAND("03") INDEX
	  " 03000500 04030201", GENL_KIND_MALFORMED },
	{ "attribute-beyond-the-end", "24000000" COMMAND("03") INDEX
	  " 09000500 04030201", GENL_KIND_MALFORMED },
	{ "attribute-length-65535", "24000000" COMMAND("03") INDEX
	  " ffff0500 04030201", GENL_KIND_MALFORMED },
	{ "attribute-header-cut", "1e000000" COMMAND("03") INDEX " 0800 0000",
	  GENL_KIND_MALFORMED },
	{ "packet", "29000000" COMMAND("04") INDEX COUNTER
	  " 05000600 40000000", GENL_KIND_PACKET },
	{ "packet-not-padded", "29000000" COMMAND("04") INDEX COUNTER
	  " 05000600 40", GENL_KIND_PACKET },
	{ "packet-first", "2c000000" COMMAND("04") " 05000600 40000000" INDEX
	  COUNTER, GENL_KIND_PACKET },
	{ "packet-empty", "28000000" COMMAND("04") INDEX COUNTER " 04000600",
	  GENL_KIND_MALFORMED },
	{ "packet-missing", "24000000" COMMAND("04") INDEX COUNTER,
	  GENL_KIND_MALFORMED },
	{ "quit-replaced", "24000000" COMMAND("02")
	  " 08000800 01000000 08000900 e1100000", GENL_KIND_QUIT },
	{ "quit-unload", "1c000000" COMMAND("02") " 08000800 02000000",
	  GENL_KIND_QUIT },
	{ "quit-no-reason", "14000000" COMMAND("02"), GENL_KIND_MALFORMED },
	{ "helo", "3c000000" COMMAND("01") LIMITS("01000000", "b80b0000"),
	  GENL_KIND_HELO },
	{ "helo-no-time", "3c000000" COMMAND("01")
	  LIMITS("01000000", "00000000"), GENL_KIND_MALFORMED },
	{ "helo-nothing", "14000000" COMMAND("01"), GENL_KIND_MALFORMED },
	{ "extended", "1c000000" COMMAND("06") " 08000700 983a0000",
	  GENL_KIND_EXTENDED },
	{ "extended-by-nothing", "1c000000" COMMAND("06") " 08000700 00000000",
	  GENL_KIND_MALFORMED },
	{ "response", "14000000" COMMAND("05"), GENL_KIND_MALFORMED },
	{ "command-0", "14000000" COMMAND("00"), GENL_KIND_MALFORMED },
	{ "command-255", "14000000" COMMAND("ff"), GENL_KIND_MALFORMED },
	{ "no-command", "10000000 1f000000 07000000 00000000",
	  GENL_KIND_MALFORMED },
	{ "other-family", "24000000 20000000 07000000 00000000 03010000" INDEX
	  COUNTER, GENL_KIND_MALFORMED },
	{ "done", "14000000 03000200 07000000 00000000 00000000",
	  GENL_KIND_MALFORMED },
	{ "ack", "24000000" ERROR("0001") "00000000" OURS, GENL_KIND_RESULT },
	{ "busy", "24000000" ERROR("0001") "f0ffffff" OURS,
	  GENL_KIND_RESULT },
	{ "busy-with-words", "30000000" ERROR("0003") "f0ffffff" OURS
	  " 0b000100 6e6f206f6e6500 00", GENL_KIND_RESULT },
	{ "errno-not-negative", "24000000" ERROR("0001") "10000000" OURS,
	  GENL_KIND_MALFORMED },
	{ "errno-4096", "24000000" ERROR("0001") "00f0ffff" OURS,
	  GENL_KIND_MALFORMED },
	{ "errno-lowest", "24000000" ERROR("0001") "00000080" OURS,
	  GENL_KIND_MALFORMED },
	{ "error-cut", "14000000" ERROR("0001") "f0ffffff",
	  GENL_KIND_MALFORMED },
	{ "nothing", "", GENL_KIND_MALFORMED },
	{ "one-octet", "10", GENL_KIND_MALFORMED },
	{ "length-15", "0f000000 1f000000 07000000 00000000",
	  GENL_KIND_MALFORMED },
	{ "length-beyond-the-end", "25000000" COMMAND("03") INDEX COUNTER,
	  GENL_KIND_MALFORMED },
	{ "length-4294967295", "ffffffff" COMMAND("03") INDEX COUNTER,
	  GENL_KIND_MALFORMED },
	{ "two-messages", "24000000" COMMAND("03") INDEX COUNTER
	  " 10000000 01000000 00000000 00000000", GENL_KIND_MALFORMED },
};

static void test_vector(const void *data)
{
	const struct vector *vector = data;
	struct genl_message message;
	size_t len;
	/* Exactly as long as the message, so that ASan sees one octet more. */
	g_autofree uint8_t *bytes = fixture_from_hex(vector->hex, &len);
	g_autofree uint8_t *exact = g_memdup2(bytes, len);

	genl_message_parse(exact, len, FAMILY, &message);
	g_assert_cmpint(message.kind, ==, vector->kind);
	if (vector->kind != GENL_KIND_MALFORMED)
		g_assert_cmpuint(message.seq, ==, 7);
}

static struct genl_message parse(const char *name, uint8_t **bytes)
{
	struct genl_message message = { .kind = GENL_KIND_MALFORMED };

	for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
		size_t len;

		if (strcmp(vectors[i].name, name) != 0)
			continue;
		*bytes = fixture_from_hex(vectors[i].hex, &len);
		genl_message_parse(*bytes, len, FAMILY, &message);
		return message;
	}
	g_assert_not_reached();
}

static void test_values(void)
{
	uint8_t *bytes;
	struct genl_message message = parse("packet", &bytes);

	g_assert_cmphex(message.id.index, ==, 5);
	g_assert_cmphex(message.id.counter, ==, 0x01020304);
	g_assert_cmpmem(message.packet, message.packet_len, "\x40", 1);
	g_free(bytes);

	message = parse("helo", &bytes);
	g_assert_cmpuint(message.limits.version, ==, 1);
	g_assert_cmpuint(message.limits.timeout_msec, ==, 3000);
	g_assert_cmpuint(message.limits.extend_msec, ==, 30000);
	g_assert_cmpuint(message.limits.window, ==, 32);
	g_assert_cmpuint(message.limits.queue, ==, 1024);
	g_free(bytes);

	message = parse("quit-replaced", &bytes);
	g_assert_cmpuint(message.reason, ==, ECRYPTFS_GENL_REASON_REPLACED);
	g_assert_cmpuint(message.successor, ==, 4321);
	g_free(bytes);

	message = parse("quit-unload", &bytes);
	g_assert_cmpuint(message.reason, ==, ECRYPTFS_GENL_REASON_UNLOAD);
	g_assert_cmpuint(message.successor, ==, 0);
	g_free(bytes);

	message = parse("extended", &bytes);
	g_assert_cmpuint(message.msec, ==, 15000);
	g_free(bytes);
}

static void test_results(void)
{
	uint8_t *bytes;
	struct genl_message message = parse("ack", &bytes);

	g_assert_cmpint(message.err, ==, 0);
	g_assert_null(message.text);
	g_free(bytes);
	message = parse("busy-with-words", &bytes);
	g_assert_cmpint(message.err, ==, EBUSY);
	g_assert_cmpmem(message.text, message.text_len, "no one", 6);
	g_free(bytes);
}

/* The largest packet, one more, and every octet of the message cut off. */
static void test_packet_sizes(void)
{
	const char *head = "00000000" COMMAND("04") INDEX COUNTER " 24020600";
	const size_t most = ECRYPTFS_GENL_PACKET_MAX;
	struct genl_message message;
	size_t len;
	uint8_t *bytes = fixture_from_hex(head, &len);

	bytes = g_realloc(bytes, len + most + 4);
	memset(bytes + len, 0x40, most + 4);
	for (size_t cut = 0; cut < len + most; cut++) {
		uint32_t length = (uint32_t)cut;

		memcpy(bytes, &length, sizeof(length));
		genl_message_parse(bytes, cut, FAMILY, &message);
		g_assert_cmpint(message.kind, ==, GENL_KIND_MALFORMED);
	}
	memcpy(bytes, &(uint32_t){ (uint32_t)(len + most) }, 4);
	genl_message_parse(bytes, len + most, FAMILY, &message);
	g_assert_cmpint(message.kind, ==, GENL_KIND_PACKET);
	g_assert_cmpuint(message.packet_len, ==, most);

	bytes[len - 4]++;
	memcpy(bytes, &(uint32_t){ (uint32_t)(len + most + 1) }, 4);
	genl_message_parse(bytes, len + most + 1, FAMILY, &message);
	g_assert_cmpint(message.kind, ==, GENL_KIND_MALFORMED);
	g_free(bytes);
}

static void assert_written(const EcryptfsSecret *message, const char *hex)
{
	size_t len;
	g_autofree uint8_t *expected = fixture_from_hex(hex, &len);

	g_assert_cmpmem(ecryptfs_secret_data(message),
			ecryptfs_secret_len(message), expected, len);
}

static void test_written(void)
{
	const struct genl_call call = { FAMILY, 7, false };
	const struct genl_call acked = { FAMILY, 7, true };
	const struct transport_id id = { .index = 5, .counter = 0x01020304 };
	g_autoptr(EcryptfsSecret) out =
		ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);

	genl_message_write_helo(&acked, false, out);
	assert_written(out, "1c000000 1f000500 07000000 00000000 01010000"
		       " 08000200 01000000");
	genl_message_write_helo(&acked, true, out);
	assert_written(out, "24000000 1f000500 07000000 00000000 01010000"
		       " 08000200 01000000 08000300 01000000");
	genl_message_write_fetch(&call, NULL, out);
	assert_written(out, "14000000 1f000100 07000000 00000000 04010000");
	genl_message_write_fetch(&call, &id, out);
	assert_written(out, "24000000 1f000100 07000000 00000000 04010000"
		       INDEX COUNTER);
	genl_message_write_extend(&acked, &id, 20000, out);
	assert_written(out, "2c000000 1f000500 07000000 00000000 06010000"
		       INDEX COUNTER " 08000700 204e0000");
	genl_message_write_quit(&call, out);
	assert_written(out, "14000000 1f000100 07000000 00000000 02010000");
}

static void test_written_response(void)
{
	const struct genl_call call = { FAMILY, 7, true };
	const struct transport_id id = { .index = 5, .counter = 0x01020304 };
	g_autoptr(EcryptfsSecret) packet = ecryptfs_secret_new(1024);
	g_autoptr(EcryptfsSecret) out =
		ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);

	g_assert_false(genl_message_write_response(&call, &id, packet, out));
	memcpy(ecryptfs_secret_data(packet), "\x41\x01\0\0\0", 5);
	ecryptfs_secret_set_len(packet, 5);
	g_assert_true(genl_message_write_response(&call, &id, packet, out));
	assert_written(out, "30000000 1f000500 07000000 00000000 05010000"
		       INDEX COUNTER " 09000600 41010000 00000000");
	ecryptfs_secret_set_len(packet, ECRYPTFS_GENL_PACKET_MAX);
	g_assert_true(genl_message_write_response(&call, &id, packet, out));
	g_assert_cmpuint(ecryptfs_secret_len(out), ==,
			 GENL_MESSAGE_MAX_WRITTEN);
	ecryptfs_secret_set_len(packet, ECRYPTFS_GENL_PACKET_MAX + 1);
	g_assert_false(genl_message_write_response(&call, &id, packet, out));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	if (G_BYTE_ORDER != G_LITTLE_ENDIAN) {
		g_print("1..0 # SKIP the vectors are little endian\n");
		return 0;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
		g_autofree char *path = g_strdup_printf(
			"/genl-message/%s", vectors[i].name);

		g_test_add_data_func(path, &vectors[i], test_vector);
	}
	g_test_add_func("/genl-message/values", test_values);
	g_test_add_func("/genl-message/results", test_results);
	g_test_add_func("/genl-message/packet-sizes", test_packet_sizes);
	g_test_add_func("/genl-message/written", test_written);
	g_test_add_func("/genl-message/written-response",
			test_written_response);
	return g_test_run();
}
