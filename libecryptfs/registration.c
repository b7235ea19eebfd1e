/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Registered keys: NAME.conf and the struct. Nothing here is secret, but all
 * of it is decisive: which module, which files.
 */
#include "libecryptfs/registration.h"

#include <errno.h>
#include <string.h>

#include "libecryptfs/pki.h"
#include "libecryptfs/safe-file.h"

#define GROUP "key"
#define GROUP_MODULE "module"
#define FORMAT_VERSION 1
#define SUFFIX ".conf"
#define TTL_LIMIT (30u * 86400)

static const char *const mode_names[] = {
	[ECRYPTFS_MODE_DIRECT] = "direct",
	[ECRYPTFS_MODE_COMPAT] = "compat",
};

/* A misspelt key must not be overlooked: "read_pkcs1", "pin-tll". */
static const char *const known_keys[] = {
	"version", "pki", "signature", "public-key", "mode", "read-pkcs1",
	"pin-ttl", "pin-ttl-max", "created", "made-file", NULL,
};

EcryptfsRegistration *ecryptfs_registration_new(const char *name,
						const char *pki_name,
						EcryptfsPublicKey *public_key)
{
	EcryptfsRegistration *reg = g_atomic_rc_box_new0(EcryptfsRegistration);

	reg->name = g_strdup(name);
	reg->pki_name = g_strdup(pki_name);
	if (public_key)
		reg->public_key = ecryptfs_public_key_ref(public_key);
	reg->pin_ttl = ECRYPTFS_DEFAULT_PIN_TTL;
	reg->pin_ttl_max = ECRYPTFS_DEFAULT_PIN_TTL_MAX;
	reg->params = ecryptfs_params_new();
	return reg;
}

EcryptfsRegistration *ecryptfs_registration_ref(EcryptfsRegistration *reg)
{
	return g_atomic_rc_box_acquire(reg);
}

static void clear(void *data)
{
	EcryptfsRegistration *reg = data;

	g_free(reg->name);
	g_free(reg->pki_name);
	if (reg->public_key)
		ecryptfs_public_key_unref(reg->public_key);
	ecryptfs_params_free(reg->params);
}

void ecryptfs_registration_unref(EcryptfsRegistration *reg)
{
	if (reg)
		g_atomic_rc_box_release_full(reg, clear);
}

const char *ecryptfs_registration_sig(const EcryptfsRegistration *reg)
{
	return ecryptfs_public_key_sig(reg->public_key);
}

bool ecryptfs_registration_name_valid(const char *name)
{
	size_t name_len = strlen(name);

	if (name_len < 1 || name_len > ECRYPTFS_REGISTRATION_NAME_MAX ||
	    name[0] == '.' || name[0] == '-')
		return false;
	for (size_t i = 0; i < name_len; i++)
		if (!g_ascii_isalnum(name[i]) && !strchr("._@-", name[i]))
			return false;
	return true;
}

const char *ecryptfs_mode_name(enum ecryptfs_mode mode)
{
	return mode_names[mode];
}

bool ecryptfs_mode_from_name(const char *name, enum ecryptfs_mode *mode)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mode_names); i++)
		if (g_strcmp0(name, mode_names[i]) == 0) {
			*mode = (enum ecryptfs_mode)i;
			return true;
		}
	return false;
}

static bool fault(GError **error, const char *name, const char *key,
		  const char *why)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BAD_REGISTRATION,
		    "registration %s: %s %s", name, key, why);
	return false;
}

static bool check_names(GKeyFile *file, const char *name, GError **error)
{
	g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
	g_auto(GStrv) keys = g_key_file_get_keys(file, GROUP, NULL, NULL);

	for (size_t i = 0; groups[i]; i++)
		if (strcmp(groups[i], GROUP) != 0 &&
		    strcmp(groups[i], GROUP_MODULE) != 0)
			return fault(error, name, groups[i],
				     "is not a known group");
	if (!keys)
		return fault(error, name, "[" GROUP "]", "is missing");
	for (size_t i = 0; keys[i]; i++)
		if (!g_strv_contains(known_keys, keys[i]))
			return fault(error, name, keys[i],
				     "is not a known key of group [" GROUP "]");
	return true;
}

static bool get_number(GKeyFile *file, const char *name, const char *key,
		       uint64_t max, uint64_t *value, GError **error)
{
	g_autofree char *text = g_key_file_get_string(file, GROUP, key, NULL);

	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 0, max, value, NULL))
		return fault(error, name, key, "is not a number in range");
	return true;
}

static bool get_bool(GKeyFile *file, const char *name, const char *key,
		     bool *value, GError **error)
{
	g_autofree char *text = g_key_file_get_string(file, GROUP, key, NULL);

	*value = text && strcmp(text, "yes") == 0;
	if (text && !*value && strcmp(text, "no") != 0)
		return fault(error, name, key, "must be yes or no");
	return true;
}

