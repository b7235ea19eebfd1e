/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The device node before it is open. inotify makes the daemon quick, the
 * timer makes it certain: a directory may be replaced, or be on a file
 * system that does not notify.
 */
#include "daemon/node.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/back-off.h"

/* Bits of its decimal number: public-key mode, and the device node. */
#define FEATURES_PATH "/sys/fs/ecryptfs/version"
#define FEATURES_NEEDED 0x42

struct NodeWatch {
	char *directory;
	char *name;
	void (*look)(void *data);
	void *data;
	BackOff *back_off;
	int inotify;
	unsigned int source;
};

/* Whether eCryptfs is there, but was built without what we need. */
static bool kernel_lacks_messages(void)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents(FEATURES_PATH, &text, NULL, NULL))
		return false;
	return (g_ascii_strtoull(text, NULL, 10) & FEATURES_NEEDED) !=
	       FEATURES_NEEDED;
}

static void set_absent_error(GError **error, const char *path)
{
	if (kernel_lacks_messages())
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
			    "%s is not there: the eCryptfs of this kernel was "
			    "built without CONFIG_ECRYPT_FS_MESSAGING", path);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
			    "%s is not there: \"modprobe ecryptfs\" as root "
			    "makes it", path);
}

static void set_open_error(GError **error, const char *path, int err)
{
	const char *user = g_get_user_name();

	switch (err) {
	case ENOENT:
	case ENOTDIR:
	case ENXIO:
	case ENODEV:
		set_absent_error(error, path);
		break;
	case EACCES:
	case EPERM:
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION,
			    "%s may not be opened by user %s: as root "
			    "\"adduser %s ecryptfs\", then log in again (the "
			    "udev rule 60-ecryptfs.rules gives the node to "
			    "that group)", path, user, user);
		break;
	case EINVAL:
	case EBUSY:
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "%s: another daemon of user %s is registered with "
			    "the kernel: end it first (\"fuser -v %s\" as "
			    "root names it)", path, user, path);
		break;
	default:
		ecryptfs_error_set_errno(error, err, "cannot open %s", path);
	}
}

int node_open(const char *path, GError **error)
{
	/* A stock kernel ignores O_NONBLOCK, ours obeys. */
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0) {
		set_open_error(error, path, errno);
		return -1;
	}
	if (fstat(fd, &status) != 0 || !S_ISCHR(status.st_mode)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
			    "%s is not a character device: remove it and "
			    "\"modprobe ecryptfs\" as root", path);
		close(fd);
		return -1;
	}
	return fd;
}

static bool is_about(const NodeWatch *watch, const char *events, size_t len)
{
	struct inotify_event event;
	bool about = false;
	size_t pos = 0;

	while (len - pos >= sizeof(event)) {
		memcpy(&event, events + pos, sizeof(event));
		pos += sizeof(event);
		about |= event.mask & IN_Q_OVERFLOW;
		about |= event.len > 0 && event.len <= len - pos &&
			 strncmp(events + pos, watch->name, event.len) == 0;
		pos += MIN(event.len, len - pos);
	}
	return about;
}

static gboolean on_event(int fd, GIOCondition condition, void *data)
{
	NodeWatch *watch = data;
	char events[4096];
	ssize_t n = read(fd, events, sizeof(events));

	(void)condition;
	if (n > 0 && is_about(watch, events, (size_t)n))
		watch->look(watch->data);
	return G_SOURCE_CONTINUE;
}

static void watch_directory(NodeWatch *watch)
{
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->inotify < 0)
		return;
	if (inotify_add_watch(watch->inotify, watch->directory,
			      IN_CREATE | IN_MOVED_TO | IN_ATTRIB |
				      IN_DELETE) >= 0)
		watch->source = g_unix_fd_add(watch->inotify, G_IO_IN, on_event,
					      watch);
}

NodeWatch *node_watch_new(const char *path, void (*look)(void *data),
			  void *data)
{
	NodeWatch *watch = g_new0(NodeWatch, 1);

	watch->directory = g_path_get_dirname(path);
	watch->name = g_path_get_basename(path);
	watch->look = look;
	watch->data = data;
	watch->back_off = back_off_new(look, data);
	watch->inotify = -1;
	return watch;
}

void node_watch_resume(NodeWatch *watch)
{
	node_watch_pause(watch);
	back_off_resume(watch->back_off);
	watch_directory(watch);
}

void node_watch_pause(NodeWatch *watch)
{
	back_off_pause(watch->back_off);
	if (watch->source)
		g_source_remove(watch->source);
	if (watch->inotify >= 0)
		close(watch->inotify);
	watch->source = 0;
	watch->inotify = -1;
}

void node_watch_free(NodeWatch *watch)
{
	if (!watch)
		return;
	node_watch_pause(watch);
	back_off_free(watch->back_off);
	g_free(watch->directory);
	g_free(watch->name);
	g_free(watch);
}
