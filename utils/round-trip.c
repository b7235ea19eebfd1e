/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon would do for the kernel, done in this process.
 */
#include "utils/round-trip.h"

static EcryptfsSecret *body_of(const EcryptfsSecret *reply,
			       enum ecryptfs_tag reply_tag, GError **error)
{
	const uint8_t *body;
	size_t body_len;

	if (ecryptfs_packet_parse_reply(ecryptfs_secret_data(reply),
					ecryptfs_secret_len(reply), reply_tag,
					&body, &body_len))
		return ecryptfs_secret_new_from(body, body_len);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
		    "respond() made a malformed reply");
	return NULL;
}

/* (transfer full) (nullable): what the reply carries. */
static EcryptfsSecret *ask(const struct ecryptfs_responder *responder,
			   enum ecryptfs_tag tag, const char *sig,
			   const EcryptfsSecret *body, int64_t *usec,
			   GError **error)
{
	g_autoptr(EcryptfsSecret) packet =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	g_autoptr(EcryptfsSecret) reply =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	int64_t start = g_get_monotonic_time();

	if (!ecryptfs_packet_write_request(tag, sig,
					   ecryptfs_secret_data(body),
					   ecryptfs_secret_len(body),
					   packet)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
			    "the request does not fit a packet");
		return NULL;
	}
	if (ecryptfs_respond(responder, ecryptfs_secret_data(packet),
			     ecryptfs_secret_len(packet), reply, error) !=
	    ECRYPTFS_OUTCOME_ANSWERED)
		return NULL;
	*usec = g_get_monotonic_time() - start;
	return body_of(reply, tag == ECRYPTFS_TAG_64 ? ECRYPTFS_TAG_65 :
						       ECRYPTFS_TAG_67,
		       error);
}

bool round_trip(const struct ecryptfs_responder *responder,
		const EcryptfsRegistration *reg, struct key_check *check,
		GError **error)
{
	const char *sig = ecryptfs_registration_sig(reg);
	g_autoptr(EcryptfsSecret) packet = ecryptfs_fek_packet_random(error);
	g_autoptr(EcryptfsSecret) wrapped = NULL;
	g_autoptr(EcryptfsSecret) plain = NULL;

	if (packet)
		wrapped = ask(responder, ECRYPTFS_TAG_66, sig, packet,
			      &check->wrap_usec, error);
	if (!wrapped)
		return false;
	if (g_str_equal(reg->pki_name, ECRYPTFS_PKI_PUBLIC))
		return true;
	plain = ask(responder, ECRYPTFS_TAG_64, sig, wrapped,
		    &check->unwrap_usec, error);
	if (!plain)
		return false;
	check->proven = ecryptfs_secret_equal(plain, packet);
	if (!check->proven)
		ecryptfs_error_set_rejected(error);
	return check->proven;
}
