/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Daemons and openers that end, stop, come in crowds or do not listen, on the
 * overlay. Called as overlay-test; guest/overlay-alone.sh runs both.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/overlay-lib.h"

#define CROWD 32
#define USERS 1000
#define FIRST_USER 3000
#define HELOS 20000

static struct opener crowd[CROWD];

/* Each in a directory of its own: creates in one wait for each other. */
static void open_crowd(const char *name, int flags)
{
	char path[128];

	for (int i = 0; i < CROWD; i++) {
		snprintf(path, sizeof(path), "%d/%s", i, name);
		open_in(&crowd[i], ALICE, path, flags);
	}
}

/* How many of the crowd got that errno. */
static int count_crowd(int err)
{
	int n = 0;

	for (int i = 0; i < CROWD; i++)
		n += finish(&crowd[i]) == err;
	return n;
}

static int by_end(const void *a, const void *b)
{
	const struct opener *x = a, *y = b;

	return (x->end_ms > y->end_ms) - (x->end_ms < y->end_ms);
}

/* ---- a daemon that is killed */

/* Fetches @fetch of the crowd's requests, says so, and waits for its end. */
static _Noreturn void fetching_daemon(int fetch, int out)
{
	struct genl genl = { 0 };
	struct genl_message delivery;

	become(ALICE);
	if (genl_open(&genl) != 0 || genl_helo(&genl, 0, NULL) != 0 ||
	    write(out, "h", 1) != 1)
		_exit(1);
	while (genl.rings < CROWD)
		if (genl_listen(&genl, 20000) != 0)
			_exit(2);
	for (int i = 0; i < fetch; i++)
		if (genl_fetch(&genl, NULL, &delivery) != 0)
			_exit(3);
	if (write(out, "f", 1) != 1)
		_exit(4);
	for (;;)
		pause();
}

/* Files that can be opened: who fails to create one has much to undo. */
static void make_files(const char *name)
{
	struct genl genl = { 0 };

	daemon_of(&genl, ALICE, NULL);
	open_crowd(name, O_CREAT);
	genl_serve(&genl, 1000);
	is("files are made", count_crowd(0), CROWD);
	genl_close(&genl);
	drop_caches();
}

