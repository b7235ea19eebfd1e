/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lanes and their threads. The threads get a token, not a job: the jobs stay
 * in the lane's own queue, where they can be failed when they grow old or
 * when the daemon leaves, even while every thread of the lane hangs.
 *
 * One lock guards lanes and routes. No module, transport or log is called
 * under it.
 */
#include "daemon/dispatch.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "daemon/alarm.h"
#include "daemon/job.h"
#include "daemon/workers.h"

/* For requests of unknown signatures, which only a look-up in the keyring
 * and a refusal awaits, and for keys by ecryptfs-utils. */
#define DEFAULT_LANE_THREADS 2

struct lane {
	const EcryptfsPki *pki; /* NULL: the default lane */
	Workers *threads;
	unsigned int max;
	unsigned int active;
	GQueue waiting; /* Job, oldest first */
	GQueue running; /* Job */
};

struct Dispatch {
	struct dispatch_config config; /* never changes */
	pthread_mutex_t lock;
	pthread_cond_t idle; /* something left a running queue */
	bool stopping;
	GHashTable *routes; /* sig to struct lane; NULL: not known yet */
	GQueue unrouted; /* Job; until the routes are known */
	struct lane *lanes; /* the default lane first */
	size_t n_lanes;
	Alarm *expiry; /* forgets late replies */
};

static void record(Dispatch *dispatch, const Job *job,
		   enum stats_result result, const GError *why)
{
	struct stats_event event = {
		.sig = job->sig,
		.tag = job->tag,
		.result = result,
		.usec = g_get_monotonic_time() - job->arrived,
		.now = alarm_now(),
		.why = why ? why->message : NULL,
	};

	stats_record(dispatch->config.stats, &event);
}

/* Most errors name the signature themselves. */
static void log_refusal(const Job *job, const GError *why)
{
	const char *sig = strstr(why->message, job->sig) ? NULL : job->sig;

	g_warning("refused %s%s%s: %s", job_word(job),
		  sig ? " of key signature " : "", sig ? sig : "",
		  why->message);
}

/* Answers a job that the caller has claimed, without working on it. */
static void refuse(Dispatch *dispatch, Job *job, const GError *why,
		   enum stats_result result)
{
	record(dispatch, job, job->can_be_answered ? result :
						    STATS_RESULT_DROPPED, why);
	log_refusal(job, why);
	if (job->can_be_answered)
		job_refuse(job, why);
}

static void refuse_all(Dispatch *dispatch, GQueue *jobs, const GError *why)
{
	Job *job;

	while ((job = g_queue_pop_head(jobs))) {
		refuse(dispatch, job, why, STATS_RESULT_DROPPED);
		job_unref(job);
	}
}

/* What its peer told, or what we were told of a peer that says nothing. */
static int64_t wait_of(const Dispatch *dispatch, struct transport *transport)
{
	struct transport_limits limits;

	if (transport->limits && transport->limits(transport, &limits))
		return (int64_t)limits.timeout_msec * 1000;
	return dispatch->config.wait_usec;
}

static GError *too_old_error(const Job *job)
{
	return g_error_new(ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
			   "no turn within %.1f s: its PKI module is busy",
			   (double)job->wait_usec / G_USEC_PER_SEC);
}

static void refuse_too_old(Dispatch *dispatch, GQueue *jobs)
{
	g_autoptr(GError) why = NULL;

	if (g_queue_is_empty(jobs))
		return;
	why = too_old_error(g_queue_peek_head(jobs));
	refuse_all(dispatch, jobs, why);
}

static bool is_too_old(const Job *job, int64_t now)
{
	return now - job->arrived > job->wait_usec;
}

static void take_too_old_unlocked(struct lane *lane, int64_t now, GQueue *old)
{
	Job *job;

	while ((job = g_queue_peek_head(&lane->waiting)) &&
	       is_too_old(job, now))
		g_queue_push_tail(old, g_queue_pop_head(&lane->waiting));
}

