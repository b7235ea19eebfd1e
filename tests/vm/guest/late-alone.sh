#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# No /dev/ecryptfs yet: the daemon waits, says so, and registers when the
# module has been loaded. With --once it ends instead.
# vm-kernel: stock
# vm-options: --no-ecryptfs --timeout 300

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

fails 'there is no device' '' test -e /dev/ecryptfs
fails 'with --once it ends and says why' 'modprobe ecryptfs' \
	as alice ecryptfsd --once
launch_daemon alice
ok 'it waits and says so' wait_for 20 log_has alice 'waiting for eCryptfs'
ok 'it lives' daemon_lives alice
ok 'its socket answers' wait_for 10 as alice ecryptfs-manager status
like 'and says the same' "$(as alice ecryptfs-manager status)" \
	'waiting for eCryptfs.*modprobe ecryptfs'
ok 'a key can be made' new_key alice key x25519
directories alice $lower $upper
fails 'a mount says what is missing' 'modprobe ecryptfs' \
	mount_for alice key $lower $upper
modprobe ecryptfs
ok 'the node is root only at first' test "$(stat -c %a /dev/ecryptfs)" = 600
ok 'it says the command that lets alice in' \
	wait_for 20 log_has alice 'adduser alice ecryptfs|udev'
device_rule
ok 'it registers when the node may be opened' \
	wait_for 20 daemon_is_registered alice
ok 'and says so' wait_for 10 log_has alice 'registered'
ok 'mount' key_mount alice key
as alice busybox sh -c "echo text >$upper/file"
ok 'remount' key_remount alice key
is 'it serves' "$(as alice cat $upper/file)" text
unmount $upper
ok 'it ends' stop_daemon alice
done_testing
