/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink comes first. While its family is not there the device is open, or
 * waited for; when the family comes the device is closed, because one daemon
 * of a user has one way to the kernel.
 */
#include "daemon/transports.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "daemon/transport-device.h"
#include "daemon/transport-genl.h"

#define NETLINK "netlink"
#define DEVICE "device"

struct Transports {
	struct transport_sink sink;
	struct transport *netlink; /* NULL: not in the list */
	struct transport *device; /* the same */
	bool device_on; /* open, or waited for */
	_Atomic(struct transport *) current;
};

bool transports_check_list(const char *list, GError **error)
{
	g_auto(GStrv) names = g_strsplit(list ? list : NETLINK, ",", -1);

	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], NETLINK) != 0 &&
		    strcmp(names[i], DEVICE) != 0) {
			g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
				    "unknown transport \"%s\"; there are: "
				    NETLINK ", " DEVICE, names[i]);
			return false;
		}
	if (names[0])
		return true;
	g_set_error(error, ECRYPTFS_ERROR, ECRYPTFS_ERROR_USAGE,
		    "--transport needs at least one name");
	return false;
}

static void on_request(void *data, struct transport *transport,
		       const struct transport_id *id, const uint8_t *packet,
		       size_t packet_len, int64_t arrived)
{
	Transports *transports = data;

	transports->sink.request(transports->sink.data, transport, id, packet,
				 packet_len, arrived);
}

static void release_device(void *data)
{
	Transports *transports = data;

	if (!transports->device_on)
		return;
	transports->device_on = false;
	transports->device->stop(transports->device);
}

static bool start_device(Transports *transports, GError **error)
{
	transports->device_on = true;
	atomic_store(&transports->current, transports->device);
	return transports->device->start(transports->device, error);
}

/* The family came, or went. */
static void on_changed(void *data, struct transport *transport)
{
	Transports *transports = data;

	if (transport == transports->netlink && transports->device) {
		if (transport_genl_is_present(transport))
			atomic_store(&transports->current, transport);
		else if (!transports->device_on)
			start_device(transports, NULL);
	}
	transports->sink.changed(transports->sink.data,
				 transports_current(transports));
}

static void on_replaced(void *data, struct transport *transport,
			const GError *why)
{
	Transports *transports = data;

	transports->sink.replaced(transports->sink.data, transport, why);
}

/* (transfer full) */
static char **names_of(const struct transports_config *config)
{
	return g_strsplit(config->list ? config->list : NETLINK "," DEVICE,
			  ",", -1);
}

/*
 * Where the node is, a module is loaded: it has the family, or modprobe would
 * find nothing to do while the daemon waits for it.
 */
static bool may_load(const struct transports_config *config)
{
	g_auto(GStrv) names = names_of(config);

	return !g_strv_contains((const char *const *)names, DEVICE) ||
	       access(config->device, F_OK) != 0;
}

Transports *transports_new(const struct transports_config *config)
{
	g_auto(GStrv) names = names_of(config);
	Transports *transports = g_new0(Transports, 1);
	const struct transport_genl_config genl = {
		.sink = { .request = on_request,
			  .changed = on_changed,
			  .replaced = on_replaced,
			  .data = transports },
		.found = release_device,
		.may_load = may_load(config),
		.replace = config->replace,
	};

	transports->sink = config->sink;
	if (g_strv_contains((const char *const *)names, DEVICE))
		transports->device = transport_device_new(config->device,
							  &genl.sink);
	if (g_strv_contains((const char *const *)names, NETLINK))
		transports->netlink = transport_genl_new(&genl);
	atomic_init(&transports->current,
		    transports->netlink ? transports->netlink :
					  transports->device);
	return transports;
}

bool transports_start(Transports *transports, GError **error)
{
	struct transport *netlink = transports->netlink;
	g_autoptr(GError) why = NULL;

	if (netlink && netlink->start(netlink, &why))
		return true;
	if (transports->device &&
	    (!netlink || !transport_genl_is_present(netlink)))
		return start_device(transports, error);
	g_propagate_error(error, g_steal_pointer(&why));
	return false;
}

void transports_stop(Transports *transports)
{
	if (transports->netlink)
		transports->netlink->stop(transports->netlink);
	release_device(transports);
}

void transports_free(Transports *transports)
{
	if (!transports)
		return;
	if (transports->netlink)
		transports->netlink->free(transports->netlink);
	if (transports->device)
		transports->device->free(transports->device);
	g_free(transports);
}

struct transport *transports_current(Transports *transports)
{
	return atomic_load(&transports->current);
}