static Job *next_job(Dispatch *dispatch, struct lane *lane)
{
	Job *job;

	pthread_mutex_lock(&dispatch->lock);
	job = g_queue_pop_head(&lane->waiting);
	if (job) {
		job->started = g_get_monotonic_time();
		g_queue_push_tail(&lane->running, job_ref(job));
	} else {
		lane->active--;
		pthread_cond_broadcast(&dispatch->idle);
	}
	pthread_mutex_unlock(&dispatch->lock);
	return job;
}

/* %false: it was answered meanwhile, because the daemon leaves. */
static bool claim(Dispatch *dispatch, struct lane *lane, Job *job)
{
	bool mine;

	pthread_mutex_lock(&dispatch->lock);
	mine = !job->claimed;
	job->claimed = true;
	if (g_queue_remove(&lane->running, job))
		job_unref(job);
	pthread_cond_broadcast(&dispatch->idle);
	pthread_mutex_unlock(&dispatch->lock);
	return mine;
}

static void on_expiry(void *data)
{
	Dispatch *dispatch = data;

	if (late_replies_expire(dispatch->config.late,
				g_get_monotonic_time()) > 0)
		alarm_set(dispatch->expiry, 1);
}

/* The kernel refused the answer: the opener has given up. */
static void keep_late(Dispatch *dispatch, const Job *job,
		      unsigned int generation, const EcryptfsSecret *reply)
{
	g_debug("nobody waited for the answer to tag %x of key signature %s",
		job->tag, job->sig);
	if (job->tag != ECRYPTFS_TAG_64)
		return;
	late_replies_put(dispatch->config.late, job->sig, generation,
			 job->packet, reply, g_get_monotonic_time());
	alarm_set(dispatch->expiry, 1);
}

static void deliver(Dispatch *dispatch, Job *job, unsigned int generation,
		    enum ecryptfs_outcome outcome, const EcryptfsSecret *reply,
		    const GError *why)
{
	enum transport_sent sent;

	if (outcome == ECRYPTFS_OUTCOME_DROPPED) {
		record(dispatch, job, STATS_RESULT_DROPPED, why);
		g_info("dropped a message: %s", why ? why->message : "");
		return;
	}
	sent = job->transport->reply(job->transport, &job->id, reply, why);
	if (outcome == ECRYPTFS_OUTCOME_REFUSED) {
		record(dispatch, job, STATS_RESULT_REFUSED, why);
		log_refusal(job, why);
	} else if (sent == TRANSPORT_SENT_OK) {
		record(dispatch, job, STATS_RESULT_ANSWERED, NULL);
	} else {
		record(dispatch, job, STATS_RESULT_LATE, NULL);
		keep_late(dispatch, job, generation, reply);
	}
}

/* A kept answer counts only while the auth tok still allows the key. */
static EcryptfsSecret *kept_reply(Dispatch *dispatch, const Job *job)
{
	const struct ecryptfs_keyring *keyring =
		&dispatch->config.responder.keyring;
	g_autoptr(EcryptfsSecret) reply = NULL;
	g_autoptr(EcryptfsSecret) auth_tok = NULL;

	if (job->tag != ECRYPTFS_TAG_64)
		return NULL;
	reply = late_replies_take(dispatch->config.late, job->packet,
				  g_get_monotonic_time());
	if (!reply)
		return NULL;
	auth_tok = keyring->find(keyring->data, job->sig, NULL);
	return auth_tok ? g_steal_pointer(&reply) : NULL;
}

/*
 * `lock` came while the FEK was on its way. The key refuses only what begins
 * later; what is past this look counts as answered before.
 */
static bool was_locked(Dispatch *dispatch, const Job *job,
		       unsigned int generation)
{
	return job->tag == ECRYPTFS_TAG_64 &&
	       late_replies_generation(dispatch->config.late, job->sig) !=
		       generation;
}

static void refuse_locked(Dispatch *dispatch, Job *job)
{
	g_autoptr(GError) why =
		g_error_new(ECRYPTFS_ERROR, ECRYPTFS_ERROR_LOCKED,
			    "key signature %s: locked while the answer was "
			    "on its way", job->sig);

	refuse(dispatch, job, why, STATS_RESULT_REFUSED);
}

