# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# TAP for the tests that are shell scripts: sourced by them. Every test says
# what was wrong in "# " lines before its "not ok".

tap_count=0
tap_failed=0

# tap_result TEXT [DETAILS]: ok when there are no DETAILS
tap_result() {
	tap_count=$((tap_count + 1))
	if [ -z "${2-}" ]; then
		echo "ok $tap_count - $1"
		return
	fi
	tap_failed=$((tap_failed + 1))
	printf '%s\n' "$2" | sed 's/^/# /'
	echo "not ok $tap_count - $1"
}

tap_skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

tap_done() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ]
}
