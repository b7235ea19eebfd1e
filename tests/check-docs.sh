#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The documents say what the programs are: verbs, options, exit statuses,
# parameters, environment, files, calls of the installed headers. Each
# comparison is first shown a spoilt copy, which it must refuse.

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd) || exit 99
top_builddir=$(cd "${top_builddir:-$top_srcdir}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir" || exit 99

manager=$top_builddir/utils/ecryptfs-manager
daemon=$top_builddir/daemon/ecryptfsd
modules=$top_builddir/pki-modules/.libs
man_manager=doc/man/ecryptfs-manager.1
man_daemon=doc/man/ecryptfsd.8
man_keys=doc/man/ecryptfs-keys.5
man_openssl=doc/man/ecryptfs-pki-openssl.7

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
export XDG_CONFIG_HOME=$tmp XDG_DATA_HOME=$tmp XDG_RUNTIME_DIR=$tmp HOME=$tmp

# differ WANTED FOUND: lines of one that are not in the other
differ() {
	comm -23 <(printf '%s\n' "$1" | grep . | sort -u) \
		<(printf '%s\n' "$2" | grep . | sort -u) |
		sed 's/^/not in the text: /'
	comm -13 <(printf '%s\n' "$1" | grep . | sort -u) \
		<(printf '%s\n' "$2" | grep . | sort -u) |
		sed 's/^/only in the text: /'
	[ -n "$1" ] || echo 'the program told nothing to compare with'
}

# section FILE HEADING [SUBHEADING]: lines below .SH and, if given, below the
# .SS that begins with that word; without escapes
section() {
	sed 's/\\-/-/g; s/\\&//g; s/\\(ti/~/g' "$1" |
		awk -v heading="$2" -v sub_="${3-}" '
		/^\.S[HS] / {
			text = $0
			sub(/^\.S[HS] /, "", text)
			gsub(/"/, "", text)
		}
		/^\.SH / { in_sh = text == heading; in_ss = sub_ == "" }
		/^\.SS / {
			split(text, word, " ")
			if (sub_ != "")
				in_ss = word[1] == sub_
		}
		in_sh && in_ss'
}

# What the tagged paragraphs below .TP are about, first word each
terms() {
	awk '/^\.(TP|TQ)/ { take = 1; next }
		take && /^\.B/ { sub(/^\.B[IR]* /, ""); gsub(/"/, "")
			split($0, word, /[= ]/); print word[1] }
		{ take = 0 }'
}

subheadings() {
	section "$1" "$2" | sed -n 's/^\.SS "\{0,1\}\([^" ]*\).*/\1/p'
}

# spoil FILE SED-SCRIPT: a copy that differs
spoil() {
	sed "$2" "$1" >"$tmp/spoilt"
	cmp -s "$1" "$tmp/spoilt" && echo "\"$2\" does not spoil $1" >&2
	echo "$tmp/spoilt"
}

# compare NAME FUNCTION FILE SED-SCRIPT: FUNCTION prints what is wrong with
# FILE; it must find something in the copy that SED-SCRIPT spoils
compare() {
	local spoilt
	spoilt=$(spoil "$3" "$4" 2>&1)
	if [ ! -f "$spoilt" ]; then
		tap_result "/docs/$1" "$spoilt"
	elif [ -z "$("$2" "$spoilt")" ]; then
		tap_result "/docs/$1" 'a spoilt copy was not noticed'
	else
		tap_result "/docs/$1" "$("$2" "$3")"
	fi
}

manager() {
	"$manager" "$@" 2>&1
}

# Verbs and options of ecryptfs-manager

verbs=$(manager --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z-]*\) .*/\1/p')

options_of() {
	manager --completion "$1" | sed -n 's/^\(--[^ ]*\).*/\1/p'
}

# Those that every verb has, and the one that stands without a verb
common=$({
	for verb in $verbs; do
		options_of "$verb"
	done | sort | uniq -c |
		awk -v n="$(printf '%s\n' "$verbs" | wc -l)" '$1 == n { print $2 }'
	manager --help | grep -oE -- '--version'
} | sort -u)

check_verbs() {
	differ "$verbs" "$(subheadings "$1" VERBS)"
}
compare manager/verbs check_verbs $man_manager '/^\.SS.*rename/d'

check_verb_options() {
	local verb
	for verb in $verbs; do
		differ "$(options_of "$verb" | grep -vxF -e "$common")
-" "$(section "$1" VERBS "$verb" | terms | grep '^--')
-" | sed "s/^/$verb: /"
	done
}
compare manager/verb-options check_verb_options $man_manager \
	's/\\-\\-secret\\-fd/\\-\\-secret\\-df/'

check_common_options() {
	differ "$common" "$(section "$1" OPTIONS | terms)"
}
compare manager/common-options check_common_options $man_manager \
	's/^\.B \\-\\-json/.B \\-\\-jason/'

check_aliases() {
	local verb alias
	for verb in $verbs; do
		manager "$verb" --help |
			sed -n 's/^ *("\(.*\)" is the same verb)/\1/p' |
			while read -r alias; do
			section "$1" VERBS "$verb" |
				grep -qE "^\\.BR? \"?$alias\\b" ||
				echo "$1 ($verb) lacks the alias $alias"
		done
	done
}
compare manager/aliases check_aliases $man_manager 's/^\.BR* load/.B laod/'

# Exit statuses: help, manual and enum are one table

statuses=$(manager --help | sed -n '/^Exit status/,$s/^ *\([0-9][0-9]*\) /\1 /p')

check_statuses() {
	differ "$statuses" "$(section "$1" 'EXIT STATUS' |
		sed -n 's/^\([0-9][0-9]*\)	\([a-z-]*\)	.*/\1 \2/p')"
}
compare manager/exit-statuses check_statuses $man_manager \
	's/^\(77	\)permission/\1permissoin/'

check_codes() {
	differ "$(sed -n \
		's/^	ECRYPTFS_ERROR_\([A-Z_]*\),$/\1/p' "$1" |
		tr 'A-Z_' 'a-z-')" \
		"$(printf '%s\n' "$statuses" | sed 's/.* //')"
}
compare manager/error-codes check_codes libecryptfs/ecryptfs-error.h \
	's/^\(	ECRYPTFS_ERROR_\)CANCELLED,/&\n\1NOVEL,/'