static void work_on(Dispatch *dispatch, struct lane *lane, Job *job)
{
	unsigned int generation =
		late_replies_generation(dispatch->config.late, job->sig);
	enum ecryptfs_outcome outcome = ECRYPTFS_OUTCOME_ANSWERED;
	g_autoptr(EcryptfsSecret) reply = kept_reply(dispatch, job);
	g_autoptr(GError) why = NULL;

	if (!reply) {
		reply = ecryptfs_secret_new(ECRYPTFS_MAX_PACKET_BYTES);
		outcome = ecryptfs_respond(&dispatch->config.responder,
					   ecryptfs_secret_data(job->packet),
					   ecryptfs_secret_len(job->packet),
					   reply, &why);
	}
	if (!claim(dispatch, lane, job))
		return;
	if (outcome == ECRYPTFS_OUTCOME_ANSWERED &&
	    was_locked(dispatch, job, generation))
		refuse_locked(dispatch, job);
	else
		deliver(dispatch, job, generation, outcome, reply, why);
}

static void take_turn(Dispatch *dispatch, struct lane *lane, Job *job)
{
	g_autoptr(GError) why = NULL;

	if (!is_too_old(job, job->started)) {
		work_on(dispatch, lane, job);
	} else if (claim(dispatch, lane, job)) {
		why = too_old_error(job);
		refuse(dispatch, job, why, STATS_RESULT_DROPPED);
	}
}

/* A token says only that there may be work. */
static void run_lane(void *token, void *data)
{
	Dispatch *dispatch = data;
	struct lane *lane = token;
	Job *job;

	while ((job = next_job(dispatch, lane))) {
		take_turn(dispatch, lane, job);
		job_unref(job);
	}
}

static unsigned int threads_for(const EcryptfsPki *pki)
{
	if (!pki)
		return DEFAULT_LANE_THREADS;
	switch (pki->module->concurrency) {
	case ECRYPTFS_PKI_PARALLEL:
	case ECRYPTFS_PKI_SERIAL_PER_KEY:
		return MAX(g_get_num_processors(), 2);
	case ECRYPTFS_PKI_SERIAL_PER_MODULE:
		return 1;
	}
	g_assert_not_reached();
}

static bool lane_init(Dispatch *dispatch, struct lane *lane,
		      const EcryptfsPki *pki, GError **error)
{
	lane->pki = pki;
	lane->max = threads_for(pki);
	g_queue_init(&lane->waiting);
	g_queue_init(&lane->running);
	/* A thread is there before the first request comes. */
	lane->threads = workers_new(lane->max, lane->max, run_lane, dispatch,
				    error);
	return lane->threads != NULL;
}

Dispatch *dispatch_new(const struct dispatch_config *config, GError **error)
{
	g_autoptr(Dispatch) dispatch = g_new0(Dispatch, 1);
	size_t n_modules = ecryptfs_pki_list_len(config->modules);
	pthread_condattr_t attr;

	dispatch->config = *config;
	pthread_mutex_init(&dispatch->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&dispatch->idle, &attr);
	pthread_condattr_destroy(&attr);
	dispatch->expiry = alarm_new(on_expiry, dispatch);
	g_queue_init(&dispatch->unrouted);
	dispatch->lanes = g_new0(struct lane, n_modules + 1);
	for (size_t i = 0; i <= n_modules; i++) {
		const EcryptfsPki *pki = NULL;

		if (i > 0)
			pki = ecryptfs_pki_list_get(config->modules, i - 1);
		if (!lane_init(dispatch, &dispatch->lanes[i], pki, error))
			return NULL;
		dispatch->n_lanes++;
	}
	return g_steal_pointer(&dispatch);
}

static struct lane *lane_of(Dispatch *dispatch, const EcryptfsPki *pki)
{
	for (size_t i = 1; i < dispatch->n_lanes; i++)
		if (dispatch->lanes[i].pki == pki)
			return &dispatch->lanes[i];
	return &dispatch->lanes[0];
}

