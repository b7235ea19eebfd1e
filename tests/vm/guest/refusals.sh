#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is wrong with the machine or with the wish of the user is said in one
# sentence that names the remedy; the mount verb refuses what would lose data.

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

# one_sentence DESCRIPTION ERE COMMAND...: fails, says it in one line, and the
# line names what to do
one_sentence() {
	local output status
	fails "$@" || return
	shift 2
	capture "$@"
	is 'in one line' "$(wc -l <<<"$output")" 1
}

# no daemon, second daemon, no permission
one_sentence 'no daemon: status says how to start one' 'ecryptfsd' \
	as alice ecryptfs-manager status
start_daemon alice || bail 'no daemon'
one_sentence 'a second daemon' 'already|running' \
	as alice ecryptfsd --transport=device --once
ok 'the first one lives' daemon_lives alice
one_sentence 'no permission: the command that gives it' \
	'adduser carol ecryptfs|usermod' \
	as carol ecryptfsd --transport=device --once

# what the mount verb does not do
new_key alice key x25519
as alice ecryptfs-manager add key >/dev/null
mount_refuses() {
	local text=$1 pattern=$2
	shift 2
	fails "refused: $text" "$pattern" key_mount alice "$@"
	fails 'nothing was mounted' '' mountpoint $upper
}
mount_refuses 'a key size that aes does not have' 'key' \
	key --cipher aes --key-bytes 20
mount_refuses 'a cipher that is not known' 'cipher' key --cipher rot13
mount_refuses 'passthrough' 'passthrough' key -o ecryptfs_passthrough
mount_refuses 'a name that is not registered' 'nobody' nobody

# Eight packets of RSA-4096 have 525 bytes each.
names=
cp "$VM_KEYS"/recipient-*.pub $work/
for pub in $work/recipient-*.pub; do
	name=$(basename "$pub" .pub)
	as alice ecryptfs-manager import "$name" --public "$pub" >/dev/null
	names+=$name,
done
mount_refuses 'recipients of more than 4069 bytes' 4069 "${names%,}"

ok 'a mount' key_mount alice key
directories alice $work/second
fails 'refused: the lower directory is mounted already' 'mounted' \
	as alice sudo ecryptfs-manager mount key $lower $work/second
unmount $upper

# without sudo: the line for /etc/fstab and the command
as alice ecryptfs-manager mount key $lower $upper >$work/advice 2>&1
line=$(grep -oE "/srv[^ ]* /srv[^ ]* ecryptfs .*" $work/advice | head -n 1)
like 'the fstab line' "$line" 'ecryptfs_sig=[0-9a-f]{16}.*user'
like 'the command' "$(<$work/advice)" "mount -i $upper"
echo "$line" >>/etc/fstab
ok 'they do work' as alice mount -i $upper
as alice bash -c "echo text >$upper/file"
is 'on eCryptfs' "$(stat -f -c %T $upper)" ecryptfs
ok 'alice unmounts' as alice umount -i $upper
done_testing
