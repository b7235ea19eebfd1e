#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every key type with every size of the file key: files are created, written,
# renamed, truncated, appended to and read again after a remount.
# vm-seconds: 900

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
as_limit=900

# One shell of alice's does it all: each "as" costs a session.
work_on_files='
	cd "$1" || exit
	seq 1 3000 >plain && mkdir dir && seq 5 >dir/small && : >empty &&
	seq 1 20000 >cut && truncate -s 5000 cut &&
	seq 1 100 >grown && truncate -s 50000 grown &&
	seq 1 700 >old-name && mv old-name dir/new-name &&
	seq 1 900 >gone && rm gone &&
	md5sum plain dir/* empty cut grown >../sums'
append_to_files='
	cd "$1" && md5sum --quiet -c ../sums && seq 3001 4000 >>plain &&
	seq 6 7 >>empty && chmod 0640 cut && [ "$(wc -c <cut)" = 5000 ] &&
	[ "$(wc -c <grown)" = 50000 ] && [ ! -e gone ]'
check_files='
	cd "$1" && [ "$(seq 1 4000 | cksum)" = "$(cksum <plain)" ] &&
	[ "$(seq 6 7)" = "$(cat empty)" ] && [ "$(stat -c %a cut)" = 640 ]'

# round_trip TYPE KEY-BYTES
round_trip() {
	local what="$1, AES-$(($2 * 8))" name=${1//[:-]/}
	ok "$what: mount" key_mount alice "$name" --cipher aes \
		--key-bytes "$2" || return
	ok "$what: create, truncate, rename" \
		as alice bash -c "$work_on_files" - $upper
	ok "$what: remount" \
		key_remount alice "$name" --cipher aes --key-bytes "$2" || return
	ok "$what: content; append" \
		as alice bash -c "$append_to_files" - $upper
	ok "$what: remount again" \
		key_remount alice "$name" --cipher aes --key-bytes "$2" || return
	ok "$what: content" as alice bash -c "$check_files" - $upper
	unmount $upper
	rm -rf $lower
}

chmod 0777 $work
ok 'the daemon registers' start_daemon alice || bail 'no daemon'
for type in rsa:2048 rsa:3072 rsa:4096 ec:P-256 ec:P-384 x25519; do
	ok "$type: a new key" new_key alice "${type//[:-]/}" $type || continue
	for bytes in 16 24 32; do
		round_trip $type $bytes
	done
done
ok 'the daemon ends' stop_daemon alice
done_testing
