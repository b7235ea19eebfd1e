/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 4 of doc/ARCHITECTURE: packets 64 to 67 and the FEK packet.
 *
 *   64, 66:  tag, length (16), signature (16 hex), length, body
 *   65, 67:  tag, status, length, body
 */
#include "libecryptfs/packet.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "libecryptfs/cursor.h"
#include "libecryptfs/key-sig.h"

#define CIPHER_CODE_AES_256 0x09
#define RANDOM_FEK_BYTES \
	(ECRYPTFS_RANDOM_FEK_PACKET_BYTES - ECRYPTFS_FEK_PACKET_OVERHEAD)

struct tag_row {
	enum ecryptfs_tag tag;
	enum ecryptfs_tag reply;
	size_t max_body;
	size_t max_reply_body;
};

static const struct tag_row tags[] = {
	{ ECRYPTFS_TAG_64, ECRYPTFS_TAG_65, ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES,
	  ECRYPTFS_MAX_FEK_PACKET_BYTES },
	{ ECRYPTFS_TAG_66, ECRYPTFS_TAG_67, ECRYPTFS_MAX_FEK_PACKET_BYTES,
	  ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES },
};

struct cipher_row {
	uint8_t code;
	uint8_t fek_min;
	uint8_t fek_max;
	uint8_t fek_step;
};

/* RFC 2440 numbers as the kernel knows them; sizes of the ciphers. */
static const struct cipher_row ciphers[] = {
	{ 0x02, 24, 24, 8 }, /* des3_ede */
	{ 0x03, 5, 16, 1 }, /* cast5 */
	{ 0x04, 4, 56, 1 }, /* blowfish */
	{ 0x07, 16, 16, 8 }, /* aes */
	{ 0x08, 24, 24, 8 },
	{ 0x09, 32, 32, 8 },
	{ 0x0a, 16, 32, 8 }, /* twofish */
	{ 0x0b, 16, 32, 4 }, /* cast6 */
};

static const struct tag_row *row_of_request(uint8_t tag)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
		if (tags[i].tag == tag)
			return &tags[i];
	return NULL;
}

static const struct tag_row *row_of_reply(enum ecryptfs_tag reply_tag)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tags); i++)
		if (tags[i].reply == reply_tag)
			return &tags[i];
	g_assert_not_reached();
}

static bool bad(GError **error, const char *what)
{
	g_set_error_literal(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MESSAGE,
			    what);
	return false;
}

static bool read_sig(struct ecryptfs_reader *reader,
		     char sig[ECRYPTFS_SIG_SIZE_HEX + 1])
{
	size_t sig_len;

	if (!ecryptfs_reader_length(reader, &sig_len) ||
	    sig_len != ECRYPTFS_SIG_SIZE_HEX ||
	    !ecryptfs_reader_copy(reader, sig, ECRYPTFS_SIG_SIZE_HEX))
		return false;
	sig[ECRYPTFS_SIG_SIZE_HEX] = '\0';
	return ecryptfs_key_sig_valid(sig);
}

bool ecryptfs_packet_parse_request(const uint8_t *data, size_t data_len,
				   struct ecryptfs_request *request,
				   GError **error)
{
	struct ecryptfs_reader reader;
	const struct tag_row *row;
	uint8_t tag;

	memset(request, 0, sizeof(*request));
	ecryptfs_reader_init(&reader, data, data_len);
	if (!ecryptfs_reader_u8(&reader, &tag))
		return bad(error, "empty packet");
	row = row_of_request(tag);
	if (!row)
		return bad(error, "packet is neither tag 64 nor tag 66");
	if (!read_sig(&reader, request->sig))
		return bad(error, "malformed key signature in the packet");
	if (!ecryptfs_reader_length(&reader, &request->body_len) ||
	    request->body_len > row->max_body ||
	    !ecryptfs_reader_view(&reader, request->body_len, &request->body))
		return bad(error, "malformed length in the packet");
	if (reader.left > 0)
		return bad(error, "bytes behind the packet");
	request->tag = row->tag;
	return true;
}

bool ecryptfs_packet_reply_tag(const uint8_t *data, size_t data_len,
			       enum ecryptfs_tag *reply_tag)
{
	const struct tag_row *row;

	row = data_len > 0 ? row_of_request(data[0]) : NULL;
	if (!row)
		return false;
	*reply_tag = row->reply;
	return true;
}

static bool finish(const struct ecryptfs_writer *writer, EcryptfsSecret *out)
{
	ecryptfs_secret_set_len(out, writer->failed ? 0 : writer->len);
	return !writer->failed;
}

static void start(struct ecryptfs_writer *writer, EcryptfsSecret *out)
{
	ecryptfs_writer_init(writer, ecryptfs_secret_data(out),
			     ecryptfs_secret_capacity(out));
}

