#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A lower file system that is on a disk: ext4, with the header in the file and
# with the header in an extended attribute. What a full lower disk refuses is
# refused, and what was there before stays.

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

ok 'a disk' bash -c "truncate -s 16M $work/disk && mkfs.ext4 -q $work/disk" ||
	bail 'no ext4'
mkdir -p $lower $upper
modprobe -a loop ext4
ok 'is mounted' mount -o loop $work/disk $lower || bail 'no ext4'
ok 'the daemon' start_daemon alice || bail 'no daemon'
ok 'a key' new_key alice key rsa:2048

write_files='
	cd "$1" && seq 1 3000 >whole && seq 1 20000 >cut &&
	truncate -s 5000 cut && mv whole moved && seq 3001 3500 >>moved'
check_files='
	cd "$1" && [ "$(seq 1 3500 | md5sum)" = "$(md5sum <moved)" ] &&
	[ "$(seq 1 20000 | head -c 5000 | md5sum)" = "$(md5sum <cut)" ]'

# round_trip DESCRIPTION [OPTION...]
round_trip() {
	local text=$1
	shift
	ok "$text: mount" key_mount alice key "$@"
	ok "$text: write" as alice busybox sh -c "$write_files" - $upper
	ok "$text: remount" key_remount alice key "$@"
	ok "$text: read" as alice busybox sh -c "$check_files" - $upper
}

round_trip 'header in the file'
unmount $upper
is 'there are 8192 bytes before the data' "$(stat -c %s $lower/cut)" \
	$((8192 + 8192))
rm -rf $lower/*
round_trip 'header in an attribute' --xattr
unmount $upper
like 'the attribute is there' \
	"$(python3 -c "import os; print(os.listxattr('$lower/cut'))")" \
	'user.ecryptfs'
is 'the file is data alone' "$(stat -c %s $lower/cut)" 8192

# --- a full disk ----------------------------------------------------------------

rm -rf $lower/*
ok 'mount' key_mount alice key
as alice busybox sh -c "$write_files" - $upper
fails 'the disk gets full' 'No space left' \
	as alice busybox sh -c "cat /dev/zero >$upper/much"
ok 'remount' key_remount alice key
ok 'what was there before is there' \
	as alice busybox sh -c "$check_files" - $upper
as alice rm $upper/much
ok 'room again: a file' as alice busybox sh -c "echo text >$upper/new"
ok 'remount again' key_remount alice key
is 'it opens' "$(as alice cat $upper/new)" text
unmount $upper
ok 'the daemon ends' stop_daemon alice
umount $lower
done_testing
