/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 4: packets 64 to 67. Requests are put at the end of readable memory,
 * so that reading on kills the test in every build.
 */
#include "libecryptfs/packet.h"

#include <string.h>

#include "tests/unit/fixture.h"

#define SIG "1111222233334444"
#define SIG_HEX "31313131323232323333333334343434"
#define FEK_PACKET_HEX "075f8fa87ef5601b66a4d0e054a06064400836"

/*
 * A request: bytes of @hex, then @fill bytes of 0x45. What must come of it is
 * a body of @body_len bytes, or a refusal when that is -1.
 */
struct request_vector {
	const char *name;
	const char *hex;
	size_t fill;
	long body_len;
};

static const struct request_vector requests[] = {
	/* doc/PROTOCOL's worked examples */
	{ "tag-66/worked-example", "4210" SIG_HEX "13" FEK_PACKET_HEX, 0, 19 },
	{ "tag-64/worked-example", "4010" SIG_HEX "c040", 256, 256 },

	/* The length of a wrapped FEK */
	{ "tag-64/length-0", "4010" SIG_HEX "00", 0, 0 },
	{ "tag-64/length-1", "4010" SIG_HEX "01", 1, 1 },
	{ "tag-64/length-191", "4010" SIG_HEX "bf", 191, 191 },
	{ "tag-64/length-192", "4010" SIG_HEX "c000", 192, 192 },
	{ "tag-64/length-511", "4010" SIG_HEX "c13f", 511, 511 },
	{ "tag-64/length-max", "4010" SIG_HEX "c140", 512, 512 },
	{ "tag-64/length-max-plus-1", "4010" SIG_HEX "c141", 513, -1 },
	{ "tag-64/length-8383", "4010" SIG_HEX "dfff", 8383, -1 },
	{ "tag-64/length-8384", "4010" SIG_HEX "e000", 8384, -1 },
	{ "tag-64/length-octet-223", "4010" SIG_HEX "df00", 8128, -1 },
	{ "tag-64/length-octet-224", "4010" SIG_HEX "e0", 224, -1 },
	{ "tag-64/length-five-octets", "4010" SIG_HEX "ff00000020", 32, -1 },
	{ "tag-64/length-half", "4010" SIG_HEX "c0", 0, -1 },
	{ "tag-64/length-one-more-than-there-is", "4010" SIG_HEX "c040", 255,
	  -1 },
	{ "tag-64/length-one-less-than-there-is", "4010" SIG_HEX "c040", 257,
	  -1 },
	{ "tag-64/length-max-and-no-body", "4010" SIG_HEX "c140", 0, -1 },

	/* The length of a FEK packet */
	{ "tag-66/length-0", "4210" SIG_HEX "00", 0, 0 },
	{ "tag-66/length-1", "4210" SIG_HEX "01", 1, 1 },
	{ "tag-66/length-max", "4210" SIG_HEX "43", 67, 67 },
	{ "tag-66/length-max-plus-1", "4210" SIG_HEX "44", 68, -1 },
	{ "tag-66/length-191", "4210" SIG_HEX "bf", 191, -1 },
	{ "tag-66/length-192", "4210" SIG_HEX "c000", 192, -1 },
	{ "tag-66/length-8383", "4210" SIG_HEX "dfff", 8383, -1 },
	{ "tag-66/length-8384", "4210" SIG_HEX "e000", 8384, -1 },
	{ "tag-66/length-octet-223", "4210" SIG_HEX "df00", 8128, -1 },
	{ "tag-66/length-octet-224", "4210" SIG_HEX "e0", 224, -1 },
	{ "tag-66/length-one-more-than-there-is", "4210" SIG_HEX "13", 18, -1 },
	{ "tag-66/bytes-behind", "4210" SIG_HEX "13" FEK_PACKET_HEX, 1, -1 },

	/* The length of the signature */
	{ "tag-64/sig-length-0", "4000", 20, -1 },
	{ "tag-64/short-sig-length", "400f" SIG_HEX "01", 1, -1 },
	{ "tag-64/sig-length-max-plus-1", "4011" SIG_HEX "01", 1, -1 },
	{ "tag-64/sig-length-191", "40bf" SIG_HEX, 300, -1 },
	{ "tag-64/sig-length-192", "40c000" SIG_HEX, 300, -1 },
	{ "tag-64/sig-length-8383", "40dfff" SIG_HEX, 8400, -1 },
	{ "tag-64/sig-length-8384", "40e000" SIG_HEX, 8400, -1 },
	{ "tag-64/sig-length-octet-224", "40e0" SIG_HEX, 300, -1 },
	{ "tag-64/sig-length-five-octets", "40ff00000010" SIG_HEX "01", 1, -1 },
	{ "tag-66/short-sig-length", "420f" SIG_HEX "01", 1, -1 },
	{ "tag-66/sig-length-max-plus-1", "4211" SIG_HEX "01", 1, -1 },

	/* The signature */
	{ "tag-64/sig-upper-case",
	  "401041424344454631313232333334343535" "01", 1, -1 },
	{ "tag-64/sig-letter-g",
	  "401067313131323232323333333334343434" "01", 1, -1 },
	{ "tag-64/sig-with-nul",
	  "401031310031323232323333333334343434" "01", 1, -1 },
	{ "tag-64/sig-high-bytes",
	  "4010ffffffffffffffffffffffffffffffff" "01", 1, -1 },
	{ "tag-64/sig-lower-case",
	  "401061626364656630303030303030303039" "01", 1, 1 },

	/* What is no request */
	{ "empty", "", 0, -1 },
	{ "tag-64/alone", "40", 0, -1 },
	{ "tag-66/alone", "42", 0, -1 },
	{ "tag-65-as-request", "4110" SIG_HEX "01", 1, -1 },
	{ "tag-67-as-request", "4310" SIG_HEX "01", 1, -1 },
	{ "tag-0", "0010" SIG_HEX "01", 1, -1 },
	{ "tag-3f", "3f10" SIG_HEX "01", 1, -1 },
	{ "tag-44", "4410" SIG_HEX "01", 1, -1 },
	{ "tag-ff", "ff10" SIG_HEX "01", 1, -1 },
};

