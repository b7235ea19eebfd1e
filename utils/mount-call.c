/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount(2) and umount2(2), directly: mount(8) would run the helper that
 * ecryptfs-utils installs for this type of file system, and that one asks
 * for its own kinds of keys.
 */
#include "utils/mount-call.h"

#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "utils/mount-options.h"
#include "utils/mount-table.h"

enum request_kind {
	REQUEST_MOUNT,
	REQUEST_UMOUNT,
};

/* One datagram of this asks the child, an int with an errno answers. */
struct request {
	enum request_kind kind;
	unsigned long flags;
	char lower[PATH_MAX];
	char mountpoint[PATH_MAX];
	char data[MOUNT_OPTIONS_MAX + 1];
};

/*
 * @fd: to the child, or -1 without one
 * @child: its process id
 */
struct MountCall {
	int fd;
	pid_t child;
};

static bool is_ecryptfs(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 &&
	       status.f_type == ECRYPTFS_SUPER_MAGIC;
}

static int do_mount(const struct request *request)
{
	if (request->lower[0] != '/' ||
	    !mount_options_flags_safe(request->flags) ||
	    !mount_options_data_safe(request->data))
		return EINVAL;
	return mount(request->lower, request->mountpoint, MOUNT_TABLE_TYPE,
		     request->flags, request->data) == 0 ? 0 : errno;
}

static int do_umount(const struct request *request)
{
	if (!is_ecryptfs(request->mountpoint))
		return EINVAL;
	return umount2(request->mountpoint, UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
}

static bool has_end(const char *text, size_t text_cap)
{
	return memchr(text, '\0', text_cap);
}

static int perform(const struct request *request)
{
	if (!has_end(request->lower, sizeof(request->lower)) ||
	    !has_end(request->mountpoint, sizeof(request->mountpoint)) ||
	    !has_end(request->data, sizeof(request->data)) ||
	    request->mountpoint[0] != '/')
		return EINVAL;
	switch (request->kind) {
	case REQUEST_MOUNT:
		return do_mount(request);
	case REQUEST_UMOUNT:
		return do_umount(request);
	}
	return EINVAL;
}

static G_GNUC_NORETURN void serve(int fd, const MountUser *user)
{
	g_autofree struct request *request = g_new0(struct request, 1);
	bool ready = mount_user_become(user, true, NULL);

	for (;;) {
		ssize_t n = recv(fd, request, sizeof(*request), 0);
		int result;

		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(*request))
			_exit(0);
		result = ready ? perform(request) : EPERM;
		if (send(fd, &result, sizeof(result), MSG_NOSIGNAL) < 0)
			_exit(1);
	}
}

static bool fork_child(MountCall *call, const MountUser *user, GError **error)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot make a socket");
		return false;
	}
	call->child = fork();
	if (call->child == 0) {
		close(fds[0]);
		serve(fds[1], user);
	}
	if (call->child < 0)
		ecryptfs_error_set_errno(error, errno, "cannot fork");
	close(fds[1]);
	call->fd = fds[0];
	return call->child > 0;
}

MountCall *mount_call_new(const MountUser *user, GError **error)
{
	g_autoptr(MountCall) call = g_new0(MountCall, 1);

	call->fd = -1;
	if (!user)
		return g_steal_pointer(&call);
	if (!mount_user_enter_session(user, error) ||
	    !fork_child(call, user, error) ||
	    !mount_user_become(user, false, error))
		return NULL;
	mount_user_environment(user);
	return g_steal_pointer(&call);
}

void mount_call_free(MountCall *call)
{
	if (!call)
		return;
	if (call->fd >= 0)
		close(call->fd);
	while (call->child > 0 && waitpid(call->child, NULL, 0) < 0 &&
	       errno == EINTR)
		;
	g_free(call);
}

static int ask_child(MountCall *call, const struct request *request)
{
	int result;
	ssize_t n;

	if (send(call->fd, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return errno;
	do
		n = recv(call->fd, &result, sizeof(result), 0);
	while (n < 0 && errno == EINTR);
	return n == sizeof(result) ? result : EPIPE;
}

static int ask(MountCall *call, enum request_kind kind, const char *lower,
	       const char *mountpoint, unsigned long flags, const char *data)
{
	g_autofree struct request *request = g_new0(struct request, 1);

	request->kind = kind;
	request->flags = flags;
	if (g_strlcpy(request->lower, lower, sizeof(request->lower)) >=
	    sizeof(request->lower) ||
	    g_strlcpy(request->mountpoint, mountpoint,
		      sizeof(request->mountpoint)) >=
	    sizeof(request->mountpoint) ||
	    g_strlcpy(request->data, data, sizeof(request->data)) >=
	    sizeof(request->data))
		return ENAMETOOLONG;
	return call->fd >= 0 ? ask_child(call, request) : perform(request);
}

int mount_call_mount(MountCall *call, const char *lower,
		     const char *mountpoint, unsigned long flags,
		     const char *data)
{
	return ask(call, REQUEST_MOUNT, lower, mountpoint, flags, data);
}

int mount_call_umount(MountCall *call, const char *mountpoint)
{
	return ask(call, REQUEST_UMOUNT, "", mountpoint, 0, "");
}
