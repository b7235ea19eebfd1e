/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the encrypted-key field. The first byte chooses one of the
 * real test keys, or the raw RSA block of a PKCS#1 v1.5 file; the rest is what
 * a lower file claims was wrapped for it.
 */
#include "tests/fuzz/fuzz.h"

#include "libecryptfs/envelope.h"
#include "libecryptfs/packet.h"
#include "libecryptfs/rsa-unpad.h"
#include "tests/fuzz/real-keys.h"

const char fuzz_corpus[] = "envelope";

static void check(EcryptfsSecret *plain, GError *error)
{
	g_assert((plain == NULL) == (error != NULL));
	if (plain)
		g_assert(ecryptfs_fek_packet_valid(ecryptfs_secret_data(plain),
						   ecryptfs_secret_len(plain)));
}

/* What may be wrapped at all opens again. */
static void wrap(EcryptfsKey *key, const uint8_t *data, size_t size)
{
	g_autoptr(EcryptfsSecret) wrapped =
		ecryptfs_secret_new(ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES);
	g_autoptr(EcryptfsSecret) plain = NULL;
	g_autoptr(EcryptfsSecret) given = NULL;
	g_autoptr(GError) error = NULL;
	bool done = ecryptfs_envelope_wrap(key, data, size, wrapped, &error);

	g_assert(done == (error == NULL));
	if (!done)
		return;
	plain = ecryptfs_envelope_unwrap(key, ecryptfs_secret_data(wrapped),
					 ecryptfs_secret_len(wrapped), &error);
	g_assert_no_error(error);
	given = ecryptfs_secret_new_from(data, size);
	g_assert(ecryptfs_secret_equal(plain, given));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ecryptfs_envelope_header header;
	g_autoptr(EcryptfsSecret) plain = NULL;
	g_autoptr(GError) error = NULL;

	if (size < 1)
		return 0;
	ecryptfs_envelope_parse_header(data + 1, size - 1, &header);
	if (data[0] == 0xff) {
		g_autoptr(EcryptfsSecret) block =
			ecryptfs_secret_new_from(data + 1, size - 1);

		plain = ecryptfs_rsa_unpad_either(block, &error);
	} else {
		EcryptfsKey *key = real_key(data[0]);

		wrap(key, data + 1, size - 1);
		plain = ecryptfs_envelope_unwrap(key, data + 1, size - 1,
						 &error);
	}
	check(plain, error);
	return 0;
}
