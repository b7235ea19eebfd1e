#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# kill -9 at any point of a verb that changes keys leaves the old state or the
# new one. strace kills before each system call in turn that changes a file,
# which is every point that a disk can tell apart; then come kills by the clock.

. "$(dirname "$0")/manager-lib.sh"

# LeakSanitizer cannot work below strace
export ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS-}
CHANGES='?mkdir,?mkdirat,openat,?open,write,fsync,?rename,?renameat,renameat2'
CHANGES=$CHANGES,'?link,?linkat,?unlink,unlinkat,?chmod,fchmodat,fchmod,flock'
CHANGES=$CHANGES,'add_key,keyctl'
RANDOM_KILLS=${MANAGER_KILLS:-25}

forget_all() {
	rm -rf "$HOME"
	mkdir -m 0700 "$HOME"
}

# The home as it is now, for each kill anew
keep_home() {
	rm -rf "$work/kept"
	cp -a "$HOME" "$work/kept"
}
restore_home() {
	rm -rf "$HOME"
	cp -a "$work/kept" "$HOME"
}

# calls_of VERB [ARGUMENTS]: a line "CALL N" for each such call, the N-th of
# its name, from the first that makes or locks the folders on; what comes
# earlier loads libraries and reads. Names of files are not seen by all: the
# program is not dumpable.
calls_of() {
	timeout 60 strace -qq -f -o "$work/calls" -e "trace=$CHANGES" \
		"$manager" "$@" "--module-dir=$work/modules" \
		>/dev/null 2>&1 </dev/null
	awk 'match($0, /[a-z_0-9]+\(/) {
		call = substr($0, RSTART, RLENGTH - 1)
		n[call]++
		if (call ~ /^(mkdir|mkdirat|chmod|fchmodat|flock)$/)
			begun = 1
		if (begun)
			print call, n[call]
	}' "$work/calls" >"$work/todo"
}

# kill_before CALL N VERB [ARGUMENTS]
kill_before() {
	local call=$1 n=$2
	shift 2
	# In a shell of its own, which says "Killed" to nobody
	status=$({
		timeout 60 strace -qq -f -o /dev/null -e "trace=$call" \
			-e "inject=$call:signal=KILL:when=$n" \
			"$manager" "$@" "--module-dir=$work/modules" \
			>"$work/out" 2>"$work/err" </dev/null
		echo $?
	} 2>/dev/null)
	[ "$status" -eq 137 ] || echo "$call $n: status $status, not killed"
}

# usable NAME: what is wrong with a key that is registered: openssl(1) reads
# its file and finds the public half that the registration has
usable() {
	local file public
	file=$(sed -n 's/^file=//p' "$config/$1.conf")
	public=$(sed -n 's/^public-key=//p' "$config/$1.conf")
	[ -n "$public" ] && [ "$public" = "$(openssl pkey -in "$file" \
		-pubout -outform DER 2>/dev/null | base64 -w 0)" ] ||
		echo "$1 does not work: $(cat "$config/$1.conf" 2>&1)"
}

# proven NAME: the same by the program itself
proven() {
	mgr add "$1" --keyring=session
	wrong 0
	mgr test "$1"
	wrong 0
}

# swept TEXT PROBLEMS CALLS SEEN WHAT: a sweep counts only when it saw both
# what is before the change and what is after it
swept() {
	local problems=$2
	[ "$3" -ge 10 ] || problems="$problems only $3 calls were reached"
	[ "$4" -gt 0 ] && [ "$4" -lt "$3" ] ||
		problems="$problems of $3 kills $4 left $5"
	tap_result "$1" "$problems"
	echo "# killed before each of $3 calls; $4 left $5"
}

# only NAME: what is wrong with the copies of a private key below the home
only() {
	local found
	found=$(grep -rlF 'PRIVATE KEY' "$HOME")
	[ "$found" = "$data/keys/$1.pem" ] || echo "private keys: $found"
}

# Registered or not, a name and a path are never lost to what a kill left
sweep_generate() {
	local calls=0 registered=0 problems= test=$1
	shift
	set -- generate k --pki=openssl --type=x25519 --no-passphrase "$@"
	mkdir "$HOME/disk"
	calls_of "$@"
	while read -r call n <&3; do
		forget_all
		mkdir "$HOME/disk"
		problems=$problems$(kill_before "$call" "$n" "$@")
		calls=$((calls + 1))
		if [ -e "$config/k.conf" ]; then
			registered=$((registered + 1))
		else
			mgr "$@"
			problems=$problems$(wrong 0)
		fi
		problems=$problems$(usable k | sed "s/^/$call $n: /")
	done 3<"$work/todo"
	problems=$problems$(proven k)
	swept "$test" "$problems" $calls $registered "a registered key"
}