static EcryptfsPublicKey *get_public_key(GKeyFile *file, const char *name,
					 GError **error)
{
	g_autoptr(EcryptfsPublicKey) key = NULL;
	g_autoptr(GError) cause = NULL;
	g_autofree char *sig =
		g_key_file_get_string(file, GROUP, "signature", NULL);
	g_autofree char *text =
		g_key_file_get_string(file, GROUP, "public-key", NULL);
	g_autofree uint8_t *spki = NULL;
	gsize spki_len = 0;

	if (text)
		spki = g_base64_decode(text, &spki_len);
	key = ecryptfs_public_key_new(spki, spki_len, &cause);
	if (!key) {
		fault(error, name, "public-key", cause->message);
		return NULL;
	}
	if (g_strcmp0(sig, ecryptfs_public_key_sig(key)) != 0) {
		fault(error, name, "signature",
		      "is not that of public-key; import the key again");
		return NULL;
	}
	return g_steal_pointer(&key);
}

static bool get_params(GKeyFile *file, const char *name,
		       EcryptfsParams *params, GError **error)
{
	g_auto(GStrv) keys =
		g_key_file_get_keys(file, GROUP_MODULE, NULL, NULL);

	for (size_t i = 0; keys && keys[i]; i++) {
		g_autoptr(GError) cause = NULL;
		g_autofree char *value = g_key_file_get_string(
			file, GROUP_MODULE, keys[i], &cause);

		/* For a bad escape it sets both. */
		if (!value || cause)
			return fault(error, name, keys[i],
				     "has no readable value");
		ecryptfs_params_set(params, keys[i], value);
	}
	return true;
}

static bool get_options(GKeyFile *file, EcryptfsRegistration *reg,
			GError **error)
{
	g_autofree char *mode = g_key_file_get_string(file, GROUP, "mode",
						      NULL);
	uint64_t ttl = reg->pin_ttl, ttl_max = reg->pin_ttl_max, created = 0;

	if (mode && !ecryptfs_mode_from_name(mode, &reg->mode))
		return fault(error, reg->name, "mode",
			     "must be direct or compat");
	if (reg->mode == ECRYPTFS_MODE_COMPAT &&
	    ecryptfs_public_key_rsa_size(reg->public_key) == 0)
		return fault(error, reg->name, "mode",
			     "compat is for RSA keys only");
	if (!get_bool(file, reg->name, "read-pkcs1", &reg->read_pkcs1, error) ||
	    !get_bool(file, reg->name, "made-file", &reg->made_file, error) ||
	    !get_number(file, reg->name, "pin-ttl", TTL_LIMIT, &ttl, error) ||
	    !get_number(file, reg->name, "pin-ttl-max", TTL_LIMIT, &ttl_max,
			error) ||
	    !get_number(file, reg->name, "created", INT64_MAX, &created, error))
		return false;
	reg->pin_ttl = (unsigned int)ttl;
	reg->pin_ttl_max = (unsigned int)ttl_max;
	reg->created = (int64_t)created;
	return get_params(file, reg->name, reg->params, error);
}

static bool load_text(GKeyFile *file, const char *name, const char *text,
		      size_t text_len, GError **error)
{
	g_autoptr(GError) cause = NULL;

	if (text_len > ECRYPTFS_REGISTRATION_MAX_BYTES ||
	    !g_utf8_validate(text, (gssize)text_len, NULL))
		return fault(error, name, "content",
			     "is no text of at most 65536 bytes");
	/* Else a key "mode[de]" would silently be none. */
	if (!g_key_file_load_from_data(file, text, text_len,
				       G_KEY_FILE_KEEP_TRANSLATIONS, &cause))
		return fault(error, name, "content", cause->message);
	return true;
}

EcryptfsRegistration *ecryptfs_registration_parse(const char *name,
						  const char *text,
						  size_t text_len,
						  GError **error)
{
	g_autoptr(EcryptfsRegistration) reg = NULL;
	g_autoptr(EcryptfsPublicKey) key = NULL;
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *pki = NULL;
	uint64_t version = 0;

	if (!load_text(file, name, text, text_len, error) ||
	    !check_names(file, name, error) ||
	    !get_number(file, name, "version", UINT32_MAX, &version, error))
		return NULL;
	if (version != FORMAT_VERSION) {
		fault(error, name, "version", "must be 1");
		return NULL;
	}
	pki = g_key_file_get_string(file, GROUP, "pki", NULL);
	if (!pki || !ecryptfs_pki_name_valid(pki)) {
		fault(error, name, "pki",
		      pki ? "names no possible PKI module" : "is missing");
		return NULL;
	}
	key = get_public_key(file, name, error);
	if (!key)
		return NULL;
	reg = ecryptfs_registration_new(name, pki, key);
	return get_options(file, reg, error) ? g_steal_pointer(&reg) : NULL;
}

static void set_param(const char *name, const char *value, void *data)
{
	g_key_file_set_string(data, GROUP_MODULE, name, value);
}

