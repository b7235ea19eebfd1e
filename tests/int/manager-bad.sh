#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ecryptfs-manager against what goes wrong: words, files, pipes. Every error
# names what mends it, and nothing is changed.

. "$(dirname "$0")/manager-lib.sh"

state_of_home() {
	(cd "$HOME" && find . -type f -not -path '*/trash/*' \
		-exec sha256sum {} + 2>/dev/null | sort)
}

mgr generate good --pki=openssl --type=x25519 --no-passphrase
expect /set-up 0
cp "$data/keys/good.pem" "$work/good.pem"
cp "$config/good.conf" "$work/good.conf"
printf 'geheim\n' >"$work/passphrase"
chmod 0600 "$work/passphrase"
before=$(state_of_home)

# Words
mgr generat x
expect /words/verb-suggestion 64 '' 'did you mean "generate"'
mgr xyzzy
expect /words/unknown-verb 64 '' 'unknown verb "xyzzy"'
mgr list --jsno
expect /words/option-suggestion 64 '' 'did you mean "--json"'
mgr list --xyzzy
expect /words/unknown-option 64 '' 'list has no option "--xyzzy"'
mgr list -l
expect /words/short-option 64 '' 'unknown option "-l"'
mgr list extra
expect /words/too-many 64 '' 'one word too many'
mgr show
expect /words/too-few 64 '' 'too few words'
mgr add good --keyring=thread
expect /words/choice 64 '' '--keyring takes user\|session\|persistent'
mgr list --json=yes
expect /words/flag-with-value 64 '' '--json takes no value'
timeout 60 "$manager" add good --keyring >"$work/out" 2>"$work/err" </dev/null
status=$?
expect /words/missing-value 64 '' '--keyring needs a value'
mgr add
expect /words/add-nothing 64 '' 'name the keys, or say --all'
mgr add good --all
expect /words/add-both 64
timeout 60 "$manager" show "--module-dir=$work/modules" -- --json \
	>"$work/out" 2>"$work/err" </dev/null
status=$?
expect /words/after-dashes 64 '' '"--json" cannot be a key.s name'
for name in '' . .hidden -x a/b ../good 'a b' "$(printf 'a\nb')" \
	"$(printf '%065d' 0)"; do
	timeout 60 "$manager" generate --pki=openssl --no-passphrase \
		"--module-dir=$work/modules" -- "$name" >"$work/out" \
		2>"$work/err" </dev/null
	status=$?
	expect "/words/name/$(printf %.12s "$name" | tr '\n#' '..')" 64 '' \
		'cannot be a key.s name'
done
mgr generate new
expect /words/no-pki 64 '' '--pki=MODULE is missing'
mgr generate new --pki=nonesuch --no-passphrase
expect /words/no-such-module 6 '' 'installed: .*openssl'
mgr generate new --type=x25519
expect /words/module-option-without-pki 64 '' 'need --pki=MODULE'
mgr generate new --pki=openssl --type=rsa:1024 --no-passphrase
expect /words/type 64 '' 'rsa:2048'
mgr generate new --pki=openssl --no-passphrase --pin-ttl=-1
expect /words/seconds 64 '' '--pin-ttl takes seconds'
mgr generate new --pki=openssl --type=x25519 --mode=compat --no-passphrase
expect /generate/compat-not-rsa 65 '' 'compat'
mgr import new --pki=openssl
expect /words/required 64 '' '--file is missing'
for option in --public= '--pki=openssl --file='; do
	# shellcheck disable=SC2086 # words
	mgr import new $option
	expect "/words/empty${option##* }" 64 '' \
		"--[a-z]* needs the name of a file"
done

# No secret comes from the command line, and none is repeated
mgr generate new --pki=openssl --passphrase=hunter2
expect /secret/not-an-option 64
tap_result /secret/not-repeated "$(grep -h hunter2 "$work/out" "$work/err")"
tap_result /secret/no-option-takes-it "$(for verb in generate import unlock \
	passwd test; do
		"$manager" --completion "$verb" --pki=openssl \
			"--module-dir=$work/modules"
	done | grep -E -- '--(passphrase|pin|password|secret) ')"

