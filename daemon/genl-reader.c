/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a datagram means for the conversation. The receiving thread does not
 * allocate and does not log; the one lock that it takes is held by others for
 * a few instructions.
 */
#include "daemon/genl-reader.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "daemon/reader.h"
#include "libecryptfs/packet.h"

/* The ACK is there when the message was sent, unless it was lost. */
#define ACK_SECONDS 1

/* For the QUIT that may follow when the kernel says: you are not registered. */
#define QUIT_MSEC 200

/* Who waits for the ACK of a message; on the stack of who waits. */
struct ack {
	uint32_t seq;
	bool came;
	int err;
	struct ack *next;
};

struct GenlReader {
	atomic_uint refs;
	GenlSocket *socket;
	Reader *threads;
	GenlRequest request;
	void *data;
	atomic_uint seq; /* of the last message sent */

	/* The receiving thread only. */
	EcryptfsSecret *fetch;
	EcryptfsSecret *packet; /* for refusals */
	EcryptfsSecret *out;
	bool sweeping; /* fetching whatever waits, one after the other */
	bool sweep_due;
	uint32_t sweep_seq;
	bool disowned; /* the kernel does not know this socket any more */

	pthread_mutex_t lock;
	pthread_cond_t came;
	struct ack *acks;
	bool deaf; /* nobody receives any more */
	uint32_t reason;
	uint32_t successor;

	atomic_uint frames;
	atomic_uint malformed;
	atomic_uint foreign;
	atomic_uint lost;
	atomic_uint overrun;
};

