/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 4: bytes in and out of messages, the length coding at each of its
 * edges.
 */
#include "libecryptfs/cursor.h"

#include "tests/unit/fixture.h"

struct length_vector {
	const char *name;
	size_t length;
	const char *octets;
};

/* doc/PROTOCOL, table of coded lengths */
static const struct length_vector good_lengths[] = {
	{ "0", 0, "00" },	   { "16", 16, "10" },
	{ "19", 19, "13" },	   { "35", 35, "23" },
	{ "191", 191, "bf" },	   { "192", 192, "c000" },
	{ "255", 255, "c03f" },	   { "256", 256, "c040" },
	{ "266", 266, "c04a" },	   { "268", 268, "c04c" },
	{ "284", 284, "c05c" },	   { "447", 447, "c0ff" },
	{ "448", 448, "c100" },	   { "512", 512, "c140" },
	{ "522", 522, "c14a" },	   { "524", 524, "c14c" },
	{ "540", 540, "c15c" },	   { "8127", 8127, "deff" },
	{ "8128", 8128, "df00" },  { "8382", 8382, "dffe" },
	{ "8383", 8383, "dfff" },
};

static const struct length_vector bad_lengths[] = {
	{ "nothing", 0, "" },
	{ "first-octet-192-alone", 0, "c0" },
	{ "first-octet-223-alone", 0, "df" },
	{ "first-octet-224", 0, "e0ff" },
	{ "first-octet-254", 0, "feff" },
	{ "five-octets", 0, "ff00000010" },
};

static void test_length_good(const void *data)
{
	const struct length_vector *v = data;
	size_t octets_len, length = SIZE_MAX;
	g_autofree uint8_t *octets = fixture_from_hex(v->octets, &octets_len);
	struct ecryptfs_reader reader;
	struct ecryptfs_writer writer;
	uint8_t out[4] = { 0 };

	ecryptfs_reader_init(&reader, octets, octets_len);
	g_assert_true(ecryptfs_reader_length(&reader, &length));
	g_assert_cmpuint(length, ==, v->length);
	g_assert_cmpuint(reader.left, ==, 0);

	ecryptfs_writer_init(&writer, out, sizeof(out));
	ecryptfs_writer_length(&writer, v->length);
	g_assert_false(writer.failed);
	g_assert_cmpmem(out, writer.len, octets, octets_len);
}

static void test_length_bad(const void *data)
{
	const struct length_vector *v = data;
	size_t octets_len, length = 77;
	g_autofree uint8_t *octets = fixture_from_hex(v->octets, &octets_len);
	struct fixture_guard guard;
	struct ecryptfs_reader reader;

	fixture_guard_init(&guard, octets, octets_len);
	ecryptfs_reader_init(&reader, guard.data, guard.data_len);
	g_assert_false(ecryptfs_reader_length(&reader, &length));
	g_assert_true(reader.pos == guard.data);
	g_assert_cmpuint(reader.left, ==, octets_len);
	fixture_guard_clear(&guard);
}

static void test_length_every_one(void)
{
	for (size_t n = 0; n <= ECRYPTFS_MAX_CODED_LENGTH; n++) {
		struct ecryptfs_reader reader;
		struct ecryptfs_writer writer;
		uint8_t out[3] = { 0 };
		size_t length;

		ecryptfs_writer_init(&writer, out, sizeof(out));
		ecryptfs_writer_length(&writer, n);
		g_assert_false(writer.failed);
		g_assert_cmpuint(writer.len, ==, n < 192 ? 1 : 2);
		ecryptfs_reader_init(&reader, out, writer.len);
		g_assert_true(ecryptfs_reader_length(&reader, &length));
		g_assert_cmpuint(length, ==, n);
	}
}

