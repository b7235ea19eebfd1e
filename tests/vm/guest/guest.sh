#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The guest itself, without the suite: what the other tests rest on. Users
# with sessions, keys of their own, a kernel with public-key messages, and a
# real eCryptfs mount under a passphrase.

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-token.sh"

version=$(</sys/fs/ecryptfs/version)
is 'the module can public keys and /dev/ecryptfs' $((version & 0x42)) $((0x42))
is 'the device is for the group' \
	"$(stat -c %a:%G /dev/ecryptfs)" 660:ecryptfs

is 'alice is alice' "$(as alice id -un)" alice
is 'alice is in group ecryptfs' \
	"$(as alice id -Gn)" 'alice ecryptfs'
is 'carol is not' "$(as carol id -Gn)" carol
is 'she has a runtime directory' \
	"$(as alice bash -c 'stat -c %a:%U "$XDG_RUNTIME_DIR"')" 700:alice
is 'she may become root by sudo' "$(as alice sudo id -u)" 0

is 'a token has 740 bytes' "$(passphrase_token | wc -c)" 740
is 'a token for a private key with a blob too' \
	"$(private_token 0123456789abcdef openssl 'a blob' | wc -c)" 746
add='keyctl padd user 253ca7e88811d184 @u'
passphrase_token >$work/token
ok 'alice adds a key' as alice bash -c "$add <$work/token"
ok 'another session of hers finds it' \
	as alice keyctl search @s user $passphrase_sig
fails 'bob does not' 'Required key not available' \
	as bob keyctl search @s user $passphrase_sig
fails 'root does not' 'Required key not available' \
	keyctl search @s user $passphrase_sig

keyctl padd user $passphrase_sig @u >/dev/null <$work/token
directories alice $work/lower $work/upper
ok 'root mounts' raw_mount $passphrase_sig $work/lower $work/upper
as alice bash -c "seq 1 5000 >$work/upper/file"
is 'the lower file is encrypted' \
	"$(head -c 28672 $work/lower/file | grep -c 4999)" 0
unmount $work/upper
drop_caches
ok 'again' raw_mount $passphrase_sig $work/lower $work/upper
is 'the content is there after a remount' \
	"$(as alice md5sum <$work/upper/file)" "$(seq 1 5000 | md5sum)"
unmount $work/upper
done_testing
