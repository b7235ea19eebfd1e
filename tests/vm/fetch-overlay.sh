# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the overlay's ecryptfs.ko for the kernel that kernel_fetch got, with
# kernel/build, and makes a root with that kernel in which modprobe finds it
# before the distribution's. Headers and source are the distribution's packages
# in the cache. Sourced by tests/vm/run after fetch-kernel.sh.

overlay_top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# What decides on the result, apart from the kernel.
overlay_sources() {
	find "$overlay_top/kernel" "$overlay_top/messaging" -type f \
		\( -name '*.[ch]' -o -name Kbuild -o -name build \
		-o -name dkms.conf \) | LC_ALL=C sort
	echo "${BASH_SOURCE[0]}"
}

overlay_key() {
	overlay_sources | xargs sha256sum | awk '{ print $1 }' | sha256sum |
		cut -c1-12
}

# The packages with the headers of $kernel_release, without the compiler.
overlay_packages() {
	echo "linux-headers-$kernel_release"
	apt-cache depends --no-recommends --no-suggests \
		"linux-headers-$kernel_release" 2>/dev/null |
		sed -nE 's/^ *Depends: (linux-(headers|kbuild)-.*)$/\1/p'
}

# overlay_devel VERSION: sets devel to a directory with headers/ and source/
overlay_devel() {
	local part packages
	devel=$vm_cache/devel-$kernel_release
	[ ! -d "$devel" ] || return 0
	mapfile -t packages < <(overlay_packages)
	rm -rf "$vm_cache/part-$kernel_release"
	part=$(packages_fetch "part-$kernel_release" "${packages[@]}" \
		"linux-source-$1") || {
		echo "tests/vm: no headers and source of $kernel_release:" \
			"${packages[*]} linux-source-$1" >&2
		return 1
	}
	# The Makefile of the headers names another by its installed place.
	sed -i "s,^include /usr/src/,include $devel/usr/src/," \
		"$part/usr/src/linux-headers-$kernel_release/Makefile" &&
		mkdir "$part/source" &&
		tar -xf "$part/usr/src/linux-source-$1.tar.xz" \
			-C "$part/source" --strip-components=1 --wildcards \
			--no-wildcards-match-slash '*/Makefile' \
			'*/fs/ecryptfs' || return 1
	rm -rf "$part"/usr/src/linux-source-* "$part/usr/share"
	ln -s "usr/src/linux-headers-$kernel_release" "$part/headers"
	mv -T "$part" "$devel"
}

# A root like $kernel_root, of hard links, with the module in "updates".
overlay_root() {
	local tmp
	tmp=$(mktemp -d "$vm_cache/overlay.XXXXXX") || return 1
	echo "# building the overlay for $kernel_release" >&2
	if ! "$overlay_top/kernel/build" --strict --headers "$devel/headers" \
		--source "$devel/source" --output "$tmp/new" >"$tmp/log" 2>&1
	then
		cat "$tmp/log" >&2
		rm -rf "$tmp"
		return 1
	fi
	cp -al "$kernel_root/." "$tmp/" &&
		install -D -m 0644 "$tmp/new/ecryptfs.ko" \
			"$tmp/lib/modules/$kernel_release/updates/ecryptfs.ko" &&
		depmod -b "$tmp" "$kernel_release" && chmod 0755 "$tmp" &&
		mv -T "$tmp" "$1"
}

# overlay_fetch VERSION: builds what is not there; sets kernel_root
overlay_fetch() {
	local lock devel root old
	root=$vm_cache/overlay-$kernel_release-$(overlay_key)
	exec {lock}>"$vm_cache/lock-overlay"
	flock "$lock"
	if [ ! -d "$root" ]; then
		overlay_devel "$1" && overlay_root "$root" || return 1
		# Those of other sources, but for what may still run.
		find "$vm_cache" -maxdepth 1 -mmin +60 \
			-name "overlay-$kernel_release-*" ! -path "$root" \
			-exec rm -rf {} +
	fi
	exec {lock}>&-
	kernel_root=$root
	kernel_image=$kernel_root/boot/vmlinuz-$kernel_release
}
