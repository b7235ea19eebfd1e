#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The verbs mount and umount on the real kernel: as a normal user by fstab and
# mount -i, under sudo with the keys of who typed it, as root with root's; what
# they refuse, and that the kernel takes what they do not refuse.
# vm-seconds: 600
# vm-lane: 2

. "$(dirname "$0")/lib.sh"
. "$guest_dir/lib-suite.sh"
. "$guest_dir/lib-token.sh"

# sudo_mount NAMES [OPTION...], sudo_umount [OPTION...]: as alice does
sudo_mount() {
	local names=$1
	shift
	as alice sudo ecryptfs-manager mount "$names" $lower $upper "$@"
}
sudo_umount() {
	as alice sudo ecryptfs-manager umount $upper "$@"
}

# sig_of USER NAME: of a registered key, without loading it
sig_of() {
	sed -n 's/^signature=//p' \
		"$(getent passwd "$1" | cut -d: -f6)/.config/ecryptfs/keys/$2.conf"
}

# sigs_of_mount: of the mount at $upper
sigs_of_mount() {
	awk -v dir=$upper '$2 == dir && $3 == "ecryptfs" { print $4 }' \
		/proc/mounts | tr , '\n' | sed -n 's/^ecryptfs_sig=//p' |
		tr '\n' ' '
}

# packet_order: the signatures in the header of a new file, of which the last
# is tried first
packet_order() {
	as alice touch $upper/order
	sync
	head -c 4096 $lower/order | od -An -v -tx1 | tr -d ' \n' |
		grep -oE "$(sig_of alice desktop)|$sig|$(sig_of bob his)" |
		tr '\n' ' '
	as alice rm $upper/order
}

# nothing_mounted: a test
nothing_mounted() {
	is 'nothing is mounted' "$(grep -c ' ecryptfs ' /proc/mounts)" 0
}

# round_trip DESCRIPTION USER: a file that is written, and read after its
# inode has left the cache
round_trip() {
	as "$2" bash -c "seq 1 3000 >$upper/file" 2>/dev/null
	drop_caches
	is "$1" "$(checksum "$2" $upper/file)" \
		"$(seq 1 3000 | md5sum | cut -d' ' -f1)"
	as "$2" rm -f $upper/file
}

key() { # USER NAME
	as "$1" ecryptfs-manager generate "$2" --pki openssl --type x25519 \
		--no-passphrase
}

directories alice $lower $upper
ok 'alice has a key' key alice laptop
ok 'and another' key alice desktop
ok 'root has one of the same name' ecryptfs-manager generate laptop \
	--pki openssl --type x25519 --no-passphrase
ok 'bob has one' key bob his
as bob ecryptfs-manager export his >$work/his.pub
ok 'alice has its public half' \
	as alice ecryptfs-manager import bob --public $work/his.pub
sig=$(sig_of alice laptop)

# --- a normal user ----------------------------------------------------------

# What ecryptfs-utils installs for "mount -t ecryptfs"
cat >/sbin/mount.ecryptfs <<'END'
#!/bin/sh
echo hijacked >>/tmp/hijacked
exit 1
END
cp /sbin/mount.ecryptfs /sbin/umount.ecryptfs
chmod 0755 /sbin/mount.ecryptfs /sbin/umount.ecryptfs
: >/tmp/hijacked

carol_asks() {
	as carol bash -c "ecryptfs-manager generate k --pki openssl \
		--type x25519 --no-passphrase && mkdir ~/l ~/u &&
		ecryptfs-manager mount k ~/l ~/u"
}
if on_overlay; then
	ok 'carol needs no node where there is netlink' carol_asks
else
	fails 'carol may not open the node: the command that mends it' \
		'adduser carol ecryptfs' carol_asks
fi
ok 'alice asks, and a daemon starts' \
	as alice ecryptfs-manager mount laptop $lower $upper
