#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Files of ecryptfs-utils. One is put together with the openssl command line
# alone: its Tag 1 packet is bare RSA-OAEP with SHA-1. It opens after "import".
# What mode=compat writes opens with the openssl command line.

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
. "$guest_dir/lib-token.sh"

pem=$work/old.pem
fek=000102030405060708090a0b0c0d0e0f
plain='written by the predecessor'

# The signature of an RSA key as the predecessor computes it (e = 65537).
old_signature() {
	local n
	n=$(openssl rsa -in "$1" -noout -modulus | cut -d= -f2)
	printf '99%04x0400000000020%s0011010001' $((10 + ${#n} / 2 + 3)) \
		"$(printf %03x $((${#n} * 4)))$n" | unhex | sha1sum | cut -c 1-16
}

# MD5 of hexadecimal bytes, in hexadecimal
md5_hex() {
	unhex <<<"$1" | md5sum | cut -d' ' -f1
}

# old_file SIG: a lower file with one extent that holds $plain
old_file() {
	local sum=0 n packet efek root iv
	for ((n = 0; n < ${#fek}; n += 2)); do
		sum=$((sum + 0x${fek:n:2}))
	done
	efek=$(printf '07%s%04x' $fek $sum | unhex | openssl pkeyutl -encrypt \
		-inkey $pem -pkeyopt rsa_padding_mode:oaep |
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

openssl genrsa -traditional -out $pem 2048 2>/dev/null
sig=$(old_signature $pem)
like 'a signature' "$sig" '^[0-9a-f]{16}$'
directories alice $lower $upper
old_file "$sig" >$lower/old
chown alice $lower/old $pem
is 'a lower file' "$(stat -c %s $lower/old)" 12288

start_daemon alice || bail 'no daemon'
ok 'import' as alice ecryptfs-manager import old --pki openssl --file $pem \
	--mode compat
is 'the signature is the one it had' "$(signature alice old)" "$sig"
ok 'mount' key_mount alice old --key-bytes 16
is 'the old file opens' "$(as alice cat $upper/old)" "$plain"
as alice bash -c "echo new >$upper/new"
unmount $upper

# A packet of 269 bytes at 26: 01 c0 4a 03 SIG 01 EFEK
tail -c +$((26 + 13 + 1)) $lower/new | head -c 256 >$work/efek
is 'the packet of a new file has no header' \
	"$(tail -c +27 $lower/new | head -c 4 | od -An -tx1)" ' 01 c0 4a 03'
openssl pkeyutl -decrypt -inkey $pem -pkeyopt rsa_padding_mode:oaep \
	-in $work/efek -out $work/fek
is 'openssl opens it: 19 bytes' "$(wc -c <$work/fek)" 19
is 'for AES-128' "$(head -c 1 $work/fek | od -An -tx1)" ' 07'
done_testing
