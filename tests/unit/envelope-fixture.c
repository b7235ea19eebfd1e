/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the envelope share: keys opened by the real openssl
 * module, and what each of them writes.
 */
#include "tests/unit/envelope-fixture.h"

#include <string.h>

#include "tests/unit/fixture.h"

char *envelope_directory;
static EcryptfsPkiList *modules;

const struct envelope_form envelope_forms[ENVELOPE_N_FORMS] = {
	{ "x25519", ECRYPTFS_MODE_DIRECT, "65504b4901010005", 88 },
	{ "p-256", ECRYPTFS_MODE_DIRECT, "65504b4901010003", 121 },
	{ "p-384", ECRYPTFS_MODE_DIRECT, "65504b4901010004", 153 },
	{ "rsa-1024", ECRYPTFS_MODE_DIRECT, "65504b4901010002", 136 },
	{ "rsa-2048", ECRYPTFS_MODE_DIRECT, "65504b4901010002", 264 },
	{ "rsa-3072", ECRYPTFS_MODE_DIRECT, "65504b4901010002", 392 },
	{ "rsa-4096", ECRYPTFS_MODE_DIRECT, "", 512 },
	{ "rsa-1024", ECRYPTFS_MODE_COMPAT, "", 128 },
	{ "rsa-2048", ECRYPTFS_MODE_COMPAT, "", 256 },
	{ "rsa-3072", ECRYPTFS_MODE_COMPAT, "", 384 },
	{ "rsa-4096", ECRYPTFS_MODE_COMPAT, "", 512 },
};

EcryptfsRegistration *envelope_new_registration(const char *key_name,
						enum ecryptfs_mode mode,
						bool read_pkcs1)
{
	g_autoptr(EcryptfsPublicKey) public_key = fixture_public_key(key_name);
	g_autofree char *file = fixture_key_file(envelope_directory, key_name);
	EcryptfsRegistration *reg =
		ecryptfs_registration_new(key_name, "openssl", public_key);

	reg->mode = mode;
	reg->read_pkcs1 = read_pkcs1;
	ecryptfs_params_set(reg->params, "file", file);
	return reg;
}

static EcryptfsKey *open_registration(EcryptfsRegistration *reg)
{
	GError *error = NULL;
	EcryptfsPki *pki = ecryptfs_pki_list_find(modules, "openssl", &error);
	EcryptfsKey *key;

	g_assert_no_error(error);
	key = ecryptfs_key_open(pki, reg, &error);
	g_assert_no_error(error);
	return key;
}

EcryptfsKey *envelope_open_key(const char *key_name, enum ecryptfs_mode mode,
			       bool read_pkcs1)
{
	g_autoptr(EcryptfsRegistration) reg =
		envelope_new_registration(key_name, mode, read_pkcs1);

	return open_registration(reg);
}

EcryptfsKey *envelope_open_form(const struct envelope_form *form)
{
	return envelope_open_key(form->key, form->mode, false);
}

void envelope_assert_rejected(EcryptfsKey *key, const uint8_t *wrapped,
			      size_t wrapped_len)
{
	g_autoptr(GError) one_text = NULL;
	GError *error = NULL;

	g_assert_null(ecryptfs_envelope_unwrap(key, wrapped, wrapped_len,
					       &error));
	ecryptfs_error_set_rejected(&one_text);
	g_assert_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_REJECTED);
	g_assert_cmpstr(error->message, ==, one_text->message);
	g_clear_error(&error);
}

GBytes *envelope_fek_packet(uint8_t code, size_t fek_len)
{
	uint8_t data[ECRYPTFS_MAX_FEK_PACKET_BYTES];
	unsigned int sum = 0;

	data[0] = code;
	for (size_t i = 0; i < fek_len; i++) {
		data[1 + i] = (uint8_t)(11 * i + code);
		sum += data[1 + i];
	}
	data[1 + fek_len] = (uint8_t)(sum >> 8);
	data[2 + fek_len] = (uint8_t)sum;
	return g_bytes_new(data, fek_len + 3);
}

EcryptfsSecret *envelope_wrap(EcryptfsKey *key, GBytes *packet)
{
	EcryptfsSecret *wrapped = ecryptfs_secret_new(ENVELOPE_MAX);
	GError *error = NULL;

	ecryptfs_envelope_wrap(key, g_bytes_get_data(packet, NULL),
			       g_bytes_get_size(packet), wrapped, &error);
	g_assert_no_error(error);
	return wrapped;
}

void envelope_assert_opens(EcryptfsKey *key, const void *wrapped,
			   size_t wrapped_len, GBytes *packet)
{
	g_autoptr(EcryptfsSecret) plain = NULL;
	GError *error = NULL;

	plain = ecryptfs_envelope_unwrap(key, wrapped, wrapped_len, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(plain), ecryptfs_secret_len(plain),
			g_bytes_get_data(packet, NULL),
			g_bytes_get_size(packet));
}

void envelope_add(const char *what, const char *name, const void *data,
		  void (*test)(const void *))
{
	g_autofree char *path = g_strdup_printf("/envelope/%s/%s", what, name);

	g_test_add_data_func(path, data, test);
}

void envelope_add_forms(const char *what,
			void (*test)(const void *form))
{
	for (size_t i = 0; i < ENVELOPE_N_FORMS; i++) {
		const struct envelope_form *form = &envelope_forms[i];
		g_autofree char *name = g_strdup_printf(
			"%s-%s", form->key, ecryptfs_mode_name(form->mode));

		envelope_add(what, name, form, test);
	}
}

void envelope_init(int *argc, char ***argv)
{
	g_test_init(argc, argv, NULL);
	/* RSA-1024 is used here, and warned of. */
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	ecryptfs_secret_pool_init();
	envelope_directory = fixture_directory_new();
	fixture_install_module(envelope_directory, "pki-modules", "openssl");
	modules = ecryptfs_pki_list_load(envelope_directory, fixture_refused,
					 NULL);
}

int envelope_run(void)
{
	int result = g_test_run();

	ecryptfs_pki_list_free(modules);
	fixture_directory_free(envelope_directory);
	return result;
}