static GBytes *vector_bytes(const struct request_vector *v)
{
	size_t head_len;
	uint8_t *bytes = fixture_from_hex(v->hex, &head_len);

	bytes = g_realloc(bytes, head_len + v->fill + 1);
	memset(bytes + head_len, 0x45, v->fill);
	return g_bytes_new_take(bytes, head_len + v->fill);
}

static void test_request(const void *data)
{
	const struct request_vector *v = data;
	g_autoptr(GBytes) bytes = vector_bytes(v);
	struct ecryptfs_request request;
	struct fixture_guard guard;
	GError *error = NULL;
	bool parsed;

	fixture_guard_init(&guard, g_bytes_get_data(bytes, NULL),
			   g_bytes_get_size(bytes));
	parsed = ecryptfs_packet_parse_request(guard.data, guard.data_len,
					       &request, &error);
	if (v->body_len < 0) {
		g_assert_false(parsed);
		fixture_assert_error(&error, ECRYPTFS_ERROR_BAD_MESSAGE, NULL);
	} else {
		g_assert_no_error(error);
		g_assert_true(parsed);
		g_assert_cmphex(request.tag, ==, guard.data[0]);
		g_assert_cmpmem(request.sig, ECRYPTFS_SIG_SIZE_HEX,
				guard.data + 2, ECRYPTFS_SIG_SIZE_HEX);
		g_assert_cmphex(request.sig[ECRYPTFS_SIG_SIZE_HEX], ==, 0);
		g_assert_cmpuint(request.body_len, ==, (size_t)v->body_len);
		g_assert_true(request.body + request.body_len ==
			      guard.data + guard.data_len);
	}
	fixture_guard_clear(&guard);
}

/* A good request cut at each byte is none. */
static void test_request_cut(const void *data)
{
	const struct request_vector *v = data;
	g_autoptr(GBytes) bytes = vector_bytes(v);
	size_t bytes_len;
	const uint8_t *whole = g_bytes_get_data(bytes, &bytes_len);

	for (size_t n = 0; n < bytes_len; n++) {
		struct ecryptfs_request request;
		struct fixture_guard guard;

		fixture_guard_init(&guard, whole, n);
		g_assert_false(ecryptfs_packet_parse_request(
			guard.data, n, &request, NULL));
		fixture_guard_clear(&guard);
	}
}

