/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfsd: options, the order of the start, signals, the loop, and the same
 * order backwards.
 */
#include "config.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "daemon/background.h"
#include "daemon/commands.h"
#include "daemon/control.h"
#include "daemon/harden.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/runtime-dir.h"
#include "daemon/transport-device.h"
#include "daemon/transports.h"
#include "libecryptfs/control-protocol.h"
#include "libecryptfs/keyring.h"
#include "libecryptfs/safe-file.h"

#define DEFAULT_DEVICE_TIMEOUT 3

/* For what is being worked on when the daemon is told to leave. */
#define PATIENCE_USEC (1 * G_USEC_PER_SEC)

/* From the signal to the end, whatever hangs. */
#define LEAVE_SECONDS 2

/* For the daemon whose place is taken: first by the kernel's word alone. */
#define REPLACE_TELL_USEC (G_USEC_PER_SEC / 2)
#define REPLACE_USEC ((LEAVE_SECONDS + 2) * G_USEC_PER_SEC)
#define REPLACE_LOOK_USEC (20 * 1000)

struct options {
	gboolean daemonize;
	gboolean once;
	gboolean replace;
	gboolean verbose;
	gboolean version;
	char *transports;
	char *device;
	char *module_dir;
	char *keys_dir;
	int device_timeout;
};

struct daemon {
	struct options options;
	int report; /* to the process that --daemonize left waiting, or -1 */
	bool up;
	GMainLoop *loop;
	RuntimeDir *runtime_dir;
	EcryptfsPkiList *modules;
	LateReplies *late;
	Transports *transports;
	Commands commands; /* holds the parts that status shows */
	Control *control;
	GError *replaced; /* by whom, when another daemon has taken over */
};

static bool check_options(struct options *options, int argc, GError **error)
{
	if (argc > 1) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "ecryptfsd takes options only; see ecryptfsd "
			    "--help");
		return false;
	}
	if (options->device_timeout < 1 || options->device_timeout > 3600) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--device-timeout is 1 to 3600 seconds");
		return false;
	}
	return transports_check_list(options->transports, error);
}

static bool parse_options(struct options *options, int argc, char **argv,
			  GError **error)
{
	const GOptionEntry entries[] = {
		{ "daemonize", 0, 0, G_OPTION_ARG_NONE, &options->daemonize,
		  "Go to the background; return when the daemon is up", NULL },
		{ "once", 0, 0, G_OPTION_ARG_NONE, &options->once,
		  "End instead of waiting when eCryptfs is not there", NULL },
		{ "replace", 0, 0, G_OPTION_ARG_NONE, &options->replace,
		  "Take the place of this user's daemon", NULL },
		{ "transport", 0, 0, G_OPTION_ARG_STRING, &options->transports,
		  "Ways to be asked (netlink,device)", "LIST" },
		{ "device", 0, 0, G_OPTION_ARG_FILENAME, &options->device,
		  "Device node (" TRANSPORT_DEVICE_PATH ")", "PATH" },
		{ "device-timeout", 0, 0, G_OPTION_ARG_INT,
		  &options->device_timeout,
		  "How long the kernel waits for an answer (3), the module's "
		  "ecryptfs_message_wait_timeout", "SECONDS" },
		{ "keys-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->keys_dir,
		  "Registered keys (~/.config/ecryptfs/keys)", "DIR" },
		{ "module-dir", 0, 0, G_OPTION_ARG_FILENAME,
		  &options->module_dir, "PKI modules, for tests", "DIR" },
		{ "verbose", 0, 0, G_OPTION_ARG_NONE, &options->verbose,
		  "Log more", NULL },
		{ "version", 0, 0, G_OPTION_ARG_NONE, &options->version,
		  "Print the version and end", NULL },
		{ NULL }
	};
	GOptionContext *context = g_option_context_new(NULL);
	g_autoptr(GError) why = NULL;
	bool parsed;

	options->device_timeout = DEFAULT_DEVICE_TIMEOUT;
	g_option_context_set_summary(
		context, "Answers the kernel's eCryptfs when it asks to wrap "
		"or unwrap a file's key with a public key of this user.");
	g_option_context_add_main_entries(context, entries, NULL);
	parsed = g_option_context_parse(context, &argc, &argv, &why);
	g_option_context_free(context);
	if (!parsed) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "%s; see ecryptfsd --help", why->message);
		return false;
	}
	return options->version || check_options(options, argc, error);
}

