/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport of the tests: requests are put in by a call, answers are
 * kept in the order in which they come. With it dispatch runs without any
 * kernel.
 */
#ifndef TESTS_UNIT_LOOPBACK_H
#define TESTS_UNIT_LOOPBACK_H

#include "daemon/transport.h"

typedef struct Loopback Loopback;

/**
 * loopback_answer:
 * @id: of the request
 * @packet: the reply packet
 * @why: (nullable): set for failures
 */
struct loopback_answer {
	struct transport_id id;
	EcryptfsSecret *packet;
	GError *why;
};

Loopback *loopback_new(void);
void loopback_free(Loopback *loopback);

struct transport *loopback_transport(Loopback *loopback);

/* What replies get from now on; TRANSPORT_SENT_OK at first. */
void loopback_set_sent(Loopback *loopback, enum transport_sent sent);

/* How many answers came so far, also those that were refused as GONE. */
unsigned int loopback_count(Loopback *loopback);

/* (transfer full): the next answer; fails the test after 10 s. */
struct loopback_answer *loopback_wait(Loopback *loopback);
void loopback_answer_free(struct loopback_answer *answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Loopback, loopback_free)

#endif
