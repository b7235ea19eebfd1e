# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For the tests of ecryptfsd: sourced first by each. A home and a session
# keyring of their own (manager-lib.sh), the daemon that was built, and a
# stand-in for the kernel.

# shellcheck source=tests/int/manager-lib.sh
. "${top_srcdir:-$(dirname "$0")/../..}/tests/int/manager-lib.sh"

ecryptfsd=$top_builddir/daemon/.libs/ecryptfsd
[ -x "$ecryptfsd" ] || ecryptfsd=$top_builddir/daemon/ecryptfsd
if [ ! -x "$ecryptfsd" ]; then
	echo "Bail out! $ecryptfsd is not built"
	exit 99
fi
for name in fake-per-module; do
	cp "$top_builddir/tests/pki/.libs/$name.so" "$work/modules/" || exit 99
	chmod go-w "$work/modules/$name.so"
done

node=$work/node
socket=$XDG_RUNTIME_DIR/ecryptfs/control
log=$work/log
# Not netlink: this kernel may have the family, and a daemon of this user
options=(--transport=device "--device=$node" "--module-dir=$work/modules")

# A figure of memory means nothing under a sanitizer
sanitized=
if grep -qs '^#define SANITIZED 1' "$top_builddir/config.h"; then
	sanitized=yes
fi

# until_true SECONDS COMMAND...: whether it came true in that time
until_true() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

# A socket file alone may be that of a daemon that was killed.
is_up() {
	python3 "$top_srcdir/tests/int/control-client.py" "$socket" status \
		>/dev/null 2>&1
}

# begin [OPTIONS]: starts the daemon; $pid
begin() {
	: >"$log"
	"$ecryptfsd" "${options[@]}" "$@" </dev/null >"$log" 2>&1 &
	pid=$!
	background+=("$pid")
	until_true 10 is_up && kill -0 "$pid" 2>/dev/null ||
		tap_result "the daemon starts" "$(cat "$log")"
}

# end [SIGNAL]: ends it; $status is its exit status, $took the seconds
end() {
	local begun=$EPOCHREALTIME
	kill "-${1-TERM}" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
	took=$(echo "$EPOCHREALTIME - $begun" | bc)
}

# try COMMAND...: one that ends by itself: $status, $work/out, $work/err
try() {
	timeout 20 "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

logged() {
	grep -qE -e "$1" "$log"
}

# says TEXT REGEX: the log has it, within some seconds
says() {
	tap_result "$1" "$(until_true 8 logged "$2" || {
		echo "no \"$2\" in the log"
		cat "$log"
	})"
}

# value GROUP KEY: what status says now
value() {
	python3 "$top_srcdir/tests/int/control-client.py" "$socket" status |
		python3 -c '
import configparser, sys
c = configparser.RawConfigParser(delimiters=("=",), strict=True)
c.optionxform = str
c.read_string(sys.stdin.read())
print(c.get(sys.argv[1], sys.argv[2], fallback=""))' "$1" "$2"
}

value_is() {
	[ "$(value "$1" "$2")" = "$3" ]
}

# shows TEXT GROUP KEY VALUE: status says so within some seconds
shows() {
	tap_result "$1" "$(until_true 8 value_is "$2" "$3" "$4" ||
		echo "[$2] $3 is \"$(value "$2" "$3")\", not \"$4\"")"
}

# The kernel's end; kernel LINE leaves its answer in $answer
kernel_begin() {
	coproc KERNEL { exec python3 "$top_srcdir/tests/int/fake-kernel.py" \
		"$node" 2>"$work/kernel-err"; }
	kernel_pid=$KERNEL_PID
	background+=("$kernel_pid")
	read -r terminal <&"${KERNEL[0]}"
}

kernel() {
	echo "$*" >&"${KERNEL[1]}"
	answer=
	read -r -t 15 answer <&"${KERNEL[0]}" || cat "$work/kernel-err"
}

kernel_end() {
	kill "$kernel_pid" 2>/dev/null
	wait "$kernel_pid" 2>/dev/null
	rm -f "$node"
}

FEK_PACKET=075f8fa87ef5601b66a4d0e054a06064400836
