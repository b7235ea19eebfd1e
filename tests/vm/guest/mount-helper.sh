#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# With the mount helpers of ecryptfs-utils in place: a plain mount(8) is theirs
# and asks for a passphrase, "mount -i" and the verbs of ecryptfs-manager work.
# vm-lane: 2

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"

if [ -z "${VM_OLD_UTILS-}" ]; then
	skip 'with ecryptfs-utils installed' 'the package cannot be downloaded'
	done_testing
fi
libraries=/usr/lib/x86_64-linux-gnu
installed=()
for file in "$VM_OLD_UTILS"/sbin/{,u}mount.ecryptfs; do
	installed+=("/usr/sbin/${file##*/}")
	cp "$file" /usr/sbin/
done
for file in "$VM_OLD_UTILS"$libraries/lib*.so*; do
	[ -e "$libraries/${file##*/}" ] && continue
	installed+=("$libraries/${file##*/}")
	cp -a "$file" $libraries/
done
ok 'the helper runs' ldd /usr/sbin/mount.ecryptfs
is 'with all its libraries' \
	"$(ldd /usr/sbin/mount.ecryptfs | grep 'not found')" ''

not_mounted() {
	is "$1: nothing is mounted" "$(grep -c ' ecryptfs ' /proc/mounts)" 0
}

# helpers_words DESCRIPTION: $work/plain has what only that helper says
helpers_words() {
	like "$1 is the helper's" "$(tr -d '\0' <$work/plain)" \
		'ecryptfs-utils|[Pp]assphrase|key type'
	diag "$(tail -n 3 $work/plain)"
}

ok 'a key' new_key alice key x25519
sig=$(registered_sig alice key)
directories alice $lower $upper
as alice ecryptfs-manager mount key $lower $upper >$work/advice 2>&1
grep "^$lower $upper ecryptfs " $work/advice >>/etc/fstab
is 'the line for fstab' "$(wc -l </etc/fstab)" 1
is 'the advised command has -i' "$(tail -n 1 $work/advice)" "mount -i $upper"

# --- a normal user -------------------------------------------------------------

as alice timeout 20 mount $upper >$work/plain 2>&1 </dev/null
helpers_words 'a plain mount'
not_mounted 'a plain mount'
ok 'mount -i mounts' as alice mount -i $upper
like 'with her key' "$(grep " $upper " /proc/mounts)" "ecryptfs_sig=$sig"
ok 'a file' as alice busybox sh -c "echo text >$upper/file"
ok 'the umount verb unmounts' as alice ecryptfs-manager umount $upper
not_mounted 'the umount verb'
drop_caches
ok 'mount -i again' as alice mount -i $upper
is 'the file' "$(as alice cat $upper/file)" text
ok 'umount -i' as alice umount -i $upper
: >/etc/fstab
drop_caches

# --- by sudo, and root ----------------------------------------------------------

ok 'sudo: the mount verb' \
	as alice sudo ecryptfs-manager mount key $lower $upper
is 'sudo: the file' "$(as alice cat $upper/file)" text
ok 'sudo: the umount verb' as alice sudo ecryptfs-manager umount $upper
not_mounted 'sudo: the umount verb'
timeout 20 mount -t ecryptfs -o "ecryptfs_sig=$sig" $lower $upper \
	>$work/plain 2>&1 </dev/null
helpers_words 'root: a plain mount'
not_mounted 'root: a plain mount'
rm -f "${installed[@]}"
done_testing
