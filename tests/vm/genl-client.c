/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See genl-client.h.
 */
#include "tests/vm/genl-client.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ALIGN(n) (((n) + 3U) & ~3U)

/* ---- attributes */

void genl_put(struct genl_text *text, uint16_t type, const void *data,
	      size_t len)
{
	struct nlattr attr = { (uint16_t)(sizeof(attr) + len), type };

	memcpy(text->data + text->len, &attr, sizeof(attr));
	if (len > 0)
		memcpy(text->data + text->len + sizeof(attr), data, len);
	text->len += ALIGN(sizeof(attr) + len);
}

void genl_put_u32(struct genl_text *text, uint16_t type, uint32_t value)
{
	genl_put(text, type, &value, sizeof(value));
}

typedef void on_attr_fn(void *arg, int type, const uint8_t *data, size_t len);

static void for_each_attr(const uint8_t *data, size_t len, on_attr_fn *on_attr,
			  void *arg)
{
	struct nlattr attr;

	while (len >= sizeof(attr)) {
		memcpy(&attr, data, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > len)
			return;
		on_attr(arg, attr.nla_type & NLA_TYPE_MASK,
			data + sizeof(attr), attr.nla_len - sizeof(attr));
		if (ALIGN(attr.nla_len) >= len)
			return;
		data += ALIGN(attr.nla_len);
		len -= ALIGN(attr.nla_len);
	}
}

/* ---- messages */

static void on_stat(void *arg, int type, const uint8_t *data, size_t len)
{
	uint64_t *stats = arg;

	if (type <= ECRYPTFS_GENL_STAT_MAX && len == sizeof(*stats))
		memcpy(&stats[type], data, len);
}

static void on_attr(void *arg, int type, const uint8_t *data, size_t len)
{
	struct genl_message *message = arg;

	if (type > ECRYPTFS_GENL_ATTR_MAX)
		return;
	message->has[type] = true;
	switch (type) {
	case ECRYPTFS_GENL_ATTR_PACKET:
		message->packet_len = len;
		if (len <= sizeof(message->packet))
			memcpy(message->packet, data, len);
		break;
	case ECRYPTFS_GENL_ATTR_STATS:
	case ECRYPTFS_GENL_ATTR_STATS_ALL:
		for_each_attr(data, len, on_stat,
			      message->stats[type -
					     ECRYPTFS_GENL_ATTR_STATS]);
		break;
	default:
		/* Little endian, so that a u16 is its beginning. */
		if (len <= sizeof(uint32_t))
			memcpy(&message->number[type], data, len);
	}
}

static void print_octets(const struct genl *genl, const char *way,
			 const void *data, size_t len)
{
	const uint8_t *octets = data;

	if (!genl->verbose)
		return;
	printf("# %s", way);
	for (size_t i = 0; i < len; i++)
		printf("%s%02x", i % 4 == 0 ? " " : "", octets[i]);
	printf("\n");
	fflush(stdout);
}

static void on_error_attr(void *arg, int type, const uint8_t *data, size_t len)
{
	struct genl *genl = arg;

	if (type == NLMSGERR_ATTR_MSG && len < sizeof(genl->why)) {
		memcpy(genl->why, data, len);
		genl->why[len] = '\0';
	}
}

/* NLMSG_ERROR: the errno; with NETLINK_CAP_ACK only a header is echoed. */
static int take_error(struct genl *genl, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = NLMSG_DATA(header);
	size_t skip = NLMSG_HDRLEN + sizeof(*error);

	genl->why[0] = '\0';
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		for_each_attr((const uint8_t *)header + skip,
			      header->nlmsg_len - skip, on_error_attr, genl);
	return error->error;
}

static void take_message(struct genl *genl, const struct nlmsghdr *header,
			 struct genl_message *reply)
{
	const uint8_t *data = NLMSG_DATA(header);
	struct genl_message *message = reply;

