/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon's side of the netlink protocol, by hand, so that tests can send
 * what no library would. Also the parts of a daemon that tests play: a key
 * that wraps nothing, so that an encrypted key is the FEK packet itself.
 */
#ifndef TESTS_VM_GENL_CLIENT_H
#define TESTS_VM_GENL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/uapi/linux/ecryptfs_genl.h"

#define GENL_TEXT_MAX 8192

/**
 * struct genl_text - what a command carries, octet by octet
 * @len: octets of @data
 * @data: attributes
 */
struct genl_text {
	size_t len;
	uint8_t data[GENL_TEXT_MAX];
};

/**
 * struct genl_message - what the kernel said
 * @cmd: enum ecryptfs_genl_cmd; 0: nothing
 * @has: which attributes there were
 * @number: their values, if they are numbers
 * @packet_len: octets of @packet
 * @packet: of a FETCH
 * @stats: of GET, by enum ecryptfs_genl_stat: own, of all
 */
struct genl_message {
	uint8_t cmd;
	bool has[ECRYPTFS_GENL_ATTR_MAX + 1];
	uint32_t number[ECRYPTFS_GENL_ATTR_MAX + 1];
	size_t packet_len;
	uint8_t packet[ECRYPTFS_GENL_PACKET_MAX];
	uint64_t stats[2][ECRYPTFS_GENL_STAT_MAX + 1];
};

/**
 * struct genl - a socket
 * @fd: it
 * @family: number of the family
 * @seq: of the last command
 * @verbose: octets are printed as comments
 * @why: text of the last refusal
 * @rings: REQUESTs that came
 * @taken: how many of these were looked at
 * @ring: the last of them
 * @quit: the last QUIT
 */
struct genl {
	int fd;
	uint16_t family;
	uint32_t seq;
	bool verbose;
	char why[160];
	unsigned int rings;
	unsigned int taken;
	struct genl_message ring;
	struct genl_message quit;
};

/* Attributes, one after the other. */
void genl_put(struct genl_text *text, uint16_t type, const void *data,
	      size_t len);
void genl_put_u32(struct genl_text *text, uint16_t type, uint32_t value);

/* 0 or -errno. */
int genl_open(struct genl *genl);
void genl_close(struct genl *genl);

/* A command with its ACK: 0 or -errno of the kernel. @reply may be NULL. */
int genl_call(struct genl *genl, uint8_t cmd, const struct genl_text *text,
	      struct genl_message *reply);
/* The same with any header: @flags beside REQUEST and ACK, @reserved. */
int genl_call_raw(struct genl *genl, uint8_t cmd, uint16_t flags,
		  uint16_t reserved, const struct genl_text *text,
		  struct genl_message *reply);

/* Takes what comes by itself; 0, -EAGAIN after @ms, or another error. */
int genl_listen(struct genl *genl, int ms);

int genl_helo(struct genl *genl, uint32_t flags, struct genl_message *reply);
int genl_quit(struct genl *genl);
/* @want: a REQUEST; NULL: the next */
int genl_fetch(struct genl *genl, const struct genl_message *want,
	       struct genl_message *reply);
/* Answers with that packet. */
int genl_respond(struct genl *genl, const struct genl_message *delivery,
		 const uint8_t *packet, size_t len);
int genl_extend(struct genl *genl, const struct genl_message *delivery,
		uint32_t ms, uint32_t *granted);
int genl_get(struct genl *genl, struct genl_message *reply);

/* The right answer to a packet; its octets. */
size_t genl_answer(const uint8_t *packet, size_t len, uint8_t *answer);
/* Fetches and answers until there is nothing for @ms; how many. */
unsigned int genl_serve(struct genl *genl, int ms);

#endif
