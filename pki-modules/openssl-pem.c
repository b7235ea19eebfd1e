/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the text of a PEM file to a private key of libcrypto, and back. Knows
 * nothing of files.
 */
#include "pki-modules/openssl-pem.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "libecryptfs/crypto-cleanup.h"

G_STATIC_ASSERT(MAX_PASSPHRASE_BYTES <= PEM_BUFSIZE);

/* About a third of a second for each guess on a core of 2024. */
#define PBKDF2_ITERATIONS 600000
#define PBKDF2_SALT_BYTES 16

/* A file that asks for more would hold up whoever opens it. */
#define MAX_ROUNDS 10000000

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PBE2PARAM, PBE2PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PBEPARAM, PBEPARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PBKDF2PARAM, PBKDF2PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SCRYPT_PARAMS, SCRYPT_PARAMS_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_SIG, X509_SIG_free)

static BIO *open_text(const EcryptfsSecret *pem)
{
	return BIO_new_mem_buf(ecryptfs_secret_data(pem),
			       (int)ecryptfs_secret_len(pem));
}

struct question {
	const EcryptfsSecret *passphrase;
	bool asked;
};

static int give_passphrase(char *buf, int size, int rwflag, void *data)
{
	struct question *question = data;
	size_t len;

	(void)rwflag;
	question->asked = true;
	if (!question->passphrase)
		return -1;
	len = ecryptfs_secret_len(question->passphrase);
	if (len > (size_t)size)
		return -1;
	memcpy(buf, ecryptfs_secret_data(question->passphrase), len);
	return (int)len;
}

/* Nobody computes a negative number of rounds, nor one that is too long. */
static int64_t count_of(const ASN1_INTEGER *integer)
{
	int64_t count = 0;

	if (!integer)
		return 0;
	if (ASN1_INTEGER_get_int64(&count, integer) != 1 || count < 0)
		return INT64_MAX;
	return count;
}

static int64_t product_of(int64_t a, int64_t b)
{
	int64_t product;

	return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static int64_t rounds_of_pbkdf2(const ASN1_TYPE *parameter)
{
	g_autoptr(PBKDF2PARAM) pbkdf2 = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(PBKDF2PARAM), parameter);

	return pbkdf2 ? count_of(pbkdf2->iter) : 0;
}

/* libcrypto limits its memory, not its time. A step costs like a round. */
static int64_t rounds_of_scrypt(const ASN1_TYPE *parameter)
{
	g_autoptr(SCRYPT_PARAMS) scrypt = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
	int64_t lanes;

	if (!scrypt)
		return 0;
	lanes = product_of(count_of(scrypt->blockSize),
			   count_of(scrypt->parallelizationParameter));
	return product_of(count_of(scrypt->costParameter), lanes);
}

static int64_t rounds_of_pbes2(const ASN1_TYPE *parameter)
{
	g_autoptr(PBE2PARAM) pbes2 = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(PBE2PARAM), parameter);

	if (!pbes2)
		return 0;
	if (OBJ_obj2nid(pbes2->keyfunc->algorithm) == NID_id_scrypt)
		return rounds_of_scrypt(pbes2->keyfunc->parameter);
	return rounds_of_pbkdf2(pbes2->keyfunc->parameter);
}

/* PBES1 and the schemes of PKCS#12 have the same parameter. */
static int64_t rounds_of_pbes1(const ASN1_TYPE *parameter)
{
	g_autoptr(PBEPARAM) pbes1 = ASN1_TYPE_unpack_sequence(
		ASN1_ITEM_rptr(PBEPARAM), parameter);

	return pbes1 ? count_of(pbes1->iter) : 0;
}

static int64_t rounds_of(const X509_SIG *encrypted)
{
	const X509_ALGOR *algorithm;

	X509_SIG_get0(encrypted, &algorithm, NULL);
	if (OBJ_obj2nid(algorithm->algorithm) == NID_pbes2)
		return rounds_of_pbes2(algorithm->parameter);
	return rounds_of_pbes1(algorithm->parameter);
}

/*
 * Of every encrypted PKCS#8 block, for libcrypto passes over what it cannot
 * read. The traditional form has one round, whatever it says.
 */
