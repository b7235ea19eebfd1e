/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 6 of doc/ARCHITECTURE: from a FEK packet to the bytes of the
 * encrypted-key field and back. Decides form and scheme by the registration
 * when it writes, by length and header when it reads.
 */
#include "libecryptfs/envelope.h"

#include <string.h>

#include "libecryptfs/cursor.h"
#include "libecryptfs/failure-limit.h"
#include "libecryptfs/packet.h"
#include "libecryptfs/rsa-unpad.h"

static const uint8_t magic[4] = { 'e', 'P', 'K', 'I' };

static bool form_known(uint8_t form)
{
	return form == ECRYPTFS_FORM_DIRECT || form == ECRYPTFS_FORM_EPOCH;
}

bool ecryptfs_envelope_parse_header(const uint8_t *data, size_t data_len,
				    struct ecryptfs_envelope_header *header)
{
	struct ecryptfs_reader reader;
	uint8_t found[sizeof(magic)];
	uint8_t version, form;
	uint16_t scheme;

	ecryptfs_reader_init(&reader, data, data_len);
	if (!ecryptfs_reader_copy(&reader, found, sizeof(found)) ||
	    memcmp(found, magic, sizeof(magic)) != 0 ||
	    !ecryptfs_reader_u8(&reader, &version) ||
	    version != ECRYPTFS_ENVELOPE_VERSION ||
	    !ecryptfs_reader_u8(&reader, &form) || !form_known(form) ||
	    !ecryptfs_reader_be16(&reader, &scheme) ||
	    scheme == ECRYPTFS_SCHEME_NONE || scheme > ECRYPTFS_SCHEME_RSA_RAW)
		return false;
	header->form = (enum ecryptfs_form)form;
	header->scheme = (enum ecryptfs_scheme)scheme;
	return true;
}

static void format_header(const struct ecryptfs_envelope_header *header,
			  uint8_t out[ECRYPTFS_ENVELOPE_HEADER_SIZE])
{
	struct ecryptfs_writer writer;

	ecryptfs_writer_init(&writer, out, ECRYPTFS_ENVELOPE_HEADER_SIZE);
	ecryptfs_writer_bytes(&writer, magic, sizeof(magic));
	ecryptfs_writer_u8(&writer, ECRYPTFS_ENVELOPE_VERSION);
	ecryptfs_writer_u8(&writer, (uint8_t)header->form);
	ecryptfs_writer_be16(&writer, (uint16_t)header->scheme);
}

/* A header in front of this block would not leave room for the block. */
static bool headerless(size_t rsa_size)
{
	return rsa_size + ECRYPTFS_ENVELOPE_HEADER_SIZE >
	       ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES;
}

/* What new files of @reg get; scheme NONE when it cannot wrap. */
static struct ecryptfs_envelope_header
plan_of(const EcryptfsRegistration *reg)
{
	size_t rsa_size = ecryptfs_public_key_rsa_size(reg->public_key);
	struct ecryptfs_envelope_header plan = {
		.form = ECRYPTFS_FORM_DIRECT,
		.scheme = ECRYPTFS_SCHEME_NONE,
	};

	if (reg->read_pkcs1)
		return plan;
	switch (reg->mode) {
	case ECRYPTFS_MODE_DIRECT:
		plan.scheme = ecryptfs_public_key_scheme(reg->public_key);
		if (rsa_size > 0 && headerless(rsa_size))
			plan.form = ECRYPTFS_FORM_BARE;
		break;
	case ECRYPTFS_MODE_COMPAT:
		plan.form = ECRYPTFS_FORM_BARE;
		if (rsa_size > 0)
			plan.scheme = ECRYPTFS_SCHEME_RSA_OAEP_SHA1;
		break;
	}
	return plan;
}

static size_t header_size(enum ecryptfs_form form)
{
	return form == ECRYPTFS_FORM_BARE ? 0 : ECRYPTFS_ENVELOPE_HEADER_SIZE;
}