	if (header->nlmsg_seq == 0 && data[0] == ECRYPTFS_GENL_CMD_QUIT)
		message = &genl->quit;
	else if (header->nlmsg_seq == 0)
		message = &genl->ring;
	if (message == &genl->ring)
		genl->rings++;
	if (!message)
		return;
	memset(message, 0, sizeof(*message));
	message->cmd = data[0];
	for_each_attr(data + GENL_HDRLEN,
		      header->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN, on_attr,
		      message);
}

/* One datagram. 1: it was the end of the command @seq, with *result. */
static int receive(struct genl *genl, uint32_t seq, struct genl_message *reply,
		   int *result)
{
	union {
		struct nlmsghdr header;
		uint8_t data[16384];
	} in;
	struct sockaddr_nl from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(genl->fd, &in, sizeof(in), 0,
			     (struct sockaddr *)&from, &from_len);

	if (n < 0)
		return -errno;
	if (from.nl_pid != 0 || (size_t)n < sizeof(in.header))
		return 0;
	print_octets(genl, "kernel:", &in, (size_t)n);
	if (in.header.nlmsg_type == NLMSG_ERROR) {
		*result = take_error(genl, &in.header);
		return in.header.nlmsg_seq == seq;
	}
	take_message(genl, &in.header, reply);
	return 0;
}

static int wait_readable(struct genl *genl, int ms)
{
	struct pollfd poller = { genl->fd, POLLIN, 0 };
	int n = poll(&poller, 1, ms);

	if (n < 0)
		return -errno;
	return n == 0 ? -EAGAIN : 0;
}

int genl_listen(struct genl *genl, int ms)
{
	int result, err = wait_readable(genl, ms);

	return err ? err : receive(genl, 0, NULL, &result);
}

struct command {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	uint8_t data[GENL_TEXT_MAX];
};

static int transact(struct genl *genl, struct command *out,
		    const struct genl_text *text, struct genl_message *reply)
{
	struct nlmsghdr *header = &out->header;
	int result = 0, err;

	if (reply)
		memset(reply, 0, sizeof(*reply));
	memcpy(out->data, text->data, text->len);
	header->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + GENL_HDRLEN + text->len);
	header->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	header->nlmsg_seq = ++genl->seq;
	print_octets(genl, "daemon:", header, header->nlmsg_len);
	if (send(genl->fd, header, header->nlmsg_len, 0) < 0)
		return -errno;
	do {
		err = wait_readable(genl, 10000);
		if (!err)
			err = receive(genl, genl->seq, reply, &result);
	} while (err == 0 || err == -EINTR);
	return err < 0 ? err : result;
}

int genl_call_raw(struct genl *genl, uint8_t cmd, uint16_t flags,
		  uint16_t reserved, const struct genl_text *text,
		  struct genl_message *reply)
{
	struct command out = {
		.header = { .nlmsg_type = genl->family, .nlmsg_flags = flags },
		.genl = { cmd, ECRYPTFS_GENL_VERSION, reserved },
	};

	return transact(genl, &out, text, reply);
}

int genl_call(struct genl *genl, uint8_t cmd, const struct genl_text *text,
	      struct genl_message *reply)
{
	return genl_call_raw(genl, cmd, 0, 0, text, reply);
}

/* ---- the socket */

/* The controller's attributes are others, but u16 and u32 too. */
static int resolve(struct genl *genl)
{
	struct command out = {
		.header = { .nlmsg_type = GENL_ID_CTRL },
		.genl = { CTRL_CMD_GETFAMILY, 1, 0 },
	};
	struct genl_text text = { 0 };
	struct genl_message reply;
	int err;

	genl_put(&text, CTRL_ATTR_FAMILY_NAME, ECRYPTFS_GENL_NAME,
		 sizeof(ECRYPTFS_GENL_NAME));
	err = transact(genl, &out, &text, &reply);
	genl->family = (uint16_t)reply.number[CTRL_ATTR_FAMILY_ID];
	return err;
}

