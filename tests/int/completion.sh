#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for bash: what <TAB> offers for a line, once through a terminal,
# and that nothing in a name of a file is ever run (CVE-2022-25328 was that).

set -u
export LC_ALL=C
top_srcdir=$(cd "${top_srcdir:-$(dirname "$0")/../..}" && pwd) || exit 99
top_builddir=$(cd "${top_builddir:-$top_srcdir}" && pwd) || exit 99
. "$top_srcdir/tests/tap.sh"
completions=$top_srcdir/contrib/completions

library=/usr/share/bash-completion/bash_completion
if [ ! -r $library ]; then
	echo '1..0 # SKIP no bash-completion here'
	exit 0
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/completion.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
export HOME=$work/home
unset XDG_CONFIG_HOME
keys=$HOME/.config/ecryptfs/keys
mkdir -p "$keys" "$work/bin" "$work/files/dir" "$work/modules"

# The program that was built, by its name in PATH; without --completion it
# notes its arguments.
cat >"$work/bin/ecryptfs-manager" <<END
#!/bin/bash
if [ "\$1" = --completion ]; then
	exec "$top_builddir/utils/ecryptfs-manager" "\$@" \\
		\${2+--module-dir="$work/modules"}
fi
printf '%s\n' "\$@" >"$work/arguments"
END
chmod +x "$work/bin/ecryptfs-manager"
export PATH=$work/bin:$PATH
: >"$work/files/file.pem"
for name in laptop paper phone me@home me@work; do
	: >"$keys/$name.conf"
done

# What must not be offered and, above all, not be run.
: >"$keys/\$(touch $(basename "$work")-run).conf"
# shellcheck disable=SC2016
: >"$keys/"'`touch run`.conf'
: >"$keys/a b.conf"
: >"$keys/.hidden.conf"
: >"$keys/-x.conf"
: >"$keys/"$'new\nline.conf'
: >"$keys/"'*.conf'
: >"$keys/notes.txt"
cd "$work/files" || exit 99

set +u
# shellcheck disable=SC1090
. $library
. "$completions/ecryptfs-manager"
. "$completions/ecryptfsd"
compopt() { options="$*"; }