static void test_reply_tag(void)
{
	for (unsigned int tag = 0; tag < 256; tag++) {
		const uint8_t octet = (uint8_t)tag;
		enum ecryptfs_tag reply;
		bool known = ecryptfs_packet_reply_tag(&octet, 1, &reply);

		g_assert_true(known == (tag == 0x40 || tag == 0x42));
		if (known)
			g_assert_cmphex(reply, ==, tag + 1);
		g_assert_false(ecryptfs_packet_reply_tag(&octet, 0, &reply));
	}
}

struct reply_vector {
	const char *name;
	enum ecryptfs_tag tag;
	const char *hex;
	size_t fill;
	long body_len;
};

static const struct reply_vector replies[] = {
	{ "tag-65/worked-example", ECRYPTFS_TAG_65, "410013" FEK_PACKET_HEX, 0,
	  19 },
	{ "tag-67/worked-example", ECRYPTFS_TAG_67, "4300c040", 256, 256 },
	{ "tag-65/length-1", ECRYPTFS_TAG_65, "410001", 1, 1 },
	{ "tag-65/length-max", ECRYPTFS_TAG_65, "410043", 67, 67 },
	{ "tag-67/length-191", ECRYPTFS_TAG_67, "4300bf", 191, 191 },
	{ "tag-67/length-192", ECRYPTFS_TAG_67, "4300c000", 192, 192 },
	{ "tag-67/length-max", ECRYPTFS_TAG_67, "4300c140", 512, 512 },
	{ "tag-65/length-0", ECRYPTFS_TAG_65, "41000000", 0, -1 },
	{ "tag-65/length-max-plus-1", ECRYPTFS_TAG_65, "410044", 68, -1 },
	{ "tag-67/length-max-plus-1", ECRYPTFS_TAG_67, "4300c141", 513, -1 },
	{ "tag-67/length-8383", ECRYPTFS_TAG_67, "4300dfff", 8383, -1 },
	{ "tag-67/length-octet-224", ECRYPTFS_TAG_67, "4300e000", 224, -1 },
	{ "tag-65/failure", ECRYPTFS_TAG_65, "41010000", 0, -1 },
	{ "tag-67/failure", ECRYPTFS_TAG_67, "43010000", 0, -1 },
	{ "tag-65/status-255", ECRYPTFS_TAG_65, "41ff13" FEK_PACKET_HEX, 0,
	  -1 },
	{ "tag-65/other-tag", ECRYPTFS_TAG_65, "430013" FEK_PACKET_HEX, 0, -1 },
	{ "tag-65/empty", ECRYPTFS_TAG_65, "", 0, -1 },
	{ "tag-65/one-octet", ECRYPTFS_TAG_65, "41", 0, -1 },
	{ "tag-65/two-octets", ECRYPTFS_TAG_65, "4100", 0, -1 },
	{ "tag-65/short", ECRYPTFS_TAG_65, "410013", 18, -1 },
	{ "tag-65/bytes-behind", ECRYPTFS_TAG_65, "410013" FEK_PACKET_HEX, 1,
	  -1 },
};

static void test_reply(const void *data)
{
	const struct reply_vector *v = data;
	const struct request_vector raw = { NULL, v->hex, v->fill, 0 };
	g_autoptr(GBytes) bytes = vector_bytes(&raw);
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(544);
	const uint8_t *body = NULL;
	struct fixture_guard guard;
	size_t body_len = 0;
	bool parsed;

	fixture_guard_init(&guard, g_bytes_get_data(bytes, NULL),
			   g_bytes_get_size(bytes));
	parsed = ecryptfs_packet_parse_reply(guard.data, guard.data_len, v->tag,
					     &body, &body_len);
	g_assert_true(parsed == (v->body_len >= 0));
	if (parsed) {
		g_assert_cmpuint(body_len, ==, (size_t)v->body_len);
		/* What is read back is what is written, byte for byte. */
		g_assert_true(ecryptfs_packet_write_reply(v->tag, body,
							  body_len, out));
		g_assert_cmpmem(ecryptfs_secret_data(out),
				ecryptfs_secret_len(out), guard.data,
				guard.data_len);
	}
	fixture_guard_clear(&guard);
}

