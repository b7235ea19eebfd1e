/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passphrases on their way in. The terminal is left as it was found, also by
 * Ctrl-C, kill and hangup.
 */
#include "utils/secret-input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "libecryptfs/safe-file.h"

static const int fatal_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static volatile sig_atomic_t got_signal;

static void note_signal(int number)
{
	got_signal = number;
}

/*
 * terminal:
 * @fd: /dev/tty
 * @before: how it was
 * @mask: the signal mask as it was
 * @actions: the signal handlers as they were
 *
 * A terminal that does not echo. Signals stay blocked but while it waits for
 * a key, so that none can slip in between the test and the wait.
 */
struct terminal {
	int fd;
	struct termios before;
	sigset_t mask;
	struct sigaction actions[G_N_ELEMENTS(fatal_signals)];
};

static void catch_signals(struct terminal *terminal)
{
	struct sigaction action = { .sa_handler = note_signal };
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < G_N_ELEMENTS(fatal_signals); i++)
		sigaddset(&block, fatal_signals[i]);
	sigprocmask(SIG_BLOCK, &block, &terminal->mask);
	got_signal = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(fatal_signals); i++)
		sigaction(fatal_signals[i], &action, &terminal->actions[i]);
}

static void release_signals(struct terminal *terminal)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fatal_signals); i++)
		sigaction(fatal_signals[i], &terminal->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &terminal->mask, NULL);
}

static bool terminal_open(struct terminal *terminal, GError **error)
{
	struct termios quiet;

	terminal->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal->fd < 0 || tcgetattr(terminal->fd, &terminal->before)) {
		ecryptfs_error_set_errno(error, errno,
					 "cannot ask on /dev/tty");
		if (terminal->fd >= 0)
			close(terminal->fd);
		return false;
	}
	catch_signals(terminal);
	quiet = terminal->before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	quiet.c_lflag |= ICANON | ISIG;
	quiet.c_cc[VSUSP] = _POSIX_VDISABLE;
	if (tcsetattr(terminal->fd, TCSAFLUSH, &quiet) == 0)
		return true;
	ecryptfs_error_set_errno(error, errno, "cannot silence the terminal");
	release_signals(terminal);
	close(terminal->fd);
	return false;
}

static void terminal_close(struct terminal *terminal)
{
	tcsetattr(terminal->fd, TCSAFLUSH, &terminal->before);
	close(terminal->fd);
	release_signals(terminal);
}

static void terminal_say(const struct terminal *terminal, const char *text)
{
	size_t text_len = strlen(text);

	while (text_len) {
		ssize_t n = write(terminal->fd, text, text_len);

		if (n <= 0)
			return;
		text += n;
		text_len -= (size_t)n;
	}
}

static bool cancelled(GError **error, const char *why)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_CANCELLED, "%s",
		    why);
	return false;
}

/* Waits for input with signals open; %false when one came. */
static bool terminal_wait(const struct terminal *terminal)
{
	struct pollfd pollfd = { .fd = terminal->fd, .events = POLLIN };

	while (!got_signal) {
		int n = ppoll(&pollfd, 1, NULL, &terminal->mask);

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return true; /* let read() tell */
	}
	return false;
}

static bool refuse_long(GError **error)
{
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "the passphrase is longer than %d bytes",
		    SECRET_INPUT_MAX);
	return false;
}

/*
 * Byte by byte, so that what follows the line stays for who reads next. The
 * @terminal is %NULL for a descriptor.
 */
static bool read_line(int fd, const struct terminal *terminal,
		      EcryptfsSecret *line, GError **error)
{
	uint8_t *data = ecryptfs_secret_data(line);
	size_t have = 0;

	while (have <= SECRET_INPUT_MAX) {
		ssize_t n;

		if (terminal && !terminal_wait(terminal))
			return cancelled(error, "interrupted");
		n = read(fd, data + have, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ecryptfs_error_set_errno(error, errno,
						 "cannot read a passphrase");
			return false;
		}
		if (n == 0 && (terminal || !have))
			return cancelled(error, "the input ended before a "
					 "passphrase came");
		if (n == 0 || data[have] == '\n') {
			ecryptfs_secret_set_len(line, have);
			return true;
		}
		have++;
	}
	return refuse_long(error);
}

static EcryptfsSecret *ask(const struct terminal *terminal, const char *prompt,
			   GError **error)
{
	g_autoptr(EcryptfsSecret) line =
		ecryptfs_secret_new(SECRET_INPUT_MAX + 1);
	bool read;

	terminal_say(terminal, prompt);
	terminal_say(terminal, ": ");
	read = read_line(terminal->fd, terminal, line, error);
	terminal_say(terminal, "\n");
	return read ? g_steal_pointer(&line) : NULL;
}

