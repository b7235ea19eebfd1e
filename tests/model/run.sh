#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Verifies tests/model/messaging.pml: each property over all orders of events,
# and that it is missed as soon as the precaution behind it is taken away.

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"

if ! command -v spin >/dev/null; then
	tap_skip /model/messaging 'spin is not installed'
	tap_done
	exit
fi
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 99

# search WHAT FLAG...: WHAT is a formula of the model; else "states": the
# assertions, and that nobody waits for ever. Its report is in ./report.
search() {
	local what=$1 compile=(-DSAFETY -DNOCLAIM) run=()
	shift
	case $what in
	states) ;;
	each_ends) compile=(-DNFAIR=3) run=(-a -f -N "$what") ;;
	*) compile=() run=(-a -N "$what") ;;
	esac
	rm -f pan pan.* report
	{
		spin -a "$@" "$top_srcdir/tests/model/messaging.pml" &&
			${CC:-cc} -w -O1 "${compile[@]}" -o pan pan.c &&
			./pan -m100000 ${run[@]+"${run[@]}"}
	} >report 2>&1
}

# Complete and without an error, or what the report says
holds() {
	search "$@"
	grep -q 'errors: 0$' report &&
		! grep -qE 'depth too small|Search not completed' report ||
		head -n 30 report
}

# An error, and the one that is meant: an extended regular expression
is_missed() {
	local error=$1
	shift
	search "$@"
	grep -qE "$error" report || {
		echo "no error \"$error\" was found"
		head -n 30 report
	}
}

assertion='assertion violated'
deadlock='invalid end state'
one_each='-DONE_OPENER -DTIME -DUNFETCH'
one_daemon='-DONE_DAEMON -DTIME -DUNFETCH'

# shellcheck disable=SC2086
{
tap_result /model/messaging/nobody-waits-for-ever "$(holds states)"
tap_result /model/messaging/time-and-what-is-given-back \
	"$(holds states $one_daemon)"
tap_result /model/messaging/forged-answers \
	"$(holds states -DFORGER $one_each)"
tap_result /model/messaging/none-pending-without-a-daemon \
	"$(holds no_orphan $one_each)"
tap_result /model/messaging/window "$(holds window $one_daemon)"
tap_result /model/messaging/each-waiter-ends "$(holds each_ends $one_daemon)"

tap_result /model/broken/answer-without-delivery \
	"$(is_missed "$assertion" states -DBROKEN_RESPONSE -DFORGER $one_each)"
tap_result /model/broken/takeover-leaves-names \
	"$(is_missed "$assertion|$deadlock" states -DBROKEN_TAKEOVER)"
tap_result /model/broken/two-results \
	"$(is_missed "$assertion" states -DBROKEN_RESULT $one_daemon)"
tap_result /model/broken/death-tells-nobody \
	"$(is_missed "$assertion" no_orphan -DBROKEN_DEATH $one_each)"
tap_result /model/broken/no-window \
	"$(is_missed "$assertion" window -DBROKEN_WINDOW $one_daemon)"
tap_result /model/broken/sleeps-before-it-looks \
	"$(is_missed "$deadlock" states -DBROKEN_SLEEP -DONE_DAEMON)"
tap_result /model/broken/no-doorbell-when-there-is-room \
	"$(is_missed "$deadlock" states -DBROKEN_DOORBELL)"
tap_result /model/broken/no-deadline \
	"$(is_missed 'acceptance cycle' each_ends -DBROKEN_DEADLINE $one_daemon)"
}
tap_done
