# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where the virtual machine gets its kernel: the distribution's own package,
# downloaded by apt, unpacked into a cache directory and never installed.
# Sourced by tests/vm/run, which calls kernel_fetch and then reads
# kernel_release, kernel_image and kernel_root. Other packages that tests want
# to have beside them, but never on the host, come the same way.

vm_cache=${ECRYPTFS_VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ecryptfs-pki/vm}

# The meta package of each kernel that the tests know, by its version.
kernel_meta_package() {
	case $1 in
	6.1) echo linux-image-amd64 ;;
	6.12) echo linux-image-6.12-amd64 ;;
	*) return 1 ;;
	esac
}

# The package with the kernel in it: the first dependency of the meta package.
kernel_package() {
	apt-cache depends --no-recommends --no-suggests "$1" 2>/dev/null |
		sed -n 's/^ *Depends: \(linux-image-[^ <>]*\)$/\1/p' | head -n 1
}

# kernel_newest VERSION: the newest release of that version in the cache
kernel_newest() {
	find "$vm_cache" -mindepth 1 -maxdepth 1 -type d \
		-name "$1.[0-9]*" -printf '%f\n' 2>/dev/null |
		sort -V | tail -n 1
}

kernel_missing() {
	cat >&2 <<-END
	tests/vm: no kernel $1 in $vm_cache and $2.
	It is in the Debian package $3.
	With a network, "apt-get update" and try again. Without one, copy that
	.deb to $vm_cache/ from a machine that has it.
	END
	return 1
}

# kernel_download PACKAGE: prints the .deb, which may have been there already
kernel_download() (
	cd "$vm_cache" || return 1
	deb=$(find . -maxdepth 1 -name "$1_*.deb" | sort -V | tail -n 1)
	if [ -z "$deb" ]; then
		echo "# downloading $1" >&2
		apt-get -q -o APT::Sandbox::User=root download "$1" >&2 || return 1
		deb=$(find . -maxdepth 1 -name "$1_*.deb" | sort -V | tail -n 1)
	fi
	[ -n "$deb" ] && echo "$vm_cache/${deb#./}"
)

# kernel_unpack DEB: into $vm_cache/RELEASE, complete or not at all
kernel_unpack() {
	local tmp release
	tmp=$(mktemp -d "$vm_cache/unpack.XXXXXX") || return 1
	if ! dpkg-deb -x "$1" "$tmp"; then
		rm -rf "$tmp"
		return 1
	fi
	if [ -d "$tmp/usr/lib/modules" ] && [ ! -d "$tmp/lib/modules" ]; then
		mkdir -p "$tmp/lib" && mv "$tmp/usr/lib/modules" "$tmp/lib/"
	fi
	release=$(cd "$tmp/lib/modules" && echo *)
	if ! [ -f "$tmp/boot/vmlinuz-$release" ] ||
		! depmod -b "$tmp" "$release"; then
		echo "tests/vm: $1 does not hold a usable kernel" >&2
		rm -rf "$tmp"
		return 1
	fi
	chmod 0755 "$tmp"
	# Another run may have been faster; its result is as good.
	mv -T "$tmp" "$vm_cache/$release" 2>/dev/null || rm -rf "$tmp"
	rm -f "$1"
	kernel_release=$release
}

# A kernel_fetch under a lock, so that two runs do not download twice.
kernel_fetch_locked() {
	local version=$1 meta package deb
	meta=$(kernel_meta_package "$version") || {
		echo "tests/vm: no kernel version '$version'; known: 6.1, 6.12" >&2
		return 1
	}
	package=$(kernel_package "$meta")
	# What the package list names wins, so that an update of the
	# distribution is tested; without a list the newest in the cache does.
	kernel_release=${package#linux-image-}
	if [ -z "$package" ]; then
		kernel_release=$(kernel_newest "$version")
		[ -n "$kernel_release" ] && return 0
		kernel_missing "$version" "no package list" "$meta"
		return 1
	fi
	[ -d "$vm_cache/$kernel_release" ] && return 0
	if deb=$(kernel_download "$package"); then
		kernel_unpack "$deb"
		return
	fi
	kernel_release=$(kernel_newest "$version")
	[ -n "$kernel_release" ] && return 0
	kernel_missing "$version" "the download failed" "$package"
}

# kernel_fetch VERSION: sets kernel_release, kernel_root, kernel_image
kernel_fetch() {
	local lock
	mkdir -p "$vm_cache" || return 1
	exec {lock}>"$vm_cache/lock"
	flock "$lock"
	kernel_fetch_locked "$1" || return 1
	exec {lock}>&-
	kernel_root=$vm_cache/$kernel_release
	kernel_image=$kernel_root/boot/vmlinuz-$kernel_release
}

# packages_fetch NAME PACKAGE...: downloads these and unpacks them together
# into $vm_cache/NAME, complete or not at all; prints that
packages_fetch() {
	local dir=$vm_cache/$1 tmp package deb debs=()
	shift
	if [ ! -d "$dir" ]; then
		mkdir -p "$vm_cache" && tmp=$(mktemp -d "$dir.XXXXXX") ||
			return 1
		for package; do
			deb=$(kernel_download "$package") &&
				dpkg-deb -x "$deb" "$tmp" || {
				rm -rf "$tmp"
				return 1
			}
			debs+=("$deb")
		done
		chmod 0755 "$tmp"
		mv -T "$tmp" "$dir" 2>/dev/null || rm -rf "$tmp"
		rm -f "${debs[@]}"
	fi
	echo "$dir"
}

# kernel_payload FILE: cuts the compressed kernel out of the image; the setup
# header says where it lies (at 1f1, 248 and 24c, hexadecimal)
kernel_payload() {
	local setup offset length
	setup=$(od -An -tu1 -j $((0x1f1)) -N 1 "$kernel_image")
	read -r offset length < <(od -An -tu4 -j $((0x248)) -N 8 \
		"$kernel_image")
	tail -c +$(((setup + 1) * 512 + offset + 1)) "$kernel_image" |
		head -c "$length" >"$1"
}

# kernel_decompress FILE: four bytes with the length follow the compressed
# ones; the tools complain of them, after having written all
kernel_decompress() {
	case $(od -An -tx1 -N 4 "$1") in
	' fd 37 7a 58') xz -dc --single-stream "$1" ;;
	' 28 b5 2f fd') zstd -qdc "$1" ;;
	' 1f 8b'*) gzip -dc "$1" ;;
	esac 2>/dev/null
}

# The kernel without its compression, which would cost the emulated processor
# seconds at each boot: QEMU starts the ELF file inside as well. Where that
# cannot be had, the image as it came.
kernel_boot_image() {
	local elf=$kernel_root/vmlinux tmp=$kernel_root/vmlinux.$BASHPID
	if [ ! -f "$elf" ]; then
		kernel_payload "$tmp.packed"
		kernel_decompress "$tmp.packed" >"$tmp"
		case $(od -An -tx1 -N 4 "$tmp") in
		' 7f 45 4c 46') mv "$tmp" "$elf" ;;
		esac
		rm -f "$tmp" "$tmp.packed"
	fi
	[ -f "$elf" ] || elf=$kernel_image
	echo "$elf"
}
