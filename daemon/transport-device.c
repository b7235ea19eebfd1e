/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered, or waiting for the node. Answers are written by whoever has
 * one, at any time: a write to the device takes no position, no lock of the
 * file and one whole message, so writers need no order among themselves and
 * do not disturb the reader. reply_lock is there so that the descriptor's
 * number cannot be closed, and given to another file, under a writer.
 */
#include "daemon/transport-device.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <glib-unix.h>

#include "daemon/device-reader.h"
#include "daemon/frame.h"
#include "daemon/node.h"

struct device {
	struct transport transport;
	struct transport_sink sink;

	/* Main loop only. */
	char *path; /* NULL: made from a descriptor */
	int given_fd;
	NodeWatch *watch;
	unsigned int lost_source;

	pthread_mutex_t reply_lock;
	int fd;
	DeviceReader *reader;
	char *waiting; /* why, when fd is -1 */
	struct transport_counters counters; /* of readers that ended */
};

static void set_waiting(struct device *device, const char *why)
{
	pthread_mutex_lock(&device->reply_lock);
	g_free(device->waiting);
	device->waiting = g_strdup(why);
	pthread_mutex_unlock(&device->reply_lock);
}

static void on_request(void *data, const struct frame *frame, int64_t arrived)
{
	struct device *device = data;

	device->sink.request(device->sink.data, &device->transport, &frame->id,
			     frame->packet, frame->packet_len, arrived);
}

/* The reader has the last word on what is still unread. */
static void unregister(struct device *device)
{
	DeviceReader *reader = device->reader;

	if (!reader)
		return;
	g_source_remove(device->lost_source);
	device->lost_source = 0;
	device_reader_stop(reader);
	pthread_mutex_lock(&device->reply_lock);
	device_reader_count(reader, &device->counters);
	device->reader = NULL;
	close(device->fd);
	device->fd = -1;
	pthread_mutex_unlock(&device->reply_lock);
	device_reader_free(reader);
}

static gboolean on_lost(int fd, GIOCondition condition, void *data)
{
	struct device *device = data;

	(void)fd;
	(void)condition;
	unregister(device);
	set_waiting(device, "the peer is gone");
	if (device->watch)
		node_watch_resume(device->watch);
	device->sink.changed(device->sink.data, &device->transport);
	return G_SOURCE_REMOVE;
}

static int open_peer(struct device *device, GError **error)
{
	int fd = device->given_fd;

	if (device->watch)
		return node_open(device->path, error);
	device->given_fd = -1;
	if (fd < 0)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
			    "the peer is gone");
	return fd;
}

/* The descriptor is there before the first request can be answered. */
static bool begin_reading(struct device *device, int fd, GError **error)
{
	g_autoptr(DeviceReader) reader = NULL;

	pthread_mutex_lock(&device->reply_lock);
	device->fd = fd;
	reader = device_reader_start(fd, on_request, device, error);
	if (!reader) {
		close(fd);
		device->fd = -1;
	} else {
		device->lost_source =
			g_unix_fd_add(device_reader_lost_fd(reader), G_IO_IN,
				      on_lost, device);
		g_clear_pointer(&device->waiting, g_free);
	}
	device->reader = g_steal_pointer(&reader);
	pthread_mutex_unlock(&device->reply_lock);
	return device->reader != NULL;
}

static bool try_to_register(struct device *device, GError **error)
{
	int fd = open_peer(device, error);

	return fd >= 0 && begin_reading(device, fd, error);
}

static void look_again(void *data)
{
	struct device *device = data;
	g_autoptr(GError) error = NULL;

	if (try_to_register(device, &error)) {
		node_watch_pause(device->watch);
	} else {
		if (g_strcmp0(device->waiting, error->message) == 0)
			return;
		set_waiting(device, error->message);
	}
	device->sink.changed(device->sink.data, &device->transport);
}

static bool device_start(struct transport *transport, GError **error)
{
	struct device *device = (struct device *)transport;
	g_autoptr(GError) why = NULL;

	if (try_to_register(device, &why))
		return true;
	set_waiting(device, why->message);
	if (device->watch)
		node_watch_resume(device->watch);
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

static void device_stop(struct transport *transport)
{
	struct device *device = (struct device *)transport;

	if (device->watch)
		node_watch_pause(device->watch);
	unregister(device);
}

static enum transport_sent write_frame(int fd, const EcryptfsSecret *frame)
{
	size_t frame_len = ecryptfs_secret_len(frame);
	ssize_t n;

	if (fd < 0)
		return TRANSPORT_SENT_FAILED;
	do {
		n = write(fd, ecryptfs_secret_data(frame), frame_len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)frame_len)
		return TRANSPORT_SENT_OK;
	/* The kernel's word for: nobody waits for that counter and index. */
	return n < 0 && errno == EINVAL ? TRANSPORT_SENT_GONE :
					  TRANSPORT_SENT_FAILED;
}

static enum transport_sent device_reply(struct transport *transport,
					const struct transport_id *id,
					const EcryptfsSecret *packet,
					const GError *why)
{
	struct device *device = (struct device *)transport;
	g_autoptr(EcryptfsSecret) frame =
		ecryptfs_secret_new(FRAME_MAX_RESPONSE);
	enum transport_sent sent;

	(void)why;
	if (!frame_write_response(id, packet, frame))
		return TRANSPORT_SENT_FAILED;
	pthread_mutex_lock(&device->reply_lock);
	sent = write_frame(device->fd, frame);
	pthread_mutex_unlock(&device->reply_lock);
	return sent;
}

static char *device_describe(struct transport *transport)
{
	struct device *device = (struct device *)transport;
	char *text;

	pthread_mutex_lock(&device->reply_lock);
	text = device->fd >= 0 ?
		       g_strdup("registered") :
		       g_strdup_printf("waiting for eCryptfs: %s",
				       device->waiting ? device->waiting :
							 "not started");
	pthread_mutex_unlock(&device->reply_lock);
	return text;
}

static void device_count(struct transport *transport,
			 struct transport_counters *counters)
{
	struct device *device = (struct device *)transport;

	pthread_mutex_lock(&device->reply_lock);
	*counters = device->counters;
	if (device->reader)
		device_reader_count(device->reader, counters);
	pthread_mutex_unlock(&device->reply_lock);
}

static void device_free(struct transport *transport)
{
	struct device *device = (struct device *)transport;

	node_watch_free(device->watch);
	if (device->given_fd >= 0)
		close(device->given_fd);
	pthread_mutex_destroy(&device->reply_lock);
	g_free(device->waiting);
	g_free(device->path);
	g_free(device);
}

static const struct transport device_transport = {
	.name = "device",
	.start = device_start,
	.stop = device_stop,
	.reply = device_reply,
	.describe = device_describe,
	.count = device_count,
	.free = device_free,
};

struct transport *
transport_device_new_from_fd(int fd, const struct transport_sink *sink)
{
	struct device *device = g_new0(struct device, 1);

	device->transport = device_transport;
	device->sink = *sink;
	device->given_fd = fd;
	device->fd = -1;
	pthread_mutex_init(&device->reply_lock, NULL);
	return &device->transport;
}

struct transport *transport_device_new(const char *path,
				       const struct transport_sink *sink)
{
	struct transport *transport = transport_device_new_from_fd(-1, sink);
	struct device *device = (struct device *)transport;

	device->path = g_strdup(path);
	device->watch = node_watch_new(path, look_again, device);
	return transport;
}
