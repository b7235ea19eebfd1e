/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key files that we made, and the trash.
 */
#include "utils/key-material.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libecryptfs/safe-file.h"

/* "20240131T235959.123456Z-": what stands before the name in trash/. */
#define STAMP_SIZE 24

#define CLAIM ".ecryptfs-generate"
#define CLAIM_TEXT \
	"ecryptfs-manager generate was interrupted. The key file beside this " \
	"file, if any,\nis not registered; the same command again clears " \
	"both away.\n"

#define LOCK_PAUSE_USEC 100000
#define LOCK_TRIES 300

static char *folder(const char *name)
{
	g_autofree char *data = ecryptfs_registration_data_dir();

	return g_build_filename(data, name, NULL);
}

/* Also one that an older umask, or a restored backup, left open. */
static bool make_private(const char *path, GError **error)
{
	if (!ecryptfs_safe_file_make_dir(path, error))
		return false;
	if (chmod(path, 0700) == 0)
		return true;
	ecryptfs_error_set_errno(error, errno, "cannot close %s to others",
				 path);
	return false;
}

/* Who has it may be making a large key, but not for ever. */
static bool wait_for_lock(int fd, const char *path, GError **error)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno != EWOULDBLOCK && errno != EINTR) {
			ecryptfs_error_set_errno(error, errno,
						 "cannot lock %s", path);
			return false;
		}
		g_usleep(LOCK_PAUSE_USEC);
	}
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
		    "another ecryptfs-manager has been holding %s for %d "
		    "seconds; \"fuser %s\" shows which", path,
		    LOCK_TRIES * LOCK_PAUSE_USEC / (int)G_USEC_PER_SEC, path);
	return false;
}

bool key_material_lock(GError **error)
{
	g_autofree char *data = ecryptfs_registration_data_dir();
	g_autofree char *keys = folder("keys");
	g_autofree char *trash = folder("trash");
	g_auto(GStrv) names = ecryptfs_registration_list(NULL, error);
	int fd;

	/* Whose files are whose must be known before one is touched. */
	if (!names)
		return false;
	if (!make_private(data, error) || !make_private(keys, error) ||
	    !make_private(trash, error))
		return false;
	fd = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		ecryptfs_error_set_errno(error, errno, "cannot open %s", data);
		return false;
	}
	if (wait_for_lock(fd, data, error))
		return true; /* held until the process ends */
	close(fd);
	return false;
}

char *key_material_path(const char *name)
{
	g_autofree char *keys = folder("keys");
	g_autofree char *file = g_strconcat(name, ".pem", NULL);

	return g_build_filename(keys, file, NULL);
}

char *key_material_other_user(const char *path, const char *name)
{
	g_auto(GStrv) names = ecryptfs_registration_list(NULL, NULL);

	for (size_t i = 0; names && names[i]; i++) {
		g_autoptr(EcryptfsRegistration) reg = NULL;

		if (g_str_equal(names[i], name))
			continue;
		reg = ecryptfs_registration_load(NULL, names[i], NULL);
		if (reg && g_strcmp0(ecryptfs_params_get(reg->params, "file"),
				     path) == 0)
			return g_strdup(names[i]);
	}
	return NULL;
}

static char *trash_path(const char *name, const char *suffix)
{
	g_autofree char *trash = folder("trash");

	for (;;) {
		g_autoptr(GDateTime) now = g_date_time_new_now_utc();
		g_autofree char *day = g_date_time_format(now,
							  "%Y%m%dT%H%M%S");
		g_autofree char *path = g_strdup_printf(
			"%s/%s.%06dZ-%s%s", trash, day,
			g_date_time_get_microsecond(now), name, suffix);
		struct stat st;

		if (lstat(path, &st) != 0)
			return g_steal_pointer(&path);
	}
}

/* Registrations may live on another file system than the trash. */
static bool copy_and_remove(const char *from, const char *to)
{
	g_autoptr(EcryptfsSecret) content = ecryptfs_safe_file_read(
		from, ECRYPTFS_REGISTRATION_MAX_BYTES, ECRYPTFS_SAFE_FILE_ANY,
		NULL);

	return content &&
	       ecryptfs_safe_file_write(to, ecryptfs_secret_data(content),
					ecryptfs_secret_len(content), false,
					NULL) &&
	       ecryptfs_safe_file_remove(from, NULL);
}

