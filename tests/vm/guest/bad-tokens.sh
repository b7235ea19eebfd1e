#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Auth toks that are missing, expired, revoked or malformed: who opens a file
# gets an error, the daemon's log names the signature and what is wrong with
# it, and the daemon goes on serving.
# vm-seconds: 600

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
. "$guest_dir/lib-token.sh"

start_daemon alice || bail 'no daemon'
ok 'a key' new_key alice key x25519
sig=$(signature alice key)
other_sig=00112233445566aa
ok 'mount' key_mount alice key || bail 'no mount'

# No file is read twice: what is in the kernel's cache needs no auth tok.
ok 'files' as alice busybox sh -c '
	for n in $(seq 80); do echo text >"$1/$n" || exit; done' - $upper
unmount $upper
files=0
next_file() {
	files=$((files + 1))
	file=$upper/$files
}

# --- the auth toks ----------------------------------------------------------

put="keyctl padd user $sig @u <$work/"
private_token "$sig" openssl '' >$work/no-blob
as alice keyctl pipe "$(as alice keyctl search @u user "$sig")" >$work/good
head -c 700 $work/good >$work/short
{ cat $work/good; zeros 8000 | unhex; } >$work/padded
private_token "$sig" openssl "$(printf 'x%.0s' {1..8000})" >$work/oversized
blob_len=9999 private_token "$sig" openssl 'EPK1' >$work/overlong
passphrase_token >$work/type
{ head -c 20 $work/good; printf U; tail -c +22 $work/good; } >$work/nonzero
private_token $other_sig openssl '' >$work/inner
private_token "$sig" '../../evil' '' >$work/module

expired="id=\$(${put}good) && keyctl timeout \$id 1 &&
	while keyctl read \$id >/dev/null 2>&1; do sleep 0.2; done"
revoked="id=\$(${put}good) && keyctl revoke \$id"

# log_since BYTES: what the daemon has logged after that size of the log
log_size() {
	stat -c %s "$(daemon_log alice)"
}
log_since() {
	tail -c +$(($1 + 1)) "$(daemon_log alice)"
}

# served DESCRIPTION: the same daemon opens a file under the good auth tok
served() {
	next_file
	daemon_lives alice
	point $? "$1: the daemon lives"
	is "$1: and opens the next file" "$(as alice busybox sh -c "
		keyctl clear @u; ${put}good >/dev/null; cat $file" 2>&1)" text
}

# refused DESCRIPTION COMMAND [ERE]: with what COMMAND puts into the keyring a
# file does not open; when the daemon is asked it says the signature and why
refused() {
	local text=$1 command=$2 pattern=${3-} before log
	next_file
	ok "$text: made" as alice bash -c "keyctl clear @u; $command"
	before=$(log_size)
	eio "$text: EIO" alice "$file"
	log=$(log_since "$before")
	[ -z "$pattern" ] || like "$text: the log" "$log" "$pattern"
	is "$text: at most one line" "$(($(grep -c . <<<"$log") <= 1))" 1
	served "$text"
}

# --- the kernel knows a good one, the keyring of the daemon does not ---------

keyctl padd user "$sig" @u <$work/good >/dev/null
ok 'root mounts with a copy of its own' raw_mount "$sig" $lower $upper
refused 'no token' true "$sig.*add NAME"
refused 'short' "${put}short" "$sig.*(740|short)"
refused 'oversized blob' "${put}oversized" "$sig.*blob"
refused 'blob that is not all there' "${put}overlong" "$sig.*blob"
refused 'no blob' "${put}no-blob" "$sig.*blob"
refused 'of a passphrase' "${put}type" "$sig.*(type|private)"
refused 'encrypted_key is not zero' "${put}nonzero" "$sig.*encrypted_key"
refused 'another signature inside' "${put}inner" "$sig.*another signature"
refused 'module with a path' "${put}module" "$sig.*module"
refused 'expired' "$expired" "$sig.*expired"
refused 'revoked' "$revoked" "$sig.*revoked"
next_file
as alice bash -c "keyctl clear @u; ${put}padded >/dev/null"
is 'bytes behind the blob are not looked at' "$(as alice cat $file)" text
unmount $upper
drop_caches

# --- the kernel takes the opener's -------------------------------------------

keyctl clear @u
passphrase_token | keyctl padd user $passphrase_sig @u >/dev/null
ok 'root mounts with a passphrase' raw_mount $passphrase_sig $lower $upper
refused 'kernel: no token' true
refused 'kernel: short' "${put}short" "$sig"
refused 'kernel: oversized blob' "${put}oversized" "$sig.*blob"
refused 'kernel: of a passphrase' "${put}type"
refused 'kernel: encrypted_key is not zero' "${put}nonzero"
refused 'kernel: another signature inside' "${put}inner" "$other_sig"
refused 'kernel: expired' "$expired"
refused 'kernel: revoked' "$revoked"
unmount $upper
drop_caches

# --- creating ----------------------------------------------------------------

keyctl clear @u
keyctl padd user "$sig" @u <$work/good >/dev/null
ok 'root mounts again' raw_mount "$sig" $lower $upper
as alice keyctl clear @u
fails 'without an auth tok no file is created' 'Input/output error' \
	as alice busybox sh -c "echo text >$upper/new"
served 'after that'
unmount $upper
keyctl clear @u
ok 'the daemon ends' stop_daemon alice
done_testing
