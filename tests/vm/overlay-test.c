/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The overlay's promises, tried on the kernel itself: daemons are sockets of
 * this process, which takes the effective uid of a user for as long as it
 * speaks for him; who opens files are processes of their own. Prints TAP
 * without a plan; guest/overlay-alone.sh runs it.
 *
 *	overlay-test PART DIRECTORY
 *
 * DIRECTORY is an eCryptfs mount with a private key, writable by everybody,
 * with directories 0, 1, ... in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/overlay-lib.h"

/* ---- what a daemon may send before it is one, and what it may never send */

/**
 * struct bad - a refused command
 * @name: of the test
 * @cmd: enum ecryptfs_genl_cmd
 * @flags: of the header
 * @reserved: of the second header
 * @octets: attributes, as hexadecimal digits
 * @err: errno
 * @why: part of the text
 */
struct bad {
	const char *name;
	uint8_t cmd;
	uint16_t flags;
	uint16_t reserved;
	const char *octets;
	int err;
	const char *why;
};

#define VERSION_1 "0800020001000000"
#define INDEX_7 "0800040007000000"
#define COUNTER_7 "0800050007000000"
#define PACKET_4 "0800060041010000"

static const struct bad bad_commands[] = {
	{ "a command without a number", 0, 0, 0, "", EOPNOTSUPP, "" },
	{ "an unknown command", 99, 0, 0, "", EOPNOTSUPP, "" },
	{ "REQUEST from a daemon", ECRYPTFS_GENL_CMD_REQUEST, 0, 0, "",
	  EOPNOTSUPP, "" },
	{ "a dump", ECRYPTFS_GENL_CMD_GET, 0x300, 0, "", EOPNOTSUPP, "" },
	{ "unknown flags", ECRYPTFS_GENL_CMD_GET, 0x400, 0, "", EINVAL,
	  "flags" },
	{ "reserved bits", ECRYPTFS_GENL_CMD_GET, 0, 1, "", EINVAL,
	  "reserved" },
	{ "HELO without VERSION", ECRYPTFS_GENL_CMD_HELO, 0, 0, "", EINVAL,
	  "VERSION" },
	{ "HELO of version 2", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  "0800020002000000", EPROTONOSUPPORT, "version" },
	{ "HELO with an unknown flag", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  VERSION_1 "0800030002000000", EINVAL, "" },
	{ "VERSION of 2 octets", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  "0600020001000000", EINVAL, "length" },
	{ "VERSION of 8 octets", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  "0c0002000100000000000000", EINVAL, "length" },
	{ "VERSION twice", ECRYPTFS_GENL_CMD_HELO, 0, 0, VERSION_1 VERSION_1,
	  EINVAL, "twice" },
	{ "HELO with another command's attribute", ECRYPTFS_GENL_CMD_HELO, 0,
	  0, VERSION_1 PACKET_4, EINVAL, "" },
	{ "an unknown attribute", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  VERSION_1 "0800c80001000000", EINVAL, "" },
	{ "an attribute that is only padding", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  VERSION_1 "04000100", EINVAL, "" },
	{ "an attribute longer than the message", ECRYPTFS_GENL_CMD_HELO, 0,
	  0, VERSION_1 "4000030000000000", EINVAL, "" },
	{ "an attribute shorter than its head", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  VERSION_1 "0200030000000000", EINVAL, "" },
	{ "half a head behind the attributes", ECRYPTFS_GENL_CMD_HELO, 0, 0,
	  VERSION_1 "0800", EINVAL, "" },
	{ "QUIT with an attribute", ECRYPTFS_GENL_CMD_QUIT, 0, 0, VERSION_1,
	  EINVAL, "" },
	{ "FETCH with INDEX alone", ECRYPTFS_GENL_CMD_FETCH, 0, 0, INDEX_7,
	  EINVAL, "COUNTER" },
	{ "FETCH with COUNTER alone", ECRYPTFS_GENL_CMD_FETCH, 0, 0,
	  COUNTER_7, EINVAL, "INDEX" },
	{ "RESPONSE without a packet", ECRYPTFS_GENL_CMD_RESPONSE, 0, 0,
	  INDEX_7 COUNTER_7, EINVAL, "PACKET" },
	{ "RESPONSE without its name", ECRYPTFS_GENL_CMD_RESPONSE, 0, 0,
	  PACKET_4, EINVAL, "INDEX" },
	{ "RESPONSE with an empty packet", ECRYPTFS_GENL_CMD_RESPONSE, 0, 0,
	  INDEX_7 COUNTER_7 "04000600", ERANGE, "" },
	{ "RESPONSE with two packets", ECRYPTFS_GENL_CMD_RESPONSE, 0, 0,
	  INDEX_7 COUNTER_7 PACKET_4 PACKET_4, EINVAL, "twice" },
	{ "EXTEND by nothing", ECRYPTFS_GENL_CMD_EXTEND, 0, 0,
	  INDEX_7 COUNTER_7 "0800070000000000", ERANGE, "" },
	{ "EXTEND without a time", ECRYPTFS_GENL_CMD_EXTEND, 0, 0,
	  INDEX_7 COUNTER_7, EINVAL, "MSEC" },
};

