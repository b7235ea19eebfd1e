/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager status: kernel, device node and daemon. The node is looked
 * at, never opened: opening it registers a daemon.
 */
#include "utils/cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utils/daemon-status.h"

#define VERSION_FILE "/sys/fs/ecryptfs/version"
#define NODE "/dev/ecryptfs"

/* Bits of that file, as the kernel numbers them. */
#define VERSION_PUBKEY 0x02
#define VERSION_MISCDEV 0x40

static bool read_version(unsigned int *version)
{
	g_autofree char *text = NULL;
	guint64 number;

	if (!g_file_get_contents(VERSION_FILE, &text, NULL, NULL) ||
	    !g_ascii_string_to_unsigned(g_strchomp(text), 10, 0, G_MAXUINT,
					&number, NULL))
		return false;
	*version = (unsigned int)number;
	return true;
}

static void print_kernel(struct cmd *cmd)
{
	unsigned int version = 0;
	bool loaded = read_version(&version);
	bool able = (version & VERSION_PUBKEY) && (version & VERSION_MISCDEV);
	const char *fix = !loaded ? "\"modprobe ecryptfs\" as root" :
			  !able ? "a kernel with CONFIG_ECRYPT_FS_MESSAGING" :
				  NULL;

	output_open_object(cmd->out, "kernel");
	output_bool(cmd->out, "ecryptfs", loaded);
	output_bool(cmd->out, "public_key", version & VERSION_PUBKEY);
	output_bool(cmd->out, "device", version & VERSION_MISCDEV);
	output_string(cmd->out, "fix", fix);
	output_close(cmd->out);
	output_text(cmd->out, "Kernel:        eCryptfs %s%s%s\n",
		    !loaded ? "is not loaded" :
		    able ? "with public keys" : "without public keys",
		    fix ? "; it needs " : "", fix ? fix : "");
}

static char *group_name(gid_t gid)
{
	const struct group *group = getgrgid(gid);

	return group ? g_strdup(group->gr_name) :
		       g_strdup_printf("%u", (unsigned int)gid);
}

static char *user_name(void)
{
	const struct passwd *user = getpwuid(geteuid());

	return user ? g_strdup(user->pw_name) :
		      g_strdup_printf("%u", (unsigned int)geteuid());
}

/* The one sentence that lets this user open the node. */
static char *node_advice(const struct stat *st)
{
	g_autofree char *group = group_name(st->st_gid);
	g_autofree char *user = user_name();

	if (st->st_gid && (st->st_mode & 060) == 060)
		return g_strdup_printf("\"adduser %s %s\" as root, then log "
				       "in again", user, group);
	return g_strdup("install the udev rule of ecryptfs-pki, which gives "
			"the node to the group ecryptfs, then \"udevadm "
			"trigger /dev/ecryptfs\" as root");
}

static void print_node(struct cmd *cmd)
{
	struct stat st;
	bool present = lstat(NODE, &st) == 0 && S_ISCHR(st.st_mode);
	bool usable = present && faccessat(AT_FDCWD, NODE, R_OK | W_OK,
					   AT_EACCESS) == 0;
	g_autofree char *advice = present && !usable ? node_advice(&st) : NULL;

	output_open_object(cmd->out, "node");
	output_string(cmd->out, "path", NODE);
	output_bool(cmd->out, "present", present);
	output_bool(cmd->out, "usable", usable);
	output_string(cmd->out, "fix", advice);
	output_close(cmd->out);
	output_text(cmd->out, "%-14s %s%s%s\n", NODE ":",
		    usable ? "you may open it" :
		    present ? "you may not open it: " :
		    "is not there yet; the daemon waits for it",
		    advice ? advice : "", "");
}

static bool print_daemon(struct cmd *cmd, GError **error)
{
	g_autoptr(DaemonStatus) status = daemon_status_get(error);

	if (!status) {
		output_text(cmd->out, "Daemon:        does not answer\n");
		return false;
	}
	output_text(cmd->out, "Daemon:\n");
	daemon_status_print(cmd->out, status);
	return true;
}

static bool run(struct cmd *cmd, GError **error)
{
	print_kernel(cmd);
	print_node(cmd);
	return print_daemon(cmd, error);
}

const struct cmd_verb cmd_status = {
	.name = "status",
	.operands = "",
	.summary = "show what kernel, device node and daemon are ready for",
	.help = "Shows whether the kernel has eCryptfs with public keys, "
		"whether this user may\n"
		"open " NODE ", and what the running daemon says: its "
		"transport, counts\n"
		"and queue. The exit status is that of \"no-daemon\" when none "
		"runs.\n",
	.run = run,
};
