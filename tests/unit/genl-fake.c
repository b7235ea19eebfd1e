/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built with nothing of the daemon's own parser and writer. */
#include "tests/unit/genl-fake.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#define PATIENCE_MSEC 10000
#define INSIDE "ECRYPTFS_TEST_IN_NAMESPACES"

/* The group of nlctrl's news; every generic netlink socket may join it. */
#define NEWS_GROUP GENL_ID_CTRL

struct GenlFake {
	int fd;
	uint32_t port;
};

static bool may_unshare(const char *options)
{
	g_autofree char *command = g_strdup_printf("unshare %s true", options);
	g_autofree char *out = NULL;
	g_autofree char *err = NULL;
	int status = -1;

	return g_spawn_command_line_sync(command, &out, &err, &status, NULL) &&
	       status == 0;
}

/* By the program unshare: a sanitizer's thread forbids the call here. */
void genl_fake_enter_namespaces(char **argv)
{
	const char *options = may_unshare("-Urn") ? "-Urn" : "-n";
	g_autoptr(GPtrArray) words = g_ptr_array_new();

	if (g_getenv(INSIDE))
		return;
	if (!may_unshare(options)) {
		g_print("1..0 # SKIP this system lets nobody but root make a "
			"network namespace\n");
		exit(0);
	}
	g_setenv(INSIDE, "1", TRUE);
	g_ptr_array_add(words, g_strdup("unshare"));
	g_ptr_array_add(words, g_strdup(options));
	g_ptr_array_add(words, g_file_read_link("/proc/self/exe", NULL));
	for (size_t i = 1; argv[i]; i++)
		g_ptr_array_add(words, argv[i]);
	g_ptr_array_add(words, NULL);
	execvp("unshare", (char **)words->pdata);
	g_error("cannot run unshare: %s", g_strerror(errno));
}

GenlFake *genl_fake_new(void)
{
	GenlFake *fake = g_new0(GenlFake, 1);
	struct sockaddr_nl own = { .nl_family = AF_NETLINK };
	socklen_t own_len = sizeof(own);

	fake->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			  NETLINK_GENERIC);
	g_assert_cmpint(fake->fd, >=, 0);
	g_assert_cmpint(bind(fake->fd, (const struct sockaddr *)&own,
			     sizeof(own)), ==, 0);
	g_assert_cmpint(getsockname(fake->fd, (struct sockaddr *)&own,
				    &own_len), ==, 0);
	fake->port = own.nl_pid;
	return fake;
}

void genl_fake_free(GenlFake *fake)
{
	if (!fake)
		return;
	close(fake->fd);
	g_free(fake);
}

struct genl_peer genl_fake_peer(const GenlFake *fake)
{
	return (struct genl_peer){ GENL_FAKE_FAMILY, fake->port };
}

static void read_attr(const struct nlattr *head, struct genl_heard *heard)
{
	const uint8_t *value = (const uint8_t *)head + NLA_HDRLEN;
	size_t value_len = head->nla_len - NLA_HDRLEN;

	g_assert_cmpuint(head->nla_type, <=, ECRYPTFS_GENL_ATTR_MAX);
	g_assert_cmpuint(heard->seen & (1u << head->nla_type), ==, 0);
	heard->seen |= 1u << head->nla_type;
	if (head->nla_type == ECRYPTFS_GENL_ATTR_PACKET) {
		g_assert_cmpuint(value_len, <=, sizeof(heard->packet));
		memcpy(heard->packet, value, value_len);
		heard->packet_len = value_len;
		return;
	}
	g_assert_cmpuint(value_len, ==, sizeof(uint32_t));
	memcpy(&heard->number[head->nla_type], value, value_len);
}

static void read_command(const uint8_t *data, size_t data_len,
			 struct genl_heard *heard)
{
	struct nlmsghdr head;
	struct genlmsghdr genl_head;
	size_t pos = NLMSG_HDRLEN + GENL_HDRLEN;

