/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets by libnl. Datagrams are sent and received without it, because it
 * would put them into memory that is neither locked nor wiped.
 */
#include "daemon/genl-socket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <glib-unix.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "daemon/genl-message.h"

/* A doorbell takes some 800 bytes of it. The system's limit is often less. */
#define RECEIVE_BUFFER_SIZE (1 << 20)

/* The kernel's answers are there when the question was sent. */
#define ANSWER_SECONDS 2

/* Messages of one burst about families. */
#define NEWS_MAX 64

typedef struct nl_sock NlSock;
typedef struct nl_cache NlCache;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlSock, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NlCache, nl_cache_free)

struct GenlSocket {
	NlSock *nl;
	struct genl_peer peer;
};

struct GenlFamilyWatch {
	NlSock *nl;
	unsigned int source;
	void (*look)(void *data);
	void *data;
};

/* (nullable): for questions about families. */
static NlSock *connect_to_controller(void)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	g_autoptr(NlSock) nl = nl_socket_alloc();

	if (!nl || genl_connect(nl) < 0 ||
	    setsockopt(nl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO,
		       &patience, sizeof(patience)) != 0)
		return NULL;
	return g_steal_pointer(&nl);
}

/* A list of all: for a question by name the kernel would run modprobe. */
static int find_in_list(NlSock *nl)
{
	g_autoptr(NlCache) cache = NULL;
	struct genl_family *family;
	int number;

	if (genl_ctrl_alloc_cache(nl, &cache) < 0)
		return 0;
	family = genl_ctrl_search_by_name(cache, ECRYPTFS_GENL_NAME);
	if (!family)
		return 0;
	number = (int)genl_family_get_id(family);
	genl_family_put(family);
	return number;
}

uint16_t genl_family_find(bool may_load)
{
	g_autoptr(NlSock) nl = connect_to_controller();
	int number;

	if (!nl)
		return 0;
	number = may_load ? genl_ctrl_resolve(nl, ECRYPTFS_GENL_NAME) :
			    find_in_list(nl);
	return number > 0 && number <= UINT16_MAX ? (uint16_t)number : 0;
}

/* What the news are does not matter: who is told looks for itself. */
static gboolean on_news(int fd, GIOCondition condition, void *data)
{
	GenlFamilyWatch *watch = data;
	uint8_t news[64];
	int left = NEWS_MAX;

	(void)condition;
	while (left > 0 && (recv(fd, news, sizeof(news), MSG_DONTWAIT) >= 0 ||
			    errno == ENOBUFS))
		left--;
	watch->look(watch->data);
	return G_SOURCE_CONTINUE;
}

GenlFamilyWatch *genl_family_watch_new(void (*look)(void *data), void *data)
{
	g_autoptr(NlSock) nl = connect_to_controller();
	GenlFamilyWatch *watch;
	int group;

	if (!nl)
		return NULL;
	group = genl_ctrl_resolve_grp(nl, "nlctrl", "notify");
	if (group < 0 || nl_socket_add_membership(nl, group) < 0)
		return NULL;
	watch = g_new0(GenlFamilyWatch, 1);
	watch->look = look;
	watch->data = data;
	watch->source = g_unix_fd_add(nl_socket_get_fd(nl), G_IO_IN | G_IO_ERR,
				      on_news, watch);
	watch->nl = g_steal_pointer(&nl);
	return watch;
}

void genl_family_watch_free(GenlFamilyWatch *watch)
{
	if (!watch)
		return;
	g_source_remove(watch->source);
	nl_socket_free(watch->nl);
	g_free(watch);
}

/* What was refused is not echoed, it may hold a FEK; but why is said. */
static bool set_options(int fd)
{
	const int on = 1;

	return setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on,
			  sizeof(on)) == 0 &&
	       setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on,
			  sizeof(on)) == 0;
}

static bool set_up(NlSock *nl, GError **error)
{
	int err = genl_connect(nl);

	if (err >= 0)
		err = nl_socket_set_buffer_size(nl, RECEIVE_BUFFER_SIZE, 0);
	if (err >= 0)
		err = nl_socket_set_nonblocking(nl);
	if (err < 0) {
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
			    "cannot open a netlink socket: %s",
			    nl_geterror(err));
		return false;
	}
	if (set_options(nl_socket_get_fd(nl)))
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
		    "cannot set up a netlink socket: %s", g_strerror(errno));
	return false;
}

GenlSocket *genl_socket_open(const struct genl_peer *peer, GError **error)
{
	g_autoptr(NlSock) nl = nl_socket_alloc();
	GenlSocket *socket;

	if (!nl)
		g_error("out of memory for a netlink socket");
	if (!set_up(nl, error))
		return NULL;
	socket = g_new0(GenlSocket, 1);
	socket->peer = *peer;
	socket->nl = g_steal_pointer(&nl);
	return socket;
}

void genl_socket_free(GenlSocket *socket)
{
	if (!socket)
		return;
	nl_socket_free(socket->nl);
	g_free(socket);
}

int genl_socket_fd(const GenlSocket *socket)
{
	return nl_socket_get_fd(socket->nl);
}

uint16_t genl_socket_family(const GenlSocket *socket)
{
	return socket->peer.family;
}

int genl_socket_send(const GenlSocket *socket, const EcryptfsSecret *message)
{
	const struct sockaddr_nl to = {
		.nl_family = AF_NETLINK,
		.nl_pid = socket->peer.port,
	};
	ssize_t n;

	do {
		n = sendto(genl_socket_fd(socket),
			   ecryptfs_secret_data(message),
			   ecryptfs_secret_len(message),
			   MSG_DONTWAIT | MSG_NOSIGNAL,
			   (const struct sockaddr *)&to, sizeof(to));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? errno : 0;
}

static enum genl_received why_nothing(int err)
{
	switch (err) {
	case ENOBUFS:
		return GENL_RECEIVED_OVERRUN;
	case EAGAIN:
	case EINTR:
	case ENOMEM:
		return GENL_RECEIVED_NOTHING;
	}
	return GENL_RECEIVED_FAILED;
}

enum genl_received genl_socket_receive(const GenlSocket *socket, uint8_t *data,
				       size_t size, size_t *data_len)
{
	struct sockaddr_nl from = { 0 };
	struct iovec vector = { .iov_base = data, .iov_len = size };
	struct msghdr message = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &vector,
		.msg_iovlen = 1,
	};
	ssize_t n = recvmsg(genl_socket_fd(socket), &message, MSG_DONTWAIT);

	*data_len = 0;
	if (n < 0)
		return why_nothing(errno);
	*data_len = (size_t)n;
	if (message.msg_namelen != sizeof(from) ||
	    from.nl_family != AF_NETLINK || from.nl_pid != socket->peer.port)
		return GENL_RECEIVED_FOREIGN;
	return message.msg_flags & MSG_TRUNC ? GENL_RECEIVED_LONG :
					       GENL_RECEIVED_MESSAGE;
}

bool genl_socket_has_more(const GenlSocket *socket)
{
	struct pollfd fd = { .fd = genl_socket_fd(socket), .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}
