/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the messaging engine share: an engine whose clock stands
 * still until somebody sleeps, and sockets that count what they are told.
 * One thread only.
 */
#ifndef TESTS_UNIT_MESSAGING_FIXTURE_H
#define TESTS_UNIT_MESSAGING_FIXTURE_H

#include <glib.h>

#include "messaging/context.h"

/* Whom tests are about, if it does not matter. */
#define ALICE 1000
#define BOB 1001

#define TIMEOUT_MS 3000
#define EXTEND_MS 30000
#define WINDOW 4
#define QUEUE 16

/* Tags 64 and 66, as far as the engine looks at them. */
#define OPEN "\x40 open"
#define CREATE "\x42 create"

/**
 * msg_bench:
 * @engine: the engine
 * @now_ms: its clock; moves on by what somebody sleeps
 * @sleeps: how often msg_wait() slept
 * @while_asleep: (nullable): happens during the next sleep, before time passes
 * @data: for @while_asleep
 */
struct msg_bench {
	struct msg_engine engine;
	u64 now_ms;
	unsigned int sleeps;
	void (*while_asleep)(struct msg_bench *bench);
	void *data;
};

/* @limits: (nullable): those above. */
void msg_bench_init(struct msg_bench *bench, const struct msg_limits *limits);

/* Fails if anything is pending or allocated. */
void msg_bench_clear(struct msg_bench *bench);

/**
 * msg_socket:
 * @endpoint: what the engine knows
 * @uid: who opened it
 * @refs: one is the test's
 * @kicks: how often it was kicked, last with @kicked
 * @quits: how often it was told to quit, last with @reason and @successor
 */
struct msg_socket {
	struct msg_endpoint endpoint;
	u32 uid;
	int refs;
	unsigned int kicks;
	struct msg_id kicked;
	unsigned int quits;
	enum msg_reason reason;
	u32 successor;
};

void msg_socket_init(struct msg_socket *socket, u32 uid);
struct msg_caller msg_socket_caller(struct msg_socket *socket);

/* Dies; fails if the engine keeps a reference. */
void msg_socket_close(struct msg_bench *bench, struct msg_socket *socket);

/* Fails unless @err is @expected and the caller was told why, in which @word */
void msg_assert_refused(const struct msg_caller *caller, int err, int expected,
			const char *word);

/* These succeed or fail the test. */
void msg_bench_helo(struct msg_bench *bench, struct msg_socket *socket);
void msg_bench_take_over(struct msg_bench *bench, struct msg_socket *socket,
			 u32 pid);
struct msg_ctx *msg_bench_send(struct msg_bench *bench, u32 uid, u64 opener,
			       const char *packet);
struct msg_id msg_bench_fetch(struct msg_bench *bench,
			      struct msg_socket *socket, const char *packet);
void msg_bench_answer(struct msg_bench *bench, struct msg_socket *socket,
		      const struct msg_id *id, const char *packet);
/* What is still granted; 0: ETIME. */
u32 msg_bench_extend(struct msg_bench *bench, struct msg_socket *socket,
		     const struct msg_id *id, u32 ms);

/* These give the error. */
int msg_bench_try_fetch(struct msg_bench *bench, struct msg_socket *socket,
			const struct msg_id *want);
int msg_bench_try_answer(struct msg_bench *bench, struct msg_socket *socket,
			 const struct msg_id *id);

/* Waits; @packet: (nullable): the answer, if it is 0. */
void msg_bench_assert_wait(struct msg_bench *bench, struct msg_ctx *ctx,
			   int result, const char *packet);

u64 msg_bench_count(struct msg_bench *bench, enum msg_stat stat);

#endif
