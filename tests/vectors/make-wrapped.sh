#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How wrapped/ was made from keys/: with the openssl command alone, so that
# these files share no mistake with the code that opens them. Run it to make
# all of them anew.
#
#   NAME.sig             key signature
#   NAME.FORM.pem        the same key in other forms; passphrase: passphrase
#   fek-BITS             FEK packets
#   NAME.SCHEME.BITS     fek-BITS wrapped: bare (oaep-sha1, oaep-sha256,
#                        pkcs1) or with a header (direct)
#   refused-NAME.pem     keys of sizes and kinds that must be refused

set -eu
cd "$(dirname "$0")"
. ./forms.sh
mkdir -p wrapped
cd wrapped
rm -f ./*
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

printf 'test' >passphrase

# fek BITS CODE: code, the bytes 1, 8, 15 ..., checksum
fek() {
	local body='' sum=0 byte i
	for ((i = 0; i < $1 / 8; i++)); do
		byte=$(((1 + 7 * i) % 256))
		sum=$(((sum + byte) % 65536))
		body+=$(printf '%02x' "$byte")
	done
	unhex "$2$body$(u16 "$sum")" >"fek-$1"
}

# oaep KEY DIGEST FEK
oaep() {
	openssl pkeyutl -encrypt -inkey "$1" -in "$3" \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$2" \
		-pkeyopt "rsa_mgf1_md:$2"
}

rsa_forms() {
	local name=$1 key=../keys/$1.pem
	sig_of_rsa "$key" >"$name.sig"
	openssl rsa -traditional -in "$key" 2>/dev/null \
		>"$name.traditional.pem"
	# As ecryptfs-utils wrote it: "Proc-Type: 4,ENCRYPTED".
	openssl rsa -traditional -aes256 -passout file:passphrase \
		-in "$key" 2>/dev/null >"$name.encrypted.pem"
	openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 \
		-passout file:passphrase -in "$key" \
		>"$name.pkcs8-encrypted.pem"
	for bits in 128 192 256; do
		oaep "$key" sha1 "fek-$bits" >"$name.oaep-sha1.$bits"
		openssl pkeyutl -encrypt -inkey "$key" -in "fek-$bits" \
			-pkeyopt rsa_padding_mode:pkcs1 >"$name.pkcs1.$bits"
	done
}

rsa_direct() {
	{
		unhex "$(header 2)"
		oaep "../keys/$1.pem" sha256 fek-256
	} >"$1.direct.256"
}

new_ephemeral() {
	case $scheme in
	3) openssl genpkey -algorithm EC -pkeyopt group:P-256 ;;
	4) openssl genpkey -algorithm EC -pkeyopt group:P-384 ;;
	5) openssl genpkey -algorithm X25519 ;;
	esac >"$scratch/ephemeral.pem"
	openssl pkeyutl -derive -inkey "$scratch/ephemeral.pem" \
		-peerkey "$scratch/recipient.pem" -out "$scratch/shared"
}

# ecdh_direct NAME FEK [FORM]: the ephemeral key, derive, HKDF, key wrap with
# padding
ecdh_direct() {
	local name=$1 eph recipient secret
	recipient=$(spki_of "../keys/$name.pem" | tail -c "$point" | hex)
	eph=$(spki_of "$scratch/ephemeral.pem" "${3-}" | tail -c "$point" |
		hex)
	secret=$(kek "$scratch/shared" "$scheme" "$(cat "$name.sig")" "$eph" \
		"$recipient")
	unhex "$(header "$scheme")$eph"
	openssl enc -e -id-aes256-wrap-pad -K "$secret" -iv A65959A6 -in "$2"
}

ecdh_forms() {
	local name=$1 key=../keys/$1.pem bits scheme point prefix
	sig_of_spki "$key" >"$name.sig"
	curve_of "$key"
	openssl pkey -in "$key" -pubout >"$scratch/recipient.pem"
	for bits in 128 192 256; do
		new_ephemeral
		ecdh_direct "$name" "fek-$bits" >"$name.direct.$bits"
	done
	# A shared X that begins with a zero: it must not be cut.
	until [ "$(head -c 1 "$scratch/shared" | hex)" = 00 ]; do
		new_ephemeral
	done
	ecdh_direct "$name" fek-256 >"$name.direct-zero-x.256"
}

fek 128 07
fek 192 08
fek 256 09

for name in rsa-1024 rsa-2048 rsa-3072 rsa-4096; do
	rsa_forms $name
done
rsa_direct rsa-2048
rsa_direct rsa-3072
oaep ../keys/rsa-4096.pem sha256 fek-256 >rsa-4096.oaep-sha256.256
for name in p-256 p-384 x25519; do
	ecdh_forms $name
done

# A point may be written in three ways; only one is the format's.
ecdh_hybrid() {
	local scheme point prefix
	curve_of ../keys/p-256.pem
	openssl pkey -in ../keys/p-256.pem -pubout >"$scratch/recipient.pem"
	new_ephemeral
	ecdh_direct p-256 fek-256 hybrid >refused-p-256-hybrid.256
}
ecdh_hybrid

# One key as other programs write it; its signature is the same.
openssl ecparam -name prime256v1 >"$scratch/parameters.pem"
openssl pkey -in ../keys/p-256.pem -traditional |
	cat "$scratch/parameters.pem" - >p-256.traditional.pem
openssl pkey -in ../keys/p-256.pem -ec_conv_form compressed \
	>p-256.compressed.pem
openssl pkey -in ../keys/p-256.pem -ec_param_enc explicit >p-256.explicit.pem
openssl pkey -in ../keys/x25519.pem -aes256 -passout file:passphrase \
	>x25519.pkcs8-encrypted.pem

openssl genrsa 1023 2>/dev/null >refused-rsa-1023.pem
openssl genrsa 8192 2>/dev/null >refused-rsa-8192.pem
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 \
	>refused-rsa-pss.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt group:P-521 >refused-p-521.pem
openssl genpkey -algorithm ED25519 >refused-ed25519.pem
# More rounds than anybody wants to wait for
openssl pkcs8 -topk8 -in ../keys/x25519.pem -iter 10000001 \
	-passout file:passphrase >refused-rounds.pem
