/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 4 of doc/ARCHITECTURE: the packets 64 to 67, and the FEK packet that
 * they carry. Pure: bytes in, bytes out.
 */
#ifndef ECRYPTFS_PACKET_H
#define ECRYPTFS_PACKET_H

#include "libecryptfs/ecryptfs.h"

/* Status octet of a failure reply; the kernel takes any but 0 as failure. */
#define ECRYPTFS_STATUS_OK 0
#define ECRYPTFS_STATUS_FAILED 1

/* AES-256, the largest that eCryptfs writes today. */
#define ECRYPTFS_RANDOM_FEK_PACKET_BYTES 35

/**
 * ecryptfs_request:
 * @tag: %ECRYPTFS_TAG_64 or %ECRYPTFS_TAG_66
 * @sig: 16 lower-case hex digits and a NUL
 * @body: the wrapped FEK (64) or the FEK packet (66); points into the
 *   parsed bytes
 * @body_len: 0 to the maximum of the tag; 0 is possible, see doc/PROTOCOL
 */
struct ecryptfs_request {
	enum ecryptfs_tag tag;
	char sig[ECRYPTFS_SIG_SIZE_HEX + 1];
	const uint8_t *body;
	size_t body_len;
};

/**
 * ecryptfs_packet_parse_request:
 * @data: (array length=data_len): one packet; hostile
 * @data_len: bytes in @data
 * @request: (out caller-allocates): filled on success, borrows from @data
 * @error: (nullable): return location
 *
 * Trailing bytes, a signature of another length or with other characters,
 * and bodies over the tag's maximum are refused.
 *
 * Errors: %ECRYPTFS_ERROR_BAD_MESSAGE
 */
bool ecryptfs_packet_parse_request(const uint8_t *data, size_t data_len,
				   struct ecryptfs_request *request,
				   GError **error);

/**
 * ecryptfs_packet_reply_tag:
 * @data: (array length=data_len): what came as a request, perhaps malformed
 * @data_len: bytes in @data; 0 is allowed
 * @reply_tag: (out): the tag that answers it
 *
 * Returns: %false when the first octet is no request tag: nothing can be
 *   answered
 */
bool ecryptfs_packet_reply_tag(const uint8_t *data, size_t data_len,
			       enum ecryptfs_tag *reply_tag);

/**
 * ecryptfs_packet_write_request:
 * @tag: %ECRYPTFS_TAG_64 or %ECRYPTFS_TAG_66
 * @sig: 16 hex digits
 * @body: (array length=body_len): as in #ecryptfs_request
 * @body_len: bytes in @body
 * @out: receives the packet; its length is set
 *
 * What the kernel does; for `test` and for the tests.
 *
 * Returns: %false when it does not fit @out or a rule of the tag
 */
bool ecryptfs_packet_write_request(enum ecryptfs_tag tag, const char *sig,
				   const uint8_t *body, size_t body_len,
				   EcryptfsSecret *out);

/**
 * ecryptfs_packet_write_reply:
 * @reply_tag: %ECRYPTFS_TAG_65 or %ECRYPTFS_TAG_67
 * @body: (array length=body_len): FEK packet (65) or wrapped FEK (67)
 * @body_len: at least 1, at most the tag's maximum
 * @out: (transfer none): receives the packet; its length is set
 *
 * Returns: %false when the body breaks a rule or does not fit: the caller
 *   then writes a failure
 */
bool ecryptfs_packet_write_reply(enum ecryptfs_tag reply_tag,
				 const uint8_t *body, size_t body_len,
				 EcryptfsSecret *out);

/**
 * ecryptfs_packet_write_failure:
 * @reply_tag: %ECRYPTFS_TAG_65 or %ECRYPTFS_TAG_67
 * @out: (transfer none): receives four bytes, the least the kernel reads
 */
void ecryptfs_packet_write_failure(enum ecryptfs_tag reply_tag,
				   EcryptfsSecret *out);

/**
 * ecryptfs_packet_parse_reply:
 * @data: (array length=data_len): a tag 65 or 67 packet
 * @data_len: bytes in @data
 * @reply_tag: the tag that is expected
 * @body: (out): points into @data
 * @body_len: (out): bytes in @body
 *
 * What the kernel does with a reply; for `test` and for the tests.
 *
 * Returns: %false for a failure status or a malformed reply
 */
bool ecryptfs_packet_parse_reply(const uint8_t *data, size_t data_len,
				 enum ecryptfs_tag reply_tag,
				 const uint8_t **body, size_t *body_len);

/**
 * ecryptfs_fek_packet_valid:
 * @data: (array length=data_len): cipher code, FEK, checksum
 * @data_len: bytes in @data
 *
 * Time depends on the length only, not on the bytes of the FEK.
 *
 * Returns: whether code is one of the kernel's, the FEK's length fits it,
 *   and the checksum (sum of the FEK's bytes, 16 bit big endian) agrees
 */
bool ecryptfs_fek_packet_valid(const uint8_t *data, size_t data_len);

/**
 * ecryptfs_fek_packet_random:
 * @error: (nullable): return location
 *
 * A FEK packet as the kernel makes one, for proofs and tests of keys.
 *
 * Returns: (transfer full) (nullable): %ECRYPTFS_RANDOM_FEK_PACKET_BYTES
 */
EcryptfsSecret *ecryptfs_fek_packet_random(GError **error);

#endif
