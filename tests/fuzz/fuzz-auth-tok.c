/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the payload of a kernel key, which every process of the user
 * can write, with the locator at its end.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libecryptfs/auth-tok.h"
#include "libecryptfs/pki.h"
#include "libecryptfs/registration.h"

#define SIG "731d05a2615043d4"

const char fuzz_corpus[] = "auth-tok";

/* Ours is written again and read again, to the same end. */
static void write_again(const EcryptfsAuthTok *auth_tok)
{
	g_autoptr(EcryptfsAuthTok) again = NULL;
	g_autoptr(GBytes) payload = ecryptfs_auth_tok_to_payload(
		auth_tok->sig, auth_tok->pki_name, auth_tok->name, NULL);

	g_assert(payload);
	again = ecryptfs_auth_tok_from_payload(g_bytes_get_data(payload, NULL),
					       g_bytes_get_size(payload), SIG,
					       NULL);
	g_assert(again && strcmp(again->name, auth_tok->name) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(EcryptfsAuthTok) auth_tok = NULL;
	g_autoptr(GError) error = NULL;

	auth_tok = ecryptfs_auth_tok_from_payload(data, size, SIG, &error);
	g_assert((auth_tok == NULL) == (error != NULL));
	if (!auth_tok) {
		g_assert(error->code == ECRYPTFS_ERROR_BAD_AUTH_TOK);
		return 0;
	}
	g_assert(size >= ECRYPTFS_AUTH_TOK_SIZE);
	g_assert(strcmp(auth_tok->sig, SIG) == 0);
	g_assert(ecryptfs_pki_name_valid(auth_tok->pki_name));
	g_assert((auth_tok->name != NULL) != (auth_tok->file != NULL));
	if (auth_tok->name) {
		g_assert(ecryptfs_registration_name_valid(auth_tok->name));
		write_again(auth_tok);
	} else {
		g_assert(auth_tok->file[0] == '/' && auth_tok->passphrase);
	}
	return 0;
}