/* Of several providers of one key the one that serves fewest at a time. */
static void add_route(Dispatch *dispatch, GHashTable *routes, EcryptfsKey *key)
{
	struct lane *lane = lane_of(dispatch, ecryptfs_key_pki(key));
	const char *sig = ecryptfs_key_sig(key);
	const struct lane *other = g_hash_table_lookup(routes, sig);

	if (!other || lane->max < other->max)
		g_hash_table_replace(routes, g_strdup(sig), lane);
}

static GHashTable *make_routes(Dispatch *dispatch)
{
	GHashTable *routes = g_hash_table_new_full(g_str_hash, g_str_equal,
						   g_free, NULL);
	EcryptfsKey **keys;
	size_t n_keys;

	keys = ecryptfs_key_store_all(dispatch->config.responder.keys, &n_keys);
	for (size_t i = 0; i < n_keys; i++) {
		add_route(dispatch, routes, keys[i]);
		stats_add_key(dispatch->config.stats,
			      ecryptfs_key_sig(keys[i]));
	}
	ecryptfs_key_store_free_keys(keys, n_keys);
	return routes;
}

static GError *push_unlocked(GQueue *queue, Job *job)
{
	if (g_queue_get_length(queue) >= DISPATCH_QUEUE_MAX)
		return g_error_new(ECRYPTFS_ERROR, ECRYPTFS_ERROR_BUSY,
				   "%d requests wait for the same PKI module",
				   DISPATCH_QUEUE_MAX);
	g_queue_push_tail(queue, job_ref(job));
	return NULL;
}

/* Why the job cannot wait in its lane; %NULL when it does. */
static GError *enqueue_unlocked(Dispatch *dispatch, Job *job, GQueue *old)
{
	struct lane *lane;
	GError *why;

	if (dispatch->stopping)
		return g_error_new(ECRYPTFS_ERROR, ECRYPTFS_ERROR_NO_DAEMON,
				   "ecryptfsd is leaving");
	if (!dispatch->routes)
		return push_unlocked(&dispatch->unrouted, job);
	lane = g_hash_table_lookup(dispatch->routes, job->sig);
	if (!lane)
		lane = &dispatch->lanes[0];
	take_too_old_unlocked(lane, g_get_monotonic_time(), old);
	why = push_unlocked(&lane->waiting, job);
	if (!why && lane->active < lane->max) {
		lane->active++;
		workers_push(lane->threads, lane);
	}
	return why;
}

void dispatch_route(Dispatch *dispatch)
{
	GHashTable *routes = make_routes(dispatch);
	GQueue old = G_QUEUE_INIT;
	GHashTable *before;
	Job *job;

	pthread_mutex_lock(&dispatch->lock);
	before = dispatch->routes;
	dispatch->routes = routes;
	/* No more than one lane holds, so that each finds room. */
	while ((job = g_queue_pop_head(&dispatch->unrouted))) {
		g_assert(!enqueue_unlocked(dispatch, job, &old));
		job_unref(job);
	}
	pthread_mutex_unlock(&dispatch->lock);
	refuse_too_old(dispatch, &old);
	if (before)
		g_hash_table_unref(before);
}

void dispatch_request(Dispatch *dispatch, struct transport *transport,
		      const struct transport_id *id, const uint8_t *packet,
		      size_t packet_len, int64_t arrived)
{
	g_autoptr(Job) job = job_new(transport, id, packet, packet_len,
				     arrived);
	g_autoptr(GError) why = NULL;
	GQueue old = G_QUEUE_INIT;

	job->wait_usec = wait_of(dispatch, transport);
	stats_request(dispatch->config.stats);
	pthread_mutex_lock(&dispatch->lock);
	why = enqueue_unlocked(dispatch, job, &old);
	pthread_mutex_unlock(&dispatch->lock);

	refuse_too_old(dispatch, &old);
	if (why)
		refuse(dispatch, job, why, STATS_RESULT_REFUSED);
}

