# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests in the guest are written with: TAP, users with sessions of
# their own, daemons, mounts, and a guest that is clean at the start of every
# test file. Sourced, by bash scripts that run as root. The file systems that
# tests make lie below $work, a tmpfs.

guest_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${VM_SESSION:?names the program session, which make vm-tools builds}"
work=/srv/test
capture_file=/tmp/captured
tests_run=0
tests_failed=0
declare -A daemon_pid
declare -A mount_source mount_options

# --- TAP -------------------------------------------------------------------

# diag TEXT: as comment, at most 30 lines
diag() {
	[ -z "$*" ] || printf '%s\n' "$*" | sed 's/^/# /; 30q'
}

# point STATUS DESCRIPTION: the other assertions end here
point() {
	tests_run=$((tests_run + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tests_run - $2"
	else
		tests_failed=$((tests_failed + 1))
		echo "not ok $tests_run - $2"
	fi
	return "$1"
}

# capture COMMAND...: runs it in this shell, so that it may set variables, and
# puts what it printed into $output and its exit status into $status
capture() {
	"$@" >$capture_file 2>&1 </dev/null
	status=$?
	read -r -d '' -N 4000 output <$capture_file
	output=${output%$'\n'}
	return $status
}

# ok DESCRIPTION COMMAND...: the command must succeed
ok() {
	local text=$1 output status
	shift
	capture "$@"
	point $status "$text" && return
	diag "exit status $status of: $*"
	diag "$output"
	return 1
}

# is DESCRIPTION GOT WANTED
is() {
	[ "$2" = "$3" ]
	point $? "$1" && return
	diag "got:    $2"
	diag "wanted: $3"
	return 1
}

# like DESCRIPTION TEXT ERE
like() {
	[[ $2 =~ $3 ]]
	point $? "$1" && return
	diag "got:       $2"
	diag "not there: $3"
	return 1
}

# fails DESCRIPTION ERE COMMAND...: the command must fail, and what it prints
# must match the expression, so that it fails for the right reason
fails() {
	local text=$1 pattern=$2 output status
	shift 2
	capture "$@"
	[ $status != 0 ] && [ $status -lt 124 ] && [[ $output =~ $pattern ]]
	point $? "$text" && return
	diag "exit status $status of: $*"
	diag "got:       $output"
	diag "not there: $pattern"
	return 1
}

# skip DESCRIPTION REASON
skip() {
	tests_run=$((tests_run + 1))
	echo "ok $tests_run - $1 # SKIP $2"
}

# For what makes all that follows senseless.
bail() {
	echo "Bail out! $*"
	exit 1
}

# done_testing: the last line of every test file; prints the plan
done_testing() {
	kernel_log_clean
	echo "1..$tests_run"
	exit $((tests_failed != 0))
}

# full: true in the long tier
full() {
	[ -n "${VM_FULL-}" ]
}

# wait_for SECONDS COMMAND...: until the command succeeds; false after SECONDS
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -le $end ] || return 1
		sleep 0.05
	done
}

# tenths SINCE: tenths of a second since that value of $EPOCHREALTIME
tenths() {
	local now=$EPOCHREALTIME
	echo $(((${now/[.,]/} - ${1/[.,]/}) / 100000))
}

# --- cheap commands ---------------------------------------------------------

# These as applets of the static busybox cost a third of what they cost as
# programs of their own.
cheap_commands() {
	local dir=/run/cheap applet
	if [ ! -d $dir ]; then
		busybox mkdir $dir
		for applet in cat chmod chown cp cut head id md5sum mkdir mv \
			rm seq sleep sync tail touch tr wc; do
			busybox ln -s "$(type -P busybox)" $dir/$applet
		done
	fi
	PATH=$dir:$PATH
	hash -r
}
cheap_commands

# --- users -----------------------------------------------------------------

# as USER COMMAND...: as that user, in a session as after a login: a session
# keyring of its own with the user keyring linked, HOME, XDG_RUNTIME_DIR. Ends
# with status 124 after $as_limit seconds. For several commands in a row,
# "as USER busybox sh -c" is much cheaper than several sessions or a bash: what
# is an applet of busybox costs no exec.
as_limit=120
as() {
	"$VM_SESSION" -t "$as_limit" "$@"
}

# The same in place of this shell: "as_exec ... &" leaves the process id of the
# command in $!.
as_exec() {
	exec "$VM_SESSION" "$@"
}

# What the udev rule of the suite does; no udev runs in the guest.
device_rule() {
	chgrp ecryptfs /dev/ecryptfs && chmod 0660 /dev/ecryptfs
}

# --- daemons ---------------------------------------------------------------