# Nothing prompts, nothing hangs
mgr generate new --pki=openssl --type=x25519
expect /secret/generate-no-terminal 64 '' '--no-passphrase'
mgr generate new --pki=openssl --type=x25519 --secret-fd=0
expect /secret/end-of-input 16 '' 'ended before'
mgr_from $'\n' generate new --pki=openssl --type=x25519 --secret-fd=0
expect /secret/empty 64 '' 'passphrase is empty'
mgr generate new --pki=openssl --type=x25519 --secret-fd=77
expect /secret/closed-descriptor 64 '' 'no open file descriptor'
mgr generate new --pki=openssl --type=x25519 --secret-fd=x
expect /secret/no-number 64
mgr_from "$(printf '%01025d' 0)" generate new --pki=openssl --type=x25519 \
	--secret-fd=0
expect /secret/too-long 64 '' 'longer than 1024'
printf 'a\0b\n' >"$work/nul"
chmod 0600 "$work/nul"
mgr generate new --pki=openssl --type=x25519 "--secret-file=$work/nul"
expect /secret/nul 64 '' 'NUL'
printf '%01025d\n' 0 >"$work/long-line"
chmod 0600 "$work/long-line"
mgr generate new --pki=openssl --type=x25519 "--secret-file=$work/long-line"
expect /secret/file-too-long 65 '' 'first line of .* longer than 1024'
chmod 0644 "$work/passphrase"
mgr generate new --pki=openssl --type=x25519 "--secret-file=$work/passphrase"
expect /secret/file-0644 77 '' 'chmod 600'
chmod 0600 "$work/passphrase"
mgr generate new --pki=openssl --type=x25519 "--secret-file=$work/nothing"
expect /secret/no-file 8
mkfifo -m 0600 "$work/fifo"
mgr generate new --pki=openssl --type=x25519 "--secret-file=$work/fifo"
expect /secret/fifo 65 '' 'not a regular file'
mgr generate new --pki=openssl --type=x25519 --no-passphrase --secret-fd=0
expect /secret/both 64 '' 'exclude each other'
mgr passwd good
expect /secret/passwd-no-terminal 64 '' '--new-secret-file'
mgr destroy good
expect /secret/destroy-no-terminal 64 '' '--yes-destroy=good'
mgr destroy good --yes-destroy=god
expect /secret/destroy-other-name 64

# Names that are taken or free
mgr generate good --pki=openssl --type=x25519 --no-passphrase
expect /exists/generate 73 '' 'registered already'
mgr import good --pki=openssl "--file=$work/good.pem"
expect /exists/import 73
mgr rename good good
expect /exists/rename-itself 73 '' 'rename good with another name'
mgr rename nothing nothing
expect /no-key/rename-itself 2
mgr show nothing
expect /no-key/show 2 '' 'ecryptfs-manager list'
mgr add nothing
expect /no-key/add 2
mgr remove nothing
expect /no-key/remove 2
mgr remove good
expect /no-key/remove-not-loaded 2
mgr destroy nothing --yes-destroy=nothing
expect /no-key/destroy 2
mgr rename nothing new
expect /no-key/rename 2
mgr test good
expect /no-key/test-not-loaded 2 '' 'ecryptfs-manager add good'
mgr test good --json
json /no-key/test-json 2 'd["error"]["code"] == "no-key" and
	d["error"]["key"] == "good" and d["error"]["cause"] and
	d["error"]["fix"] == "ecryptfs-manager add good"'
mgr xyzzy --json
json /words/json 64 'd["error"]["code"] == "usage" and
	d["error"]["key"] is None'

mgr generate new --pki=openssl --type=x25519 --no-passphrase \
	"--file=$work/good.pem" --json
json /exists/generate-file 73 'd["error"]["fix"] ==
	"ecryptfs-manager import new --pki=openssl \
--file='"$work"'/good.pem"'
is /exists/generate-file-stays "$(ls "$work"/good.pem*)" "$work/good.pem"
mgr generate new --pki=openssl --type=x25519 --no-passphrase \
	"--file=$data/keys/good.pem"
expect /exists/generate-file-of-other 73 '' 'is the key file of "good"'

# Files
for verb in unlock lock; do
	mgr $verb good
	expect /no-daemon/$verb 69 '' 'ecryptfsd --daemonize'
