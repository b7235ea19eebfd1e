/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the openssl module share: the module as it was built, a
 * directory for key files, and short ways to its calls.
 */
#ifndef TESTS_UNIT_OPENSSL_FIXTURE_H
#define TESTS_UNIT_OPENSSL_FIXTURE_H

#include "libecryptfs/pki.h"

extern const struct ecryptfs_pki_module *openssl_module;

/* Mode 0700; key files go here. */
extern char *openssl_directory;

/* How many warnings were logged. */
extern int openssl_n_warnings;

/* In main(): begin, add tests, end. */
void openssl_init(int *argc, char ***argv);
int openssl_run(void);

/* (transfer full): "file", and "passphrase" unless that is %NULL. */
EcryptfsParams *openssl_params(const char *file, const char *passphrase);
EcryptfsSecret *openssl_secret(const char *text);

/* (transfer full): a copy of tests/vectors/VECTOR, mode 0600. */
char *openssl_copy(const char *vector);

/* (transfer full): must succeed. @public_key: name of a test key, or %NULL. */
void *openssl_open(const char *file, const char *passphrase,
		   const char *public_key);

/* Must fail at import and at key_open with this code and this word. */
void openssl_assert_refused(const char *file, const char *passphrase,
			    enum ecryptfs_error code, const char *word);

/* A wrap and an unwrap, in the scheme of @public_key. */
bool openssl_works(void *key, const char *public_key, GError **error);
void openssl_assert_works(void *key, const char *public_key);
void openssl_assert_broken(void *key, const char *public_key,
			   enum ecryptfs_error code, const char *word);

/* That state() says @code and @needs_secret. */
void openssl_assert_state(void *key, enum ecryptfs_error code,
			  bool needs_secret);

/* The file's content. */
GBytes *openssl_content(const char *file);

#endif
