/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mends an error, where its code alone tells.
 */
#include "utils/error-fix.h"

#include "libecryptfs/registration.h"

static char *help_of(const char *verb)
{
	return verb ? g_strdup_printf("ecryptfs-manager %s --help", verb) :
		      g_strdup("ecryptfs-manager --help");
}

/* Without a key there is a choice to make first. */
static char *about_key(const char *verb, const char *key)
{
	return key ? g_strdup_printf("ecryptfs-manager %s %s", verb, key) :
		     g_strdup("ecryptfs-manager list");
}

static char *edit(const char *key)
{
	g_autofree char *path = NULL;

	if (!key)
		return about_key("show", NULL);
	path = ecryptfs_registration_path(NULL, key);
	return g_strdup_printf("edit %s as ecryptfs-keys(5) says, or "
			       "ecryptfs-manager remove %s --forget", path,
			       key);
}

static char *restore(const char *verb, const char *key)
{
	if (!key)
		return help_of(verb);
	return g_strdup_printf("put it back from a backup; without one, "
			       "ecryptfs-manager remove %s --forget", key);
}

char *error_fix(enum ecryptfs_error code, const char *verb, const char *key)
{
	switch (code) {
	case ECRYPTFS_ERROR_USAGE:
		return help_of(verb);
	case ECRYPTFS_ERROR_NO_KEY:
		return about_key("list", NULL);
	case ECRYPTFS_ERROR_KEY_EXPIRED:
	case ECRYPTFS_ERROR_KEY_REVOKED:
	case ECRYPTFS_ERROR_BAD_AUTH_TOK:
		return about_key("add", key);
	case ECRYPTFS_ERROR_BAD_REGISTRATION:
		return edit(key);
	case ECRYPTFS_ERROR_NO_MODULE:
	case ECRYPTFS_ERROR_BAD_MODULE:
		return g_strdup("ecryptfs-manager modules");
	case ECRYPTFS_ERROR_ABSENT:
		return restore(verb, key);
	case ECRYPTFS_ERROR_LOCKED:
		return about_key("unlock", key);
	case ECRYPTFS_ERROR_BAD_SECRET:
		return g_strdup("the same command with the right passphrase");
	case ECRYPTFS_ERROR_EXISTS:
	case ECRYPTFS_ERROR_LOCKOUT:
		return about_key("show", key);
	case ECRYPTFS_ERROR_BUSY:
		return g_strdup("the same command when the other has ended");
	case ECRYPTFS_ERROR_NO_DAEMON:
		return g_strdup("ecryptfsd --daemonize");
	case ECRYPTFS_ERROR_KERNEL:
		return g_strdup("ecryptfs-manager status");
	/* Their text alone knows: which file mode, which key, which disk. */
	case ECRYPTFS_ERROR_NONE:
	case ECRYPTFS_ERROR_INTERNAL:
	case ECRYPTFS_ERROR_BAD_MESSAGE:
	case ECRYPTFS_ERROR_POLICY:
	case ECRYPTFS_ERROR_UNUSABLE:
	case ECRYPTFS_ERROR_TOO_LARGE:
	case ECRYPTFS_ERROR_REJECTED:
	case ECRYPTFS_ERROR_PERMISSION:
	case ECRYPTFS_ERROR_QUOTA:
	case ECRYPTFS_ERROR_IO:
	case ECRYPTFS_ERROR_CANCELLED:
		break;
	}
	return NULL;
}