bool ecryptfs_packet_write_request(enum ecryptfs_tag tag, const char *sig,
				   const uint8_t *body, size_t body_len,
				   EcryptfsSecret *out)
{
	const struct tag_row *row = row_of_request((uint8_t)tag);
	struct ecryptfs_writer writer;

	if (!row || body_len > row->max_body || !ecryptfs_key_sig_valid(sig))
		return false;
	start(&writer, out);
	ecryptfs_writer_u8(&writer, (uint8_t)tag);
	ecryptfs_writer_length(&writer, ECRYPTFS_SIG_SIZE_HEX);
	ecryptfs_writer_bytes(&writer, sig, ECRYPTFS_SIG_SIZE_HEX);
	ecryptfs_writer_length(&writer, body_len);
	ecryptfs_writer_bytes(&writer, body, body_len);
	return finish(&writer, out);
}

bool ecryptfs_packet_write_reply(enum ecryptfs_tag reply_tag,
				 const uint8_t *body, size_t body_len,
				 EcryptfsSecret *out)
{
	struct ecryptfs_writer writer;

	/*
	 * An empty wrapped FEK would be stored: a file that never opens. An
	 * empty FEK packet is refused by the kernel anyway.
	 */
	if (body_len < 1 || body_len > row_of_reply(reply_tag)->max_reply_body)
		return false;
	start(&writer, out);
	ecryptfs_writer_u8(&writer, (uint8_t)reply_tag);
	ecryptfs_writer_u8(&writer, ECRYPTFS_STATUS_OK);
	ecryptfs_writer_length(&writer, body_len);
	ecryptfs_writer_bytes(&writer, body, body_len);
	return finish(&writer, out);
}

void ecryptfs_packet_write_failure(enum ecryptfs_tag reply_tag,
				   EcryptfsSecret *out)
{
	struct ecryptfs_writer writer;

	/* The kernel reads a length before it looks at the status. */
	start(&writer, out);
	ecryptfs_writer_u8(&writer, (uint8_t)row_of_reply(reply_tag)->reply);
	ecryptfs_writer_u8(&writer, ECRYPTFS_STATUS_FAILED);
	ecryptfs_writer_length(&writer, 0);
	ecryptfs_writer_u8(&writer, 0);
	finish(&writer, out);
}

bool ecryptfs_packet_parse_reply(const uint8_t *data, size_t data_len,
				 enum ecryptfs_tag reply_tag,
				 const uint8_t **body, size_t *body_len)
{
	struct ecryptfs_reader reader;
	uint8_t tag, status;

	ecryptfs_reader_init(&reader, data, data_len);
	return ecryptfs_reader_u8(&reader, &tag) && tag == reply_tag &&
	       ecryptfs_reader_u8(&reader, &status) &&
	       status == ECRYPTFS_STATUS_OK &&
	       ecryptfs_reader_length(&reader, body_len) && *body_len > 0 &&
	       *body_len <= row_of_reply(reply_tag)->max_reply_body &&
	       ecryptfs_reader_view(&reader, *body_len, body) &&
	       reader.left == 0;
}

bool ecryptfs_fek_packet_valid(const uint8_t *data, size_t data_len)
{
	unsigned int sum = 0, wrong;
	bool known = false;
	size_t fek_len;

	if (data_len <= ECRYPTFS_FEK_PACKET_OVERHEAD ||
	    data_len > ECRYPTFS_MAX_FEK_PACKET_BYTES)
		return false;
	fek_len = data_len - ECRYPTFS_FEK_PACKET_OVERHEAD;
	/* No early exit: the bytes may come from a padding under attack. */
	for (size_t i = 0; i < fek_len; i++)
		sum += data[1 + i];
	wrong = (sum & 0xffff) ^
		((unsigned int)data[data_len - 2] << 8 | data[data_len - 1]);
	for (size_t i = 0; i < G_N_ELEMENTS(ciphers); i++)
		known |= (ciphers[i].code == data[0]) &
			 (fek_len >= ciphers[i].fek_min) &
			 (fek_len <= ciphers[i].fek_max) &
			 (fek_len % ciphers[i].fek_step == 0);
	return known & (wrong == 0);
}

EcryptfsSecret *ecryptfs_fek_packet_random(GError **error)
{
	g_autoptr(EcryptfsSecret) packet =
		ecryptfs_secret_new(ECRYPTFS_RANDOM_FEK_PACKET_BYTES);
	uint8_t *data = ecryptfs_secret_data(packet);
	unsigned int sum = 0;

	if (getrandom(data + 1, RANDOM_FEK_BYTES, 0) != RANDOM_FEK_BYTES) {
		ecryptfs_error_set_errno(error, errno, "getrandom");
		return NULL;
	}
	for (size_t i = 1; i <= RANDOM_FEK_BYTES; i++)
		sum += data[i];
	data[0] = CIPHER_CODE_AES_256;
	data[1 + RANDOM_FEK_BYTES] = (uint8_t)(sum >> 8);
	data[2 + RANDOM_FEK_BYTES] = (uint8_t)sum;
	ecryptfs_secret_set_len(packet, ECRYPTFS_RANDOM_FEK_PACKET_BYTES);
	return g_steal_pointer(&packet);
}
