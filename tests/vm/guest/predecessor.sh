#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Files of ecryptfs-utils, put together with the openssl command line alone:
# those of its openssl module (bare RSA-OAEP with SHA-1) open after "import",
# and under the auth tok that it made, which names a key file and a
# passphrase; those of its pkcs11-helper module (PKCS#1 v1.5) open where
# read-pkcs1 says so. What mode=compat writes opens with the openssl command
# line.
# vm-lane: 2

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
. "$guest_dir/lib-token.sh"

pem=/home/alice/old.pem
locked_pem=/home/alice/locked.pem
fek=000102030405060708090a0b0c0d0e0f
plain='written by the predecessor'

# old_signature FILE: of an RSA key as the predecessor computes it (e = 65537)
old_signature() {
	local n
	n=$(openssl rsa -in "$1" -noout -modulus | cut -d= -f2)
	printf '99%04x0400000000020%s0011010001' $((10 + ${#n} / 2 + 3)) \
		"$(printf %03x $((${#n} * 4)))$n" | unhex | sha1sum | cut -c 1-16
}

# md5_hex HEX: MD5 of these bytes, in hexadecimal
md5_hex() {
	unhex <<<"$1" | md5sum | cut -d' ' -f1
}

# old_file SIG PADDING: a lower file with one extent that holds $plain
old_file() {
	local sum=0 n packet efek root iv
	for ((n = 0; n < ${#fek}; n += 2)); do
		sum=$((sum + 0x${fek:n:2}))
	done
	efek=$(printf '07%s%04x' $fek $sum | unhex | openssl pkeyutl -encrypt \
		-inkey $pem -pkeyopt "rsa_padding_mode:$2" |
		od -An -v -tx1 | tr -d ' \n')
	packet=01c04a03${1}01$efek
	root=$(md5_hex $fek)
	iv=$(md5_hex "$root$(ascii_hex 0)$(zeros 15)")
	{
		printf '%016x' ${#plain}
		printf '%08x%08x' $((0x11223344)) $((0x11223344 ^ 0x3c81b7f5))
		printf '03000002000010000002%s00' "$packet"
	} | unhex
	zeros $((8192 - 26 - ${#packet} / 2 - 1)) | unhex
	{ printf %s "$plain"; zeros $((4096 - ${#plain})) | unhex; } |
		openssl enc -aes-128-cbc -nopad -K $fek -iv "$iv"
}

# openssl_opens FILE: the new lower file $lower/FILE has a Tag 1 packet of 269
# bytes at 26, 01 c0 4a 03 SIG 01 EFEK, which the openssl command line opens
openssl_opens() {
	local sum
	is "$1: the packet has no header" "$(tail -c +27 "$lower/$1" |
		head -c 13 | od -An -v -tx1 | tr -d ' \n')" "01c04a03${sig}01"
	rm -f $work/fek
	tail -c +40 "$lower/$1" | head -c 256 >$work/efek
	ok "$1: openssl opens it" openssl pkeyutl -decrypt -inkey $pem \
		-pkeyopt rsa_padding_mode:oaep -in $work/efek -out $work/fek
	is "$1: for AES-128" "$(od -An -v -tu1 $work/fek | awk '
		{ for (i = 1; i <= NF; i++) byte[n++] = $i }
		END {
			for (i = 1; i < 17; i++) sum += byte[i]
			print n, byte[0], sum == byte[17] * 256 + byte[18]
		}')" '19 7 1'
}

openssl genrsa -traditional -out $pem 2048 2>/dev/null
openssl rsa -traditional -aes256 -passout pass:secret -in $pem \
	-out $locked_pem 2>/dev/null
chown alice $pem $locked_pem
chmod 0600 $pem $locked_pem
sig=$(old_signature $pem)
like 'a signature' "$sig" '^[0-9a-f]{16}$'
directories alice $lower $upper
for name in imported old-token no-daemon-of-it; do
	old_file "$sig" oaep >$lower/$name
done
for name in pkcs1 pkcs1-refused; do
	old_file "$sig" pkcs1 >$lower/$name
done
chown alice $lower/*
is 'lower files' "$(stat -c %s $lower/* | sort -u)" 12288
start_daemon alice || bail 'no daemon'

# --- the auth tok of ecryptfs-utils, nothing registered ----------------------

# use_old_token PASSPHRASE: alice's, and the copy with which root mounts
use_old_token() {
	old_token "$sig" $locked_pem "$1" >$work/token
	as alice busybox sh -c "keyctl clear @u &&
		keyctl padd user $sig @u <$work/token" &&
		keyctl padd user "$sig" @u <$work/token
}
ok 'the auth tok of ecryptfs-utils' use_old_token secret
ok 'root mounts' raw_mount "$sig" $lower $upper
is 'its file opens' "$(as alice cat $upper/old-token)" "$plain"
ok 'a new file' as alice busybox sh -c "echo new >$upper/new-token"
unmount $upper
drop_caches
openssl_opens new-token
ok 'the same with a wrong passphrase' use_old_token not-the-secret
ok 'root mounts again' raw_mount "$sig" $lower $upper
stop_daemon alice
start_daemon alice
eio 'no file opens' alice $upper/no-daemon-of-it
ok 'the log says which key' log_has alice "$sig.*(passphrase|secret)"
is 'and not the passphrase' "$(grep -c not-the-secret "$(daemon_log alice)")" 0
unmount $upper
keyctl clear @u
as alice keyctl clear @u

# --- imported ----------------------------------------------------------------

ok 'import' as alice ecryptfs-manager import old --pki openssl --file $pem \
	--mode compat
is 'the signature is the one it had' "$(signature alice old)" "$sig"
ok 'mount' key_mount alice old --key-bytes 16
is 'the old file opens' "$(as alice cat $upper/imported)" "$plain"
eio 'one of pkcs11-helper does not' alice $upper/pkcs1-refused
ok 'a new file' as alice busybox sh -c "echo new >$upper/new-compat"
unmount $upper
drop_caches
openssl_opens new-compat

# --- files of pkcs11-helper ---------------------------------------------------

as alice ecryptfs-manager remove old --forget >/dev/null 2>&1
ok 'import to read PKCS#1 v1.5' as alice ecryptfs-manager import old \
	--pki openssl --file $pem --read-pkcs1
fails 'nothing is mounted with such a key' 'old.*(read|reads)' \
	key_mount alice old
ok 'a key for what is new' new_key alice new x25519
ok 'mount with that' key_mount alice new
as alice ecryptfs-manager add old >/dev/null
is 'the old file opens' "$(as alice cat $upper/pkcs1)" "$plain"
is 'one of the openssl module too' \
	"$(as alice cat $upper/imported)" "$plain"
ok 'and is copied to the new key' \
	as alice busybox sh -c "cat $upper/pkcs1 >$upper/copy"
unmount $upper
drop_caches
as alice ecryptfs-manager remove old >/dev/null
ok 'mount' key_mount alice new
is 'the copy opens without the old key' "$(as alice cat $upper/copy)" "$plain"
eio 'the old file does not' alice $upper/pkcs1
unmount $upper
ok 'the daemon ends' stop_daemon alice
done_testing
