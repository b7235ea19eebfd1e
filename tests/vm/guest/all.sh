#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs every test file beside it in this one guest and prints one TAP; not
# those named *-alone.sh, which tests/vm/suite gives a guest each. The
# variable VM_ONLY may name the wanted ones. A file may say how long it takes
# at most with a line "# vm-seconds: N".

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../tap.sh"

limit() {
	local seconds
	seconds=$(sed -n 's/^# vm-seconds: *//p' "$1")
	echo "${seconds:-300}"
}

for file in "$here"/*.sh; do
	name=$(basename "$file" .sh)
	case $name in
	all | lib | lib-* | *-alone) continue ;;
	esac
	if [ -n "${VM_ONLY-}" ] && [[ " $VM_ONLY " != *" $name "* ]]; then
		continue
	fi
	start=$EPOCHREALTIME
	tap_merge "$name: " < <(
		timeout -k 5 "$(limit "$file")" bash "$file"
		echo "exit $?"
	)
	echo "# $name took $(((${EPOCHREALTIME/./} - ${start/./}) / 1000000)) s"
done
tap_end
