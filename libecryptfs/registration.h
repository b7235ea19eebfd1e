/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A registered key: CONFIG/ecryptfs/keys/NAME.conf, a GKeyFile without any
 * secret. It, not the keyring, says which module and which files are used,
 * so it counts only when nobody but its owner can write it.
 */
#ifndef ECRYPTFS_REGISTRATION_H
#define ECRYPTFS_REGISTRATION_H

#include "libecryptfs/ecryptfs.h"

#define ECRYPTFS_REGISTRATION_NAME_MAX 64
#define ECRYPTFS_REGISTRATION_MAX_BYTES 65536

/**
 * ecryptfs_mode:
 * @ECRYPTFS_MODE_DIRECT: envelope form direct; bare with OAEP-SHA256 where
 *   a header has no room (RSA-4096)
 * @ECRYPTFS_MODE_COMPAT: envelope form bare with OAEP-SHA1, which
 *   ecryptfs-utils' openssl module can open; RSA only
 *
 * What new files of this key get. Old files are read in every form.
 */
enum ecryptfs_mode {
	ECRYPTFS_MODE_DIRECT,
	ECRYPTFS_MODE_COMPAT,
};

/**
 * EcryptfsRegistration:
 * @name: [a-zA-Z0-9._@-], at most 64, not starting with '.' or '-'
 * @pki_name: module; "public" for a recipient of whom only the public half
 *   is here
 * @public_key: the public half; its signature is the key's
 * @mode: see #ecryptfs_mode
 * @read_pkcs1: also read PKCS#1 v1.5 files; then nothing is ever wrapped
 * @pin_ttl: seconds without use after which an unlocked key is locked, 0 for
 *   never
 * @pin_ttl_max: seconds after unlock at which it is locked anyway, 0 for
 *   never
 * @created: UNIX time
 * @made_file: the key file was made together with the registration, so it may
 *   go with it
 * @params: locator values for the module, group [module]
 */
typedef struct EcryptfsRegistration {
	char *name;
	char *pki_name;
	EcryptfsPublicKey *public_key;
	enum ecryptfs_mode mode;
	bool read_pkcs1;
	unsigned int pin_ttl;
	unsigned int pin_ttl_max;
	int64_t created;
	bool made_file;
	EcryptfsParams *params;
} EcryptfsRegistration;

#define ECRYPTFS_PKI_PUBLIC "public"
#define ECRYPTFS_DEFAULT_PIN_TTL 600
#define ECRYPTFS_DEFAULT_PIN_TTL_MAX 7200

/**
 * ecryptfs_registration_new:
 *
 * Returns: (transfer full): a registration with the defaults and no key,
 *   ready to be filled; @name and @pki_name are copied, @public_key reffed
 */
EcryptfsRegistration *ecryptfs_registration_new(const char *name,
						const char *pki_name,
						EcryptfsPublicKey *public_key);
EcryptfsRegistration *ecryptfs_registration_ref(EcryptfsRegistration *reg);
void ecryptfs_registration_unref(EcryptfsRegistration *reg);

const char *ecryptfs_registration_sig(const EcryptfsRegistration *reg);

bool ecryptfs_registration_name_valid(const char *name);
const char *ecryptfs_mode_name(enum ecryptfs_mode mode);
bool ecryptfs_mode_from_name(const char *name, enum ecryptfs_mode *mode);

/**
 * ecryptfs_registration_parse:
 * @name: name it was stored under
 * @text: (array length=text_len): content; hostile
 * @text_len: bytes in @text
 * @error: (nullable): return location; names the group and key at fault
 *
 * The stored signature must be that of the stored public key. Pure; the
 * fuzzer calls it.
 *
 * Errors: %ECRYPTFS_ERROR_BAD_REGISTRATION
 */
EcryptfsRegistration *ecryptfs_registration_parse(const char *name,
						  const char *text,
						  size_t text_len,
						  GError **error);

/* Returns: (transfer full): what ecryptfs_registration_parse() reads. */
char *ecryptfs_registration_format(const EcryptfsRegistration *reg);

/**
 * ecryptfs_registration_load:
 * @directory: (nullable): directory of registrations; %NULL for the user's
 * @name: the name
 * @error: (nullable): return location
 *
 * Errors: %ECRYPTFS_ERROR_NO_KEY when there is none of that name,
 *   %ECRYPTFS_ERROR_PERMISSION for an unsafe mode or owner,
 *   %ECRYPTFS_ERROR_BAD_REGISTRATION, %ECRYPTFS_ERROR_IO
 */
EcryptfsRegistration *ecryptfs_registration_load(const char *directory,
						 const char *name,
						 GError **error);

/* Atomic. @replace as in ecryptfs_safe_file_write(). */
bool ecryptfs_registration_save(const char *directory,
				const EcryptfsRegistration *reg, bool replace,
				GError **error);

/**
 * ecryptfs_registration_list:
 * @directory: (nullable): directory of registrations; %NULL for the user's
 * @error: (nullable): return location
 *
 * Returns: (transfer full) (nullable): sorted names, %NULL-terminated; empty
 *   when the directory is missing
 *
 * Errors: %ECRYPTFS_ERROR_PERMISSION when this user may not read it,
 *   %ECRYPTFS_ERROR_IO
 */
char **ecryptfs_registration_list(const char *directory, GError **error);

/* (transfer full): DIR/NAME.conf; directory %NULL for the user's. */
char *ecryptfs_registration_path(const char *directory, const char *name);

/* (transfer full): ${XDG_CONFIG_HOME:-~/.config}/ecryptfs/keys */
char *ecryptfs_registration_default_dir(void);

/* (transfer full): ${XDG_DATA_HOME:-~/.local/share}/ecryptfs */
char *ecryptfs_registration_data_dir(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EcryptfsRegistration,
			      ecryptfs_registration_unref)

#endif
