/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two threads and a ring between them. What the reading thread touches after
 * its start is locked in memory.
 */
#include "config.h"

#include "daemon/reader.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

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

struct Reader {
	struct reader_source source;
	int wake; /* eventfd: read what is there and end */
	int lost; /* eventfd: the reader ended by itself */
	FrameQueue *queue;

	pthread_t reader;
	pthread_t hander;
	bool reader_runs;
	bool hander_runs;
	uint8_t *stack;
};

static enum reader_got read_one(Reader *reader, short revents)
{
	return reader->source.read(reader->source.data, reader->queue,
				   revents);
}

static void drain(Reader *reader)
{
	struct pollfd fd = { .fd = reader->source.fd, .events = POLLIN };
	int left;

	for (left = LAST_READS_MAX; left > 0; left--) {
		if (poll(&fd, 1, 0) <= 0 || !(fd.revents & POLLIN) ||
		    read_one(reader, fd.revents) != READER_GOT_MESSAGE)
			return;
	}
}

/* %false when the peer is gone. */
static bool serve(Reader *reader, short revents, int *empty)
{
	if (revents == 0)
		return true;
	switch (read_one(reader, revents)) {
	case READER_GOT_MESSAGE:
		*empty = 0;
		return true;
	case READER_GOT_NOTHING:
		(*empty)++;
		return true;
	case READER_GOT_LOST:
		return false;
	}
	g_assert_not_reached();
}

static bool is_passing(int err)
{
	return err == EINTR || err == EAGAIN || err == ENOMEM;
}

/* %true: told to end. %false: the peer is gone. */
static bool read_until_woken(Reader *reader)
{
	int empty = 0;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = reader->wake, .events = POLLIN },
			{ .fd = reader->source.fd, .events = POLLIN },
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

void reader_give_up(Reader *reader)
{
	eventfd_write(reader->lost, 1);
}

static void *reader_run(void *data)
{
	Reader *reader = data;
	bool woken = read_until_woken(reader);

	if (woken)
		drain(reader);
	if (reader->source.ended)
		reader->source.ended(reader->source.data);
	if (!woken)
		reader_give_up(reader);
	frame_queue_close(reader->queue);
	return NULL;
}

static void *hander_run(void *data)
{
	Reader *reader = data;
	struct frame_slot *slot;

	while ((slot = frame_queue_wait(reader->queue))) {
		reader->source.hand(reader->source.data, slot);
		frame_queue_release(reader->queue);
	}
	return NULL;
}

/* A stack of our own, because only that can be locked before it is used. */
static bool make_stack(Reader *reader, pthread_attr_t *attr)
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

static void free_stack(Reader *reader)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);

	if (!reader->stack)
		return;
	ecryptfs_wipe(reader->stack + guard, STACK_SIZE);
	munmap(reader->stack, guard + STACK_SIZE);
}

/* Threads without signals: a signal would make a read return 0. */
static int start_threads(Reader *reader, const pthread_attr_t *attr)
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

static int start(Reader *reader)
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

Reader *reader_start(const struct reader_source *source, GError **error)
{
	g_autoptr(Reader) reader = g_new0(Reader, 1);
	int err;

	reader->source = *source;
	reader->wake = -1;
	reader->lost = -1;
	reader->queue = frame_queue_new(READER_QUEUE_SLOTS);
	err = start(reader);
	if (err != 0) {
		ecryptfs_error_set_errno(
			error, err,
			"cannot start the reader of eCryptfs requests");
		return NULL;
	}
	return g_steal_pointer(&reader);
}

int reader_lost_fd(const Reader *reader)
{
	return reader->lost;
}

void reader_stop(Reader *reader)
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

void reader_free(Reader *reader)
{
	if (!reader)
		return;
	reader_stop(reader);
	if (reader->wake >= 0)
		close(reader->wake);
	if (reader->lost >= 0)
		close(reader->lost);
	frame_queue_free(reader->queue);
	free_stack(reader);
	g_free(reader);
}