char *ecryptfs_registration_format(const EcryptfsRegistration *reg)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	GBytes *spki = ecryptfs_public_key_spki(reg->public_key);
	g_autofree char *public_key = g_base64_encode(
		g_bytes_get_data(spki, NULL), g_bytes_get_size(spki));

	g_key_file_set_integer(file, GROUP, "version", FORMAT_VERSION);
	g_key_file_set_string(file, GROUP, "pki", reg->pki_name);
	g_key_file_set_string(file, GROUP, "signature",
			      ecryptfs_registration_sig(reg));
	g_key_file_set_string(file, GROUP, "public-key", public_key);
	g_key_file_set_string(file, GROUP, "mode",
			      ecryptfs_mode_name(reg->mode));
	g_key_file_set_string(file, GROUP, "read-pkcs1",
			      reg->read_pkcs1 ? "yes" : "no");
	g_key_file_set_uint64(file, GROUP, "pin-ttl", reg->pin_ttl);
	g_key_file_set_uint64(file, GROUP, "pin-ttl-max", reg->pin_ttl_max);
	g_key_file_set_int64(file, GROUP, "created", reg->created);
	g_key_file_set_string(file, GROUP, "made-file",
			      reg->made_file ? "yes" : "no");
	ecryptfs_params_foreach(reg->params, set_param, file);
	return g_key_file_to_data(file, NULL, NULL);
}

char *ecryptfs_registration_default_dir(void)
{
	return g_build_filename(g_get_user_config_dir(), "ecryptfs", "keys",
				NULL);
}

char *ecryptfs_registration_data_dir(void)
{
	return g_build_filename(g_get_user_data_dir(), "ecryptfs", NULL);
}

static char *directory_or_default(const char *directory)
{
	return directory ? g_strdup(directory) :
			   ecryptfs_registration_default_dir();
}

char *ecryptfs_registration_path(const char *directory, const char *name)
{
	g_autofree char *dir = directory_or_default(directory);
	g_autofree char *file = g_strconcat(name, SUFFIX, NULL);

	return g_build_filename(dir, file, NULL);
}

static bool check_name(const char *name, GError **error)
{
	if (ecryptfs_registration_name_valid(name))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "\"%s\" cannot be a key's name: use up to 64 of a-z A-Z "
		    "0-9 . _ @ -, not beginning with . or -", name);
	return false;
}

EcryptfsRegistration *ecryptfs_registration_load(const char *directory,
						 const char *name,
						 GError **error)
{
	g_autofree char *path = NULL;
	g_autoptr(EcryptfsSecret) text = NULL;
	g_autoptr(GError) cause = NULL;
	EcryptfsRegistration *reg;

	if (!check_name(name, error))
		return NULL;
	path = ecryptfs_registration_path(directory, name);
	text = ecryptfs_safe_file_read(path, ECRYPTFS_REGISTRATION_MAX_BYTES,
				       ECRYPTFS_SAFE_FILE_TRUSTED, &cause);
	if (text) {
		reg = ecryptfs_registration_parse(
			name, (const char *)ecryptfs_secret_data(text),
			ecryptfs_secret_len(text), error);
		if (!reg)
			g_prefix_error(error, "%s: ", path);
		return reg;
	}
	if (g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_ABSENT))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_KEY,
			    "no key is registered as \"%s\"; see "
			    "\"ecryptfs-manager list\"", name);
	else
		g_propagate_error(error, g_steal_pointer(&cause));
	return NULL;
}

bool ecryptfs_registration_save(const char *directory,
				const EcryptfsRegistration *reg, bool replace,
				GError **error)
{
	g_autofree char *dir = directory_or_default(directory);
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;

	if (!check_name(reg->name, error) ||
	    !ecryptfs_safe_file_make_dir(dir, error))
		return false;
	path = ecryptfs_registration_path(dir, reg->name);
	text = ecryptfs_registration_format(reg);
	return ecryptfs_safe_file_write(path, text, strlen(text), replace,
					error);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void set_list_error(const char *dir, const GError *cause,
			   GError **error)
{
	if (g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
	    g_error_matches(cause, G_FILE_ERROR, G_FILE_ERROR_PERM))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION,
			    "cannot list the registrations in %s; mend it "
			    "with \"chmod 700 %s\"", dir, dir);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_IO,
			    "cannot list the registrations: %s",
			    cause->message);
}

char **ecryptfs_registration_list(const char *directory, GError **error)
{
	g_autofree char *dir = directory_or_default(directory);
	g_autoptr(GError) cause = NULL;
	g_autoptr(GDir) entries = g_dir_open(dir, 0, &cause);
	GPtrArray *names = g_ptr_array_new();
	const char *entry;

	if (!entries && !g_error_matches(cause, G_FILE_ERROR,
					 G_FILE_ERROR_NOENT)) {
		g_ptr_array_free(names, TRUE);
		set_list_error(dir, cause, error);
		return NULL;
	}
	while (entries && (entry = g_dir_read_name(entries))) {
		g_autofree char *name = NULL;

		if (!g_str_has_suffix(entry, SUFFIX))
			continue;
		name = g_strndup(entry, strlen(entry) - strlen(SUFFIX));
		if (ecryptfs_registration_name_valid(name))
			g_ptr_array_add(names, g_steal_pointer(&name));
	}
	g_ptr_array_sort(names, compare_names);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}
