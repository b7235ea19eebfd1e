// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The generic netlink family "ecryptfs": a daemon's commands, each checked for
 * its form and for who sends it, then handed to the engine. What they mean is
 * in kernel/uapi/linux/ecryptfs_genl.h.
 */
#include "kernel/seam.h"

#include <linux/cred.h>
#include <linux/module.h>
#include <linux/net.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "kernel/genl-socket.h"
#include "kernel/uapi/linux/ecryptfs_genl.h"

static bool any_net;
module_param(any_net, bool, 0444);
MODULE_PARM_DESC(any_net,
		 "Serve daemons in all network namespaces, also where others "
		 "can watch netlink (no)");

MODULE_ALIAS_GENL_FAMILY(ECRYPTFS_GENL_NAME);

/* ---- each command's beginning and end */

/* The parser takes the last of two; here two are one too many. */
static int check_attributes(const struct genl_info *info,
			    struct msg_caller *caller)
{
	const struct nlattr *attr;
	u32 seen = 0;
	int left;

	BUILD_BUG_ON(ECRYPTFS_GENL_ATTR_MAX >= 32);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		if (seen & BIT(nla_type(attr))) {
			caller->why = "an attribute is there twice";
			return -EINVAL;
		}
		seen |= BIT(nla_type(attr));
	}
	return 0;
}

/* Who sends, by what the kernel knows: the socket's opener, and this task. */
static int identify(struct genl_info *info, const struct sock *sk,
		    struct msg_caller *caller)
{
	if (!sk->sk_socket || !sk->sk_socket->file) {
		caller->why = "the socket is no file";
		return -EPERM;
	}
	if (!any_net && !net_eq(genl_info_net(info), &init_net)) {
		caller->why = "only the initial network namespace is served";
		return -EPERM;
	}
	return ecryptfs_identify(sk->sk_socket->file, caller);
}

static int begin(struct sk_buff *skb, struct genl_info *info,
		 struct msg_caller *caller)
{
	struct sock *sk = NETLINK_CB(skb).sk;
	int err;

	caller->endpoint = NULL;
	caller->why = NULL;
	err = check_attributes(info, caller);
	if (!err)
		err = identify(info, sk, caller);
	if (err)
		return err;
	caller->endpoint = ecryptfs_genl_socket(sk, info->snd_portid);
	if (!caller->endpoint) {
		caller->why = "out of memory";
		return -ENOMEM;
	}
	return 0;
}

static int end(struct genl_info *info, struct msg_caller *caller, int err)
{
	if (caller->endpoint)
		caller->endpoint->ops->put(caller->endpoint);
	if (err)
		info->extack->_msg = caller->why;
	return err;
}

/* ---- replies */

/* With room for @size octets of attributes. */
static struct sk_buff *reply_new(struct genl_info *info, size_t size,
				 void **header)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put_reply(skb, info, &ecryptfs_genl_family, 0,
				    info->genlhdr->cmd);
	if (!*header) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

/* Takes the reply, which is there only if all of it could be put. */
static int reply_send(struct genl_info *info, struct msg_caller *caller,
		      struct sk_buff *skb, void *header, int err)
{
	if (err) {
		nlmsg_free(skb);
	} else {
		genlmsg_end(skb, header);
		err = genlmsg_reply(skb, info);
	}
	if (err)
		caller->why = "the reply could not be sent";
	return err;
}

static int no_memory(struct msg_caller *caller)
{
	caller->why = "out of memory";
	return -ENOMEM;
}

/* ---- HELO and QUIT */

static int helo_reply(struct genl_info *info, struct msg_caller *caller)
{
	const struct msg_limits *limits = &ecryptfs_engine.limits;
	const u32 values[][2] = {
		{ ECRYPTFS_GENL_ATTR_VERSION, ECRYPTFS_GENL_VERSION },
		{ ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC, limits->timeout_ms },
		{ ECRYPTFS_GENL_ATTR_EXTEND_MSEC, limits->extend_ms },
		{ ECRYPTFS_GENL_ATTR_WINDOW, limits->window },
		{ ECRYPTFS_GENL_ATTR_QUEUE, limits->queue },
	};
	void *header;
	struct sk_buff *skb = reply_new(
		info, ARRAY_SIZE(values) * nla_total_size(sizeof(u32)),
		&header);
	int err = 0;

	if (!skb)
		return no_memory(caller);
	for (size_t i = 0; i < ARRAY_SIZE(values) && !err; i++)
		err = nla_put_u32(skb, values[i][0], values[i][1]);
	return reply_send(info, caller, skb, header, err);
}

