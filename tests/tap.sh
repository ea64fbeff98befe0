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

finish() {
	echo "1..$tap_n"
	[ "$tap_failed" -eq 0 ]
	exit
}