size_t ecryptfs_envelope_size(const EcryptfsRegistration *reg,
			      size_t fek_packet_len)
{
	struct ecryptfs_envelope_header plan = plan_of(reg);
	size_t size;

	size = ecryptfs_public_key_wrapped_size(reg->public_key, plan.scheme,
						fek_packet_len);
	if (size == 0 ||
	    size + header_size(plan.form) > ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES)
		return 0;
	return size + header_size(plan.form);
}

static bool check_can_wrap(const EcryptfsRegistration *reg,
			   size_t fek_packet_len, GError **error)
{
	const char *kind = ecryptfs_public_key_describe(reg->public_key);

	if (reg->read_pkcs1) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "key \"%s\" only reads old files (read-pkcs1=yes); "
			    "new files need another key", reg->name);
		return false;
	}
	if (plan_of(reg).scheme == ECRYPTFS_SCHEME_NONE) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "key \"%s\" is %s; mode=compat is for RSA only",
			    reg->name, kind);
		return false;
	}
	if (ecryptfs_envelope_size(reg, fek_packet_len) == 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_TOO_LARGE,
			    "%s cannot wrap a FEK packet of %zu bytes within "
			    "%d bytes", kind, fek_packet_len,
			    ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
		return false;
	}
	return true;
}

bool ecryptfs_envelope_wrap(EcryptfsKey *key, const uint8_t *fek_packet,
			    size_t fek_packet_len, EcryptfsSecret *out,
			    GError **error)
{
	const EcryptfsRegistration *reg = ecryptfs_key_registration(key);
	struct ecryptfs_envelope_header plan = plan_of(reg);
	size_t head = header_size(plan.form);
	uint8_t *data = ecryptfs_secret_data(out);
	size_t cap = MIN(ecryptfs_secret_capacity(out),
			 ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
	size_t wrapped_len;

	ecryptfs_secret_set_len(out, 0);
	if (!ecryptfs_fek_packet_valid(fek_packet, fek_packet_len)) {
		g_set_error_literal(error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_BAD_MESSAGE,
				    "cipher code, length and checksum of the "
				    "FEK packet disagree");
		return false;
	}
	if (!check_can_wrap(reg, fek_packet_len, error))
		return false;
	g_return_val_if_fail(cap >= head, false);
	if (head > 0)
		format_header(&plan, data);
	if (!ecryptfs_key_wrap(key, plan.scheme, fek_packet, fek_packet_len,
			       data + head, cap - head, &wrapped_len, error))
		return false;
	/* A module that lies about its length would cost files. */
	if (wrapped_len == 0 || wrapped_len > cap - head) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_MODULE,
			    "the module of key \"%s\" wrapped to %zu bytes",
			    reg->name, wrapped_len);
		return false;
	}
	ecryptfs_secret_set_len(out, head + wrapped_len);
	return true;
}

/* Whether @code was decided without what the ciphertext hides. */
static bool is_state(int code)
{
	switch ((enum ecryptfs_error)code) {
	case ECRYPTFS_ERROR_ABSENT:
	case ECRYPTFS_ERROR_LOCKED:
	case ECRYPTFS_ERROR_BAD_SECRET:
	case ECRYPTFS_ERROR_LOCKOUT:
	case ECRYPTFS_ERROR_POLICY:
	case ECRYPTFS_ERROR_BUSY:
	case ECRYPTFS_ERROR_UNUSABLE:
	case ECRYPTFS_ERROR_PERMISSION:
	case ECRYPTFS_ERROR_CANCELLED:
	case ECRYPTFS_ERROR_IO:
		return true;
	case ECRYPTFS_ERROR_NONE:
	case ECRYPTFS_ERROR_INTERNAL:
	case ECRYPTFS_ERROR_USAGE:
	case ECRYPTFS_ERROR_BAD_MESSAGE:
	case ECRYPTFS_ERROR_NO_KEY:
	case ECRYPTFS_ERROR_KEY_EXPIRED:
	case ECRYPTFS_ERROR_KEY_REVOKED:
	case ECRYPTFS_ERROR_BAD_AUTH_TOK:
	case ECRYPTFS_ERROR_BAD_REGISTRATION:
	case ECRYPTFS_ERROR_NO_MODULE:
	case ECRYPTFS_ERROR_BAD_MODULE:
	case ECRYPTFS_ERROR_TOO_LARGE:
	case ECRYPTFS_ERROR_REJECTED:
	case ECRYPTFS_ERROR_EXISTS:
	case ECRYPTFS_ERROR_NO_DAEMON:
	case ECRYPTFS_ERROR_KERNEL:
	case ECRYPTFS_ERROR_QUOTA:
		break;
	}
	return false;
}