bool key_material_trash(struct cmd *cmd, const char *path, const char *name,
			const char *suffix, GError **error)
{
	g_autofree char *to = trash_path(name, suffix);
	g_autoptr(GError) cause = NULL;

	if (!ecryptfs_safe_file_move(path, to, &cause) &&
	    !copy_and_remove(path, to)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	cmd_note(cmd, "moved %s to %s", path, to);
	return true;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Whether another registration needs @path; said on stderr. */
static bool must_stay(struct cmd *cmd, const char *path, const char *name)
{
	g_autofree char *user = key_material_other_user(path, name);

	if (user)
		cmd_note(cmd, "%s stays: it is the key file of \"%s\"", path,
			 user);
	return user;
}

bool key_material_remove(struct cmd *cmd, const char *path, const char *name,
			 unsigned int *removed, GError **error)
{
	if (!exists(path) || must_stay(cmd, path, name))
		return true;
	if (!ecryptfs_safe_file_remove(path, error))
		return false;
	if (removed)
		(*removed)++;
	return true;
}

/* Says that the file at @path is on its way and not registered yet. */
static char *claim_of(const char *path)
{
	return g_strconcat(path, CLAIM, NULL);
}

static bool is_leftover(const char *entry, const char *file)
{
	g_autofree char *claim = claim_of(file);

	return ecryptfs_safe_file_is_temporary(entry, file) ||
	       ecryptfs_safe_file_is_temporary(entry, claim) ||
	       g_str_equal(entry, claim);
}

bool key_material_remove_leftovers(struct cmd *cmd, const char *path,
				   const char *name, unsigned int *removed,
				   GError **error)
{
	g_autofree char *folder_of = g_path_get_dirname(path);
	g_autofree char *file = g_path_get_basename(path);
	g_autoptr(GDir) entries = g_dir_open(folder_of, 0, NULL);
	const char *entry;

	while (entries && (entry = g_dir_read_name(entries))) {
		g_autofree char *found = g_build_filename(folder_of, entry,
							  NULL);

		if (is_leftover(entry, file) &&
		    !key_material_remove(cmd, found, name, removed, error))
			return false;
	}
	return true;
}

static bool refuse_other_user(const char *path, const char *name,
			      const char *choose, GError **error)
{
	g_autofree char *user = key_material_other_user(path, name);

	if (!user)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_EXISTS,
		    "%s is the key file of \"%s\"; choose another %s", path,
		    user, choose);
	return false;
}

/* @path is of no registration, and nobody but us was there before. */
static bool trash_unregistered(struct cmd *cmd, const char *path,
			       const char *name, GError **error)
{
	if (!exists(path))
		return true;
	cmd_note(cmd, "%s is of no registered key", path);
	return key_material_trash(cmd, path, name, ".pem", error);
}

bool key_material_clear_leftovers(struct cmd *cmd, const char *name,
				  GError **error)
{
	g_autofree char *path = key_material_path(name);

	if (!key_material_remove_leftovers(cmd, path, name, NULL, error))
		return false;
	if (!exists(path))
		return true;
	return refuse_other_user(path, name, "name", error) &&
	       trash_unregistered(cmd, path, name, error);
}

/* What a killed run left at @path, which a claim proves to be ours. */
static bool clear_claimed(struct cmd *cmd, const char *path, const char *name,
			  GError **error)
{
	g_autofree char *claim = claim_of(path);

	return !exists(claim) || trash_unregistered(cmd, path, name, error);
}

bool key_material_claim(struct cmd *cmd, const char *path, const char *name,
			GError **error)
{
	g_autofree char *own = key_material_path(name);
	g_autofree char *claim = claim_of(path);

	if (g_str_equal(path, own))
		return true;
	if (!refuse_other_user(path, name, "file", error) ||
	    !clear_claimed(cmd, path, name, error) ||
	    !key_material_remove_leftovers(cmd, path, name, NULL, error))
		return false;
	if (exists(path)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_EXISTS,
			    "%s is there already and stays as it is", path);
		return false;
	}
	if (ecryptfs_safe_file_write(claim, CLAIM_TEXT, strlen(CLAIM_TEXT),
				     true, error))
		return true;
	g_prefix_error(error, "no key can be made at %s: ", path);
	return false;
}

