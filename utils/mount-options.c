/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mount options: one table says what each word is, and why some are refused.
 */
#include "utils/mount-options.h"

#include <string.h>
#include <sys/mount.h>

#include "libecryptfs/key-sig.h"
#include "utils/mount-cipher.h"

#define ALWAYS (MS_NOSUID | MS_NODEV)

/*
 * option_kind:
 * @OPTION_SET: sets a flag of mount(2)
 * @OPTION_CLEAR: clears one
 * @OPTION_WORD: eCryptfs's, without a value
 * @OPTION_SIG: eCryptfs's, with a key signature
 * @OPTION_CIPHER: eCryptfs's, with the name of a cipher
 * @OPTION_BYTES: eCryptfs's, with a length
 * @OPTION_REFUSED: nothing that a person may add here
 */
enum option_kind {
	OPTION_SET,
	OPTION_CLEAR,
	OPTION_WORD,
	OPTION_SIG,
	OPTION_CIPHER,
	OPTION_BYTES,
	OPTION_REFUSED,
};

/*
 * option_row:
 * @name: the word, without its value
 * @kind: what it is
 * @flag: for SET and CLEAR
 * @advice: (nullable): why a person may not give it, and what to do instead;
 *   the plan itself may write a row that is not REFUSED
 */
struct option_row {
	const char *name;
	enum option_kind kind;
	unsigned long flag;
	const char *advice;
};

#define IN_FSTAB "it is a word of /etc/fstab and has no meaning here"
#define BY_NAME "recipients are given by their names, before LOWER"
#define PASSTHROUGH "it shows, and overwrites, what it cannot decrypt"

static const struct option_row rows[] = {
	{ "ro", OPTION_SET, MS_RDONLY, NULL },
	{ "rw", OPTION_CLEAR, MS_RDONLY, NULL },
	{ "noexec", OPTION_SET, MS_NOEXEC, NULL },
	{ "exec", OPTION_CLEAR, MS_NOEXEC, NULL },
	{ "noatime", OPTION_SET, MS_NOATIME, NULL },
	{ "atime", OPTION_CLEAR, MS_NOATIME, NULL },
	{ "nodiratime", OPTION_SET, MS_NODIRATIME, NULL },
	{ "diratime", OPTION_CLEAR, MS_NODIRATIME, NULL },
	{ "relatime", OPTION_SET, MS_RELATIME, NULL },
	{ "strictatime", OPTION_SET, MS_STRICTATIME, NULL },
	{ "nosuid", OPTION_SET, MS_NOSUID, NULL },
	{ "nodev", OPTION_SET, MS_NODEV, NULL },
	{ "suid", OPTION_REFUSED, 0, "this mount is always nosuid" },
	{ "dev", OPTION_REFUSED, 0, "this mount is always nodev" },
	{ "remount", OPTION_REFUSED, 0,
	  "eCryptfs cannot be remounted: unmount it, then mount it anew" },
	{ "defaults", OPTION_REFUSED, 0, IN_FSTAB },
	{ "user", OPTION_REFUSED, 0, IN_FSTAB },
	{ "users", OPTION_REFUSED, 0, IN_FSTAB },
	{ "owner", OPTION_REFUSED, 0, IN_FSTAB },
	{ "group", OPTION_REFUSED, 0, IN_FSTAB },
	{ "auto", OPTION_REFUSED, 0, IN_FSTAB },
	{ "noauto", OPTION_REFUSED, 0, IN_FSTAB },
	{ "nofail", OPTION_REFUSED, 0, IN_FSTAB },
	{ "_netdev", OPTION_REFUSED, 0, IN_FSTAB },
	{ "ecryptfs_sig", OPTION_SIG, 0, BY_NAME },
	{ "ecryptfs_cipher", OPTION_CIPHER, 0, "use --cipher" },
	{ "ecryptfs_key_bytes", OPTION_BYTES, 0, "use --key-bytes" },
	{ "sig", OPTION_REFUSED, 0, BY_NAME },
	{ "key", OPTION_REFUSED, 0, BY_NAME },
	{ "cipher", OPTION_REFUSED, 0, "use --cipher" },
	{ "ecryptfs_xattr_metadata", OPTION_WORD, 0, NULL },
	{ "ecryptfs_xattr", OPTION_REFUSED, 0, "use --xattr" },
	{ "ecryptfs_encrypted_view", OPTION_WORD, 0, NULL },
	{ "ecryptfs_unlink_sigs", OPTION_WORD, 0, NULL },
	{ "ecryptfs_mount_auth_tok_only", OPTION_WORD, 0, NULL },
	{ "ecryptfs_check_dev_ruid", OPTION_WORD, 0, NULL },
	{ "ecryptfs_fnek_sig", OPTION_SIG, 0, NULL },
	{ "ecryptfs_fn_cipher", OPTION_CIPHER, 0, NULL },
	{ "ecryptfs_fn_key_bytes", OPTION_BYTES, 0, NULL },
	{ "ecryptfs_passthrough", OPTION_REFUSED, 0, PASSTHROUGH },
	{ "passthrough", OPTION_REFUSED, 0, PASSTHROUGH },
};

