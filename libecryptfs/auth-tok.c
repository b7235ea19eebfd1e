/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Step 5 of doc/ARCHITECTURE: the auth tok's 740 bytes, and the blob.
 *
 * Offsets are those of the kernel's packed struct ecryptfs_auth_tok, integers
 * in host order. Our blob, version 1:
 *
 *   4  "EPK1"
 *   1  length of the name, 1 to 64
 *   n  name of the registration
 *
 * The blob of ecryptfs-utils' openssl module (read, never written): LE16
 * length, path with NUL, LE16 length, passphrase with NUL.
 */
#include "libecryptfs/auth-tok.h"

#include <string.h>

#include "libecryptfs/cursor.h"
#include "libecryptfs/key-sig.h"
#include "libecryptfs/pki.h"
#include "libecryptfs/registration.h"

#define VERSION 4 /* major 0, minor 4 */
#define TYPE_PRIVATE_KEY 1
#define ENCRYPTED_KEY_OFFSET 20
#define PRIVATE_KEY_OFFSET 628
#define BLOB_OFFSET 670
#define FIELD_SIZE 17 /* 16 characters and a NUL */
#define KEY_SIZE 16 /* the kernel does not use it; as ecryptfs-utils */

static const char blob_magic[4] = { 'E', 'P', 'K', '1' };

/* The field's text must end inside the field. */
static bool copy_field(struct ecryptfs_reader *reader, char out[FIELD_SIZE])
{
	return ecryptfs_reader_copy(reader, out, FIELD_SIZE) &&
	       memchr(out, '\0', FIELD_SIZE);
}

GBytes *ecryptfs_auth_tok_to_payload(const char *sig, const char *pki_name,
				     const char *name, GError **error)
{
	g_autofree uint8_t *payload = g_malloc0(ECRYPTFS_AUTH_TOK_SIZE);
	const uint16_t head[2] = { VERSION, TYPE_PRIVATE_KEY };
	char sig_field[FIELD_SIZE] = "", pki_field[FIELD_SIZE] = "";
	struct ecryptfs_writer writer;

	if (!ecryptfs_key_sig_valid(sig) ||
	    !ecryptfs_pki_name_valid(pki_name) ||
	    !ecryptfs_registration_name_valid(name)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "no auth tok can be made of signature \"%s\", "
			    "module \"%s\", name \"%s\"", sig, pki_name, name);
		return NULL;
	}
	g_strlcpy(sig_field, sig, sizeof(sig_field));
	g_strlcpy(pki_field, pki_name, sizeof(pki_field));
	memcpy(payload, head, sizeof(head));
	ecryptfs_writer_init(&writer, payload + PRIVATE_KEY_OFFSET,
			     ECRYPTFS_AUTH_TOK_SIZE - PRIVATE_KEY_OFFSET);
	ecryptfs_writer_host32(&writer, KEY_SIZE);
	ecryptfs_writer_host32(&writer, (uint32_t)(sizeof(blob_magic) + 1 +
						   strlen(name)));
	ecryptfs_writer_bytes(&writer, sig_field, sizeof(sig_field));
	ecryptfs_writer_bytes(&writer, pki_field, sizeof(pki_field));
	ecryptfs_writer_bytes(&writer, blob_magic, sizeof(blob_magic));
	ecryptfs_writer_u8(&writer, (uint8_t)strlen(name));
	ecryptfs_writer_bytes(&writer, name, strlen(name));
	g_assert(!writer.failed);
	return g_bytes_new_take(g_steal_pointer(&payload),
				ECRYPTFS_AUTH_TOK_SIZE);
}

static bool read_blob(EcryptfsAuthTok *auth_tok, struct ecryptfs_reader blob)
{
	char name[ECRYPTFS_REGISTRATION_NAME_MAX + 1] = "";
	const uint8_t *magic;
	uint8_t name_len;

	if (!ecryptfs_reader_view(&blob, sizeof(blob_magic), &magic) ||
	    memcmp(magic, blob_magic, sizeof(blob_magic)) != 0 ||
	    !ecryptfs_reader_u8(&blob, &name_len) ||
	    name_len >= sizeof(name) ||
	    !ecryptfs_reader_copy(&blob, name, name_len) || blob.left > 0 ||
	    strlen(name) != name_len || !ecryptfs_registration_name_valid(name))
		return false;
	auth_tok->name = g_strdup(name);
	return true;
}

