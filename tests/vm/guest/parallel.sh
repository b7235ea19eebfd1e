#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Eight processes write and read files at the same time; every file is there
# after a remount, read by eight processes again.
# vm-seconds: 1800

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
as_limit=900

processes=8
files=40
full && files=200

writers='
	for ((p = 0; p < $2; p++)); do
		(mkdir "$1/$p" && for ((f = 0; f < $3; f++)); do
			echo "process $p file $f" >"$1/$p/$f" || exit
		done) &
		pids+=" $!"
	done
	for pid in $pids; do wait $pid || failed=1; done
	[ -z "$failed" ]'
readers='
	for ((p = 0; p < $2; p++)); do
		(for ((f = 0; f < $3; f++)); do
			read -r text <"$1/$p/$f" &&
				[ "$text" = "process $p file $f" ] || exit 1
		done) &
		pids+=" $!"
	done
	for pid in $pids; do wait $pid || failed=1; done
	[ -z "$failed" ]'

start_daemon alice || bail 'no daemon'
ok 'a key' new_key alice key x25519
ok 'mount' key_mount alice key || bail 'no mount'
ok "$processes processes write $files files each" \
	as alice bash -c "$writers" - $upper $processes $files
is 'all are there' "$(find $upper -type f | wc -l)" $((processes * files))
ok 'remount' key_remount alice key
ok 'and read them' \
	as alice bash -c "$readers" - $upper $processes $files
status=$(as alice ecryptfs-manager status --json)
like 'the daemon was asked for each create' "$status" \
	"\"wraps\" *: *\"?$((processes * files))\"?[,} ]"
like 'and for each open' "$status" \
	"\"unwraps\" *: *\"?$((processes * files))\"?[,} ]"
unmount $upper
ok 'the daemon ends' stop_daemon alice
done_testing
