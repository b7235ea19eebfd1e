#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# /dev/ecryptfs octet by octet: what each write and read gives. The same is
# expected of the distribution's module here and of ours in overlay-alone.sh.
# vm-kernel: stock

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-token.sh"
. "$guest_dir/lib-overlay.sh"

null_mount
run_parts frames writes request
unmount $upper
done_testing