static void count(atomic_uint *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* Never 0, which the kernel's own messages have. */
static struct genl_call next_call(GenlReader *reader, bool ack)
{
	struct genl_call call = {
		.family = genl_socket_family(reader->socket),
		.ack = ack,
	};

	do {
		call.seq = atomic_fetch_add(&reader->seq, 1) + 1;
	} while (call.seq == 0);
	return call;
}

static bool means_disowned(int err)
{
	return err == EPERM || err == ENOTCONN || err == ENOENT ||
	       err == ECONNREFUSED;
}

/* @id: NULL for the request that waits longest; the message's number, or 0. */
static uint32_t send_fetch(GenlReader *reader, const struct transport_id *id)
{
	struct genl_call call = next_call(reader, false);
	int err;

	genl_message_write_fetch(&call, id, reader->fetch);
	err = genl_socket_send(reader->socket, reader->fetch);
	if (err == 0)
		return call.seq;
	/* Out of memory, mostly: with the next message it is tried again. */
	reader->sweep_due = true;
	reader->disowned |= means_disowned(err);
	return 0;
}

static void sweep(GenlReader *reader)
{
	reader->sweep_due = false;
	reader->sweep_seq = send_fetch(reader, NULL);
	reader->sweeping = reader->sweep_seq != 0;
}

/* The answer to a FETCH came; was it the sweep's? */
static bool is_of_sweep(const GenlReader *reader, uint32_t seq)
{
	return reader->sweeping && seq == reader->sweep_seq;
}

/* The receiver's own answer when the ring is full. */
static void refuse_at_once(GenlReader *reader,
			   const struct genl_message *message)
{
	struct genl_call call = next_call(reader, false);
	enum ecryptfs_tag tag;

	count(&reader->overrun);
	if (!ecryptfs_packet_reply_tag(message->packet, message->packet_len,
				       &tag))
		return;
	ecryptfs_packet_write_failure(tag, reader->packet);
	if (!genl_message_write_response(&call, &message->id, reader->packet,
					 reader->out))
		return;
	if (genl_socket_send(reader->socket, reader->out) != 0)
		return; /* its opener waits its time out */
}

static void tell_waiter(GenlReader *reader, uint32_t seq, int err)
{
	struct ack *ack;

	pthread_mutex_lock(&reader->lock);
	for (ack = reader->acks; ack; ack = ack->next)
		if (ack->seq == seq) {
			ack->came = true;
			ack->err = err;
			pthread_cond_broadcast(&reader->came);
			break;
		}
	pthread_mutex_unlock(&reader->lock);
}

/*
 * EAGAIN ends a sweep: there is nothing, or the window is full and the kernel
 * rings when that changes. EINVAL for a doorbell: a sweep was faster, or the
 * opener is gone.
 */
static void take_result(GenlReader *reader, const struct genl_message *message)
{
	tell_waiter(reader, message->seq, message->err);
	if (is_of_sweep(reader, message->seq)) {
		reader->sweeping = false;
		reader->sweep_due |= message->err == ENOMEM;
	}
	reader->disowned |= means_disowned(message->err);
}

static void take_quit(GenlReader *reader, const struct genl_message *message)
{
	pthread_mutex_lock(&reader->lock);
	reader->reason = message->reason;
	reader->successor = message->successor;
	pthread_mutex_unlock(&reader->lock);
}

/* %false when the kernel said QUIT. A packet stays in @slot if it has @room. */
static bool take(GenlReader *reader, const struct genl_message *message,
		 bool room, bool *keep)
{
	switch (message->kind) {
	case GENL_KIND_PACKET:
		*keep = room;
		if (!room)
			refuse_at_once(reader, message);
		if (is_of_sweep(reader, message->seq))
			sweep(reader);
		break;
	case GENL_KIND_DOORBELL:
		send_fetch(reader, &message->id);
		break;
	case GENL_KIND_RESULT:
		take_result(reader, message);
		break;
	case GENL_KIND_QUIT:
		take_quit(reader, message);
		return false;
	case GENL_KIND_MALFORMED:
		count(&reader->malformed);
		if (is_of_sweep(reader, message->seq))
			sweep(reader);
		break;
	case GENL_KIND_HELO:
	case GENL_KIND_EXTENDED: /* the ACK that follows is what counts */
		break;
	}
	return true;
}

static bool take_datagram(GenlReader *reader, FrameQueue *queue,
			  struct frame_slot *slot, bool room)
{
	struct genl_message message;
	bool keep = false;
	bool go_on;

	count(&reader->frames);
	slot->arrived = g_get_monotonic_time();
	genl_message_parse(slot->data, slot->data_len,
			   genl_socket_family(reader->socket), &message);
	go_on = take(reader, &message, room, &keep);
	if (keep)
		frame_queue_commit(queue);
	else
		ecryptfs_wipe(slot->data, slot->data_len);
	return go_on;
}

static enum reader_got on_readable(void *data, FrameQueue *queue,
				   short revents)
{
	GenlReader *reader = data;
	struct frame_slot *slot;
	bool room = frame_queue_reserve(queue, &slot);
	bool go_on = true;

	(void)revents;
	switch (genl_socket_receive(reader->socket, slot->data,
				    sizeof(slot->data), &slot->data_len)) {
	case GENL_RECEIVED_MESSAGE:
		go_on = take_datagram(reader, queue, slot, room);
		break;
	case GENL_RECEIVED_LONG:
		count(&reader->frames);
		count(&reader->malformed);
		ecryptfs_wipe(slot->data, slot->data_len);
		break;
	case GENL_RECEIVED_FOREIGN:
		count(&reader->foreign);
		ecryptfs_wipe(slot->data, slot->data_len);
		break;
	case GENL_RECEIVED_OVERRUN:
		/* A doorbell may be lost, and the sweep's answer too. */
		count(&reader->lost);
		reader->sweeping = false;
		reader->sweep_due = true;
		break;
	case GENL_RECEIVED_NOTHING:
		return READER_GOT_NOTHING;
	case GENL_RECEIVED_FAILED:
		return READER_GOT_LOST;
	}
	/* An answer is lost, without a word, until all before it is read. */
	if (reader->sweep_due && !reader->sweeping &&
	    !genl_socket_has_more(reader->socket))
		sweep(reader);
	return go_on && !reader->disowned ? READER_GOT_MESSAGE :
					    READER_GOT_LOST;
}

/*
 * Whose place was taken may hear that its answer is refused before it hears
 * why; and on the reason it depends whether the daemon leaves.
 */
static void listen_for_quit(GenlReader *reader)
{
	struct pollfd fd = { .fd = genl_socket_fd(reader->socket),
			     .events = POLLIN };
	struct genl_message message;
	int64_t end = g_get_monotonic_time() + QUIT_MSEC * 1000;
	uint8_t data[FRAME_READ_SIZE];
	size_t data_len;

	while (g_get_monotonic_time() < end && poll(&fd, 1, QUIT_MSEC) > 0) {
		enum genl_received received = genl_socket_receive(
			reader->socket, data, sizeof(data), &data_len);

		message.kind = GENL_KIND_MALFORMED;
		if (received == GENL_RECEIVED_MESSAGE)
			genl_message_parse(data, data_len,
					   genl_socket_family(reader->socket),
					   &message);
		ecryptfs_wipe(data, data_len);
		if (message.kind == GENL_KIND_QUIT)
			take_quit(reader, &message);
		if (message.kind == GENL_KIND_QUIT ||
		    received == GENL_RECEIVED_FAILED)
			return;
	}
}

static void on_ended(void *data)
{
	GenlReader *reader = data;

	if (reader->disowned)
		listen_for_quit(reader);
	pthread_mutex_lock(&reader->lock);
	reader->deaf = true;
	pthread_cond_broadcast(&reader->came);
	pthread_mutex_unlock(&reader->lock);
}

static void on_message(void *data, const struct frame_slot *slot)
{
	GenlReader *reader = data;
	struct genl_message message;

	genl_message_parse(slot->data, slot->data_len,
			   genl_socket_family(reader->socket), &message);
	reader->request(reader->data, &message, slot->arrived);
}

static void reader_init(GenlReader *reader)
{
	pthread_condattr_t attr;

	atomic_init(&reader->refs, 1);
	pthread_mutex_init(&reader->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&reader->came, &attr);
	pthread_condattr_destroy(&attr);
	reader->fetch = ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);
	reader->packet = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	reader->out = ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);
}

