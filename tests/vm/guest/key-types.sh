#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every key type with every size of the file key: files are created, written,
# renamed, truncated, appended to and read again after a remount. The mount
# changes its size of the file key each time, so what is read was always
# written under another one.
# vm-seconds: 900

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
as_limit=600

# In the directory $1, which it makes
create='
	mkdir "$1" && cd "$1" || exit
	seq 1 3000 >plain && mkdir dir && seq 5 >dir/small && : >empty &&
	seq 1 20000 >cut && truncate -s 5000 cut &&
	seq 1 100 >grown && truncate -s 50000 grown &&
	seq 1 700 >old-name && mv old-name dir/new-name &&
	seq 1 900 >gone && rm gone'

# What a program would read back, and the places where nothing may be
check='
	cd "$1" && [ "$(md5sum <plain)" = "$(seq 1 3000 | md5sum)" ] &&
	[ "$(md5sum <dir/small)" = "$(seq 5 | md5sum)" ] &&
	[ "$(md5sum <dir/new-name)" = "$(seq 1 700 | md5sum)" ] &&
	[ "$(md5sum <cut)" = "$(seq 1 20000 | head -c 5000 | md5sum)" ] &&
	[ "$(head -c 292 grown | md5sum)" = "$(seq 1 100 | md5sum)" ] &&
	[ "$(tail -c +293 grown | tr -d "\\000" | wc -c)" = 0 ] &&
	[ "$(stat -c %s grown empty)" = "$(printf "50000\n0")" ] &&
	[ ! -e gone ] && [ ! -e old-name ]'
append='
	seq 3001 4000 >>plain && seq 6 7 >>empty && chmod 0640 cut'
check_appended='
	cd "$1" && [ "$(md5sum <plain)" = "$(seq 1 4000 | md5sum)" ] &&
	[ "$(cat empty)" = "$(seq 6 7)" ] && [ "$(stat -c %a cut)" = 640 ]'

# files DESCRIPTION SCRIPT DIRECTORY: as alice, who shows what she does there
files() {
	ok "$1" as alice busybox sh -x -c "$2" - "$upper/$3"
}

# all_sizes TYPE NAME: round N creates in directory N, appends in directory
# N - 1 and checks directory N - 2
all_sizes() {
	local sizes=(16 24 32 16 24) round=0 bytes
	for bytes in "${sizes[@]}"; do
		local now="$1, mount with AES-$((bytes * 8))"
		[ $round = 0 ] || unmount $upper || return
		drop_caches
		ok "$now" key_mount alice "$2" --cipher aes \
			--key-bytes "$bytes" || return
		[ $round -gt 2 ] ||
			files "$now: create, truncate, rename" "$create" $round
		[ $round = 0 ] || [ $round -gt 3 ] || files \
			"$1, AES-$((sizes[round - 1] * 8)): content; append" \
			"$check && $append" $((round - 1))
		[ $round -lt 2 ] || files \
			"$1, AES-$((sizes[round - 2] * 8)): content" \
			"$check_appended" $((round - 2))
		round=$((round + 1))
	done
}

ok 'the daemon registers' start_daemon alice || bail 'no daemon'
for type in rsa:2048 rsa:3072 rsa:4096 ec:P-256 ec:P-384 x25519; do
	name=${type//[:-]/}
	ok "$type: a new key" new_key alice "$name" $type || continue
	all_sizes $type "$name"
	unmount $upper
	rm -rf $lower
done
ok 'the daemon ends' stop_daemon alice
done_testing
