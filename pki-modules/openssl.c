/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 8 of doc/ARCHITECTURE: private keys in PEM files. A file is parsed
 * once, at the first unwrap or at unlock, and the key is held until lock.
 * Threads share it by reference, so a lock never waits for an unwrap.
 */
#include "libecryptfs/ecryptfs-pki-module.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#include "libecryptfs/crypto-cleanup.h"
#include "libecryptfs/safe-file.h"
#include "pki-modules/openssl-pem.h"
#include "pki-modules/openssl-private-key.h"

#define MAX_FILE_BYTES ((size_t)64 << 10)
#define MIN_RSA_BYTES 256 /* for new keys */

/* Read by everything that reads PEM, ecryptfs-utils included. */
#define DEFAULT_TYPE "rsa:3072"

/* By which a key file is known not to have changed. */
struct file_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec changed;
};

struct openssl_key {
	char *file;
	EcryptfsPublicKey *public_key; /* there from key_open on */
	GMutex lock; /* for what follows */
	OpensslPrivateKey *private_key; /* NULL until it is needed */
	struct file_stamp stamp; /* of the content that @encrypted is about */
	bool encrypted;
};

typedef struct openssl_key OpensslKey;

struct key_type {
	const char *name;
	const char *algorithm;
	size_t bits;
	const char *group;
};

static const struct key_type key_types[] = {
	{ "rsa:2048", "RSA", 2048, NULL },
	{ "rsa:3072", "RSA", 3072, NULL },
	{ "rsa:4096", "RSA", 4096, NULL },
	{ "ec:P-256", "EC", 0, "P-256" },
	{ "ec:P-384", "EC", 0, "P-384" },
	{ "x25519", "X25519", 0, NULL },
};

static bool check_registered(const struct openssl_key *key,
			     const EcryptfsPublicKey *found, GError **error)
{
	if (!key->public_key ||
	    g_bytes_equal(ecryptfs_public_key_spki(key->public_key),
			  ecryptfs_public_key_spki(found)))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "%s holds another key (signature %s) than the one "
		    "registered (%s)", key->file,
		    ecryptfs_public_key_sig(found),
		    ecryptfs_public_key_sig(key->public_key));
	return false;
}

static void set_damaged(const struct openssl_key *key, GError **error)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "%s is damaged: the numbers of its key do not belong "
		    "together; restore it from a backup", key->file);
}

static OpensslPrivateKey *parse_checked(const struct openssl_key *key,
					const EcryptfsSecret *pem,
					const EcryptfsSecret *passphrase,
					GError **error)
{
	g_autoptr(OpensslPrivateKey) private_key = NULL;
	EVP_PKEY *pkey;

	pkey = openssl_pem_parse(key->file, pem, passphrase, error);
	if (!pkey)
		return NULL;
	private_key = openssl_private_key_new(pkey, key->file, error);
	if (!private_key ||
	    !check_registered(key, openssl_private_key_public(private_key),
			      error))
		return NULL;
	if (!openssl_private_key_proves(private_key)) {
		set_damaged(key, error);
		return NULL;
	}
	return g_steal_pointer(&private_key);
}

static EcryptfsSecret *read_file(const char *file, GError **error)
{
	if (!ecryptfs_safe_file_check_outside(file, "the key file", error))
		return NULL;
	return ecryptfs_safe_file_read(file, MAX_FILE_BYTES,
				       ECRYPTFS_SAFE_FILE_PRIVATE, error);
}

static OpensslPrivateKey *get_held(struct openssl_key *key)
{
	OpensslPrivateKey *held = NULL;

	g_mutex_lock(&key->lock);
	if (key->private_key)
		held = openssl_private_key_ref(key->private_key);
	g_mutex_unlock(&key->lock);
	return held;
}

static void hold(struct openssl_key *key, OpensslPrivateKey *fresh)
{
	OpensslPrivateKey *before;

	g_mutex_lock(&key->lock);
	before = key->private_key;
	key->private_key = openssl_private_key_ref(fresh);
	g_mutex_unlock(&key->lock);
	openssl_private_key_unref(before);
}

