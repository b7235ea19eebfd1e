/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of /dev/ecryptfs: those that a Debian kernel wrote, and every
 * length field at and beyond its limits. Each is parsed in front of a page
 * that cannot be read.
 */
#include "daemon/frame.h"

#include <string.h>

#include "tests/unit/fixture.h"

/* The requests that doc/PROTOCOL shows, as a Debian kernel wrote them. */
#define CREATE                                                            \
	"66 00000001 2e 00000000 26000000"                                \
	"42 10 31313131323232323333333334343434"                          \
	"13 07 5f8fa87ef5601b66a4d0e054a0606440 0836"

struct row {
	const char *name;
	const char *hex;
	size_t zeros; /* that follow */
	enum frame_kind kind;
	uint32_t counter;
	uint32_t index;
	size_t packet_len;
};

static const struct row rows[] = {
	/* good */
	{ "create-aes-128", CREATE, 0, FRAME_KIND_REQUEST, 1, 0, 38 },
	{ "open-efek-256", "66 00000002 c05c 00000000 14010000", 276,
	  FRAME_KIND_REQUEST, 2, 0, 276 },
	{ "open-efek-512", "66 ffffffff c15c 1f000000 14020000", 532,
	  FRAME_KIND_REQUEST, 0xffffffff, 31, 532 },
	{ "length-191", "66 00000003 bf 01000000 b7000000", 183,
	  FRAME_KIND_REQUEST, 3, 1, 183 },
	{ "length-192", "66 00000003 c000 01000000 b8000000", 184,
	  FRAME_KIND_REQUEST, 3, 1, 184 },
	{ "length-8383", "66 00000003 dfff 01000000 b7200000", 8375,
	  FRAME_KIND_REQUEST, 3, 1, 8375 },
	{ "index-any", "66 00000004 09 feffffff 01000000 40", 0,
	  FRAME_KIND_REQUEST, 4, 0xfffffffe, 1 },
	{ "packet-empty", "66 00000004 08 00000000 00000000", 0,
	  FRAME_KIND_REQUEST, 4, 0, 0 },

	/* timed out before it was read */
	{ "empty", "66 00000007", 0, FRAME_KIND_EMPTY, 0, 0, 0 },

	/* bad */
	{ "nothing", "", 0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "type-only", "66", 0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "counter-short", "66 000000", 0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "type-helo", "64 00000000", 0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "type-quit", "65 00000000", 0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "type-response", "67 00000001 0c 00000000 04000000 43010000", 0,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "type-0", "00 00000001 0c 00000000 04000000 43010000", 0,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "length-missing-2nd-octet", "66 00000001 c0", 0,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "length-0", "66 00000001 00", 0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "length-7", "66 00000001 07 00000000 000000", 0,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "length-one-too-many", "66 00000001 0d 00000000 04000000 40000000",
	  0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "length-one-too-few", "66 00000001 0b 00000000 04000000 40000000",
	  0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "length-224", "66 00000001 e000 00000000 04000000", 8192,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "length-255", "66 00000001 ff0000000c 00000000 04000000 40000000",
	  0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "data-len-one-too-many",
	  "66 00000001 0c 00000000 05000000 40000000", 0,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "data-len-one-too-few",
	  "66 00000001 0c 00000000 03000000 40000000", 0,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "data-len-max", "66 00000001 0c 00000000 ffffffff 40000000", 0,
	  FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "data-len-big-endian", "66 00000001 0c 00000000 00000004 40000000",
	  0, FRAME_KIND_MALFORMED, 0, 0, 0 },
	{ "trailing", CREATE "00", 0, FRAME_KIND_MALFORMED, 0, 0, 0 },
};

static void test_row(const void *data)
{
	const struct row *row = data;
	struct frame frame = { 0 };
	struct fixture_guard guard;
	g_autofree uint8_t *bytes = NULL;
	size_t len;

	bytes = fixture_from_hex(row->hex, &len);
	bytes = g_realloc(bytes, len + row->zeros + 1);
	memset(bytes + len, 0, row->zeros);
	fixture_guard_init(&guard, bytes, len + row->zeros);

	g_assert_cmpint(frame_parse(guard.data, guard.data_len, &frame), ==,
			row->kind);
	if (row->kind == FRAME_KIND_REQUEST) {
		g_assert_cmpuint(frame.id.counter, ==, row->counter);
		g_assert_cmpuint(frame.id.index, ==, row->index);
		g_assert_cmpuint(frame.packet_len, ==, row->packet_len);
		g_assert_true(frame.packet + frame.packet_len ==
			      guard.data + guard.data_len);
	}
	fixture_guard_clear(&guard);
}

/* Every prefix of a good message is refused or is the empty one. */
static void test_prefixes(void)
{
	g_autofree uint8_t *bytes = NULL;
	struct frame frame;
	size_t len;

	bytes = fixture_from_hex(CREATE, &len);
	for (size_t n = 0; n < len; n++) {
		struct fixture_guard guard;

		fixture_guard_init(&guard, bytes, n);
		g_assert_cmpint(frame_parse(guard.data, n, &frame), ==,
				n == 5 ? FRAME_KIND_EMPTY :
					 FRAME_KIND_MALFORMED);
		fixture_guard_clear(&guard);
	}
}

static void assert_response(const struct transport_id *id, size_t packet_len,
			    const char *head_hex)
{
	g_autoptr(EcryptfsSecret) packet = ecryptfs_secret_new(packet_len + 1);
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(FRAME_MAX_RESPONSE);
	g_autofree uint8_t *head = NULL;
	size_t head_len;

	head = fixture_from_hex(head_hex, &head_len);
	memset(ecryptfs_secret_data(packet), 0x43, packet_len);
	ecryptfs_secret_set_len(packet, packet_len);
	g_assert_true(frame_write_response(id, packet, out));
	g_assert_cmpmem(ecryptfs_secret_data(out), head_len, head, head_len);
	g_assert_cmpuint(ecryptfs_secret_len(out), ==, head_len + packet_len);
	g_assert_cmpmem(ecryptfs_secret_data(out) + head_len, packet_len,
			ecryptfs_secret_data(packet), packet_len);
}

static void test_response(void)
{
	const struct transport_id first = { .counter = 1, .index = 0 };
	const struct transport_id last = { 0xfffffffe, 0x01020304 };

	assert_response(&first, 4, "67 00000001 0c 00000000 04000000");
	assert_response(&first, 260, "67 00000001 c04c 00000000 04010000");
	assert_response(&last, 183, "67 fffffffe bf 04030201 b7000000");
	assert_response(&last, 184, "67 fffffffe c000 04030201 b8000000");
	/* 531 bytes in all, the most that the kernel takes. */
	assert_response(&last, 516, "67 fffffffe c14c 04030201 04020000");
}

static void test_response_too_large(void)
{
	const struct transport_id id = { 0 };
	g_autoptr(EcryptfsSecret) packet = ecryptfs_secret_new(9000);
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(9100);

	ecryptfs_secret_set_len(packet, 517);
	g_assert_false(frame_write_response(&id, packet, out));
	g_assert_cmpuint(ecryptfs_secret_len(out), ==, 0);
	ecryptfs_secret_set_len(packet, 8384);
	g_assert_false(frame_write_response(&id, packet, out));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path =
			g_strdup_printf("/frame/parse/%s", rows[i].name);

		g_test_add_data_func(path, &rows[i], test_row);
	}
	g_test_add_func("/frame/parse/prefixes", test_prefixes);
	g_test_add_func("/frame/response/sizes", test_response);
	g_test_add_func("/frame/response/too-large", test_response_too_large);
	return g_test_run();
}