advice=$(as alice ecryptfs-manager mount laptop $lower $upper)
line=$(grep "^$lower $upper ecryptfs " <<<"$advice")
is 'the line for fstab' "$line" "$lower $upper ecryptfs user,noauto,\
ecryptfs_sig=$sig,ecryptfs_cipher=aes,ecryptfs_key_bytes=32,\
ecryptfs_check_dev_ruid 0 0"
is 'the command' "$(tail -n 1 <<<"$advice")" "mount -i $upper"
nothing_mounted
ok 'her keyring has the key' as alice keyctl search @s user "$sig"
is 'one daemon of hers runs' "$(pgrep -c -u alice -x ecryptfsd)" 1
fails 'without the line mount(8) refuses' "can't find" \
	as alice mount -i $upper
echo "$line" >>/etc/fstab
ok 'with the line it mounts' as alice mount -i $upper
round_trip 'alice writes and reads' alice
fails 'mounted twice' 'is an eCryptfs mount already' \
	as alice ecryptfs-manager mount laptop $lower $upper
ok 'alice unmounts' as alice ecryptfs-manager umount $upper
nothing_mounted
like 'the second time she gets the command alone' \
	"$(as alice ecryptfs-manager mount laptop $lower $upper --json)" \
	"\"fstab\" : \"present\".*\"command\" : \"mount -i $upper\""
like 'another key is another line' \
	"$(as alice ecryptfs-manager mount desktop $lower $upper)" \
	'another line for this mount point'
: >/etc/fstab

odd_lower="$work/a b,c"$'\n''d\040#"'"'"
odd_upper="$work/u \$(id)"$'\t'
directories alice "$odd_lower" "$odd_upper"
as alice ecryptfs-manager mount laptop "$odd_lower" "$odd_upper" >$work/odd
grep ' ecryptfs user,' $work/odd >>/etc/fstab
ok 'paths with blanks and worse: the command and the line work' \
	as alice bash -c "$(tail -n 1 $work/odd)"
is 'there' "$(stat -f -c %T "$odd_upper")" ecryptfs
ok 'unmounted again' as alice ecryptfs-manager umount "$odd_upper"
nothing_mounted
: >/etc/fstab
is 'no helper of ecryptfs-utils was run' "$(</tmp/hijacked)" ''

# --- under sudo -------------------------------------------------------------

ok 'sudo mounts' sudo_mount laptop
is "with alice's key, not root's" "$(sigs_of_mount)" "$sig "
like 'nosuid and nodev' "$(grep " $upper " /proc/mounts)" 'nosuid,nodev'
round_trip 'alice writes and reads' alice
fails "root's keyring did not get it" 'Required key' \
	keyctl search @s user "$sig"
is 'no daemon of root was started' "$(pgrep -c -u root -x ecryptfsd)" 0
directories alice $work/second $lower/sub
fails 'mounted already' 'mounted already, at' \
	as alice sudo ecryptfs-manager mount laptop $lower $work/second
fails 'a part of it too' 'overlaps' \
	as alice sudo ecryptfs-manager mount laptop $lower/sub $work/second
mkdir $work/alias
mount --bind $lower $work/alias
fails 'under another name too' "mounted already, as $lower" \
	as alice sudo ecryptfs-manager mount laptop $work/alias $work/second
umount $work/alias
as alice mkdir $upper/sub2
fails 'a second eCryptfs on the first' 'lies on an eCryptfs mount' \
	as alice sudo ecryptfs-manager mount laptop $upper/sub2 $work/second
fails 'the same mount point' 'is an eCryptfs mount already' \
	as alice sudo ecryptfs-manager mount laptop $work/second $upper

fails 'mount(8) did not make it, so alice may not unmount it: by sudo' \
	'sudo ecryptfs-manager umount' as alice ecryptfs-manager umount $upper
as alice bash -c "cd $upper && exec sleep 1000" 2>/dev/null &
disown
wait_for 20 pgrep -x sleep
fails 'busy: by which process' 'sleep \(process [0-9]+\).*working directory' \
	sudo_umount
pkill -x sleep
wait_for 10 eval '! pgrep -x sleep'
mount -t tmpfs tmpfs $upper/sub2
fails 'busy: by another mount' "$upper/sub2 is mounted there" sudo_umount
umount $upper/sub2
as alice rmdir $upper/sub2
ok 'unmounted' sudo_umount
nothing_mounted
fails 'unmounted twice' 'no mount point' sudo_umount
fails 'not eCryptfs' 'not of eCryptfs' \
	as alice sudo ecryptfs-manager umount /proc

