/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs that try the overlay share: TAP, effective uids, processes
 * that open files.
 */
#ifndef TESTS_VM_OVERLAY_LIB_H
#define TESTS_VM_OVERLAY_LIB_H

#include <stdbool.h>
#include <sys/types.h>

#include "tests/vm/genl-client.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define ROOT 0
#define ALICE 1001
#define BOB 1002

/**
 * struct part - of a program
 * @name: its first argument
 * @run: what it does
 */
struct part {
	const char *name;
	void (*run)(void);
};

/* One test each; check() gives @right back. */
bool check(bool right, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void is(const char *name, int got, int wanted);
void diag(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "PART DIRECTORY"; for main(). @parts end with a NULL. */
int run_parts(int argc, char **argv, const struct part *parts);
const char *the_directory(void);

/* Takes that effective uid. */
void become(uid_t uid);
int drop_sys_admin(void);
void drop_caches(void);
long now_ms(void);

/**
 * struct opener - a process that opens a file
 * @pid: it
 * @fd: where its result comes from
 * @err: its errno
 * @ms: how long it took
 * @end_ms: when it came back
 */
struct opener {
	pid_t pid;
	int fd;
	int err;
	long ms;
	long end_ms;
};

/* Opens @path, which is relative to DIRECTORY, as @uid; @flags: or O_CREAT. */
void open_in(struct opener *opener, uid_t uid, const char *path, int flags);
/* Waits for its end: errno, -1 when it was killed. */
int finish(struct opener *opener);

/* A registered daemon of @uid, which this process becomes. */
void daemon_of(struct genl *genl, uid_t uid, struct genl_message *reply);
/* Waits for a REQUEST and fetches it: 0 or an error. */
int wait_ring(struct genl *genl, struct genl_message *delivery);

#endif
