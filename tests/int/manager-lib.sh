# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For the tests of ecryptfs-manager: sourced first by each. Gives a home of
# their own and a session keyring of their own, and "mgr", which runs the
# program that was built.

set -u
export LC_ALL=C
unset CDPATH
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
top_builddir=$(cd "${top_builddir:-$top_srcdir}" && pwd) || exit 99
export top_srcdir top_builddir

if [ -z "${MANAGER_SESSION-}" ]; then
	if ! keyctl session - true >/dev/null 2>&1; then
		echo "1..0 # SKIP no session keyring can be made here"
		exit 0
	fi
	MANAGER_SESSION=1 exec keyctl session - bash "$0" "$@" 2>&1
fi

. "$top_srcdir/tests/tap.sh"

# Not the library of the system, nor libtool's script, which forks
manager=$top_builddir/utils/.libs/ecryptfs-manager
[ -x "$manager" ] || manager=$top_builddir/utils/ecryptfs-manager
if [ ! -x "$manager" ]; then
	echo "Bail out! $manager is not built"
	exit 99
fi
export LD_LIBRARY_PATH=$top_builddir/libecryptfs/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

if [ ! -e "$top_builddir/pki-modules/.libs/openssl.so" ]; then
	echo "1..0 # SKIP this build has no openssl module"
	exit 0
fi

# Outside of the build, whose path may be too long for a socket
work=$(mktemp -d "${TMPDIR:-/tmp}/manager.XXXXXX") || exit 99
export HOME=$work/home XDG_RUNTIME_DIR=$work/run
unset XDG_CONFIG_HOME XDG_DATA_HOME G_MESSAGES_DEBUG
mkdir -m 0700 "$HOME" "$XDG_RUNTIME_DIR" "$work/modules" || exit 99
config=$HOME/.config/ecryptfs/keys
data=$HOME/.local/share/ecryptfs

# The module loader wants files that nobody else can write
cp "$top_builddir"/pki-modules/.libs/*.so "$work/modules/" || exit 99
if [ -e "$top_builddir/tests/pki/.libs/fake.so" ]; then
	cp "$top_builddir/tests/pki/.libs/fake.so" "$work/modules/"
fi
chmod go-w "$work"/modules/*.so

background=()
clean_up() {
	{
		[ ${#background[@]} -eq 0 ] || kill -9 "${background[@]}"
		wait
		# The user keyring outlives this session
		grep -rhs '^signature=' "$HOME" | cut -d= -f2 | sort -u |
			while read -r signature; do
				keyctl unlink "$(keyctl search @u user \
					"$signature")" @u
			done
	} >/dev/null 2>&1
	rm -rf "$work"
}
trap clean_up EXIT

# mgr VERB [ARGUMENTS]: leaves $work/out, $work/err and $status
mgr() {
	timeout 60 "$manager" "$@" "--module-dir=$work/modules" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# mgr_from INPUT VERB [ARGUMENTS]: the same with INPUT as stdin
mgr_from() {
	local input=$1
	shift
	printf '%s' "$input" | timeout 60 "$manager" "$@" \
		"--module-dir=$work/modules" >"$work/out" 2>"$work/err"
	status=$?
}

# wrong STATUS [OUT [ERR]]: what is wrong with the last run of mgr; OUT and ERR
# are extended regular expressions that must be in its stdout and stderr
wrong() {
	local text=
	[ "$status" -eq "$1" ] || text="status $status, not $1"
	[ -z "${2-}" ] || grep -qE -e "$2" "$work/out" ||
		text="$text; no \"$2\" in stdout"
	[ -z "${3-}" ] || grep -qE -e "$3" "$work/err" ||
		text="$text; no \"$3\" in stderr"
	[ -z "$text" ] && return
	printf '%s\n' "$text"
	sed 's/^/out: /' "$work/out"
	sed 's/^/err: /' "$work/err"
}

# expect TEXT STATUS [OUT [ERR]]
expect() {
	tap_result "$1" "$(wrong "${@:2}")"
}

# json TEXT STATUS EXPRESSION: the last run printed one object "d" for which
# the Python EXPRESSION holds
json() {
	tap_result "$1" "$(wrong "$2"; python3 - "$work/out" "$3" 2>&1 <<-'END'
	import json, sys
	text = open(sys.argv[1]).read()
	try:
	    d = json.loads(text)
	    good = list(d)[0] == "schema" and d["schema"] == 1 and \
	        eval("(" + sys.argv[2] + ")", {"d": d})
	except Exception as e:
	    good = False
	    print(repr(e))
	if not good:
	    print("not so:", sys.argv[2], text)
	END
	)"
}

# is TEXT IS SHOULD-BE
is() {
	tap_result "$1" "$([ "$2" = "$3" ] || printf 'is "%s", not "%s"' "$2" "$3")"
}

signature_of() {
	sed -n 's/^signature=//p' "$config/$1.conf"
}