done
mgr status
expect /no-daemon/status 69 '^Daemon: +does not answer' 'ecryptfsd --daemonize'
mgr status --json
json /no-daemon/status-json 69 'd["error"]["code"] == "no-daemon" and
	"usable" in d["node"] and "public_key" in d["kernel"]'
json /no-daemon/status-json-kernel 69 '
	"modprobe" in d["kernel"]["fix"] if not d["kernel"]["ecryptfs"] else
	(d["kernel"]["fix"] is None) == d["kernel"]["device"]'

mgr import new --pki=openssl "--file=$work/nothing.pem"
expect /file/missing 8
chmod 0644 "$work/good.pem"
mgr import new --pki=openssl "--file=$work/good.pem"
expect /file/0644 77 '' "chmod 600 $work/good.pem"
chmod 0600 "$work/good.pem"
sed '2s/.\{20\}$/AAAAAAAAAAAAAAAAAAAA/; 3d' "$work/good.pem" >"$work/corrupt.pem"
chmod 0600 "$work/corrupt.pem"
mgr import new --pki=openssl "--file=$work/corrupt.pem"
expect /file/corrupt 65
: >"$work/empty.pem"
chmod 0600 "$work/empty.pem"
mgr import new --pki=openssl "--file=$work/empty.pem"
expect /file/empty 65
ln -s good.pem "$work/link.pem"
mgr import new --pki=openssl "--file=$work/link.pem"
expect /file/link 77 '' 'symbolic link'
mgr import new --pki=openssl "--file=$work/fifo"
expect /file/fifo 65
head -c 100000 /dev/zero >"$work/large.pem"
chmod 0600 "$work/large.pem"
mgr import new --pki=openssl "--file=$work/large.pem"
expect /file/large 65 '' 'larger than'
openssl pkey -in "$work/good.pem" -aes256 -passout "file:$work/passphrase" \
	-out "$work/locked.pem"
chmod 0600 "$work/locked.pem"
mgr import new --pki=openssl "--file=$work/locked.pem"
expect /file/encrypted-no-terminal 9 '' '--secret-file=FILE'
mgr_from wrong import new --pki=openssl "--file=$work/locked.pem" --secret-fd=0
expect /file/wrong-passphrase 10
# Five primes: as large as any, made in a second
openssl genrsa -primes 5 -out "$work/8192.pem" 8192 2>/dev/null
chmod 0600 "$work/8192.pem"
mgr import new --pki=openssl "--file=$work/8192.pem"
expect /file/rsa-8192 65 '' '8192.*4096|4096.*8192'
openssl pkey -in "$work/8192.pem" -pubout -out "$work/8192-public.pem"
mgr import new "--public=$work/8192-public.pem"
expect /file/rsa-8192-public 65
openssl genpkey -algorithm ed25519 -out "$work/ed25519.pem"
chmod 0600 "$work/ed25519.pem"
mgr import new --pki=openssl "--file=$work/ed25519.pem"
expect /file/ed25519 65
mgr import new --pki=openssl "--file=$work/good.pem" --read-pkcs1
expect /file/read-pkcs1-not-rsa 65 '' 'is for RSA'
mgr import new "--public=$work/good.pem"
expect /public/private-key 65 '' 'openssl pkey -in FILE -pubout'
openssl pkey -in "$work/good.pem" -pubout -outform DER -out "$work/public.der"
mgr import new "--public=$work/public.der"
expect /public/binary 65 '' '-inform DER'
openssl pkey -in "$work/good.pem" -pubout | sed '2s/^./*/' >"$work/damaged.pem"
mgr import new "--public=$work/damaged.pem"
expect /public/damaged 65 '' 'damaged'
openssl pkey -in "$work/good.pem" -pubout | sed '$d' >"$work/cut.pem"
mgr import new "--public=$work/cut.pem"
expect /public/cut 65 '' 'END PUBLIC KEY'
mgr import new "--public=$work/cut.pem" --pki=openssl
expect /public/and-pki 64
if [ -e "$work/modules/fake.so" ]; then
	openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -outform DER \
		-out "$work/spki" 2>/dev/null
	mgr import new --pki=fake "--spki=$work/spki" --delay-ms=2100
	expect /slow/refused 65 '' '2\.[0-9] s.*--slow'
	mgr import slow --pki=fake "--spki=$work/spki" --delay-ms=2100 --slow
	expect /slow/taken 0 '' 'warning: .*2\.[0-9] s'
	sed -i '/^\[module\]/a open=null' "$config/slow.conf"
	mgr add slow --keyring=session
	expect /module/fails-silently 7 '' 'fake failed in key_open and did not say why'
	mgr passwd slow --no-passphrase --json
	json /module/fails-silently-json 7 'd["error"]["code"] == "bad-module"'
	sed -i 's/^open=null/open=ok/' "$config/slow.conf"
	mgr passwd slow --no-passphrase
	expect /module/no-passwd 65 '' 'no passphrase that could be changed'
	mgr remove slow --forget
	mgr generate new --pki=fake
	expect /generate/module-cannot 65 '' 'cannot make keys'