static int check_helo(struct sk_buff *skb, struct genl_info *info,
		      struct msg_caller *caller)
{
	const struct nlattr *version = info->attrs[ECRYPTFS_GENL_ATTR_VERSION];

	if (!version) {
		caller->why = "VERSION is missing";
		return -EINVAL;
	}
	if (nla_get_u32(version) != ECRYPTFS_GENL_VERSION) {
		caller->why = "only version 1 is known";
		return -EPROTONOSUPPORT;
	}
	return ecryptfs_check_root(NETLINK_CB(skb).sk->sk_socket->file, caller);
}

static int helo_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct msg_caller caller;
	struct msg_helo helo = {};
	int err = begin(skb, info, &caller);

	if (!err)
		err = check_helo(skb, info, &caller);
	if (!err) {
		if (info->attrs[ECRYPTFS_GENL_ATTR_FLAGS])
			helo.replace = nla_get_u32(
				info->attrs[ECRYPTFS_GENL_ATTR_FLAGS]) &
				ECRYPTFS_GENL_FLAG_REPLACE;
		ecryptfs_describe(&helo, genl_info_net(info));
		err = msg_helo(&ecryptfs_engine, &caller, &helo);
	}
	if (!err)
		err = helo_reply(info, &caller);
	return end(info, &caller, err);
}

static int quit_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct msg_caller caller;
	int err = begin(skb, info, &caller);

	if (!err)
		err = msg_quit(&ecryptfs_engine, &caller);
	return end(info, &caller, err);
}

/* ---- FETCH */

/* Sets *id where both attributes are there; neither is right with @optional. */
static int get_id(struct genl_info *info, struct msg_caller *caller,
		  bool optional, struct msg_id *id)
{
	const struct nlattr *index = info->attrs[ECRYPTFS_GENL_ATTR_INDEX];
	const struct nlattr *counter = info->attrs[ECRYPTFS_GENL_ATTR_COUNTER];

	if (index && counter) {
		id->index = nla_get_u32(index);
		id->counter = nla_get_u32(counter);
		return 0;
	}
	if (optional && !index && !counter)
		return 0;
	caller->why = "INDEX or COUNTER is missing";
	return -EINVAL;
}

static int put_delivery(struct sk_buff *skb,
			const struct msg_delivery *delivery)
{
	int err = nla_put_u32(skb, ECRYPTFS_GENL_ATTR_INDEX,
			      delivery->id.index);

	if (!err)
		err = nla_put_u32(skb, ECRYPTFS_GENL_ATTR_COUNTER,
				  delivery->id.counter);
	if (!err)
		err = nla_put(skb, ECRYPTFS_GENL_ATTR_PACKET,
			      delivery->data_len, delivery->data);
	return err;
}

/*
 * The size is exact, so that netlink has no reason to move the packet to other
 * memory. What was not taken is wiped; what was, goes to the daemon, and its
 * memory is the network's to free.
 */
static int fetch_reply(struct genl_info *info, struct msg_caller *caller,
		       const struct msg_delivery *delivery)
{
	void *header;
	struct sk_buff *skb = reply_new(
		info,
		2 * nla_total_size(sizeof(u32)) +
			nla_total_size(delivery->data_len),
		&header);
	int err;

	if (!skb)
		return no_memory(caller);
	err = put_delivery(skb, delivery);
	skb_get(skb);
	err = reply_send(info, caller, skb, header, err);
	if (err)
		memzero_explicit(skb->data, skb->len);
	consume_skb(skb);
	return err;
}

static int fetch(struct genl_info *info, struct msg_caller *caller)
{
	bool any = !info->attrs[ECRYPTFS_GENL_ATTR_INDEX];
	struct msg_delivery *delivery;
	struct msg_id id;
	int err = get_id(info, caller, true, &id);

	if (err)
		return err;
	delivery = kzalloc(sizeof(*delivery), GFP_KERNEL);
	if (!delivery)
		return no_memory(caller);
	err = msg_fetch(&ecryptfs_engine, caller, any ? NULL : &id,
			MSG_PACKET_MAX, delivery);
	if (!err) {
		err = fetch_reply(info, caller, delivery);
		if (err)
			msg_unfetch(&ecryptfs_engine, caller, &delivery->id);
	}
	kfree_sensitive(delivery);
	return err;
}