ok 'sudo without the session of the user' \
	env SUDO_UID=1001 ecryptfs-manager mount laptop $lower $upper
is "alice's key" "$(sigs_of_mount)" "$sig "
round_trip 'alice writes and reads' alice
like 'its keys leave the keyring' "$(sudo_umount --remove-keys)" "$sig"
fails 'they did' 'Required key' as alice keyctl search @s user "$sig"
fails "root's directory is looked up with the rights of alice" \
	'Permission denied' \
	as alice sudo ecryptfs-manager mount laptop /root/x $upper
mkdir -p $work/theirs
chmod 0755 $work/theirs
ok "somebody else's directory that she may read" \
	as alice sudo ecryptfs-manager mount laptop $work/theirs $upper
ok 'unmounted' sudo_umount

# --- root -------------------------------------------------------------------

mkdir $work/root-lower $work/root-upper
ok 'root mounts with its own key' \
	ecryptfs-manager mount laptop $work/root-lower $work/root-upper
grep -q "ecryptfs_sig=$(sig_of root laptop)" /proc/mounts
point $? "it is root's"
is 'a daemon of root was started' "$(pgrep -c -u root -x ecryptfsd)" 1
echo text >$work/root-upper/file
drop_caches
is 'root reads it again' "$(<$work/root-upper/file)" text
ok 'root unmounts' ecryptfs-manager umount $work/root-upper

