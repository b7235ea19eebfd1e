/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /dev/ecryptfs octet by octet, on whatever module is loaded: only what the
 * distribution's and the overlay's agree on. Called as overlay-test.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "tests/vm/overlay-lib.h"

#define NODE "/dev/ecryptfs"
#define FRAME_MAX 600

/* A pointer that nobody may use, and the compiler shall not look at. */
static void *volatile nowhere = (void *)8;

/**
 * struct row - a write
 * @name: of the test
 * @octets: as hexadecimal digits
 * @count: octets that are written; those after @octets are zero
 * @err: errno; 0: all is taken
 */
struct row {
	const char *name;
	const char *octets;
	size_t count;
	int err;
};

#define COUNTER "00000001"

static const struct row rows[] = {
	{ "nothing", "", 0, 0 },
	{ "1 octet", "64", 1, EINVAL },
	{ "4 octets", "64", 4, EINVAL },
	{ "HELO", "64" COUNTER, 5, 0 },
	{ "QUIT", "65" COUNTER, 5, 0 },
	{ "REQUEST of 5 octets", "66" COUNTER, 5, EINVAL },
	{ "RESPONSE of 5 octets", "67" COUNTER, 5, EINVAL },
	{ "type 0", "00" COUNTER, 5, EINVAL },
	{ "type 255", "ff" COUNTER, 5, EINVAL },
	{ "HELO with an empty message", "64" COUNTER "00", 6, 0 },
	{ "HELO with a message", "64" COUNTER "08", 14, 0 },
	{ "QUIT with a message", "65" COUNTER "08", 14, 0 },
	{ "RESPONSE with an empty message", "67" COUNTER "00", 6, EINVAL },
	{ "RESPONSE of 7 octets behind the length", "67" COUNTER "07", 13,
	  EINVAL },
	{ "data_len too long", "67" COUNTER "080000000001000000", 14, EINVAL },
	{ "data_len of all ones", "67" COUNTER "0800000000ffffffff", 14,
	  EINVAL },
	{ "data_len too short", "67" COUNTER "0c0000000003000000", 18,
	  EINVAL },
	{ "for nobody", "67" COUNTER "0c000000000400000043010000", 18,
	  EINVAL },
	{ "an index of all ones", "67" COUNTER "0cffffffff0400000043010000",
	  18, EINVAL },
	{ "REQUEST from a daemon", "66" COUNTER "0c000000000400000043010000",
	  18, EINVAL },
	{ "type 104", "68" COUNTER "0c000000000400000043010000", 18, EINVAL },
	{ "length one too small", "67" COUNTER "0b000000000400000043010000",
	  18, EINVAL },
	{ "length one too great", "67" COUNTER "0d000000000400000043010000",
	  18, EINVAL },
	{ "length of two octets, the second missing", "64" COUNTER "c0", 6,
	  EINVAL },
	{ "first length octet 223", "64" COUNTER "dfff", 14, EINVAL },
	{ "first length octet 224", "64" COUNTER "e000", 14, EINVAL },
	{ "first length octet 254", "64" COUNTER "fe00", 14, EINVAL },
	{ "first length octet 255", "64" COUNTER "ff00000008", 18, EINVAL },
	{ "HELO of 191 octets behind the length", "64" COUNTER "bf", 197, 0 },
	{ "HELO of 192 octets behind the length", "64" COUNTER "c000", 199,
	  0 },
	{ "HELO as long as can be", "64" COUNTER "c14c", 531, 0 },
	{ "RESPONSE as long as can be", "67" COUNTER "c14c0000000004020000",
	  531, EINVAL },
	{ "one more", "64" COUNTER "c14d", 532, EINVAL },
};

static void from_hex(const char *octets, uint8_t *out)
{
	unsigned int octet;

	for (; sscanf(octets, "%2x", &octet) == 1; octets += 2)
		*out++ = (uint8_t)octet;
}

/* read() and write(): octets or -errno */
static int get(int fd, void *buffer, size_t count)
{
	ssize_t n = read(fd, buffer, count);

	return n < 0 ? -errno : (int)n;
}

static int put(int fd, const void *buffer, size_t count)
{
	ssize_t n = write(fd, buffer, count);

	return n < 0 ? -errno : (int)n;
}

static void test_writes(void)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);

	check(fd >= 0, "open");
	is("a second open", open(NODE, O_RDWR) < 0 ? errno : 0, EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t frame[FRAME_MAX] = { 0 };

		from_hex(rows[i].octets, frame);
		is(rows[i].name, put(fd, frame, rows[i].count),
		   rows[i].err ? -rows[i].err : (int)rows[i].count);
	}
	is("5 octets from nowhere", put(fd, nowhere, 5), -EFAULT);
	is("14 octets from nowhere", put(fd, nowhere, 14), -EFAULT);
	close(fd);
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	check(fd >= 0, "open after close");
	close(fd);
}

static int polled(int fd, int ms)
{
	struct pollfd poller = { fd, POLLIN | POLLOUT, 0 };

	return poll(&poller, 1, ms) < 0 ? -errno : poller.revents;
}

static void on_alarm(int number)
{
	(void)number;
}

static void test_interrupted(int fd)
{
	struct sigaction action = { .sa_handler = on_alarm };
	uint8_t frame[FRAME_MAX];

	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	is("a read that a signal ends", get(fd, frame, sizeof(frame)), 0);
}

/* The head of a frame whose data has 38 octets, by the rules. */
static void check_frame(const uint8_t *frame)
{
	is("REQUEST", frame[0], 102);
	is("coded length", frame[5], 46);
	is("data_len", frame[10] | frame[11] << 8 | frame[12] << 16, 38);
	is("tag 66", frame[14], 0x42);
}

/* The answer to it, in its frame of 36 octets. */
static void make_answer(const uint8_t *request, uint8_t *answer)
{
	size_t len = genl_answer(request + 14, 38, answer + 14);

	memcpy(answer, request, 14);
	answer[0] = 103;
	answer[5] = (uint8_t)(8 + len);
	answer[10] = (uint8_t)len;
}

static void test_request(void)
{
	int fd = open(NODE, O_RDWR | O_CLOEXEC);
	uint8_t request[FRAME_MAX], answer[FRAME_MAX];
	struct opener opener;

	is("nothing to read", polled(fd, 0), 0);
	test_interrupted(fd);
	open_in(&opener, ROOT, "0/frames", O_CREAT);
	is("a request", polled(fd, 5000), POLLIN);
	is("a buffer of 0", get(fd, request, 0), 0);
	is("a buffer of 51", get(fd, request, 51), 0);
	is("a buffer nowhere", get(fd, nowhere, FRAME_MAX), -EFAULT);
	is("it is still there", polled(fd, 0), POLLIN);
	is("a buffer of 52", get(fd, request, 52), 52);
	check_frame(request);
	is("nothing more", polled(fd, 0), 0);
	make_answer(request, answer);
	answer[4] ^= 1;
	is("wrong counter", put(fd, answer, 36), -EINVAL);
	answer[4] ^= 1;
	answer[6] ^= 1;
	is("wrong index", put(fd, answer, 36), -EINVAL);
	answer[6] ^= 1;
	is("right", put(fd, answer, 36), 36);
	is("again", put(fd, answer, 36), -EINVAL);
	is("the file is there", finish(&opener), 0);
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
		{ "writes", test_writes },
		{ "request", test_request },
		{ NULL, NULL },
	};

	return run_parts(argc, argv, parts);
}
