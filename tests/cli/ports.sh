#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# emul/ports: a program uses one port, the kernel another, and the program does not notice.
. "$TOP/tests/tap.sh"

# Of one's own, so that nobody else's ports are in the way.
n=$$
address=127.$((n / 65536 % 100 + 1)).$((n / 256 % 256)).$((n % 254 + 1))
run() { "$TOOLS/emulate" "$@"; }
# prints WANT COMMAND...
prints() {
	want=$1
	shift
	got=$("$@") || { echo "status $?: $got"; return 1; }
	[ "$got" = "$want" ] || { echo "\"$got\" is not \"$want\""; return 1; }
}
# Another port, the same for both kinds of socket.
moves() {
	got=$("$@") || { echo "status $?: $got"; return 1; }
	echo "$got"
	[ "${got% *}" = "${got#* }" ] && [ "${got% *}" != 4711 ]
}

with_tools() {	# with_tools TOOLS SUFFIX
	p=$1/ports
	try "without options nothing changes$2" prints "4711 4711" "$p" $address 4711
	try "-p IN:OUT moves a port$2" prints "4712 4712" run --port=4711:4712 "$p" $address 4711
	try "-p IN:OUT moves it without seccomp too$2" \
		prints "4712 4712" run --plain --port=4711:4712 "$p" $address 4711
	try "-p leaves other ports$2" prints "4710 4710" run --port=4711:4712 "$p" $address 4710
	try "a program that uses OUT itself is told so$2" \
		prints "4712 4712" run --port=4711:4712 "$p" $address 4712
	try "-p may be repeated$2" \
		prints "4714 4714" run --port=4711:4712 --port=4713:4714 "$p" $address 4713
	try "an IPv4 address in IPv6 counts$2" \
		prints "4712 4712" run --port=4711:4712 "$p" ::ffff:$address 4711
	try "low ports move up$2" prints "2080 2080" run --low "$p" $address 80
	try "ports that are not low stay$2" prints "4711 4711" run --low "$p" $address 4711
	try "-n finds a port that is free$2" moves run --netcoop "$p" $address 4711
	try "-n finds one for IPv6 too$2" moves run --netcoop "$p" ::ffff:$address 4711
}

# Of three programs two want the same port; each run has its own.
meet() {
	"$TOOLS/ports" serve $address 4711 >bare &
	run --netcoop sh -c '
		"$0/ports" serve "$1" 4711 >inside &
		until [ -s inside ] || ! kill -0 $!; do sleep 0.1; done
		"$0/ports" connect "$1" 4711 && wait' "$TOOLS" $address
	status=$?
	until [ -s bare ] || ! kill -0 $!; do sleep 0.1; done
	# Nobody has come to this one yet.
	"$TOOLS/ports" connect $address 4711 && wait && [ $status -eq 0 ]
}
low_outside() {
	"$TOOLS/ports" serve $address 2021 >outside &
	until [ -s outside ] || ! kill -0 $!; do sleep 0.1; done
	run --low "$TOOLS/ports" connect $address 21 && wait
}
taken() {
	run --netcoop sh -c '
		"$0/ports" serve "$1" 4711 >first &
		until [ -s first ] || ! kill -0 $!; do sleep 0.1; done
		"$0/ports" serve "$1" 4711 >second && echo "two have the same port"
		"$0/ports" connect "$1" 4711; wait' "$TOOLS" $address >said
	cat said
	! grep -q two said
}
refused() { for w in 0:1 1:0 80 80: :80 a:b 1:65536 80:8080x -1:2; do ! run --port=$w true || return 1; done; }
contradicts() { ! run --port=1:2 --port=1:3 true && run --port=1:2 --port=1:2 true; }

with_tools "$TOOLS" ""
if [ -x "$TOOLS-x86/ports" ]; then with_tools "$TOOLS-x86" ", 32-bit"; fi
try "processes of a run with -n find each other, and nobody else" meet
try "with -n a port is taken once in a run" taken
try "low ports of this machine are found where they moved to" low_outside
try "what is no pair of ports is refused" refused
try "a port cannot become two" contradicts
finish