/*
 * The file that goes when @name goes; %NULL for one that was imported. What is
 * registered in a way that cannot be read was made by us, as far as we know.
 */
static char *own_file(const char *name, const EcryptfsRegistration *reg)
{
	if (!reg)
		return key_material_path(name);
	if (!reg->made_file)
		return NULL;
	return g_strdup(ecryptfs_params_get(reg->params, "file"));
}

/* Where a key file stays, a person must know; it has the private key. */
static bool stays_imported(struct cmd *cmd, const EcryptfsRegistration *reg)
{
	const char *file = reg ? ecryptfs_params_get(reg->params, "file") :
				 NULL;

	if (file && !reg->made_file && exists(file))
		cmd_note(cmd, "%s stays: it was imported", file);
	return file && !reg->made_file;
}

static bool remove_leftovers_of(struct cmd *cmd, const char *name,
				const EcryptfsRegistration *reg,
				unsigned int *removed, GError **error)
{
	g_autofree char *own = key_material_path(name);
	const char *file = reg ? ecryptfs_params_get(reg->params, "file") :
				 own;

	return !file || key_material_remove_leftovers(cmd, file, name,
						      removed, error);
}

static bool is_in_keys(const char *path)
{
	g_autofree char *keys = folder("keys");
	g_autofree char *folder_of = g_path_get_dirname(path);

	return g_str_equal(keys, folder_of);
}

bool key_material_forget(struct cmd *cmd, const char *name,
			 const EcryptfsRegistration *reg, GError **error)
{
	g_autofree char *path = own_file(name, reg);

	if (!remove_leftovers_of(cmd, name, reg, NULL, error))
		return false;
	if (stays_imported(cmd, reg) || !path || !exists(path) ||
	    must_stay(cmd, path, name))
		return true;
	if (is_in_keys(path))
		return key_material_trash(cmd, path, name, ".pem", error);
	cmd_note(cmd, "%s stays where it was made", path);
	return true;
}

bool key_material_destroy(struct cmd *cmd, const char *name,
			  const EcryptfsRegistration *reg,
			  unsigned int *removed, GError **error)
{
	g_autofree char *path = own_file(name, reg);

	if (!remove_leftovers_of(cmd, name, reg, removed, error))
		return false;
	return stays_imported(cmd, reg) || !path ||
	       key_material_remove(cmd, path, name, removed, error);
}

/* What a killed move to trash/ wrote counts too. */
static bool is_entry(const char *entry, const char *file)
{
	return g_str_equal(entry, file) ||
	       ecryptfs_safe_file_is_temporary(entry, file);
}

static bool is_trash_of(const char *entry, const char *name)
{
	g_autofree char *conf = g_strconcat(name, ".conf", NULL);
	g_autofree char *pem = g_strconcat(name, ".pem", NULL);

	return strlen(entry) > STAMP_SIZE && entry[STAMP_SIZE - 1] == '-' &&
	       (is_entry(entry + STAMP_SIZE, conf) ||
		is_entry(entry + STAMP_SIZE, pem));
}

bool key_material_empty_trash(const char *name, unsigned int *removed,
			      GError **error)
{
	g_autofree char *trash = folder("trash");
	g_autoptr(GDir) entries = g_dir_open(trash, 0, NULL);
	const char *entry;

	while (entries && (entry = g_dir_read_name(entries))) {
		g_autofree char *path = g_build_filename(trash, entry, NULL);

		if (!is_trash_of(entry, name))
			continue;
		if (!ecryptfs_safe_file_remove(path, error))
			return false;
		(*removed)++;
	}
	return true;
}
