// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink sockets as endpoints of the engine: how they are rung and told to
 * go, and how their end is noticed.
 *
 * A port number proves nothing: it is free for others before anybody hears
 * that its socket was closed. So an endpoint is its struct sock, of which it
 * keeps a reference, and a port only leads to it. The reference keeps the
 * network namespace as well, which cannot end before its sockets do.
 */
#include "kernel/genl-socket.h"

#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <net/sock.h>

#include "kernel/seam.h"
#include "kernel/uapi/linux/ecryptfs_genl.h"

/**
 * struct genl_socket - an endpoint
 * @endpoint: the engine's
 * @refs: of the table, the engine, a running command
 * @link: in the table
 * @sk: one reference
 * @portid: of @sk
 */
struct genl_socket {
	struct msg_endpoint endpoint;
	refcount_t refs;
	struct hlist_node link;
	struct sock *sk;
	u32 portid;
};

/* By port. The lock is held for look-ups alone. */
static struct hlist_head sockets[256];
static spinlock_t sockets_lock = __SPIN_LOCK_UNLOCKED(sockets_lock);

static struct genl_socket *socket_of(struct msg_endpoint *endpoint)
{
	return container_of(endpoint, struct genl_socket, endpoint);
}

static void socket_get(struct msg_endpoint *endpoint)
{
	refcount_inc(&socket_of(endpoint)->refs);
}

static void socket_put(struct msg_endpoint *endpoint)
{
	struct genl_socket *socket = socket_of(endpoint);

	if (!refcount_dec_and_test(&socket->refs))
		return;
	sock_put(socket->sk);
	kfree(socket);
}

/* ---- messages to a daemon; none has a secret, and any may be lost */

/**
 * struct number - an attribute
 * @attr: enum ecryptfs_genl_attr
 * @value: its value
 */
struct number {
	int attr;
	u32 value;
};

static void socket_send(struct genl_socket *socket, u8 cmd,
			const struct number *numbers, size_t n_numbers)
{
	struct sk_buff *skb;
	void *header;
	int err;

	if (sock_flag(socket->sk, SOCK_DEAD))
		return;
	skb = genlmsg_new(n_numbers * nla_total_size(sizeof(u32)), GFP_KERNEL);
	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, &ecryptfs_genl_family, 0, cmd);
	err = header ? 0 : -EMSGSIZE;
	for (size_t i = 0; i < n_numbers && !err; i++)
		err = nla_put_u32(skb, numbers[i].attr, numbers[i].value);
	if (err) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_unicast(sock_net(socket->sk), skb, socket->portid);
}

static void socket_kick(struct msg_endpoint *endpoint, const struct msg_id *id)
{
	const struct number numbers[] = {
		{ ECRYPTFS_GENL_ATTR_INDEX, id->index },
		{ ECRYPTFS_GENL_ATTR_COUNTER, id->counter },
	};

	socket_send(socket_of(endpoint), ECRYPTFS_GENL_CMD_REQUEST, numbers,
		    ARRAY_SIZE(numbers));
}

static void socket_quit(struct msg_endpoint *endpoint, enum msg_reason reason,
			u32 successor)
{
	struct number numbers[] = {
		{ ECRYPTFS_GENL_ATTR_REASON, ECRYPTFS_GENL_REASON_UNLOAD },
		{ ECRYPTFS_GENL_ATTR_SUCCESSOR, successor },
	};
	size_t n_numbers = 1;

	if (reason == MSG_REASON_REPLACED) {
		numbers[0].value = ECRYPTFS_GENL_REASON_REPLACED;
		n_numbers = 2;
	}
	socket_send(socket_of(endpoint), ECRYPTFS_GENL_CMD_QUIT, numbers,
		    n_numbers);
}

static const struct msg_endpoint_ops socket_ops = {
	.get = socket_get,
	.put = socket_put,
	.kick = socket_kick,
	.quit = socket_quit,
};

/* ---- the table */

/* With a reference; @fresh, if there is one, is put in where none was. */
static struct genl_socket *find_or_add(const struct sock *sk, u32 portid,
				       struct genl_socket *fresh)
{
	struct genl_socket *socket;

	spin_lock(&sockets_lock);
	hash_for_each_possible(sockets, socket, link, portid)
		if (socket->sk == sk)
			break;
	if (!socket && fresh) {
		socket = fresh;
		refcount_inc(&socket->refs);
		hash_add(sockets, &socket->link, portid);
	}
	if (socket)
		refcount_inc(&socket->refs);
	spin_unlock(&sockets_lock);
	return socket;
}

static struct genl_socket *socket_new(struct sock *sk, u32 portid)
{
	struct genl_socket *socket = kzalloc(sizeof(*socket), GFP_KERNEL);

	if (!socket)
		return NULL;
	socket->endpoint.ops = &socket_ops;
	refcount_set(&socket->refs, 1);
	sock_hold(sk);
	socket->sk = sk;
	socket->portid = portid;
	return socket;
}

struct msg_endpoint *ecryptfs_genl_socket(struct sock *sk, u32 portid)
{
	struct genl_socket *socket = find_or_add(sk, portid, NULL);
	struct genl_socket *fresh;

	if (socket)
		return &socket->endpoint;
	fresh = socket_new(sk, portid);
	if (!fresh)
		return NULL;
	/* Another thread with the same socket may have been faster. */
	socket = find_or_add(sk, portid, fresh);
	socket_put(&fresh->endpoint);
	return &socket->endpoint;
}

/* ---- the end of a socket */

/* Takes one out that is closed; another may have its port by now. */
static struct genl_socket *take_closed(const struct net *net, u32 portid)
{
	struct genl_socket *socket;

	spin_lock(&sockets_lock);
	hash_for_each_possible(sockets, socket, link, portid)
		if (socket->portid == portid && sock_net(socket->sk) == net &&
		    sock_flag(socket->sk, SOCK_DEAD)) {
			hash_del(&socket->link);
			break;
		}
	spin_unlock(&sockets_lock);
	return socket;
}

static int on_netlink(struct notifier_block *block, unsigned long event,
		      void *data)
{
	const struct netlink_notify *notify = data;
	struct genl_socket *socket;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	while ((socket = take_closed(notify->net, notify->portid))) {
		msg_endpoint_gone(&ecryptfs_engine, &socket->endpoint);
		socket_put(&socket->endpoint);
	}
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = on_netlink,
};

int __init ecryptfs_genl_sockets_init(void)
{
	return netlink_register_notifier(&netlink_notifier);
}

void ecryptfs_genl_sockets_exit(void)
{
	netlink_unregister_notifier(&netlink_notifier);
}

/* What the engine did not hold is still in the table. */
void ecryptfs_genl_forget(void)
{
	struct genl_socket *socket;
	struct hlist_node *next;
	int bucket;

	hash_for_each_safe(sockets, bucket, next, socket, link) {
		hash_del(&socket->link);
		socket_put(&socket->endpoint);
	}
}
