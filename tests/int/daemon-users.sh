#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ecryptfsd of a user without privileges, and others who come to it: the
# node's mode, the device that is taken, the control socket. Needs root.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/int/daemon-lib.sh"

if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP needs root, to be two users"
	exit 0
fi
# A process that may not be traced cannot look for its leaks
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

user=nobody
runtime=$work/nobody-run
socket=$runtime/ecryptfs/control
chmod 711 "$work"
chmod 755 "$work/modules"
install -d -m 0700 -o "$user" "$runtime" "$work/nobody-home"
# The build may lie where others cannot go
install -m 0755 "$ecryptfsd" "$work/ecryptfsd"
mkdir -m 0755 "$work/lib"
cp -L "$top_builddir"/libecryptfs/.libs/libecryptfs.so.* "$work/lib/"
chmod 755 "$work/lib"/*
as_user=(setpriv "--reuid=$user" --clear-groups "--regid=$(id -g "$user")" \
	env "HOME=$work/nobody-home" "XDG_RUNTIME_DIR=$runtime" \
	"LD_LIBRARY_PATH=$work/lib")

begin_as_user() {
	: >"$log"
	"${as_user[@]}" "$work/ecryptfsd" "${options[@]}" "$@" \
		</dev/null >"$log" 2>&1 &
	pid=$!
	background+=("$pid")
	until_true 10 test -S "$socket" && kill -0 "$pid" 2>/dev/null ||
		tap_result "the daemon starts" "$(cat "$log")"
}

# client UID: as that user
client() {
	timeout 20 python3 "$top_srcdir/tests/int/control-client.py" \
		--uid "$1" "$socket" status >"$work/out" 2>"$work/err"
	status=$?
}

# ---- the node is closed, then opened

kernel_begin
kernel mode 600
try "${as_user[@]}" "$work/ecryptfsd" "${options[@]}" --once
expect "no permission" 77 '' \
	"^ecryptfsd: $node .*adduser $user ecryptfs.*udev rule"
begin_as_user
says "it waits for it" "waiting for eCryptfs: .*adduser $user ecryptfs"
is "root asks for its status" "$(value daemon transports | cut -c 1-15)" \
	"device: waiting"
kernel mode 666
says "it registers when it may" 'message: device: registered'

# ---- what the same user may see of it

is "its memory belongs to root" "$(stat -c %U "/proc/$pid/mem")" root
tap_result "the same user may not read its memory" "$(
	"${as_user[@]}" head -c 1 "/proc/$pid/mem" >/dev/null 2>"$work/err" &&
		echo "it may"
	grep -q 'Permission denied' "$work/err" || cat "$work/err")"

# ---- who may speak to it

client "$(id -u "$user")"
expect "its user is served" 0 "^pid=$pid"
client 0
expect "root is served" 0 "^pid=$pid"
chmod 711 "$runtime" "$runtime/ecryptfs"
chmod 666 "$socket"
client 65533
expect "another user gets no answer" 99 '' 'no answer|reset|Broken pipe'
says "which is logged" 'refused a control client of user id 65533'
client "$(id -u "$user")"
expect "its user still is" 0
chmod 700 "$runtime" "$runtime/ecryptfs"
end
is "it ends in order" "$status" 0

# ---- another program holds the device

kernel exclusive
try "${as_user[@]}" "$work/ecryptfsd" "${options[@]}" --once
expect "the device is taken" 75 '' "another daemon of user $user"
begin_as_user
says "it waits for that too" 'waiting for eCryptfs: .*another daemon'
end
kernel_end

# ---- a runtime directory of somebody else

chown root "$runtime/ecryptfs"
chmod 755 "$runtime/ecryptfs"
try "${as_user[@]}" "$work/ecryptfsd" "${options[@]}"
expect "somebody else's runtime directory" 77 '' "belong to user $user"
tap_done
