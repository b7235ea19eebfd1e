/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Step 1 of doc/ARCHITECTURE: a way to talk to those who ask, the kernel
 * first of all. A transport turns messages into {id, packet} and back; it
 * knows nothing of keys. A file each; a loop-back one lives in the tests.
 */
#ifndef DAEMON_TRANSPORT_H
#define DAEMON_TRANSPORT_H

#include "libecryptfs/ecryptfs.h"

struct transport;

/**
 * transport_id:
 * @counter: sequence number of the request
 * @index: its slot at the peer
 *
 * Names a waiting request at its transport; the answer echoes both.
 */
struct transport_id {
	uint32_t counter;
	uint32_t index;
};

/**
 * transport_sent:
 * @TRANSPORT_SENT_OK: the peer took the answer
 * @TRANSPORT_SENT_GONE: nobody waits for it any more
 * @TRANSPORT_SENT_FAILED: the transport itself is at fault or closed
 */
enum transport_sent {
	TRANSPORT_SENT_OK,
	TRANSPORT_SENT_GONE,
	TRANSPORT_SENT_FAILED,
};

/**
 * transport_counters:
 * @frames: messages that came, good and bad
 * @malformed: counted drops: what is no message of the protocol
 * @empty: remnants of requests whose opener gave up before they were read
 * @overrun: requests failed at once because the reader's queue was full
 * @foreign: messages that the kernel did not send
 * @lost: times that the kernel found no room for a message
 */
struct transport_counters {
	unsigned int frames;
	unsigned int malformed;
	unsigned int empty;
	unsigned int overrun;
	unsigned int foreign;
	unsigned int lost;
};

/**
 * transport_limits:
 * @version: of the protocol
 * @timeout_msec: how long an opener waits for an answer
 * @extend_msec: how long one can be made to wait, in all
 * @window: requests that can be with the daemon at a time
 * @queue: requests of this user at a time
 *
 * What a peer tells when the daemon registers.
 */
struct transport_limits {
	uint32_t version;
	uint32_t timeout_msec;
	uint32_t extend_msec;
	uint32_t window;
	uint32_t queue;
};

/**
 * transport_sink:
 * @request: a request came. @packet is hostile and only borrowed; the sink
 *   answers it through the transport's reply, now or later. @arrived is
 *   g_get_monotonic_time() of when it was read. Never blocks. Called from a
 *   thread of the transport.
 * @changed: registered or not any more; on the main loop
 * @replaced: another daemon has taken this one's place, and @why says which:
 *   the transport will not register again. On the main loop
 * @data: passed to all
 *
 * Where requests go: dispatch.
 */
struct transport_sink {
	void (*request)(void *data, struct transport *transport,
			const struct transport_id *id, const uint8_t *packet,
			size_t packet_len, int64_t arrived);
	void (*changed)(void *data, struct transport *transport);
	void (*replaced)(void *data, struct transport *transport,
			 const GError *why);
	void *data;
};

/**
 * transport:
 * @name: word for --transport and status, e.g. "device"
 * @start: look for the peer and register. %false with an error when there
 *   is none now: then it goes on looking until @stop. Main loop only.
 * @stop: read what is there, hand it over, unregister, close. After it no
 *   request comes and every reply is refused. Main loop only.
 * @reply: answer @id. @why is set when @packet is a failure, for peers that
 *   can be told. Any thread; waits for nobody but the kernel.
 * @extend: (nullable): @id waits for a person: ask that its opener waits
 *   @msec from now on. %false when the peer does not let it. Any thread.
 * @limits: (nullable): what the peer told; %false when not registered. Any
 *   thread.
 * @describe: (transfer full): "registered", or "waiting" and why. Any thread.
 * @count: what it counted since it was made. Any thread.
 * @free: stopped before
 *
 * Embedded at the start of each transport's own struct.
 */
struct transport {
	const char *name;
	bool (*start)(struct transport *transport, GError **error);
	void (*stop)(struct transport *transport);
	enum transport_sent (*reply)(struct transport *transport,
				     const struct transport_id *id,
				     const EcryptfsSecret *packet,
				     const GError *why);
	bool (*extend)(struct transport *transport,
		       const struct transport_id *id, unsigned int msec);
	bool (*limits)(struct transport *transport,
		       struct transport_limits *limits);
	char *(*describe)(struct transport *transport);
	void (*count)(struct transport *transport,
		      struct transport_counters *counters);
	void (*free)(struct transport *transport);
};

#endif
