#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ecryptfsd over netlink, on the kernel overlay: two users' files, a daemon
# that is killed, one that is replaced, a module that goes and comes back.
# vm-options: --kernel overlay --timeout 600

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

# status_of USER ITEM: what the daemon says of itself
status_of() {
	as "$1" ecryptfs-manager status --json | python3 -c '
import json, sys
print(json.load(sys.stdin)["daemon"].get(sys.argv[1], ""))' "$2"
}

transport_is() {
	[ "$(status_of "$1" transports)" = "$2" ]
}

holds_device() {
	ls -l /proc/"${daemon_pid[$1]}"/fd | grep -q /dev/ecryptfs
}

# user_mount USER KEY: below $work/USER
user_mount() {
	directories "$1" "$work/$1/lower" "$work/$1/upper"
	mount_for "$1" "$2" "$work/$1/lower" "$work/$1/upper"
}

remount_all() {
	unmount $work/alice/upper $work/bob/upper && drop_caches &&
		user_mount alice hers && user_mount bob his
}

opens() {
	is "$1 opens it" "$(as "$1" cat "$work/$1/upper/file" 2>&1)" \
		"a file of $1"
}

# --- two users, each with a daemon

ok 'the daemon of alice' start_daemon alice
ok 'the daemon of bob' start_daemon bob
is 'netlink is what it uses' "$(status_of alice transports)" \
	'netlink: registered'
ok 'and not the device' eval '! holds_device alice'
is 'the kernel told how long it waits' \
	"$(status_of alice kernel_timeout_msec)" 3000
is 'and for how long for a person' "$(status_of alice kernel_extend_msec)" \
	30000
ok 'a key of alice' new_key alice hers x25519
ok 'a key of bob' new_key bob his rsa:2048
ok 'a mount of alice' user_mount alice hers || bail 'no mount'
ok 'a mount of bob' user_mount bob his || bail 'no mount'
for user in alice bob; do
	ok "a file of $user" as "$user" busybox sh -c \
		'echo "a file of $1" >"$2"' - "$user" "$work/$user/upper/file"
done
ok 'remount' remount_all
opens alice
opens bob
is 'no message was malformed' "$(status_of alice malformed)" 0

# --- killed

ok 'remount' remount_all
ok 'the daemon of alice is killed' kill_daemon alice
begun=$EPOCHREALTIME
eio 'nothing opens without it' alice $work/alice/upper/file
ok 'which is said at once' test "$(tenths "$begun")" -lt 25
opens bob
ok 'it starts anew' start_daemon alice
opens alice

# --- replaced

mkdir -m 0700 /home/alice/run && chown alice: /home/alice/run
fails 'a second one, elsewhere, is refused' 'ecryptfsd --replace' \
	as alice env XDG_RUNTIME_DIR=/home/alice/run ecryptfsd --once
ok 'with exit status 75' eval '
	as alice env XDG_RUNTIME_DIR=/home/alice/run ecryptfsd --once
	[ $? = 75 ]'
old=${daemon_pid[alice]}
launch_daemon alice --replace
new=${daemon_pid[alice]}
wait "$old"
is 'the daemon that is replaced leaves with exit status 75' $? 75
ok 'and says by whom' log_has alice \
	"another ecryptfsd of user alice, with process id $new, has taken over"
ok 'the new one is registered' wait_for 10 transport_is alice \
	'netlink: registered'
ok 'remount' remount_all
opens alice

# --- over the device, when that is asked for, and back

ok 'the daemon of bob ends' stop_daemon bob
ok 'one that shall use the device' start_daemon bob --transport=device
ok 'does' holds_device bob
ok 'remount' remount_all
opens bob
ok 'it ends' stop_daemon bob
ok 'one that may choose' start_daemon bob
ok 'uses netlink' transport_is bob 'netlink: registered'

# --- the module goes, and comes back

unmount $work/alice/upper $work/bob/upper
ok 'the module is unloaded under both' rmmod ecryptfs
ok 'they wait' wait_for 10 log_has alice 'waiting for eCryptfs'
ok 'and do not bring it back' eval \
	'sleep 1; [ ! -e /sys/module/ecryptfs ]'
ok 'one that ends when there is nothing' eval '
	as alice env XDG_RUNTIME_DIR=/home/alice/run ecryptfsd --once \
		--transport=device; [ $? = 71 ]'
ok 'the module is loaded' modprobe ecryptfs
for user in alice bob; do
	ok "$user is registered again" wait_for 10 transport_is $user \
		'netlink: registered'
	ok 'and not on the device' eval "! holds_device $user"
done
ok 'a mount of alice' user_mount alice hers
ok 'a mount of bob' user_mount bob his
opens alice
opens bob

# --- at the end

unmount $work/alice/upper $work/bob/upper
ok 'the daemon of bob ends' stop_daemon bob
ok 'the daemon of alice ends' stop_daemon alice
ok 'the module is free' rmmod ecryptfs
ok 'a daemon loads it' start_daemon alice
ok 'by the name of the family' test -e /sys/module/ecryptfs
ok 'it ends' stop_daemon alice
done_testing
