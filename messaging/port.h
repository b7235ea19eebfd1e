/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that the engine needs of the world. Each port is a header that brings
 *
 *	u8, u32, u64, size_t, bool, U64_MAX, errno values, container_of()
 *	struct list_head and the kernel's list_...() and INIT_LIST_HEAD()
 *	refcount_t, refcount_set(), _inc(), _dec_and_test()
 *
 * and what is its own:
 *
 *	struct port             what it keeps; part of the engine
 *	port_zalloc(port, n)    zeroed memory, or NULL; may sleep
 *	port_free(port, p, n)   zeroes and frees; p may be NULL
 *	port_now_ms(port)       milliseconds that only grow
 *	port_random_u32()
 *	port_log(fmt, ...)      rate limited, never a key
 *
 *	struct port_mutex       port_mutex_init(), _destroy(), _lock(),
 *	                        _unlock(); sleeps
 *	struct port_completion  port_completion_init(), _destroy();
 *	                        port_complete(c) once, then
 *	                        port_wait(port, c, ms) gives 0 at once, else
 *	                        -ETIMEDOUT, or -EINTR when a signal kills
 *	struct port_table       port_table_init(), _destroy();
 *	                        port_table_add(table, &index, p): 0 or -ENOMEM,
 *	                        not soon an index that was just removed;
 *	                        port_table_find(table, index): p or NULL;
 *	                        port_table_remove(table, index)
 *	struct port_owner       a user; port_owner_equal(), port_owner_hash(),
 *	                        port_owner_number() for logs,
 *	                        port_owner_get(), port_owner_put()
 */
#ifndef MESSAGING_PORT_H
#define MESSAGING_PORT_H

#ifdef __KERNEL__
#include "messaging/port-kernel.h"
#else
#include "messaging/port-user.h"
#endif

#endif
