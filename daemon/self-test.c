/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer of one request at a time, inside the process. */
#include "daemon/self-test.h"

#include <pthread.h>

#include "libecryptfs/envelope.h"
#include "libecryptfs/packet.h"

struct peer {
	struct transport transport;
	pthread_mutex_t lock;
	pthread_cond_t answered;
	EcryptfsSecret *reply;
	GError *why;
};

static enum transport_sent take_reply(struct transport *transport,
				      const struct transport_id *id,
				      const EcryptfsSecret *packet,
				      const GError *why)
{
	struct peer *peer = (struct peer *)transport;

	(void)id;
	pthread_mutex_lock(&peer->lock);
	peer->reply = ecryptfs_secret_new_from(ecryptfs_secret_data(packet),
					       ecryptfs_secret_len(packet));
	peer->why = why ? g_error_copy(why) : NULL;
	pthread_cond_signal(&peer->answered);
	pthread_mutex_unlock(&peer->lock);
	return TRANSPORT_SENT_OK;
}

/* Exactly one reply comes for a well-formed request, so this ends. */
static EcryptfsSecret *wait_for_reply(struct peer *peer, GError **error)
{
	EcryptfsSecret *reply;

	pthread_mutex_lock(&peer->lock);
	while (!peer->reply)
		pthread_cond_wait(&peer->answered, &peer->lock);
	reply = g_steal_pointer(&peer->reply);
	if (peer->why)
		g_propagate_error(error, g_steal_pointer(&peer->why));
	pthread_mutex_unlock(&peer->lock);
	return reply;
}

/* The body of the answer to one request. */
static EcryptfsSecret *ask(Dispatch *dispatch, struct peer *peer,
			   enum ecryptfs_tag tag, const char *sig,
			   const EcryptfsSecret *body, GError **error)
{
	const struct transport_id id = { 0 };
	g_autoptr(EcryptfsSecret) packet =
		ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	g_autoptr(EcryptfsSecret) reply = NULL;
	g_autoptr(GError) why = NULL;
	enum ecryptfs_tag reply_tag;
	const uint8_t *data;
	size_t data_len;

	if (!ecryptfs_packet_write_request(tag, sig,
					   ecryptfs_secret_data(body),
					   ecryptfs_secret_len(body), packet) ||
	    !ecryptfs_packet_reply_tag(ecryptfs_secret_data(packet),
				       ecryptfs_secret_len(packet),
				       &reply_tag)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
			    "cannot make a request");
		return NULL;
	}
	dispatch_request(dispatch, &peer->transport, &id,
			 ecryptfs_secret_data(packet),
			 ecryptfs_secret_len(packet), g_get_monotonic_time());
	reply = wait_for_reply(peer, &why);
	if (why) {
		g_propagate_error(error, g_steal_pointer(&why));
		return NULL;
	}
	if (!ecryptfs_packet_parse_reply(ecryptfs_secret_data(reply),
					 ecryptfs_secret_len(reply), reply_tag,
					 &data, &data_len)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
			    "malformed reply");
		return NULL;
	}
	return ecryptfs_secret_new_from(data, data_len);
}

/* No request of the kernel is answered by a key that only reads. */
static EcryptfsSecret *wrap(Dispatch *dispatch, struct peer *peer,
			    EcryptfsKey *key, const EcryptfsSecret *fek_packet,
			    GError **error)
{
	g_autoptr(EcryptfsSecret) wrapped = NULL;

	if (!ecryptfs_key_registration(key)->read_pkcs1)
		return ask(dispatch, peer, ECRYPTFS_TAG_66,
			   ecryptfs_key_sig(key), fek_packet, error);
	wrapped = ecryptfs_secret_new(ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
	if (!ecryptfs_envelope_wrap_for_proof(key, fek_packet, wrapped, error))
		return NULL;
	return g_steal_pointer(&wrapped);
}

static bool unwrap(Dispatch *dispatch, struct peer *peer,
		   const EcryptfsKey *key, const EcryptfsSecret *wrapped,
		   const EcryptfsSecret *fek_packet, int64_t *usec,
		   GError **error)
{
	int64_t begun = g_get_monotonic_time();
	g_autoptr(EcryptfsSecret) unwrapped =
		ask(dispatch, peer, ECRYPTFS_TAG_64, ecryptfs_key_sig(key),
		    wrapped, error);

	if (!unwrapped)
		return false;
	*usec = g_get_monotonic_time() - begun;
	if (ecryptfs_secret_equal(fek_packet, unwrapped))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
		    "the FEK that came back is not the one that was wrapped");
	return false;
}

static bool wrap_and_unwrap(Dispatch *dispatch, struct peer *peer,
			    EcryptfsKey *key, int64_t *wrap_usec,
			    int64_t *unwrap_usec, GError **error)
{
	g_autoptr(EcryptfsSecret) fek_packet =
		ecryptfs_fek_packet_random(error);
	g_autoptr(EcryptfsSecret) wrapped = NULL;
	int64_t begun;

	if (!fek_packet)
		return false;
	begun = g_get_monotonic_time();
	wrapped = wrap(dispatch, peer, key, fek_packet, error);
	if (!wrapped)
		return false;
	*wrap_usec = g_get_monotonic_time() - begun;
	/* That a recipient's private half is elsewhere is no fault. */
	*unwrap_usec = SELF_TEST_NOT_UNWRAPPED;
	return !ecryptfs_key_pki(key) ||
	       unwrap(dispatch, peer, key, wrapped, fek_packet, unwrap_usec,
		      error);
}

bool self_test_run(Dispatch *dispatch, EcryptfsKey *key, int64_t *wrap_usec,
		   int64_t *unwrap_usec, GError **error)
{
	struct peer peer = {
		.transport = { .name = "self-test", .reply = take_reply },
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.answered = PTHREAD_COND_INITIALIZER,
	};

	return wrap_and_unwrap(dispatch, &peer, key, wrap_usec, unwrap_usec,
			       error);
}