static int fetch_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct msg_caller caller;
	int err = begin(skb, info, &caller);

	if (!err)
		err = fetch(info, &caller);
	return end(info, &caller, err);
}

/* ---- RESPONSE */

static int respond(struct genl_info *info, struct msg_caller *caller)
{
	const struct nlattr *packet = info->attrs[ECRYPTFS_GENL_ATTR_PACKET];
	struct msg_id id;
	int err = get_id(info, caller, false, &id);

	if (err)
		return err;
	if (!packet) {
		caller->why = "PACKET is missing";
		return -EINVAL;
	}
	return msg_respond(&ecryptfs_engine, caller, &id, nla_data(packet),
			   nla_len(packet));
}

static int response_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *packet = info->attrs[ECRYPTFS_GENL_ATTR_PACKET];
	struct msg_caller caller;
	int err = begin(skb, info, &caller);

	if (!err)
		err = respond(info, &caller);
	/* It holds a key, and an error would echo it. */
	if (packet)
		memzero_explicit(nla_data(packet), nla_len(packet));
	return end(info, &caller, err);
}

/* ---- EXTEND */

static int extend(struct genl_info *info, struct msg_caller *caller)
{
	const struct nlattr *msec = info->attrs[ECRYPTFS_GENL_ATTR_MSEC];
	struct sk_buff *skb;
	struct msg_id id;
	void *header;
	u32 ms;
	int err = get_id(info, caller, false, &id);

	if (err)
		return err;
	if (!msec) {
		caller->why = "MSEC is missing";
		return -EINVAL;
	}
	ms = nla_get_u32(msec);
	err = msg_extend(&ecryptfs_engine, caller, &id, &ms);
	if (err)
		return err;
	skb = reply_new(info, nla_total_size(sizeof(u32)), &header);
	if (!skb)
		return no_memory(caller);
	err = nla_put_u32(skb, ECRYPTFS_GENL_ATTR_MSEC, ms);
	return reply_send(info, caller, skb, header, err);
}

static int extend_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct msg_caller caller;
	int err = begin(skb, info, &caller);

	if (!err)
		err = extend(info, &caller);
	return end(info, &caller, err);
}

/* ---- GET */

static const u8 stat_numbers[MSG_N_STATS] = {
	[MSG_STAT_REQUESTS] = ECRYPTFS_GENL_STAT_REQUESTS,
	[MSG_STAT_DELIVERED] = ECRYPTFS_GENL_STAT_DELIVERED,
	[MSG_STAT_ANSWERED] = ECRYPTFS_GENL_STAT_ANSWERED,
	[MSG_STAT_TIMED_OUT] = ECRYPTFS_GENL_STAT_TIMED_OUT,
	[MSG_STAT_KILLED] = ECRYPTFS_GENL_STAT_KILLED,
	[MSG_STAT_ABANDONED] = ECRYPTFS_GENL_STAT_ABANDONED,
	[MSG_STAT_OVER_LIMIT] = ECRYPTFS_GENL_STAT_OVER_LIMIT,
	[MSG_STAT_NO_DAEMON] = ECRYPTFS_GENL_STAT_NO_DAEMON,
	[MSG_STAT_REFUSED] = ECRYPTFS_GENL_STAT_REFUSED,
	[MSG_STAT_EXTENDED] = ECRYPTFS_GENL_STAT_EXTENDED,
	[MSG_STAT_PENDING] = ECRYPTFS_GENL_STAT_PENDING,
};

#define STATS_SIZE \
	nla_total_size(MSG_N_STATS * nla_total_size_64bit(sizeof(u64)))

static int put_stats(struct sk_buff *skb, int attr,
		     const struct msg_stats *stats)
{
	struct nlattr *nest = nla_nest_start(skb, attr);
	int err = nest ? 0 : -EMSGSIZE;

	for (size_t i = 0; i < MSG_N_STATS && !err; i++)
		err = nla_put_u64_64bit(skb, stat_numbers[i], stats->count[i],
					ECRYPTFS_GENL_STAT_PAD);
	if (!err)
		nla_nest_end(skb, nest);
	return err;
}

static int put_all_stats(struct sk_buff *skb)
{
	struct msg_stats stats;
	int err = msg_read_stats(&ecryptfs_engine, NULL, &stats);

	if (err)
		return err;
	return put_stats(skb, ECRYPTFS_GENL_ATTR_STATS_ALL, &stats);
}

