/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 3 of doc/ARCHITECTURE: request packet to reply packet.
 *
 *   packet -> signature -> auth tok -> registered keys -> envelope -> packet
 */
#include "libecryptfs/respond.h"

#include <string.h>

#include "libecryptfs/auth-tok.h"
#include "libecryptfs/envelope.h"

static EcryptfsAuthTok *find_auth_tok(const struct ecryptfs_keyring *keyring,
				      const char *sig, GError **error)
{
	g_autoptr(EcryptfsSecret) payload =
		keyring->find(keyring->data, sig, error);

	if (!payload)
		return NULL;
	return ecryptfs_auth_tok_from_payload(ecryptfs_secret_data(payload),
					      ecryptfs_secret_len(payload),
					      sig, error);
}

static bool names_module(const EcryptfsAuthTok *auth_tok, EcryptfsKey **keys,
			 size_t n_keys)
{
	for (size_t i = 0; i < n_keys; i++)
		if (strcmp(ecryptfs_key_registration(keys[i])->pki_name,
			   auth_tok->pki_name) == 0)
			return true;
	return false;
}

/* The auth tok says that a key may be used; what it is, registrations say. */
static EcryptfsKey **find_keys(const struct ecryptfs_responder *responder,
			       const EcryptfsAuthTok *auth_tok, size_t *n_keys,
			       GError **error)
{
	EcryptfsKey **keys = ecryptfs_key_store_find(responder->keys,
						     auth_tok->sig, n_keys);

	if (*n_keys == 0 && auth_tok->file) {
		keys[0] = ecryptfs_key_store_adopt(responder->keys,
						   auth_tok->file,
						   auth_tok->passphrase,
						   auth_tok->sig, error);
		*n_keys = keys[0] ? 1 : 0;
	} else if (*n_keys == 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY,
			    "no usable registration of signature %s (its auth "
			    "tok names \"%s\"); see \"ecryptfs-manager list\"",
			    auth_tok->sig, auth_tok->name);
	} else if (!names_module(auth_tok, keys, *n_keys)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_AUTH_TOK,
			    "the auth tok of signature %s names module \"%s\", "
			    "its registration another; mend it with "
			    "\"ecryptfs-manager add NAME\"", auth_tok->sig,
			    auth_tok->pki_name);
		ecryptfs_key_store_free_keys(keys, *n_keys);
		return NULL;
	}
	if (*n_keys == 0)
		g_clear_pointer(&keys, g_free);
	return keys;
}

static EcryptfsSecret *wrap(EcryptfsKey *key,
			    const struct ecryptfs_request *request,
			    GError **error)
{
	g_autoptr(EcryptfsSecret) wrapped =
		ecryptfs_secret_new(ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);

	if (!ecryptfs_envelope_wrap(key, request->body, request->body_len,
				    wrapped, error))
		return NULL;
	return g_steal_pointer(&wrapped);
}

static EcryptfsSecret *unwrap(EcryptfsKey *key,
			      const struct ecryptfs_request *request,
			      GError **error)
{
	return ecryptfs_envelope_unwrap(key, request->body, request->body_len,
					error);
}

/* Providers of one key, best first; the first one's error is the telling. */
static EcryptfsSecret *try_keys(EcryptfsKey **keys, size_t n_keys,
				const struct ecryptfs_request *request,
				GError **error)
{
	EcryptfsSecret *(*operation)(EcryptfsKey *,
				     const struct ecryptfs_request *,
				     GError **) =
		request->tag == ECRYPTFS_TAG_66 ? wrap : unwrap;
	EcryptfsSecret *result = NULL;

	for (size_t i = 0; i < n_keys && !result; i++)
		result = operation(keys[i], request,
				   i == 0 ? error : NULL);
	if (result)
		g_clear_error(error);
	return result;
}

static EcryptfsSecret *answer(const struct ecryptfs_responder *responder,
			      const struct ecryptfs_request *request,
			      GError **error)
{
	g_autoptr(EcryptfsAuthTok) auth_tok = NULL;
	EcryptfsSecret *result;
	EcryptfsKey **keys;
	size_t n_keys;

	auth_tok = find_auth_tok(&responder->keyring, request->sig, error);
	if (!auth_tok)
		return NULL;
	keys = find_keys(responder, auth_tok, &n_keys, error);
	if (!keys)
		return NULL;
	result = try_keys(keys, n_keys, request, error);
	if (!result)
		g_prefix_error(error, "key signature %s: ", request->sig);
	ecryptfs_key_store_free_keys(keys, n_keys);
	return result;
}

enum ecryptfs_outcome
ecryptfs_respond(const struct ecryptfs_responder *responder,
		 const uint8_t *packet, size_t packet_len,
		 EcryptfsSecret *reply, GError **error)
{
	struct ecryptfs_request request;
	enum ecryptfs_tag reply_tag;
	g_autoptr(EcryptfsSecret) result = NULL;

	ecryptfs_secret_set_len(reply, 0);
	if (!ecryptfs_packet_reply_tag(packet, packet_len, &reply_tag)) {
		g_set_error_literal(error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_BAD_MESSAGE,
				    "packet is neither tag 64 nor tag 66");
		return ECRYPTFS_OUTCOME_DROPPED;
	}
	if (ecryptfs_packet_parse_request(packet, packet_len, &request, error))
		result = answer(responder, &request, error);
	if (result && ecryptfs_packet_write_reply(
			      reply_tag, ecryptfs_secret_data(result),
			      ecryptfs_secret_len(result), reply))
		return ECRYPTFS_OUTCOME_ANSWERED;
	if (result)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
			    "the PKI module's answer for signature %s does "
			    "not fit a packet", request.sig);
	ecryptfs_packet_write_failure(reply_tag, reply);
	return ECRYPTFS_OUTCOME_REFUSED;
}