int genl_open(struct genl *genl)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int on = 1, err;

	genl->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			  NETLINK_GENERIC);
	if (genl->fd < 0)
		return -errno;
	if (bind(genl->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    setsockopt(genl->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on,
		       sizeof(on)) != 0 ||
	    setsockopt(genl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on,
		       sizeof(on)) != 0)
		err = -errno;
	else
		err = resolve(genl);
	if (err)
		genl_close(genl);
	return err;
}

void genl_close(struct genl *genl)
{
	close(genl->fd);
	genl->fd = -1;
}

/* ---- commands */

int genl_helo(struct genl *genl, uint32_t flags, struct genl_message *reply)
{
	struct genl_text text = { 0 };

	genl_put_u32(&text, ECRYPTFS_GENL_ATTR_VERSION, ECRYPTFS_GENL_VERSION);
	if (flags)
		genl_put_u32(&text, ECRYPTFS_GENL_ATTR_FLAGS, flags);
	return genl_call(genl, ECRYPTFS_GENL_CMD_HELO, &text, reply);
}

int genl_quit(struct genl *genl)
{
	struct genl_text text = { 0 };

	return genl_call(genl, ECRYPTFS_GENL_CMD_QUIT, &text, NULL);
}

static void put_id(struct genl_text *text, const struct genl_message *from)
{
	genl_put_u32(text, ECRYPTFS_GENL_ATTR_INDEX,
		     from->number[ECRYPTFS_GENL_ATTR_INDEX]);
	genl_put_u32(text, ECRYPTFS_GENL_ATTR_COUNTER,
		     from->number[ECRYPTFS_GENL_ATTR_COUNTER]);
}

int genl_fetch(struct genl *genl, const struct genl_message *want,
	       struct genl_message *reply)
{
	struct genl_text text = { 0 };

	if (want)
		put_id(&text, want);
	return genl_call(genl, ECRYPTFS_GENL_CMD_FETCH, &text, reply);
}

int genl_respond(struct genl *genl, const struct genl_message *delivery,
		 const uint8_t *packet, size_t len)
{
	struct genl_text text = { 0 };

	put_id(&text, delivery);
	genl_put(&text, ECRYPTFS_GENL_ATTR_PACKET, packet, len);
	return genl_call(genl, ECRYPTFS_GENL_CMD_RESPONSE, &text, NULL);
}

int genl_extend(struct genl *genl, const struct genl_message *delivery,
		uint32_t ms, uint32_t *granted)
{
	struct genl_text text = { 0 };
	struct genl_message reply;
	int err;

	put_id(&text, delivery);
	genl_put_u32(&text, ECRYPTFS_GENL_ATTR_MSEC, ms);
	err = genl_call(genl, ECRYPTFS_GENL_CMD_EXTEND, &text, &reply);
	*granted = reply.number[ECRYPTFS_GENL_ATTR_MSEC];
	return err;
}

int genl_get(struct genl *genl, struct genl_message *reply)
{
	struct genl_text text = { 0 };

	return genl_call(genl, ECRYPTFS_GENL_CMD_GET, &text, reply);
}

/* ---- a key that wraps nothing */

/* Tag, length 16 and signature go, a status comes: the rest is the same. */
size_t genl_answer(const uint8_t *packet, size_t len, uint8_t *answer)
{
	const size_t head = 18;

	if (len < head)
		return 0;
	answer[0] = (uint8_t)(packet[0] + 1);
	answer[1] = 0;
	memcpy(answer + 2, packet + head, len - head);
	return len - head + 2;
}

unsigned int genl_serve(struct genl *genl, int ms)
{
	uint8_t answer[ECRYPTFS_GENL_PACKET_MAX];
	struct genl_message delivery;
	unsigned int served = 0;
	size_t len;

	do {
		while (genl_fetch(genl, NULL, &delivery) == 0) {
			len = genl_answer(delivery.packet, delivery.packet_len,
					  answer);
			if (genl_respond(genl, &delivery, answer, len) == 0)
				served++;
		}
	} while (genl_listen(genl, ms) != -EAGAIN);
	return served;
}
