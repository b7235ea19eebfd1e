#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The verbs mount and umount, as far as they come without eCryptfs in the
# kernel: what is refused, in one sentence, before anything is changed. Real
# mounts are in tests/vm.

. "$(dirname "$0")/manager-lib.sh"

lower=$work/lower
upper=$work/upper
mkdir "$lower" "$upper" "$work/full" "$lower/inside"
touch "$work/full/file" "$work/file"
unset SUDO_UID SUDO_GID SUDO_USER

# refused TEXT STATUS ERE ARGUMENTS...: one line, or two with "try:", and no
# key got into the keyring
refused() {
	local text=$1 wanted=$2 pattern=$3
	shift 3
	mgr "$@"
	tap_result "/mount/refuses/$text" "$(wrong "$wanted" '' "$pattern"
		[ "$(grep -vc '^  try: ' "$work/err")" -eq 1 ] ||
			sed 's/^/more than one line: /' "$work/err"
		keyctl search @s user "$sig" 2>/dev/null | sed 's/^/loaded: /')"
}

mgr generate laptop --pki openssl --type x25519 --no-passphrase
expect /mount/generate 0
sig=$(signature_of laptop)
mgr generate wide --pki openssl --type rsa:4096 --no-passphrase
mgr export wide
cp "$work/out" "$work/wide.pub"

refused no-words 64 'too few words' mount
refused two-words 64 'too few words' mount laptop "$lower"
refused four-words 64 'one word too many' mount laptop "$lower" "$upper" more
refused cipher 64 'rot13' mount laptop "$lower" "$upper" --cipher rot13
refused key-bytes 64 '16, 24 or 32' mount laptop "$lower" "$upper" \
	--key-bytes=20
refused key-bytes-of-cipher 64 'takes 16$' mount laptop "$lower" "$upper" \
	--cipher=cast5 --key-bytes=32
refused passthrough 64 'ecryptfs_passthrough.*cannot decrypt' \
	mount laptop "$lower" "$upper" -o ecryptfs_passthrough
refused first-of-two-lists 64 'ecryptfs_passthrough' \
	mount laptop "$lower" "$upper" -oecryptfs_passthrough -o ro
refused unknown-option 64 'ecryptfs_hmac.*does not know' \
	mount laptop "$lower" "$upper" --options=ecryptfs_hmac
refused suid 64 'always nosuid' mount laptop "$lower" "$upper" -o suid
refused sig 64 'by their names' mount laptop "$lower" "$upper" \
	-o "ecryptfs_sig=$sig"
refused letter 64 'spelled out' mount laptop "$lower" "$upper" -x

refused no-lower 8 'no directory.*mkdir' mount laptop "$work/none" "$upper"
refused no-mountpoint 8 'no directory.*mkdir' \
	mount laptop "$lower" "$work/none"
refused lower-is-file 64 'not a directory' mount laptop "$work/file" "$upper"
refused mountpoint-is-file 64 'not a directory' \
	mount laptop "$lower" "$work/file"
refused path-through-file 8 'file/x' mount laptop "$work/file/x" "$upper"
refused not-empty 64 'not empty.*choose an empty' \
	mount laptop "$lower" "$work/full"
refused inside 64 'inside the lower directory' \
	mount laptop "$lower" "$lower/inside"
refused over-the-keys 64 'inside the mount that it opens' \
	mount laptop "$HOME" "$HOME"
ln -s "$lower/inside" "$work/link"
refused inside-by-link 64 'inside the lower directory' \
	mount laptop "$lower" "$work/link"
refused empty-name 64 '' mount '' "$lower" "$upper"
refused no-name 2 'nobody' mount nobody "$lower" "$upper"
refused second-name 2 'nobody' mount laptop,nobody "$lower" "$upper"
refused bad-name 64 '' mount ../laptop "$lower" "$upper"
refused after-comma 64 '' mount laptop, "$lower" "$upper"

# Eight packets of 525 bytes; copies of one key count once.
names=wide
for n in 2 3 4 5 6 7 8; do
	openssl genrsa 4096 2>/dev/null | openssl pkey -pubout \
		-out "$work/$n.pub"
	mgr import "wide$n" --public "$work/$n.pub"
	names+=,wide$n
done
refused too-many 13 '8 recipients need 4200 bytes.*no more than 4069' \
	mount "$names" "$lower" "$upper"
mgr generate old --pki openssl --type rsa:2048 --no-passphrase
sed -i 's/^read-pkcs1=.*/read-pkcs1=yes/' "$config/old.conf"
refused reads-only 65 'read-pkcs1=yes.*cannot be a recipient' \
	mount old "$lower" "$upper"

# Everything is right but the kernel; or it has eCryptfs, and no daemon runs
if [ -e /sys/fs/ecryptfs/version ]; then
	tap_skip /mount/refuses/kernel 'this kernel has eCryptfs'
else
	refused kernel 71 'modprobe ecryptfs' mount laptop "$lower" "$upper"
	mgr import copy --public "$work/wide.pub"
	names=${names/wide,/wide,copy,}
	names=${names%,wide8}
	refused copies-count-once 71 'modprobe ecryptfs' \
		mount "$names" "$lower" "$upper"
	refused itself-is-good 71 'modprobe ecryptfs' \
		mount laptop "$lower" "$lower"
fi
mgr mount laptop "$work/none" "$upper" --json
json /mount/json 8 'd["error"]["code"] == "absent" and
	"mkdir" in d["error"]["cause"]'
mgr mount nobody "$lower" "$upper" --json
json /mount/json/key 2 'd["error"]["key"] == "nobody"'

refused umount-nothing 8 'none' umount "$work/none"
refused umount-directory 64 'no mount point' umount "$upper"
refused umount-other 64 'not of eCryptfs' umount /proc
refused umount-no-word 64 'too few words' umount

# Under sudo: whoever typed it, never root
if [ "$(id -u)" != 0 ]; then
	tap_skip /mount/sudo 'needs root'
	tap_done
	exit
fi
chmod 0755 "$work"
for uid in '' x -1 1001x 4294967295 4294967294 0x0 ' 1'; do
	export SUDO_UID=$uid
	refused "sudo/nobody/$uid" 64 'no user of this machine' \
		mount laptop "$lower" "$upper"
done
# A user of every machine, with a home that has no keys
export SUDO_UID=1
mkdir -m 0777 "$work/open" "$work/open2"
mkdir -m 0700 "$work/closed"
refused sudo/not-the-keys-of-root 2 'laptop' \
	mount laptop "$work/open" "$work/open2"
refused sudo/not-the-rights-of-root 77 'open2|closed' \
	mount laptop "$work/open2" "$work/closed/none"
refused sudo/umount 64 'no mount point' umount "$work/open"
SUDO_UID=0 refused sudo/root-itself 64 'not empty' \
	mount laptop "$lower" "$work/full"
unset SUDO_UID
tap_result /mount/sudo/keys-stay "$([ -f "$config/laptop.conf" ] || echo gone)"

tap_done
