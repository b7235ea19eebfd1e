#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every verb of ecryptfs-manager that needs no daemon, doing what it should.

. "$(dirname "$0")/manager-lib.sh"

files_below() {
	(cd "$1" && find . -type f -printf '%P\n' | sort | tr '\n' ' ')
}

# What it says of itself
mgr --help
expect /help 0 '^  generate '
mgr --version
expect /version 0 '^ecryptfs-manager \(ecryptfs-pki\) [0-9]'
"$manager" >"$work/out" 2>"$work/err" </dev/null
status=$?
expect /no-verb 64 '' 'no verb given'
no_help=
while read -r verb; do
	mgr "$verb" --help
	[ "$status" -eq 0 ] && grep -q "^Usage: ecryptfs-manager " "$work/out" ||
		no_help="$no_help $verb"
done < <("$manager" --completion)
tap_result /help/every-verb "$no_help"
mgr generate --help
expect /help/module-options 0 '^  --type=TEXT'
mgr --completion generate --pki=openssl
expect /completion/module-options 0 '^--type text$'
mgr --completion add
expect /completion/choices 0 '^--keyring choice user session persistent$'

# generate: the key works and only its owner sees it
mgr list
expect /list/empty 0 '' 'no key is registered'
for type in rsa:2048 rsa:3072 rsa:4096 ec:P-256 ec:P-384 x25519; do
	name=key-${type//:/-}
	mgr generate "$name" --pki=openssl "--type=$type" --no-passphrase
	expect "/generate/$type" 0 "^Name: +$name\$"
done
is /generate/modes "$(stat -c %a "$data" "$data/keys" "$data/trash" \
	"$data/keys/key-x25519.pem" "$config/key-x25519.conf" | tr '\n' ' ')" \
	'700 700 700 600 600 '
is /generate/nothing-else "$(files_below "$data")" "$(for type in \
	ec-P-256 ec-P-384 rsa-2048 rsa-3072 rsa-4096 x25519; do
		printf 'keys/key-%s.pem ' "$type"
	done)"
mgr generate compat --pki openssl --type rsa:2048 --mode=compat --no-passphrase
expect /generate/compat 0 '^Mode: +compat$'
mgr generate ttl --pki openssl --type x25519 --no-passphrase --pin-ttl=7 \
	--pin-ttl-max 0
is /generate/pin-ttl "$(grep -E '^pin-ttl' "$config/ttl.conf" | sort |
	tr '\n' ' ')" 'pin-ttl-max=0 pin-ttl=7 '
printf 'correct horse\n' >"$work/passphrase"
chmod 0600 "$work/passphrase"
mgr generate locked --pki openssl --type ec:P-256 \
	"--secret-file=$work/passphrase"
expect /generate/secret-file 0 '^Kind: +P-256$'
tap_result /generate/encrypted "$(grep -q 'BEGIN ENCRYPTED PRIVATE KEY' \
	"$data/keys/locked.pem" || echo "not encrypted")"
tap_result /generate/passphrase-opens "$(openssl pkey -noout -passin \
	"file:$work/passphrase" -in "$data/keys/locked.pem" 2>&1)"
mgr generate elsewhere --pki openssl --type x25519 --no-passphrase \
	"--file=$work/elsewhere.pem"
expect /generate/file 0 "^Key file: +$work/elsewhere\.pem\$"

# export gives what openssl(1) says is the public half
mgr export key-rsa-2048
is /export "$(cat "$work/out")" \
	"$(openssl pkey -in "$data/keys/key-rsa-2048.pem" -pubout)"
cp "$work/out" "$work/public.pem"
mgr export key-x25519 --json
json /export/json 0 'd["public_key"].startswith("-----BEGIN PUBLIC KEY")'

# import: in place, and the signature is that of the key
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 \
	-out "$work/mine.pem" 2>/dev/null
chmod 0600 "$work/mine.pem"
cd "$work" || exit 99
mgr import mine --pki=openssl --file=mine.pem
expect /import/relative-path 0 "^Key file: +$work/mine\.pem\$"
cd / || exit 99
openssl pkey -in "$work/mine.pem" -aes256 -passout "file:$work/passphrase" \
	-out "$work/mine-locked.pem"
chmod 0600 "$work/mine-locked.pem"
mgr_from 'correct horse' import mine-locked --pki=openssl \
	"--file=$work/mine-locked.pem" --secret-fd=0
expect /import/encrypted 0
is /import/same-signature "$(signature_of mine-locked)" "$(signature_of mine)"
mgr import mine-compat --pki openssl --file "$work/mine.pem" --mode compat
expect /import/compat 0 '^Mode: +compat$'
mgr import mine-v15 --pki openssl --file "$work/mine.pem" --read-pkcs1
expect /import/read-pkcs1 0 'PKCS#1 v1.5: +is read'
mgr import far --public "$work/public.pem"
expect /import/public 0 '^PKI module: +public$'
is /import/public-signature "$(signature_of far)" \
	"$(signature_of key-rsa-2048)"
