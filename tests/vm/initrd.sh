# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes the guest's initramfs out of two cpio archives: the modules of one
# kernel (kept beside that kernel) and what belongs to one run. Sourced by
# tests/vm/run.

# What the guest needs before it has its root file system.
initrd_modules='virtio_pci virtio_console 9pnet_virtio 9p overlay'

# initrd_busybox: prints a static busybox
initrd_busybox() {
	local path
	path=$(command -v busybox) || {
		echo 'tests/vm: no busybox; install busybox-static' >&2
		return 1
	}
	if ldd "$path" >/dev/null 2>&1; then
		echo "tests/vm: $path is not static; install busybox-static" >&2
		return 1
	fi
	echo "$path"
}

# initrd_unpacked FILE TARGET: a module as busybox insmod can read it
initrd_unpacked() {
	case $1 in
	*.xz) xz -dc "$1" >"$2" ;;
	*.zst) zstd -qdc "$1" >"$2" ;;
	*.gz) gzip -dc "$1" >"$2" ;;
	*) cp "$1" "$2" ;;
	esac
}

# initrd_archive DIR: the cpio of DIR on stdout
initrd_archive() (
	cd "$1" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet -o -H newc -R 0:0
)

# initrd_base ROOT RELEASE: prints the archive with busybox and the modules;
# /modules/order lists them in the order of loading
initrd_base() {
	local base=$1/initrd-base.cpio tmp busybox verb file m
	if [ -f "$base" ] && [ "$base" -nt "${BASH_SOURCE[0]}" ]; then
		echo "$base"
		return
	fi
	busybox=$(initrd_busybox) || return 1
	tmp=$(mktemp -d "$1/initrd.XXXXXX") || return 1
	mkdir -p "$tmp"/{bin,modules,proc,sys,dev,ro,rw,root}
	cp "$busybox" "$tmp/bin/busybox"
	for m in sh mount mkdir insmod switch_root ln cp chmod chown \
		hostname ifconfig find reboot umount; do
		ln -s busybox "$tmp/bin/$m"
	done
	for m in $initrd_modules; do
		modprobe --show-depends -d "$1" -S "$2" "$m" || return 1
	done | while read -r verb file _; do
		m=${file##*/}
		m=${m%%.ko*}.ko
		[ "$verb" = insmod ] && ! [ -f "$tmp/modules/$m" ] || continue
		initrd_unpacked "$file" "$tmp/modules/$m" &&
			echo "$m" >>"$tmp/modules/order"
	done
	initrd_archive "$tmp" >"$tmp.cpio" && mv "$tmp.cpio" "$base"
	rm -rf "$tmp"
	[ -f "$base" ] && echo "$base"
}