static void test_length_every_first_octet(void)
{
	for (unsigned int first = 224; first < 256; first++) {
		const uint8_t octets[6] = { (uint8_t)first, 0, 0, 0, 16, 0 };
		struct ecryptfs_reader reader;
		size_t length;

		ecryptfs_reader_init(&reader, octets, sizeof(octets));
		g_assert_false(ecryptfs_reader_length(&reader, &length));
		g_assert_cmpuint(reader.left, ==, sizeof(octets));
	}
}

static void test_length_too_long_to_write(void)
{
	static const size_t lengths[] = { 8384, 65535, 65536, SIZE_MAX };

	for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
		struct ecryptfs_writer writer;
		uint8_t out[8];

		ecryptfs_writer_init(&writer, out, sizeof(out));
		ecryptfs_writer_length(&writer, lengths[i]);
		g_assert_true(writer.failed);
		g_assert_cmpuint(writer.len, ==, 0);
	}
}

static void test_reader_numbers(void)
{
	static const uint8_t bytes[] = { 1, 2,	  3,	4,    5,   6,  7,
					 8, 0xff, 0xfe, 0xfd, 0xfc };
	struct ecryptfs_reader reader;
	uint8_t u8;
	uint16_t u16;
	uint32_t u32, host;

	ecryptfs_reader_init(&reader, bytes, sizeof(bytes));
	g_assert_true(ecryptfs_reader_u8(&reader, &u8));
	g_assert_cmphex(u8, ==, 1);
	g_assert_true(ecryptfs_reader_be16(&reader, &u16));
	g_assert_cmphex(u16, ==, 0x0203);
	g_assert_true(ecryptfs_reader_le16(&reader, &u16));
	g_assert_cmphex(u16, ==, 0x0504);
	g_assert_true(ecryptfs_reader_be32(&reader, &u32));
	g_assert_cmphex(u32, ==, 0x060708ffu);
	ecryptfs_reader_init(&reader, bytes + 8, 4);
	g_assert_true(ecryptfs_reader_host32(&reader, &host));
	g_assert_cmphex(GUINT32_TO_BE(host), ==, 0xfffefdfcu);
	g_assert_cmpuint(reader.left, ==, 0);
	g_assert_false(ecryptfs_reader_u8(&reader, &u8));
}

/* One byte short of what each call wants: it takes nothing. */
static void test_reader_one_short(void)
{
	static const uint8_t bytes[4] = { 1, 2, 3, 4 };
	struct fixture_guard guard;
	struct ecryptfs_reader reader;
	const uint8_t *view;
	uint8_t copy[8];
	uint16_t u16;
	uint32_t u32;

	fixture_guard_init(&guard, bytes, 3);
	ecryptfs_reader_init(&reader, guard.data, 3);
	g_assert_false(ecryptfs_reader_be32(&reader, &u32));
	g_assert_false(ecryptfs_reader_host32(&reader, &u32));
	g_assert_false(ecryptfs_reader_view(&reader, 4, &view));
	g_assert_false(ecryptfs_reader_view(&reader, SIZE_MAX, &view));
	g_assert_false(ecryptfs_reader_copy(&reader, copy, 4));
	g_assert_cmpuint(reader.left, ==, 3);
	g_assert_true(ecryptfs_reader_view(&reader, 2, &view));
	g_assert_true(view == guard.data);
	g_assert_false(ecryptfs_reader_be16(&reader, &u16));
	g_assert_false(ecryptfs_reader_le16(&reader, &u16));
	g_assert_cmpuint(reader.left, ==, 1);
	fixture_guard_clear(&guard);
}

static void test_reader_nothing(void)
{
	struct ecryptfs_reader reader;
	const uint8_t *view;
	uint8_t u8;

	ecryptfs_reader_init(&reader, NULL, 0);
	g_assert_true(ecryptfs_reader_view(&reader, 0, &view));
	g_assert_true(ecryptfs_reader_copy(&reader, NULL, 0));
	g_assert_false(ecryptfs_reader_u8(&reader, &u8));
}

