/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that may be anything, and writes that are killed in the middle. A
 * hang is a failure: an alarm ends the program.
 */
#include "libecryptfs/safe-file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "tests/unit/fixture.h"

#define HANG_SECONDS 60
#define KILLS 150
#define BIG (64 << 10)
#define OTHER_UID 54321

static char *directory;

static char *in_directory(const char *name)
{
	return g_build_filename(directory, name, NULL);
}

static void assert_reads(const char *path, const char *content)
{
	g_autoptr(EcryptfsSecret) secret = NULL;
	GError *error = NULL;

	secret = ecryptfs_safe_file_read(path, 1 << 20,
					 ECRYPTFS_SAFE_FILE_PRIVATE, &error);
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(secret),
			ecryptfs_secret_len(secret), content, strlen(content));
}

static void assert_refused(const char *path, size_t max,
			   enum ecryptfs_safe_file_rule rule,
			   enum ecryptfs_error code, const char *word)
{
	GError *error = NULL;

	g_assert_null(ecryptfs_safe_file_read(path, max, rule, &error));
	g_assert_nonnull(strstr(error->message, path));
	fixture_assert_error(&error, code, word);
}

static unsigned int files_in_directory(void)
{
	g_autoptr(GDir) entries = g_dir_open(directory, 0, NULL);
	unsigned int n = 0;

	while (g_dir_read_name(entries))
		n++;
	return n;
}

static void test_read_sizes(void)
{
	g_autofree char *empty = fixture_write(directory, "empty", "", 0, 0600);
	g_autofree char *ten =
		fixture_write(directory, "ten", "0123456789", 10, 0600);
	g_autoptr(EcryptfsSecret) secret = NULL;
	GError *error = NULL;

	assert_reads(empty, "");
	assert_reads(ten, "0123456789");
	secret = ecryptfs_safe_file_read(ten, 10, ECRYPTFS_SAFE_FILE_ANY,
					 &error);
	g_assert_no_error(error);
	g_assert_cmpuint(ecryptfs_secret_len(secret), ==, 10);
	assert_refused(ten, 9, ECRYPTFS_SAFE_FILE_ANY, ECRYPTFS_ERROR_UNUSABLE,
		       "larger than 9");
	assert_refused(ten, 0, ECRYPTFS_SAFE_FILE_ANY, ECRYPTFS_ERROR_UNUSABLE,
		       NULL);
}

static void assert_line(const char *content, size_t content_len, size_t max,
			const char *line)
{
	g_autofree char *path = fixture_write(directory, "lines", content,
					      content_len, 0600);
	g_autoptr(EcryptfsSecret) secret = NULL;
	GError *error = NULL;

	secret = ecryptfs_safe_file_read_line(
		path, max, ECRYPTFS_SAFE_FILE_PRIVATE, &error);
	if (!line) {
		g_assert_null(secret);
		fixture_assert_error(&error, ECRYPTFS_ERROR_UNUSABLE, path);
		return;
	}
	g_assert_no_error(error);
	g_assert_cmpmem(ecryptfs_secret_data(secret),
			ecryptfs_secret_len(secret), line, strlen(line));
}

static void test_read_line(void)
{
	g_autofree char *big = g_strnfill(BIG, 'b');

	assert_line("", 0, 4, "");
	assert_line("\n", 1, 4, "");
	assert_line("abcd", 4, 4, "abcd");
	assert_line("abcd\n", 5, 4, "abcd");
	assert_line("abcd\nmore", 9, 4, "abcd");
	assert_line("abcde", 5, 4, NULL);
	assert_line("abcde\n", 6, 4, NULL);
	assert_line(big, BIG, 4, NULL);
	memcpy(big, "ab\n", 3);
	assert_line(big, BIG, 4, "ab");
}

static void test_read_sparse(void)
{
	g_autofree char *path = fixture_write(directory, "sparse", "", 0, 0600);

	g_assert_cmpint(truncate(path, (off_t)1 << 40), ==, 0);
	assert_refused(path, 65536, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_UNUSABLE, "larger");
}

static void test_read_missing(void)
{
	g_autofree char *missing = in_directory("missing");
	g_autofree char *file = fixture_write(directory, "file", "x", 1, 0600);
	g_autofree char *below = g_build_filename(file, "below", NULL);

	assert_refused(missing, 10, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_ABSENT, NULL);
	assert_refused(below, 10, ECRYPTFS_SAFE_FILE_ANY, ECRYPTFS_ERROR_ABSENT,
		       NULL);
}

static void test_read_fifo(void)
{
	g_autofree char *path = in_directory("fifo");

	g_assert_cmpint(mkfifo(path, 0600), ==, 0);
	assert_refused(path, 10, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_UNUSABLE, "regular");
}

