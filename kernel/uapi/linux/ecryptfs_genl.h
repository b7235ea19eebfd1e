/* SPDX-License-Identifier: GPL-2.0-or-later WITH Linux-syscall-note */
/*
 * eCryptfs over generic netlink: how the kernel and a user's daemon speak of
 * the keys of files. This header is the protocol's only definition and its
 * document; doc/PROTOCOL shows messages octet by octet.
 *
 * A daemon serves one user, the kuid that it runs as. It registers with HELO.
 * Whenever a task of that user creates or opens an eCryptfs file whose key is
 * a public one, the kernel keeps a context for the request and rings: it sends
 * REQUEST, which has the request's name but not its packet. The daemon comes
 * for the packet with FETCH, works, and hands in RESPONSE. The task sleeps
 * meanwhile, for TIMEOUT_MSEC at most, or longer if the daemon asked for it by
 * EXTEND. Why the packet is not in REQUEST: a netlink port that is being closed
 * is free for others before the kernel has heard of it, and a tag 66 packet
 * holds a file's key in the clear.
 *
 *	daemon				kernel
 *	HELO (version, flags)	->
 *				<-	reply: limits, or an error
 *				<-	REQUEST (index, counter)
 *	FETCH (index, counter)	->
 *				<-	reply: index, counter, packet
 *	RESPONSE (i, c, packet)	->
 *				<-	ACK, or an error: nobody waits for it
 *	QUIT			->
 *
 * Family: ECRYPTFS_GENL_NAME, ECRYPTFS_GENL_VERSION, no multicast group. Every
 * command may be sent with NLM_F_ACK; every refusal carries a text
 * (NETLINK_EXT_ACK). The daemon sets NETLINK_CAP_ACK before HELO, because the
 * echo of a refused RESPONSE would carry a key, and takes messages from port 0
 * only. All integers are in host order.
 *
 * Who may: for each command the credentials of who opened the socket and the
 * effective uid of who sends must be the same kuid, and for all but HELO and
 * GET the socket must be the registered one; otherwise EPERM. Only the initial
 * user namespace and, unless the module's parameter any_net is set, the initial
 * network namespace are served: EPERM elsewhere. kuid 0 needs CAP_SYS_ADMIN in
 * the initial user namespace as well.
 *
 * HELO		daemon: VERSION; FLAGS may be absent
 *		reply: VERSION, TIMEOUT_MSEC, EXTEND_MSEC, WINDOW, QUEUE
 *		EBUSY another daemon of this user lives; EPERM it lives in other
 *		namespaces and cannot be replaced; EPROTONOSUPPORT VERSION is
 *		unknown. Again from the same socket: harmless.
 * QUIT		daemon: no attribute; ENOTCONN, EPERM
 *		kernel: REASON, and SUCCESSOR when it was replaced. No QUIT is
 *		expected in return.
 * REQUEST	kernel: INDEX, COUNTER. It may be lost when the socket's buffer
 *		is full (ENOBUFS): then FETCH until EAGAIN.
 * FETCH	daemon: INDEX and COUNTER for that request, neither for the
 *		oldest one that waits
 *		reply: INDEX, COUNTER, PACKET (tag 64 or 66)
 *		EAGAIN there is none, or WINDOW requests are out already; a
 *		REQUEST will come when that changes
 *		EINVAL it is not there (any more)
 * RESPONSE	daemon: INDEX, COUNTER, PACKET (tag 65 or 67)
 *		EINVAL nobody waits for it: it came too late, twice, or was
 *		never fetched by this socket. Not fatal.
 * EXTEND	daemon: INDEX, COUNTER, MSEC: a person is needed, let the task
 *		wait MSEC from now on
 *		reply: MSEC, what was granted
 *		EOPNOTSUPP not a tag 64; ETIME nothing is left of EXTEND_MSEC,
 *		which counts from when the file was opened and is shared by all
 *		keys that are tried for it; EINVAL as for RESPONSE
 * GET		anybody with a daemon: no attribute
 *		reply: STATS of the user's own daemon; with CAP_SYS_ADMIN in the
 *		initial user namespace STATS_ALL too
 */
#ifndef _LINUX_ECRYPTFS_GENL_H
#define _LINUX_ECRYPTFS_GENL_H

#define ECRYPTFS_GENL_NAME "ecryptfs"
#define ECRYPTFS_GENL_VERSION 1

/* Octets of the longest PACKET, either way. */
#define ECRYPTFS_GENL_PACKET_MAX 544

