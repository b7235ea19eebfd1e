#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# libecryptfs/rsa-unpad.c may take no branch and use no address that depends
# on the block, but for the one at its end: opened or not. valgrind looks at
# the machine code, at each level of optimisation.

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"

if ! command -v valgrind >/dev/null ||
	[ ! -e /usr/include/valgrind/memcheck.h ]; then
	tap_skip /constant-time 'needs valgrind'
	tap_done
	exit
fi
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
cd "$top_srcdir" || exit 99

sources=(tests/unit/constant-time.c
	libecryptfs/{rsa-unpad,packet,key-sig,cursor,secret,error}.c)
flags=$(pkg-config --cflags --libs glib-2.0 libcrypto) || exit 99

# reports CASE: source lines at which valgrind saw something
reports() {
	valgrind --error-exitcode=0 --log-file="$scratch/log" \
		"$scratch/constant-time" "$1" >/dev/null 2>&1
	grep -q 'ERROR SUMMARY' "$scratch/log" || echo "valgrind failed"
	grep -A1 -E 'uninitialised|Use of' "$scratch/log" |
		sed -n 's/.*(\([a-z-]*\.c\):\([0-9]*\)).*/\1:\2/p' | sort -u
}

allowed=rsa-unpad.c:$(grep -n 'if (out_len == 0)' libecryptfs/rsa-unpad.c |
	cut -d: -f1)
for level in -O1 -O2 -O3; do
	# shellcheck disable=SC2086
	if ! "${CC:-cc}" -gdwarf-4 $level -w -D_GNU_SOURCE -I. \
		"${sources[@]}" -o "$scratch/constant-time" $flags \
		>"$scratch/cc" 2>&1; then
		tap_result "/constant-time/build$level" "$(cat "$scratch/cc")"
		continue
	fi
	# Nothing that opens, in case 2 a good packet: its length is no secret
	# any more where the caller gets it.
	for case in 0 1; do
		tap_result "/constant-time/case-$case$level" \
			"$(reports $case | grep -vxF "$allowed")"
	done
	tap_result "/constant-time/case-2$level" \
		"$(reports 2 | grep -vxF "$allowed" | grep -v '^secret\.c:')"
	found=$(reports 3)
	tap_result "/constant-time/finds-a-branch$level" \
		"$(case $found in
		*constant-time.c:*) ;;
		*) echo "a branch on the block went unseen: $found" ;;
		esac)"
done
tap_done
