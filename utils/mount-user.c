/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From root under sudo to the person who typed it, in steps that cannot be
 * taken back.
 */
#include "utils/mount-user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libecryptfs/keyring.h"

#define SUDO_UID "SUDO_UID"

static bool refuse_uid(GError **error, const char *text)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    SUDO_UID "=%s is no user of this machine, so it is not "
		    "clear whose keys are meant; \"env -u " SUDO_UID "\" "
		    "before the command takes root's", text);
	return false;
}

bool mount_user_find(MountUser **user, GError **error)
{
	const char *text = g_getenv(SUDO_UID);
	struct passwd *entry;
	guint64 uid;

	*user = NULL;
	if (getuid() != 0 || geteuid() != 0 || !text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 0, (uid_t)-2, &uid, NULL))
		return refuse_uid(error, text);
	if (uid == 0)
		return true;
	entry = getpwuid((uid_t)uid);
	if (!entry || !g_path_is_absolute(entry->pw_dir))
		return refuse_uid(error, text);
	*user = g_new(MountUser, 1);
	(*user)->uid = entry->pw_uid;
	(*user)->gid = entry->pw_gid;
	(*user)->name = g_strdup(entry->pw_name);
	(*user)->home = g_strdup(entry->pw_dir);
	return true;
}

void mount_user_free(MountUser *user)
{
	if (!user)
		return;
	g_free(user->name);
	g_free(user->home);
	g_free(user);
}

static bool failed(GError **error, const MountUser *user)
{
	ecryptfs_error_set_errno(error, errno, "cannot become user %s",
				 user->name);
	return false;
}

/* The kernel takes the real uid for whose keyrings are meant. */
bool mount_user_enter_session(const MountUser *user, GError **error)
{
	bool entered;

	if (setresuid(user->uid, user->uid, 0) != 0)
		return failed(error, user);
	entered = ecryptfs_keyring_own_session(error);
	if (setresuid(0, 0, 0) == 0)
		return entered;
	if (entered)
		failed(error, user);
	return false;
}

static bool set_capabilities(uint32_t low)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = low, .permitted = low },
	};

	return syscall(SYS_capset, &header, data) == 0;
}

bool mount_user_become(const MountUser *user, bool keep_admin, GError **error)
{
	if (initgroups(user->name, user->gid) != 0 ||
	    setresgid(user->gid, user->gid, user->gid) != 0 ||
	    prctl(PR_SET_KEEPCAPS, keep_admin ? 1L : 0L, 0L, 0L, 0L) != 0 ||
	    setresuid(user->uid, user->uid, user->uid) != 0 ||
	    !set_capabilities(keep_admin ? 1u << CAP_SYS_ADMIN : 0u) ||
	    prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L) != 0)
		return failed(error, user);
	return true;
}

static void set_runtime_dir(const MountUser *user)
{
	g_autofree char *path = g_strdup_printf("/run/user/%u",
						(unsigned int)user->uid);
	struct stat status;

	if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) &&
	    status.st_uid == user->uid)
		g_setenv("XDG_RUNTIME_DIR", path, TRUE);
}

void mount_user_environment(const MountUser *user)
{
	g_auto(GStrv) names = g_listenv();

	for (size_t i = 0; names[i]; i++)
		if (g_str_has_prefix(names[i], "XDG_") ||
		    g_str_has_prefix(names[i], "SUDO_"))
			g_unsetenv(names[i]);
	g_setenv("HOME", user->home, TRUE);
	g_setenv("USER", user->name, TRUE);
	g_setenv("LOGNAME", user->name, TRUE);
	g_unsetenv("MAIL");
	g_unsetenv("SHELL");
	set_runtime_dir(user);
}