/* Of the caller's own daemon if there is one, of all for an administrator. */
static int get(struct sk_buff *request, struct genl_info *info,
	       struct msg_caller *caller)
{
	bool all = netlink_capable(request, CAP_SYS_ADMIN);
	struct msg_stats stats;
	struct sk_buff *skb;
	void *header;
	int own, err = 0;

	if (!port_owner_equal(&caller->opener, &caller->actor)) {
		caller->why = "opened by another user than the caller";
		return -EPERM;
	}
	own = msg_read_stats(&ecryptfs_engine, &caller->opener, &stats);
	if (own && !all) {
		caller->why = "no daemon of this user is registered";
		return own;
	}
	skb = reply_new(info, 2 * STATS_SIZE, &header);
	if (!skb)
		return no_memory(caller);
	if (!own)
		err = put_stats(skb, ECRYPTFS_GENL_ATTR_STATS, &stats);
	if (all && !err)
		err = put_all_stats(skb);
	return reply_send(info, caller, skb, header, err);
}

static int get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct msg_caller caller;
	int err = begin(skb, info, &caller);

	if (!err)
		err = get(skb, info, &caller);
	return end(info, &caller, err);
}

/* ---- the family */

static const struct nla_policy helo_policy[] = {
	[ECRYPTFS_GENL_ATTR_VERSION] = { .type = NLA_U32 },
	[ECRYPTFS_GENL_ATTR_FLAGS] =
		NLA_POLICY_MASK(NLA_U32, ECRYPTFS_GENL_FLAG_REPLACE),
};

static const struct nla_policy fetch_policy[] = {
	[ECRYPTFS_GENL_ATTR_INDEX] = { .type = NLA_U32 },
	[ECRYPTFS_GENL_ATTR_COUNTER] = { .type = NLA_U32 },
};

static const struct nla_policy response_policy[] = {
	[ECRYPTFS_GENL_ATTR_INDEX] = { .type = NLA_U32 },
	[ECRYPTFS_GENL_ATTR_COUNTER] = { .type = NLA_U32 },
	[ECRYPTFS_GENL_ATTR_PACKET] =
		NLA_POLICY_RANGE(NLA_BINARY, 1, ECRYPTFS_GENL_PACKET_MAX),
};

static const struct nla_policy extend_policy[] = {
	[ECRYPTFS_GENL_ATTR_INDEX] = { .type = NLA_U32 },
	[ECRYPTFS_GENL_ATTR_COUNTER] = { .type = NLA_U32 },
	[ECRYPTFS_GENL_ATTR_MSEC] = NLA_POLICY_MIN(NLA_U32, 1),
};

#define WITH_POLICY(p) .policy = (p), .maxattr = ARRAY_SIZE(p) - 1

/* QUIT and GET have no policy: no attribute is taken. */
static const struct genl_ops operations[] = {
	{
		.cmd = ECRYPTFS_GENL_CMD_HELO,
		.doit = helo_doit,
		WITH_POLICY(helo_policy),
	},
	{
		.cmd = ECRYPTFS_GENL_CMD_QUIT,
		.doit = quit_doit,
	},
	{
		.cmd = ECRYPTFS_GENL_CMD_FETCH,
		.doit = fetch_doit,
		WITH_POLICY(fetch_policy),
	},
	{
		.cmd = ECRYPTFS_GENL_CMD_RESPONSE,
		.doit = response_doit,
		WITH_POLICY(response_policy),
	},
	{
		.cmd = ECRYPTFS_GENL_CMD_EXTEND,
		.doit = extend_doit,
		WITH_POLICY(extend_policy),
	},
	{
		.cmd = ECRYPTFS_GENL_CMD_GET,
		.doit = get_doit,
	},
};

/* In all namespaces, so that in each there is an answer, if only why not. */
struct genl_family ecryptfs_genl_family __ro_after_init = {
	.name = ECRYPTFS_GENL_NAME,
	.version = ECRYPTFS_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.ops = operations,
	.n_ops = ARRAY_SIZE(operations),
};

int __init ecryptfs_genl_init(void)
{
	int err;

	BUILD_BUG_ON(ECRYPTFS_GENL_PACKET_MAX != MSG_PACKET_MAX);
	err = ecryptfs_genl_sockets_init();
	if (err)
		return err;
	err = genl_register_family(&ecryptfs_genl_family);
	if (err)
		ecryptfs_genl_sockets_exit();
	return err;
}

void ecryptfs_genl_exit(void)
{
	genl_unregister_family(&ecryptfs_genl_family);
	ecryptfs_genl_sockets_exit();
}
