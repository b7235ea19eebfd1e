/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a create takes over each transport, with a daemon that answers at
 * once: slices of creates by turns, so that both meet the same machine. Called
 * as overlay-test; the variable CREATES says how many for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/overlay-lib.h"

#define SLICE 250
#define SLICES_MAX 4000

/* Far less than the time limit: nobody waited for an answer that was there. */
#define STALL_US 2000000

/**
 * struct slice - what a process that creates SLICE files tells
 * @failed: creates that failed
 * @total_us: all of them together
 * @slowest_us: the slowest
 */
struct slice {
	long failed;
	long total_us;
	long slowest_us;
};

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static _Noreturn void create_slice(const char *path, int out)
{
	struct slice slice = { 0 };

	if (setresuid(ALICE, ALICE, ALICE) != 0)
		_exit(1);
	for (int i = 0; i < SLICE; i++) {
		long start = now_us(), us;
		int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

		us = now_us() - start;
		slice.failed += fd < 0;
		slice.total_us += us;
		if (us > slice.slowest_us)
			slice.slowest_us = us;
		close(fd);
		unlink(path);
	}
	if (write(out, &slice, sizeof(slice)) != sizeof(slice))
		_exit(2);
	_exit(0);
}

/* ---- daemons that serve one slice */

static void serve_netlink(void)
{
	uint8_t answer[ECRYPTFS_GENL_PACKET_MAX];
	struct genl_message delivery;
	struct genl genl = { 0 };

	if (genl_open(&genl) != 0 || genl_helo(&genl, 0, NULL) != 0)
		_exit(1);
	for (int i = 0; i < SLICE; i++) {
		size_t len;

		if (wait_ring(&genl, &delivery) != 0)
			break;
		len = genl_answer(delivery.packet, delivery.packet_len,
				  answer);
		genl_respond(&genl, &delivery, answer, len);
	}
	genl_close(&genl);
}

static void serve_device(void)
{
	uint8_t frame[1024], answer[1024];
	int fd = open("/dev/ecryptfs", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < SLICE; i++) {
		ssize_t n = read(fd, frame, sizeof(frame));
		size_t len;

		if (n < 14)
			break;
		len = genl_answer(frame + 14, (size_t)n - 14, answer + 14);
		memcpy(answer, frame, 14);
		answer[0] = 103;
		answer[5] = (uint8_t)(8 + len);
		answer[10] = (uint8_t)len;
		if (write(fd, answer, 14 + len) < 0)
			break;
	}
	close(fd);
}

/* The daemon is a process too, as it is in life. */
static void run_slice(void (*serve)(void), struct slice *sum)
{
	struct slice slice = { .failed = SLICE };
	char path[4096];
	int pipes[2];
	pid_t daemon, creator;

	snprintf(path, sizeof(path), "%s/0/round-trip", the_directory());
	if (pipe(pipes) != 0)
		return;
	daemon = fork();
	if (daemon == 0) {
		become(ALICE);
		serve();
		_exit(0);
	}
	usleep(200000);
	creator = fork();
	if (creator == 0)
		create_slice(path, pipes[1]);
	if (read(pipes[0], &slice, sizeof(slice)) != sizeof(slice))
		slice.failed = SLICE;
	waitpid(creator, NULL, 0);
	waitpid(daemon, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
	sum->failed += slice.failed;
	sum->total_us += slice.total_us;
	if (slice.slowest_us > sum->slowest_us)
		sum->slowest_us = slice.slowest_us;
}

static void report(const char *name, const struct slice *sum, int creates)
{
	diag("%s: %d creates, %ld us each, slowest %ld us", name, creates,
	     sum->total_us / creates, sum->slowest_us);
	check(sum->failed == 0, "%s: all succeed", name);
	check(sum->slowest_us < STALL_US, "%s: none stalls", name);
}

static void test_creates(void)
{
	const char *wish = getenv("CREATES");
	int slices = wish ? atoi(wish) / SLICE : 4;
	struct slice netlink = { 0 }, device = { 0 };
	int creates;

	if (slices < 1 || slices > SLICES_MAX)
		slices = 4;
	creates = slices * SLICE;
	for (int i = 0; i < slices; i++) {
		run_slice(serve_netlink, &netlink);
		run_slice(serve_device, &device);
	}
	report("netlink", &netlink, creates);
	report("device", &device, creates);
	diag("netlink takes %.2f times what the device takes",
	     (double)netlink.total_us / (double)device.total_us);
	check(netlink.total_us < 2 * device.total_us,
	      "netlink takes less than twice as long");
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
		{ "creates", test_creates },
		{ NULL, NULL },
	};

	return run_parts(argc, argv, parts);
}
