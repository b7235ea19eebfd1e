#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The verbs of ecryptfs-manager that speak to the daemon, with the daemon that
# was built. It has no kernel to serve here; keys and control socket are real.

. "$(dirname "$0")/manager-lib.sh"

daemon=$top_builddir/daemon/.libs/ecryptfsd
[ -x "$daemon" ] || daemon=$top_builddir/daemon/ecryptfsd

# daemon_start: until it has read its keys; the socket file alone may be that of a daemon
# that was killed
daemon_start() {
	"$daemon" "--module-dir=$work/modules" --device="$work/no-node" \
		>>"$work/log" 2>&1 </dev/null &
	daemon_pid=$!
	background+=($daemon_pid)
	for ((i = 0; i < 200; i++)); do
		mgr status
		[ "$status" -eq 0 ] && grep -q '^Key' "$work/out" && return
		sleep 0.05
	done
	echo "Bail out! ecryptfsd does not come up: $(cat "$work/log")"
	exit 99
}

printf 'geheim\n' >"$work/passphrase"
chmod 0600 "$work/passphrase"
mgr generate early --pki=openssl --type=rsa:2048 --no-passphrase
daemon_start

# status
mgr status
expect /status 0 '^Key early +ready'
mgr status --json
json /status/json 0 'd["daemon"]["pid"] == '$daemon_pid' and
	d["daemon"]["requests"] == 0 and isinstance(d["daemon"]["version"], str)
	and [k["name"] for k in d["keys"]] == ["early"] and
	isinstance(d["keys"][0]["signature"], str)'

# A key made later is known at once; one that is added can be tested
mgr generate late --pki=openssl --type=x25519 "--secret-file=$work/passphrase"
mgr list --json
json /list/knows-new-key 0 '{k["name"]: k["state"] for k in d["keys"]} ==
	{"early": "ready", "late": "locked"}'
mgr add --all
expect /add/no-hint 0
tap_result /add/daemon-runs "$(grep 'ecryptfsd' "$work/err")"
mgr test early --json
json /test 0 'd["where"] == "daemon" and d["wrap_usec"] > 0 and
	d["unwrap_usec"] > 0'

# A recipient of whom only the public half is here
openssl genpkey -algorithm X25519 2>/dev/null |
	openssl pkey -pubout -out "$work/friend.pem"
mgr import friend --public "$work/friend.pem"
mgr add friend
mgr test friend
expect /test/public-only 0 'Tested in: +daemon' 'nothing was unwrapped'
tap_result /test/public-only-not-logged "$(grep 'only the public half' \
	"$work/log")"
mgr remove friend --forget

# unlock, lock
mgr test late
expect /test/locked 9 '' 'ecryptfs-manager unlock late'
mgr unlock late
expect /unlock/no-terminal 9 '' '--secret-file=FILE'
mgr_from wrong unlock late --secret-fd=0
expect /unlock/wrong 10
mgr_from '' unlock late --secret-fd=0
expect /unlock/end-of-input 16
mgr test late
expect /unlock/still-locked 9
mgr unlock late "--secret-file=$work/passphrase"
expect /unlock 0
mgr test late
expect /unlock/works 0 'Tested in: +daemon'
mgr show late --json
json /show/time-left 0 'd["key"]["state"] == "ready" and
	0 < d["key"]["daemon"]["unlock_left"] <= 600'
mgr lock late
expect /lock 0 'late is locked.*stay readable'
mgr test late
expect /lock/locks 9
mgr unlock late "--secret-file=$work/passphrase"
mgr lock --json
json /lock/all 0 'd["locked"] and d["name"] is None'
mgr test early
expect /lock/also-without-passphrase 9 '' 'ecryptfs-manager unlock early'
mgr unlock early
expect /unlock/without-passphrase 0
mgr test early
expect /unlock/without-passphrase-works 0
mgr unlock early --secret-fd=9
expect /unlock/bad-descriptor 64
mgr unlock nothing
expect /unlock/no-such-key 2
mgr lock nothing
expect /lock/no-such-key 2

# passwd: the daemon takes the new one, and no longer the old one
printf 'neu\n' >"$work/new"
chmod 0600 "$work/new"
mgr passwd late "--secret-file=$work/passphrase" "--new-secret-file=$work/new"
expect /passwd 0
mgr unlock late "--secret-file=$work/passphrase"
expect /passwd/old-refused 10
mgr unlock late "--secret-file=$work/new"
expect /passwd/new-taken 0
mgr test late
expect /passwd/works 0

