#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who may include whom (doc/ARCHITECTURE): the direction between folders, one
# place for each third-party library, includes relative to the root with the
# file's own header first, and headers that compile alone.

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd) || exit 99
top_builddir=$(cd "${top_builddir:-$top_srcdir}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir" || exit 99

folders=()
for folder in libecryptfs messaging daemon utils pam pki-modules fuse kernel; do
	[ -d "$folder" ] && folders+=("$folder")
done

# "FILE:LINE:#include ..." of the C files below the folders given
includes_of() {
	find "$@" -name '*.[ch]' -exec grep -HnE '^[ \t]*# *include' {} +
}

# What a folder may include, as an extended regular expression of folders
may_include() {
	case $1 in
	libecryptfs) echo 'libecryptfs' ;;
	messaging) echo 'messaging' ;;
	daemon) echo 'daemon|libecryptfs' ;;
	utils) echo 'utils|libecryptfs' ;;
	pam) echo 'pam|libecryptfs' ;;
	pki-modules) echo 'libecryptfs' ;;
	fuse) echo 'fuse|libecryptfs|messaging' ;;
	kernel) echo 'kernel|messaging' ;;
	esac
}

# The protocol's definition is the kernel's; one file of the daemon has it
without_genl_definition() {
	grep -vE '^daemon/genl-message\.h:[0-9]+:# *include "kernel/uapi/linux/ecryptfs_genl\.h"'
}

# A module in several files: NAME.c and NAME-NOUN.c with NAME-NOUN.h
without_own_parts() {
	grep -vE '^pki-modules/([a-z0-9]+)(-[a-z-]+)?\.[ch]:[0-9]+:# *include "pki-modules/\1-[a-z-]+\.h"'
}

for folder in "${folders[@]}"; do
	tap_result "/includes/direction/$folder" "$(includes_of "$folder" |
		without_own_parts | without_genl_definition |
		grep -E 'include *"' | grep -vE 'include *"config\.h"' |
		grep -vE "include *\"($(may_include "$folder"))/")"
done

# library TEXT WHERE HEADERS [MOST]: files that include HEADERS (an extended
# regular expression of what follows '<') must match WHERE and be at most MOST
library() {
	local files
	files=$(includes_of "${folders[@]}" | grep -E "include *<($3)" |
		cut -d: -f1 | sort -u)
	tap_result "/includes/library/$1" "$(
		printf '%s' "$files" | grep -vE "^($2)$"
		if [ "$(printf '%s\n' "$files" | grep -c .)" -gt "${4-999}" ]; then
			echo "more than ${4-} file(s): $files"
		fi)"
}

library libcrypto 'libecryptfs/[a-z-]*\.[ch]|pki-modules/(openssl|pkcs11)(-[a-z-]+)?\.[ch]' \
	'openssl/'
library keyutils 'libecryptfs/keyring\.c' 'keyutils\.h' 1
library dlopen 'libecryptfs/pki\.c' 'gmodule\.h|dlfcn\.h' 1
library json-glib 'utils/[a-z-]*\.c' 'json-glib/' 1
library systemd 'daemon/[a-z-]*\.c' 'systemd/' 1
# Not transport-genl.c: sockets and families are one noun, life another
library libnl 'daemon/genl-socket\.c' 'netlink/' 1
library tss2 'pki-modules/tpm2\.c' 'tss2/' 1
library gpgme 'pki-modules/gpg\.c' 'gpgme\.h' 1
library p11 'pki-modules/pkcs11\.c' 'libp11\.h|p11-kit/' 1
library pam 'pam/[a-z_-]*\.c' 'security/'
library fuse 'fuse/[a-z-]*\.c' 'fuse' 1
library gio 'nowhere' 'gio/|glib-object\.h'

# The public headers lean on GLib alone: who includes them needs no libcrypto
tap_result /includes/public-headers "$(grep -nE '# *include *<' \
	libecryptfs/ecryptfs*.h |
	grep -vE '<(glib|stdbool|stddef|stdint)\.h>')"

# Modules and programs speak to the library, never to a module
tap_result /includes/no-module-included "$(includes_of "${folders[@]}" tests |
	without_own_parts | grep -E 'include *"pki-modules/')"

# First include of x.c: "FOLDER/x.h" or "FOLDER/ecryptfs-x.h" if there is one
own_header_first() {
	local file base dir own first
	find "${folders[@]}" -name '*.c' | sort | while read -r file; do
		base=$(basename "$file" .c)
		dir=$(dirname "$file")
		own=
		[ -f "$dir/ecryptfs-$base.h" ] && own=$dir/ecryptfs-$base.h
		[ -f "$dir/$base.h" ] && own=$dir/$base.h
		[ -n "$own" ] || continue
		first=$(grep -hE '^# *include' "$file" |
			grep -v '"config\.h"' | head -n 1)
		[ "$first" = "#include \"$own\"" ] ||
			echo "$file: its first include is not \"$own\""
	done
}
tap_result /includes/own-header-first "$(own_header_first)"

# Each header alone, twice: includes what it needs, guards itself. Not what
# includes the kernel's.
headers_alone() {
	local header out
	find libecryptfs messaging daemon utils pam fuse tests -name '*.h' \
		! -path messaging/port-kernel.h 2>/dev/null | sort | while read -r header; do
		out=$(printf '#include "%s"\n#include "%s"\n' "$header" \
			"$header" |
			${CC:-cc} -x c -std=gnu11 -Wall -Wextra -Werror \
			-D_GNU_SOURCE -fsyntax-only -I"$top_srcdir" \
			-I"$top_builddir" ${TEST_CFLAGS-$(pkg-config --cflags \
			glib-2.0 libcrypto)} - 2>&1) ||
			printf '%s: %s\n' "$header" "$out"
	done
}
tap_result /includes/headers-alone "$(headers_alone)"

tap_done
