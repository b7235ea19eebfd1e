#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The overlay on the next kernel that the distribution has: what can differ
# there.
# vm-options: --kernel overlay --kernel-version 6.12 --timeout 600

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-token.sh"
. "$guest_dir/lib-overlay.sh"

overlay_there
null_mount
run_parts frames writes request
run_parts overlay-test bad life others namespaces transports get
daemon_killed
run_parts overlay-faults opener
unmount $upper
overlay_unload
done_testing
