/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory that nobody else can write, and a lock that ends with the
 * process: no pid file, which would outlive it.
 */
#include "daemon/runtime-dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libecryptfs/control-protocol.h"
#include "libecryptfs/safe-file.h"

/* Above /run/ecryptfs/UID, for those without XDG_RUNTIME_DIR. */
#define COMMON_DIRECTORY "/run/ecryptfs"

struct RuntimeDir {
	char *path;
	int fd;
	int lock;
};

/* Only root may make it, and then all users' directories are below it. */
static bool make_common_directory(void)
{
	return (mkdir(COMMON_DIRECTORY, 0755) == 0 &&
		chmod(COMMON_DIRECTORY, 0755) == 0) || errno == EEXIST;
}

static bool make_directory(const char *path, GError **error)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	if (errno == ENOENT && g_str_has_prefix(path, COMMON_DIRECTORY "/") &&
	    make_common_directory() && mkdir(path, 0700) == 0)
		return true;
	if (errno == ENOENT || errno == EACCES)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_ABSENT,
			    "cannot make the runtime directory %s: %s; set "
			    "XDG_RUNTIME_DIR to a directory of this user, as "
			    "a login through systemd does",
			    path, g_strerror(errno));
	else
		ecryptfs_error_set_errno(error, errno, "cannot make %s", path);
	return false;
}

static bool check_directory(int fd, const char *path, GError **error)
{
	struct stat status;

	if (fstat(fd, &status) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot check %s", path);
		return false;
	}
	if (status.st_uid == geteuid() && (status.st_mode & 077) == 0)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION,
		    "the runtime directory %s must belong to user %s and be "
		    "closed to all others: \"chmod 700 %s\", or remove it",
		    path, g_get_user_name(), path);
	return false;
}

static int open_directory(const char *path, GError **error)
{
	int fd;

	if (!ecryptfs_safe_file_check_outside(path, "the runtime directory",
					      error) ||
	    !make_directory(path, error))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION,
			    "the runtime directory %s is a symbolic link or "
			    "a file: remove it", path);
		return -1;
	}
	if (fd < 0) {
		ecryptfs_error_set_errno(error, errno, "cannot open %s", path);
		return -1;
	}
	if (!check_directory(fd, path, error)) {
		close(fd);
		return -1;
	}
	return fd;
}

static char *pid_of_other(void)
{
	g_autoptr(GKeyFile) status = g_key_file_new();
	g_autofree char *text = NULL;

	text = ecryptfs_control_call(ECRYPTFS_CONTROL_STATUS, NULL, NULL, NULL);
	if (!text || !g_key_file_load_from_data(status, text, (size_t)-1,
						G_KEY_FILE_NONE, NULL))
		return NULL;
	return g_key_file_get_string(status, "daemon", "pid", NULL);
}

static void set_lock_error(GError **error, const char *path, int err)
{
	g_autofree char *pid = NULL;

	if (err != EWOULDBLOCK) {
		ecryptfs_error_set_errno(error, err, "cannot lock %s", path);
		return;
	}
	pid = pid_of_other();
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
		    "ecryptfsd of user %s is running already, with pid %s: "
		    "use that one (\"ecryptfs-manager status\"), or end it "
		    "first", g_get_user_name(), pid ? pid : "unknown");
}

static int take_lock(int fd, const char *path, GError **error)
{
	int lock = openat(fd, "lock",
			  O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (lock < 0) {
		ecryptfs_error_set_errno(error, errno, "cannot make %s/lock",
					 path);
		return -1;
	}
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		set_lock_error(error, path, errno);
		close(lock);
		return -1;
	}
	return lock;
}

RuntimeDir *runtime_dir_open(GError **error)
{
	g_autoptr(RuntimeDir) dir = g_new0(RuntimeDir, 1);

	dir->path = ecryptfs_control_runtime_dir();
	dir->lock = -1;
	dir->fd = open_directory(dir->path, error);
	if (dir->fd < 0)
		return NULL;
	dir->lock = take_lock(dir->fd, dir->path, error);
	if (dir->lock < 0)
		return NULL;
	return g_steal_pointer(&dir);
}

void runtime_dir_free(RuntimeDir *dir)
{
	if (!dir)
		return;
	if (dir->lock >= 0)
		close(dir->lock);
	if (dir->fd >= 0)
		close(dir->fd);
	g_free(dir->path);
	g_free(dir);
}

const char *runtime_dir_path(const RuntimeDir *dir)
{
	return dir->path;
}