static void test_write_failure(void)
{
	static const uint8_t failure_65[] = { 0x41, 1, 0, 0 };
	static const uint8_t failure_67[] = { 0x43, 1, 0, 0 };
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(544);

	ecryptfs_packet_write_failure(ECRYPTFS_TAG_65, out);
	g_assert_cmpmem(ecryptfs_secret_data(out), ecryptfs_secret_len(out),
			failure_65, 4);
	ecryptfs_packet_write_failure(ECRYPTFS_TAG_67, out);
	g_assert_cmpmem(ecryptfs_secret_data(out), ecryptfs_secret_len(out),
			failure_67, 4);
}

static void test_write_reply_limits(void)
{
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(544);
	g_autoptr(EcryptfsSecret) small = ecryptfs_secret_new(21);
	static const uint8_t body[600] = { 7 };

	g_assert_false(ecryptfs_packet_write_reply(ECRYPTFS_TAG_65, body, 0,
						   out));
	g_assert_false(ecryptfs_packet_write_reply(ECRYPTFS_TAG_65, body, 68,
						   out));
	g_assert_false(ecryptfs_packet_write_reply(ECRYPTFS_TAG_67, body, 0,
						   out));
	g_assert_false(ecryptfs_packet_write_reply(ECRYPTFS_TAG_67, body, 513,
						   out));
	/* 1 + 1 + 1 + 19 bytes do not fit 21. */
	g_assert_false(ecryptfs_packet_write_reply(ECRYPTFS_TAG_65, body, 19,
						   small));
	g_assert_cmpuint(ecryptfs_secret_len(small), ==, 0);
	g_assert_true(ecryptfs_packet_write_reply(ECRYPTFS_TAG_65, body, 18,
						  small));
}

static void test_write_request(const void *data)
{
	const struct request_vector *v = data;
	g_autoptr(GBytes) bytes = vector_bytes(v);
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(544);
	struct ecryptfs_request request;
	size_t bytes_len;
	const uint8_t *whole = g_bytes_get_data(bytes, &bytes_len);

	g_assert_true(ecryptfs_packet_parse_request(whole, bytes_len, &request,
						    NULL));
	g_assert_true(ecryptfs_packet_write_request(request.tag, request.sig,
						    request.body,
						    request.body_len, out));
	g_assert_cmpmem(ecryptfs_secret_data(out), ecryptfs_secret_len(out),
			whole, bytes_len);
}

static void test_write_request_limits(void)
{
	g_autoptr(EcryptfsSecret) out = ecryptfs_secret_new(600);
	g_autoptr(EcryptfsSecret) small = ecryptfs_secret_new(37);
	static const uint8_t body[600] = { 7 };

	g_assert_false(ecryptfs_packet_write_request(ECRYPTFS_TAG_64, SIG, body,
						     513, out));
	g_assert_false(ecryptfs_packet_write_request(ECRYPTFS_TAG_66, SIG, body,
						     68, out));
	g_assert_false(ecryptfs_packet_write_request(ECRYPTFS_TAG_65, SIG, body,
						     19, out));
	g_assert_false(ecryptfs_packet_write_request(ECRYPTFS_TAG_66,
						     "111122223333444", body,
						     19, out));
	g_assert_false(ecryptfs_packet_write_request(ECRYPTFS_TAG_66,
						     "11112222333344AA", body,
						     19, out));
	/* 1 + 1 + 16 + 1 + 19 bytes do not fit 37. */
	g_assert_false(ecryptfs_packet_write_request(ECRYPTFS_TAG_66, SIG, body,
						     19, small));
	g_assert_cmpuint(ecryptfs_secret_len(small), ==, 0);
}

