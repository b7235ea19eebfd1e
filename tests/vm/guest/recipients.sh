#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A mount with several recipients: each of them opens the files without the
# other. Two users with a daemon each: nobody opens the other's files.

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

ok 'alice: a daemon' start_daemon alice || bail 'no daemon'
ok 'bob: a daemon' start_daemon bob || bail 'no daemon'
new_key alice mine x25519
new_key bob his ec:P-256
as bob ecryptfs-manager export his >$work/his.pub
is 'only the public half is exported' "$(grep -c PRIVATE $work/his.pub)" 0
ok 'alice imports it' \
	as alice ecryptfs-manager import bob --public $work/his.pub

ok 'alice mounts for both' key_mount alice bob,mine
as alice bash -c "umask 022; seq 1 500 >$upper/shared"
unmount $upper
drop_caches
is 'there are two packets' "$(as alice ecryptfs-manager list --json |
	jq -r '.keys[].signature' | while read -r sig; do
		xxd -p $lower/shared | tr -d '\n' | grep -c "$sig"
	done | sort | uniq -c | tr -s ' ')" ' 2 1'

want=$(seq 1 500 | md5sum | cut -d' ' -f1)
ok 'alice mounts with her key' key_mount alice mine
is 'alice reads it' "$(checksum alice $upper/shared)" "$want"
unmount $upper
drop_caches
chmod -R a+rX $lower
ok 'bob mounts with his' as bob ecryptfs-manager add his
ok 'root mounts for him' env SUDO_UID=1002 SUDO_GID=1002 SUDO_USER=bob \
	ecryptfs-manager mount his $lower $upper
is 'bob reads it' "$(checksum bob $upper/shared)" "$want"
unmount $upper
drop_caches

as alice sudo ecryptfs-manager mount mine $lower $upper
as alice bash -c "umask 022; echo secret >$upper/private"
unmount $upper
drop_caches
ok 'bob mounts again' env SUDO_UID=1002 SUDO_GID=1002 SUDO_USER=bob \
	ecryptfs-manager mount his $lower $upper
eio "bob does not open alice's file" bob $upper/private
unmount $upper
drop_caches
ok 'alice mounts again' key_mount alice mine
eio "nor on alice's mount" bob $upper/private
is 'she does' "$(as alice cat $upper/private)" secret
unmount $upper
ok "alice's daemon lived" daemon_lives alice
ok "bob's daemon lived" daemon_lives bob
done_testing
