/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transport `netlink`: the generic netlink family ecryptfs of the
 * kernel's eCryptfs that this package brings. HELO registers this user's
 * daemon, QUIT or the end of the socket unregisters.
 */
#ifndef DAEMON_TRANSPORT_GENL_H
#define DAEMON_TRANSPORT_GENL_H

#include "daemon/genl-socket.h"
#include "daemon/transport.h"

/**
 * transport_genl_config:
 * @sink: copied
 * @found: (nullable): the family is there, HELO comes next: who holds another
 *   transport to the same kernel lets go of it now. Main loop; gets the
 *   sink's data
 * @may_load: start() lets the kernel load the module that has the family,
 *   for which it runs modprobe
 * @replace: the first HELO takes the place of a daemon that is registered
 * @test_peer: (nullable): the seam for tests: speaks the family in the
 *   kernel's place. Borrowed, and looked at again each time that the family
 *   is looked for; %NULL: the kernel
 */
struct transport_genl_config {
	struct transport_sink sink;
	void (*found)(void *data);
	bool may_load;
	bool replace;
	const struct genl_peer *test_peer;
};

/**
 * transport_genl_new:
 * @config: copied
 *
 * Opens nothing yet. Without the family start() fails, and looks again when
 * the kernel tells of a new one; refused, it asks again with a back-off of at
 * most 5 s.
 */
struct transport *
transport_genl_new(const struct transport_genl_config *config);

/* Whether the family is there, registered or not. Main loop only. */
bool transport_genl_is_present(struct transport *transport);

#endif
