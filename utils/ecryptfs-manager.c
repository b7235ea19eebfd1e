/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ecryptfs-manager(1): makes, loads and looks after keys. Here is only the
 * table of verbs, and the way from a verb to an exit status; a verb is in
 * the file cmd-VERB.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "utils/command-help.h"
#include "utils/command-line.h"

const struct cmd_verb *const cmd_verbs[] = {
	&cmd_generate,
	&cmd_import,
	&cmd_export,
	&cmd_add,
	&cmd_remove,
	&cmd_list,
	&cmd_show,
	&cmd_unlock,
	&cmd_lock,
	&cmd_passwd,
	&cmd_rename,
	&cmd_destroy,
	&cmd_test,
	&cmd_mount,
	&cmd_umount,
	&cmd_status,
	&cmd_list_modules,
	NULL,
};

/*
 * A closed descriptor 0, 1 or 2 would be given to the next file that is
 * opened, and messages end up in a key. Opened the wrong way round, writing
 * and reading them fails as before.
 */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			exit(EXIT_FAILURE);
}

static void prepare_process(void)
{
	const struct rlimit no_core = { 0, 0 };

	fill_standard_fds();
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	setrlimit(RLIMIT_CORE, &no_core);
#ifndef SANITIZED
	prctl(PR_SET_DUMPABLE, 0); /* LeakSanitizer attaches to itself */
#endif
	g_set_prgname("ecryptfs-manager");
	ecryptfs_secret_pool_init();
}

static bool run_verb(struct cmd *cmd, char **words, size_t words_len,
		     GError **error)
{
	if (!command_line_parse(cmd, words, words_len, error))
		return false;
	if (cmd_flag(cmd, "help")) {
		g_autofree char *help = command_help_verb(cmd);

		output_string(cmd->out, "help", help);
		output_text(cmd->out, "%s", help);
		return true;
	}
	return cmd->verb->run(cmd, error);
}

static bool run_word(struct cmd *cmd, char **words, size_t words_len,
		     GError **error)
{
	cmd->verb = command_line_find_verb(words[0], error);
	return cmd->verb && run_verb(cmd, words + 1, words_len - 1, error);
}

static bool complete(struct cmd *cmd, char **words, size_t words_len,
		     GError **error)
{
	g_autofree char *lines = NULL;

	if (words_len)
		cmd->verb = command_line_find_verb(words[0], error);
	if (words_len && !cmd->verb)
		return false;
	if (words_len > 1)
		command_line_parse(cmd, words + 1, words_len - 1, NULL);
	lines = command_help_completion(words_len ? cmd : NULL);
	output_text(cmd->out, "%s", lines);
	return true;
}

/* Before the verb stand only options that are about no verb. */
static bool run_words(struct cmd *cmd, char **words, size_t words_len,
		      GError **error)
{
	g_autofree char *usage = command_help_usage();

	while (words_len && g_str_equal(words[0], "--json")) {
		words++;
		words_len--;
	}
	if (!words_len) {
		cmd_note(cmd, "%s", usage);
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
			    "no verb given");
		return false;
	}
	if (g_str_equal(words[0], "--help") || g_str_equal(words[0], "-h")) {
		output_string(cmd->out, "help", usage);
		output_text(cmd->out, "%s", usage);
		return true;
	}
	if (g_str_equal(words[0], "--version")) {
		output_string(cmd->out, "version", PACKAGE_VERSION);
		output_text(cmd->out, "ecryptfs-manager (%s) %s\n",
			    PACKAGE_NAME, PACKAGE_VERSION);
		return true;
	}
	if (g_str_equal(words[0], "--completion"))
		return complete(cmd, words + 1, words_len - 1, error);
	return run_word(cmd, words, words_len, error);
}

/* What the library and PKI modules log; no more than their warnings. */
static GLogWriterOutput log_writer(GLogLevelFlags level,
				   const GLogField *fields, gsize n_fields,
				   void *cmd)
{
	if ((level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_WARNING)
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n_fields; i++)
		if (g_str_equal(fields[i].key, "MESSAGE"))
			cmd_warn(cmd, "%s", (const char *)fields[i].value);
	return G_LOG_WRITER_HANDLED;
}

static void clear_cmd(struct cmd *cmd)
{
	g_free(cmd->operands);
	g_free(cmd->blame);
	g_free(cmd->fix);
	ecryptfs_params_free(cmd->options);
	ecryptfs_pki_list_free(cmd->modules);
	output_free(cmd->out);
}

int main(int argc, char **argv)
{
	char **words = argv + (argc > 0);
	size_t words_len = argc > 0 ? (size_t)argc - 1 : 0;
	g_autoptr(GError) error = NULL;
	g_autoptr(GError) lost = NULL;
	struct cmd cmd = { 0 };
	int status;

	prepare_process();
	cmd.out = output_new(command_line_has(words, words_len, "--json"));
	cmd.options = ecryptfs_params_new();
	g_log_set_writer_func(log_writer, &cmd, NULL);
	if (!run_words(&cmd, words, words_len, &error)) {
		if (!error)
			g_set_error(&error, ECRYPTFS_ERROR,
				    ECRYPTFS_ERROR_INTERNAL,
				    "failed, and did not say why");
		cmd_report(&cmd, error);
	}
	status = ecryptfs_error_exit_status(error);
	if (!output_finish(cmd.out, &lost)) {
		cmd_report(&cmd, lost);
		status = error ? status : ecryptfs_error_exit_status(lost);
	}
	clear_cmd(&cmd);
	return status;
}