openssl genrsa -out "$work/weak.pem" 1024 2>/dev/null
chmod 0600 "$work/weak.pem"
mgr import weak --pki openssl --file "$work/weak.pem"
expect /import/rsa-1024-warned 0 'RSA-1024' 'warning: .*weak'

# add, list, show, remove
mgr add key-x25519 locked --keyring=session
expect /add 0 "^key-x25519 $(signature_of key-x25519)\$"
tap_result /add/in-keyring "$(keyctl search @s user \
	"$(signature_of key-x25519)" 2>&1 >/dev/null)"
expect /add/no-daemon-hint 0 '' 'ecryptfsd --daemonize'
mgr add key-x25519 --keyring=session
expect /add/again 0
mgr list
expect /list 0 "^key-x25519 +$(signature_of key-x25519) .* yes "
expect /list/not-loaded 0 "^compat +$(signature_of compat) .* no "
mgr list --json
json /list/json 0 '[k["name"] for k in d["keys"] if k["loaded"]] ==
	["key-x25519", "locked"]'
mgr show locked
expect /show 0 '^Loaded: +yes$'
mgr show locked --json
json /show/json 0 'd["key"]["loaded"] and d["key"]["kind"] == "P-256" and
	d["key"]["encrypted_key_size"] == 121 and d["key"]["file_present"]'
mgr remove key-x25519
expect /remove 0
tap_result /remove/out-of-keyring "$(keyctl search @s user \
	"$(signature_of key-x25519)" >/dev/null 2>&1 && echo still there)"
mgr load key-x25519 --keyring=session
expect /add/alias 0
mgr unload key-x25519
expect /remove/alias 0

# The user keyring: linked when the session does not reach it, then reached
keyctl unlink @u @s 2>/dev/null
mgr add key-x25519
expect /add/links-user-keyring 0 '' 'keyctl link @u @s'
tap_result /add/in-user-keyring "$(keyctl search @u user \
	"$(signature_of key-x25519)" 2>&1 >/dev/null)"
mgr add key-x25519
tap_result /add/says-it-once "$(wrong 0
	grep 'keyctl link' "$work/err")"
mgr remove key-x25519
tap_result /remove/out-of-user-keyring "$(wrong 0; keyctl search @u user \
	"$(signature_of key-x25519)" >/dev/null 2>&1 && echo still there)"

# Another keyring than the last time: it moves, and there is one
sig=$(signature_of key-x25519)
in_keyring() {
	keyctl rlist "$1" | tr ' ' '\n' | while read -r key; do
		keyctl rdescribe "$key" 2>/dev/null
	done | grep -c ";$sig\$"
}
mgr add key-x25519 --keyring=session
mgr add key-x25519 --keyring=user
expect /add/moves-to-user 0
is /add/moved-to-user "$(in_keyring @s) $(in_keyring @u)" '0 1'
mgr add key-x25519 --keyring=session
is /add/also-in-session "$status $(in_keyring @s) $(in_keyring @u)" '0 1 1'
mgr remove key-x25519 --keyring=session
is /remove/from-session "$status $(in_keyring @s) $(in_keyring @u)" '0 0 1'
mgr remove key-x25519 --keyring=session
expect /remove/not-in-session 2
mgr add key-x25519 --keyring=session
mgr remove key-x25519
is /remove/from-all "$status $(in_keyring @s) $(in_keyring @u)" '0 0 0'
if keyctl get_persistent @s >/dev/null 2>&1; then
	mgr add key-x25519 --keyring=user
	mgr add key-x25519 --keyring=persistent
	is /add/to-persistent "$status $(in_keyring \
		"$(keyctl get_persistent @s)")" '0 1'
	mgr remove key-x25519
	is /remove/from-persistent "$status $(in_keyring \
		"$(keyctl get_persistent @s)")" '0 0'
else
	tap_skip /add/to-persistent "no persistent keyring here"
fi

# test without a daemon
mgr add --all --keyring=session
expect /add/all 0 "^weak $(signature_of weak)\$"
for name in key-rsa-2048 key-rsa-3072 key-rsa-4096 key-ec-P-256 key-ec-P-384 \
	key-x25519 compat mine-v15 mine-compat weak; do
	mgr test "$name" --json
	json "/test/$name" 0 'd["wrap_usec"] > 0 and d["unwrap_usec"] > 0 and
		d["where"] == "this process"'
done
mgr test far
expect /test/provider-of-public 0 'Wrap: ' 'nothing was unwrapped'
mgr_from 'correct horse' test locked --secret-fd=0
expect /test/encrypted 0 'Unwrap: '

# What follows the first line is nobody's passphrase, however long it is
{
	cat "$work/passphrase"
	head -c 100000 /dev/zero
} >"$work/with-notes"
chmod 0600 "$work/with-notes"
mgr test locked "--secret-file=$work/with-notes"
expect /test/secret-file-first-line 0