# One name or both, each with its file; the same again ends it
sweep_rename() {
	local calls=0 fresh=0 both=0 problems=
	mgr generate a --pki=openssl --type=x25519 --no-passphrase
	mgr add a --keyring=session
	keep_home
	calls_of rename a b
	while read -r call n <&3; do
		restore_home
		problems=$problems$(kill_before "$call" "$n" rename a b)
		calls=$((calls + 1))
		for name in a b; do
			[ -e "$config/$name.conf" ] || continue
			problems=$problems$(usable "$name" |
				sed "s/^/$call $n, $name: /")
		done
		[ -e "$config/b.conf" ] && fresh=$((fresh + 1))
		if [ -e "$config/a.conf" ]; then
			[ -e "$config/b.conf" ] && both=$((both + 1))
			mgr rename a b
			problems=$problems$(wrong 0 | sed "s/^/$call $n: /")
		fi
		problems=$problems$(usable b | sed "s/^/$call $n: /")
		[ ! -e "$config/a.conf" ] ||
			problems="$problems $call $n: a.conf is still there"
		problems=$problems$(only b | sed "s/^/$call $n: /")
	done 3<"$work/todo"
	problems=$problems$(proven b)
	[ $both -gt 0 ] || problems="$problems no kill left both names"
	swept /kill/rename "$problems" $calls $fresh "the new name"
}

opens_with() {
	openssl pkey -noout -in "$data/keys/p.pem" -passin "file:$work/$1" \
		2>/dev/null
}

# The old passphrase or the new one
sweep_passwd() {
	local calls=0 fresh=0 problems=
	printf 'old\n' >"$work/old"
	printf 'new\n' >"$work/new"
	chmod 0600 "$work/old" "$work/new"
	mgr generate p --pki=openssl --type=x25519 "--secret-file=$work/old"
	cp -p "$data/keys/p.pem" "$work/p.pem"
	calls_of passwd p "--secret-file=$work/old" "--new-secret-file=$work/new"
	while read -r call n <&3; do
		cp -p "$work/p.pem" "$data/keys/p.pem"
		problems=$problems$(kill_before "$call" "$n" passwd p \
			"--secret-file=$work/old" "--new-secret-file=$work/new")
		calls=$((calls + 1))
		if opens_with new; then
			fresh=$((fresh + 1))
		elif ! opens_with old; then
			problems="$problems $call $n: neither opens it"
		fi
	done 3<"$work/todo"
	swept /kill/passwd "$problems" $calls $fresh "the new passphrase"
	mgr remove p --forget
	tap_result /kill/passwd-leaves-nothing "$(wrong 0; ls "$data/keys")"
}

# The same where the key was imported and its new copy is in the clear: the
# next passwd clears it away, and touches nobody's p.pem.new
sweep_passwd_imported() {
	local calls=0 fresh=0 left=0 problems=
	printf 'old\n' >"$work/old"
	chmod 0600 "$work/old"
	mkdir -p "$HOME/mine"
	openssl genpkey -algorithm X25519 -aes256 -pass "file:$work/old" \
		-out "$HOME/mine/p.pem" 2>/dev/null
	cp "$HOME/mine/p.pem" "$HOME/mine/p.pem.new"
	chmod 0600 "$HOME/mine/p.pem"
	mgr import p --pki=openssl "--file=$HOME/mine/p.pem" \
		"--secret-file=$work/old"
	keep_home
	set -- passwd p "--secret-file=$work/old" --no-passphrase
	calls_of "$@"
	while read -r call n <&3; do
		restore_home
		problems=$problems$(kill_before "$call" "$n" "$@")
		calls=$((calls + 1))
		[ "$(ls "$HOME/mine" | wc -l)" -eq 2 ] || left=$((left + 1))
		if grep -q 'BEGIN PRIVATE KEY' "$HOME/mine/p.pem"; then
			fresh=$((fresh + 1))
		fi
		mgr "$@"
		problems=$problems$(wrong 0; usable p |
			sed "s/^/$call $n: /")
		[ "$(ls "$HOME/mine" | tr '\n' ' ')" = 'p.pem p.pem.new ' ] &&
			cmp -s "$HOME/mine/p.pem.new" \
				"$work/kept/mine/p.pem.new" ||
			problems="$problems $call $n: $(ls "$HOME/mine")"
	done 3<"$work/todo"
	[ $left -gt 0 ] || problems="$problems no kill left a copy"
	swept /kill/passwd-imported "$problems" $calls $fresh \
		"no passphrase"
}