static void from_hex(const char *octets, struct genl_text *text)
{
	unsigned int octet;

	text->len = 0;
	for (; sscanf(octets, "%2x", &octet) == 1; octets += 2)
		text->data[text->len++] = (uint8_t)octet;
}

static void try_bad(struct genl *genl, const struct bad *bad)
{
	struct genl_text text;
	int err;

	from_hex(bad->octets, &text);
	err = genl_call_raw(genl, bad->cmd, bad->flags, bad->reserved, &text,
			    NULL);
	if (!check(err == -bad->err && strstr(genl->why, bad->why),
		   "%s: %s", bad->name, strerror(bad->err)))
		diag("got %s: %s", strerror(-err), genl->why);
}

/* A packet of n octets; the longest one that is taken has 544. */
static int respond_long(struct genl *genl, size_t n)
{
	static const uint8_t packet[4096];
	const struct genl_message nobody = { 0 };

	return genl_respond(genl, &nobody, packet, n);
}

static void test_bad(void)
{
	struct genl genl = { 0 };
	struct genl_text nothing = { 0 };

	become(ALICE);
	is("the family is there", genl_open(&genl), 0);
	is("FETCH before HELO", genl_fetch(&genl, NULL, NULL), -ENOTCONN);
	is("QUIT before HELO", genl_quit(&genl), -ENOTCONN);
	is("GET without a daemon", genl_get(&genl, NULL), -ENOTCONN);
	is("RESPONSE before HELO", respond_long(&genl, 4), -ENOTCONN);
	check(strstr(genl.why, "no daemon"), "and is told why");
	for (int registered = 0; registered < 2; registered++) {
		for (size_t i = 0; i < ARRAY_SIZE(bad_commands); i++)
			try_bad(&genl, &bad_commands[i]);
		is("a packet of 545", respond_long(&genl, 545), -ERANGE);
		is("a packet of 4096", respond_long(&genl, 4096), -ERANGE);
		if (!registered)
			is("HELO", genl_helo(&genl, 0, NULL), 0);
	}
	is("a packet of 544 for nobody", respond_long(&genl, 544), -EINVAL);
	check(strstr(genl.why, "nobody waits"), "and is told why");
	is("HELO again", genl_helo(&genl, 0, NULL), 0);
	is("nothing to fetch", genl_fetch(&genl, NULL, NULL), -EAGAIN);
	is("QUIT", genl_call(&genl, ECRYPTFS_GENL_CMD_QUIT, &nothing, NULL),
	   0);
	is("QUIT again", genl_quit(&genl), -ENOTCONN);
	genl_close(&genl);
}

/* ---- a request, from its ring to its end */

static void test_life(void)
{
	struct genl genl = { .verbose = true };
	uint8_t answer[ECRYPTFS_GENL_PACKET_MAX];
	struct genl_message reply, delivery;
	struct opener opener;
	size_t len;

	daemon_of(&genl, ALICE, &reply);
	is("TIMEOUT_MSEC", (int)reply.number[ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC],
	   3000);
	is("EXTEND_MSEC", (int)reply.number[ECRYPTFS_GENL_ATTR_EXTEND_MSEC],
	   30000);
	is("WINDOW", (int)reply.number[ECRYPTFS_GENL_ATTR_WINDOW], 32);
	is("QUEUE", (int)reply.number[ECRYPTFS_GENL_ATTR_QUEUE], 1024);
	is("VERSION", (int)reply.number[ECRYPTFS_GENL_ATTR_VERSION], 1);
	open_in(&opener, ALICE, "0/life", O_CREAT);
	is("it rings, FETCH", wait_ring(&genl, &delivery), 0);
	is("it is a tag 66", delivery.packet[0], 0x42);
	is("of 38 octets", (int)delivery.packet_len, 38);
	is("FETCH again", genl_fetch(&genl, &genl.ring, NULL), -EINVAL);
	len = genl_answer(delivery.packet, delivery.packet_len, answer);
	is("RESPONSE", genl_respond(&genl, &delivery, answer, len), 0);
	is("the file is there", finish(&opener), 0);
	is("RESPONSE again", genl_respond(&genl, &delivery, answer, len),
	   -EINVAL);
	drop_caches();
	open_in(&opener, ALICE, "0/life", 0);
	is("it rings", wait_ring(&genl, &delivery), 0);
	is("a tag 64", delivery.packet[0], 0x40);
	len = genl_answer(delivery.packet, delivery.packet_len, answer);
	is("RESPONSE", genl_respond(&genl, &delivery, answer, len), 0);
	is("the file opens", finish(&opener), 0);
	is("QUIT", genl_quit(&genl), 0);
	genl_close(&genl);
}

