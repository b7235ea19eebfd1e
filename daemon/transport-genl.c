/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registered, or waiting for the family. A conversation, from HELO to its
 * end, is a GenlReader: who answers holds a reference meanwhile, so that no
 * lock is held while the kernel's ACK is awaited.
 */
#include "daemon/transport-genl.h"

#include <pthread.h>

#include <glib-unix.h>

#include "daemon/back-off.h"
#include "daemon/genl-helo.h"
#include "daemon/genl-reader.h"

struct genl {
	struct transport transport;
	struct transport_genl_config config;

	/* Main loop only. */
	unsigned int watch_source; /* the watch is about to be made */
	GenlFamilyWatch *watch;
	BackOff *back_off;
	bool backing_off;
	bool present;
	unsigned int lost_source;

	pthread_mutex_t lock;
	GenlReader *reader; /* NULL: not registered */
	struct transport_limits limits;
	char *waiting; /* why, when not registered */
	struct transport_counters counters; /* of readers that ended */
};

static void set_waiting(struct genl *genl, const char *why)
{
	pthread_mutex_lock(&genl->lock);
	g_free(genl->waiting);
	genl->waiting = g_strdup(why);
	pthread_mutex_unlock(&genl->lock);
}

/* (transfer full) (nullable) */
static GenlReader *get_reader(struct genl *genl)
{
	GenlReader *reader;

	pthread_mutex_lock(&genl->lock);
	reader = genl->reader ? genl_reader_ref(genl->reader) : NULL;
	pthread_mutex_unlock(&genl->lock);
	return reader;
}

static void on_request(void *data, const struct genl_message *message,
		       int64_t arrived)
{
	struct genl *genl = data;

	genl->config.sink.request(genl->config.sink.data, &genl->transport,
				  &message->id, message->packet,
				  message->packet_len, arrived);
}

/* (transfer full) (nullable): the reader that was, which can still send. */
static GenlReader *end_conversation(struct genl *genl)
{
	GenlReader *reader = genl->reader;

	if (!reader)
		return NULL;
	g_source_remove(genl->lost_source);
	genl->lost_source = 0;
	genl_reader_stop(reader);
	pthread_mutex_lock(&genl->lock);
	genl_reader_count(reader, &genl->counters);
	genl->reader = NULL;
	pthread_mutex_unlock(&genl->lock);
	return reader;
}

/* Refused, the kernel does not tell when it would not be any more. */
static void set_back_off(struct genl *genl, bool on)
{
	if (on && !genl->backing_off)
		back_off_resume(genl->back_off);
	if (!on)
		back_off_pause(genl->back_off);
	genl->backing_off = on;
}

static void end_watch(struct genl *genl)
{
	if (genl->watch_source)
		g_source_remove(genl->watch_source);
	genl->watch_source = 0;
	g_clear_pointer(&genl->watch, genl_family_watch_free);
}

static void be_replaced(struct genl *genl, uint32_t successor)
{
	g_autofree char *by = successor ?
				      g_strdup_printf("with process id %u",
						      successor) :
				      g_strdup("of other namespaces");
	g_autoptr(GError) why =
		g_error_new(ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			    "another ecryptfsd of user %s, %s, has taken over",
			    g_get_user_name(), by);

	set_back_off(genl, false);
	end_watch(genl);
	set_waiting(genl, why->message);
	genl->config.sink.replaced(genl->config.sink.data, &genl->transport,
				   why);
}

static gboolean on_lost(int fd, GIOCondition condition, void *data)
{
	struct genl *genl = data;
	g_autoptr(GenlReader) reader = NULL;
	uint32_t reason, successor;

	(void)fd;
	(void)condition;
	reader = end_conversation(genl);
	reason = genl_reader_quit_reason(reader, &successor);
	if (reason == ECRYPTFS_GENL_REASON_REPLACED) {
		be_replaced(genl, successor);
		return G_SOURCE_REMOVE;
	}
	set_waiting(genl, reason == ECRYPTFS_GENL_REASON_UNLOAD ?
				  "the kernel's eCryptfs was unloaded" :
				  "the kernel has dropped this daemon");
	set_back_off(genl, true);
	genl->config.sink.changed(genl->config.sink.data, &genl->transport);
	return G_SOURCE_REMOVE;
}

/* The reader is there before its first request can be answered. */
static bool begin_conversation(struct genl *genl, GenlSocket *socket,
			       const struct transport_limits *limits,
			       GError **error)
{
	pthread_mutex_lock(&genl->lock);
	genl->reader = genl_reader_start(socket, on_request, genl, error);
	if (genl->reader) {
		genl->limits = *limits;
		genl->lost_source =
			g_unix_fd_add(genl_reader_lost_fd(genl->reader),
				      G_IO_IN, on_lost, genl);
		g_clear_pointer(&genl->waiting, g_free);
	}
	pthread_mutex_unlock(&genl->lock);
	return genl->reader != NULL;
}

static bool find_peer(struct genl *genl, bool may_load, struct genl_peer *peer,
		      GError **error)
{
	if (genl->config.test_peer)
		*peer = *genl->config.test_peer;
	else
		*peer = (struct genl_peer){ genl_family_find(may_load), 0 };
	genl->present = peer->family != 0;
	if (!genl->present)
		g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_KERNEL,
			    "there is no generic netlink family \""
			    ECRYPTFS_GENL_NAME "\": \"modprobe ecryptfs\" as "
			    "root makes it, if the module is that of "
			    "ecryptfs-pki");
	return genl->present;
}

