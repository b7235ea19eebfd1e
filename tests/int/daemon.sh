#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The life of ecryptfsd: start, waiting, registration, the second one, the
# signals, what it gives up, what it says when it cannot start.

. "${top_srcdir:-$(dirname "$0")/../..}/tests/int/daemon-lib.sh"

# ---- words

try "$ecryptfsd" --version
expect "--version" 0 '^ecryptfsd [0-9]'
try "$ecryptfsd" --help
expect "--help" 0 'device-timeout'
try "$ecryptfsd" --nonsense
expect "an unknown option" 64 '' 'nonsense.*--help'
try "$ecryptfsd" argument
expect "an argument" 64 '' 'options only'
try "$ecryptfsd" --device-timeout=0
expect "no time at all" 64 '' '1 to 3600'
try "$ecryptfsd" --transport=device,pigeon
expect "an unknown transport" 64 '' 'pigeon.*device'
try "$ecryptfsd" --transport=
expect "no transport" 64 '' 'transport'

# ---- without the node

try "$ecryptfsd" "${options[@]}" --once
expect "--once without the node" 71 '' "^ecryptfsd: $node is not there.*modprobe"
is "--once leaves no socket" "$(ls "$XDG_RUNTIME_DIR/ecryptfs")" lock

begin
says "it waits, and says for what" 'waiting for eCryptfs.*modprobe ecryptfs'
shows "status says pid" daemon pid "$pid"
is "status says that it waits" "$(value daemon transports |
	grep -c '^device: waiting for eCryptfs')" 1
is "status has no time of registration" "$(value daemon registered-usec)" ""
is "the runtime directory is closed" \
	"$(stat -c %a "$XDG_RUNTIME_DIR/ecryptfs")" 700
is "the socket is closed" "$(stat -c %a "$socket")" 600

# ---- a second one

try "$ecryptfsd" "${options[@]}"
expect "a second daemon of this user" 75 '' \
	"^ecryptfsd: .*running already, with pid $pid:.*ecryptfs-manager status"
shows "the first one goes on" daemon pid "$pid"

# ---- the node appears

kernel_begin
says "it registers when the node appears" 'message: device: registered'
shows "status says so" daemon transports "device: registered"
kernel_end
says "the peer leaves" 'message: device: waiting for eCryptfs'

end
is "SIGTERM ends it" "$status" 0
is "its socket is gone" "$(ls "$XDG_RUNTIME_DIR/ecryptfs")" lock

# ---- with the node there

kernel_begin
begin
shows "registered at once" daemon transports "device: registered"
is "and status says after how long" \
	"$(value daemon registered-usec | grep -cE '^[1-9][0-9]*$')" 1
end INT
is "SIGINT ends it" "$status" 0
begin
python3 "$top_srcdir/tests/int/control-client.py" "$socket" quit >/dev/null
wait "$pid"
is "the command quit ends it" $? 0

# ---- killed, and again

begin
end KILL
is "kill -9 leaves the socket" "$(stat -c %F "$socket")" socket
begin
shows "the next one takes over" daemon pid "$pid"
end
kernel_end

# ---- one that takes its place

kernel_begin
begin
shows "registered, to be replaced" daemon transports "device: registered"
first=$pid
"$ecryptfsd" "${options[@]}" --replace --once </dev/null >"$work/log2" 2>&1 &
pid=$!
background+=("$pid")
wait "$first"
is "--replace ends the first" $? 0
shows "and the second answers" daemon pid "$pid"
shows "and is registered" daemon transports "device: registered"
end
is "it ends in order too" "$status" 0
kernel_end
try "$ecryptfsd" "${options[@]}" --replace --once
expect "--replace of nobody is a start" 71 '' 'is not there'

# ---- in the background

try "$ecryptfsd" "${options[@]}" --daemonize
expect "--daemonize returns" 0
tap_result "and the daemon is up" "$([ -S "$socket" ] || echo no socket)"
pid=$(value daemon pid)
background+=("$pid")
for fd in 0 1 2; do
	is "descriptor $fd leads nowhere" "$(readlink "/proc/$pid/fd/$fd")" \
		/dev/null
done
is "it holds no directory" "$(readlink "/proc/$pid/cwd")" /
is "it leads its session" "$(ps -o sid= -p "$pid" | tr -d ' ')" "$pid"
try "$ecryptfsd" "${options[@]}" --daemonize
expect "a second one in the background" 75 '' \
	"^ecryptfsd: .*with pid $pid:"
kill "$pid"
tap_result "it leaves" "$(until_true 5 test ! -e "/proc/$pid" || echo "it stays")"
try "$ecryptfsd" "${options[@]}" --daemonize --once
expect "--daemonize --once without the node" 71 '' 'is not there'
cd "$work" || exit 99
try "$ecryptfsd" --transport=device --device=node --module-dir=modules \
	--daemonize
expect "paths relative to where it was started" 0
tap_result "are kept" "$(value daemon transports | grep -q "$node" || value daemon transports)"
pid=$(value daemon pid)
kill "$pid"
until_true 5 test ! -e "/proc/$pid"
cd / || exit 99

# ---- what it gives up