/*
 * Without the lock, until the key is there: making a key of a passphrase
 * takes long, and a wrong one must not hold up who has the key already.
 */
static OpensslPrivateKey *load(struct openssl_key *key,
			       const EcryptfsSecret *passphrase,
			       GError **error)
{
	g_autoptr(EcryptfsSecret) pem = read_file(key->file, error);
	OpensslPrivateKey *fresh;

	if (!pem)
		return NULL;
	fresh = parse_checked(key, pem, passphrase, error);
	if (fresh)
		hold(key, fresh);
	return fresh;
}

/* A reference of the caller's own: lock() may drop the key's meanwhile. */
static OpensslPrivateKey *acquire(struct openssl_key *key, GError **error)
{
	OpensslPrivateKey *held = get_held(key);

	return held ? held : load(key, NULL, error);
}

static bool same_stamp(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Reads the file only when it is another than at the last call. */
static bool look_at_file_unlocked(struct openssl_key *key, GError **error)
{
	g_autoptr(EcryptfsSecret) pem = NULL;
	struct file_stamp stamp;
	struct stat st;

	if (lstat(key->file, &st) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot find %s",
					 key->file);
		return false;
	}
	stamp = (struct file_stamp){ .dev = st.st_dev, .ino = st.st_ino,
				     .size = st.st_size,
				     .changed = st.st_ctim };
	if (same_stamp(&stamp, &key->stamp))
		return true;
	pem = read_file(key->file, error);
	if (!pem)
		return false;
	if (!openssl_pem_has_key(pem)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "%s holds no PEM private key", key->file);
		return false;
	}
	key->encrypted = openssl_pem_encrypted(pem);
	key->stamp = stamp;
	return true;
}

static void key_close(void *data)
{
	struct openssl_key *key = data;

	openssl_private_key_unref(key->private_key);
	ecryptfs_public_key_unref(key->public_key);
	g_mutex_clear(&key->lock);
	g_free(key->file);
	g_free(key);
}

static void free_key(OpensslKey *key)
{
	key_close(key);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(OpensslKey, free_key)

static struct openssl_key *key_new(const EcryptfsParams *params,
				   GError **error)
{
	const char *file = ecryptfs_params_get(params, "file");
	struct openssl_key *key;

	if (!file || !g_path_is_absolute(file)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "\"file\" must name a key file by its absolute "
			    "path, not \"%s\"", file ? file : "");
		return NULL;
	}
	key = g_new0(struct openssl_key, 1);
	key->file = g_strdup(file);
	g_mutex_init(&key->lock);
	return key;
}

static void *key_open(void *module_state, const EcryptfsParams *params,
		      EcryptfsPublicKey *public_key, GError **error)
{
	g_autoptr(OpensslKey) key = key_new(params, error);
	g_autoptr(OpensslPrivateKey) private_key = NULL;
	size_t rsa_size;

	(void)module_state;
	if (!key)
		return NULL;
	if (!public_key) {
		private_key = load(key, ecryptfs_params_get_secret(
						params, "passphrase"), error);
		if (!private_key)
			return NULL;
		public_key = openssl_private_key_public(private_key);
	}
	key->public_key = ecryptfs_public_key_ref(public_key);
	rsa_size = ecryptfs_public_key_rsa_size(key->public_key);
	if (rsa_size > 0 && rsa_size < MIN_RSA_BYTES)
		g_warning("%s is %s: too weak for new files, good only to "
			  "read old ones", key->file,
			  ecryptfs_public_key_describe(key->public_key));
	return g_steal_pointer(&key);
}

static GBytes *public_id(void *data, GError **error)
{
	const struct openssl_key *key = data;

	(void)error;
	return g_bytes_ref(ecryptfs_public_key_spki(key->public_key));
}