static bool try_to_register(struct genl *genl, bool may_load, GError **error)
{
	g_autoptr(GenlSocket) socket = NULL;
	struct transport_limits limits;
	unsigned int foreign = 0;
	struct genl_peer peer;
	bool registered;

	if (!find_peer(genl, may_load, &peer, error))
		return false;
	if (genl->config.found)
		genl->config.found(genl->config.sink.data);
	socket = genl_socket_open(&peer, error);
	if (!socket)
		return false;
	registered = genl_helo(socket, genl->config.replace, &limits, &foreign,
			       error);
	pthread_mutex_lock(&genl->lock);
	genl->counters.foreign += foreign;
	pthread_mutex_unlock(&genl->lock);
	if (!registered || !begin_conversation(genl, g_steal_pointer(&socket),
					       &limits, error))
		return false;
	/* Should it be lost later, another daemon has its place by right. */
	genl->config.replace = false;
	g_info("the kernel waits %u ms for an answer, and %u ms for a person; "
	       "%u requests of %u at a time", limits.timeout_msec,
	       limits.extend_msec, limits.window, limits.queue);
	return true;
}

static void look_again(void *data)
{
	struct genl *genl = data;
	g_autoptr(GError) error = NULL;

	if (genl->reader)
		return;
	if (try_to_register(genl, false, &error)) {
		set_back_off(genl, false);
	} else {
		set_back_off(genl, genl->present || !genl->watch);
		if (g_strcmp0(genl->waiting, error->message) == 0)
			return;
		set_waiting(genl, error->message);
	}
	genl->config.sink.changed(genl->config.sink.data, &genl->transport);
}

/* Of a family that came before it was made the watch does not tell. */
static gboolean begin_to_watch(void *data)
{
	struct genl *genl = data;

	genl->watch_source = 0;
	genl->watch = genl_family_watch_new(look_again, genl);
	look_again(genl);
	return G_SOURCE_REMOVE;
}

static bool genl_start(struct transport *transport, GError **error)
{
	struct genl *genl = (struct genl *)transport;
	g_autoptr(GError) why = NULL;

	/* When the start is over: openers wait until it is. */
	if (!genl->config.test_peer)
		genl->watch_source = g_idle_add(begin_to_watch, genl);
	if (try_to_register(genl, genl->config.may_load, &why))
		return true;
	set_waiting(genl, why->message);
	set_back_off(genl, genl->present || !genl->watch_source);
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

static void genl_stop(struct transport *transport)
{
	struct genl *genl = (struct genl *)transport;
	g_autoptr(GenlReader) reader = NULL;

	set_back_off(genl, false);
	end_watch(genl);
	reader = end_conversation(genl);
	if (reader)
		genl_reader_quit(reader);
	set_waiting(genl, "stopped");
}

static enum transport_sent genl_reply(struct transport *transport,
				      const struct transport_id *id,
				      const EcryptfsSecret *packet,
				      const GError *why)
{
	g_autoptr(GenlReader) reader = get_reader((struct genl *)transport);

	(void)why;
	return reader ? genl_reader_respond(reader, id, packet) :
			TRANSPORT_SENT_FAILED;
}

static bool genl_extend(struct transport *transport,
			const struct transport_id *id, unsigned int msec)
{
	g_autoptr(GenlReader) reader = get_reader((struct genl *)transport);

	return reader && genl_reader_extend(reader, id, msec);
}

static bool genl_limits(struct transport *transport,
			struct transport_limits *limits)
{
	struct genl *genl = (struct genl *)transport;
	bool registered;

	pthread_mutex_lock(&genl->lock);
	registered = genl->reader != NULL;
	*limits = genl->limits;
	pthread_mutex_unlock(&genl->lock);
	return registered;
}

static char *genl_describe(struct transport *transport)
{
	struct genl *genl = (struct genl *)transport;
	char *text;

	pthread_mutex_lock(&genl->lock);
	text = genl->reader ?
		       g_strdup("registered") :
		       g_strdup_printf("waiting for eCryptfs: %s",
				       genl->waiting ? genl->waiting :
						       "not started");
	pthread_mutex_unlock(&genl->lock);
	return text;
}

static void genl_count(struct transport *transport,
		       struct transport_counters *counters)
{
	struct genl *genl = (struct genl *)transport;

	pthread_mutex_lock(&genl->lock);
	*counters = genl->counters;
	if (genl->reader)
		genl_reader_count(genl->reader, counters);
	pthread_mutex_unlock(&genl->lock);
}

static void genl_free(struct transport *transport)
{
	struct genl *genl = (struct genl *)transport;

	back_off_free(genl->back_off);
	pthread_mutex_destroy(&genl->lock);
	g_free(genl->waiting);
	g_free(genl);
}

bool transport_genl_is_present(struct transport *transport)
{
	return ((struct genl *)transport)->present;
}

static const struct transport genl_transport = {
	.name = "netlink",
	.start = genl_start,
	.stop = genl_stop,
	.reply = genl_reply,
	.extend = genl_extend,
	.limits = genl_limits,
	.describe = genl_describe,
	.count = genl_count,
	.free = genl_free,
};

struct transport *transport_genl_new(const struct transport_genl_config *config)
{
	struct genl *genl = g_new0(struct genl, 1);

	genl->transport = genl_transport;
	genl->config = *config;
	genl->back_off = back_off_new(look_again, genl);
	pthread_mutex_init(&genl->lock, NULL);
	return &genl->transport;
}
