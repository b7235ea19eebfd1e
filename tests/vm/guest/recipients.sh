#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A mount with several recipients: each of them opens the files without the
# other. Two users with a daemon each: nobody opens the other's files.
# vm-lane: 2

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

ok 'alice: a daemon' start_daemon alice || bail 'no daemon'
ok 'bob: a daemon' start_daemon bob || bail 'no daemon'
ok 'alice: a key' new_key alice mine x25519
ok 'bob: a key' new_key bob his ec:P-256
mine=$(registered_sig alice mine)
his=$(registered_sig bob his)
as bob ecryptfs-manager export his >$work/his.pub
is 'only the public half is exported' "$(grep -c PRIVATE $work/his.pub)" 0
ok 'alice imports it' \
	as alice ecryptfs-manager import bob --public $work/his.pub

# The header of a lower file, in hexadecimal
header() {
	head -c 4096 "$1" | od -An -v -tx1 | tr -d ' \n'
}

# Bob and alice, and what each of them may read of the lower files
want=$(seq 1 500 | md5sum | cut -d' ' -f1)
ok 'alice mounts for both' key_mount alice bob,mine
as alice busybox sh -c "umask 022; seq 1 500 >$upper/shared"
unmount $upper
drop_caches
like 'a packet for bob, then one for alice' "$(header $lower/shared)" \
	"01..03${his}01.*01..03${mine}01"

ok 'alice mounts with her key' key_mount alice mine
is 'alice reads it' "$(checksum alice $upper/shared)" "$want"
as alice busybox sh -c "umask 022; echo secret >$upper/private"
unmount $upper
drop_caches

chmod 0755 $lower
ok 'bob mounts with his' mount_for bob his $lower $upper
is 'bob reads what is for both' "$(checksum bob $upper/shared)" "$want"
eio "bob does not open alice's" bob $upper/private
unmount $upper
drop_caches

ok 'alice mounts again' key_mount alice mine
eio "nor on alice's mount" bob $upper/private
is 'alice reads it' "$(as alice cat $upper/private)" secret
is 'whose cache bob shares from then on, by the mode of the file' \
	"$(as bob cat $upper/private)" secret
unmount $upper
drop_caches

# A daemon serves its own user only.
ok "bob's daemon ends" stop_daemon bob
ok 'bob mounts nothing without one: it is started' \
	mount_for bob his $lower $upper
is 'and serves' "$(checksum bob $upper/shared)" "$want"
unmount $upper
drop_caches
pkill -u bob -x ecryptfsd
ok 'alice mounts for both once more' key_mount alice mine,bob
fails "without his daemon bob opens nothing, with alice's at work" \
	'Input/output error' as bob cat $upper/shared
is 'alice does' "$(checksum alice $upper/shared)" "$want"
unmount $upper
ok "alice's daemon lived" daemon_lives alice
ok "and ends" stop_daemon alice
done_testing