/* ---- who may */

static void test_response_of_others(void)
{
	struct genl alice = { 0 }, second = { 0 }, bob = { 0 };
	struct genl_message delivery, wrong;
	uint8_t answer[ECRYPTFS_GENL_PACKET_MAX];
	struct opener opener;
	size_t len;

	daemon_of(&alice, ALICE, NULL);
	open_in(&opener, ALICE, "0/others", O_CREAT);
	is("a request", wait_ring(&alice, &delivery), 0);
	len = genl_answer(delivery.packet, delivery.packet_len, answer);
	wrong = delivery;
	wrong.number[ECRYPTFS_GENL_ATTR_COUNTER]++;
	is("wrong counter", genl_respond(&alice, &wrong, answer, len),
	   -EINVAL);
	wrong = delivery;
	wrong.number[ECRYPTFS_GENL_ATTR_INDEX]++;
	is("wrong index", genl_respond(&alice, &wrong, answer, len), -EINVAL);
	is("another socket of hers", genl_open(&second), 0);
	is("its RESPONSE", genl_respond(&second, &delivery, answer, len),
	   -EPERM);
	is("its FETCH", genl_fetch(&second, NULL, NULL), -EPERM);
	is("its HELO", genl_helo(&second, 0, NULL), -EBUSY);
	is("its QUIT", genl_quit(&second), -EPERM);
	become(BOB);
	is("bob on her socket", genl_respond(&alice, &delivery, answer, len),
	   -EPERM);
	daemon_of(&bob, BOB, NULL);
	is("bob's daemon", genl_respond(&bob, &delivery, answer, len),
	   -EINVAL);
	become(ROOT);
	is("root on her socket", genl_respond(&alice, &delivery, answer, len),
	   -EPERM);
	check(strstr(alice.why, "another user"), "and is told why");
	become(ALICE);
	is("she herself", genl_respond(&alice, &delivery, answer, len), 0);
	is("the file is there", finish(&opener), 0);
	genl_close(&second);
	genl_close(&bob);
	genl_close(&alice);
}

/* In a child: what HELO gives in another world. */
static int helo_after(int (*change)(void))
{
	struct genl genl = { 0 };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (change() != 0)
			_exit(200);
		if (genl_open(&genl) != 0)
			_exit(201);
		_exit(-genl_helo(&genl, 0, NULL));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -202;
}

static int as_root(void)
{
	become(ROOT);
	return 0;
}

static int other_net(void)
{
	become(ROOT);
	return unshare(CLONE_NEWNET);
}

static int containers_root(void)
{
	become(ROOT);
	return unshare(CLONE_NEWPID | CLONE_NEWNS) || drop_sys_admin();
}

static int user_namespace(void)
{
	become(ROOT);
	if (setresuid(ALICE, ALICE, ALICE) != 0)
		return -1;
	return unshare(CLONE_NEWUSER);
}

static int user_and_net_namespace(void)
{
	become(ROOT);
	if (setresuid(ALICE, ALICE, ALICE) != 0)
		return -1;
	return unshare(CLONE_NEWUSER | CLONE_NEWNET);
}

/* A socket from before it went to its own namespace. */
static int old_socket(void)
{
	struct genl genl = { 0 };
	int status;
	pid_t pid;

	become(ALICE);
	is("a socket", genl_open(&genl), 0);
	pid = fork();
	if (pid == 0) {
		become(ROOT);
		if (setresuid(ALICE, ALICE, ALICE) != 0 ||
		    unshare(CLONE_NEWUSER) != 0)
			_exit(200);
		_exit(-genl_helo(&genl, 0, NULL));
	}
	waitpid(pid, &status, 0);
	genl_close(&genl);
	return -WEXITSTATUS(status);
}