static void test_read_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *path = in_directory("socket");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			==, 0);
	assert_refused(path, 10, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_UNUSABLE, "regular");
	close(fd);
}

static void test_read_other_kinds(void)
{
	assert_refused(directory, 10, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_UNUSABLE, "regular");
	assert_refused("/dev/zero", 10, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_UNUSABLE, "regular");
}

static void test_read_symlink(void)
{
	g_autofree char *file =
		fixture_write(directory, "target", "x", 1, 0600);
	g_autofree char *link = in_directory("link");
	g_autofree char *dangling = in_directory("dangling");

	g_assert_cmpint(symlink(file, link), ==, 0);
	g_assert_cmpint(symlink("/nowhere", dangling), ==, 0);
	assert_refused(link, 10, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_PERMISSION, "symbolic link");
	assert_refused(dangling, 10, ECRYPTFS_SAFE_FILE_ANY,
		       ECRYPTFS_ERROR_PERMISSION, "symbolic link");
}

static void test_read_modes(void)
{
	static const struct {
		unsigned int mode;
		bool trusted, private;
	} rows[] = {
		{ 0600, true, true },	{ 0400, true, true },
		{ 0700, true, true },	{ 0640, true, false },
		{ 0644, true, false },	{ 0604, true, false },
		{ 0601, true, false },	{ 0620, false, false },
		{ 0602, false, false }, { 0666, false, false },
		{ 0777, false, false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *path = fixture_write(directory, "modes", "x",
						      1, rows[i].mode);
		g_autoptr(EcryptfsSecret) any = ecryptfs_safe_file_read(
			path, 10, ECRYPTFS_SAFE_FILE_ANY, NULL);
		g_autoptr(EcryptfsSecret) trusted = ecryptfs_safe_file_read(
			path, 10, ECRYPTFS_SAFE_FILE_TRUSTED, NULL);
		g_autoptr(EcryptfsSecret) private = ecryptfs_safe_file_read(
			path, 10, ECRYPTFS_SAFE_FILE_PRIVATE, NULL);

		g_test_message("mode %04o", rows[i].mode);
		g_assert_nonnull(any);
		g_assert_true((trusted != NULL) == rows[i].trusted);
		g_assert_true((private != NULL) == rows[i].private);
	}
}

static void test_read_mode_names_the_mend(void)
{
	g_autofree char *path = fixture_write(directory, "m", "x", 1, 0644);

	assert_refused(path, 10, ECRYPTFS_SAFE_FILE_PRIVATE,
		       ECRYPTFS_ERROR_PERMISSION, "chmod 600");
	g_assert_cmpint(chmod(path, 0666), ==, 0);
	assert_refused(path, 10, ECRYPTFS_SAFE_FILE_TRUSTED,
		       ECRYPTFS_ERROR_PERMISSION, "chmod go-w");
}

static void test_read_other_owner(void)
{
	g_autofree char *path = fixture_write(directory, "owner", "x", 1, 0600);

	if (chown(path, OTHER_UID, OTHER_UID) != 0) {
		g_test_skip("needs root, to give a file away");
		return;
	}
	assert_refused(path, 10, ECRYPTFS_SAFE_FILE_TRUSTED,
		       ECRYPTFS_ERROR_PERMISSION, "another user");
	assert_refused(path, 10, ECRYPTFS_SAFE_FILE_PRIVATE,
		       ECRYPTFS_ERROR_PERMISSION, "another user");
}

static void write_ok(const char *path, const char *content, bool replace)
{
	GError *error = NULL;

	ecryptfs_safe_file_write(path, content, strlen(content), replace,
				 &error);
	g_assert_no_error(error);
}

static void test_write(void)
{
	g_autofree char *path = in_directory("written");
	unsigned int before = files_in_directory();
	struct stat st;

	write_ok(path, "first", false);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
	assert_reads(path, "first");
	write_ok(path, "second", true);
	assert_reads(path, "second");
	write_ok(path, "", true);
	assert_reads(path, "");
	g_assert_cmpuint(files_in_directory(), ==, before + 1);
}

static void test_write_exists(void)
{
	g_autofree char *path = fixture_write(directory, "old", "old", 3, 0600);
	g_autofree char *dangling = in_directory("dangling-too");
	unsigned int before;
	GError *error = NULL;

	g_assert_cmpint(symlink("/nowhere", dangling), ==, 0);
	before = files_in_directory();
	g_assert_false(ecryptfs_safe_file_write(path, "new", 3, false,
						&error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_EXISTS, path);
	assert_reads(path, "old");
	g_assert_false(ecryptfs_safe_file_write(dangling, "new", 3, false,
						&error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_EXISTS, dangling);
	g_assert_cmpuint(files_in_directory(), ==, before);
}

/* A link is replaced, what it leads to stays. */
static void test_write_over_symlink(void)
{
	g_autofree char *target =
		fixture_write(directory, "precious", "precious", 8, 0600);
	g_autofree char *link = in_directory("link-to-precious");

	g_assert_cmpint(symlink(target, link), ==, 0);
	write_ok(link, "new", true);
	assert_reads(target, "precious");
	assert_reads(link, "new");
}

static void test_write_nowhere(void)
{
	g_autofree char *path = in_directory("no/such/directory");
	GError *error = NULL;

	g_assert_false(ecryptfs_safe_file_write(path, "x", 1, true, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_ABSENT, NULL);
}

/* The disk is full, as a limit on file sizes shows it. */
static void test_write_no_room(void)
{
	g_autofree char *path =
		fixture_write(directory, "kept", "kept", 4, 0600);
	g_autofree char *big = g_strnfill(BIG, 'b');
	struct rlimit before, limit;
	unsigned int files = files_in_directory();
	GError *error = NULL;
	bool written;

	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = before;
	limit.rlim_cur = 4096;
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
	written = ecryptfs_safe_file_write(path, big, BIG, true, &error);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	g_assert_false(written);
	fixture_assert_error(&error, ECRYPTFS_ERROR_IO, path);
	assert_reads(path, "kept");
	g_assert_cmpuint(files_in_directory(), ==, files);
}

static void test_temporary_form(void)
{
	static const struct {
		const char *entry;
		bool temporary;
	} rows[] = {
		{ "a.pem.ecryptfs-tmp-A1b2C3", true },
		{ "a.pem.backup", false },
		{ "a.pem.new", false },
		{ "a.pem.A1b2C3", false },
		{ "a.pem", false },
		{ "a.pem.ecryptfs-tmp-", false },
		{ "a.pem.ecryptfs-tmp-A1b2C", false },
		{ "a.pem.ecryptfs-tmp-A1b2C3D", false },
		{ "aa.pem.ecryptfs-tmp-A1b2C3", false },
		{ "a.p", false },
		{ "", false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		g_assert_cmpint(ecryptfs_safe_file_is_temporary(
					rows[i].entry, "a.pem"), ==,
				rows[i].temporary);
}

/* Written for a look, then moved; what it was written for is not touched. */
static void test_write_beside(void)
{
	g_autofree char *path =
		fixture_write(directory, "beside", "kept", 4, 0600);
	g_autofree char *temporary = NULL;
	g_autofree char *entry = NULL;
	GError *error = NULL;

	temporary = ecryptfs_safe_file_write_beside(path, "new", 3, &error);
	g_assert_no_error(error);
	entry = g_path_get_basename(temporary);
	g_assert_true(ecryptfs_safe_file_is_temporary(entry, "beside"));
	assert_reads(temporary, "new");
	assert_reads(path, "kept");
	g_assert_true(ecryptfs_safe_file_move(temporary, path, &error));
	assert_reads(path, "new");
}

static void write_for_ever(const char *path, const char *a, const char *b)
{
	for (;;) {
		if (!ecryptfs_safe_file_write(path, a, BIG, true, NULL) ||
		    !ecryptfs_safe_file_write(path, b, BIG, true, NULL))
			_exit(1);
	}
}

static void assert_whole(const char *path)
{
	g_autoptr(EcryptfsSecret) content = ecryptfs_safe_file_read(
		path, 1 << 20, ECRYPTFS_SAFE_FILE_PRIVATE, NULL);
	const uint8_t *data;

	g_assert_nonnull(content);
	data = ecryptfs_secret_data(content);
	g_assert_cmpuint(ecryptfs_secret_len(content), ==, BIG);
	g_assert_true(data[0] == 'a' || data[0] == 'b');
	for (size_t i = 1; i < BIG; i++)
		g_assert_true(data[i] == data[0]);
}

/* Killed at any point: the old content or the new, never half. */
static void test_write_killed(void)
{
	g_autofree char *path = in_directory("killed");
	g_autofree char *a = g_strnfill(BIG, 'a');
	g_autofree char *b = g_strnfill(BIG, 'b');

	write_ok(path, a, true);
	for (int i = 0; i < KILLS; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			write_for_ever(path, a, b);
		g_usleep((gulong)g_test_rand_int_range(0, 4000));
		kill(pid, SIGKILL);
		g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
		g_assert_true(WIFSIGNALED(status));
		assert_whole(path);
	}
}

/* What was synced, by name, while a test wants to know; else %NULL. */
static GPtrArray *synced;

/* In place of libc's: a test cannot pull the plug, but it can look on. */
int fsync(int fd)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

	if (synced)
		g_ptr_array_add(synced, g_file_read_link(link, NULL));
	return (int)syscall(SYS_fsync, fd);
}

/* The directories below the test's that make_dir syncs, "." for that one. */
static char *synced_by_make_dir(const char *path)
{
	GString *names = g_string_new(NULL);
	GError *error = NULL;

	synced = g_ptr_array_new_with_free_func(g_free);
	ecryptfs_safe_file_make_dir(path, &error);
	g_assert_no_error(error);
	for (size_t i = 0; i < synced->len; i++) {
		const char *name = g_ptr_array_index(synced, i);

		g_assert_true(g_str_has_prefix(name, directory));
		g_string_append_printf(names, " .%s",
				       name + strlen(directory));
	}
	g_clear_pointer(&synced, g_ptr_array_unref);
	return g_string_free(names, FALSE);
}

/* A new directory is there after a crash only when its parent was synced. */
static void test_make_dir_durable(void)
{
	g_autofree char *path = in_directory("new/er/est");
	g_autofree char *beside = in_directory("new/er/beside");
	g_autofree char *first = synced_by_make_dir(path);
	g_autofree char *again = synced_by_make_dir(path);
	g_autofree char *second = synced_by_make_dir(beside);

	g_assert_cmpstr(first, ==, " . ./new ./new/er");
	g_assert_cmpstr(again, ==, "");
	g_assert_cmpstr(second, ==, " ./new/er");
}

static void test_make_dir(void)
{
	g_autofree char *path = in_directory("a/b/c");
	g_autofree char *middle = in_directory("a/b");
	g_autofree char *file = fixture_write(directory, "no-dir", "", 0, 0600);
	g_autofree char *below = g_build_filename(file, "d", NULL);
	struct stat st;
	GError *error = NULL;

	g_assert_true(ecryptfs_safe_file_make_dir(path, &error));
	g_assert_true(ecryptfs_safe_file_make_dir(path, &error));
	g_assert_no_error(error);
	g_assert_cmpint(stat(middle, &st), ==, 0);
	g_assert_cmpuint(st.st_mode & 07777, ==, 0700);
	g_assert_false(ecryptfs_safe_file_make_dir(below, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_ABSENT, below);
	g_assert_false(ecryptfs_safe_file_make_dir(file, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_ABSENT, file);
}

static void test_move(void)
{
	g_autofree char *from = fixture_write(directory, "from", "x", 1, 0600);
	g_autofree char *to = in_directory("to");
	g_autofree char *nowhere = in_directory("no/where");
	GError *error = NULL;

	g_assert_true(ecryptfs_safe_file_move(from, to, &error));
	g_assert_no_error(error);
	assert_reads(to, "x");
	g_assert_false(ecryptfs_safe_file_move(from, to, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_ABSENT, from);
	g_assert_false(ecryptfs_safe_file_move(to, nowhere, &error));
	fixture_assert_error(&error, ECRYPTFS_ERROR_ABSENT, nowhere);
	assert_reads(to, "x");
}

int main(int argc, char **argv)
{
	int result;

	g_test_init(&argc, &argv, NULL);
	alarm(HANG_SECONDS);
	umask(022);
	directory = fixture_directory_new();
	g_test_add_func("/safe-file/read/sizes", test_read_sizes);
	g_test_add_func("/safe-file/read/line", test_read_line);
	g_test_add_func("/safe-file/read/sparse", test_read_sparse);
	g_test_add_func("/safe-file/read/missing", test_read_missing);
	g_test_add_func("/safe-file/read/fifo", test_read_fifo);
	g_test_add_func("/safe-file/read/socket", test_read_socket);
	g_test_add_func("/safe-file/read/other-kinds", test_read_other_kinds);
	g_test_add_func("/safe-file/read/symlink", test_read_symlink);
	g_test_add_func("/safe-file/read/modes", test_read_modes);
	g_test_add_func("/safe-file/read/mode-names-the-mend",
			test_read_mode_names_the_mend);
	g_test_add_func("/safe-file/read/other-owner", test_read_other_owner);
	g_test_add_func("/safe-file/write/new-and-replaced", test_write);
	g_test_add_func("/safe-file/write/exists", test_write_exists);
	g_test_add_func("/safe-file/write/over-symlink",
			test_write_over_symlink);
	g_test_add_func("/safe-file/write/nowhere", test_write_nowhere);
	g_test_add_func("/safe-file/write/no-room", test_write_no_room);
	g_test_add_func("/safe-file/write/beside", test_write_beside);
	g_test_add_func("/safe-file/temporary-form", test_temporary_form);
	g_test_add_func("/safe-file/write/killed", test_write_killed);
	g_test_add_func("/safe-file/make-dir", test_make_dir);
	g_test_add_func("/safe-file/make-dir-durable", test_make_dir_durable);
	g_test_add_func("/safe-file/move", test_move);
	result = g_test_run();
	fixture_directory_free(directory);
	return result;
}
