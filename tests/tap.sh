# SPDX-License-Identifier: GPL-2.0-or-later
# TAP for shell tests:  . "$TOP/tests/tap.sh"; try "a name" command…; finish
# A check that a command alone can't say is a function. What a failing one printed is shown.
tap_n=0
tap_failed=0

try() {
	tap_name=$1
	shift
	tap_n=$((tap_n + 1))
	if ("$@") >tap.out 2>&1; then
		echo "ok $tap_n - $tap_name"
	else
		echo "not ok $tap_n - $tap_name"
		sed 's/^/# /' tap.out
		tap_failed=$((tap_failed + 1))
	fi
}

# skip NAME WHY
skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

not() { ! "$@"; }

# A 32-bit care cannot record the 64-bit programs of the machine that tests it: what is left
# to test of a file that records them is that it says so.
needs_recording() {
	"$CARE" --dry-run sh -c : >/dev/null 2>tap.err && return
	grep -q "use the care of" tap.err || return 0
	try "a care that cannot record this machine's programs names the one that can" true
	finish
}

finish() {
	echo "1..$tap_n"
	[ "$tap_failed" -eq 0 ]
	exit
}