# Options of ecryptfsd

daemon_options=$("$daemon" --help 2>&1 |
	sed -n 's/^ *\(-[a-zA-Z], \)\{0,1\}\(--[a-z][a-z0-9-]*\).*/\2/p')

check_daemon_options() {
	differ "$daemon_options" "$(section "$1" OPTIONS | terms)"
}
compare daemon/options check_daemon_options $man_daemon \
	's/^\.B \\-\\-daemonize/.B \\-\\-daemonise/'

# Keys of a registration, parameters of the module

known_keys=$(sed -n '/known_keys\[\] = {/,/};/p' libecryptfs/registration.c |
	grep -o '"[a-z0-9-]*"' | tr -d '"')

check_registration() {
	differ "$known_keys" "$(section "$1" 'GROUP [key]' | terms |
		grep -vxE 'direct|compat')"
}
compare registration/keys check_registration $man_keys \
	's/^\.B pin\\-ttl$/.B pin\\-tll/'

check_parameters() {
	differ "$(manager modules --json --module-dir "$modules" |
		python3 -c 'import json, sys
for module in json.load(sys.stdin)["modules"]:
    if module["name"] == "openssl":
        print("\n".join(p["name"] for p in module["parameters"]))' 2>/dev/null)" \
		"$(section "$1" PARAMETERS | terms)"
}
if [ -e "$modules/openssl.so" ]; then
	compare openssl/parameters check_parameters $man_openssl \
		's/^\.B file$/.B flie/'
else
	tap_skip /docs/openssl/parameters 'built without the openssl module'
fi

# Environment variables that the sources read

variables=$(grep -rhoE '(g_|secure_)?getenv\("[A-Z_]+"\)' daemon utils \
	libecryptfs pki-modules --include='*.c' |
	sed 's/.*("//; s/").*//' | sort -u)

check_environment() {
	local name
	[ -n "$variables" ] || echo 'no variable found in the sources'
	for name in $variables XDG_CONFIG_HOME XDG_DATA_HOME; do
		cat "$1" $man_daemon | section /dev/stdin ENVIRONMENT |
			terms | grep -qx "$name" ||
			echo "no ENVIRONMENT section has $name"
	done
}
compare environment check_environment $man_manager \
	's/^\.B XDG_DATA_HOME/.B XDG_DATA_HOUSE/'

# Files: those that the text names are there, those that are there are named

sources() {
	ls {libecryptfs,daemon,pki-modules,utils}/*.c 2>/dev/null
}

check_files() {
	local file
	grep -oE '\b(libecryptfs|daemon|pki-modules|utils|tests|contrib|doc)(/[a-zA-Z0-9_.-]+)+' \
		"$1" | sed 's/\.$//' | sort -u | while read -r file; do
		[ -e "$file" ] || echo "$1 names $file, which is not there"
	done
	sources | while read -r file; do
		case $file in
		utils/cmd-*) continue ;;
		esac
		grep -qE "(^|[ /,])${file##*/}( |,|:|\$)" "$1" ||
			echo "$1 does not name $file"
	done
}
compare architecture/files check_files doc/ARCHITECTURE \
	's/packet\.c/pakcet.c/g'