enum ecryptfs_genl_cmd {
	ECRYPTFS_GENL_CMD_UNSPEC,
	ECRYPTFS_GENL_CMD_HELO,
	ECRYPTFS_GENL_CMD_QUIT,
	ECRYPTFS_GENL_CMD_REQUEST,
	ECRYPTFS_GENL_CMD_FETCH,
	ECRYPTFS_GENL_CMD_RESPONSE,
	ECRYPTFS_GENL_CMD_EXTEND,
	ECRYPTFS_GENL_CMD_GET,
	__ECRYPTFS_GENL_CMD_MAX,
};

#define ECRYPTFS_GENL_CMD_MAX (__ECRYPTFS_GENL_CMD_MAX - 1)

enum ecryptfs_genl_attr {
	ECRYPTFS_GENL_ATTR_UNSPEC,
	ECRYPTFS_GENL_ATTR_PAD,
	/* u32: ECRYPTFS_GENL_VERSION of who sends */
	ECRYPTFS_GENL_ATTR_VERSION,
	/* u32: bits of enum ecryptfs_genl_flag */
	ECRYPTFS_GENL_ATTR_FLAGS,
	/* u32: which request; given back as it came */
	ECRYPTFS_GENL_ATTR_INDEX,
	/* u32: which delivery of it; given back as it came */
	ECRYPTFS_GENL_ATTR_COUNTER,
	/* 1 to ECRYPTFS_GENL_PACKET_MAX octets: a packet of tag 64 to 67 */
	ECRYPTFS_GENL_ATTR_PACKET,
	/* u32: milliseconds, 1 and more */
	ECRYPTFS_GENL_ATTR_MSEC,
	/* u32: enum ecryptfs_genl_reason */
	ECRYPTFS_GENL_ATTR_REASON,
	/* u32: process id of the daemon that took over, as the one that is
	 * told sees it; 0 if it cannot */
	ECRYPTFS_GENL_ATTR_SUCCESSOR,
	/* u32: how long a task waits for a RESPONSE */
	ECRYPTFS_GENL_ATTR_TIMEOUT_MSEC,
	/* u32: how long one open can be made to wait by EXTEND, in all */
	ECRYPTFS_GENL_ATTR_EXTEND_MSEC,
	/* u32: requests that can be fetched and unanswered at a time */
	ECRYPTFS_GENL_ATTR_WINDOW,
	/* u32: requests of this user at a time; the next fail with EAGAIN */
	ECRYPTFS_GENL_ATTR_QUEUE,
	/* nested: enum ecryptfs_genl_stat, of one daemon */
	ECRYPTFS_GENL_ATTR_STATS,
	/* nested: the same of all daemons since the module was loaded */
	ECRYPTFS_GENL_ATTR_STATS_ALL,
	__ECRYPTFS_GENL_ATTR_MAX,
};

#define ECRYPTFS_GENL_ATTR_MAX (__ECRYPTFS_GENL_ATTR_MAX - 1)

enum ecryptfs_genl_flag {
	/* HELO: take the place of the daemon that is registered. It must live
	 * in the same user, network, PID and mount namespaces; it gets QUIT,
	 * and its requests, answered or not, go to who replaces it. */
	ECRYPTFS_GENL_FLAG_REPLACE = 1,
};

enum ecryptfs_genl_reason {
	ECRYPTFS_GENL_REASON_UNSPEC,
	/* Another daemon took over; see SUCCESSOR. */
	ECRYPTFS_GENL_REASON_REPLACED,
	/* The kernel's half is being unloaded. */
	ECRYPTFS_GENL_REASON_UNLOAD,
};

/* Each a u64 below ATTR_STATS. */
enum ecryptfs_genl_stat {
	ECRYPTFS_GENL_STAT_UNSPEC,
	ECRYPTFS_GENL_STAT_PAD,
	/* requests that were made */
	ECRYPTFS_GENL_STAT_REQUESTS,
	/* of these: fetched, answered, not answered in time, given up by a
	 * signal, lost with their daemon */
	ECRYPTFS_GENL_STAT_DELIVERED,
	ECRYPTFS_GENL_STAT_ANSWERED,
	ECRYPTFS_GENL_STAT_TIMED_OUT,
	ECRYPTFS_GENL_STAT_KILLED,
	ECRYPTFS_GENL_STAT_ABANDONED,
	/* requests that were not made: over QUEUE, no daemon */
	ECRYPTFS_GENL_STAT_OVER_LIMIT,
	ECRYPTFS_GENL_STAT_NO_DAEMON,
	/* RESPONSE and EXTEND that were refused */
	ECRYPTFS_GENL_STAT_REFUSED,
	/* EXTEND that was granted */
	ECRYPTFS_GENL_STAT_EXTENDED,
	/* requests that wait or are out now */
	ECRYPTFS_GENL_STAT_PENDING,
	__ECRYPTFS_GENL_STAT_MAX,
};

#define ECRYPTFS_GENL_STAT_MAX (__ECRYPTFS_GENL_STAT_MAX - 1)

#endif
