# SPDX-License-Identifier: GPL-2.0-or-later
# Prints "LINES FILE:LINE NAME" for each function of C files in kernel style:
# the body stands between a '{' and a '}' in the first column.

function name_of(text) {
	sub(/\(.*/, "", text)
	sub(/.*[ \t*]/, "", text)
	return text
}

FNR == 1 { inside = 0; head = "" }
/^[a-zA-Z_].*\(/ { head = $0 }
/^\{/ { inside = 1; start = FNR; next }
/^\}/ && inside {
	print FNR - start + 1, FILENAME ":" start, name_of(head)
	inside = 0
}
