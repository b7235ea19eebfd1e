/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The PEM armour of a public key (RFC 7468, section 13).
 */
#include "utils/pem.h"

#include <string.h>

#define BEGIN "-----BEGIN PUBLIC KEY-----"
#define END "-----END PUBLIC KEY-----"
#define LINE 64

static const char base64_chars[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
	" \t\r\n";

static EcryptfsPublicKey *refuse(GError **error, const char *why)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "no public key in PEM: %s", why);
	return NULL;
}

/* What people have at hand instead, and the way from there. */
static const char *other_content(const char *text)
{
	if (strstr(text, "PRIVATE KEY-----"))
		return "it holds a private key; import that with "
		       "--pki=openssl --file=FILE, or take its public half "
		       "with \"openssl pkey -in FILE -pubout\"";
	if (strstr(text, "BEGIN CERTIFICATE-----"))
		return "it holds a certificate; take its key with "
		       "\"openssl x509 -in FILE -pubkey -noout\"";
	if (strstr(text, "BEGIN RSA PUBLIC KEY-----"))
		return "it holds a key in PKCS#1; convert it with \"openssl "
		       "rsa -RSAPublicKey_in -in FILE -pubout\"";
	return "it has no line \"" BEGIN "\"";
}

EcryptfsPublicKey *pem_read_public(const char *text, size_t text_len,
				   GError **error)
{
	g_autofree char *copy = g_strndup(text, text_len);
	g_autofree char *body = NULL;
	g_autofree uint8_t *spki = NULL;
	const char *begin, *end;
	gsize spki_len;

	if (strlen(copy) != text_len)
		return refuse(error, "it is binary; convert it with \"openssl "
			      "pkey -pubin -inform DER -in FILE\"");
	begin = strstr(copy, BEGIN);
	if (!begin)
		return refuse(error, other_content(copy));
	begin += strlen(BEGIN);
	end = strstr(begin, END);
	if (!end)
		return refuse(error, "the line \"" END "\" is missing");
	body = g_strndup(begin, (gsize)(end - begin));
	if (strspn(body, base64_chars) != strlen(body))
		return refuse(error, "its base64 is damaged");
	spki = g_base64_decode(body, &spki_len);
	return ecryptfs_public_key_new(spki, spki_len, error);
}

char *pem_format_public(const EcryptfsPublicKey *key)
{
	GBytes *spki = ecryptfs_public_key_spki(key);
	g_autofree char *base64 = g_base64_encode(
		g_bytes_get_data(spki, NULL), g_bytes_get_size(spki));
	GString *pem = g_string_new(BEGIN "\n");

	for (size_t i = 0; i < strlen(base64); i += LINE)
		g_string_append_printf(pem, "%.*s\n", LINE, base64 + i);
	g_string_append(pem, END "\n");
	return g_string_free(pem, FALSE);
}