static EcryptfsSecret *ask_twice(const struct terminal *terminal,
				 const char *prompt, GError **error)
{
	g_autofree char *again = g_strconcat(prompt, " (again)", NULL);
	g_autoptr(EcryptfsSecret) first = ask(terminal, prompt, error);
	g_autoptr(EcryptfsSecret) second = NULL;

	if (first)
		second = ask(terminal, again, error);
	if (!second)
		return NULL;
	if (ecryptfs_secret_equal(first, second))
		return g_steal_pointer(&first);
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_CANCELLED,
		    "the two answers differ; nothing was changed");
	return NULL;
}

static EcryptfsSecret *from_terminal(enum secret_input_kind kind,
				     const char *prompt, GError **error)
{
	struct terminal terminal;
	EcryptfsSecret *secret;

	if (!terminal_open(&terminal, error))
		return NULL;
	secret = kind == SECRET_INPUT_FRESH ?
		 ask_twice(&terminal, prompt, error) :
		 ask(&terminal, prompt, error);
	terminal_close(&terminal);
	return secret;
}

static EcryptfsSecret *from_fd(const char *number, GError **error)
{
	g_autoptr(EcryptfsSecret) line =
		ecryptfs_secret_new(SECRET_INPUT_MAX + 1);
	guint64 fd;

	if (!g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT, &fd, NULL) ||
	    fcntl((int)fd, F_GETFD) < 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "\"%s\" is no open file descriptor", number);
		return NULL;
	}
	return read_line((int)fd, NULL, line, error) ? g_steal_pointer(&line) :
						       NULL;
}

/* What is wrong with that file is not what is wrong with the key. */
static EcryptfsSecret *from_file(struct cmd *cmd, const char *option,
				 GError **error)
{
	EcryptfsSecret *line = ecryptfs_safe_file_read_line(
		cmd_value(cmd, option), SECRET_INPUT_MAX,
		ECRYPTFS_SAFE_FILE_PRIVATE, error);

	if (!line)
		cmd_fix(cmd, "--%s=FILE with a file whose first line is the "
			"passphrase", option);
	return line;
}

bool secret_input_given(const struct cmd *cmd, const char *prefix)
{
	g_autofree char *file = g_strconcat(prefix, "-file", NULL);
	g_autofree char *fd = g_strconcat(prefix, "-fd", NULL);

	return cmd_value(cmd, file) || cmd_value(cmd, fd);
}

bool secret_input_can_ask(void)
{
	return isatty(STDIN_FILENO);
}

bool secret_input_or_locked(struct cmd *cmd, const GError *cause,
			    GError **error)
{
	if (secret_input_given(cmd, "secret") || secret_input_can_ask())
		return true;
	cmd_fix(cmd, "say where the passphrase is: --secret-file=FILE or "
		"--secret-fd=N");
	g_propagate_error(error, g_error_copy(cause));
	return false;
}

static bool check_secret(const EcryptfsSecret *secret, GError **error)
{
	if (ecryptfs_secret_len(secret) > SECRET_INPUT_MAX)
		return refuse_long(error);
	if (!memchr(ecryptfs_secret_data(secret), 0,
		    ecryptfs_secret_len(secret)))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "the passphrase has a NUL byte in it");
	return false;
}

static EcryptfsSecret *read_secret(struct cmd *cmd, const char *prefix,
				   enum secret_input_kind kind,
				   const char *prompt, GError **error)
{
	g_autofree char *file = g_strconcat(prefix, "-file", NULL);
	g_autofree char *fd = g_strconcat(prefix, "-fd", NULL);

	if (cmd_value(cmd, file) && cmd_value(cmd, fd))
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "--%s and --%s exclude each other", file, fd);
	else if (cmd_value(cmd, file))
		return from_file(cmd, file, error);
	else if (cmd_value(cmd, fd))
		return from_fd(cmd_value(cmd, fd), error);
	else if (secret_input_can_ask())
		return from_terminal(kind, prompt, error);
	else
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "a passphrase is needed and stdin is no terminal: "
			    "say where it is with --%s=FILE or --%s=N", file,
			    fd);
	return NULL;
}

EcryptfsSecret *secret_input_read(struct cmd *cmd, const char *prefix,
				  enum secret_input_kind kind,
				  const char *prompt, GError **error)
{
	g_autoptr(EcryptfsSecret) secret =
		read_secret(cmd, prefix, kind, prompt, error);

	if (!secret || !check_secret(secret, error))
		return NULL;
	return g_steal_pointer(&secret);
}
