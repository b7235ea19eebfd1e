#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ecryptfsd with a PKI module that hangs: the others go on, status says so,
# and the daemon leaves in time, with an answer for everybody.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/int/daemon-lib.sh"

gate=$work/gate
: >"$gate"
mgr generate works --pki openssl --type x25519 --no-passphrase
works=$(signature_of works)

# A key of the fake module, with the public half of another
mgr generate other --pki openssl --type ec:P-256 --no-passphrase
sed -e 's/^pki=.*/pki=fake-per-module/' "$config/other.conf" |
	sed -e '/^\[module\]/,$d' >"$config/hangs.conf"
printf '[module]\ngate=%s\nstate-gate=%s\n' "$gate" "$gate" \
	>>"$config/hangs.conf"
chmod 600 "$config/hangs.conf"
rm "$config/other.conf"
hangs=$(signature_of hangs)
mgr add works
expect "add works" 0
mgr add hangs
expect "add hangs" 0

kernel_begin
begin --device-timeout=1
kernel wrap "$works"
works_wrapped=${answer#wrapped }
kernel wrap "$hangs"
hangs_wrapped=${answer#wrapped }
is "the gate is open" "${answer%% *}" wrapped

rm "$gate"
kernel send-unwrap "$hangs" "$hangs_wrapped"
shows "status says that the module is busy" "key hangs" state busy
shows "and that the other is not" "key works" state ready
kernel unwrap "$works" "$works_wrapped"
is "the other module's key is served" "$answer" "opened $FEK_PACKET"

kernel send-unwrap "$hangs" "$hangs_wrapped"
shows "a second one waits" daemon queue-depth 1
end
is "it ends in order" "$status" 0
tap_result "within 2.5 seconds" \
	"$([ "$(echo "$took < 2.5" | bc)" -eq 1 ] || echo "took $took s")"
echo "# ended after $took s"
kernel answer
is "who waited is told" "$answer" refused
kernel answer
is "who was being worked on, too" "$answer" refused
says "the log says why it left so" 'still at work'

: >"$gate"
begin --device-timeout=1
kernel unwrap "$hangs" "$hangs_wrapped"
is "with the gate open the next daemon serves it" "$answer" \
	"opened $FEK_PACKET"
end
is "and ends at once" "$status" 0
kernel_end
tap_done