# rename, remove, destroy reach the daemon
mgr rename early morning
mgr list --json
json /rename/known 0 '{k["name"]: k["state"] for k in d["keys"]} ==
	{"late": "ready", "morning": "ready"}'
mgr test morning
expect /rename/works 0 'Tested in: +daemon'
mgr remove morning --forget
mgr status --json
json /forget/known 0 '[k["name"] for k in d["keys"]] == ["late"]'
mgr remove late
expect /remove 0
mgr test late
expect /test/not-loaded 2 '' 'ecryptfs-manager add late'

# Neither is the same as not being there
mgr add late --keyring=session
keyctl revoke "$(keyctl search @s user "$(signature_of late)")"
mgr test late
expect /test/revoked 4 '' 'ecryptfs-manager add late'
mgr add late --keyring=session
keyctl timeout "$(keyctl search @s user "$(signature_of late)")" 1
sleep 1.5
mgr test late
expect /test/expired 3 '' 'ecryptfs-manager add late'
mgr remove late

# More clients than it takes: that is not "no daemon", at whichever moment of
# the exchange it is said
python3 - "$XDG_RUNTIME_DIR/ecryptfs/control" "$work/held" <<'END' &
import socket, sys, time
held = []
for i in range(16):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(sys.argv[1])
    held.append(s)
open(sys.argv[2], "w").close()
time.sleep(60)
END
held_pid=$!
background+=($held_pid)
while [ ! -e "$work/held" ]; do
	sleep 0.05
done
said=
for ((i = 0; i < 20; i++)); do
	mgr status
	said=$said$(wrong 75 '' 'try again in 10 seconds')
done
tap_result /too-many-clients "$said"
kill $held_pid
wait $held_pid 2>/dev/null
mgr status
expect /too-many-clients/over 0

# No passphrase is in what the daemon or the tool wrote
tap_result /secrets/not-in-logs "$(grep -n -e geheim -e neu$ "$work/log")"

# The daemon gone: said, and what needs none goes on
kill -9 $daemon_pid
wait $daemon_pid 2>/dev/null
mgr lock
expect /gone/lock 69 '' 'ecryptfsd --daemonize'
mgr add late
expect /gone/add 0 '' 'ecryptfsd --daemonize'
mgr_from neu test late --secret-fd=0
expect /gone/test 0 'Tested in: +this process' 'no ecryptfsd answers'
# What is wrong with other keys is not what was asked
openssl genrsa -out "$work/weak.pem" 1024 2>/dev/null
chmod 0600 "$work/weak.pem"
mgr import weak --pki=openssl "--file=$work/weak.pem"
printf 'nonsense' >"$config/broken.conf"
mgr_from neu test late --secret-fd=0
tap_result /gone/test-of-one-key "$(wrong 0
	grep -E 'weak|broken' "$work/err")"
mgr import twin --pki=openssl "--file=$data/keys/late.pem" \
	"--secret-file=$work/new"
mgr_from neu test late --secret-fd=0
expect /gone/test-with-twin 0 'Tested in: +this process'
mgr remove twin --forget
mgr remove weak --forget
rm "$config/broken.conf"
daemon_start
mgr test late
expect /back/locked 9
mgr remove late

# Somebody who listens but never answers does not hang the tool
kill $daemon_pid
wait $daemon_pid 2>/dev/null
rm -f "$XDG_RUNTIME_DIR/ecryptfs/control"
python3 - "$XDG_RUNTIME_DIR/ecryptfs/control" <<'END' &
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1])
s.listen(1)
c = s.accept()[0]
c.recv(2000)
c.send(b"\x01\x00[daemon\nx")
c.close()
c = s.accept()[0]
c.recv(2000)
time.sleep(100)
END
background+=($!)
while [ ! -S "$XDG_RUNTIME_DIR/ecryptfs/control" ]; do
	sleep 0.05
done
mgr status
expect /strange-daemon/status 76 '' 'cannot be read'
begun=$SECONDS
mgr status
expect /silent-daemon/status 75 '' 'did not answer within'
tap_result /silent-daemon/in-time "$([ $((SECONDS - begun)) -le 40 ] ||
	echo "took $((SECONDS - begun)) seconds")"

tap_done