static void make_absolute(char **path)
{
	g_autofree char *relative = *path;

	*path = relative ? g_canonicalize_filename(relative, NULL) : NULL;
}

/* The daemon holds no directory that somebody may want to unmount. */
static bool leave_directory(struct options *options, GError **error)
{
	g_autofree char *data_dir = ecryptfs_registration_data_dir();

	make_absolute(&options->device);
	make_absolute(&options->module_dir);
	make_absolute(&options->keys_dir);
	if (!options->keys_dir)
		options->keys_dir = ecryptfs_registration_default_dir();
	if (!ecryptfs_safe_file_check_outside(
		    options->keys_dir, "the directory of registered keys",
		    error) ||
	    !ecryptfs_safe_file_check_outside(
		    data_dir, "the directory of key files", error))
		return false;
	if (chdir("/") == 0)
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_IO,
		    "cannot change to /");
	return false;
}

static void log_refused_module(const char *path, const GError *error,
			       void *data)
{
	(void)data;
	g_warning("PKI module %s is not used: %s", path, error->message);
}

static void on_request(void *data, struct transport *transport,
		       const struct transport_id *id, const uint8_t *packet,
		       size_t packet_len, int64_t arrived)
{
	struct daemon *daemon = data;

	dispatch_request(daemon->commands.status.dispatch, transport, id,
			 packet, packet_len, arrived);
}

static void on_changed(void *data, struct transport *transport)
{
	struct daemon *daemon = data;
	struct status_source *status = &daemon->commands.status;
	g_autofree char *text = transport->describe(transport);

	status->transport = transport;
	if (status->registered_usec < 0 && strcmp(text, "registered") == 0)
		status->registered_usec =
			g_get_monotonic_time() - status->started;
	g_message("%s: %s", transport->name, text);
	notify_status(text);
}

static void on_replaced(void *data, struct transport *transport,
			const GError *why)
{
	struct daemon *daemon = data;

	g_message("%s: %s", transport->name, why->message);
	daemon->replaced = g_error_copy(why);
	g_main_loop_quit(daemon->loop);
}

static char *on_command(void *data,
			const struct ecryptfs_control_request *request,
			GError **error)
{
	struct daemon *daemon = data;

	return commands_handle(&daemon->commands, request, error);
}

/* The keys were read for the first time. */
static void come_up(struct daemon *daemon)
{
	if (daemon->up)
		return;
	daemon->up = true;
	notify_ready();
	if (daemon->report < 0)
		return;
	log_detach();
	background_report(daemon->report, NULL);
	daemon->report = -1;
}

static void on_answered(void *data, enum ecryptfs_control_command command)
{
	struct daemon *daemon = data;

	if (command == ECRYPTFS_CONTROL_QUIT)
		g_main_loop_quit(daemon->loop);
	if (command == ECRYPTFS_CONTROL_RELOAD)
		come_up(daemon);
}