# The table of the verb, against the kernel
cipher_works() { # CIPHER BYTES
	raw_mount "$(sig_of root laptop)" $work/root-lower $work/root-upper \
		"ecryptfs_cipher=$1,ecryptfs_key_bytes=$2" || return
	echo "with $1 $2" >$work/root-upper/cipher &&
		echo 2 >/proc/sys/vm/drop_caches &&
		grep -qx "with $1 $2" $work/root-upper/cipher
	local result=$?
	rm -f $work/root-upper/cipher
	umount -i $work/root-upper && return $result
}
for cipher in aes:16 aes:24 aes:32 twofish:16 twofish:24 twofish:32 cast6:16 \
	cast6:20 cast6:24 cast6:28 cast6:32 cast5:16 blowfish:16 blowfish:29 \
	blowfish:56 des3_ede:24; do
	ok "the kernel takes $cipher" cipher_works ${cipher%:*} ${cipher#*:}
done
# It looks only when it meets a cipher for the first time; later files fail.
for cipher in aes:20 cast5:17 blowfish:57 des3_ede:16; do
	fails "it does not take $cipher" 'wrong fs type|Input/output error' \
		cipher_works ${cipher%:*} ${cipher#*:}
done
pkill -u root -x ecryptfsd

# --- recipients -------------------------------------------------------------

ok 'two recipients' sudo_mount desktop,laptop
is 'the last one named is tried first' "$(packet_order)" \
	"$(sig_of alice desktop) $sig "
ok 'unmounted' sudo_umount
ok 'the public one is named last' sudo_mount laptop,bob
is 'but tried last' "$(packet_order)" "$(sig_of bob his) $sig "
ok 'a second mount with one of the keys' \
	as alice sudo ecryptfs-manager mount laptop $work/second \
	"$odd_upper"
like 'that key stays' "$(sudo_umount --remove-keys 2>&1)" \
	"$sig stays in the keyring"
ok 'it did' as alice keyctl search @s user "$sig"
fails 'the other went' 'Required key' \
	as alice keyctl search @s user "$(sig_of bob his)"
ok 'unmounted' as alice sudo ecryptfs-manager umount "$odd_upper"
like 'nobody here can open it: a warning' "$(sudo_mount bob 2>&1)" \
	'files can be created but not opened'
ok 'unmounted' sudo_umount
nothing_mounted

# --- a passphrase -----------------------------------------------------------

# The 600000 rounds that generate asks for would take a minute here, each time
# that a passphrase is tried.
as alice bash -c 'umask 077; echo right >~/right; echo wrong >~/wrong
	openssl genpkey -algorithm x25519 | openssl pkcs8 -topk8 \
		-v2 aes-256-cbc -iter 2048 -passout pass:right >~/safe.pem'
ok 'a key with a passphrase' as alice ecryptfs-manager import safe \
	--pki openssl --file /home/alice/safe.pem \
	--secret-file /home/alice/right
fails 'a wrong passphrase: nothing is mounted' 'passphrase|wrong' \
	sudo_mount safe --secret-file /home/alice/wrong
nothing_mounted
like 'no passphrase and nobody to ask: a warning' \
	"$(sudo_mount safe </dev/null 2>&1)" 'unlock safe'
ok 'unmounted' sudo_umount
# While it waits for the passphrase: who is it, and what may it do?
mkfifo $work/passphrase
as alice sudo ecryptfs-manager mount safe $lower $upper --secret-fd 0 \
	<>$work/passphrase >/dev/null 2>&1 &
disown
wait_for 60 eval '[ "$(pgrep -c -u alice -x ecryptfs-manage)" = 2 ]'
privileges() {
	local pid
	for pid in $(pgrep -u alice -x ecryptfs-manage); do
		awk '/^(Uid|Gid|CapPrm|CapEff|CapInh|CapAmb):/ { $1 = ""; print }' \
			"/proc/$pid/status" | tr -s '\n' ' '
		echo
	done
}
sleep 1
is 'one process without privilege, one with CAP_SYS_ADMIN alone' \
	"$(privileges | tr -s '\t ' ' ' | sed 's/ $//' | sort)" \
" 1001 1001 1001 1001 1001 1001 1001 1001 0000000000000000 0000000000000000\
 0000000000000000 0000000000000000
 1001 1001 1001 1001 1001 1001 1001 1001 0000000000000000 0000000000200000\
 0000000000200000 0000000000000000"
pkill -u alice -x ecryptfs-manage
wait_for 20 eval '! pgrep -x ecryptfs-manage'
nothing_mounted
ok 'the right passphrase' sudo_mount safe --secret-file /home/alice/right
round_trip 'files open' alice
ok 'unmounted' sudo_umount

# --- options ----------------------------------------------------------------

ok 'mount options of all kinds' sudo_mount laptop -o ro,noexec -o noatime \
	-o ecryptfs_mount_auth_tok_only --xattr --cipher twofish --key-bytes 16
like 'are there' "$(grep " $upper " /proc/mounts)" \
	'ro,nosuid,nodev,noexec,noatime.*twofish.*16.*xattr_metadata'
ok 'unmounted' sudo_umount
ok 'over itself' as alice sudo ecryptfs-manager mount laptop $lower $lower
fails 'twice over itself' 'already' \
	as alice sudo ecryptfs-manager mount laptop $lower $lower
ok 'unmounted' as alice sudo ecryptfs-manager umount $lower

fails 'file names under a private key' 'no passphrase|only under' \
	sudo_mount laptop -o ecryptfs_fnek_sig="$sig"
fails 'file names under a key that is not there' 'load it first' \
	sudo_mount laptop -o ecryptfs_fnek_sig=$passphrase_sig
passphrase_token >$work/token
as alice bash -c "keyctl padd user $passphrase_sig @u" <$work/token >/dev/null
ok 'file names under a passphrase' \
	sudo_mount laptop -o ecryptfs_fnek_sig=$passphrase_sig
round_trip 'files with encrypted names' alice
as alice touch $upper/hello
is 'the names are encrypted' "$(ls $lower | grep -c hello)" 0
as alice rm $upper/hello
ok 'unmounted' sudo_umount

# --- no eCryptfs ------------------------------------------------------------

pkill -x ecryptfsd
wait_for 20 eval '! pgrep -x ecryptfsd'
ok 'the module is unloaded' rmmod ecryptfs
fails 'no eCryptfs: the command that loads it' 'modprobe ecryptfs' \
	sudo_mount laptop
modprobe ecryptfs
wait_for 20 test -c /dev/ecryptfs && device_rule
ok 'loaded again' sudo_mount laptop
ok 'unmounted' sudo_umount
rm -f /sbin/mount.ecryptfs /sbin/umount.ecryptfs /tmp/hijacked
done_testing