# passwd
printf 'battery staple\n' >"$work/new"
chmod 0600 "$work/new"
mgr passwd locked "--secret-file=$work/passphrase" "--new-secret-file=$work/new"
expect /passwd 0 'new passphrase'
mgr_from 'battery staple' test locked --secret-fd=0
expect /passwd/new-opens 0
mgr_from 'correct horse' test locked --secret-fd=0
expect /passwd/old-does-not 10
mgr_from $'battery staple\nthird\n' passwd locked --secret-fd=0 \
	--new-secret-fd=0
expect /passwd/two-lines-of-one-descriptor 0
mgr_from third passwd locked --secret-fd=0 --no-passphrase --json
json /passwd/removed 0 'd["passphrase"] == False'
mgr test locked
expect /passwd/opens-without 0
mgr passwd locked "--new-secret-file=$work/new"
expect /passwd/added 0
mgr_from 'battery staple' passwd mine-locked --secret-fd=0 --no-passphrase
expect /passwd/wrong 10
is /passwd/nothing-left "$(find "$data/keys" "$work" -maxdepth 1 \
	-name '*.new*')" ''

# rename: file, registration and auth tok follow; an imported file stays
before=$(signature_of key-x25519)
mgr rename key-x25519 renamed
expect /rename 0
is /rename/signature "$(signature_of renamed)" "$before"
is /rename/file "$(ls "$data"/keys/renamed* "$data"/keys/key-x25519* 2>&1 |
	grep -v 'cannot access')" "$data/keys/renamed.pem"
tap_result /rename/auth-tok "$(keyctl pipe "$(keyctl search @s user \
	"$before")" | grep -qa renamed || echo "the blob has the old name")"
mgr test renamed
expect /rename/works 0
mgr rename mine mine2
expect /rename/imported 0
tap_result /rename/imported-stays "$([ -e "$work/mine.pem" ] || echo gone)"

# remove --forget: nothing is deleted
sum=$(sha256sum <"$data/keys/renamed.pem")
mgr remove renamed --forget
expect /forget 0
tap_result /forget/not-registered "$(mgr show renamed; wrong 2)"
is /forget/in-trash "$(sha256sum <"$(echo "$data"/trash/*-renamed.pem)")" \
	"$sum"
mgr remove mine2 --forget
tap_result /forget/imported-stays "$(wrong 0
	[ -e "$work/mine.pem" ] || echo gone)"
tap_result /forget/twin-stays-loaded "$(keyctl search @s user \
	"$(signature_of mine-v15)" 2>&1 >/dev/null)"
mgr remove far --forget
tap_result /forget/public "$(wrong 0)"

# destroy
mgr destroy renamed --yes-destroy=renamed --json
json /destroy/out-of-trash 0 'd["destroyed"]'
mgr destroy locked --yes-destroy=locked
expect /destroy 0
is /destroy/nothing-left "$(find "$HOME" -name '*renamed*' -o -name 'locked*')" ''
mgr destroy mine-v15 --yes-destroy mine-v15
tap_result /destroy/imported-stays "$(wrong 0
	[ -e "$work/mine.pem" ] || echo gone)"

# The file that --file made is ours too: told where it stays, or deleted
mgr remove elsewhere --forget
expect /file/forget 0 '' "$work/elsewhere\.pem stays where it was made"
mgr import elsewhere --pki=openssl "--file=$work/elsewhere.pem"
expect /file/stayed 0
mgr destroy elsewhere --yes-destroy=elsewhere
expect /file/imported-stays 0 '' "$work/elsewhere\.pem stays: it was imported"
mgr generate made --pki openssl --type x25519 --no-passphrase \
	"--file=$work/made.pem"
mgr rename made made2
is /file/rename "$(sed -n 's/^file=//p' "$config/made2.conf")" "$work/made.pem"
mgr destroy made2 --yes-destroy=made2
is /file/destroyed "$status $(cd "$work" && ls made* 2>&1 |
	grep -v 'cannot access')" '0 '
cp "$work/elsewhere.pem" "$data/keys/own.pem"
mgr import own --pki openssl "--file=$data/keys/own.pem"
mgr destroy own --yes-destroy=own
tap_result /file/imported-in-keys-stays "$(wrong 0 '' 'stays'
	[ -e "$data/keys/own.pem" ] || echo gone)"

# modules
mgr modules
expect /modules 0 '^openssl: '
mgr modules --json
json /modules/json 0 '[p["kind"] for m in d["modules"] if m["name"] ==
	"openssl" for p in m["parameters"] if p["name"] == "passphrase"] ==
	["secret"]'
printf 'no object' >"$work/modules/broken.so"
mgr modules --json
json /modules/refused 0 '[r["path"].endswith("/broken.so") and
	len(r["reason"]) > 0 for r in d["refused"]] == [True]'
rm "$work/modules/broken.so"

tap_done
