#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules of style that a machine can count: lengths of files, functions and
# lines, the SPDX line, names, white space.

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/..}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"
cd "$top_srcdir" || exit 99

FILE_LINES=600
HEADER_LINES=200
FUNCTION_LINES=100
FUNCTION_TARGET=45

folders=()
for folder in libecryptfs messaging daemon utils pam pki-modules fuse kernel \
	contrib doc tests .ci; do
	[ -d "$folder" ] && folders+=("$folder")
done

# Corpora and vectors are data: their bytes are not ours to format. In a tree
# that was also built in, only what has an extension is known to be a source.
built=(-name '*.o' -o -name '*.lo' -o -name '*.la' -o -name '*.log' -o
	-name '*.trs' -o -name .dirstamp)
[ -e config.status ] && built+=(-o -not -name '*.*')
files() {
	find "${folders[@]}" \( -path tests/fuzz/corpus -o \
		-path tests/vectors -o -name .libs -o -name .deps \) -prune -o \
		-type f -not \( "${built[@]}" \) "$@" -print | sort
}

c_files() {
	files -name '*.[ch]'
}

too_long() {
	xargs -r wc -l | awk -v most="$1" \
		'$2 != "total" && $1 > most { print $2 ": " $1 " lines, at most " most }'
}
tap_result /style/file-length "$({
	files \( -name '*.[ch]' -o -name '*.sh' -o -name '*.py' \)
	ls check demo configure.ac Makefile.am 2>/dev/null
} | too_long $FILE_LINES)"
tap_result /style/header-length "$(files -name '*.h' | too_long $HEADER_LINES)"

sizes=$(c_files | xargs awk -f tests/measure-functions.awk | sort -rn)
tap_result /style/function-length "$(printf '%s\n' "$sizes" |
	awk -v most=$FUNCTION_LINES '$1 > most')"
tap_result /style/nine-in-ten-functions-short "$(printf '%s\n' "$sizes" |
	awk -v target=$FUNCTION_TARGET '
	{ n++; if ($1 > target) over++ }
	END {
		if (n == 0)
			print "no function found: the measure is broken"
		else if (over * 10 > n)
			print over " of " n " functions over " target " lines"
	}')"

tap_result /style/line-length "$(c_files | while read -r file; do
	expand -t 8 "$file" | awk -v file="$file" \
		'length($0) > 80 { print file ":" FNR ": " length($0) " columns" }'
done)"
tap_result /style/white-space "$({
	c_files | xargs grep -nP '[ \t]+$|^ +\t|^ {8}'
	files -name '*.sh' | xargs grep -nP '[ \t]+$'
})"
tap_result /style/ascii-sources "$(c_files | xargs grep -nP '[^\x00-\x7f]')"

# What has no place for a comment is named here
no_comment='\.(json|md|txt|seed|pem|der|bin|hex|gpg|png|svg)$|/FULL-RUN$'
spdx() {
	{
		files
		ls autogen.sh check demo configure.ac Makefile.am 2>/dev/null
	} | grep -vE "$no_comment" | while read -r file; do
		head -n 3 "$file" | grep -q 'SPDX-License-Identifier: ' ||
			echo "$file: no SPDX line among the first three"
	done
}
tap_result /style/spdx "$(spdx)"

licence() {
	grep -rLE --include='*.[ch]' --include='*.map' \
		'SPDX-License-Identifier: LGPL-2.1-or-later' libecryptfs
	for folder in "${folders[@]}"; do
		[ "$folder" = libecryptfs ] && continue
		files -path "$folder/*" -name '*.[ch]' |
			xargs -r grep -LE \
			'SPDX-License-Identifier: GPL-2.0-or-later'
	done
}
tap_result /style/licence-of-folder "$(licence)"

about() {
	c_files | while read -r file; do
		sed -n 2p "$file" | grep -q '^/\*' ||
			echo "$file: line 2 does not begin to say what it is for"
	done
}
tap_result /style/says-what-it-is "$(about)"

# Makemodule.am and documents are names that others fixed
tap_result /style/kebab-case "$(files | sed 's,.*/,,' | sort -u |
	grep -vE '^[a-z0-9]+([.-][a-z0-9]+)*$' |
	grep -vE '^(Makemodule\.am|Kbuild|[A-Z][A-Z-]*(\.md)?)$' |
	grep -vE '^(pam_ecryptfsd|ecryptfs_genl)\.[ch]$|^[a-z0-9.-]+\.in$' |
	grep -vE '^\.(gitignore|shellcheckrc)$')"

tap_result /style/no-forward-declared-statics "$(c_files | xargs awk '
	FNR == 1 { text = "" }
	/^static / { text = ""; taking = 1; line = FNR }
	taking { text = text $0 }
	taking && /[;{=]/ {
		# an attribute can stand on a declaration only
		if (text ~ /^static [^={]*\(.*\);/ &&
		    text !~ /[{=]|G_GNUC_/)
			print FILENAME ":" line ": " text
		taking = 0
	}')"

tap_done