fi

# Of all that was refused so far nothing is left
is /nothing-changed "$(state_of_home)" "$before"

# A registered key that became unusable is refused at add, by its name
mgr add good --keyring=session
expect /add/good 0
chmod 0644 "$data/keys/good.pem"
mgr add good --keyring=session
expect /add/0644 77 '' "chmod 600 $data/keys/good.pem"
chmod 0600 "$data/keys/good.pem"
mv "$data/keys/good.pem" "$work/away.pem"
mgr add good --keyring=session
expect /add/missing 8 '' "$data/keys/good\.pem"
expect /add/missing-fix 8 '' 'try: .*backup.* remove good --forget'
mgr test good
expect /test/missing 8
mgr show good
expect /show/missing 0 'the file is missing'
mgr export good
expect /export/missing 0 'BEGIN PUBLIC KEY'
cp "$work/corrupt.pem" "$data/keys/good.pem"
mgr add good --keyring=session
expect /add/corrupt 65
openssl genpkey -algorithm X25519 -out "$data/keys/good.pem" 2>/dev/null
chmod 0600 "$data/keys/good.pem"
mgr add good --keyring=session
expect /add/another-key 65 '' 'another key'
cp "$work/locked.pem" "$data/keys/good.pem"
mgr add good --keyring=session
expect /add/locked-passes 0
mgr test good
expect /test/locked 9 '' '--secret-file'
mgr_from wrong test good --secret-fd=0
expect /test/wrong-passphrase 10 '' 'try: .*right passphrase'
mgr test good "--secret-file=$work/nothing"
expect /test/secret-file-missing 8 '' 'try: --secret-file=FILE'
mv "$work/away.pem" "$data/keys/good.pem"
mgr test good
expect /test/good-again 0

# Registrations
chmod 0666 "$config/good.conf"
mgr show good
expect /registration/writable 77 '' 'chmod go-w'
chmod 0600 "$config/good.conf"
sed -i 's/^file=/fiel=/' "$config/good.conf"
mgr add good --keyring=session
expect /registration/misspelt-locator 78 '' \
	'good: fiel .*openssl \(known: file\).*good\.conf'
cp "$work/good.conf" "$config/good.conf"
mgr generate other --pki=openssl --type=x25519 --no-passphrase
sed -i '/^\[key\]/a read_pkcs1=yes' "$config/good.conf"
mgr list
expect /registration/broken-hides-none 78 '^other ' 'read_pkcs1'
mgr list --json
json /registration/broken-json 78 '[k["name"] for k in d["keys"]] == ["other"]
	and d["error"]["key"] == "good" and
	d["error"]["code"] == "bad-registration"'
mgr add --all --keyring=session
expect /registration/broken-keeps-none-out 78 '^other ' 'read_pkcs1'
mgr rename other new --json
json /registration/rename-beside-broken 0 'd["name"] == "new"'
mgr remove good --forget
expect /registration/broken-can-be-forgotten 0
tap_result /registration/forgotten-file-kept "$(ls "$data"/trash/*-good.conf \
	"$data"/trash/*-good.pem 2>&1 >/dev/null)"
cp "$work/good.conf" "$config/good.conf"
sed -i 's/^signature=.*/signature=0123456789abcdef/' "$config/good.conf"
mgr show good
expect /registration/other-signature 78 '' 'signature'
mgr destroy good --yes-destroy=good
expect /registration/broken-can-be-destroyed 0