unsigned int dispatch_depth(Dispatch *dispatch)
{
	unsigned int depth;

	pthread_mutex_lock(&dispatch->lock);
	depth = g_queue_get_length(&dispatch->unrouted);
	for (size_t i = 0; i < dispatch->n_lanes; i++)
		depth += g_queue_get_length(&dispatch->lanes[i].waiting);
	pthread_mutex_unlock(&dispatch->lock);
	return depth;
}

bool dispatch_is_stuck(Dispatch *dispatch, const EcryptfsPki *pki)
{
	int64_t now = g_get_monotonic_time();
	struct lane *lane = lane_of(dispatch, pki);
	bool stuck = false;
	GList *link;

	if (!pki)
		return false;
	pthread_mutex_lock(&dispatch->lock);
	for (link = lane->running.head; link; link = link->next) {
		const Job *job = link->data;

		stuck |= job->started < now - job->wait_usec;
	}
	pthread_mutex_unlock(&dispatch->lock);
	return stuck;
}

static void take_waiting(Dispatch *dispatch, GQueue *jobs)
{
	Job *job;

	pthread_mutex_lock(&dispatch->lock);
	dispatch->stopping = true;
	while ((job = g_queue_pop_head(&dispatch->unrouted)))
		g_queue_push_tail(jobs, job);
	for (size_t i = 0; i < dispatch->n_lanes; i++)
		while ((job = g_queue_pop_head(&dispatch->lanes[i].waiting)))
			g_queue_push_tail(jobs, job);
	pthread_mutex_unlock(&dispatch->lock);
}

static bool is_idle_unlocked(const Dispatch *dispatch)
{
	for (size_t i = 0; i < dispatch->n_lanes; i++)
		if (dispatch->lanes[i].active > 0)
			return false;
	return true;
}

/* What is still being worked on after the patience is claimed. */
static bool wait_for_running(Dispatch *dispatch, int64_t patience_usec,
			     GQueue *jobs)
{
	int64_t end = g_get_monotonic_time() + patience_usec;
	struct timespec limit = { .tv_sec = end / G_USEC_PER_SEC,
				  .tv_nsec = end % G_USEC_PER_SEC * 1000 };
	bool idle;
	GList *link;

	pthread_mutex_lock(&dispatch->lock);
	while (!(idle = is_idle_unlocked(dispatch)) &&
	       pthread_cond_timedwait(&dispatch->idle, &dispatch->lock,
				      &limit) == 0)
		;
	for (size_t i = 0; i < dispatch->n_lanes; i++)
		for (link = dispatch->lanes[i].running.head; link;
		     link = link->next) {
			Job *job = link->data;

			if (!job->claimed)
				g_queue_push_tail(jobs, job_ref(job));
			job->claimed = true;
		}
	pthread_mutex_unlock(&dispatch->lock);
	return idle;
}

bool dispatch_stop(Dispatch *dispatch, int64_t patience_usec)
{
	g_autoptr(GError) why = g_error_new(ECRYPTFS_ERROR,
					    ECRYPTFS_ERROR_NO_DAEMON,
					    "ecryptfsd is leaving");
	GQueue jobs = G_QUEUE_INIT;
	bool idle;

	take_waiting(dispatch, &jobs);
	refuse_all(dispatch, &jobs, why);
	idle = wait_for_running(dispatch, patience_usec, &jobs);
	refuse_all(dispatch, &jobs, why);
	return idle;
}

void dispatch_free(Dispatch *dispatch)
{
	if (!dispatch)
		return;
	for (size_t i = 0; i < dispatch->n_lanes; i++)
		workers_free(dispatch->lanes[i].threads);
	alarm_free(dispatch->expiry);
	g_clear_pointer(&dispatch->routes, g_hash_table_unref);
	pthread_cond_destroy(&dispatch->idle);
	pthread_mutex_destroy(&dispatch->lock);
	g_free(dispatch->lanes);
	g_free(dispatch);
}
