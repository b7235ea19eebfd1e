/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messaging engine as messaging/engine.h says it: register, send, fetch,
 * respond, time-out, takeover, death, in every order. One user, because users
 * share nothing but the lock. What the engine does under its lock is atomic
 * here; what it does after (telling waiters, doorbells) is not.
 *
 * Compiled with -DTIME, openers give up some time or other. Without it nobody
 * does, so that a wake-up or a doorbell that is lost is a deadlock. -DUNFETCH
 * (with -DTIME) and -DFORGER add, -DONE_OPENER and -DONE_DAEMON leave out: all
 * at once are more states than a test has time for.
 *
 * Each -DBROKEN_... takes one precaution away; run.sh shows that it is missed.
 */
#define OPENERS 2
#define DAEMONS 2
#define WINDOW 1
#define NOBODY 255

mtype = { unsent, queued, delivered, done };

/* ---- what the engine knows */
mtype state[OPENERS] = unsent;
/* Of one context; the index tells contexts apart */
byte counter[OPENERS];
byte registered = NOBODY;
byte n_pending;
byte n_delivered;

/* ---- what others see of it */
bool completed[OPENERS];
bool asleep[OPENERS];
bool rung[DAEMONS];
bool replaced[DAEMONS];

/* ---- what only this model remembers */
byte holder[OPENERS] = NOBODY;
byte results[OPENERS];
bool ended[OPENERS];

/* No context is pending without a daemon; no more are out than may be. */
ltl no_orphan { [] (registered != NOBODY || n_pending == 0) }
ltl window { [] (n_delivered <= WINDOW && n_delivered <= n_pending) }
ltl each_ends { <> (ended[0] && ended[1]) }

#define is_pending(r) (state[r] == queued || state[r] == delivered)

/*
 * Locals that are no longer looked at are set to what they were at first, so
 * that states that differ in nothing else are one.
 */

/* ---- after the lock */

inline ring(daemon) {
	if
	:: daemon != NOBODY -> rung[daemon] = true
	:: else
	fi;
	daemon = NOBODY
}

inline complete(r) {
#ifdef BROKEN_SLEEP
	completed[r] = asleep[r]
#else
	completed[r] = true
#endif
}

/* ---- under the lock */

inline finish(r, kick) {
	if
	:: state[r] == delivered ->
#ifndef BROKEN_DOORBELL
		if
		:: n_delivered >= WINDOW && n_pending > n_delivered ->
			kick = registered
		:: else
		fi;
#endif
		n_delivered--
	:: else
	fi;
	if
	:: is_pending(r) -> n_pending--
	:: else
	fi;
	state[r] = done;
	holder[r] = NOBODY;
	results[r]++;
	assert(results[r] == 1)
}

#ifdef BROKEN_RESPONSE
#define may_answer(d, r, c) (is_pending(r) && counter[r] == c)
#else
#define may_answer(d, r, c) \
	(registered == d && state[r] == delivered && counter[r] == c)
#endif

/* RESPONSE by @d for delivery @c of @r. */
inline respond(d, r, c, kick) {
	d_step {
		answered = false;
		if
		:: may_answer(d, r, c) ->
			assert(holder[r] == d);
			finish(r, kick);
			answered = true
		:: else
		fi
	}
	if
	:: atomic { answered -> complete(r); answered = false; ring(kick) }
	:: else
	fi
}

/* ---- who asks */

/* One look under the lock: is it done, or is it over? */
inline look(r) {
	d_step {
#ifdef BROKEN_RESULT
		if
		:: gives_up -> finish(r, kick)
		:: else
		fi;
#else
#ifndef BROKEN_DEADLINE
		if
		:: gives_up && state[r] != done -> finish(r, kick)
		:: else
		fi;
#endif
#endif
		gives_up = false;
		is_done = state[r] == done
	}
}

proctype opener(byte r) {
	byte kick = NOBODY;
	bool is_done, gives_up;

	d_step {
		if
		:: registered == NOBODY -> is_done = true
		:: else ->
			state[r] = queued;
			n_pending++;
			if
			:: n_delivered < WINDOW -> kick = registered
			:: else
			fi
		fi
	}
	do
	:: is_done -> break
	:: else ->
		atomic { ring(kick) };
		look(r);
		if
		:: is_done -> break
		:: else
		fi;
#ifdef BROKEN_SLEEP
		asleep[r] = true;
#endif
		if
		:: completed[r]
#ifdef TIME
		/* Its time is over, or it is killed. */
		:: gives_up = true
#endif
		fi
	od;
	atomic {
		ring(kick);
		ended[r] = true
	}
}

