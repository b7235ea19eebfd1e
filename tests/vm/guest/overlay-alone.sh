#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel overlay: that it is there, its netlink protocol spoken by hand,
# bad input, daemons and openers that end, its device node beside that of the
# distribution's module, the demo, unloading.
# vm-options: --kernel overlay --timeout 3600

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-token.sh"
. "$guest_dir/lib-overlay.sh"

overlay_there
null_mount
run_parts frames writes request
run_parts overlay-test bad life others namespaces late extend takeover \
	transports get
daemon_killed
run_parts overlay-faults opener stop users storm overrun
export CREATES=5000
full && CREATES=100000
run_parts round-trip creates
unmount $upper
if command -v ecryptfsd >/dev/null; then
	ok 'the demo, with our daemon' \
		bash "/run/vm/hostroot$VM_TESTS/../../contrib/demo/steps.sh"
else
	skip 'the demo, with our daemon' 'no suite in this guest'
fi
overlay_unload
done_testing
