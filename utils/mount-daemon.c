/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon, seen from the mount verb. It is started without a shell and
 * says itself when it is up.
 */
#include "utils/mount-daemon.h"

#include <string.h>
#include <unistd.h>

#include "libecryptfs/control-protocol.h"
#include "utils/daemon-status.h"
#include "utils/secret-input.h"

#define PROGRAM "ecryptfsd"
#define REGISTERED ": registered"
#define LOOK_USEC (G_USEC_PER_SEC / 10)

/* One that waits for eCryptfs looks again every 5 seconds. */
#define PATIENCE_RUNNING_USEC (6 * G_USEC_PER_SEC)
#define PATIENCE_STARTED_USEC (1 * G_USEC_PER_SEC)

/* (transfer full) (nullable) */
static char *beside_this_program(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *directory = self ? g_path_get_dirname(self) : NULL;
	g_autofree char *path = NULL;

	if (!directory)
		return NULL;
	path = g_build_filename(directory, PROGRAM, NULL);
	return access(path, X_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

static char *find_program(GError **error)
{
	char *path = beside_this_program();

	if (!path)
		path = g_find_program_in_path(PROGRAM);
	if (!path)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_DAEMON,
			    "no " PROGRAM " is running, and there is none "
			    "beside this program or in PATH to be started");
	return path;
}

/* Its own sentence, without its name and the end of the line. */
static char *last_words(const char *text)
{
	const char *prefix = PROGRAM ": ";
	char *words;

	if (g_str_has_prefix(text, prefix))
		text += strlen(prefix);
	words = g_strchomp(g_strdup(text));
	return g_strdelimit(words, "\n", ' ');
}

/* (transfer full): the command that starts one. */
static char **command_of(struct cmd *cmd, const char *program)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	const char *module_dir = cmd_value(cmd, "module-dir");

	g_strv_builder_add(words, program);
	g_strv_builder_add(words, "--daemonize");
	if (module_dir)
		g_strv_builder_add_many(words, "--module-dir", module_dir,
					NULL);
	return g_strv_builder_end(words);
}

/* Returns when the daemon is up, or when it has given up. */
static bool launch(struct cmd *cmd, GError **error)
{
	g_autofree char *program = find_program(error);
	g_auto(GStrv) command = NULL;
	g_autoptr(GError) cause = NULL;
	g_autofree char *text = NULL;
	g_autofree char *words = NULL;
	int status;

	if (!program)
		return false;
	command = command_of(cmd, program);
	if (!g_spawn_sync(NULL, command, NULL, G_SPAWN_STDOUT_TO_DEV_NULL,
			  NULL, NULL, NULL, &text, &status, &cause))
		words = g_strdup(cause->message);
	else if (status != 0)
		words = last_words(text);
	else
		return true;
	cmd_fix(cmd, "%s", program);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_DAEMON,
		    "%s does not start: %s", program, words);
	return false;
}

static bool wait_until_registered(int64_t patience, GError **error)
{
	int64_t end = g_get_monotonic_time() + patience;

	for (;;) {
		g_autoptr(DaemonStatus) status = daemon_status_get(error);
		g_autofree char *text = NULL;

		if (!status)
			return false;
		text = daemon_status_item(status, "transports");
		if (text && strstr(text, REGISTERED))
			return true;
		if (g_get_monotonic_time() >= end) {
			g_set_error(error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_KERNEL,
				    PROGRAM " runs, but the kernel does not "
				    "reach it: %s", text ? text : "no reason "
				    "given");
			return false;
		}
		g_usleep(LOOK_USEC);
	}
}

bool mount_daemon_start(struct cmd *cmd, GError **error)
{
	g_autoptr(GError) cause = NULL;
	g_autoptr(DaemonStatus) status = daemon_status_get(&cause);

	cmd_blame(cmd, NULL);
	if (status) {
		cmd_reload_daemon(cmd);
		return wait_until_registered(PATIENCE_RUNNING_USEC, error);
	}
	if (!g_error_matches(cause, ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_DAEMON)) {
		g_propagate_error(error, g_steal_pointer(&cause));
		return false;
	}
	if (!launch(cmd, error))
		return false;
	cmd_note(cmd, "started " PROGRAM " in the background");
	return wait_until_registered(PATIENCE_STARTED_USEC, error);
}

static bool unlock(struct cmd *cmd, const char *name, GError **error)
{
	g_autofree char *prompt = g_strdup_printf("Passphrase of \"%s\"",
						  name);
	g_autoptr(EcryptfsSecret) secret = NULL;
	g_autofree char *text = NULL;

	cmd_blame(cmd, name);
	secret = secret_input_read(cmd, "secret", SECRET_INPUT_KNOWN, prompt,
				   error);
	if (secret)
		text = ecryptfs_control_call(ECRYPTFS_CONTROL_UNLOCK, name,
					     secret, error);
	return text;
}

static bool is_locked(const char *state)
{
	return g_strcmp0(state, ecryptfs_error_name(ECRYPTFS_ERROR_LOCKED)) ==
	       0;
}

bool mount_daemon_unlock(struct cmd *cmd, const char *const *names,
			 GError **error)
{
	g_autoptr(DaemonStatus) status = daemon_status_get(error);

	if (!status)
		return false;
	for (size_t i = 0; names[i]; i++) {
		g_autofree char *state = daemon_status_of_key(status, names[i],
							      "state");

		if (g_strcmp0(state, "ready") == 0)
			return true;
		if (!is_locked(state)) {
			cmd_warn(cmd, "%s cannot open files now: %s", names[i],
				 state ? state : "the daemon does not know it");
			continue;
		}
		if (secret_input_given(cmd, "secret") ||
		    secret_input_can_ask())
			return unlock(cmd, names[i], error);
		cmd_warn(cmd, "%s is locked: files can be created, and opened "
			 "after \"ecryptfs-manager unlock %s\"", names[i],
			 names[i]);
		return true;
	}
	cmd_warn(cmd, "no private key of the recipients can be used here: "
		 "files can be created but not opened");
	return true;
}
