#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is wrong with the machine or with the wish of the user is said in one
# sentence that names the remedy; the mount verb refuses what would lose data.
# vm-lane: 2

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

# one_sentence DESCRIPTION ERE COMMAND...: fails, says it in one line, and the
# line names what to do
one_sentence() {
	local text=$1 pattern=$2 output status
	shift 2
	fails "$text" "$pattern" "$@" || return
	capture "$@"
	is "$text: in one line" "$(wc -l <<<"$output")" 1
}

# no_daemon COMMAND...: other lines may stand around the one that says it
no_daemon() {
	local output status
	capture as alice ecryptfs-manager "$@"
	is "no daemon: exit status of $1" $status 69
	is "no daemon: $1 says how to start one" \
		"$(grep -c 'ecryptfsd --daemonize' <<<"$output")" 1
}

ok 'a key' new_key alice key x25519
no_daemon status
no_daemon lock
no_daemon unlock key
ok 'the daemon' start_daemon alice || bail 'no daemon'
one_sentence 'a second daemon' 'already|running' as alice ecryptfsd
ok 'the first one lives' daemon_lives alice
mkdir -m 0700 $work/other && chown alice $work/other
one_sentence 'a second daemon with a runtime directory of its own' \
	'another daemon of user alice.*fuser -v' as alice \
	env XDG_RUNTIME_DIR=$work/other ecryptfsd --once --transport=device
ok 'the first one lives and is registered' daemon_is_registered alice
one_sentence 'no permission: the command that gives it' \
	'adduser carol ecryptfs' as carol ecryptfsd --once --transport=device

# --- what the mount verb does not do -----------------------------------------

directories alice $lower $upper
mount_refuses() {
	local text=$1 pattern=$2
	shift 2
	fails "refused: $text" "$pattern" mount_for alice "$@" $lower $upper
	is "refused: $text: nothing was mounted" \
		"$(grep -c ' ecryptfs ' /proc/mounts)" 0
}
mount_refuses 'a key size that aes does not have' '16, 24 or 32' \
	--cipher aes --key-bytes 20 key
mount_refuses 'a cipher that is not known' 'rot13' --cipher rot13 key
mount_refuses 'passthrough' 'passthrough' -o ecryptfs_passthrough key
mount_refuses 'a name that is not registered' 'nobody' nobody

# Eight packets of RSA-4096 have 525 bytes each; seven are 3675.
names=
cp "$VM_KEYS"/recipient-*.pub $work/
for pub in $work/recipient-*.pub; do
	name=${pub##*/}
	names+=${name%.pub},
done
as alice busybox sh -c "for pub in $work/recipient-*.pub; do
	name=\${pub##*/}
	ecryptfs-manager import \${name%.pub} --public \$pub || exit
done" >/dev/null 2>&1
mount_refuses 'recipients of more than 4069 bytes' 4069 "${names%,}"
seven=${names#*,}
ok 'seven of them' mount_for alice "${seven%,}" $lower $upper
ok 'a file of theirs' as alice busybox sh -c "echo text >$upper/file"
unmount $upper

ok 'the daemon ends' stop_daemon alice
done_testing