static void test_writer_numbers(void)
{
	static const uint8_t expected[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	struct ecryptfs_writer writer;
	uint8_t out[13] = { 0 };
	uint32_t host;

	ecryptfs_writer_init(&writer, out, sizeof(out));
	ecryptfs_writer_u8(&writer, 1);
	ecryptfs_writer_be16(&writer, 0x0203);
	ecryptfs_writer_be32(&writer, 0x04050607);
	ecryptfs_writer_bytes(&writer, expected + 7, 2);
	ecryptfs_writer_bytes(&writer, NULL, 0);
	ecryptfs_writer_host32(&writer, 0x11223344);
	g_assert_false(writer.failed);
	g_assert_cmpuint(writer.len, ==, sizeof(out));
	g_assert_cmpmem(out, sizeof(expected), expected, sizeof(expected));
	memcpy(&host, out + sizeof(expected), sizeof(host));
	g_assert_cmphex(host, ==, 0x11223344);
}

static void test_writer_sticky(void)
{
	struct ecryptfs_writer writer;
	uint8_t out[4] = { 0, 0, 0, 0xaa };

	ecryptfs_writer_init(&writer, out, 3);
	ecryptfs_writer_be16(&writer, 0x0102);
	ecryptfs_writer_be16(&writer, 0x0304);
	g_assert_true(writer.failed);
	ecryptfs_writer_u8(&writer, 5);
	g_assert_true(writer.failed);
	g_assert_cmpuint(writer.len, ==, 2);
	g_assert_cmphex(out[2], ==, 0);
	g_assert_cmphex(out[3], ==, 0xaa);
}

static void test_writer_huge(void)
{
	struct ecryptfs_writer writer;
	uint8_t out[4];

	ecryptfs_writer_init(&writer, out, sizeof(out));
	ecryptfs_writer_u8(&writer, 1);
	ecryptfs_writer_bytes(&writer, out, SIZE_MAX);
	g_assert_true(writer.failed);
	ecryptfs_writer_init(&writer, NULL, 0);
	ecryptfs_writer_u8(&writer, 1);
	g_assert_true(writer.failed);
}

/* The second of two octets does not fit. */
static void test_writer_half_length(void)
{
	struct ecryptfs_writer writer;
	uint8_t out[2] = { 0, 0xaa };

	ecryptfs_writer_init(&writer, out, 1);
	ecryptfs_writer_length(&writer, 192);
	g_assert_true(writer.failed);
	g_assert_cmphex(out[1], ==, 0xaa);
}

static void add_lengths(const char *folder, const struct length_vector *v,
			size_t v_len, GTestDataFunc func)
{
	for (size_t i = 0; i < v_len; i++) {
		g_autofree char *path = g_strdup_printf(
			"/cursor/length/%s/%s", folder, v[i].name);

		g_test_add_data_func(path, &v[i], func);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_lengths("good", good_lengths, G_N_ELEMENTS(good_lengths),
		    test_length_good);
	add_lengths("bad", bad_lengths, G_N_ELEMENTS(bad_lengths),
		    test_length_bad);
	g_test_add_func("/cursor/length/every-one", test_length_every_one);
	g_test_add_func("/cursor/length/every-first-octet",
			test_length_every_first_octet);
	g_test_add_func("/cursor/length/too-long-to-write",
			test_length_too_long_to_write);
	g_test_add_func("/cursor/reader/numbers", test_reader_numbers);
	g_test_add_func("/cursor/reader/one-short", test_reader_one_short);
	g_test_add_func("/cursor/reader/nothing", test_reader_nothing);
	g_test_add_func("/cursor/writer/numbers", test_writer_numbers);
	g_test_add_func("/cursor/writer/sticky", test_writer_sticky);
	g_test_add_func("/cursor/writer/huge", test_writer_huge);
	g_test_add_func("/cursor/writer/half-length", test_writer_half_length);
	return g_test_run();
}
