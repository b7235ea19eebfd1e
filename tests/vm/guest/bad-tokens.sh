#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Auth toks that are missing, expired, revoked or malformed: who opens a file
# gets an error, and the daemon goes on serving.

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
. "$guest_dir/lib-token.sh"

start_daemon alice || bail 'no daemon'
new_key alice key x25519
sig=$(signature alice key)
ok 'mount' key_mount alice key || bail 'no mount'
as alice bash -c "echo text >$upper/file"
unmount $upper

# The mount must not know the key, so that the kernel asks for the opener's.
keyctl padd user $passphrase_sig @u >/dev/null < <(passphrase_token)
other_mount() {
	unmount $upper 2>/dev/null
	drop_caches
	raw_mount $passphrase_sig $lower $upper
}

# with_token DESCRIPTION COMMAND...: puts a token in place, which must not open
with_token() {
	local text=$1
	shift
	as alice keyctl clear @u
	ok "$text: made" as alice "$@"
	mountpoint -q $upper && unmount $upper
	other_mount
	eio "$text: EIO" alice $upper/file
	ok "$text: the daemon lives" daemon_lives alice
	ok "$text: and serves" as alice ecryptfs-manager test key
}

# put FILE: as token for $sig
put="keyctl padd user $sig @u <"
private_token "$sig" openssl '' >$work/good
head -c 700 $work/good >$work/short
{ cat $work/good; zeros 8000 | unhex; } >$work/oversized
passphrase_token >$work/type
efek_byte=55 private_token "$sig" openssl '' >$work/nonzero
private_token 00112233445566aa openssl '' >$work/inner
private_token "$sig" '../../evil' '' >$work/module

with_token 'no token' true
for kind in short oversized type nonzero inner module; do
	with_token "token $kind" bash -c "$put$work/$kind"
done
with_token 'expired token' bash -c "
	id=\$($put$work/good) && keyctl timeout \$id 1 &&
	while keyctl read \$id; do :; done"
with_token 'revoked token' bash -c "id=\$($put$work/good) && keyctl revoke \$id"

as alice keyctl clear @u
signature alice key >/dev/null
mountpoint -q $upper && unmount $upper
other_mount
is 'with the right one it opens' "$(as alice cat $upper/file)" text
unmount $upper
ok 'the daemon ends' stop_daemon alice
done_testing