static bool wrap(void *data, enum ecryptfs_scheme scheme, const uint8_t *plain,
		 size_t plain_len, uint8_t *wrapped, size_t wrapped_cap,
		 size_t *wrapped_len, GError **error)
{
	const struct openssl_key *key = data;

	return ecryptfs_public_key_wrap(key->public_key, scheme, plain,
					plain_len, wrapped, wrapped_cap,
					wrapped_len, error);
}

static EcryptfsSecret *unwrap(void *data, enum ecryptfs_scheme scheme,
			      const uint8_t *wrapped, size_t wrapped_len,
			      GError **error)
{
	struct openssl_key *key = data;
	g_autoptr(OpensslPrivateKey) private_key = acquire(key, error);
	EcryptfsSecret *plain;

	if (!private_key)
		return NULL;
	plain = openssl_private_key_unwrap(private_key, scheme, wrapped,
					   wrapped_len);
	if (!plain)
		ecryptfs_error_set_rejected(error);
	return plain;
}

static bool unlock(void *data, const EcryptfsSecret *secret, GError **error)
{
	g_autoptr(OpensslPrivateKey) private_key = load(data, secret, error);

	return private_key != NULL;
}

static void lock(void *data)
{
	struct openssl_key *key = data;

	g_mutex_lock(&key->lock);
	g_clear_pointer(&key->private_key, openssl_private_key_unref);
	g_mutex_unlock(&key->lock);
}

static void state(void *data, struct ecryptfs_pki_key_state *state)
{
	struct openssl_key *key = data;
	g_autoptr(GError) error = NULL;
	bool there;

	g_mutex_lock(&key->lock);
	there = look_at_file_unlocked(key, &error);
	*state = (struct ecryptfs_pki_key_state){
		.code = ECRYPTFS_ERROR_NONE,
		.needs_secret = key->encrypted,
		.tries_left = -1,
	};
	if (!key->private_key && !there)
		state->code = (enum ecryptfs_error)error->code;
	else if (!key->private_key && key->encrypted)
		state->code = ECRYPTFS_ERROR_LOCKED;
	g_mutex_unlock(&key->lock);
}

static bool check_passphrase(const EcryptfsSecret *passphrase, GError **error)
{
	size_t len = passphrase ? ecryptfs_secret_len(passphrase) : 1;

	if (len >= 1 && len <= MAX_PASSPHRASE_BYTES)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "a passphrase has 1 to %d bytes, this one %zu",
		    MAX_PASSPHRASE_BYTES, len);
	return false;
}

/* The copy that will replace the file is read back from the disk first. */
static bool replace_file(const struct openssl_key *key,
			 const OpensslPrivateKey *private_key,
			 const EcryptfsSecret *passphrase, GError **error)
{
	g_autofree char *copy = NULL;
	g_autoptr(EcryptfsSecret) pem = NULL;
	g_autoptr(EcryptfsSecret) read_back = NULL;
	g_autoptr(OpensslPrivateKey) proof = NULL;

	pem = openssl_pem_format(openssl_private_key_pkey(private_key),
				 passphrase, error);
	if (!pem)
		return false;
	copy = ecryptfs_safe_file_write_beside(key->file,
					       ecryptfs_secret_data(pem),
					       ecryptfs_secret_len(pem),
					       error);
	read_back = copy ? read_file(copy, error) : NULL;
	if (read_back)
		proof = parse_checked(key, read_back, passphrase, error);
	if (proof && ecryptfs_safe_file_move(copy, key->file, error))
		return true;
	if (copy)
		unlink(copy);
	return false;
}

static bool passwd(void *data, const EcryptfsSecret *old,
		   const EcryptfsSecret *fresh, GError **error)
{
	struct openssl_key *key = data;
	g_autoptr(EcryptfsSecret) pem = NULL;
	g_autoptr(OpensslPrivateKey) private_key = NULL;

	if (!check_passphrase(fresh, error))
		return false;
	pem = read_file(key->file, error);
	if (!pem)
		return false;
	private_key = parse_checked(key, pem, old, error);
	return private_key && replace_file(key, private_key, fresh, error);
}

