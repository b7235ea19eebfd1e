/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's end of the family ecryptfs, played by the test on a netlink
 * socket of its own. Needs a network namespace in which the test may do that.
 */
#ifndef TESTS_UNIT_GENL_FAKE_H
#define TESTS_UNIT_GENL_FAKE_H

#include "daemon/genl-socket.h"
#include "daemon/transport.h"
#include "kernel/uapi/linux/ecryptfs_genl.h"

/* No family of a kernel has it. */
#define GENL_FAKE_FAMILY 0x7f

/* Goes on in namespaces of its own, or ends as skipped where it may not. */
void genl_fake_enter_namespaces(char **argv);

typedef struct GenlFake GenlFake;

GenlFake *genl_fake_new(void);

/* (nullable) */
void genl_fake_free(GenlFake *fake);
struct genl_peer genl_fake_peer(const GenlFake *fake);

/**
 * genl_heard:
 * @port: of who sent it; 0: nothing came in time
 * @cmd: enum ecryptfs_genl_cmd
 * @seq: its number
 * @ack: whether an ACK is wanted
 * @seen: a bit for each attribute
 * @number: of those with a number
 * @packet: the packet
 * @packet_len: octets in it
 *
 * A command, as the kernel would read it.
 */
struct genl_heard {
	uint32_t port;
	uint8_t cmd;
	uint32_t seq;
	bool ack;
	uint32_t seen;
	uint32_t number[ECRYPTFS_GENL_ATTR_MAX + 1];
	uint8_t packet[ECRYPTFS_GENL_PACKET_MAX];
	size_t packet_len;
};

/* The next one; fails the test after 10 s, or when it is not @cmd. */
struct genl_heard genl_fake_hear(GenlFake *fake, uint8_t cmd);

/* Whether one comes within @msec. */
bool genl_fake_hears(GenlFake *fake, int msec, struct genl_heard *heard);

/**
 * genl_fake_say:
 * @fake: the sender
 * @port: to whom
 * @seq: of what it answers, or 0
 * @cmd: enum ecryptfs_genl_cmd
 * @numbers: (array length=n): attribute, value, attribute, value ...
 * @n: how many, twice the attributes
 * @packet: (nullable): the packet
 * @packet_len: octets in it
 */
void genl_fake_say(GenlFake *fake, uint32_t port, uint32_t seq, uint8_t cmd,
		   const uint32_t *numbers, size_t n, const void *packet,
		   size_t packet_len);

/* An ACK, or an error with the kernel's own words (nullable). */
void genl_fake_result(GenlFake *fake, const struct genl_heard *heard, int err,
		      const char *words);

/* Any octets, as one datagram. */
void genl_fake_send(GenlFake *fake, uint32_t port, const void *data,
		    size_t data_len);

/* What the kernel sends for and after a request. */
void genl_fake_ring(GenlFake *fake, uint32_t port, uint32_t index,
		    uint32_t counter);
void genl_fake_deliver(GenlFake *fake, const struct genl_heard *fetch,
		       uint32_t index, uint32_t counter, const void *packet,
		       size_t packet_len);
void genl_fake_quit(GenlFake *fake, uint32_t port, uint32_t reason,
		    uint32_t successor);

/* Sends to all who listen to families: who reads too slowly loses some. */
void genl_fake_flood(GenlFake *fake);

/* Answers one HELO: with limits if @err is 0. */
struct genl_heard genl_fake_answer_helo(GenlFake *fake, int err,
					const char *words);

#endif
