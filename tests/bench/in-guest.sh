#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The figures of a real mount: RSA-2048, lower directory on tmpfs, nothing
# else running. Run in the guest by "make bench" (tests/vm/run --script), with
# FILE_BENCH naming the built program.

set -eu
work=/run/bench
export XDG_RUNTIME_DIR=$work/run XDG_CONFIG_HOME=$work/config \
	XDG_DATA_HOME=$work/data
mkdir -p $work/lower $work/upper
mkdir -m 700 $XDG_RUNTIME_DIR
ecryptfs-manager generate bench --pki openssl --type rsa:2048 \
	--no-passphrase >/dev/null
ecryptfsd >$work/log 2>&1 &
daemon=$!
for _ in $(seq 100); do
	ecryptfs-manager status 2>/dev/null | grep -q 'device: registered' &&
		break
	sleep 0.05
done
ecryptfs-manager mount bench $work/lower $work/upper >/dev/null
status=0
"$FILE_BENCH" $work/upper $XDG_DATA_HOME/ecryptfs/keys/bench.pem || status=$?
ecryptfs-manager status | grep -i registered || true
umount $work/upper
kill $daemon
exit $status