static EcryptfsSecret *unwrap_one(EcryptfsKey *key,
				  enum ecryptfs_scheme scheme,
				  const uint8_t *wrapped, size_t wrapped_len,
				  GError **error)
{
	g_autoptr(EcryptfsSecret) plain = NULL;
	g_autoptr(GError) reason = NULL;

	plain = ecryptfs_key_unwrap(key, scheme, wrapped, wrapped_len,
				    &reason);
	if (!plain && reason && is_state(reason->code)) {
		g_propagate_error(error, g_steal_pointer(&reason));
		return NULL;
	}
	if (plain && scheme == ECRYPTFS_SCHEME_RSA_RAW) {
		EcryptfsSecret *block = g_steal_pointer(&plain);

		if (ecryptfs_secret_len(block) == wrapped_len)
			plain = ecryptfs_rsa_unpad_either(block, NULL);
		ecryptfs_secret_free(block);
	}
	if (!plain || !ecryptfs_fek_packet_valid(ecryptfs_secret_data(plain),
						 ecryptfs_secret_len(plain))) {
		ecryptfs_error_set_rejected(error);
		return NULL;
	}
	return g_steal_pointer(&plain);
}

static EcryptfsSecret *unwrap_limited(EcryptfsKey *key, const uint8_t *wrapped,
				      size_t wrapped_len, GError **error)
{
	EcryptfsFailureLimit *failures = ecryptfs_key_failures(key);
	g_autoptr(GError) reason = NULL;
	EcryptfsSecret *plain;

	if (!ecryptfs_failure_limit_allows(failures, g_get_monotonic_time())) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "key %s failed too often in the last minute "
			    "(read-pkcs1=yes limits that); wait a minute",
			    ecryptfs_key_sig(key));
		return NULL;
	}
	plain = unwrap_one(key, ECRYPTFS_SCHEME_RSA_RAW, wrapped, wrapped_len,
			   &reason);
	if (plain)
		return plain;
	if (g_error_matches(reason, ECRYPTFS_ERROR, ECRYPTFS_ERROR_REJECTED))
		ecryptfs_failure_limit_note(failures, g_get_monotonic_time());
	g_propagate_error(error, g_steal_pointer(&reason));
	return NULL;
}

static EcryptfsSecret *unwrap_bare(EcryptfsKey *key, const uint8_t *wrapped,
				   size_t wrapped_len, GError **error)
{
	const EcryptfsRegistration *reg = ecryptfs_key_registration(key);
	g_autoptr(GError) reason = NULL;
	EcryptfsSecret *plain;

	if (reg->read_pkcs1)
		return unwrap_limited(key, wrapped, wrapped_len, error);
	/* Below this size SHA-256 has a header and is not bare. */
	if (headerless(wrapped_len)) {
		plain = unwrap_one(key, ECRYPTFS_SCHEME_RSA_OAEP_SHA256,
				   wrapped, wrapped_len, &reason);
		if (plain)
			return plain;
		if (!g_error_matches(reason, ECRYPTFS_ERROR,
				     ECRYPTFS_ERROR_REJECTED)) {
			g_propagate_error(error, g_steal_pointer(&reason));
			return NULL;
		}
	}
	return unwrap_one(key, ECRYPTFS_SCHEME_RSA_OAEP_SHA1, wrapped,
			  wrapped_len, error);
}

