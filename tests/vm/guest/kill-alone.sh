#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon is killed (-9) again and again while files are created, and
# started anew. What was written before is intact and opens.
# vm-options: --timeout 600

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

rounds=3
full && rounds=20

# Creates until told to stop; names of whole files go to the list.
writer='
	while [ ! -e "$2/stop" ]; do
		n=$((n + 1))
		seq $n $((n + 500)) 2>/dev/null >"$1/$n" && echo $n >>"$2/done"
	done'

start_daemon alice || bail 'no daemon'
new_key alice key x25519
ok 'mount' key_mount alice key || bail 'no mount'
directories alice $work/list
touch $work/list/done
as_exec alice bash -c "$writer" - $upper $work/list 2>/dev/null &
writer_pid=$!
written() {
	[ "$(wc -l <$work/list/done)" -ge "$1" ]
}
for ((round = 1; round <= rounds; round++)); do
	count=$(wc -l <$work/list/done)
	ok "round $round: files are written" wait_for 30 written $((count + 10))
	ok "round $round: the daemon is killed" kill_daemon alice
	ok "round $round: and starts anew" start_daemon alice
done
touch $work/list/stop
wait $writer_pid
ok 'remount' key_remount alice key
checker='
	while read -r n; do
		[ "$(cksum <"$1/$n")" = "$(seq $n $((n + 500)) | cksum)" ] ||
			echo $n
	done <"$2/done"'
is "all $(wc -l <$work/list/done) files are intact" \
	"$(as alice bash -c "$checker" - $upper $work/list)" ''
unmount $upper
ok 'the daemon ends' stop_daemon alice
done_testing
