/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See overlay-lib.h.
 */
#include "tests/vm/overlay-lib.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *directory;
static const char *part_name;
static int failed;

/* ---- TAP */

bool check(bool right, const char *format, ...)
{
	va_list args;

	printf("%sok - %s: ", right ? "" : "not ", part_name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	failed += !right;
	return right;
}

void is(const char *name, int got, int wanted)
{
	if (!check(got == wanted, "%s", name))
		diag("got %d, wanted %d", got, wanted);
}

void diag(const char *format, ...)
{
	va_list args;

	printf("# %s: ", part_name);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
}

int run_parts(int argc, char **argv, const struct part *parts)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s PART DIRECTORY\n", argv[0]);
		return 2;
	}
	part_name = argv[1];
	directory = argv[2];
	for (; parts->name; parts++)
		if (strcmp(parts->name, part_name) == 0) {
			parts->run();
			return failed != 0;
		}
	fprintf(stderr, "no part %s\n", part_name);
	return 2;
}

const char *the_directory(void)
{
	return directory;
}

/* ---- this process */

void become(uid_t uid)
{
	if (seteuid(ROOT) != 0 || seteuid(uid) != 0) {
		perror("seteuid");
		_exit(3);
	}
}

int drop_sys_admin(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3,
						 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) != 0)
		return -1;
	data[0].effective &= ~(1U << CAP_SYS_ADMIN);
	data[0].permitted &= ~(1U << CAP_SYS_ADMIN);
	return (int)syscall(SYS_capset, &head, data);
}

void drop_caches(void)
{
	uid_t uid = geteuid();
	int fd;

	become(ROOT);
	sync();
	fd = open("/proc/sys/vm/drop_caches", O_WRONLY);
	if (fd < 0 || write(fd, "3", 1) != 1)
		perror("drop_caches");
	close(fd);
	become(uid);
}

long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- who opens */

static _Noreturn void open_and_tell(struct opener *opener, uid_t uid,
				    const char *path, int flags, int out)
{
	long start = now_ms();
	int fd;

	/* Or it would keep the daemons' sockets open. */
	if (dup2(out, 3) < 0 || syscall(SYS_close_range, 4U, ~0U, 0U) != 0)
		_exit(3);
	if (setresuid(uid, uid, uid) != 0)
		_exit(3);
	fd = open(path, O_RDWR | flags, 0600);
	opener->err = fd < 0 ? errno : 0;
	opener->end_ms = now_ms();
	opener->ms = opener->end_ms - start;
	if (write(3, opener, sizeof(*opener)) != sizeof(*opener))
		_exit(4);
	_exit(0);
}

void open_in(struct opener *opener, uid_t uid, const char *path, int flags)
{
	uid_t mine = geteuid();
	char full[4096];
	int pipes[2];

	snprintf(full, sizeof(full), "%s/%s", directory, path);
	become(ROOT);
	if (pipe2(pipes, O_CLOEXEC) != 0)
		_exit(3);
	memset(opener, 0, sizeof(*opener));
	opener->fd = pipes[0];
	opener->pid = fork();
	if (opener->pid == 0)
		open_and_tell(opener, uid, full, flags, pipes[1]);
	close(pipes[1]);
	become(mine);
}

int finish(struct opener *opener)
{
	struct opener told;
	ssize_t n = read(opener->fd, &told, sizeof(told));

	close(opener->fd);
	waitpid(opener->pid, NULL, 0);
	if (n != sizeof(told))
		return -1;
	opener->err = told.err;
	opener->ms = told.ms;
	opener->end_ms = told.end_ms;
	return opener->err;
}

/* ---- who serves */

void daemon_of(struct genl *genl, uid_t uid, struct genl_message *reply)
{
	become(uid);
	is("a socket", genl_open(genl), 0);
	is("HELO", genl_helo(genl, 0, reply), 0);
}

int wait_ring(struct genl *genl, struct genl_message *delivery)
{
	int err = 0;

	while (genl->rings == genl->taken && !err)
		err = genl_listen(genl, 5000);
	genl->taken = genl->rings;
	return err ? err : genl_fetch(genl, &genl->ring, delivery);
}
