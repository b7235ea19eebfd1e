/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What several unit tests and fuzz targets need: bytes from hex, memory that
 * ends at a guard page, a directory of their own, test keys, PKI modules, and
 * a keyring that is a table.
 */
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include "libecryptfs/keyring.h"
#include "libecryptfs/registration.h"

/* (transfer full): bytes of pairs of hex digits; blanks are skipped. */
uint8_t *fixture_from_hex(const char *hex, size_t *data_len);

/**
 * fixture_guard:
 * @data: a copy whose last byte is the last one before a page that cannot be
 *   read: whoever reads on, in any build, dies there
 * @data_len: bytes in @data
 */
struct fixture_guard {
	uint8_t *data;
	size_t data_len;
	void *map;
	size_t map_len;
};

void fixture_guard_init(struct fixture_guard *guard, const void *data,
			size_t data_len);
void fixture_guard_clear(struct fixture_guard *guard);

/* Fails unless @error is @code of our domain and says @word; clears it. */
void fixture_assert_error(GError **error, enum ecryptfs_error code,
			  const char *word);

/* A fresh directory, mode 0700; the other removes it with all in it. */
char *fixture_directory_new(void);
void fixture_directory_free(char *directory);

/* (transfer full): the path of DIRECTORY/NAME, now with this content. */
char *fixture_write(const char *directory, const char *name, const void *data,
		    size_t data_len, unsigned int mode);

/* (transfer full): a file below tests/vectors, or of the build. */
GBytes *fixture_vector(const char *name);
EcryptfsPublicKey *fixture_public_key(const char *name);

/* Copies tests/vectors/keys/NAME.pem, mode 0600; (transfer full): its path. */
char *fixture_key_file(const char *directory, const char *name);

/* Copies the built module NAME.so from @built, e.g. "tests/pki". */
void fixture_install_module(const char *directory, const char *built,
			    const char *name);
bool fixture_module_built(const char *built, const char *name);

/**
 * fixture_register:
 * @directory: of registrations
 * @name: of the registration
 * @pki_name: module
 * @key: name of a test key
 * @params: (array zero-terminated=1): name, value, name, value, %NULL
 *
 * Returns: (transfer full): what was saved
 */
EcryptfsRegistration *fixture_register(const char *directory, const char *name,
				       const char *pki_name, const char *key,
				       const char *const *params);

/* For tests of what is refused: a module or registration must not be. */
void fixture_refused(const char *what, const GError *error, void *data);

/**
 * fixture_keyring:
 * @sig: the one signature it knows
 * @payload: (nullable): what it finds
 * @failure: error code when @payload is %NULL
 * @asked: how often it was asked
 */
struct fixture_keyring {
	const char *sig;
	GBytes *payload;
	enum ecryptfs_error failure;
	int asked;
};

struct ecryptfs_keyring fixture_keyring_table(struct fixture_keyring *ring);

#endif
