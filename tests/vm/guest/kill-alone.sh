#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The daemon is killed (-9) again and again while four processes create files,
# and started anew. What was written before is intact and opens.
# vm-options: --timeout 900

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
as_limit=900

rounds=4
full && rounds=20

# Creates until told to stop; the names of whole files go to the list.
writer='
	for p in 1 2 3 4; do
		(n=0
		while [ ! -e "$2/stop" ]; do
			n=$((n + 1))
			seq $n $((n + 500)) 2>/dev/null >"$1/$p-$n" &&
				echo $p-$n >>"$2/done"
		done) &
	done
	wait'

ok 'the daemon' start_daemon alice || bail 'no daemon'
ok 'a key' new_key alice key x25519
ok 'mount' key_mount alice key || bail 'no mount'
directories alice $work/list
touch $work/list/done
chown alice $work/list/done
as_exec alice busybox sh -c "$writer" - $upper $work/list 2>/dev/null &
writer_pid=$!
written() {
	[ "$(wc -l <$work/list/done)" -ge "$1" ]
}
for ((round = 1; round <= rounds; round++)); do
	count=$(wc -l <$work/list/done)
	ok "round $round: files are written" wait_for 60 written $((count + 20))
	ok "round $round: the daemon is killed" kill_daemon alice
	ok "round $round: and starts anew" start_daemon alice
done
count=$(wc -l <$work/list/done)
ok 'files are written at the end' wait_for 60 written $((count + 20))
touch $work/list/stop
wait $writer_pid
ok 'remount' key_remount alice key
checker='
	while read -r name; do
		n=${name#*-}
		[ "$(seq $n $((n + 500)) | md5sum)" = \
			"$(md5sum <"$1/$name")" ] || echo $name
	done <"$2/done"'
is "all $(wc -l <$work/list/done) files are intact" \
	"$(as alice busybox sh -c "$checker" - $upper $work/list 2>&1)" ''
unmount $upper
ok 'the daemon ends' stop_daemon alice
done_testing
