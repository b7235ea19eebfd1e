#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A module that needs ten seconds for each operation, under 30 and then 40
# opens at once (the kernel has 32 slots). Openers get EIO in the kernel's
# time; the reader goes on draining the device, or the kernel would crash on
# the next request; what comes later is served.
# vm-options: --timeout 600

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

[ -f "${VM_FAKE_PKI-}" ] || bail 'no slow module; make check_LTLIBRARIES'
modules=/usr/local/lib/vm-pki
install -d $modules
install -m 0755 "$VM_FAKE_PKI" $modules/fake.so
openssl genpkey -algorithm x25519 2>/dev/null |
	openssl pkey -pubout -outform der -out $modules/key.spki

manager() {
	as alice ecryptfs-manager --module-dir=$modules "$@"
}

# open_all N: all at once; prints how many failed, and the slowest in tenths
open_all='
	for ((n = 1; n <= $2; n++)); do
		(head -c 1 "$1/$n" >/dev/null 2>&1) &
		pids+=" $!"
	done
	for pid in $pids; do wait $pid || failed=$((failed + 1)); done
	echo ${failed:-0}'

start_daemon alice --module-dir=$modules || bail 'no daemon'
ok 'a key of the slow module' manager import slow --pki fake \
	--spki $modules/key.spki --delay-ms 0
ok 'mount' key_mount alice slow --module-dir=$modules || bail 'no mount'
ok 'forty files' as alice bash -c \
	"for ((n = 1; n <= 40; n++)); do echo \$n >$upper/\$n || exit; done"

# slow_down MILLISECONDS: the daemon reads registrations again
slow_down() {
	sed -i "s/^delay-ms=.*/delay-ms=$1/" \
		/home/alice/.config/ecryptfs/keys/slow.conf &&
		kill -HUP "${daemon_pid[alice]}"
}

for count in 30 40; do
	unmount $upper
	drop_caches
	key_mount alice slow --module-dir=$modules
	ok "$count: the module becomes slow" slow_down 10000
	start=$EPOCHREALTIME
	failed=$(as alice bash -c "$open_all" - $upper $count)
	took=$(tenths "$start")
	is "$count: all opens fail" "$failed" $count
	diag "$count opens took $took tenths of a second"
	ok "$count: in the kernel's time" test "$took" -lt 100
	ok "$count: the daemon lives" daemon_lives alice
	ok "$count: the module becomes fast" slow_down 0
	ok "$count: later ones are served" \
		wait_for 60 as alice head -c 1 $upper/$count
done
unmount $upper
ok 'the daemon ends' stop_daemon alice
done_testing