	g_assert_cmpuint(data_len, >=, pos);
	memcpy(&head, data, sizeof(head));
	memcpy(&genl_head, data + NLMSG_HDRLEN, sizeof(genl_head));
	g_assert_cmpuint(head.nlmsg_len, ==, data_len);
	g_assert_cmpuint(head.nlmsg_type, ==, GENL_FAKE_FAMILY);
	g_assert_true(head.nlmsg_flags & NLM_F_REQUEST);
	g_assert_cmpuint(genl_head.version, ==, ECRYPTFS_GENL_VERSION);
	heard->seq = head.nlmsg_seq;
	heard->ack = head.nlmsg_flags & NLM_F_ACK;
	heard->cmd = genl_head.cmd;
	while (pos < data_len) {
		const struct nlattr *attr = (const void *)(data + pos);

		g_assert_cmpuint(attr->nla_len, >=, NLA_HDRLEN);
		g_assert_cmpuint(attr->nla_len, <=, data_len - pos);
		read_attr(attr, heard);
		pos += NLA_ALIGN(attr->nla_len);
	}
	g_assert_cmpuint(pos, ==, data_len);
}

bool genl_fake_hears(GenlFake *fake, int msec, struct genl_heard *heard)
{
	struct pollfd fd = { .fd = fake->fd, .events = POLLIN };
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	_Alignas(uint32_t) uint8_t data[1024];
	ssize_t n;

	*heard = (struct genl_heard){ 0 };
	if (poll(&fd, 1, msec) <= 0)
		return false;
	n = recvfrom(fake->fd, data, sizeof(data), 0,
		     (struct sockaddr *)&from, &from_len);
	g_assert_cmpint(n, >, 0);
	read_command(data, (size_t)n, heard);
	heard->port = from.nl_pid;
	return true;
}

struct genl_heard genl_fake_hear(GenlFake *fake, uint8_t cmd)
{
	struct genl_heard heard;

	g_assert_true(genl_fake_hears(fake, PATIENCE_MSEC, &heard));
	g_assert_cmpuint(heard.cmd, ==, cmd);
	return heard;
}

void genl_fake_send(GenlFake *fake, uint32_t port, const void *data,
		    size_t data_len)
{
	const struct sockaddr_nl to = { .nl_family = AF_NETLINK,
					.nl_pid = port };

	g_assert_cmpint(sendto(fake->fd, data, data_len, 0,
			       (const struct sockaddr *)&to, sizeof(to)),
			==, (ssize_t)data_len);
}

static void put(GByteArray *bytes, const void *data, size_t data_len)
{
	static const uint8_t zeros[4];

	g_byte_array_append(bytes, data, (guint)data_len);
	g_byte_array_append(bytes, zeros, (guint)(-data_len & 3));
}

static void put_attr(GByteArray *bytes, uint16_t type, const void *value,
		     size_t value_len)
{
	const struct nlattr head = { (uint16_t)(NLA_HDRLEN + value_len),
				     type };

	put(bytes, &head, sizeof(head));
	put(bytes, value, value_len);
}

static void put_header(GByteArray *bytes, uint16_t type, uint16_t flags,
		       uint32_t seq)
{
	const struct nlmsghdr head = { .nlmsg_type = type,
				       .nlmsg_flags = flags,
				       .nlmsg_seq = seq };

	put(bytes, &head, sizeof(head));
}

static void send_bytes(GenlFake *fake, uint32_t port, GByteArray *bytes)
{
	((struct nlmsghdr *)(void *)bytes->data)->nlmsg_len = bytes->len;
	genl_fake_send(fake, port, bytes->data, bytes->len);
	g_byte_array_unref(bytes);
}

void genl_fake_say(GenlFake *fake, uint32_t port, uint32_t seq, uint8_t cmd,
		   const uint32_t *numbers, size_t n, const void *packet,
		   size_t packet_len)
{
	const struct genlmsghdr head = { .cmd = cmd, .version = 1 };
	GByteArray *bytes = g_byte_array_new();

	put_header(bytes, GENL_FAKE_FAMILY, 0, seq);
	put(bytes, &head, sizeof(head));
	for (size_t i = 0; i < n; i += 2)
		put_attr(bytes, (uint16_t)numbers[i], &numbers[i + 1],
			 sizeof(numbers[i + 1]));
	if (packet)
		put_attr(bytes, ECRYPTFS_GENL_ATTR_PACKET, packet, packet_len);
	send_bytes(fake, port, bytes);
}