/* Public bytes, so the reason may be told. */
static bool check_header(const EcryptfsRegistration *reg,
			 const uint8_t *wrapped, size_t wrapped_len,
			 enum ecryptfs_scheme *scheme, GError **error)
{
	struct ecryptfs_envelope_header header;

	if (!ecryptfs_envelope_parse_header(wrapped, wrapped_len, &header)) {
		ecryptfs_error_set_rejected(error);
		return false;
	}
	if (header.form == ECRYPTFS_FORM_EPOCH) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "the file was written for key \"%s\" in form "
			    "epoch; a later ecryptfs-pki reads it", reg->name);
		return false;
	}
	if (header.scheme != ecryptfs_public_key_scheme(reg->public_key)) {
		ecryptfs_error_set_rejected(error);
		return false;
	}
	*scheme = header.scheme;
	return true;
}

EcryptfsSecret *ecryptfs_envelope_unwrap(EcryptfsKey *key,
					 const uint8_t *wrapped,
					 size_t wrapped_len, GError **error)
{
	const EcryptfsRegistration *reg = ecryptfs_key_registration(key);
	size_t rsa_size = ecryptfs_public_key_rsa_size(reg->public_key);
	enum ecryptfs_scheme scheme;

	if (wrapped_len == 0 ||
	    wrapped_len > ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES) {
		ecryptfs_error_set_rejected(error);
		return NULL;
	}
	if (wrapped_len == rsa_size)
		return unwrap_bare(key, wrapped, wrapped_len, error);
	if (!check_header(reg, wrapped, wrapped_len, &scheme, error))
		return NULL;
	return unwrap_one(key, scheme, wrapped + ECRYPTFS_ENVELOPE_HEADER_SIZE,
			  wrapped_len - ECRYPTFS_ENVELOPE_HEADER_SIZE, error);
}

bool ecryptfs_envelope_wrap_for_proof(EcryptfsKey *key,
				      const EcryptfsSecret *fek_packet,
				      EcryptfsSecret *out, GError **error)
{
	const EcryptfsRegistration *reg = ecryptfs_key_registration(key);
	size_t len;

	if (!reg->read_pkcs1)
		return ecryptfs_envelope_wrap(
			key, ecryptfs_secret_data(fek_packet),
			ecryptfs_secret_len(fek_packet), out, error);
	/* Reads OAEP too: that proves the raw operation. */
	if (!ecryptfs_public_key_wrap(reg->public_key,
				      ECRYPTFS_SCHEME_RSA_OAEP_SHA1,
				      ecryptfs_secret_data(fek_packet),
				      ecryptfs_secret_len(fek_packet),
				      ecryptfs_secret_data(out),
				      ecryptfs_secret_capacity(out), &len,
				      error))
		return false;
	ecryptfs_secret_set_len(out, len);
	return true;
}

bool ecryptfs_envelope_prove(EcryptfsKey *key, int64_t *wrap_usec,
			     int64_t *unwrap_usec, GError **error)
{
	g_autoptr(EcryptfsSecret) packet = ecryptfs_fek_packet_random(error);
	g_autoptr(EcryptfsSecret) wrapped = NULL;
	g_autoptr(EcryptfsSecret) plain = NULL;
	int64_t start = g_get_monotonic_time(), between;

	if (!packet)
		return false;
	wrapped = ecryptfs_secret_new(ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
	if (!ecryptfs_envelope_wrap_for_proof(key, packet, wrapped, error))
		return false;
	between = g_get_monotonic_time();
	if (wrap_usec)
		*wrap_usec = between - start;
	if (unwrap_usec)
		*unwrap_usec = 0;
	if (!ecryptfs_key_pki(key))
		return true;
	plain = ecryptfs_envelope_unwrap(key, ecryptfs_secret_data(wrapped),
					 ecryptfs_secret_len(wrapped), error);
	if (!plain)
		return false;
	if (!ecryptfs_secret_equal(plain, packet)) {
		ecryptfs_error_set_rejected(error);
		return false;
	}
	if (unwrap_usec)
		*unwrap_usec = g_get_monotonic_time() - between;
	return true;
}
