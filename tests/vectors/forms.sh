# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The formats of doc/PROTOCOL sections 7 and 8 in terms of the openssl command
# line: nothing here runs code of this tree.

hex() {
	od -An -v -tx1 "$@" | tr -d ' \n'
}

unhex() {
	local hex=$1 escaped=
	while [ -n "$hex" ]; do
		escaped+="\\x${hex:0:2}"
		hex=${hex:2}
	done
	printf '%b' "$escaped"
}

# u16 NUMBER: four hex digits
u16() {
	printf '%04x' "$1"
}

# spki_of KEY.pem [FORM]: DER of the public half, of an EC key with the named
# curve and the point in FORM (uncompressed, hybrid)
spki_of() {
	openssl pkey -in "$1" -pubout -outform DER \
		${2:+-ec_conv_form "$2" -ec_param_enc named_curve}
}

# mpi HEX: bit count and bytes, as in OpenPGP
mpi() {
	local hex=$1 top bits
	while [ "${hex:0:2}" = 00 ]; do hex=${hex:2}; done
	top=$((16#${hex:0:2}))
	bits=$((8 * (${#hex} / 2 - 1)))
	while [ "$top" -gt 0 ]; do
		bits=$((bits + 1))
		top=$((top >> 1))
	done
	printf '%s%s' "$(u16 "$bits")" "$hex"
}

# sig_of_rsa KEY.pem: first 8 bytes of ecryptfs-utils' fingerprint
sig_of_rsa() {
	local modulus body
	modulus=$(openssl rsa -in "$1" -noout -modulus | cut -d= -f2 |
		tr 'A-F' 'a-f')
	# Every test key has e = 65537.
	body=040000000002$(mpi "$modulus")$(mpi 010001)
	unhex "99$(u16 $((${#body} / 2)))$body" | openssl dgst -sha1 -r |
		cut -c1-16
}

# sig_of_spki KEY.pem [FORM]
sig_of_spki() {
	{
		printf 'ecryptfs-pki sig 1\0'
		spki_of "$@"
	} | openssl dgst -sha256 -r | cut -c1-16
}

# header SCHEME: form direct, in hex
header() {
	printf '65504b490101%s' "$(u16 "$1")"
}

# kek SHARED_FILE SCHEME SIG EPHEMERAL_HEX RECIPIENT_HEX: the key in hex
kek() {
	local label
	label=$(printf 'ecryptfs-pki wrap 1\0' | hex)
	openssl kdf -keylen 32 -kdfopt digest:SHA256 \
		-kdfopt hexkey:"$(hex "$1")" \
		-kdfopt hexinfo:"$label$(u16 "$2")$3$4$5" HKDF |
		tr -d ':\n' | tr 'A-F' 'a-f'
}

# curve_of KEY.pem: sets scheme, point (bytes), prefix (hex of the DER before)
curve_of() {
	case $(openssl pkey -in "$1" -noout -text) in
	*prime256v1*)
		scheme=3 point=65
		prefix=3059301306072a8648ce3d020106082a8648ce3d030107034200
		;;
	*secp384r1*)
		scheme=4 point=97
		prefix=3076301006072a8648ce3d020106052b81040022036200
		;;
	*X25519*)
		scheme=5 point=32
		prefix=302a300506032b656e032100
		;;
	*)
		return 1
		;;
	esac
}