void genl_fake_result(GenlFake *fake, const struct genl_heard *heard, int err,
		      const char *words)
{
	GByteArray *bytes = g_byte_array_new();
	uint16_t flags = NLM_F_CAPPED | (words ? NLM_F_ACK_TLVS : 0);
	int32_t value = -err;

	put_header(bytes, NLMSG_ERROR, flags, heard->seq);
	put(bytes, &value, sizeof(value));
	put_header(bytes, GENL_FAKE_FAMILY, NLM_F_REQUEST, heard->seq);
	if (words)
		put_attr(bytes, NLMSGERR_ATTR_MSG, words, strlen(words) + 1);
	send_bytes(fake, heard->port, bytes);
}

void genl_fake_ring(GenlFake *fake, uint32_t port, uint32_t index,
		    uint32_t counter)
{
	const uint32_t numbers[] = { ECRYPTFS_GENL_ATTR_INDEX, index,
				     ECRYPTFS_GENL_ATTR_COUNTER, counter };

	genl_fake_say(fake, port, 0, ECRYPTFS_GENL_CMD_REQUEST, numbers,
		      G_N_ELEMENTS(numbers), NULL, 0);
}

void genl_fake_deliver(GenlFake *fake, const struct genl_heard *fetch,
		       uint32_t index, uint32_t counter, const void *packet,
		       size_t packet_len)
{
	const uint32_t numbers[] = { ECRYPTFS_GENL_ATTR_INDEX, index,
				     ECRYPTFS_GENL_ATTR_COUNTER, counter };

	genl_fake_say(fake, fetch->port, fetch->seq, ECRYPTFS_GENL_CMD_FETCH,
		      numbers, G_N_ELEMENTS(numbers), packet, packet_len);
}

void genl_fake_quit(GenlFake *fake, uint32_t port, uint32_t reason,
		    uint32_t successor)
{
	const uint32_t numbers[] = { ECRYPTFS_GENL_ATTR_REASON, reason,
				     ECRYPTFS_GENL_ATTR_SUCCESSOR, successor };

	genl_fake_say(fake, port, 0, ECRYPTFS_GENL_CMD_QUIT, numbers,
		      successor ? 4 : 2, NULL, 0);
}

void genl_fake_flood(GenlFake *fake)
{
	const struct sockaddr_nl all = { .nl_family = AF_NETLINK,
					 .nl_groups = 1u << (NEWS_GROUP - 1) };
	uint8_t data[3000] = { 0 };

	for (int i = 0; i < 8; i++)
		sendto(fake->fd, data, sizeof(data), MSG_DONTWAIT,
		       (const struct sockaddr *)&all, sizeof(all));
}

struct genl_heard genl_fake_answer_helo(GenlFake *fake, int err,
					const char *words)
{
	const uint32_t limits[] = {
		ECRYPTFS_GENL_ATTR_VERSION, ECRYPTFS_GENL_VERSION,
		ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC, 5000,
		ECRYPTFS_GENL_ATTR_EXTEND_MSEC, 30000,
		ECRYPTFS_GENL_ATTR_WINDOW, 32,
		ECRYPTFS_GENL_ATTR_QUEUE, 1024,
	};
	struct genl_heard helo = genl_fake_hear(fake, ECRYPTFS_GENL_CMD_HELO);

	g_assert_true(helo.ack);
	g_assert_cmpuint(helo.number[ECRYPTFS_GENL_ATTR_VERSION], ==,
			 ECRYPTFS_GENL_VERSION);
	if (err == 0)
		genl_fake_say(fake, helo.port, helo.seq,
			      ECRYPTFS_GENL_CMD_HELO, limits,
			      G_N_ELEMENTS(limits), NULL, 0);
	genl_fake_result(fake, &helo, err, words);
	return helo;
}