static gboolean on_leave(void *data)
{
	struct daemon *daemon = data;

	g_main_loop_quit(daemon->loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_hangup(void *data)
{
	struct daemon *daemon = data;

	control_order(daemon->control, ECRYPTFS_CONTROL_RELOAD);
	return G_SOURCE_CONTINUE;
}

/* All that works with keys; they themselves are read later. */
static bool make_parts(struct daemon *daemon, GError **error)
{
	struct status_source *status = &daemon->commands.status;

	daemon->modules = ecryptfs_pki_list_load(daemon->options.module_dir,
						 log_refused_module, NULL);
	if (ecryptfs_pki_list_len(daemon->modules) == 0)
		g_warning("no PKI module is installed");
	daemon->late = late_replies_new();
	daemon->commands.late = daemon->late;
	status->keys = ecryptfs_key_store_new(daemon->modules,
					      daemon->options.keys_dir);
	status->stats = stats_new();
	status->tasks = key_tasks_new();
	status->ttl = key_ttl_new(status->tasks, status->stats);
	status->dispatch = dispatch_new(
		&(struct dispatch_config){
			.responder = { ecryptfs_keyring_of_process(),
				       status->keys },
			.modules = daemon->modules,
			.stats = status->stats,
			.late = daemon->late,
			.wait_usec = (int64_t)daemon->options.device_timeout *
				     G_USEC_PER_SEC,
		},
		error);
	return status->dispatch != NULL;
}

static void make_transports(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	const struct transports_config config = {
		.list = options->transports,
		.device = options->device ? options->device :
					    TRANSPORT_DEVICE_PATH,
		.replace = options->replace,
		.sink = { .request = on_request,
			  .changed = on_changed,
			  .replaced = on_replaced,
			  .data = daemon },
	};

	daemon->transports = transports_new(&config);
	daemon->commands.status.transport =
		transports_current(daemon->transports);
}

static bool listen_to_people(struct daemon *daemon, GError **error)
{
	const struct control_handler handler = { on_command, on_answered,
						 daemon };

	daemon->control = control_new(runtime_dir_path(daemon->runtime_dir),
				      &handler, error);
	return daemon->control != NULL;
}

/* %false only where there must be a kernel and there is none. */
static bool listen_to_kernel(struct daemon *daemon, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (!transports_start(daemon->transports, &why) &&
	    daemon->options.once) {
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	on_changed(daemon, transports_current(daemon->transports));
	return true;
}

/* The other daemon ends because the kernel tells it to, or because we do. */
static bool inherit_runtime_dir(struct daemon *daemon, bool kernel_tells,
				GError **error)
{
	int64_t begun = g_get_monotonic_time();
	bool told = false;

	for (;;) {
		g_autoptr(GError) why = NULL;
		int64_t waited = g_get_monotonic_time() - begun;

		daemon->runtime_dir = runtime_dir_open(&why);
		if (daemon->runtime_dir)
			return true;
		if (waited > REPLACE_USEC ||
		    !g_error_matches(why, ECRYPTFS_ERROR,
				     ECRYPTFS_ERROR_BUSY)) {
			g_propagate_error(error, g_steal_pointer(&why));
			return false;
		}
		if (!told && (!kernel_tells || waited > REPLACE_TELL_USEC)) {
			g_free(ecryptfs_control_call(ECRYPTFS_CONTROL_QUIT,
						     NULL, NULL, NULL));
			told = true;
		}
		g_usleep(REPLACE_LOOK_USEC);
	}
}

/*
 * First the kernel, so that no opener finds nobody: what the other daemon has
 * not answered, and what comes, waits in dispatch. A kernel that cannot hand
 * over is asked again when the other one is gone.
 */
static bool take_over(struct daemon *daemon, GError **error)
{
	bool registered = transports_start(daemon->transports, NULL);

	if (!inherit_runtime_dir(daemon, registered, error) ||
	    !listen_to_people(daemon, error))
		return false;
	if (registered) {
		on_changed(daemon, transports_current(daemon->transports));
		return true;
	}
	transports_stop(daemon->transports);
	return listen_to_kernel(daemon, error);
}

/*
 * Those who speak to the daemon: people, then the kernel. Registering comes
 * before reading keys, which takes libcrypto its time: what is asked in
 * between waits in dispatch instead of failing.
 */
static bool listen_to_all(struct daemon *daemon, GError **error)
{
	bool listens;

	make_transports(daemon);
	if (daemon->runtime_dir)
		listens = listen_to_people(daemon, error) &&
			  listen_to_kernel(daemon, error);
	else
		listens = take_over(daemon, error);
	if (listens)
		control_order(daemon->control, ECRYPTFS_CONTROL_RELOAD);
	return listens;
}

/* There may be another daemon if it is to be replaced. */
static bool open_runtime_dir(struct daemon *daemon, GError **error)
{
	g_autoptr(GError) why = NULL;

	daemon->runtime_dir = runtime_dir_open(&why);
	if (daemon->runtime_dir ||
	    (daemon->options.replace &&
	     g_error_matches(why, ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY)))
		return true;
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

static bool start(struct daemon *daemon, GError **error)
{
	g_autoptr(GError) why = NULL;

	daemon->commands.status.pool_locked = ecryptfs_secret_pool_init();
	if (!daemon->commands.status.pool_locked)
		g_warning("the memory of secrets is not locked: raise "
			  "RLIMIT_MEMLOCK (ulimit -l)");
	if (!open_runtime_dir(daemon, error))
		return false;
	if (!ecryptfs_keyring_mend_session(&why))
		g_warning("%s", why->message);
	return make_parts(daemon, error) && listen_to_all(daemon, error);
}

static void leave_now(int signal_number)
{
	(void)signal_number;
	_exit(EXIT_SUCCESS);
}

static void free_parts(struct daemon *daemon)
{
	struct status_source *status = &daemon->commands.status;

	control_free(daemon->control);
	dispatch_free(status->dispatch);
	key_ttl_free(status->ttl);
	key_tasks_free(status->tasks);
	transports_free(daemon->transports);
	stats_free(status->stats);
	ecryptfs_key_store_free(status->keys);
	late_replies_free(daemon->late);
	ecryptfs_pki_list_free(daemon->modules);
	runtime_dir_free(daemon->runtime_dir);
}

/* Every opener gets an answer; then it ends, even when a module hangs. */
static void stop(struct daemon *daemon)
{
	struct status_source *status = &daemon->commands.status;
	bool idle = true;

	signal(SIGALRM, leave_now);
	alarm(LEAVE_SECONDS);
	notify_stopping();
	if (daemon->control)
		control_stop(daemon->control);
	/* Nobody waits any more for the answers of one that was replaced. */
	if (status->dispatch)
		idle = dispatch_stop(status->dispatch,
				     daemon->replaced ? 0 : PATIENCE_USEC);
	if (daemon->transports)
		transports_stop(daemon->transports);
	if (daemon->control)
		idle &= control_wait(daemon->control, PATIENCE_USEC / 4);
	if (status->tasks)
		idle &= !key_tasks_busy(status->tasks);
	if (!idle) {
		g_warning("a PKI module is still at work: leaving without it");
		_exit(ecryptfs_error_exit_status(daemon->replaced));
	}
	free_parts(daemon);
	alarm(0);
}

static void say(const GError *error)
{
	fprintf(stderr, "ecryptfsd: %s\n", error->message);
}

static int run(struct daemon *daemon)
{
	g_autoptr(GError) error = NULL;
	int exit_status;

	daemon->loop = g_main_loop_new(NULL, FALSE);
	signal(SIGPIPE, SIG_IGN);
	g_unix_signal_add(SIGTERM, on_leave, daemon);
	g_unix_signal_add(SIGINT, on_leave, daemon);
	if (start(daemon, &error)) {
		g_unix_signal_add(SIGHUP, on_hangup, daemon);
		g_main_loop_run(daemon->loop);
		g_message("leaving");
		if (!daemon->up && daemon->report >= 0)
			g_set_error(&error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_CANCELLED,
				    "told to leave before the keys were read");
	}
	/* First: whoever reads the report may start the next one at once. */
	stop(daemon);
	if (error && daemon->report >= 0)
		background_report(daemon->report, error);
	else if (error)
		say(error);
	g_main_loop_unref(daemon->loop);
	exit_status = ecryptfs_error_exit_status(error ? error :
							 daemon->replaced);
	g_clear_error(&daemon->replaced);
	return exit_status;
}

static bool prepare(struct daemon *daemon, int argc, char **argv,
		    GError **error)
{
	struct options *options = &daemon->options;

	if (!parse_options(options, argc, argv, error))
		return false;
	if (options->version)
		return true;
	if (!harden_descriptors(error) || !harden_process(error) ||
	    !leave_directory(options, error))
		return false;
	log_init(options->verbose);
	if (options->daemonize)
		daemon->report = background_enter(error);
	return !options->daemonize || daemon->report >= 0;
}

static void free_options(struct options *options)
{
	g_free(options->transports);
	g_free(options->device);
	g_free(options->module_dir);
	g_free(options->keys_dir);
}

int main(int argc, char **argv)
{
	struct daemon daemon = { .report = -1 };
	g_autoptr(GError) error = NULL;
	int exit_status;

	daemon.commands.status.started = g_get_monotonic_time();
	daemon.commands.status.registered_usec = -1;
	/* An arena for each thread would cost memory, and gain nothing here. */
	mallopt(M_ARENA_MAX, 2);
	if (!prepare(&daemon, argc, argv, &error)) {
		say(error);
		exit_status = ecryptfs_error_exit_status(error);
	} else if (daemon.options.version) {
		printf("ecryptfsd %s\n", PACKAGE_VERSION);
		exit_status = EXIT_SUCCESS;
	} else {
		exit_status = run(&daemon);
	}
	free_options(&daemon.options);
	return exit_status;
}
