# SPDX-License-Identifier: GPL-2.0-or-later
#
# Steps with the suite that several tests take: keys, mounts through the
# manager, round trips. Sourced after lib.sh. Every test has its lower
# directory $work/lower and its mount point $work/upper.

lower=$work/lower
upper=$work/upper

# new_key USER NAME TYPE: an unencrypted key of that type; where the host made
# one of it ($VM_KEYS, because large RSA keys take minutes to find here) it is
# imported, else generated
new_key() {
	local pem=${VM_KEYS-}/${3/:/-}.pem
	if [ -n "${VM_KEYS-}" ] && [ -f "$pem" ]; then
		install -o "$1" -m 0600 "$pem" "/home/$1/import.pem"
		as "$1" ecryptfs-manager import "$2" --pki openssl \
			--file "/home/$1/import.pem"
	else
		as "$1" ecryptfs-manager generate "$2" --pki openssl \
			--type "$3" --no-passphrase
	fi
}

# signature USER NAME: loads the key, prints its signature
signature() {
	as "$1" ecryptfs-manager add "$2" | awk -v name="$2" \
		'$1 == name { print $2 }'
}

# registered_sig USER NAME: the signature of a key, which is not loaded
registered_sig() {
	sed -n 's/^signature=//p' "/home/$1/.config/ecryptfs/keys/$2.conf"
}

# mount_for USER NAME[,NAME] LOWER UPPER [OPTION...]: what happens when that
# user calls sudo, without sudo itself, which costs a second here
mount_for() {
	local user=$1 uid
	shift
	uid=$(id -u "$user")
	SUDO_UID=$uid SUDO_GID=$uid SUDO_USER=$user ecryptfs-manager mount "$@"
}

# key_mount USER NAME[,NAME] [OPTION...]: $lower at $upper
key_mount() {
	local user=$1 names=$2
	shift 2
	directories "$user" $lower $upper
	mount_for "$user" "$names" $lower $upper "$@"
}

# key_remount USER NAME[,NAME] [OPTION...]: nothing stays in the cache
key_remount() {
	unmount $upper && drop_caches && key_mount "$@"
}

# checksum USER FILE: of what that user reads
checksum() {
	as "$1" md5sum "$2" | cut -d' ' -f1
}

# eio DESCRIPTION USER FILE: the user must not be able to open it
eio() {
	fails "$1" 'Input/output error' as "$2" cat "$3"
}

# log_has USER ERE: the daemon's log
log_has() {
	grep -qE -e "$2" "$(daemon_log "$1")"
}