daemon_log() {
	echo "$work/daemon-$1.log"
}

# Is the guest's ecryptfs the overlay? The distribution's has no version.
on_overlay() {
	[ -e /sys/module/ecryptfs/version ]
}

# daemon_is_registered USER: its daemon has /dev/ecryptfs open, or says that it
# speaks netlink with the overlay
daemon_is_registered() {
	local fd
	for fd in /proc/"${daemon_pid[$1]}"/fd/*; do
		[ "$(readlink "$fd")" = /dev/ecryptfs ] && return
	done
	on_overlay && as "$1" ecryptfs-manager status |
		grep -q 'netlink: registered'
}

daemon_lives() {
	[ -n "${daemon_pid[$1]-}" ] && kill -0 "${daemon_pid[$1]}" 2>/dev/null
}

# launch_daemon USER [OPTION...]: without waiting for anything; the suite may
# say over which transport
launch_daemon() {
	local user=$1
	shift
	[ -z "${VM_TRANSPORT-}" ] || set -- "--transport=$VM_TRANSPORT" "$@"
	as_exec "$user" ecryptfsd "$@" >>"$(daemon_log "$user")" 2>&1 </dev/null &
	daemon_pid[$user]=$!
}

# start_daemon USER [OPTION...]: until it is registered with the kernel
start_daemon() {
	local user=$1
	launch_daemon "$@"
	wait_for 20 daemon_is_registered "$user" && return
	diag "the daemon of $user did not register:"
	diag "$(cat "$(daemon_log "$user")")"
	return 1
}

# end_daemon USER SIGNAL: until it is gone
end_daemon() {
	local pid=${daemon_pid[$1]-}
	[ -n "$pid" ] || return 1
	kill "-$2" "$pid" 2>/dev/null
	if ! wait_for 20 eval "! kill -0 $pid"; then
		diag "the daemon of $1 did not end"
		kill -KILL "$pid"
	fi
	wait "$pid" 2>/dev/null
	unset "daemon_pid[$1]"
}

stop_daemon() {
	end_daemon "$1" TERM
}

kill_daemon() {
	end_daemon "$1" KILL
}

# --- mounts ----------------------------------------------------------------

drop_caches() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# unmount DIR...: until nothing holds it any more
unmount() {
	local dir
	for dir; do
		wait_for 20 umount "$dir" || {
			diag "$dir is busy"
			return 1
		}
	done
}

# raw_mount SIGS LOWER UPPER [OPTIONS]: mount(2) with the keys that are in the
# keyring of the caller; SIGS is a list with commas
raw_mount() {
	local sig options=${4-ecryptfs_cipher=aes,ecryptfs_key_bytes=16}
	for sig in ${1//,/ }; do
		options+=,ecryptfs_sig=$sig
	done
	mount -i -t ecryptfs -o "$options" "$2" "$3"
}

# directories OWNER DIR...: new ones
directories() {
	local owner=$1
	shift
	mkdir -p "$@" && chown "$owner:" "$@"
}

# --- the kernel's log ------------------------------------------------------

# A mark in the log; what came before it belongs to another test file.
kernel_log_mark() {
	log_mark="vm-mark-$$-$RANDOM"
	echo "<6>$log_mark" >/dev/kmsg
}

# kernel_log: what was logged since the mark, all when that is lost
kernel_log() {
	dmesg | awk -v mark="$log_mark" '
		index($0, mark) { n = 0; next }
		{ line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# kernel_log_clean: one test, that there is no complaint in it
kernel_log_clean() {
	local found
	found=$(kernel_log | grep -E -f "$guest_dir/splat-patterns")
	is 'the kernel log is clean' "$found" ''
}

# --- a clean guest ---------------------------------------------------------

reset_user() {
	as "$1" keyctl clear @u
	find "/home/$1" "/run/user/$(id -u "$1")" -mindepth 1 -delete
}

# Ends what an earlier test file left: daemons, mounts, keys, homes.
reset_guest() {
	local user dir
	pkill -KILL -u alice,bob,carol
	pkill -KILL -x ecryptfsd
	wait_for 10 eval '! pgrep -u alice,bob,carol'
	for user in alice bob carol; do
		reset_user "$user"
	done
	keyctl clear @u
	awk '$3 == "ecryptfs" { print $2 }' /proc/mounts |
		while read -r dir; do umount -l "$dir"; done
	: >/etc/fstab
	mountpoint -q $work && umount -l $work
	mkdir -p $work
	mount -t tmpfs -o mode=0755 work $work
	[ ! -e /dev/ecryptfs ] || device_rule
	kernel_log_mark
}

reset_guest >/dev/null 2>&1
