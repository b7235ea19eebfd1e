/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Checks of the two directories. They save from mistakes, not from attackers:
 * mount(2) looks the paths up again, with the rights of the user.
 */
#include "utils/mount-place.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "libecryptfs/registration.h"
#include "utils/mount-path.h"
#include "utils/mount-table.h"

#define VERSION_PATH "/sys/fs/ecryptfs/version"

/* Public keys, and messages through /dev/ecryptfs. */
#define VERSION_NEEDED 0x42

static char *canonical(const char *path, struct stat *status, GError **error)
{
	char *real = realpath(path, NULL);
	g_autofree char *copy = NULL;

	if (!real && errno == ENOENT) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_ABSENT,
			    "there is no directory %s: make it with mkdir",
			    path);
		return NULL;
	}
	if (!real || stat(real, status) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot use %s", path);
		free(real);
		return NULL;
	}
	copy = g_strdup(real);
	free(real);
	if (S_ISDIR(status->st_mode))
		return g_steal_pointer(&copy);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "%s is not a directory", path);
	return NULL;
}

static bool check_lower(const char *lower, GError **error)
{
	struct statfs status;

	if (statfs(lower, &status) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot use %s", lower);
		return false;
	}
	if (status.f_type != ECRYPTFS_SUPER_MAGIC)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
		    "%s lies on an eCryptfs mount, and the kernel stacks no "
		    "second one on it: is it mounted already?", lower);
	return false;
}

/* A name for one directory may differ from the name it was mounted by. */
static bool check_same_lower(const MountTable *table, const char *lower,
			     const struct stat *wanted, GError **error)
{
	for (size_t i = 0; i < mount_table_len(table); i++) {
		const struct mount_entry *entry = mount_table_get(table, i);
		struct stat status;

		if (!mount_entry_is_ecryptfs(entry) ||
		    stat(entry->source, &status) != 0 ||
		    status.st_dev != wanted->st_dev ||
		    status.st_ino != wanted->st_ino)
			continue;
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "%s is mounted already, as %s at %s", lower,
			    entry->source, entry->target);
		return false;
	}
	return true;
}

static bool check_empty(const char *path, GError **error)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (!directory) {
		ecryptfs_error_set_errno(error, errno, "cannot read %s", path);
		return false;
	}
	while (empty && (entry = readdir(directory)))
		empty = g_str_equal(entry->d_name, ".") ||
			g_str_equal(entry->d_name, "..");
	closedir(directory);
	if (!empty)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "%s is not empty, and the mount would hide what "
			    "is in it: choose an empty directory", path);
	return empty;
}

/* The daemon would wait for itself when it reads a key. */
static bool check_keys_outside(const char *mountpoint, GError **error)
{
	g_autofree char *config = ecryptfs_registration_default_dir();
	g_autofree char *data = ecryptfs_registration_data_dir();
	const char *const paths[] = { config, data };

	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		char *real = realpath(paths[i], NULL);
		bool inside = real && mount_path_inside(real, mountpoint);

		free(real);
		if (!inside)
			continue;
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "%s would lie inside the mount that it opens: "
			    "mount a directory without it", paths[i]);
		return false;
	}
	return true;
}

static bool check_mountpoint(const MountPlace *place, GError **error)
{
	if (g_str_equal(place->lower, place->mountpoint))
		return check_keys_outside(place->mountpoint, error);
	if (!mount_path_inside(place->mountpoint, place->lower))
		return check_empty(place->mountpoint, error);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "the mount point %s lies inside the lower directory %s: "
		    "choose one outside, or the lower directory itself",
		    place->mountpoint, place->lower);
	return false;
}

MountPlace *mount_place_new(const char *lower, const char *mountpoint,
			    GError **error)
{
	g_autoptr(MountPlace) place = g_new0(MountPlace, 1);
	g_autoptr(MountTable) table = NULL;
	struct stat lower_status, status;

	place->lower = canonical(lower, &lower_status, error);
	if (!place->lower)
		return NULL;
	place->lower_owner = lower_status.st_uid;
	place->mountpoint = canonical(mountpoint, &status, error);
	if (!place->mountpoint)
		return NULL;
	table = mount_table_read(error);
	if (!table ||
	    !mount_table_check(table, place->lower, place->mountpoint,
			       error) ||
	    !check_lower(place->lower, error) ||
	    !check_same_lower(table, place->lower, &lower_status, error) ||
	    !check_mountpoint(place, error))
		return NULL;
	return g_steal_pointer(&place);
}

void mount_place_free(MountPlace *place)
{
	if (!place)
		return;
	g_free(place->lower);
	g_free(place->mountpoint);
	g_free(place);
}

bool mount_place_check_kernel(GError **error)
{
	g_autofree char *text = NULL;
	guint64 version;

	if (!g_file_get_contents(VERSION_PATH, &text, NULL, NULL)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
			    "this kernel has no eCryptfs, or it is not "
			    "loaded: as root, \"modprobe ecryptfs\"");
		return false;
	}
	version = g_ascii_strtoull(text, NULL, 10);
	if ((version & VERSION_NEEDED) == VERSION_NEEDED)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
		    "this kernel's eCryptfs was built without public-key "
		    "messages (CONFIG_ECRYPT_FS_MESSAGING; version mask "
		    "%" G_GUINT64_FORMAT "): use another kernel", version);
	return false;
}