GenlReader *genl_reader_start(GenlSocket *socket, GenlRequest request,
			      void *data, GError **error)
{
	g_autoptr(GenlReader) reader = g_new0(GenlReader, 1);
	const struct reader_source source = {
		.fd = genl_socket_fd(socket),
		.read = on_readable,
		.ended = on_ended,
		.hand = on_message,
		.data = reader,
	};
	bool lost;

	reader_init(reader);
	reader->socket = socket;
	reader->request = request;
	reader->data = data;
	sweep(reader);
	lost = reader->disowned;
	reader->threads = reader_start(&source, error);
	if (!reader->threads)
		return NULL;
	if (lost)
		reader_give_up(reader->threads);
	return g_steal_pointer(&reader);
}

GenlReader *genl_reader_ref(GenlReader *reader)
{
	atomic_fetch_add(&reader->refs, 1);
	return reader;
}

void genl_reader_unref(GenlReader *reader)
{
	if (!reader || atomic_fetch_sub(&reader->refs, 1) > 1)
		return;
	reader_free(reader->threads);
	genl_socket_free(reader->socket);
	ecryptfs_secret_free(reader->fetch);
	ecryptfs_secret_free(reader->packet);
	ecryptfs_secret_free(reader->out);
	pthread_cond_destroy(&reader->came);
	pthread_mutex_destroy(&reader->lock);
	g_free(reader);
}

int genl_reader_lost_fd(const GenlReader *reader)
{
	return reader_lost_fd(reader->threads);
}

uint32_t genl_reader_quit_reason(GenlReader *reader, uint32_t *successor)
{
	uint32_t reason;

	pthread_mutex_lock(&reader->lock);
	reason = reader->reason;
	*successor = reader->successor;
	pthread_mutex_unlock(&reader->lock);
	return reason;
}

void genl_reader_stop(GenlReader *reader)
{
	reader_stop(reader->threads);
}

void genl_reader_quit(GenlReader *reader)
{
	struct genl_call call = next_call(reader, false);

	genl_message_write_quit(&call, reader->out);
	if (genl_socket_send(reader->socket, reader->out) != 0)
		return; /* then closing the socket does it */
}

static void wait_for_ack_unlocked(GenlReader *reader, const struct ack *ack)
{
	int64_t end = g_get_monotonic_time() + ACK_SECONDS * G_USEC_PER_SEC;
	const struct timespec limit = {
		.tv_sec = end / G_USEC_PER_SEC,
		.tv_nsec = end % G_USEC_PER_SEC * 1000,
	};

	while (!ack->came && !reader->deaf &&
	       pthread_cond_timedwait(&reader->came, &reader->lock, &limit) ==
		       0)
		;
}

static void remove_ack_unlocked(GenlReader *reader, const struct ack *ack)
{
	struct ack **link = &reader->acks;

	while (*link != ack)
		link = &(*link)->next;
	*link = ack->next;
}

/* What the kernel said to @message; ETIMEDOUT when that cannot be heard. */
static int send_and_wait(GenlReader *reader, const struct genl_call *call,
			 const EcryptfsSecret *message)
{
	struct ack ack = { .seq = call->seq, .err = ETIMEDOUT };
	int err;

	pthread_mutex_lock(&reader->lock);
	ack.next = reader->acks;
	reader->acks = &ack;
	pthread_mutex_unlock(&reader->lock);

	err = genl_socket_send(reader->socket, message);

	pthread_mutex_lock(&reader->lock);
	if (err == 0)
		wait_for_ack_unlocked(reader, &ack);
	remove_ack_unlocked(reader, &ack);
	pthread_mutex_unlock(&reader->lock);
	if (err == 0)
		return ack.err;
	if (means_disowned(err))
		reader_give_up(reader->threads);
	return err;
}

enum transport_sent genl_reader_respond(GenlReader *reader,
					const struct transport_id *id,
					const EcryptfsSecret *packet)
{
	struct genl_call call = next_call(reader, true);
	g_autoptr(EcryptfsSecret) message =
		ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);

	if (!genl_message_write_response(&call, id, packet, message))
		return TRANSPORT_SENT_FAILED;
	switch (send_and_wait(reader, &call, message)) {
	case 0:
		return TRANSPORT_SENT_OK;
	case EINVAL: /* late, or its opener was killed */
		return TRANSPORT_SENT_GONE;
	}
	return TRANSPORT_SENT_FAILED;
}

bool genl_reader_extend(GenlReader *reader, const struct transport_id *id,
			uint32_t msec)
{
	struct genl_call call = next_call(reader, true);
	g_autoptr(EcryptfsSecret) message =
		ecryptfs_secret_new(GENL_MESSAGE_MAX_WRITTEN);

	genl_message_write_extend(&call, id, msec, message);
	return send_and_wait(reader, &call, message) == 0;
}

void genl_reader_count(const GenlReader *reader,
		       struct transport_counters *counters)
{
	counters->frames += atomic_load(&reader->frames);
	counters->malformed += atomic_load(&reader->malformed);
	counters->overrun += atomic_load(&reader->overrun);
	counters->foreign += atomic_load(&reader->foreign);
	counters->lost += atomic_load(&reader->lost);
}