# A name is said, also one that a word of the text contains
mgr import b --pki=openssl "--file=$work/good.pem"
sed -i '/^pki=/d' "$config/b.conf"
mgr show b
expect /registration/no-pki 78 '' "^ecryptfs-manager: b: .*$config/b\.conf: \
.*pki is missing"
expect /registration/no-pki-fix 78 '' "try: edit $config/b\.conf .*remove b "
mgr remove b --forget

# What comes from files does not reach the terminal's controls
mgr import escape --pki=openssl "--file=$work/good.pem"
sed -i 's/^file=.*/file=\/\x1b[2Jx/' "$config/escape.conf"
mgr show escape
expect /escape/stdout 0 '^Key file: +/\?\[2Jx'
mgr add escape --keyring=session
expect /escape/stderr 8 '' '/\?\[2Jx'
mgr remove escape --forget

# The trash and the key files keep who else needs them
mgr import user-of-new --pki=openssl "--file=$data/keys/new.pem"
expect /shared-file/import 0
mgr remove new --forget
expect /shared-file/stays 0 '' 'new\.pem stays: .*user-of-new'
mgr generate new --pki=openssl --type=x25519 --no-passphrase
expect /shared-file/no-generate-over-it 73 '' 'user-of-new'
mgr add user-of-new --keyring=session
mgr test user-of-new
expect /shared-file/works 0

# Nor is a file taken that only looks like what a kill leaves
mgr generate laptop --pki=openssl --type=x25519 --no-passphrase
for suffix in backup new new.backup ecryptfs-tmp-backup; do
	cp "$data/keys/laptop.pem" "$data/keys/laptop.pem.$suffix"
done
mgr import spare --pki=openssl "--file=$data/keys/laptop.pem.ecryptfs-tmp-backup"
neighbours() {
	(cd "$data/keys" && ls laptop.pem.*)
}
kept=$(neighbours)
mgr rename laptop desk
is /neighbours/rename "$status $(neighbours)" "0 $kept"
mgr rename desk laptop
is /neighbours/rename-onto "$status $(neighbours)" "0 $kept"
mgr remove laptop --forget
is /neighbours/forget "$status $(neighbours)" "0 $kept"
mgr generate laptop --pki=openssl --type=x25519 --no-passphrase
is /neighbours/generate "$status $(neighbours)" "0 $kept"
mgr destroy laptop --yes-destroy=laptop
is /neighbours/destroy "$status $(neighbours)" "0 $kept"
expect /neighbours/told 0 '' 'ecryptfs-tmp-backup stays: .*"spare"'
mgr remove spare --forget
mgr generate laptop --pki=openssl --type=x25519 --no-passphrase
tap_result /neighbours/leftover-goes "$(wrong 0
	neighbours | grep ecryptfs-tmp)"

# Where the result goes
timeout 60 "$manager" list "--module-dir=$work/modules" >/dev/full 2>"$work/err"
status=$?
: >"$work/out"
expect /stdout/full 74 '' 'cannot write'
timeout 60 "$manager" list --json >&- 2>"$work/err"
status=$?
expect /stdout/closed 74 '' 'cannot write'
timeout 60 "$manager" --help 2>"$work/err" | true
is /stdout/pipe-closed-status "$([ "${PIPESTATUS[0]}" -ne 141 ] && echo ok)" ok
timeout 60 "$manager" generate closed --pki=openssl --type=x25519 \
	--no-passphrase "--module-dir=$work/modules" >&- 2>&- <&-
is /stdout/all-closed "$?" 74
mgr show closed
expect /stdout/all-closed-key-is-whole 0
tap_result /stdout/all-closed-no-words-in-key "$(openssl pkey -noout \
	-in "$data/keys/closed.pem" 2>&1)"

# Odd places
HOME=/nonexistent/home timeout 60 "$manager" generate x --pki=openssl \
	--no-passphrase "--module-dir=$work/modules" >"$work/out" \
	2>"$work/err" </dev/null
status=$?
if [ "$(id -u)" -ne 0 ]; then
	expect /home/missing 77
fi
flock "$data" sh -c ": >'$work/locked'; sleep 2; : >'$work/unlocked'" &
while [ ! -e "$work/locked" ]; do
	sleep 0.05
done
mgr generate waits --pki=openssl --type=x25519 --no-passphrase
expect /lock/waits 0
tap_result /lock/waited "$([ -e "$work/unlocked" ] || echo "did not wait")"

tap_done