# split_line LINE: words as readline makes them, each '=' and '@' apart that is
# in $COMP_WORDBREAKS
split_line() {
	local line=$1 i char word=
	COMP_WORDS=()
	for ((i = 0; i < ${#line}; i++)); do
		char=${line:i:1}
		if [[ $COMP_WORDBREAKS != *"$char"* ]]; then
			word+=$char
			continue
		fi
		[ -z "$word" ] || COMP_WORDS+=("$word")
		[ "$char" = ' ' ] || COMP_WORDS+=("$char")
		word=
	done
	# After a break the word at the cursor is the break itself.
	if [ -n "$word" ] || [ "${line: -1}" = ' ' ]; then
		COMP_WORDS+=("$word")
	fi
}

# tab LINE: what is offered there, sorted, on one line
tab() {
	COMP_LINE=$1 COMP_POINT=${#1} COMP_TYPE=9 COMP_KEY=9
	options=
	COMPREPLY=()
	split_line "$1"
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	"_${COMP_WORDS[0]//-/_}" "${COMP_WORDS[0]}" "" "" 2>"$work/err"
	offered=$(printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' ')
	offered=${offered% }
}

# offers LINE WANTED
offers() {
	tab "$1"
	tap_result "/completion/${2:+offers}${2:-nothing}/$1|" "$(
		[ "$offered" = "$2" ] ||
			printf 'got:    %s\nwanted: %s\n' "$offered" "$2"
		cat "$work/err")"
}

# offers_some LINE WORD...: among others
offers_some() {
	local line=$1 word
	shift
	tab "$line"
	tap_result "/completion/some/$line|" "$(for word; do
		[[ " $offered " == *" $word "* ]] ||
			echo "$word is not among: $offered"
	done)"
}

offers 'ecryptfs-manager gen' generate
offers 'ecryptfs-manager moun' mount
offers 'ecryptfs-manager --v' --version
offers_some 'ecryptfs-manager ' generate import add mount umount status
offers 'ecryptfs-manager nonsense ' ''
offers 'ecryptfs-manager show ' 'laptop me@home me@work paper phone'
offers 'ecryptfs-manager show p' 'paper phone'
offers 'ecryptfs-manager show me' 'me@home me@work'
offers 'ecryptfs-manager show me@h' me@home
offers 'ecryptfs-manager --json show la' laptop
offers 'ecryptfs-manager show `' ''
offers 'ecryptfs-manager show a' ''
offers 'ecryptfs-manager generate ' ''
offers 'ecryptfs-manager mount la' laptop
offers 'ecryptfs-manager mount laptop,p' 'laptop,paper laptop,phone'
offers 'ecryptfs-manager mount laptop,paper,p' 'laptop,paper,phone'
offers 'ecryptfs-manager mount laptop,me@' 'laptop,me@home laptop,me@work'
offers 'ecryptfs-manager mount laptop ' dir
offers 'ecryptfs-manager mount laptop dir d' dir
offers 'ecryptfs-manager mount -o ro la' laptop
offers 'ecryptfs-manager mount --cipher aes la' laptop
offers 'ecryptfs-manager mount --cipher=aes la' laptop
offers 'ecryptfs-manager mount --xattr la' laptop
offers 'ecryptfs-manager mount --cipher a' aes
offers 'ecryptfs-manager mount --cipher=t' twofish
offers 'ecryptfs-manager mount --keyring=' 'persistent session user'
offers 'ecryptfs-manager mount --cip' --cipher=
tap_result /completion/no-blank-after-equals \
	"$([ "$options" = '-o nospace' ] || echo "compopt: $options")"
offers 'ecryptfs-manager mount --xa' --xattr
offers_some 'ecryptfs-manager mount --' --json --help --options=
offers 'ecryptfs-manager mount --key-bytes ' ''
offers 'ecryptfs-manager mount -o ' ''
offers 'ecryptfs-manager umount ' dir
offers 'ecryptfs-manager unlock --secret-file f' file.pem
offers 'ecryptfs-manager unlock --secret-file=f' file.pem
offers 'ecryptfs-manager mount --x][ la' laptop
# shellcheck disable=SC2016
for line in 'mount --x]$(touch${IFS}run)[ ' 'mount $(touch${IFS}run) ' \
	'mount --$(touch${IFS}run)' 'show `touch${IFS}run`,' \
	'mount --cipher=$(touch${IFS}run)' '$(touch${IFS}run) '; do
	tab "ecryptfs-manager $line"
done
offers 'ecryptfsd --da' --daemonize
offers 'ecryptfsd --device ' 'dir file.pem'
offers 'ecryptfsd --module-dir=' dir
offers 'ecryptfsd --transport ' 'device netlink'

# A completion that was written down, against the program
listed=$(grep -oE -e '--[a-z-]+=?' "$completions/ecryptfsd" |
	grep -vE '^--(option)$' | sed 's/=$//' | sort -u)
helped=$("$top_builddir/daemon/ecryptfsd" --help |
	grep -oE -e '--[a-z-]+' | sort -u)
tap_result /completion/ecryptfsd-is-complete \
	"$(diff <(echo "$listed") <(echo "$helped"))"

# bash breaks words at '@' where bash-completion did not tell it otherwise
COMP_WORDBREAKS+=@
offers 'ecryptfs-manager show me' 'me@home me@work'
offers 'ecryptfs-manager show me@h' home
offers 'ecryptfs-manager mount laptop,me@' 'home work'
COMP_WORDBREAKS=${COMP_WORDBREAKS//@/}

# Shell options of the person must not matter, nor change
for option in failglob nullglob nocaseglob; do
	shopt -s $option
	offers 'ecryptfs-manager show l' laptop
	tap_result "/completion/keeps/$option" \
		"$(shopt -q $option || echo "$option was switched off")"
	shopt -u $option
done
set -f
offers 'ecryptfs-manager show l' laptop
set +f
rm -r "$keys"
offers 'ecryptfs-manager show ' ''
mkdir "$keys"
offers 'ecryptfs-manager show ' ''
: >"$keys/laptop.conf"
: >"$keys/\$(touch run).conf"

# For real: a shell on a terminal, and the key
python3 - "$library" "$completions/ecryptfs-manager" <<'END' >"$work/err" 2>&1
import os, pty, select, sys, time
pid, fd = pty.fork()
if pid == 0:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LC_ALL")}
    os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"],
               {**kept, "PS1": "ready> ", "TERM": "dumb"})
seen = b""
def until(word, seconds=30):
    global seen
    end = time.monotonic() + seconds
    while word not in seen:
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            sys.exit("no %r in %r" % (word, seen))
        seen += os.read(fd, 4096)
    # One read may bring what the next call waits for.
    seen = seen.split(word, 1)[1]
until(b"ready> ")
os.write(fd, (". %s; . %s; echo so''urced\n" % tuple(sys.argv[1:])).encode())
until(b"sourced")
until(b"ready> ")
os.write(fd, b"ecryptfs-manager show la\t\n")
until(b"laptop")
until(b"ready> ")
os.write(fd, b"exit\n")
os.waitpid(pid, 0)
END
tap_result /completion/terminal "$(cat "$work/err"
	printf 'show\nlaptop\n' | diff - "$work/arguments")"

tap_result /completion/nothing-was-run "$(find "$work" "$PWD" -name '*run')"
tap_done
