/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager umount: only what is an eCryptfs mount; a busy one is
 * explained.
 */
#include "utils/cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libecryptfs/key-sig.h"
#include "utils/mount-call.h"
#include "utils/mount-holders.h"
#include "utils/mount-path.h"
#include "utils/mount-table.h"

#define SIG_OPTION "ecryptfs_sig="

static char *canonical(const char *path, GError **error)
{
	char *real = realpath(path, NULL);
	char *copy = g_strdup(real);

	if (!real)
		ecryptfs_error_set_errno(error, errno, "cannot use %s", path);
	free(real);
	return copy;
}

/* (transfer none) (nullable): the mount that is meant. */
static const struct mount_entry *find_mount(const MountTable *table,
					    const char *path, GError **error)
{
	const struct mount_entry *entry = mount_table_find(table, path);

	if (entry && mount_entry_is_ecryptfs(entry))
		return entry;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "%s is %s; \"findmnt -t ecryptfs\" lists what can be "
		    "unmounted here", path,
		    entry ? "a mount, but not of eCryptfs" :
			    "no mount point");
	return NULL;
}

static bool set_umount_error(const char *path, int err, GError **error)
{
	g_auto(GStrv) holders = NULL;
	g_autofree char *who = NULL;

	if (err != EBUSY) {
		ecryptfs_error_set_errno(error, err, "cannot unmount %s",
					 path);
		return false;
	}
	holders = mount_holders_find(path);
	who = g_strjoinv("; ", holders);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
		    "%s is busy: %s", path,
		    who[0] ? who : "held by a process of somebody else, which "
				   "this verb names when root runs it");
	return false;
}

static bool set_not_allowed(struct cmd *cmd, const char *path, char *said,
			    GError **error)
{
	const char *const words[] = { "sudo", "ecryptfs-manager", "umount",
				      path, NULL };
	g_autofree char *command = mount_path_quote(words);

	cmd_fix(cmd, "%s", command);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_PERMISSION, "%s",
		    g_strstrip(said));
	return false;
}

/* umount(8) knows whether this user may. */
static bool run_umount(struct cmd *cmd, const char *path, GError **error)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_auto(GStrv) command = NULL;
	g_auto(GStrv) environment = g_environ_setenv(g_get_environ(), "LC_ALL",
						     "C", TRUE);
	g_autoptr(GError) cause = NULL;
	g_autofree char *said = NULL;
	int status;

	g_strv_builder_add_many(builder, "umount", "-i", "--", path, NULL);
	command = g_strv_builder_end(builder);
	if (!g_spawn_sync(NULL, command, environment,
			  G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL,
			  NULL, NULL, NULL, &said, &status, &cause)) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_IO,
			    "cannot run umount(8): %s", cause->message);
		return false;
	}
	if (status == 0)
		return true;
	return strstr(said, "busy") ? set_umount_error(path, EBUSY, error) :
				      set_not_allowed(cmd, path, said, error);
}

static bool sig_in_use(const MountTable *table, const struct mount_entry *not,
		       const char *word)
{
	for (size_t i = 0; i < mount_table_len(table); i++) {
		const struct mount_entry *entry = mount_table_get(table, i);
		g_auto(GStrv) words = g_strsplit(entry->data, ",", -1);

		if (entry != not && mount_entry_is_ecryptfs(entry) &&
		    g_strv_contains((const char *const *)words, word))
			return true;
	}
	return false;
}

static void remove_key(struct cmd *cmd, const MountTable *table,
		       const struct mount_entry *entry, const char *word)
{
	const char *sig = word + strlen(SIG_OPTION);
	g_autoptr(GError) cause = NULL;

	if (!ecryptfs_key_sig_valid(sig))
		return;
	if (sig_in_use(table, entry, word)) {
		cmd_note(cmd, "%s stays in the keyring: another mount needs "
			 "it", sig);
		return;
	}
	if (ecryptfs_keyring_remove(sig, &cause)) {
		output_string(cmd->out, NULL, sig);
		output_text(cmd->out, "%s taken out of the keyring\n", sig);
	} else if (!g_error_matches(cause, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_NO_KEY)) {
		cmd_warn(cmd, "%s", cause->message);
	}
}

static void remove_keys(struct cmd *cmd, const MountTable *table,
			const struct mount_entry *entry)
{
	g_auto(GStrv) words = g_strsplit(entry->data, ",", -1);

	output_open_array(cmd->out, "removed");
	for (size_t i = 0; words[i]; i++)
		if (g_str_has_prefix(words[i], SIG_OPTION))
			remove_key(cmd, table, entry, words[i]);
	output_close(cmd->out);
}

static bool unmount(struct cmd *cmd, MountCall *call, const char *path,
		    bool root, GError **error)
{
	int err;

	if (!root)
		return run_umount(cmd, path, error);
	err = mount_call_umount(call, path);
	return !err || set_umount_error(path, err, error);
}

static bool run(struct cmd *cmd, GError **error)
{
	bool root = geteuid() == 0;
	g_autoptr(MountUser) user = NULL;
	g_autoptr(MountCall) call = NULL;
	g_autoptr(MountTable) table = NULL;
	g_autofree char *path = NULL;
	const struct mount_entry *entry;

	if (!mount_user_find(&user, error))
		return false;
	call = mount_call_new(user, error);
	if (!call)
		return false;
	path = canonical(cmd->operands[0], error);
	table = path ? mount_table_read(error) : NULL;
	entry = table ? find_mount(table, path, error) : NULL;
	if (!entry || !unmount(cmd, call, path, root, error))
		return false;
	output_string(cmd->out, "lower", entry->source);
	output_string(cmd->out, "mountpoint", path);
	output_bool(cmd->out, "mounted", false);
	output_text(cmd->out, "%s is unmounted\n", path);
	if (cmd_flag(cmd, "remove-keys"))
		remove_keys(cmd, table, entry);
	return true;
}

static const struct cmd_option options[] = {
	{ "remove-keys", CMD_OPTION_FLAG, NULL,
	  "take its keys out of the keyring, those of other mounts excepted" },
	{ NULL }
};

const struct cmd_verb cmd_umount = {
	.name = "umount",
	.operands = "MOUNTPOINT [OPTION]...",
	.summary = "unmount, or say what keeps it busy",
	.help = "Unmounts the eCryptfs mount at MOUNTPOINT; the keys of its "
		"cached files leave\n"
		"the kernel with it. As a normal user it asks umount(8), which "
		"does it for a\n"
		"mount of yours that /etc/fstab allows. A busy mount stays, "
		"and what holds it\n"
		"is told.\n",
	.options = options,
	.operand_kind = CMD_OPERAND_DIRECTORY,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