static void test_namespaces(void)
{
	is("root", helo_after(as_root), 0);
	is("another network namespace", helo_after(other_net), -EPERM);
	is("a container's root", helo_after(containers_root), -EPERM);
	is("an unprivileged user namespace", helo_after(user_namespace),
	   -EPERM);
	is("with its own network", helo_after(user_and_net_namespace),
	   -EPERM);
	is("a socket taken there", old_socket(), -EPERM);
}

/* ---- time */

static void test_late(void)
{
	struct genl genl = { 0 };
	struct genl_message delivery;
	uint8_t answer[ECRYPTFS_GENL_PACKET_MAX];
	struct opener opener;
	size_t len;
	long ms;

	daemon_of(&genl, ALICE, NULL);
	open_in(&opener, ALICE, "0/late", O_CREAT);
	is("a request", wait_ring(&genl, &delivery), 0);
	is("not answered: EIO", finish(&opener), EIO);
	ms = opener.ms;
	diag("after %ld ms", ms);
	check(ms >= 2900 && ms < 6000, "after three seconds");
	len = genl_answer(delivery.packet, delivery.packet_len, answer);
	is("the answer comes late", genl_respond(&genl, &delivery, answer,
						 len), -EINVAL);
	open_in(&opener, ALICE, "0/later", O_CREAT);
	is("it rings", genl_listen(&genl, 5000), 0);
	is("not fetched: EIO", finish(&opener), EIO);
	is("then there is nothing", genl_fetch(&genl, NULL, NULL), -EAGAIN);
	is("nor by its name", genl_fetch(&genl, &genl.ring, NULL), -EINVAL);
	genl_close(&genl);
}

static void test_extend(void)
{
	struct genl genl = { 0 };
	struct genl_message delivery;
	uint8_t answer[ECRYPTFS_GENL_PACKET_MAX];
	struct opener opener;
	uint32_t granted;
	size_t len;

	daemon_of(&genl, ALICE, NULL);
	open_in(&opener, ALICE, "0/extend", O_CREAT);
	is("a create", wait_ring(&genl, &delivery), 0);
	is("EXTEND for a create", genl_extend(&genl, &delivery, 9000,
					      &granted), -EOPNOTSUPP);
	len = genl_answer(delivery.packet, delivery.packet_len, answer);
	is("RESPONSE", genl_respond(&genl, &delivery, answer, len), 0);
	is("the file is there", finish(&opener), 0);
	drop_caches();
	open_in(&opener, ALICE, "0/extend", 0);
	is("an open", wait_ring(&genl, &delivery), 0);
	is("EXTEND", genl_extend(&genl, &delivery, 6000, &granted), 0);
	is("is granted", (int)granted, 6000);
	sleep(4);
	len = genl_answer(delivery.packet, delivery.packet_len, answer);
	is("RESPONSE", genl_respond(&genl, &delivery, answer, len), 0);
	is("the file opens", finish(&opener), 0);
	check(opener.ms >= 4000, "after more than three seconds");
	drop_caches();
	open_in(&opener, ALICE, "0/extend", 0);
	is("an open", wait_ring(&genl, &delivery), 0);
	is("EXTEND far", genl_extend(&genl, &delivery, 100000, &granted), 0);
	diag("granted %u", granted);
	check(granted > 25000 && granted <= 30000, "is granted in part");
	is("EXTEND again", genl_extend(&genl, &delivery, 100000, &granted),
	   -ETIME);
	genl_close(&genl);
	is("without the daemon: EIO", finish(&opener), EIO);
	check(opener.ms < 2500, "at once");
}

/* ---- takeover, QUIT, the other transport */

