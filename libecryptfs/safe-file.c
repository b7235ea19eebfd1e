/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading files that may be anything, writing files that must not be half.
 */
#include "libecryptfs/safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* What no file of anybody else ends in; mkstemp(3) puts 6 letters after it. */
#define TEMPORARY ".ecryptfs-tmp-"
#define TEMPORARY_LETTERS 6

static int close_fd(int *fd)
{
	int result = *fd >= 0 ? close(*fd) : 0;

	*fd = -1;
	return result;
}

static void auto_close(int *fd)
{
	close_fd(fd);
}

#define AUTO_FD __attribute__((cleanup(auto_close))) int

static bool refuse(GError **error, enum ecryptfs_error code, const char *path,
		   const char *why)
{
	g_set_error(error, ECRYPTFS_ERROR, code, "%s %s", path, why);
	return false;
}

static bool check_rule(const char *path, const struct stat *st,
		       enum ecryptfs_safe_file_rule rule, GError **error)
{
	bool private = rule == ECRYPTFS_SAFE_FILE_PRIVATE;
	mode_t forbidden = private ? 077 : 022;

	if (rule == ECRYPTFS_SAFE_FILE_ANY)
		return true;
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return refuse(error, ECRYPTFS_ERROR_PERMISSION, path,
			      "belongs to another user; it must be yours "
			      "or root's");
	if ((st->st_mode & forbidden) != 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION,
			    "%s is %s by others; mend it with "
			    "\"chmod %s %s\"", path,
			    private ? "accessible" : "writable",
			    private ? "600" : "go-w", path);
		return false;
	}
	return true;
}

static int open_regular(const char *path, size_t max, struct stat *st,
			GError **error)
{
	/* A FIFO or a tape must not hold us up, a link not lead elsewhere. */
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
				O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		if (errno == ELOOP)
			refuse(error, ECRYPTFS_ERROR_PERMISSION, path,
			       "is a symbolic link; name the file itself");
		else if (errno == ENXIO)
			refuse(error, ECRYPTFS_ERROR_UNUSABLE, path,
			       "is not a regular file");
		else
			ecryptfs_error_set_errno(error, errno,
						 "cannot open %s", path);
		return -1;
	}
	if (fstat(fd, st) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot stat %s", path);
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		refuse(error, ECRYPTFS_ERROR_UNUSABLE, path,
		       "is not a regular file");
		return -1;
	}
	if ((uintmax_t)st->st_size > max) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
			    "%s is larger than %zu bytes", path, max);
		return -1;
	}
	return g_steal_fd(&fd);
}

/* Up to @max bytes, less at the file's end. */
static EcryptfsSecret *read_start(int fd, const char *path, size_t max,
				  GError **error)
{
	g_autoptr(EcryptfsSecret) content = ecryptfs_secret_new(max);
	size_t have = 0;

	while (have < max) {
		ssize_t n = read(fd, ecryptfs_secret_data(content) + have,
				 max - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ecryptfs_error_set_errno(error, errno,
						 "cannot read %s", path);
			return NULL;
		}
		if (n == 0)
			break;
		have += (size_t)n;
	}
	ecryptfs_secret_set_len(content, have);
	return g_steal_pointer(&content);
}

/* One byte of room more than @size shows a file that grew meanwhile. */
static EcryptfsSecret *read_all(int fd, const char *path, size_t size,
				GError **error)
{
	g_autoptr(EcryptfsSecret) content = read_start(fd, path, size + 1,
						       error);

	if (!content || ecryptfs_secret_len(content) <= size)
		return g_steal_pointer(&content);
	refuse(error, ECRYPTFS_ERROR_UNUSABLE, path, "grew while it was read");
	return NULL;
}

EcryptfsSecret *ecryptfs_safe_file_read(const char *path, size_t max,
					enum ecryptfs_safe_file_rule rule,
					GError **error)
{
	struct stat st;
	AUTO_FD fd = open_regular(path, max, &st, error);

	if (fd < 0 || !check_rule(path, &st, rule, error))
		return NULL;
	return read_all(fd, path, (size_t)st.st_size, error);
}

EcryptfsSecret *ecryptfs_safe_file_read_line(const char *path, size_t max,
					     enum ecryptfs_safe_file_rule rule,
					     GError **error)
{
	g_autoptr(EcryptfsSecret) line = NULL;
	struct stat st;
	AUTO_FD fd = open_regular(path, SIZE_MAX, &st, error);
	const uint8_t *data;
	const uint8_t *end;

	if (fd < 0 || !check_rule(path, &st, rule, error))
		return NULL;
	line = read_start(fd, path, max + 1, error);
	if (!line)
		return NULL;
	data = ecryptfs_secret_data(line);
	end = memchr(data, '\n', ecryptfs_secret_len(line));
	if (end)
		ecryptfs_secret_set_len(line, (size_t)(end - data));
	if (ecryptfs_secret_len(line) <= max)
		return g_steal_pointer(&line);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "the first line of %s is longer than %zu bytes", path, max);
	return NULL;
}

