#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: open-wrapped.sh KEY.pem WRAPPED
#
# Unwraps an encrypted-key field of form bare or direct with the openssl
# command line alone, and prints the FEK packet in hex. For the tests, and
# for whoever has a key and a file but no longer this program.

set -eu
umask 077
here=$(cd "$(dirname "$0")" && pwd)
. "$here/forms.sh"
key=${1:?usage: open-wrapped.sh KEY.pem WRAPPED}
wrapped=${2:?usage: open-wrapped.sh KEY.pem WRAPPED}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

oaep() {
	openssl pkeyutl -decrypt -inkey "$key" -in "$1" \
		-pkeyopt rsa_padding_mode:oaep -pkeyopt "rsa_oaep_md:$2" \
		-pkeyopt "rsa_mgf1_md:$2" 2>/dev/null
}

open_rsa() {
	local bits size
	bits=$(openssl rsa -in "$key" -noout -text |
		sed -n '1s/[^0-9]*\([0-9]*\) bit.*/\1/p')
	size=$(((bits + 7) / 8))
	if [ "$(wc -c <"$wrapped")" = "$size" ]; then
		[ "$size" -gt 504 ] && oaep "$wrapped" sha256 && return
		oaep "$wrapped" sha1 && return
		openssl pkeyutl -decrypt -inkey "$key" -in "$wrapped"
		return
	fi
	[ "$(head -c 8 "$wrapped" | hex)" = "$(header 2)" ]
	tail -c +9 "$wrapped" >"$scratch/body"
	oaep "$scratch/body" sha256
}

open_ecdh() {
	local scheme point prefix sig recipient ephemeral secret
	curve_of "$key" || {
		echo "open-wrapped.sh: $key is of a kind that cannot wrap FEKs" >&2
		return 1
	}
	[ "$(head -c 8 "$wrapped" | hex)" = "$(header "$scheme")" ]
	sig=$(sig_of_spki "$key" "${1-}")
	recipient=$(spki_of "$key" "${1-}" | tail -c "$point" | hex)
	ephemeral=$(tail -c +9 "$wrapped" | head -c "$point" | hex)
	unhex "$prefix$ephemeral" | openssl pkey -pubin -inform DER \
		>"$scratch/ephemeral.pem"
	openssl pkeyutl -derive -inkey "$key" \
		-peerkey "$scratch/ephemeral.pem" -out "$scratch/shared"
	secret=$(kek "$scratch/shared" "$scheme" "$sig" "$ephemeral" \
		"$recipient")
	tail -c +$((9 + point)) "$wrapped" | openssl enc -d \
		-id-aes256-wrap-pad -K "$secret" -iv A65959A6
}

case $(openssl pkey -in "$key" -noout -text | head -n 1) in
*RSA* | *bit,\ 2\ primes*) open_rsa >"$scratch/plain" ;;
*X25519*) open_ecdh >"$scratch/plain" ;;
*) open_ecdh uncompressed >"$scratch/plain" ;;
esac
hex "$scratch/plain"
echo