static void test_takeover(void)
{
	struct genl old = { 0 }, new = { 0 };
	struct genl_message before, after;
	uint8_t answer[ECRYPTFS_GENL_PACKET_MAX];
	struct opener opener;
	size_t len;

	daemon_of(&old, ALICE, NULL);
	open_in(&opener, ALICE, "0/takeover", O_CREAT);
	is("a request", wait_ring(&old, &before), 0);
	is("another socket", genl_open(&new), 0);
	is("REPLACE", genl_helo(&new, ECRYPTFS_GENL_FLAG_REPLACE, NULL), 0);
	is("the old one hears", genl_listen(&old, 5000), 0);
	is("QUIT", old.quit.cmd, ECRYPTFS_GENL_CMD_QUIT);
	is("replaced", (int)old.quit.number[ECRYPTFS_GENL_ATTR_REASON],
	   ECRYPTFS_GENL_REASON_REPLACED);
	is("by whom", (int)old.quit.number[ECRYPTFS_GENL_ATTR_SUCCESSOR],
	   (int)getpid());
	len = genl_answer(before.packet, before.packet_len, answer);
	is("its answer", genl_respond(&old, &before, answer, len), -EPERM);
	is("the new one hears", wait_ring(&new, &after), 0);
	check(before.number[ECRYPTFS_GENL_ATTR_COUNTER] !=
	      after.number[ECRYPTFS_GENL_ATTR_COUNTER], "with a new counter");
	is("the old answer", genl_respond(&new, &before, answer, len),
	   -EINVAL);
	is("the new one", genl_respond(&new, &after, answer, len), 0);
	is("the file is there", finish(&opener), 0);
	open_in(&opener, ALICE, "0/quit", O_CREAT);
	is("a request", wait_ring(&new, &after), 0);
	is("QUIT", genl_quit(&new), 0);
	check(finish(&opener) != 0 && opener.ms < 2500, "fails it at once");
	diag("after %ld ms", opener.ms);
	genl_close(&old);
	genl_close(&new);
}

static void test_two_transports(void)
{
	struct pollfd poller = { .events = POLLIN };
	struct genl genl = { 0 };
	char frame[1024];

	become(ALICE);
	poller.fd = open("/dev/ecryptfs", O_RDWR | O_NONBLOCK);
	check(poller.fd >= 0, "the device");
	is("nothing to read", (int)read(poller.fd, frame, sizeof(frame)), -1);
	is("EAGAIN", errno, EAGAIN);
	is("a socket", genl_open(&genl), 0);
	is("its HELO", genl_helo(&genl, 0, NULL), -EBUSY);
	become(BOB);
	is("bob reads", (int)read(poller.fd, frame, sizeof(frame)), -1);
	is("EPERM", errno, EPERM);
	become(ALICE);
	is("REPLACE", genl_helo(&genl, ECRYPTFS_GENL_FLAG_REPLACE, NULL), 0);
	is("the device hears", poll(&poller, 1, 1000), 1);
	is("EPOLLHUP", poller.revents, POLLHUP);
	is("a read", (int)read(poller.fd, frame, sizeof(frame)), -1);
	is("ENOTCONN", errno, ENOTCONN);
	is("another open", open("/dev/ecryptfs", O_RDWR), -1);
	is("EINVAL", errno, EINVAL);
	close(poller.fd);
	is("the socket stays", genl_fetch(&genl, NULL, NULL), -EAGAIN);
	genl_close(&genl);
}

/* ---- what is counted */

static void test_get(void)
{
	struct genl genl = { 0 }, root = { 0 };
	struct genl_message reply;
	struct opener opener;

	daemon_of(&genl, ALICE, NULL);
	open_in(&opener, ALICE, "0/get", O_CREAT);
	is("one is served", (int)genl_serve(&genl, 1000), 1);
	is("the file is there", finish(&opener), 0);
	is("GET", genl_get(&genl, &reply), 0);
	is("one request", (int)reply.stats[0][ECRYPTFS_GENL_STAT_REQUESTS], 1);
	is("answered", (int)reply.stats[0][ECRYPTFS_GENL_STAT_ANSWERED], 1);
	is("none pending", (int)reply.stats[0][ECRYPTFS_GENL_STAT_PENDING], 0);
	check(!reply.has[ECRYPTFS_GENL_ATTR_STATS_ALL], "not of all");
	become(ROOT);
	is("root", genl_open(&root), 0);
	is("GET", genl_get(&root, &reply), 0);
	check(reply.has[ECRYPTFS_GENL_ATTR_STATS_ALL], "of all");
	check(!reply.has[ECRYPTFS_GENL_ATTR_STATS], "but has no daemon");
	check(reply.stats[1][ECRYPTFS_GENL_STAT_REQUESTS] > 1,
	      "all are more than one");
	is("none pending", (int)reply.stats[1][ECRYPTFS_GENL_STAT_PENDING], 0);
	genl_close(&root);
	genl_close(&genl);
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
		{ "bad", test_bad },
		{ "life", test_life },
		{ "others", test_response_of_others },
		{ "namespaces", test_namespaces },
		{ "late", test_late },
		{ "extend", test_extend },
		{ "takeover", test_takeover },
		{ "transports", test_two_transports },
		{ "get", test_get },
		{ NULL, NULL },
	};

	return run_parts(argc, argv, parts);
}
