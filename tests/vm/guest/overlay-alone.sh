#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel overlay: that it is there, its netlink protocol spoken by hand,
# bad input, daemons and openers that end, its device node beside that of the
# distribution's module, unloading.
# vm-options: --kernel overlay --timeout 900

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-token.sh"
. "$guest_dir/lib-overlay.sh"

overlay_there
null_mount
run_parts frames writes request
run_parts overlay-test bad life others namespaces late extend takeover \
	transports get
run_parts overlay-faults kill opener stop users storm overrun
unmount $upper
overlay_unload
done_testing