static const struct key_type *find_type(const char *name, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(key_types); i++)
		if (g_strcmp0(key_types[i].name, name) == 0)
			return &key_types[i];
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "\"%s\" is not a type of key to make; choose rsa:2048, "
		    "rsa:3072, rsa:4096, ec:P-256, ec:P-384 or x25519",
		    name ? name : "");
	return NULL;
}

static EVP_PKEY *make_key(const struct key_type *type, GError **error)
{
	EVP_PKEY *pkey;

	if (type->bits > 0)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, type->algorithm,
					 type->bits);
	else
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, type->algorithm,
					 type->group);
	if (!pkey)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_INTERNAL,
			    "libcrypto cannot make a key of type %s",
			    type->name);
	ERR_clear_error();
	return pkey;
}

static bool generate(void *module_state, EcryptfsParams *params,
		     GError **error)
{
	const EcryptfsSecret *passphrase =
		ecryptfs_params_get_secret(params, "passphrase");
	const char *name = ecryptfs_params_get(params, "type");
	const struct key_type *type = find_type(name ? name : DEFAULT_TYPE,
						error);
	g_autoptr(OpensslKey) key = NULL;
	g_autoptr(EVP_PKEY) pkey = NULL;
	g_autoptr(EcryptfsSecret) pem = NULL;

	(void)module_state;
	if (!type || !check_passphrase(passphrase, error))
		return false;
	key = key_new(params, error);
	pkey = key ? make_key(type, error) : NULL;
	pem = pkey ? openssl_pem_format(pkey, passphrase, error) : NULL;
	return pem && ecryptfs_safe_file_write(key->file,
					       ecryptfs_secret_data(pem),
					       ecryptfs_secret_len(pem), false,
					       error);
}

static bool import(void *module_state, EcryptfsParams *params, GError **error)
{
	g_autoptr(OpensslKey) key = key_new(params, error);
	g_autoptr(OpensslPrivateKey) private_key = NULL;

	(void)module_state;
	if (key)
		private_key = load(key, ecryptfs_params_get_secret(
						params, "passphrase"), error);
	if (!private_key)
		return false;
	if (openssl_private_key_intact(private_key))
		return true;
	set_damaged(key, error);
	return false;
}

static const struct ecryptfs_pki_param params[] = {
	{ "type", "rsa:2048, rsa:3072, rsa:4096, ec:P-256, ec:P-384, x25519",
	  ECRYPTFS_PKI_PARAM_STRING, ECRYPTFS_PKI_PARAM_FOR_GENERATE,
	  DEFAULT_TYPE },
	{ "file", "the PEM file of the private key", ECRYPTFS_PKI_PARAM_PATH,
	  ECRYPTFS_PKI_PARAM_FOR_GENERATE | ECRYPTFS_PKI_PARAM_FOR_IMPORT |
		  ECRYPTFS_PKI_PARAM_LOCATOR | ECRYPTFS_PKI_PARAM_REQUIRED,
	  NULL },
	{ "passphrase", "encrypts the file", ECRYPTFS_PKI_PARAM_SECRET,
	  ECRYPTFS_PKI_PARAM_FOR_GENERATE | ECRYPTFS_PKI_PARAM_FOR_IMPORT,
	  NULL },
};

extern const struct ecryptfs_pki_module ecryptfs_pki_module_v1;

const struct ecryptfs_pki_module ecryptfs_pki_module_v1 = {
	.abi = ECRYPTFS_PKI_MODULE_ABI,
	.name = "openssl",
	.description = "RSA, EC and X25519 keys in PEM files",
	.params = params,
	.params_len = G_N_ELEMENTS(params),
	.concurrency = ECRYPTFS_PKI_PARALLEL,
	.generate = generate,
	.import = import,
	.key_open = key_open,
	.key_close = key_close,
	.public_id = public_id,
	.wrap = wrap,
	.unwrap = unwrap,
	.unlock = unlock,
	.lock = lock,
	.state = state,
	.passwd = passwd,
};
