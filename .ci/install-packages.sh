#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what is missing of the packages listed in .ci/deps, with apt, as
# root or through sudo. Does nothing, and needs no rights, when all are there.

set -u
export LC_ALL=C
deps=$(cd "$(dirname "$0")" && pwd)/deps || exit 1

if ! command -v dpkg-query >/dev/null; then
	echo "This is no Debian: install what $deps lists" \
		'by hand, then use --no-install.' >&2
	exit 1
fi

wanted() {
	sed 's/#.*//' "$deps" | awk 'NF { print $1 }'
}

missing() {
	comm -23 <(wanted | sort) <(dpkg-query -W \
		-f='${db:Status-Status} ${Package}\n' 2>/dev/null |
		awk '$1 == "installed" { print $2 }' | sort)
}

mapfile -t packages < <(missing)
[ ${#packages[@]} -eq 0 ] && exit 0
echo "Installing ${#packages[@]} missing packages: ${packages[*]}"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
	as_root=(sudo)
	# Nobody is there to type a password into a job without a terminal
	{ [ -t 0 ] && [ "${CI-}" != true ]; } || as_root+=(-n)
	if ! command -v sudo >/dev/null || ! "${as_root[@]}" true; then
		echo 'Packages are missing and this user cannot install them.' \
			'Run this as root, then start again:' >&2
		echo "  apt-get install --no-install-recommends ${packages[*]}" >&2
		exit 1
	fi
fi

apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Dpkg::Use-Pty=0 "$@" </dev/null
}

# The lists of a fresh machine are empty, those of an old one name packages
# that the mirrors no longer have: fetch them only then
if ! apt install --no-install-recommends "${packages[@]}"; then
	apt update && apt install --no-install-recommends "${packages[@]}" ||
		exit 1
fi

mapfile -t packages < <(missing)
if [ ${#packages[@]} -gt 0 ]; then
	echo "apt-get did not install: ${packages[*]}" >&2
	exit 1
fi
