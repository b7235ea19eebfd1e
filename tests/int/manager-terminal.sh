#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ecryptfs-manager with a person at a terminal: passphrases are asked for
# without echo, and the terminal is left as it was, whatever the person does.

. "$(dirname "$0")/manager-lib.sh"

# at_terminal STEPS VERB [ARGUMENTS]: leaves $work/out and $status
at_terminal() {
	local steps=$1
	shift
	timeout 120 python3 "$top_srcdir/tests/int/manager-terminal.py" \
		"$steps" "$manager" "$@" "--module-dir=$work/modules" \
		>"$work/out" 2>"$work/err"
	status=$?
}

# said TEXT STATUS [OUT]: the program's own status, and that echo is back
said() {
	tap_result "$1" "$(wrong 0 "${3-}"
		grep -qx "status $2" "$work/out" || {
			echo "not status $2:"
			cat "$work/out"
		}
		grep -qx "echo on" "$work/out" || echo "the echo stays off"
		grep -E 'geheim|fresh1' "$work/out")"
}

new='["(empty: none): ", "geheim\n"], ["(again): ", "geheim\n"]'
generate="generate --pki=openssl --type=x25519"

at_terminal "[$new]" $generate a
said /generate/asked-twice 0 '^Name: +a'
printf 'geheim' >"$work/passphrase"
tap_result /generate/encrypted "$(openssl pkey -noout -passin pass:geheim \
	-in "$data/keys/a.pem" 2>&1)"
at_terminal '[["passphrase of", "geheim\n"], ["(again): ", "gehiem\n"]]' \
	$generate b
said /generate/answers-differ 16 'the two answers differ'
at_terminal '[["passphrase of", "\u0004"]]' $generate b
said /generate/end-of-input 16 'the input ended'
at_terminal '[["passphrase of", "gehe"], ["", "\u0004\u0004"]]' $generate b
said /generate/end-of-input-in-a-word 16 'the input ended'
at_terminal '[["passphrase of", "gehe\u0003"]]' $generate b
said /generate/ctrl-c 16 'interrupted'
for signal in TERM HUP QUIT INT; do
	at_terminal "[[\"passphrase of\", \"SIG$signal\"]]" $generate b
	said "/generate/sig$signal" 16 'interrupted'
done
at_terminal "[[\"passphrase of\", \"$(printf '%01100d' 0)\\n\"]]" $generate b
said /generate/too-long 64 'longer than 1024'
at_terminal '[["passphrase of", "\n"], ["(again): ", "\n"],
	["to go on without: ", "no\n"]]' $generate b
said /generate/empty-not-confirmed 16 'not confirmed'
is /generate/nothing-left "$(ls "$config" "$data/keys" | grep '^b')" ''
at_terminal '[["passphrase of", "\n"], ["(again): ", "\n"],
	["to go on without: ", "yes\n"]]' $generate b
said /generate/empty-confirmed 0 '^Name: +b'
at_terminal '[["passphrase of", "geheX\u007fim\u007f\u007fim\n"],
	["(again): ", "geheim\n"]]' $generate c
said /generate/rubbed-out 0

cp "$data/keys/a.pem" "$work/a.pem"
chmod 0600 "$work/a.pem"
at_terminal '[["Passphrase of", "geheim\n"]]' import d --pki=openssl \
	"--file=$work/a.pem"
said /import/asked-once 0
at_terminal '[]' import e --pki=openssl "--file=$data/keys/b.pem"
said /import/not-asked-without-passphrase 0
at_terminal '[["Passphrase of \"a\"", "geheim\n"],
	["New passphrase of \"a\"", "fresh1\n"], ["(again): ", "fresh1\n"]]' \
	passwd a
said /passwd 0 'has a new passphrase'
at_terminal '[["Passphrase of \"a\"", "geheim\n"]]' passwd a
said /passwd/wrong-before-the-new-one 10
tap_result /passwd/changed "$(openssl pkey -noout -passin pass:fresh1 \
	-in "$data/keys/a.pem" 2>&1)"
mgr add a --keyring=session
at_terminal '[["Passphrase of \"a\"", "fresh1\n"]]' test a
said /test/asked 0 'Unwrap: '

at_terminal '[["name to delete it: ", "b\n"]]' destroy a
said /destroy/other-name 16 'not confirmed'
at_terminal '[["name to delete it: ", "\u0004"]]' destroy a
said /destroy/end-of-input 16 'not confirmed'
mgr show a
expect /destroy/still-there 0
at_terminal '[["name to delete it: ", "a\n"]]' destroy a
said /destroy 0 'a destroyed'

# A terminal for stdout alone is nobody to ask
timeout 60 script -qec "'$manager' $generate f '--module-dir=$work/modules' \
	</dev/null" /dev/null >"$work/out" 2>"$work/err" </dev/null
status=$?
tap_result /generate/stdin-is-no-terminal "$(wrong 64 'no terminal')"

tap_done
