# SPDX-License-Identifier: GPL-2.0-or-later
#
# Joins the TAP of several programs into one, with one numbering and one plan
# at the end. Sourced by tests/vm/suite on the host and guest/all.sh in the
# guest:
#   tap_merge PREFIX < <(program; echo "exit $?")      for each program
#   tap_end

tap_count=0
tap_failed=0

# tap_point "ok"|"not ok" DESCRIPTION
tap_point() {
	tap_count=$((tap_count + 1))
	echo "$1 $tap_count - $2"
	if [ "$1" = 'not ok' ] && [[ $2 != *'# TODO'* ]]; then
		tap_failed=$((tap_failed + 1))
	fi
}

# tap_merge PREFIX: one program's output, the last line of which is "exit N".
# That it kept its plan and ended well is a test like the others.
tap_merge() {
	local line plan= seen=0 failed=$tap_failed status=none bail=
	while IFS= read -r line; do
		if [[ $line =~ ^(ok|not\ ok)(\ +[0-9]+)?(\ +-)?(\ +(.*))?$ ]]; then
			seen=$((seen + 1))
			tap_point "${BASH_REMATCH[1]}" "$1${BASH_REMATCH[5]}"
		elif [[ $line =~ ^1\.\.([0-9]+) ]]; then
			plan=$plan${BASH_REMATCH[1]}
		elif [[ $line =~ ^exit\ ([0-9]+)$ ]]; then
			status=${BASH_REMATCH[1]}
		elif [[ $line =~ ^Bail\ out! ]]; then
			bail=${line#Bail out! }
		else
			echo "# ${line#\# }"
		fi
	done
	if [ -n "$bail" ]; then
		tap_point 'not ok' "$1ended early: $bail"
	elif [ "$plan" != "$seen" ]; then
		tap_point 'not ok' \
			"$1keeps its plan (${plan:-none}, $seen seen, exit $status)"
	elif [ "$status" != 0 ] && [ "$failed" = "$tap_failed" ]; then
		tap_point 'not ok' "$1exit status $status"
	fi
}

# tap_end: the plan; false when a test failed
tap_end() {
	echo "1..$tap_count"
	if [ "$tap_failed" != 0 ]; then
		echo "# $tap_failed of $tap_count failed"
		return 1
	fi
}
