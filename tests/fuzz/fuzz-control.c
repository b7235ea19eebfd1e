/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: datagrams of the control socket, as the daemon and as a tool
 * reads them.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "libecryptfs/control-protocol.h"

const char fuzz_corpus[] = "control";

static void request(const uint8_t *data, size_t size)
{
	struct ecryptfs_control_request parsed;
	g_autoptr(EcryptfsSecret) again = NULL;
	g_autoptr(GError) error = NULL;

	if (!ecryptfs_control_parse_request(data, size, &parsed, &error)) {
		g_assert(error && !parsed.secret);
		return;
	}
	again = ecryptfs_control_format_request(parsed.command, parsed.name,
						parsed.secret, &error);
	g_assert_no_error(error);
	g_assert(ecryptfs_secret_len(again) == size);
	g_assert(memcmp(ecryptfs_secret_data(again), data, size) == 0);
	ecryptfs_secret_free(parsed.secret);
}

static void reply(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text =
		ecryptfs_control_parse_reply(data, size, &error);

	g_assert((text == NULL) == (error != NULL));
	g_assert(g_utf8_validate(text ? text : error->message, -1, NULL));
	if (error) {
		ecryptfs_error_name(error->code);
		ecryptfs_error_exit_status(error);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	request(data, size);
	if (size <= ECRYPTFS_CONTROL_MAX_REPLY)
		reply(data, size);
	return 0;
}
