# SPDX-License-Identifier: GPL-2.0-or-later
#
# Auth toks made by hand, byte by byte, so that tests can make wrong ones too.
# Sourced. The layout is that of include/linux/ecryptfs.h, little endian.

zeros() {
	printf '%0*d' $(($1 * 2)) 0
}

ascii_hex() {
	printf %s "$1" | od -An -v -tx1 | tr -d ' \n'
}

le32() {
	printf '%02x%02x%02x%02x' $(($1 & 255)) $(($1 >> 8 & 255)) \
		$(($1 >> 16 & 255)) $(($1 >> 24 & 255))
}

# field TEXT SIZE: the text, padded with zero bytes
field() {
	ascii_hex "$1"
	[ ${#1} -ge "$2" ] || zeros $(($2 - ${#1}))
}

unhex() {
	local hex
	hex=$(cat)
	printf "$(sed 's/../\\x&/g' <<<"$hex")"
}

# token_head TYPE: up to the union at offset 628. The variable efek_byte puts
# something where the kernel expects nothing.
token_head() {
	printf '0400%02x00' "$1"
	zeros 16
	printf '%s' "${efek_byte:-00}"
	zeros 607
}

# blob_token SIG PKI HEX: the payload for the key with that signature. The
# variable blob_len says another length than the blob has.
blob_token() {
	{
		token_head 1
		le32 16
		le32 ${blob_len:-$((${#3} / 2))}
		field "$1" 17
		field "$2" 17
		printf %s "$3"
		zeros 70
	} | unhex
}

# private_token SIG [PKI] [BLOB]: with a blob that is text
private_token() {
	blob_token "$1" "${2-openssl}" "$(ascii_hex "${3-}")"
}

# old_text TEXT: its length with a NUL, the text, a NUL
old_text() {
	printf '%02x%02x' $(((${#1} + 1) & 255)) $(((${#1} + 1) >> 8))
	ascii_hex "$1"
	printf 00
}

# old_token SIG FILE PASSPHRASE: as the openssl module of ecryptfs-utils
old_token() {
	blob_token "$1" openssl "$(old_text "$2"; old_text "$3")"
}

# passphrase_token: for the passphrase "foo" with the default salt
passphrase_sig=253ca7e88811d184
passphrase_token() {
	local key=3f0cffa9389d2c396ad887c6ec657898e2e9e74cbb3cb1d25d410f58de2aa6b7
	key+=0dd81ccedaf8fad725346d8f751b8fc2c50ad69fba27d1d4fb735f207e76c6e9
	{
		token_head 0
		le32 0
		le32 10
		le32 0
		le32 64
		le32 2
		printf %s "$key"
		field $passphrase_sig 17
		printf 0011223344556677000000
	} | unhex
}