exec 9<"$0"
begin
exec 9<&-
is "no core file, soft" "$(awk '/^Max core/ { print $5 }' "/proc/$pid/limits")" 0
is "no core file, hard" "$(awk '/^Max core/ { print $6 }' "/proc/$pid/limits")" 0
is "no new privileges" "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$pid/status")" 1
is "umask" "$(awk '/^Umask/ { print $2 }' "/proc/$pid/status")" 0077
is "no stray descriptors" \
	"$(find "/proc/$pid/fd" -lname "*daemon.sh" | wc -l)" 0
is "all but the standard ones close on exec" "$(for info in "/proc/$pid/fdinfo"/*; do
	[ "${info##*/}" -le 2 ] && continue
	flags=$(awk '/^flags/ { print $2 }' "$info")
	[ $((flags & 02000000)) -ne 0 ] || readlink "/proc/$pid/fd/${info##*/}"
done)" ""
end
"$ecryptfsd" "${options[@]}" <&- >&- 2>&- &
pid=$!
background+=("$pid")
tap_result "it starts without standard descriptors" \
	"$(until_true 5 test -S "$socket" || echo "it does not")"
is "and opens them" "$(readlink "/proc/$pid/fd/2")" /dev/null
end

# ---- a supervisor that wants to be told

cat >"$work/supervisor.py" <<'END'
import os, socket, subprocess, sys
address, args = sys.argv[1], sys.argv[2:]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(address.replace("@", "\0", 1))
listener.settimeout(3)
child = subprocess.Popen(args, env=dict(
    os.environ, NOTIFY_SOCKET=address, WATCHDOG_USEC="200000"))
said = []


def hear(enough):
    try:
        while not enough():
            said.append(listener.recv(4096).decode())
    except socket.timeout:
        pass


hear(lambda: said.count("WATCHDOG=1") >= 4 and "READY=1" in said)
child.terminate()
hear(lambda: "STOPPING=1" in said)
print("\n".join(said))
sys.exit(child.wait())
END
for address in "$work/notify" "@$work/notify"; do
	try python3 "$work/supervisor.py" "$address" "$ecryptfsd" "${options[@]}"
	expect "the supervisor at ${address:0:1} hears that it is ready" 0 '^READY=1$'
	expect "what it waits for" 0 '^STATUS=waiting for eCryptfs: '
	expect "that it is alive" 0 '^WATCHDOG=1$'
	expect "and that it leaves" 0 '^STOPPING=1$'
done
try env WATCHDOG_PID=1 python3 "$work/supervisor.py" "$work/other" \
	"$ecryptfsd" "${options[@]}"
expect "the watchdog of another process" 0 '^READY=1$'
is "is not fed" "$(grep -c WATCHDOG "$work/out")" 0

# ---- reload

begin
printf 'nonsense' >"$work/bad.conf"
mkdir -p "$config"
cp "$work/bad.conf" "$config/bad.conf"
chmod 600 "$config/bad.conf"
kill -HUP "$pid"
says "SIGHUP reads the registrations again" 'key "bad" cannot be used'
rm -f "$config/bad.conf"

# ---- modules

end
printf 'nonsense' >"$work/modules/broken.so"
begin
says "a bad module is named, with its path" \
	"^warning: PKI module $work/modules/broken.so is not used: "
end
rm "$work/modules/broken.so"

# ---- an unsafe runtime directory

chmod 755 "$XDG_RUNTIME_DIR/ecryptfs"
try "$ecryptfsd" "${options[@]}"
expect "an open runtime directory" 77 '' 'chmod 700'
chmod 700 "$XDG_RUNTIME_DIR/ecryptfs"
mv "$XDG_RUNTIME_DIR/ecryptfs" "$work/elsewhere"
ln -s "$work/elsewhere" "$XDG_RUNTIME_DIR/ecryptfs"
try "$ecryptfsd" "${options[@]}"
expect "a symbolic link instead of it" 77 '' 'symbolic link.*remove it'
rm "$XDG_RUNTIME_DIR/ecryptfs"
try env XDG_RUNTIME_DIR="$work/nowhere" "$ecryptfsd" "${options[@]}"
expect "no runtime directory" 8 '' 'set XDG_RUNTIME_DIR'
long=$work/$(printf 'x%.0s' {1..90})
mkdir -m 0700 "$long"
try env XDG_RUNTIME_DIR="$long" "$ecryptfsd" "${options[@]}"
expect "a path too long for a socket" 74 '' 'too long'

# ---- memory

if [ -n "$sanitized" ]; then
	tap_skip "at most 10 MiB when idle" "a sanitizer needs more"
else
	# With the modules that are installed, not with those of the tests
	mkdir "$work/installed"
	cp "$work/modules/openssl.so" "$work/installed/"
	mgr generate idle --pki openssl --no-passphrase
	options=("--device=$node" "--module-dir=$work/installed")
	begin
	sleep 0.5
	rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
	echo "# RSS when idle: $rss KiB"
	tap_result "at most 10 MiB when idle" \
		"$([ "$rss" -le 10240 ] || cat "/proc/$pid/status")"
	end
fi

tap_done
