/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ciphers of the kernel's eCryptfs (fs/ecryptfs/crypto.c) and the key lengths
 * that its crypto API takes for them.
 */
#include "utils/mount-cipher.h"

/*
 * mount_cipher:
 * @name: the kernel's
 * @least: shortest FEK in bytes
 * @most: longest
 * @step: what lies between two lengths
 * @usual: the default
 */
struct mount_cipher {
	const char *name;
	size_t least;
	size_t most;
	size_t step;
	size_t usual;
};

static const struct mount_cipher ciphers[] = {
	{ "aes", 16, 32, 8, 32 },
	{ "twofish", 16, 32, 8, 32 },
	{ "cast6", 16, 32, 4, 32 },
	{ "cast5", 16, 16, 1, 16 },
	{ "blowfish", 16, 56, 1, 32 },
	{ "des3_ede", 24, 24, 1, 24 },
};

static const struct mount_cipher *find_cipher(const char *name, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(ciphers); i++)
		if (g_str_equal(ciphers[i].name, name))
			return &ciphers[i];
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "the kernel's eCryptfs has no cipher \"%s\"; --cipher "
		    "takes " MOUNT_CIPHER_CHOICES, name);
	return NULL;
}

static char *describe_lengths(const struct mount_cipher *cipher)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (cipher->step == 1 && cipher->most > cipher->least)
		return g_strdup_printf("%zu to %zu", cipher->least,
				       cipher->most);
	for (size_t n = cipher->least; n <= cipher->most; n += cipher->step)
		g_string_append_printf(text, "%s%zu", !text->len ? "" :
				       n == cipher->most ? " or " : ", ", n);
	return g_strdup(text->str);
}

bool mount_cipher_key_bytes(const char *cipher, const char *key_bytes,
			    size_t *bytes, GError **error)
{
	const struct mount_cipher *row = find_cipher(cipher, error);
	g_autofree char *lengths = NULL;
	guint64 n;

	if (!row)
		return false;
	n = row->usual;
	if (!key_bytes ||
	    (g_ascii_string_to_unsigned(key_bytes, 10, row->least, row->most,
					&n, NULL) &&
	     (n - row->least) % row->step == 0)) {
		*bytes = (size_t)n;
		return true;
	}
	lengths = describe_lengths(row);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "\"%s\" is no key length of %s: --key-bytes takes %s",
		    key_bytes, cipher, lengths);
	return false;
}