/* A length that counts a NUL, and that many bytes, the last one NUL. */
static bool read_old_text(struct ecryptfs_reader *blob, const char **text)
{
	const uint8_t *view;
	uint16_t text_len;

	if (!ecryptfs_reader_le16(blob, &text_len) || text_len < 1 ||
	    !ecryptfs_reader_view(blob, text_len, &view) ||
	    memchr(view, '\0', text_len) != view + text_len - 1)
		return false;
	*text = (const char *)view;
	return true;
}

static bool read_old_blob(EcryptfsAuthTok *auth_tok,
			  struct ecryptfs_reader blob)
{
	const char *file, *passphrase;

	if (strcmp(auth_tok->pki_name, "openssl") != 0 ||
	    !read_old_text(&blob, &file) || !g_path_is_absolute(file) ||
	    !g_utf8_validate(file, -1, NULL) ||
	    !read_old_text(&blob, &passphrase))
		return false;
	auth_tok->file = g_strdup(file);
	auth_tok->passphrase =
		ecryptfs_secret_new_from(passphrase, strlen(passphrase));
	return true;
}

static bool all_zero(const uint8_t *data, size_t data_len)
{
	uint8_t any = 0;

	for (size_t i = 0; i < data_len; i++)
		any |= data[i];
	return any == 0;
}

/* What the kernel checks, and the trap it does not check. */
static const char *check_fixed(const uint8_t *payload, size_t payload_len)
{
	uint16_t head[2];

	if (payload_len < ECRYPTFS_AUTH_TOK_SIZE)
		return "is shorter than 740 bytes";
	if (payload_len > ECRYPTFS_AUTH_TOK_MAX_PAYLOAD)
		return "is longer than 32767 bytes";
	memcpy(head, payload, sizeof(head));
	if (head[0] != VERSION)
		return "has another version than 0.4";
	if (head[1] != TYPE_PRIVATE_KEY)
		return "is not of type private key";
	if (!all_zero(payload + ENCRYPTED_KEY_OFFSET,
		      ECRYPTFS_MAX_ENCRYPTED_KEY_BYTES))
		return "has a non-zero encrypted_key (the kernel would write "
		       "files that never open)";
	return NULL;
}

static const char *read_private_key(EcryptfsAuthTok *auth_tok,
				    const uint8_t *payload, size_t payload_len,
				    const char *sig)
{
	struct ecryptfs_reader reader;
	uint32_t key_size, blob_len;

	ecryptfs_reader_init(&reader, payload + PRIVATE_KEY_OFFSET,
			     payload_len - PRIVATE_KEY_OFFSET);
	if (!ecryptfs_reader_host32(&reader, &key_size) ||
	    !ecryptfs_reader_host32(&reader, &blob_len) ||
	    !copy_field(&reader, auth_tok->sig) ||
	    !copy_field(&reader, auth_tok->pki_name))
		return "has a name without an end";
	if (strcmp(auth_tok->sig, sig) != 0)
		return "names another signature inside than in its description";
	if (!ecryptfs_pki_name_valid(auth_tok->pki_name))
		return "names no possible PKI module";
	if (blob_len > reader.left)
		return "has a module blob longer than itself";
	reader.left = blob_len;
	if (!read_blob(auth_tok, reader) && !read_old_blob(auth_tok, reader))
		return "has a module blob that is not understood";
	return NULL;
}

EcryptfsAuthTok *ecryptfs_auth_tok_from_payload(const uint8_t *payload,
						size_t payload_len,
						const char *sig,
						GError **error)
{
	g_autoptr(EcryptfsAuthTok) auth_tok = g_new0(EcryptfsAuthTok, 1);
	const char *rule = check_fixed(payload, payload_len);

	if (!rule)
		rule = read_private_key(auth_tok, payload, payload_len, sig);
	if (rule) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_AUTH_TOK,
			    "the auth tok of signature %s %s; mend it with "
			    "\"ecryptfs-manager add NAME\"", sig, rule);
		return NULL;
	}
	return g_steal_pointer(&auth_tok);
}

void ecryptfs_auth_tok_free(EcryptfsAuthTok *auth_tok)
{
	if (!auth_tok)
		return;
	g_free(auth_tok->name);
	g_free(auth_tok->file);
	ecryptfs_secret_free(auth_tok->passphrase);
	g_free(auth_tok);
}
