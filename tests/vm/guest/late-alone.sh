#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# No /dev/ecryptfs yet: the daemon waits, says so, and registers when the
# module has been loaded. With --once it ends instead.
# vm-options: --no-ecryptfs --timeout 200

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

fails 'there is no device' '' test -e /dev/ecryptfs
fails 'with --once it ends and says why' 'modprobe ecryptfs' \
	as alice ecryptfsd --transport=device --once
launch_daemon alice --transport=device
ok 'it waits and says so' wait_for 20 log_has alice 'waiting for eCryptfs'
ok 'it lives' daemon_lives alice
ok 'its socket answers' \
	wait_for 10 as alice ecryptfs-manager status
modprobe ecryptfs
device_rule
ok 'it registers when the device appears' \
	wait_for 20 daemon_holds_device alice
new_key alice key x25519
ok 'mount' key_mount alice key
as alice bash -c "echo text >$upper/file"
ok 'remount' key_remount alice key
is 'it serves' "$(as alice cat $upper/file)" text
unmount $upper
ok 'it ends' stop_daemon alice
done_testing