/* ---- who answers */

inline take_over() {
	r = 0;
	do
	:: r < OPENERS ->
		if
		:: is_pending(r) ->
			holder[r] = NOBODY;
#ifndef BROKEN_TAKEOVER
			counter[r]++;
			state[r] = queued
#endif
		:: else
		fi;
		r++
	:: else -> break
	od;
	r = 0;
#ifndef BROKEN_TAKEOVER
	n_delivered = 0
#endif
}

inline helo(d) {
	d_step {
		old = registered;
		if
		:: old != NOBODY -> take_over()
		:: else
		fi;
		registered = d;
		if
		:: n_pending > n_delivered -> kick = d
		:: else
		fi
	}
	d_step {
		if
		:: old != NOBODY -> replaced[old] = true
		:: else
		fi;
		old = NOBODY;
		ring(kick)
	}
}

/* Any of those that are queued: the oldest is one of them. */
inline fetch(d) {
	atomic {
		got = NOBODY;
		if
#ifdef BROKEN_WINDOW
		:: registered == d ->
#else
		:: registered == d && n_delivered < WINDOW ->
#endif
			if
			:: state[0] == queued -> got = 0
			:: state[1] == queued -> got = 1
			:: else
			fi
		:: else
		fi;
		if
		:: got != NOBODY ->
			state[got] = delivered;
			n_delivered++;
			holder[got] = d;
			got_counter = counter[got]
		:: else -> got_counter = 0
		fi
	}
}

inline unfetch(d) {
	d_step {
		if
		:: may_answer(d, got, got_counter) ->
			state[got] = queued;
			holder[got] = NOBODY;
			n_delivered--;
			kick = d
		:: else
		fi;
		got = NOBODY;
		got_counter = 0
	}
	atomic { ring(kick) }
}

/* All of it at once; then the waiters are told. */
inline die(d) {
	d_step {
		if
		:: registered == d ->
			r = 0;
#ifndef BROKEN_DEATH
			do
			:: r < OPENERS ->
				if
				:: is_pending(r) ->
					finish(r, kick);
					woken[r] = true
				:: else
				fi;
				r++
			:: else -> break
			od;
			r = 0;
#endif
			kick = NOBODY;
			registered = NOBODY
		:: else
		fi
	}
	d_step {
		if
		:: woken[0] -> complete(0)
		:: else
		fi;
		if
		:: woken[1] -> complete(1)
		:: else
		fi
	}
}

/* @mortal: it may be killed while it waits for something to do. */
proctype daemon(byte d; bool mortal) {
	byte kick = NOBODY, old = NOBODY, got = NOBODY, got_counter, r;
	bool woken[OPENERS], answered;

	helo(d);
end_idle:
	do
	:: replaced[d] -> break
	:: mortal -> break
	:: d_step { rung[d] -> rung[d] = false };
		do
		:: fetch(d);
			if
			:: got == NOBODY -> break
			:: else
			fi;
			if
			:: true -> respond(d, got, got_counter, kick)
#ifdef UNFETCH
			:: true -> unfetch(d)
			/* It works on more than one. */
			:: true -> got = NOBODY; got_counter = 0
#endif
			/* It is killed, or told that it was replaced. */
			:: true -> goto leaves
			fi
		od
	od;
leaves:
	/* What it was given it may answer even now. */
	if
	:: got != NOBODY -> respond(d, got, got_counter, kick)
	:: true -> skip
	fi;
	die(d);
	got = NOBODY;
	got_counter = 0
}

/* A daemon's second thread, that answers what was never given to it. */
proctype forger(byte d) {
	byte r, kick = NOBODY;
	bool answered;

	if
	:: r = 0
	:: r = 1
	fi;
end:
	is_pending(r) && holder[r] != d;
	respond(d, r, counter[r], kick)
}

init {
	atomic {
		run opener(0);
		run daemon(0, true);
#ifndef ONE_OPENER
		run opener(1);
#endif
#ifndef ONE_DAEMON
		run daemon(1, false);
#endif
#ifdef FORGER
		run forger(0);
#endif
	}
}
