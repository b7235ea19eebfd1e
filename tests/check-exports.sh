#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the built objects show to the linker: the library its documented calls
# under its version, a PKI module its one symbol, and nothing else.

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd) || exit 99
top_builddir=$(cd "${top_builddir:-$top_srcdir}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"
cd "$top_builddir" || exit 99

library=libecryptfs/.libs/libecryptfs.so

# "TYPE NAME" of what OBJECT defines, without the version's own symbol
exports_of() {
	nm -D --defined-only --with-symbol-versions "$1" |
		awk '$2 != "A" { print $2, $3 }'
}

exports=$(exports_of "$library") || exports=
names=$(printf '%s\n' "$exports" | sed 's/^. //; s/@.*//' | sort)

tap_result /exports/library/prefix "$(
	[ -n "$exports" ] || echo "$library exports nothing"
	printf '%s\n' "$names" | grep . | grep -v '^ecryptfs_[a-z0-9_]*$')"
tap_result /exports/library/version "$(printf '%s\n' "$exports" | grep . |
	grep -v '@@LIBECRYPTFS_2$')"
tap_result /exports/library/functions-only "$(printf '%s\n' "$exports" |
	grep . | grep -v '^T ')"
tap_result /exports/library/soname "$(objdump -p "$library" |
	grep -q 'SONAME  *libecryptfs\.so\.2$' ||
	echo 'the SONAME is not libecryptfs.so.2')"

# Every call is declared in a header, every declared call is there
declared=$(cat "$top_srcdir"/libecryptfs/*.h | sed 's,/\*.*\*/,,' | awk '
	/^[ \t]*\/?\*/ || /^#/ { next }
	{ print }' | tr '\n' ' ' | sed 's/static inline[^}]*}//g' |
	grep -oE '\*?ecryptfs_[a-z0-9_]+\([^;{]*\)[^;{,)]*;' |
	sed 's/^\*//; s/(.*//' | sort -u)
tap_result /exports/library/declared \
	"$(comm -23 <(printf '%s\n' "$names") <(printf '%s\n' "$declared"))"
tap_result /exports/library/defined \
	"$(comm -13 <(printf '%s\n' "$names") <(printf '%s\n' "$declared"))"

modules=0
for module in pki-modules/.libs/*.so; do
	[ -e "$module" ] || continue
	modules=$((modules + 1))
	found=$(exports_of "$module" | sed 's/^. //; s/@.*//')
	tap_result "/exports/module/$(basename "$module" .so)" "$(
		[ "$found" = ecryptfs_pki_module_v1 ] ||
			printf 'exports: %s\n' "$found")"
done
[ "$modules" -gt 0 ] ||
	tap_skip /exports/module 'this build has no PKI module'

tap_done