static const struct option_row *find_row(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (g_str_equal(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static bool value_good(const struct option_row *row, const char *value)
{
	size_t bytes;

	switch (row->kind) {
	case OPTION_SET:
	case OPTION_CLEAR:
	case OPTION_WORD:
		return !value;
	case OPTION_SIG:
		return value && ecryptfs_key_sig_valid(value);
	case OPTION_CIPHER:
		return value &&
		       mount_cipher_key_bytes(value, NULL, &bytes, NULL);
	case OPTION_BYTES:
		return value && strlen(value) <= 2 &&
		       strspn(value, "0123456789") == strlen(value) &&
		       value[0] && value[0] != '0';
	case OPTION_REFUSED:
		break;
	}
	return false;
}

static const char *value_kind(const struct option_row *row)
{
	switch (row->kind) {
	case OPTION_SIG:
		return "it takes a key signature, 16 of 0-9 and a-f";
	case OPTION_CIPHER:
		return "it takes a cipher: " MOUNT_CIPHER_CHOICES;
	case OPTION_BYTES:
		return "it takes a number of bytes";
	case OPTION_SET:
	case OPTION_CLEAR:
	case OPTION_WORD:
	case OPTION_REFUSED:
		break;
	}
	return "it takes no value";
}

/* Splits WORD[=VALUE] in place. */
static const struct option_row *split(char *word, const char **value)
{
	char *equals = strchr(word, '=');

	if (equals)
		*equals = '\0';
	*value = equals ? equals + 1 : NULL;
	return find_row(word);
}

static bool refuse(GError **error, const char *word, const char *why)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "mount option \"%s\" is refused: %s", word, why);
	return false;
}

static void take_flag(MountOptions *options, const struct option_row *row)
{
	if (row->kind == OPTION_SET)
		options->flags |= row->flag;
	else
		options->flags &= ~row->flag;
	if (!(row->flag & ALWAYS))
		g_ptr_array_add(options->words, g_strdup(row->name));
}

static bool take_word(MountOptions *options, const char *word, GError **error)
{
	g_autofree char *name = g_strdup(word);
	const char *value;
	const struct option_row *row = split(name, &value);

	if (!row)
		return refuse(error, word, "the kernel's eCryptfs does not "
			      "know it");
	if (row->advice)
		return refuse(error, name, row->advice);
	if (!value_good(row, value))
		return refuse(error, word, value_kind(row));
	if (row->kind == OPTION_SET || row->kind == OPTION_CLEAR) {
		take_flag(options, row);
		return true;
	}
	if (g_str_equal(name, "ecryptfs_fnek_sig")) {
		if (options->fnek_sig)
			return refuse(error, word, "file names are encrypted "
				      "under one key");
		options->fnek_sig = g_strdup(value);
	}
	mount_options_add(options, word);
	return true;
}

MountOptions *mount_options_parse(const char *list, GError **error)
{
	g_autoptr(MountOptions) options = g_new0(MountOptions, 1);
	g_auto(GStrv) words = g_strsplit(list ? list : "", ",", -1);

	options->flags = ALWAYS;
	options->words = g_ptr_array_new_with_free_func(g_free);
	options->data = g_ptr_array_new_with_free_func(g_free);
	for (size_t i = 0; words[i]; i++)
		if (words[i][0] && !take_word(options, words[i], error))
			return NULL;
	return g_steal_pointer(&options);
}

void mount_options_free(MountOptions *options)
{
	if (!options)
		return;
	g_ptr_array_unref(options->words);
	g_ptr_array_unref(options->data);
	g_free(options->fnek_sig);
	g_free(options);
}

void mount_options_add(MountOptions *options, const char *word)
{
	if (!g_ptr_array_find_with_equal_func(options->data, word, g_str_equal,
					      NULL))
		g_ptr_array_add(options->data, g_strdup(word));
}

bool mount_options_data_safe(const char *data)
{
	g_auto(GStrv) words = g_strsplit(data ? data : "", ",", -1);

	if (!data || !*data || strlen(data) > MOUNT_OPTIONS_MAX)
		return false;
	for (size_t i = 0; words[i]; i++) {
		const char *value;
		const struct option_row *row = split(words[i], &value);

		if (!row || row->kind == OPTION_SET ||
		    row->kind == OPTION_CLEAR || !value_good(row, value))
			return false;
	}
	return true;
}

bool mount_options_flags_safe(unsigned long flags)
{
	unsigned long known = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		if (rows[i].kind == OPTION_SET)
			known |= rows[i].flag;
	return !(flags & ~known) && (flags & ALWAYS) == ALWAYS;
}
