#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes configure. Needs autoconf, automake, libtool and autoconf-archive.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
exec autoreconf --force --install --warnings=all,no-obsolete
