/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two threads and a ring between them. What the reader thread touches after
 * its start is locked in memory and needs no lock, no allocation and no log.
 */
#include "config.h"

#include "daemon/device-reader.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/frame-queue.h"
#include "libecryptfs/packet.h"

/* A stock kernel has 32 slots for the whole machine unless told otherwise. */
#define QUEUE_SLOTS 128

/* Reads of nothing in a row after which the reader rests a while. */
#define EMPTY_READS_MAX 16
#define EMPTY_READS_REST_MSEC 10

/* Of a kernel that goes on queueing while we leave. */
#define LAST_READS_MAX 4096

#ifdef SANITIZED
#define STACK_SIZE ((size_t)1 << 20)
#else
#define STACK_SIZE ((size_t)1 << 16)
#endif

struct DeviceReader {
	int fd;
	int wake; /* eventfd: read what is there and end */
	int lost; /* eventfd: the reader ended by itself */
	FrameQueue *queue;
	EcryptfsSecret *packet; /* for refusals; made beforehand */
	EcryptfsSecret *out;
	void (*request)(void *data, const struct frame *frame,
			int64_t arrived);
	void *data;

	pthread_t reader;
	pthread_t hander;
	bool reader_runs;
	bool hander_runs;
	uint8_t *stack;

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
static ssize_t read_one(DeviceReader *reader)
{
	struct frame_slot *slot;
	bool room = frame_queue_reserve(reader->queue, &slot);
	ssize_t n = read(reader->fd, slot->data, sizeof(slot->data));

	if (n <= 0)
		return n;
	slot->arrived = g_get_monotonic_time();
	slot->data_len = (size_t)n;
	count(&reader->frames);
	if (room) {
		frame_queue_commit(reader->queue);
		return n;
	}
	refuse_at_once(reader, slot);
	ecryptfs_wipe(slot, sizeof(*slot));
	return n;
}

static void drain(DeviceReader *reader)
{
	struct pollfd fd = { .fd = reader->fd, .events = POLLIN };
	int left;

	for (left = LAST_READS_MAX; left > 0; left--) {
		if (poll(&fd, 1, 0) <= 0 || !(fd.revents & POLLIN) ||
		    read_one(reader) <= 0)
			return;
	}
}

static bool is_passing(int err)
{
	return err == EINTR || err == EAGAIN || err == ENOMEM;
}

/*
 * What poll said about the device; %false when the peer is gone. Reading 0
 * bytes is not the end: a signal came, or somebody else read. The device
 * never says POLLHUP; a peer that closed does.
 */
static bool serve(DeviceReader *reader, short revents, int *empty)
{
	ssize_t n = 0;

	if (revents == 0)
		return true;
	if (revents & POLLIN)
		n = read_one(reader);
	*empty = n > 0 ? 0 : *empty + 1;
	if (n > 0)
		return true;
	return !(revents & (POLLHUP | POLLERR | POLLNVAL)) &&
	       (n == 0 || is_passing(errno));
}

/* %true: told to end. %false: the peer is gone. */
static bool read_until_woken(DeviceReader *reader)
{
	int empty = 0;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = reader->wake, .events = POLLIN },
			{ .fd = reader->fd, .events = POLLIN },
		};
		bool rest = empty >= EMPTY_READS_MAX;

		if (rest)
			empty = 0;
		if (poll(fds, rest ? 1 : 2,
			 rest ? EMPTY_READS_REST_MSEC : -1) < 0) {
			if (!is_passing(errno))
				return false;
			continue;
		}
		if (fds[0].revents)
			return true;
		if (!serve(reader, fds[1].revents, &empty))
			return false;
	}
}

static void *reader_run(void *data)
{
	DeviceReader *reader = data;

	if (read_until_woken(reader))
		drain(reader);
	else
		eventfd_write(reader->lost, 1);
	frame_queue_close(reader->queue);
	return NULL;
}

static void *hander_run(void *data)
{
	DeviceReader *reader = data;
	struct frame_slot *slot;
	struct frame frame;

	while ((slot = frame_queue_wait(reader->queue))) {
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
		frame_queue_release(reader->queue);
	}
	return NULL;
}

/* A stack of our own, because only that can be locked before it is used. */
static bool make_stack(DeviceReader *reader, pthread_attr_t *attr)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *stack;

	stack = mmap(NULL, guard + STACK_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return false;
	reader->stack = stack;
	mprotect(stack, guard, PROT_NONE);
	madvise(stack, guard + STACK_SIZE, MADV_DONTDUMP);
	if (mlock(stack + guard, STACK_SIZE) != 0 ||
	    !frame_queue_locked(reader->queue))
		g_message("cannot lock the memory of the reader of eCryptfs "
			  "requests: raise RLIMIT_MEMLOCK (ulimit -l)");
	return pthread_attr_setstack(attr, stack + guard, STACK_SIZE) == 0;
}

static void free_stack(DeviceReader *reader)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);

	if (!reader->stack)
		return;
	ecryptfs_wipe(reader->stack + guard, STACK_SIZE);
	munmap(reader->stack, guard + STACK_SIZE);
}

/* Threads without signals: a signal would make a read return 0. */
static int start_threads(DeviceReader *reader, const pthread_attr_t *attr)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&reader->hander, NULL, hander_run, reader);
	reader->hander_runs = err == 0;
	if (err == 0)
		err = pthread_create(&reader->reader, attr, reader_run, reader);
	reader->reader_runs = reader->hander_runs && err == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static int start(DeviceReader *reader)
{
	pthread_attr_t attr;
	int err;

	reader->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reader->wake < 0)
		return errno;
	reader->lost = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (reader->lost < 0)
		return errno;
	pthread_attr_init(&attr);
	err = make_stack(reader, &attr) ? start_threads(reader, &attr) :
					  ENOMEM;
	pthread_attr_destroy(&attr);
	return err;
}

DeviceReader *device_reader_start(int fd,
				  void (*request)(void *data,
						  const struct frame *frame,
						  int64_t arrived),
				  void *data, GError **error)
{
	g_autoptr(DeviceReader) reader = g_new0(DeviceReader, 1);
	int err;

	reader->fd = fd;
	reader->wake = -1;
	reader->lost = -1;
	reader->request = request;
	reader->data = data;
	reader->queue = frame_queue_new(QUEUE_SLOTS);
	reader->packet = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
	reader->out = ecryptfs_secret_new(FRAME_MAX_RESPONSE);
	err = start(reader);
	if (err != 0) {
		ecryptfs_error_set_errno(
			error, err,
			"cannot start the reader of eCryptfs requests");
		return NULL;
	}
	return g_steal_pointer(&reader);
}

int device_reader_lost_fd(const DeviceReader *reader)
{
	return reader->lost;
}

void device_reader_stop(DeviceReader *reader)
{
	if (reader->reader_runs) {
		eventfd_write(reader->wake, 1);
		pthread_join(reader->reader, NULL);
	} else {
		frame_queue_close(reader->queue);
	}
	if (reader->hander_runs)
		pthread_join(reader->hander, NULL);
	reader->reader_runs = false;
	reader->hander_runs = false;
}

void device_reader_free(DeviceReader *reader)
{
	if (!reader)
		return;
	device_reader_stop(reader);
	if (reader->wake >= 0)
		close(reader->wake);
	if (reader->lost >= 0)
		close(reader->lost);
	frame_queue_free(reader->queue);
	ecryptfs_secret_free(reader->packet);
	ecryptfs_secret_free(reader->out);
	free_stack(reader);
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
