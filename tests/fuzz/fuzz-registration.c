/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the registration file of a key. What is accepted is written in
 * one way only, and that is accepted too.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libecryptfs/envelope.h"

const char fuzz_corpus[] = "registration";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(EcryptfsRegistration) reg = NULL;
	g_autoptr(EcryptfsRegistration) again = NULL;
	g_autofree char *text = NULL;
	g_autofree char *text_again = NULL;
	g_autoptr(GError) error = NULL;

	reg = ecryptfs_registration_parse("fuzz", (const char *)data, size,
					  &error);
	g_assert((reg == NULL) == (error != NULL));
	if (!reg) {
		g_assert(error->code == ECRYPTFS_ERROR_BAD_REGISTRATION);
		return 0;
	}
	g_assert(ecryptfs_envelope_size(reg, 35) <=
		 ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
	text = ecryptfs_registration_format(reg);
	again = ecryptfs_registration_parse("fuzz", text, strlen(text), &error);
	g_assert_no_error(error);
	text_again = ecryptfs_registration_format(again);
	g_assert(strcmp(text, text_again) == 0);
	return 0;
}