check_paths() {
	grep -oE '(^|[ `])(libecryptfs|daemon|pki-modules|utils|tests|contrib|doc|\.ci)(/[a-zA-Z0-9_.-]+)+' \
		"$1" | sed 's/^[ `]//; s/\.$//' | sort -u |
		while read -r path; do
		case $path in
		*VERB* | *NAME*) continue ;;
		esac
		[ -e "$path" ] || echo "$path is not there"
	done
}
for file in README.md CONTRIBUTING.md SECURITY.md doc/PROTOCOL; do
	compare "files/$file" check_paths "$file" '$a See doc/NOWHERE.'
done

# Headers

check_headers() {
	if [ "$1" = libecryptfs/ecryptfs.h ]; then
		python3 tests/header-docs.py libecryptfs/ecryptfs*.h
	else
		python3 tests/header-docs.py "$1"
	fi
}
compare headers/calls check_headers libecryptfs/ecryptfs.h \
	's/@ECRYPTFS_TAG_66:/@ECRYPTFS_TAG_68:/'

# Numbers that the text repeats

check_sizes() {
	local name value
	sed -n 's/^#define \(ECRYPTFS_CONTROL_MAX_[A-Z]*\) \([0-9]*\)$/\1 \2/p' \
		libecryptfs/control-protocol.h | while read -r name value; do
		grep -q "\\b$value\\b" "$1" || echo "$1 lacks $value ($name)"
	done
}
compare protocol/sizes check_sizes doc/PROTOCOL 's/1152/1153/'

# The worked example, computed anew by the openssl command

. tests/vectors/forms.sh

# example FILE FIELD: its hex, joined
example() {
	awk -v field="$2" '
		/^### X25519/ { here = 1; next }
		/^##/ { here = 0 }
		here && match($0, /^  [A-Za-z]+( [A-Za-z]+)?  /) {
			name = substr($0, 3, RLENGTH - 2)
			sub(/ *$/, "", name)
			$0 = substr($0, RLENGTH)
		}
		here && name == field { printf "%s", $0 }' "$1" | tr -d ' '
}

check_example() {
	local d q p x sig kek
	d=$(example "$1" 'recipient d')
	q=$(example "$1" 'recipient Q')
	p=$(example "$1" P)
	sig=$(example "$1" sig)
	unhex "302e020100300506032b656e04220420$d" >"$tmp/d.der"
	unhex "302a300506032b656e032100$p" >"$tmp/p.der"
	x=$(openssl pkeyutl -derive -inkey "$tmp/d.der" -keyform DER \
		-peerkey "$tmp/p.der" -peerform DER 2>&1 |
		tee "$tmp/x" | hex)
	kek=$(kek "$tmp/x" 5 "${sig%%,*}" "$p" "$q")
	[ "$x" = "$(example "$1" X)" ] || echo "X is $x"
	[ "$kek" = "$(example "$1" KEK)" ] || echo "KEK is $kek"
	openssl pkey -in "$tmp/d.der" -inform DER -pubout -outform DER |
		hex | grep -q "$q\$" || echo 'Q is not the public half of d'
	x=$({
		printf 'ecryptfs-pki sig 1\0'
		unhex "302a300506032b656e032100$q"
	} | sha256sum | cut -d' ' -f1)
	[ "$sig" = "${x:0:16},ofSHA-256$x" ] || echo "sig is $x"
	x=$(unhex "$(example "$1" 'FEK packet')" |
		openssl enc -e -id-aes256-wrap-pad -K "$kek" -iv A65959A6 | hex)
	[ "$x" = "$(example "$1" W)" ] || echo "W is $x"
}
compare protocol/example check_example doc/PROTOCOL 's/0901080f/0901080e/'

# Rendering

if command -v man >/dev/null; then
	check_render() {
		local out
		out=$(man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>&1 >"$tmp/z") ||
			echo 'man failed'
		[ -s "$tmp/z" ] || echo 'nothing was rendered'
		printf '%s' "$out"
	}
	for page in doc/man/*; do
		compare "render/${page##*/}" check_render "$page" \
			'1,/^\.SH/s/^\.SH/.nonsense\n&/'
	done
else
	tap_skip /docs/render 'man is not installed'
fi

check_installed() {
	differ "$(ls doc/man/*)" "$(grep -o 'doc/man/[a-z0-9.-]*' "$1")"
}
compare pages-installed check_installed doc/Makemodule.am \
	's/ecryptfsd\.8/ecryptfsd.9/'

check_open() {
	grep -nE 'PLACEHOLDER|TODO|FIXME|XXX[^X]' "$1"
}
for file in README.md CONTRIBUTING.md SECURITY.md doc/ARCHITECTURE \
	doc/PROTOCOL doc/man/*; do
	compare "nothing-left-open/$file" check_open "$file" '$a TODO'
done

tap_done
