#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A module that needs ten seconds for each operation, under 30 and then 40
# opens at once (the stock kernel has 32 slots). Openers get EIO in the kernel's
# time; the reader goes on draining the device, or the kernel would crash on
# the next request; what comes later is served. At last the daemon is told to
# end while requests are pending.
# vm-options: --timeout 600

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

[ -f "${VM_FAKE_PKI-}" ] || bail 'no slow module; make vm-tools'
modules=/usr/local/lib/vm-pki
install -d $modules
install -m 0755 "$VM_FAKE_PKI" $modules/fake.so
openssl genpkey -algorithm x25519 2>/dev/null |
	openssl pkey -pubout -outform der -out $modules/key.spki

# In tenths of a second: the kernel waits for three seconds, the module would
# answer after ten.
kernel_time=90

# Opens all at once; prints for each "STATUS TENTHS", as it ends
open_all='
	for ((n = 1; n <= $2; n++)); do
		(start=${EPOCHREALTIME/./}
		read -r text <"$1/$n"
		echo $? $(((${EPOCHREALTIME/./} - start) / 100000))) &
	done 2>/dev/null
	wait'

ok 'the daemon' start_daemon alice --module-dir $modules || bail 'no daemon'
ok 'a key of the slow module' as alice ecryptfs-manager import slow \
	--pki fake --spki $modules/key.spki --delay-ms 0 --module-dir $modules
mount_slow() {
	key_mount alice slow --module-dir $modules
}
ok 'mount' mount_slow || bail 'no mount'
ok 'fifty files' as alice busybox sh -c \
	"for n in \$(seq 50); do echo text \$n >$upper/\$n || exit; done"

# slow_down MILLISECONDS: the daemon reads registrations again. What it does
# when told is in its log before the next request is sent.
slow_down() {
	sed -i "s/^delay-ms=.*/delay-ms=$1/" \
		/home/alice/.config/ecryptfs/keys/slow.conf &&
		kill -HUP "${daemon_pid[alice]}" && sleep 1
}

for count in 30 40; do
	unmount $upper
	drop_caches
	ok "$count: mount" mount_slow
	ok "$count: the module becomes slow" slow_down 10000
	start=$EPOCHREALTIME
	as alice bash -c "$open_all" - $upper $count >$work/results
	took=$(tenths "$start")
	diag "$count opens took $took tenths of a second"
	is "$count: all opens fail" \
		"$(grep -c '^1 ' $work/results)" $count
	is "$count: each in the kernel's time" "$(awk -v max=$kernel_time \
		'$2 >= max' $work/results)" ''
	ok "$count: the daemon lives" daemon_lives alice
	ok "$count: the module becomes fast" slow_down 0
	ok "$count: a later one is served" \
		wait_for 60 as alice head -c 1 $upper/$((count + 1))
	is "$count: and all that failed" "$(as alice bash -c '
		for ((n = 1; n <= $2; n++)); do
			read -r text <"$1/$n" && [ "$text" = "text $n" ] ||
				echo $n
		done' - $upper $count)" ''
done

# Those that found no slot did not wait; the overlay lets them queue.
at_once=8
on_overlay && at_once=0
is "of 40, $at_once failed at once" \
	"$(awk '$2 < 25' $work/results | wc -l)" $at_once

# --- the end, with requests pending -------------------------------------------

unmount $upper
drop_caches
ok 'mount' mount_slow
ok 'the module becomes slow' slow_down 10000
as alice bash -c "$open_all" - $upper 10 >$work/results &
openers=$!
sleep 1
start=$EPOCHREALTIME
ok 'the daemon is told to end' stop_daemon alice
took=$(tenths "$start")
diag "the daemon ended after $took tenths of a second"
ok 'it does in less than three seconds' test "$took" -lt 30
wait $openers
is 'all openers got an error' "$(grep -c '^1 ' $work/results)" 10
ok 'the next daemon' start_daemon alice --module-dir $modules
ok 'the module is fast' slow_down 0
ok 'it serves' wait_for 20 as alice head -c 1 $upper/45
unmount $upper
ok 'and ends' stop_daemon alice
done_testing