static int64_t most_rounds(const EcryptfsSecret *pem,
			   const EcryptfsSecret *passphrase)
{
	struct question question = { .passphrase = passphrase };
	g_autoptr(BIO) bio = open_text(pem);
	int64_t most = 0;

	while (bio && !BIO_eof(bio)) {
		g_autoptr(X509_SIG) encrypted = PEM_read_bio_PKCS8(
			bio, NULL, give_passphrase, &question);

		if (encrypted)
			most = MAX(most, rounds_of(encrypted));
	}
	ERR_clear_error();
	return most;
}

static bool check_rounds(const char *file, const EcryptfsSecret *pem,
			 const EcryptfsSecret *passphrase, GError **error)
{
	if (most_rounds(pem, passphrase) <= MAX_ROUNDS)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "%s asks for more than %d rounds to make a key of its "
		    "passphrase: write it with fewer, by \"openssl pkcs8 "
		    "-topk8 -iter 600000\"", file, MAX_ROUNDS);
	return false;
}

static void set_parse_error(GError **error, const char *file,
			    const struct question *question)
{
	if (!question->asked)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "%s holds no PEM private key that libcrypto can "
			    "read", file);
	else if (!question->passphrase)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED,
			    "%s is encrypted: unlock its key with its "
			    "passphrase first", file);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_SECRET,
			    "wrong passphrase for %s", file);
}

EVP_PKEY *openssl_pem_parse(const char *file, const EcryptfsSecret *pem,
			    const EcryptfsSecret *passphrase, GError **error)
{
	struct question question = { .passphrase = passphrase };
	g_autoptr(BIO) bio = NULL;
	EVP_PKEY *pkey = NULL;

	if (passphrase && !check_rounds(file, pem, passphrase, error))
		return NULL;
	bio = open_text(pem);
	/* Without a callback libcrypto would ask on the terminal. */
	if (bio)
		pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase,
					       &question);
	if (!pkey)
		set_parse_error(error, file, &question);
	ERR_clear_error();
	return pkey;
}

static bool contains(const EcryptfsSecret *pem, const char *text)
{
	return memmem(ecryptfs_secret_data(pem), ecryptfs_secret_len(pem),
		      text, strlen(text)) != NULL;
}

bool openssl_pem_has_key(const EcryptfsSecret *pem)
{
	return contains(pem, "-----BEGIN ") &&
	       contains(pem, "PRIVATE KEY-----");
}

bool openssl_pem_encrypted(const EcryptfsSecret *pem)
{
	return contains(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
	       contains(pem, "Proc-Type: 4,ENCRYPTED");
}

static bool write_pem(BIO *bio, EVP_PKEY *pkey,
		      const EcryptfsSecret *passphrase)
{
	g_autoptr(PKCS8_PRIV_KEY_INFO) info = EVP_PKEY2PKCS8(pkey);
	g_autoptr(X509_SIG) encrypted = NULL;
	const char *text;

	if (!info)
		return false;
	if (!passphrase)
		return PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) == 1;
	text = (const char *)ecryptfs_secret_data(passphrase);
	/* -1: PBES2 with PBKDF2 and HMAC-SHA256. NULL: a random salt. */
	encrypted = PKCS8_encrypt(-1, EVP_aes_256_cbc(), text,
				  (int)ecryptfs_secret_len(passphrase), NULL,
				  PBKDF2_SALT_BYTES, PBKDF2_ITERATIONS, info);
	return encrypted && PEM_write_bio_PKCS8(bio, encrypted) == 1;
}

EcryptfsSecret *openssl_pem_format(EVP_PKEY *pkey,
				  const EcryptfsSecret *passphrase,
				  GError **error)
{
	g_autoptr(BIO) bio = BIO_new(BIO_s_secmem());
	EcryptfsSecret *pem = NULL;
	char *data;
	long len;

	if (bio && write_pem(bio, pkey, passphrase)) {
		len = BIO_get_mem_data(bio, &data);
		pem = ecryptfs_secret_new_from(data, (size_t)len);
	} else {
		g_set_error_literal(error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_INTERNAL,
				    "libcrypto cannot write the private key");
	}
	ERR_clear_error();
	return pem;
}
