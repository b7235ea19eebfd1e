/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a read of /dev/ecryptfs is, and what a message. The reading thread
 * needs no lock, no allocation and no log.
 */
#include "daemon/device-reader.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

#include "daemon/reader.h"
#include "libecryptfs/packet.h"

struct DeviceReader {
	int fd;
	Reader *threads;
	EcryptfsSecret *packet; /* for refusals; made beforehand */
	EcryptfsSecret *out;
	void (*request)(void *data, const struct frame *frame,
			int64_t arrived);
	void *data;

	atomic_uint frames;
	atomic_uint malformed;
	atomic_uint empty;
	atomic_uint overrun;
};

static void count(atomic_uint *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* The reader's own answer when the ring is full. */
static void refuse_at_once(DeviceReader *reader, const struct frame_slot *slot)
{
	struct frame frame;
	enum ecryptfs_tag tag;

	count(&reader->overrun);
	if (frame_parse(slot->data, slot->data_len, &frame) !=
		    FRAME_KIND_REQUEST ||
	    !ecryptfs_packet_reply_tag(frame.packet, frame.packet_len, &tag))
		return;
	ecryptfs_packet_write_failure(tag, reader->packet);
	if (!frame_write_response(&frame.id, reader->packet, reader->out))
		return;
	if (write(reader->fd, ecryptfs_secret_data(reader->out),
		  ecryptfs_secret_len(reader->out)) < 0)
		return; /* the opener gave up */
}

/* One read; what it returned. */
static ssize_t read_one(DeviceReader *reader, FrameQueue *queue)
{
	struct frame_slot *slot;
	bool room = frame_queue_reserve(queue, &slot);
	ssize_t n = read(reader->fd, slot->data, sizeof(slot->data));

	if (n <= 0)
		return n;
	slot->arrived = g_get_monotonic_time();
	slot->data_len = (size_t)n;
	count(&reader->frames);
	if (room) {
		frame_queue_commit(queue);
		return n;
	}
	refuse_at_once(reader, slot);
	ecryptfs_wipe(slot, sizeof(*slot));
	return n;
}

static bool is_passing(int err)
{
	return err == EINTR || err == EAGAIN || err == ENOMEM;
}

/*
 * Reading 0 bytes is not the end: a signal came, or somebody else read. The
 * device never says POLLHUP; a peer that closed does.
 */
static enum reader_got on_readable(void *data, FrameQueue *queue,
				   short revents)
{
	DeviceReader *reader = data;
	ssize_t n = 0;

	if (revents & POLLIN)
		n = read_one(reader, queue);
	if (n > 0)
		return READER_GOT_MESSAGE;
	if (revents & (POLLHUP | POLLERR | POLLNVAL))
		return READER_GOT_LOST;
	return n == 0 || is_passing(errno) ? READER_GOT_NOTHING :
					     READER_GOT_LOST;
}

static void on_message(void *data, const struct frame_slot *slot)
{
	DeviceReader *reader = data;
	struct frame frame;

	switch (frame_parse(slot->data, slot->data_len, &frame)) {
	case FRAME_KIND_REQUEST:
		reader->request(reader->data, &frame, slot->arrived);
		break;
	case FRAME_KIND_EMPTY:
		count(&reader->empty);
		break;
	case FRAME_KIND_MALFORMED:
		count(&reader->malformed);
		break;
	}
}

DeviceReader *device_reader_start(int fd,
				  void (*request)(void *data,
						  const struct frame *frame,
						  int64_t arrived),
				  void *data, GError **error)
{
	g_autoptr(DeviceReader) reader = g_new0(DeviceReader, 1);
	const struct reader_source source = {
		.fd = fd,
		.read = on_readable,
		.hand = on_message,
		.data = reader,
	};

	reader->fd = fd;
	reader->request = request;
	reader->data = data;
	reader->packet = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	reader->out = ecryptfs_secret_new(FRAME_MAX_RESPONSE);
	reader->threads = reader_start(&source, error);
	return reader->threads ? g_steal_pointer(&reader) : NULL;
}

int device_reader_lost_fd(const DeviceReader *reader)
{
	return reader_lost_fd(reader->threads);
}

void device_reader_stop(DeviceReader *reader)
{
	reader_stop(reader->threads);
}

void device_reader_free(DeviceReader *reader)
{
	if (!reader)
		return;
	reader_free(reader->threads);
	ecryptfs_secret_free(reader->packet);
	ecryptfs_secret_free(reader->out);
	g_free(reader);
}

void device_reader_count(const DeviceReader *reader,
			 struct transport_counters *counters)
{
	counters->frames += atomic_load(&reader->frames);
	counters->malformed += atomic_load(&reader->malformed);
	counters->empty += atomic_load(&reader->empty);
	counters->overrun += atomic_load(&reader->overrun);
}
