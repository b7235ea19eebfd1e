/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the envelope share: keys opened by the real openssl
 * module, and what each of them writes.
 */
#ifndef TESTS_UNIT_ENVELOPE_FIXTURE_H
#define TESTS_UNIT_ENVELOPE_FIXTURE_H

#include "libecryptfs/envelope.h"

#define ENVELOPE_MAX ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES

/**
 * envelope_form:
 * @key: a test key
 * @mode: of its registration
 * @header: hex of what its fields begin with, "" for form bare
 * @size: of a field with a 35-byte FEK packet
 */
struct envelope_form {
	const char *key;
	enum ecryptfs_mode mode;
	const char *header;
	size_t size;
};

/* Every test key in every mode in which it can wrap. */
#define ENVELOPE_N_FORMS 11
extern const struct envelope_form envelope_forms[ENVELOPE_N_FORMS];

/* With the module and the key files; made by envelope_init(). */
extern char *envelope_directory;

/* In main(): begin, add tests, end. */
void envelope_init(int *argc, char ***argv);
void envelope_add(const char *what, const char *name, const void *data,
		  void (*test)(const void *));
void envelope_add_forms(const char *what, void (*test)(const void *form));
int envelope_run(void);

EcryptfsRegistration *envelope_new_registration(const char *key_name,
						enum ecryptfs_mode mode,
						bool read_pkcs1);
EcryptfsKey *envelope_open_key(const char *key_name, enum ecryptfs_mode mode,
			       bool read_pkcs1);

EcryptfsKey *envelope_open_form(const struct envelope_form *form);

/* Code, @fek_len bytes, checksum. */
GBytes *envelope_fek_packet(uint8_t code, size_t fek_len);

/* (transfer full): must succeed. */
EcryptfsSecret *envelope_wrap(EcryptfsKey *key, GBytes *packet);

void envelope_assert_opens(EcryptfsKey *key, const void *wrapped,
			   size_t wrapped_len, GBytes *packet);

/* With the code and the text that every rejection has. */
void envelope_assert_rejected(EcryptfsKey *key, const uint8_t *wrapped,
			      size_t wrapped_len);

#endif
