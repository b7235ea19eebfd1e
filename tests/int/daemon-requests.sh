#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Requests through the whole of ecryptfsd: frames at a node, a real key of
# the openssl module, the process's own keyrings. A real kernel asks in
# tests/vm.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/int/daemon-lib.sh"

opened="opened $FEK_PACKET"

# The status is the error's number in the protocol
BAD_SECRET=13 LOCKED=12 NO_KEY=4
control() {
	timeout 40 python3 "$top_srcdir/tests/int/control-client.py" \
		"$socket" "$@" >"$work/out" 2>"$work/err"
	status=$?
}

# answers TEXT ANSWER LINE...: the kernel's line gets that answer
answers() {
	kernel "${@:3}"
	is "$1" "$answer" "$2"
}

# ---- a key that is there

mgr generate home --pki openssl --type x25519 --no-passphrase
sig=$(signature_of home)
kernel_begin
begin
kernel wrap "$sig"
is "without an auth tok nothing is wrapped" "$answer" refused
says "and the log says why, once" "^warning: refused .*$sig"
is "in one line" "$(grep -c "$sig" "$log")" 1
mgr add home
shows "status says that the auth tok is there" "key home" loaded true

kernel wrap "$sig"
wrapped=${answer#wrapped }
is "wrapped" "${answer%% *}" wrapped
answers "opened again" "$opened" unwrap "$sig" "$wrapped"
is "another wrap is another ciphertext" "$(kernel wrap "$sig"
	[ "$answer" != "wrapped $wrapped" ] && echo other)" other
shows "status counts wraps" "key home" wraps 2
shows "status counts unwraps" "key home" unwraps 1
shows "status counts refusals" daemon refused 1

# ---- what is wrong with a request

changed=${wrapped%?}$(printf '%x' $((0x${wrapped: -1} ^ 1)))
answers "a ciphertext that was changed" refused unwrap "$sig" "$changed"
answers "half of it" refused unwrap "$sig" "${wrapped:0:40}"
answers "an unknown signature" refused unwrap 1111222233334444 "$wrapped"
kernel raw 00112233445566778899
shows "rubbish is counted" daemon malformed 1
answers "and the next one is served" "$opened" unwrap "$sig" "$wrapped"
kernel raw 6600000001
shows "the remnant of a request is counted" daemon empty 1
answers "and the next one is served" "$opened" unwrap "$sig" "$wrapped"
tap_result "no FEK is in the log" "$(grep -i 5f8fa87e "$log")"

# ---- lock and unlock

control lock home
expect "lock" 0 'home is locked.*stay readable'
answers "a key that is locked opens nothing" refused unwrap "$sig" "$wrapped"
shows "status says locked" "key home" state locked
kernel wrap "$sig"
is "but wraps" "${answer%% *}" wrapped
kill -HUP "$pid"
control reload
answers "locked it stays over a reload" refused unwrap "$sig" "$wrapped"
control unlock home
expect "unlock" 0 'home is unlocked'
answers "unlocked it opens" "$opened" unwrap "$sig" "$wrapped"

# ---- a passphrase and its time

printf 'secret' >"$work/pass"
chmod 600 "$work/pass"
mgr generate shut --pki openssl --type ec:P-256 --secret-file "$work/pass"
expect "a key with a passphrase" 0
shut=$(signature_of shut)
sed -i 's/^pin-ttl=.*/pin-ttl=2/' "$config/shut.conf"
grep -q '^pin-ttl=2' "$config/shut.conf" || echo "# no pin-ttl in shut.conf"
mgr add shut
control reload
kernel wrap "$shut"
shut_wrapped=${answer#wrapped }
answers "it asks for the passphrase" refused unwrap "$shut" "$shut_wrapped"
shows "status says so" "key shut" state locked
is "and that it has one" "$(value "key shut" needs-secret)" true
control unlock shut wrong
expect "a wrong one" $BAD_SECRET
control unlock shut secret
expect "the right one" 0 'forgotten after 2 seconds'
answers "then it opens" "opened $FEK_PACKET" unwrap "$shut" "$shut_wrapped"
tap_result "status says how long" \
	"$([ "$(value "key shut" unlock-left)" -le 2 ] || echo "no or more")"
says "after 2 seconds it is forgotten" 'key "shut" is locked: the time limit'
answers "and asked for again" refused unwrap "$shut" "$shut_wrapped"
tap_result "no passphrase is in the log" "$(grep -w secret "$log")"

# ---- the command test

control test home
expect "test" 0 '^unwrap-usec=[0-9]+'
control test shut
expect "test of a key that is locked says so" $LOCKED
mgr remove home
control test home
expect "test without the auth tok says so" $NO_KEY
mgr add home

# ---- the login is over: its session keyring is revoked

keyctl revoke @s
answers "keys are found all the same" "$opened" unwrap "$sig" "$wrapped"
end

tap_done