static bool sync_parent(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	AUTO_FD fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot sync %s",
					 parent);
		return false;
	}
	return true;
}

static bool write_all(int fd, const uint8_t *data, size_t data_len)
{
	while (data_len > 0) {
		ssize_t n = write(fd, data, data_len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		data_len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* Not every file system knows RENAME_NOREPLACE; link(2) never replaces. */
static int rename_fresh(const char *temporary, const char *path)
{
	int result = renameat2(AT_FDCWD, temporary, AT_FDCWD, path,
			       RENAME_NOREPLACE);

	if (result != 0 && (errno == EINVAL || errno == ENOSYS)) {
		result = link(temporary, path);
		if (result == 0)
			result = unlink(temporary);
	}
	return result;
}

static bool put_in_place(const char *temporary, const char *path,
			 bool replace, GError **error)
{
	int result = replace ? rename(temporary, path) :
			       rename_fresh(temporary, path);

	if (result == 0)
		return sync_parent(path, error);
	ecryptfs_error_set_errno(error, errno, "cannot write %s", path);
	return false;
}

char *ecryptfs_safe_file_write_beside(const char *path, const void *data,
				      size_t data_len, GError **error)
{
	g_autofree char *temporary = g_strconcat(path, TEMPORARY "XXXXXX",
						 NULL);
	AUTO_FD fd = g_mkstemp_full(temporary, O_WRONLY | O_CLOEXEC, 0600);
	bool written;
	int err;

	if (fd < 0) {
		ecryptfs_error_set_errno(error, errno, "cannot create %s",
					 temporary);
		return NULL;
	}
	written = write_all(fd, data, data_len);
	err = errno;
	if (close_fd(&fd) != 0 && written) {
		written = false;
		err = errno;
	}
	if (written)
		return g_steal_pointer(&temporary);
	ecryptfs_error_set_errno(error, err, "cannot write %s", path);
	unlink(temporary);
	return NULL;
}

bool ecryptfs_safe_file_is_temporary(const char *entry, const char *name)
{
	const char *rest;

	if (!g_str_has_prefix(entry, name))
		return false;
	rest = entry + strlen(name);
	return g_str_has_prefix(rest, TEMPORARY) &&
	       strlen(rest) == strlen(TEMPORARY) + TEMPORARY_LETTERS;
}

bool ecryptfs_safe_file_write(const char *path, const void *data,
			      size_t data_len, bool replace, GError **error)
{
	g_autofree char *temporary = ecryptfs_safe_file_write_beside(
		path, data, data_len, error);

	if (!temporary)
		return false;
	if (put_in_place(temporary, path, replace, error))
		return true;
	unlink(temporary);
	return false;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * A name is durable when the directory that holds it was synced, so that a
 * synced file in a new directory is not enough.
 */
bool ecryptfs_safe_file_make_dir(const char *path, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(path);
	int result = mkdir(path, 0700);

	if (result != 0 && errno == ENOENT && g_strcmp0(parent, path) != 0) {
		if (!ecryptfs_safe_file_make_dir(parent, error))
			return false;
		result = mkdir(path, 0700);
	}
	if (result == 0)
		return sync_parent(path, error);
	if (errno == EEXIST && is_directory(path))
		return true;
	if (errno == EEXIST)
		errno = ENOTDIR;
	ecryptfs_error_set_errno(error, errno, "cannot make the directory %s",
				 path);
	return false;
}

bool ecryptfs_safe_file_move(const char *from, const char *to, GError **error)
{
	if (rename(from, to) == 0)
		return sync_parent(to, error) && sync_parent(from, error);
	ecryptfs_error_set_errno(error, errno, "cannot move %s to %s", from,
				 to);
	return false;
}

bool ecryptfs_safe_file_remove(const char *path, GError **error)
{
	if (unlink(path) == 0)
		return sync_parent(path, error);
	ecryptfs_error_set_errno(error, errno, "cannot remove %s", path);
	return false;
}

bool ecryptfs_safe_file_check_outside(const char *path, const char *what,
				      GError **error)
{
	g_autofree char *at = g_strdup(path);
	struct statfs status;

	while (statfs(at, &status) != 0) {
		g_autofree char *below = g_steal_pointer(&at);

		at = g_path_get_dirname(below);
		if (g_strcmp0(at, below) == 0)
			return true;
	}
	if (status.f_type != ECRYPTFS_SUPER_MAGIC)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_UNUSABLE,
		    "%s %s lies inside an eCryptfs mount: ecryptfsd would "
		    "wait for itself; move it elsewhere", what, path);
	return false;
}
