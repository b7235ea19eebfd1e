#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How the keys below keys/ were made: once, with the openssl command, so that
# nothing of this project had a hand in them. They are public, and for tests
# only. Run it to make others: it keeps what is there.

set -eu
cd "$(dirname "$0")/keys"

public() {
	[ -e "$1.spki" ] || openssl pkey -in "$1.pem" ${2+-passin "$2"} \
		-pubout -outform DER -out "$1.spki"
}

for bits in 1024 2048 3072 4096; do
	[ -e rsa-$bits.pem ] || openssl genpkey -algorithm RSA \
		-pkeyopt rsa_keygen_bits:$bits -out rsa-$bits.pem
	public rsa-$bits
done
for curve in 256 384; do
	[ -e p-$curve.pem ] || openssl genpkey -algorithm EC \
		-pkeyopt ec_paramgen_curve:P-$curve -out p-$curve.pem
	public p-$curve
done
[ -e x25519.pem ] || openssl genpkey -algorithm X25519 -out x25519.pem
public x25519

# Another of each kind that is tested with a wrong key
[ -e other-rsa-2048.pem ] || openssl genpkey -algorithm RSA \
	-pkeyopt rsa_keygen_bits:2048 -out other-rsa-2048.pem
public other-rsa-2048

# Passphrase "test"
[ -e encrypted-rsa-2048.pem ] || openssl pkcs8 -topk8 -in rsa-2048.pem \
	-v2 aes-256-cbc -iter 2048 -passout pass:test \
	-out encrypted-rsa-2048.pem