static void test_kill(void)
{
	char told = 0;
	int pipes[2];
	long killed;
	pid_t daemon;

	make_files("kill");
	is("a pipe", pipe(pipes), 0);
	daemon = fork();
	if (daemon == 0)
		fetching_daemon(CROWD / 2, pipes[1]);
	check(read(pipes[0], &told, 1) == 1 && told == 'h', "a daemon");
	open_crowd("kill", 0);
	check(read(pipes[0], &told, 1) == 1 && told == 'f',
	      "has half of 32 requests, the others queue");
	killed = now_ms();
	kill(daemon, SIGKILL);
	waitpid(daemon, NULL, 0);
	is("all openers get EIO", count_crowd(EIO), CROWD);
	qsort(crowd, CROWD, sizeof(crowd[0]), by_end);
	diag("32 waiters were back %ld, %ld, %ld ms after kill -9 of their"
	     " daemon: first, median, last", crowd[0].end_ms - killed,
	     crowd[CROWD / 2].end_ms - killed,
	     crowd[CROWD - 1].end_ms - killed);
	check(crowd[CROWD - 1].end_ms - killed < 1000,
	      "long before the time limit");
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- an opener that is killed */

static void test_opener(void)
{
	struct genl genl = { 0 };
	struct genl_message delivery, stats;
	struct opener queued, fetched;
	long start;

	daemon_of(&genl, ALICE, NULL);
	open_in(&fetched, ALICE, "0/opener", O_CREAT);
	is("one is fetched", wait_ring(&genl, &delivery), 0);
	open_in(&queued, ALICE, "1/opener", O_CREAT);
	is("one queues", genl_listen(&genl, 5000), 0);
	become(ROOT);
	start = now_ms();
	kill(queued.pid, SIGKILL);
	kill(fetched.pid, SIGKILL);
	is("the one ends", finish(&queued), -1);
	is("the other ends", finish(&fetched), -1);
	diag("killed openers left after %ld ms", now_ms() - start);
	check(now_ms() - start < 1000, "long before the time limit");
	become(ALICE);
	is("nothing to fetch", genl_fetch(&genl, NULL, NULL), -EAGAIN);
	is("nothing to answer", genl_respond(&genl, &delivery,
					     delivery.packet, 4), -EINVAL);
	is("GET", genl_get(&genl, &stats), 0);
	is("two were killed", (int)stats.stats[0][ECRYPTFS_GENL_STAT_KILLED],
	   2);
	is("none pending", (int)stats.stats[0][ECRYPTFS_GENL_STAT_PENDING], 0);
	genl_close(&genl);
}

/* ---- a daemon that is stopped */

static _Noreturn void serving_daemon(int out)
{
	struct genl genl = { 0 };

	become(ALICE);
	if (genl_open(&genl) != 0 || genl_helo(&genl, 0, NULL) != 0 ||
	    write(out, "h", 1) != 1)
		_exit(1);
	for (;;)
		genl_serve(&genl, 1000);
}

static void test_stop(void)
{
	struct opener opener;
	char told = 0, path[64];
	long start;
	int pipes[2];
	pid_t daemon;

	is("a pipe", pipe(pipes), 0);
	daemon = fork();
	if (daemon == 0)
		serving_daemon(pipes[1]);
	check(read(pipes[0], &told, 1) == 1 && told == 'h', "a daemon");
	open_in(&opener, ALICE, "0/before", O_CREAT);
	is("it serves", finish(&opener), 0);
	kill(daemon, SIGSTOP);
	start = now_ms();
	for (int i = 0; now_ms() - start < 10000; i++) {
		snprintf(path, sizeof(path), "stop-%d", i);
		open_crowd(path, O_CREAT);
		is("stopped, 32 openers get EIO", count_crowd(EIO),
		   CROWD);
	}
	diag("it was stopped for %ld ms", now_ms() - start);
	kill(daemon, SIGCONT);
	open_crowd("after", O_CREAT);
	is("it goes on", count_crowd(0), CROWD);
	kill(daemon, SIGKILL);
	waitpid(daemon, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* ---- crowds */

static void test_users(void)
{
	struct rlimit limit = { USERS + 100, USERS + 100 };
	static struct genl daemons[USERS];
	struct opener opener;
	int registered = 0, rings = 0, again = 0;

	become(ROOT);
	is("descriptors", setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (unsigned int i = 0; i < USERS; i++) {
		become(FIRST_USER + i);
		registered += genl_open(&daemons[i]) == 0 &&
			      genl_helo(&daemons[i], 0, NULL) == 0;
	}
	is("the daemons of 1000 users", registered, USERS);
	open_in(&opener, FIRST_USER + 500, "0/users", O_CREAT);
	become(FIRST_USER + 500);
	is("one user's is asked", (int)genl_serve(&daemons[500], 3000), 1);
	is("the file is there", finish(&opener), 0);
	for (int i = 0; i < USERS; i++)
		rings += (int)daemons[i].rings +
			 (i != 500 && genl_listen(&daemons[i], 0) == 0);
	is("no other", rings, 1);
	for (int i = 0; i < USERS; i++)
		genl_close(&daemons[i]);
	for (unsigned int i = 0; i < USERS; i++) {
		become(FIRST_USER + i);
		again += genl_open(&daemons[i]) == 0 &&
			 genl_helo(&daemons[i], 0, NULL) == 0;
		genl_close(&daemons[i]);
	}
	is("each can come again", again, USERS);
}

/* HELO from one socket, and from many of which one can win. */
static void test_storm(void)
{
	struct genl genl = { 0 }, other = { 0 };
	struct opener opener;
	int good = 0, busy = 0;

	daemon_of(&genl, ALICE, NULL);
	for (int i = 0; i < HELOS; i++)
		good += genl_helo(&genl, 0, NULL) == 0;
	is("20000 times HELO", good, HELOS);
	for (int i = 0; i < HELOS / 10; i++) {
		if (genl_open(&other) != 0)
			continue;
		busy += genl_helo(&other, 0, NULL) == -EBUSY;
		genl_close(&other);
	}
	is("from 2000 other sockets", busy, HELOS / 10);
	open_in(&opener, ALICE, "0/storm", O_CREAT);
	is("the daemon is still asked", (int)genl_serve(&genl, 3000), 1);
	is("the file is there", finish(&opener), 0);
	genl_close(&genl);
}

/*
 * A socket whose buffer takes few of the rings. Who lost one empties it first:
 * until then the kernel drops replies as well.
 */
static void test_overrun(void)
{
	struct genl genl = { 0 };
	int small = 1, err, lost = 0;

	daemon_of(&genl, ALICE, NULL);
	is("a small buffer", setsockopt(genl.fd, SOL_SOCKET, SO_RCVBUF, &small,
					sizeof(small)), 0);
	open_crowd("overrun", O_CREAT);
	usleep(500000);
	while ((err = genl_listen(&genl, 0)) != -EAGAIN)
		lost += err == -ENOBUFS;
	is("ENOBUFS", lost, 1);
	genl_serve(&genl, 1000);
	is("all are served", count_crowd(0), CROWD);
	check(genl.rings < CROWD, "after fewer rings: %u", genl.rings);
	genl_close(&genl);
}

/* ---- a daemon that is told to go, for the script */

static void test_wait_quit(void)
{
	struct genl genl = { 0 };
	int err;

	daemon_of(&genl, ALICE, NULL);
	do
		err = genl_listen(&genl, 60000);
	while (err == 0 && genl.quit.cmd == 0);
	is("QUIT", genl.quit.cmd, ECRYPTFS_GENL_CMD_QUIT);
	is("unload", (int)genl.quit.number[ECRYPTFS_GENL_ATTR_REASON],
	   ECRYPTFS_GENL_REASON_UNLOAD);
	check(!genl.quit.has[ECRYPTFS_GENL_ATTR_SUCCESSOR], "no successor");
	genl_close(&genl);
	is("the family again", genl_open(&genl), 0);
	is("HELO", genl_helo(&genl, 0, NULL), 0);
	genl_close(&genl);
}

int main(int argc, char **argv)
{
	static const struct part parts[] = {
		{ "kill", test_kill },
		{ "opener", test_opener },
		{ "stop", test_stop },
		{ "users", test_users },
		{ "storm", test_storm },
		{ "overrun", test_overrun },
		{ "unload", test_wait_quit },
		{ NULL, NULL },
	};

	return run_parts(argc, argv, parts);
}