# Registered with its file, or in the trash
sweep_forget() {
	local calls=0 gone=0 sum problems=
	mgr generate f --pki=openssl --type=x25519 --no-passphrase
	sum=$(sha256sum <"$data/keys/f.pem")
	keep_home
	calls_of remove f --forget
	while read -r call n <&3; do
		restore_home
		problems=$problems$(kill_before "$call" "$n" remove f --forget)
		calls=$((calls + 1))
		if [ -e "$config/f.conf" ]; then
			problems=$problems$(usable f | sed "s/^/$call $n: /")
		else
			gone=$((gone + 1))
		fi
		[ "$(cat "$data"/keys/f.pem "$data"/trash/*-f.pem 2>/dev/null |
			sha256sum)" = "$sum" ] ||
			problems="$problems $call $n: the key is gone or doubled"
	done 3<"$work/todo"
	swept /kill/forget "$problems" $calls $gone "it forgotten"
}

# The same again leaves no private key and no registration
sweep_destroy() {
	local calls=0 gone=0 problems= test=$1
	shift
	mkdir "$HOME/disk"
	mgr generate d --pki=openssl --type=x25519 --no-passphrase
	mgr remove d --forget
	mgr generate d --pki=openssl --type=x25519 --no-passphrase "$@"
	mgr add d --keyring=session
	keep_home
	calls_of destroy d --yes-destroy=d
	while read -r call n <&3; do
		restore_home
		mgr add d --keyring=session
		problems=$problems$(kill_before "$call" "$n" destroy d \
			--yes-destroy=d)
		calls=$((calls + 1))
		[ -e "$config/d.conf" ] || gone=$((gone + 1))
		mgr destroy d --yes-destroy=d
		[ "$status" -eq 2 ] || problems=$problems$(wrong 0)
		found=$(find "$HOME" -name '*d.pem*' -o -name '*d.conf*')
		[ -z "$found" ] || problems="$problems $call $n: $found"
	done 3<"$work/todo"
	swept "$test" "$problems" $calls $gone "it destroyed"
}

if strace -qq -o /dev/null true 2>/dev/null; then
	run_sweep() {
		forget_all
		"sweep_$@"
	}
	run_sweep generate /kill/generate
	run_sweep generate /kill/generate-file "--file=$HOME/disk/k.pem"
	run_sweep rename
	run_sweep passwd
	run_sweep passwd_imported
	run_sweep forget
	run_sweep destroy /kill/destroy
	run_sweep destroy /kill/destroy-file "--file=$HOME/disk/d.pem"
	# What was left is not lost, but out of the way
	forget_all
	calls_of generate k --pki=openssl --type=x25519 --no-passphrase
	forget_all
	problems=$(kill_before renameat2 2 generate k --pki=openssl \
		--type=x25519 --no-passphrase)
	sum=$(sha256sum <"$data/keys/k.pem")
	mgr generate k --pki=openssl --type=x25519 --no-passphrase
	[ "$(sha256sum <"$(echo "$data"/trash/*-k.pem)")" = "$sum" ] ||
		problems="$problems it is not in the trash"
	tap_result /kill/leftover-to-trash \
		"$problems$(wrong 0 '' 'is of no registered key')"
else
	tap_skip /kill/every-call "strace cannot trace here"
fi

# By the clock: up to half as long again as it takes here
forget_all
begun=$(date +%s%N)
mgr generate unkilled --pki=openssl --type=x25519 --no-passphrase
limit=$((($(date +%s%N) - begun) * 3 / 2000000 + 1))
seed=${MANAGER_SEED:-$$}
RANDOM=$seed
echo "# MANAGER_SEED=$seed, kills within $limit ms"
problems='' killed=0 whole=0
for ((i = 0; i < RANDOM_KILLS; i++)); do
	delay=$(printf %04d $((RANDOM % limit + 1)))
	status=$({
		timeout -s KILL "${delay%???}.${delay#"${delay%???}"}" \
			"$manager" generate "r$i" --pki=openssl --type=x25519 \
			--no-passphrase "--module-dir=$work/modules" \
			>/dev/null 2>&1 </dev/null
		echo $?
	} 2>/dev/null)
	[ "$status" -eq 137 ] && killed=$((killed + 1))
	[ -e "$config/r$i.conf" ] || continue
	whole=$((whole + 1))
	problems=$problems$(usable "r$i" | sed "s/^/r$i: /")
done
mgr list --json
problems=$problems$(wrong 0)
tap_result /kill/by-the-clock "$problems"
echo "# $killed of $RANDOM_KILLS were killed, $whole keys were made"

# Two at a time under one name: one key, one refusal
problems=
for i in 1 2 3; do
	for j in 1 2; do
		"$manager" generate "two$i" --pki=openssl --type=x25519 \
			--no-passphrase "--module-dir=$work/modules" \
			>"$work/out$j" 2>"$work/err$j" </dev/null &
	done
	wait
	[ "$(cat "$work/err1" "$work/err2" | grep -c 'registered already')" \
		-eq 1 ] || problems="$problems $i: $(cat "$work"/err[12])"
	problems=$problems$(usable "two$i")
done
tap_result /two-at-a-time "$problems"

tap_done
