#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The figures of the daemon's start and of a real mount: RSA-2048, lower
# directory on tmpfs, nothing else running. Run in the guest by "make bench"
# (tests/vm/run --script), with FILE_BENCH naming the built program.

set -eu
work=/run/bench
export XDG_RUNTIME_DIR=$work/run XDG_CONFIG_HOME=$work/config \
	XDG_DATA_HOME=$work/data
mkdir -p $work/lower $work/upper
mkdir -m 700 $XDG_RUNTIME_DIR
ecryptfs-manager generate bench --pki openssl --type rsa:2048 \
	--no-passphrase >/dev/null

# begin: starts the daemon; $usec from its start to its registration
begin() {
	ecryptfsd >$work/log 2>&1 &
	daemon=$!
	for _ in $(seq 100); do
		usec=$(ecryptfs-manager status 2>/dev/null |
			awk '$1 == "registered-usec" { print $2 }') || true
		[ -z "$usec" ] || return 0
		sleep 0.05
	done
	echo "ecryptfsd did not register:"
	cat $work/log
	exit 1
}

end() {
	kill "$daemon"
	wait "$daemon"
}

# report WHAT USEC RULE LIMIT-USEC: a row as file-bench prints them
report() {
	awk -v what="$1" -v usec="$2" -v rule="$3" -v limit="$4" 'BEGIN {
		good = usec <= limit
		printf "%-34s %8.3f ms  %-44s %8.3f ms  %s\n", what,
			usec / 1000, rule, limit / 1000, good ? "PASS" : "FAIL"
		exit !good
	}'
}

status=0
starts=
for _ in 1 2 3 4 5; do
	[ -z "$starts" ] || end
	begin
	starts="$starts $usec"
done
# shellcheck disable=SC2086
median=$(printf '%s\n' $starts | sort -n | sed -n 3p)
report "start to registered" "$median" "50 ms, median of five starts" 50000 ||
	status=1
ecryptfs-manager mount bench $work/lower $work/upper >/dev/null
"$FILE_BENCH" $work/upper $XDG_DATA_HOME/ecryptfs/keys/bench.pem || status=1
umount $work/upper
end
exit $status
