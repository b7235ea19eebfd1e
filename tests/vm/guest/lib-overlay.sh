# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tests of the kernel overlay share: a mount with a key that wraps
# nothing, whose daemons are the programs that "make vm-tools" builds. Sourced
# after lib.sh and lib-token.sh.

tools=${VM_SESSION%/*}
lower=$work/lower
upper=$work/upper
overlay_sig=0123456789abcdef

# overlay_there: this guest's ecryptfs is ours
overlay_there() {
	like 'the module has a version, so is ours' \
		"$(cat /sys/module/ecryptfs/version)" '^[0-9]+\.[0-9]+'
	like 'modprobe took it from updates' "$(modinfo -n ecryptfs)" /updates/
	is 'it can public keys and the device' \
		$(($(</sys/fs/ecryptfs/version) & 0x42)) $((0x42))
	like 'its alias loads it for the netlink family' \
		"$(modinfo -F alias ecryptfs)" family-ecryptfs
	chmod 0666 /dev/ecryptfs
}

# null_mount: 32 directories, in which everybody may create
null_mount() {
	local n
	private_token $overlay_sig >$work/token
	keyctl padd user $overlay_sig @u <$work/token >/dev/null
	mkdir $lower $upper
	ok 'a mount' raw_mount $overlay_sig $lower $upper || bail 'no mount'
	for ((n = 0; n < 32; n++)); do
		mkdir -m 0777 $upper/$n
	done
}

# tap_lines PART: TAP without numbers and plan, the last line "exit STATUS"
tap_lines() {
	local line
	while IFS= read -r line; do
		case $line in
		'ok - '*) point 0 "${line#ok - }" ;;
		'not ok - '*) point 1 "${line#not ok - }" ;;
		'exit '*) is "$1: exit status" "${line#exit }" 0 ;;
		*) echo "$line" ;;
		esac
	done
}

# run_parts PROGRAM PART...
run_parts() {
	local program=$tools/$1 part
	shift
	for part; do
		tap_lines "$part" < <("$program" "$part" $upper 2>&1
			echo "exit $?")
	done
}

# daemon_killed: what eCryptfs says of each open that failed would go out by the
# serial line while the waiters wake
daemon_killed() {
	dmesg -n 1
	run_parts overlay-faults kill
	dmesg -n 8
}

# overlay_unload: refused by an open device, not by a netlink daemon, who is
# told and brings the module back with its next HELO
overlay_unload() {
	exec 9<>/dev/ecryptfs
	fails 'no unloading with the device open' 'in use' rmmod ecryptfs
	exec 9>&-
	{
		"$tools/overlay-faults" unload $upper 2>&1
		echo "exit $?"
	} >$work/unload &
	wait_for 10 grep -q HELO $work/unload
	ok 'unloading with a daemon on netlink' rmmod ecryptfs
	wait $!
	tap_lines unload <$work/unload
	ok 'the module is back' test -e /sys/module/ecryptfs
}
