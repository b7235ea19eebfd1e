/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pipe from child to parent: one octet of exit status, then the sentence.
 * A pipe that closes without an octet is a child that died.
 */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MSEC (60 * 1000)

static void to_dev_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
}

static G_GNUC_NORETURN void wait_for_child(int fd, pid_t child)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	char report[1024];
	ssize_t n;
	int status;

	if (poll(&ready, 1, PATIENCE_MSEC) == 0) {
		kill(child, SIGKILL);
		fprintf(stderr, "ecryptfsd: not up within %d seconds: start it "
				"without --daemonize to see where it waits\n",
			PATIENCE_MSEC / 1000);
		_exit(75);
	}
	n = read(fd, report, sizeof(report) - 1);
	if (n <= 0) {
		if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
			fprintf(stderr, "ecryptfsd: ended by signal %d\n",
				WTERMSIG(status));
		_exit(70);
	}
	report[n] = '\0';
	if (report[0] != 0)
		fprintf(stderr, "ecryptfsd: %s\n", report + 1);
	_exit(report[0]);
}

int background_enter(GError **error)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0) {
		ecryptfs_error_set_errno(error, errno, "cannot make a pipe");
		return -1;
	}
	child = fork();
	if (child > 0) {
		close(fds[1]);
		wait_for_child(fds[0], child);
	}
	close(fds[0]);
	if (child < 0) {
		ecryptfs_error_set_errno(error, errno, "cannot fork");
		close(fds[1]);
		return -1;
	}
	setsid();
	return fds[1];
}

void background_report(int fd, const GError *error)
{
	g_autoptr(GString) report = g_string_new(NULL);

	g_string_append_c(report, (char)ecryptfs_error_exit_status(error));
	if (error)
		g_string_append(report, error->message);
	to_dev_null();
	if (write(fd, report->str, report->len) < 0)
		g_debug("nobody waits for the report");
	close(fd);
}
