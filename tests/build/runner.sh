#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/run: nothing that goes wrong in a test is counted as passed.
# once
. "$TOP/tests/tap.sh"

mkdir -p tree/tests/cli tree/tests/tools build
cp "$TOP/tests/run" tree/tests/
AS=user
export AS

# What the runner says of one shell test, given on stdin.
verdict() {
	cat >tree/tests/cli/one.sh
	TEST_TIMEOUT=${1-20} tree/tests/run build >out 2>&1
	echo $? >status
	cat out
}
counts() {	# passed failed skipped; not being root is a skip of its own
	extra=1
	[ "$(id -u)" -ne 0 ] || extra=0
	grep -qx "$1 passed, $2 failed, $(($3 + extra)) skipped" out
}
exits() { [ "$(cat status)" -eq "$1" ]; }

passing() { printf 'echo 1..2; echo ok 1 - a; echo ok 2 - b\n' | verdict; counts 2 0 0 && exits 0; }
failing() { printf 'echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1\n' | verdict; counts 1 1 0 && exits 1; }
skipping() {
	printf 'echo 1..1; echo "ok 1 - a # SKIP no rain"\n' | verdict
	counts 0 0 1 && grep -q '^SKIP .*a (no rain)' out
}
skipping_all() { printf 'echo "1..0 # SKIP no sun"\n' | verdict; counts 0 0 1 && grep -q '(no sun)' out; }
ending_early() { printf 'echo 1..3; echo ok 1 - a; exit 0\n' | verdict; counts 1 1 0 && exits 1; }
saying_nothing() { printf 'exit 0\n' | verdict; counts 0 1 0; }
lying_about_status() { printf 'echo 1..1; echo ok 1 - a; exit 3\n' | verdict; counts 1 1 0; }
dying() { printf 'echo 1..1; echo ok 1 - a; kill -SEGV $$\n' | verdict; counts 1 1 0; }
hanging() { printf 'echo 1..1; echo ok 1 - a; sleep 60\n' | verdict 1; counts 1 1 0 && grep -q 'time-out' out; }
program_style() { printf 'echo "3 passed, 1 failed"; exit 1\n' | verdict; counts 3 1 0; }
program_dying() { printf 'echo "3 passed, 0 failed"; kill -ABRT $$\n' | verdict; counts 3 1 0; }
showing_why() { printf 'echo 1..1; echo not ok 1 - a; echo because >&2; exit 1\n' | verdict; grep -qx because out; }
no_stdin() { printf 'echo 1..1; read x && echo not ok || echo ok 1\n' | verdict; counts 1 0 0; }
leaving_nothing() { [ ! -e "$(sed -n 's/^kept: //p' out)" ] && ! ls -d "${TMPDIR:-/var/tmp}"/care-check.* 2>/dev/null; }

try "passing steps are counted" passing
try "a failing step fails the run" failing
try "a skipped step says why" skipping
try "a skipped file says why" skipping_all
try "a test that ends before its plan fails" ending_early
try "a test that says nothing fails" saying_nothing
try "passing steps do not hide an exit status" lying_about_status
try "a test that dies fails" dying
try "a test that hangs is ended and fails" hanging
try "a program's own count is taken" program_style
try "a program's own count does not hide its death" program_dying
try "the end of a failing test's output is shown" showing_why
try "standard input is empty" no_stdin
try "the runner leaves nothing behind" leaving_nothing
finish
