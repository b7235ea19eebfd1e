#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What ./demo shows, on a kernel that has eCryptfs, as root: a key, a daemon, a
# mount, a file; the header that its lower file got; the file opened again
# after a remount, and refused without the daemon.

set -eu
lower= clear= daemon=

finish() {
	mountpoint -q "$clear" && umount "$clear"
	[ -n "$daemon" ] && kill "$daemon" && wait "$daemon"
	keyctl unlink "%user:$sig" @u 2>/dev/null
	rm -rf "$work"
}

now() {
	echo "${EPOCHREALTIME/[.,]/}"
}

did() {
	printf '   (%d.%03d ms)\n' $((($(now) - start) / 1000)) \
		$((($(now) - start) % 1000))
}

# In this shell, not in a pipe: a step may start the daemon
show() {
	local status=0

	printf '\n-- %s\n' "$1"
	shift
	printf '   $ %s\n' "$*"
	start=$(now)
	"$@" >"$work/output" 2>&1 || status=$?
	sed 's/^/   /' "$work/output"
	did
	[ $status = 0 ] || { echo "FAILED: $*" >&2; exit 1; }
}

manager() {
	ecryptfs-manager "$@" ${DEMO_MODULE_DIR:+--module-dir "$DEMO_MODULE_DIR"}
}

wait_for_daemon() {
	for _ in $(seq 100); do
		manager status 2>/dev/null |
			grep -qE '(device|netlink): registered' && return
		kill -0 "$daemon" || return
		sleep 0.05
	done
	echo 'ecryptfsd did not register:' >&2
	cat "$work/daemon.log" >&2
	return 1
}

start_daemon() {
	ecryptfsd ${DEMO_MODULE_DIR:+--module-dir "$DEMO_MODULE_DIR"} \
		>"$work/daemon.log" 2>&1 &
	daemon=$!
	wait_for_daemon
}

stop_daemon() {
	kill "$daemon"
	wait "$daemon"
	daemon=
}

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

remount() {
	umount "$clear"
	drop_caches
	manager mount demo "$lower" "$clear"
}

cold_read() {
	drop_caches
	cat "$clear/secret.txt"
}

refused_without_daemon() {
	drop_caches
	if cat "$clear/secret.txt"; then
		echo 'the file opened without the daemon' >&2
		return 1
	fi
}

work=$(mktemp -d)
sig=none
trap finish EXIT
# Under sudo the mount verb would take the keys of who typed it.
unset SUDO_UID SUDO_GID SUDO_USER
export XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/data
export XDG_RUNTIME_DIR=$work/run
mkdir -m 700 "$XDG_RUNTIME_DIR"
lower=$work/lower clear=$work/clear
mkdir "$lower" "$clear"

printf 'Kernel %s\n' "$(uname -r)"
[ -c /dev/ecryptfs ] || modprobe ecryptfs
show 'The kernel can do public keys when bits 2 and 40h are set' \
	cat /sys/fs/ecryptfs/version
show 'A key pair, registered and proven with a wrap and an unwrap' \
	manager generate demo --pki openssl --type rsa:2048 --no-passphrase
show 'Its auth tok in the keyring' manager add demo
sig=$(manager add demo 2>/dev/null | awk '{ print $2 }')
show 'The daemon, registered with the kernel' start_daemon
show 'The mount' manager mount demo "$lower" "$clear"
show 'A file, its key wrapped by the daemon' \
	bash -c 'echo "Nobody reads this without the key." >"$1"' - \
	"$clear/secret.txt"
show 'The header of the lower file: size, marker, Tag 1 packet at 1ah' \
	bash -c 'head -c 320 "$1" | hexdump -C' - "$lower/secret.txt"
show 'Not in the lower file: the clear text' \
	bash -c '! grep -c Nobody "$1"' - "$lower/secret.txt"
show 'Mounted anew, nothing cached' remount
show 'Opened again, its key unwrapped by the daemon' cold_read
show 'What the daemon counted' manager status
show 'The daemon stopped' stop_daemon
show 'Refused: nobody unwraps the key' refused_without_daemon