/* Key sizes that the kernel's ciphers take */
static bool cipher_takes(unsigned int code, size_t fek_len)
{
	switch (code) {
	case 0x02: /* des3_ede */
	case 0x08: /* aes */
		return fek_len == 24;
	case 0x03: /* cast5 */
		return fek_len >= 5 && fek_len <= 16;
	case 0x04: /* blowfish */
		return fek_len >= 4 && fek_len <= 56;
	case 0x07: /* aes */
		return fek_len == 16;
	case 0x09: /* aes */
		return fek_len == 32;
	case 0x0a: /* twofish */
		return fek_len == 16 || fek_len == 24 || fek_len == 32;
	case 0x0b: /* cast6 */
		return fek_len >= 16 && fek_len <= 32 && fek_len % 4 == 0;
	default:
		return false;
	}
}

static void make_fek_packet(uint8_t *packet, unsigned int code, size_t fek_len)
{
	unsigned int sum = 0;

	packet[0] = (uint8_t)code;
	for (size_t i = 0; i < fek_len; i++) {
		packet[1 + i] = (uint8_t)(0xf1 + 7 * i);
		sum += packet[1 + i];
	}
	packet[1 + fek_len] = (uint8_t)(sum >> 8);
	packet[2 + fek_len] = (uint8_t)sum;
}

static void test_fek_packet_every_code_and_length(void)
{
	for (unsigned int code = 0; code < 256; code++)
		for (size_t fek_len = 0; fek_len <= 70; fek_len++) {
			uint8_t packet[80];
			struct fixture_guard guard;

			make_fek_packet(packet, code, fek_len);
			fixture_guard_init(&guard, packet, fek_len + 3);
			if (ecryptfs_fek_packet_valid(guard.data,
						      guard.data_len) !=
			    cipher_takes(code, fek_len))
				g_error("code %02x, FEK of %zu", code, fek_len);
			fixture_guard_clear(&guard);
		}
}

/* Each bit of FEK and checksum; a code may become that of another cipher. */
static void test_fek_packet_every_bit(void)
{
	uint8_t packet[19];

	make_fek_packet(packet, 7, 16);
	for (size_t bit = 8; bit < 8 * sizeof(packet); bit++) {
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
		g_assert_false(ecryptfs_fek_packet_valid(packet,
							 sizeof(packet)));
		packet[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	g_assert_true(ecryptfs_fek_packet_valid(packet, sizeof(packet)));
}

static void test_fek_packet_worked_example(void)
{
	size_t packet_len;
	g_autofree uint8_t *packet =
		fixture_from_hex(FEK_PACKET_HEX, &packet_len);

	g_assert_true(ecryptfs_fek_packet_valid(packet, packet_len));
	for (size_t n = 0; n < packet_len; n++)
		g_assert_false(ecryptfs_fek_packet_valid(packet, n));
	g_assert_false(ecryptfs_fek_packet_valid(NULL, 0));
}

static void add_request(const struct request_vector *v)
{
	g_autofree char *parse = g_strdup_printf("/packet/%s", v->name);
	g_autofree char *cut = g_strdup_printf("/packet/cut/%s", v->name);
	g_autofree char *write = g_strdup_printf("/packet/write/%s", v->name);

	g_test_add_data_func(parse, v, test_request);
	if (v->body_len < 0)
		return;
	g_test_add_data_func(cut, v, test_request_cut);
	g_test_add_data_func(write, v, test_write_request);
}

static void add_reply(const struct reply_vector *v)
{
	g_autofree char *path = g_strdup_printf("/packet/%s", v->name);

	g_test_add_data_func(path, v, test_reply);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(requests); i++)
		add_request(&requests[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(replies); i++)
		add_reply(&replies[i]);
	g_test_add_func("/packet/reply-tag", test_reply_tag);
	g_test_add_func("/packet/write-failure", test_write_failure);
	g_test_add_func("/packet/write-reply-limits", test_write_reply_limits);
	g_test_add_func("/packet/write-request-limits",
			test_write_request_limits);
	g_test_add_func("/packet/fek/every-code-and-length",
			test_fek_packet_every_code_and_length);
	g_test_add_func("/packet/fek/every-bit", test_fek_packet_every_bit);
	g_test_add_func("/packet/fek/worked-example",
			test_fek_packet_worked_example);
	return g_test_run();
}
