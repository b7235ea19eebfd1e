/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command in the guest as a login of a user would: his ids, groups,
 * home and environment, a session keyring of its own with the user keyring
 * linked. One process where su, env, keyctl and timeout would be eight, each
 * of which costs a tenth of a second in an emulated machine.
 *
 *	session [-t SECONDS] USER COMMAND [ARGUMENT]...
 *
 * With -t the command gets a process group of its own, which is killed after
 * so many seconds; the exit status is then 124, as that of timeout(1).
 */
#include <errno.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_TIMEOUT 124
#define STATUS_SETUP 125
#define STATUS_NO_COMMAND 127

static volatile sig_atomic_t child;
static volatile sig_atomic_t timed_out;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "session: %s: %s\n", what, strerror(errno));
	_exit(STATUS_SETUP);
}

static _Noreturn void usage(void)
{
	fputs("usage: session [-t SECONDS] USER COMMAND [ARGUMENT]...\n",
	      stderr);
	exit(STATUS_SETUP);
}

__attribute__((format(printf, 2, 3)))
static void set_variable(const char *name, const char *format, ...)
{
	char value[4096];
	va_list args;

	va_start(args, format);
	if (vsnprintf(value, sizeof(value), format, args) < 0 ||
	    setenv(name, value, 1) != 0)
		die("environment");
	va_end(args);
}

static void set_environment(const struct passwd *user)
{
	const char *path = getenv("PATH");
	char *old = path ? strdup(path) : NULL;

	clearenv();
	set_variable("PATH", "%s", old ? old : "/usr/bin:/bin");
	set_variable("HOME", "%s", user->pw_dir);
	set_variable("USER", "%s", user->pw_name);
	set_variable("LOGNAME", "%s", user->pw_name);
	set_variable("SHELL", "%s", user->pw_shell);
	set_variable("LC_ALL", "C.UTF-8");
	set_variable("XDG_RUNTIME_DIR", "/run/user/%u",
		     (unsigned int)user->pw_uid);
	free(old);
}

/* What pam_keyinit does; the ids are those of the user by then. */
static void join_session_keyring(void)
{
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		die("session keyring");
	if (syscall(SYS_keyctl, KEYCTL_LINK, KEY_SPEC_USER_KEYRING,
		    KEY_SPEC_SESSION_KEYRING) < 0)
		die("user keyring");
}

static void become(const char *name)
{
	const struct passwd *user;

	errno = ENOENT;
	user = getpwnam(name);
	if (!user)
		die(name);
	if (initgroups(name, user->pw_gid) != 0 ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0 ||
	    chdir("/") != 0)
		die(name);
	set_environment(user);
	join_session_keyring();
}

static _Noreturn void run(char **command)
{
	execvp(command[0], command);
	fprintf(stderr, "session: %s: %s\n", command[0], strerror(errno));
	_exit(STATUS_NO_COMMAND);
}

static void on_alarm(int number)
{
	(void)number;
	timed_out = 1;
	kill(-(pid_t)child, SIGKILL);
}

static int wait_for_child(void)
{
	int status;

	while (waitpid((pid_t)child, &status, 0) < 0)
		if (errno != EINTR)
			die("wait");
	if (timed_out)
		return STATUS_TIMEOUT;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

/* For the command, as the user, in this process or in a watched child. */
static int run_bounded(unsigned int seconds, char **command)
{
	pid_t pid;

	if (seconds == 0)
		run(command);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		setpgid(0, 0);
		run(command);
	}
	setpgid(pid, pid);
	child = pid;
	signal(SIGALRM, on_alarm);
	alarm(seconds);
	return wait_for_child();
}

int main(int argc, char **argv)
{
	unsigned long seconds = 0;
	int option;

	while ((option = getopt(argc, argv, "+t:")) != -1) {
		if (option != 't')
			usage();
		seconds = strtoul(optarg, NULL, 10);
		if (seconds == 0 || seconds > 86400)
			usage();
	}
	if (argc - optind < 2)
		usage();
	become(argv[optind]);
	return run_bounded((unsigned int)seconds, argv + optind + 1);
}
