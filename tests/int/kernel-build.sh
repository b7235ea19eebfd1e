#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What kernel/build says when headers or source are not what it needs, and that
# its version is the suite's. That it builds is tested in the virtual machine.

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT

# fake_headers CONFIG: of Linux 6.1.5
fake_headers() {
	rm -rf "$tmp/headers"
	mkdir -p "$tmp/headers/include/config" \
		"$tmp/headers/include/generated/uapi/linux"
	: >"$tmp/headers/Makefile"
	printf 'CONFIG_MODULES=y\n%s\n' "$1" \
		>"$tmp/headers/include/config/auto.conf"
	printf '#define LINUX_VERSION_%s\n' 'MAJOR 6' 'PATCHLEVEL 1' \
		'SUBLEVEL 5' >"$tmp/headers/include/generated/uapi/linux/version.h"
}

# fake_source SUBLEVEL
fake_source() {
	rm -rf "$tmp/source"
	mkdir -p "$tmp/source/fs/ecryptfs"
	printf '%s\n' '# a comment' 'VERSION = 6' 'PATCHLEVEL = 1' \
		"SUBLEVEL = $1" 'EXTRAVERSION =' >"$tmp/source/Makefile"
	touch "$tmp"/source/fs/ecryptfs/{messaging,miscdev,keystore}.c
}

# refuses NAME PATTERN ARGUMENT...
refuses() {
	local name=$1 pattern=$2 said
	shift 2
	if said=$("$top_srcdir/kernel/build" --output "$tmp/out" "$@" 2>&1); then
		tap_result "/kernel-build/$name" "it succeeded: $said"
	else
		tap_result "/kernel-build/$name" \
			"$(grep -Eq "$pattern" <<<"$said" || echo "$said")"
	fi
}

fake_headers 'CONFIG_ECRYPT_FS=m'
fake_source 5
with=(--headers "$tmp/headers")

refuses no-headers 'apt-get install linux-headers-9\.9' --kernel 9.9
refuses no-value 'needs a value' --headers
refuses unknown-argument "'--hedaers'" --hedaers
refuses no-source 'apt-get install linux-source-6\.1$' "${with[@]}" \
	--source "$tmp/nothing"
refuses no-ecryptfs-in-source 'no fs/ecryptfs in' "${with[@]}" \
	--source "$tmp/headers"
refuses part-of-a-source 'no fs/ecryptfs/ecryptfs_kernel.h' "${with[@]}" \
	--source "$tmp/source"
fake_source 6
refuses other-source 'the source is Linux 6\.1\.6, the headers are 6\.1\.5' \
	"${with[@]}" --source "$tmp/source"
tar -C "$tmp" -cf "$tmp/source.tar" source
refuses other-tar-file 'the source is Linux 6\.1\.6' "${with[@]}" \
	--source "$tmp/source.tar"
fake_headers 'CONFIG_ECRYPT_FS=y'
refuses built-in 'built into this kernel' "${with[@]}" --source "$tmp/source"
rm -r "$tmp/headers/include/generated"
refuses not-configured 'not the headers of a configured kernel' "${with[@]}"

tap_result /kernel-build/help "$("$top_srcdir/kernel/build" --help |
	grep -q -e '--source PATH' || echo 'no help')"
tap_result /kernel-build/version "$(
	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"$/\1/p' \
		"$top_srcdir/kernel/dkms.conf")
	grep -qF "AC_INIT([ecryptfs-pki], [$version]" \
		"$top_srcdir/configure.ac" ||
		echo "dkms.conf has $version, configure.ac another")"
tap_done
