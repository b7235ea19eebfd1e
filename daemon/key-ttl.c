/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One alarm, for the key whose time ends first. It rings on the main loop;
 * the secrets are dropped by threads, because a module may block.
 */
#include "daemon/key-ttl.h"

#include <pthread.h>

#include "daemon/alarm.h"

struct term {
	EcryptfsKey *key;
	int64_t begun;
};

struct KeyTtl {
	KeyTasks *tasks;
	Stats *stats;
	Alarm *alarm;
	pthread_mutex_t lock; /* for what follows */
	GList *terms; /* struct term */
};

int64_t key_ttl_remaining(unsigned int pin_ttl, unsigned int pin_ttl_max,
			  int64_t begun, int64_t used, int64_t now)
{
	int64_t end = INT64_MAX;

	if (pin_ttl > 0)
		end = MAX(begun, used) + pin_ttl;
	if (pin_ttl_max > 0)
		end = MIN(end, begun + pin_ttl_max);
	return end == INT64_MAX ? -1 : MAX(end - now, 0);
}

static int64_t left_of(KeyTtl *ttl, const struct term *term, int64_t now)
{
	const EcryptfsRegistration *reg =
		ecryptfs_key_registration(term->key);
	struct stats_key counts;

	stats_get_key(ttl->stats, ecryptfs_key_sig(term->key), &counts);
	g_free(counts.last_error);
	return key_ttl_remaining(reg->pin_ttl, reg->pin_ttl_max, term->begun,
				 counts.last_unwrap, now);
}

/* Not under the lock: the last reference closes the key in its module. */
static void free_term(void *data)
{
	struct term *term = data;

	if (!term)
		return;
	ecryptfs_key_unref(term->key);
	g_free(term);
}

static GList *find_unlocked(KeyTtl *ttl, const EcryptfsKey *key)
{
	GList *link = ttl->terms;

	while (link && ((const struct term *)link->data)->key != key)
		link = link->next;
	return link;
}

static struct term *take_unlocked(KeyTtl *ttl, const EcryptfsKey *key)
{
	GList *link = find_unlocked(ttl, key);
	struct term *term = link ? link->data : NULL;

	ttl->terms = g_list_delete_link(ttl->terms, link);
	return term;
}

static void drop_secret(KeyTtl *ttl, EcryptfsKey *key)
{
	struct key_task task = { .key = key };

	g_message("key \"%s\" is locked: the time limit of its PIN or "
		  "passphrase is over", ecryptfs_key_registration(key)->name);
	key_tasks_run(ttl->tasks, KEY_TASK_KIND_DROP, &task, 1, 0);
}

/* (transfer full): those whose time is over. */
static GList *take_over_unlocked(KeyTtl *ttl, int64_t now)
{
	GList *link = ttl->terms;
	GList *over = NULL;

	while (link) {
		GList *here = link;

		link = link->next;
		if (left_of(ttl, here->data, now) != 0)
			continue;
		ttl->terms = g_list_remove_link(ttl->terms, here);
		over = g_list_concat(here, over);
	}
	return over;
}

/* For the term that ends first; one without an end needs no alarm. */
static void set_alarm_unlocked(KeyTtl *ttl, int64_t now)
{
	int64_t next = INT64_MAX;

	for (GList *link = ttl->terms; link; link = link->next) {
		int64_t left = left_of(ttl, link->data, now);

		if (left >= 0)
			next = MIN(next, MAX(left, 1));
	}
	alarm_set(ttl->alarm, next == INT64_MAX ? 0 : (unsigned int)next);
}

static void on_alarm(void *data)
{
	int64_t now = alarm_now();
	KeyTtl *ttl = data;
	GList *over;

	pthread_mutex_lock(&ttl->lock);
	over = take_over_unlocked(ttl, now);
	set_alarm_unlocked(ttl, now);
	pthread_mutex_unlock(&ttl->lock);
	for (GList *link = over; link; link = link->next)
		drop_secret(ttl, ((const struct term *)link->data)->key);
	g_list_free_full(over, free_term);
}

KeyTtl *key_ttl_new(KeyTasks *tasks, Stats *stats)
{
	KeyTtl *ttl = g_new0(KeyTtl, 1);

	ttl->tasks = tasks;
	ttl->stats = stats;
	ttl->alarm = alarm_new(on_alarm, ttl);
	pthread_mutex_init(&ttl->lock, NULL);
	return ttl;
}

void key_ttl_free(KeyTtl *ttl)
{
	if (!ttl)
		return;
	alarm_free(ttl->alarm);
	g_list_free_full(ttl->terms, free_term);
	pthread_mutex_destroy(&ttl->lock);
	g_free(ttl);
}

void key_ttl_begin(KeyTtl *ttl, EcryptfsKey *key)
{
	struct term *term = g_new(struct term, 1);
	struct term *before;

	term->key = ecryptfs_key_ref(key);
	term->begun = alarm_now();
	pthread_mutex_lock(&ttl->lock);
	before = take_unlocked(ttl, key);
	ttl->terms = g_list_prepend(ttl->terms, term);
	set_alarm_unlocked(ttl, term->begun);
	pthread_mutex_unlock(&ttl->lock);
	free_term(before);
}

void key_ttl_end(KeyTtl *ttl, const EcryptfsKey *key)
{
	struct term *term;

	pthread_mutex_lock(&ttl->lock);
	term = take_unlocked(ttl, key);
	pthread_mutex_unlock(&ttl->lock);
	free_term(term);
}

static bool is_held(EcryptfsKey **keys, size_t n_keys, const EcryptfsKey *key)
{
	for (size_t i = 0; i < n_keys; i++)
		if (keys[i] == key)
			return true;
	return false;
}

void key_ttl_keep(KeyTtl *ttl, EcryptfsKeyStore *store)
{
	GList *gone = NULL;
	EcryptfsKey **keys;
	size_t n_keys;
	GList *link;

	keys = ecryptfs_key_store_all(store, &n_keys);
	pthread_mutex_lock(&ttl->lock);
	for (link = ttl->terms; link;) {
		GList *here = link;
		const struct term *term = here->data;

		link = link->next;
		if (is_held(keys, n_keys, term->key))
			continue;
		ttl->terms = g_list_remove_link(ttl->terms, here);
		gone = g_list_concat(here, gone);
	}
	pthread_mutex_unlock(&ttl->lock);
	g_list_free_full(gone, free_term);
	ecryptfs_key_store_free_keys(keys, n_keys);
}

int64_t key_ttl_left(KeyTtl *ttl, const EcryptfsKey *key)
{
	const GList *link;
	int64_t left = -1;

	pthread_mutex_lock(&ttl->lock);
	link = find_unlocked(ttl, key);
	if (link)
		left = left_of(ttl, link->data, alarm_now());
	pthread_mutex_unlock(&ttl->lock);
	return left;
}
