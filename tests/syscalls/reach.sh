#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Inside `care run -r ROOTFS` every call that takes a path reaches the rootfs's file, and never
# the host's of the same name: one row of arch/syscalls.def after the other, by every way that
# this care knows, with every kind of path. What is right is told by the kernel: the same calls,
# without care, in a tree where nothing lies in wait.
# long
set -u
. "$TOP/tests/tap.sh"

reach=$TOOLS/reach
here=$PWD

# ways: by namespaces, and by each engine, once `care run` has them.
ways="ns ptrace-seccomp ptrace"
"$CARE" run --engine=ptrace -r / true 2>&1 | grep -q 'by namespaces only' && ways=ns

# tree WHOSE T W [T-SEEN W-SEEN]: a pair of trees
tree() {
	mkdir -p "$2" "$3"
	cp "$reach" "$2/program"
	cp "$reach" "$3/program"
	"$reach" prepare "$1" "$2" "${4-$2}" "$3" "${5-$3}"
}

# A program with sanitizers is not static: what it loads must be in the root as well.
libraries() {
	ldd "$reach" 2>/dev/null | grep -o '/[^ ]*' | while read -r lib; do
		mkdir -p "$1${lib%/*}"
		cp -L "$lib" "$1$lib"
	done
}

# serve WHOSE T W NAME, and later served NAME
serve() {
	rm -f "$4.end"
	mkfifo "$4.end"
	"$reach" serve "$1" "$2" "$3" <"$4.end" >"$4.served" &
	eval "server_$4=$! ; exec $5>$4.end"
	while ! grep -q ready "$4.served"; do kill -0 $! || return; sleep 0.1; done
}
served() { eval "exec $2>&- ; wait \$server_$1"; }

look() {	# T W
	"$reach" list "$1"
	"$reach" list "$2"
}

# A LeakSanitizer wants ptrace for itself.
export ASAN_OPTIONS=detect_leaks=0
ours=
[ "$(id -u)" -ne 0 ] || ours='unshare --mount --propagation private'

# --- what the kernel says ------------------------------------------------------------------

tree guest "$here/r/t" "$here/r/w" && serve guest "$here/r/t" "$here/r/w" right 7
$ours "$reach" use "$here/r/t" "$here/r/w" >right.raw 2>right.err
served right 7
sed "s|$here/r/|$here/|g" right.raw >right
look "$here/r/t" "$here/r/w" | sed "s|$here/r/|$here/|g" >right.look

every_call() {
	cat right.err
	! "$reach" rows | grep untested && [ "$("$reach" rows | grep -c strict)" -gt 60 ] && [ ! -s right.err ] &&
		! grep -E 'met=(lying|nothing)|killed' right && [ "$(grep -c ' ok' right)" -gt 700 ]
}
try "each path argument of each row has a case here, and they work without care" every_call

# --- what is met under care ------------------------------------------------------------------

# Names that lie in wait, the guest's own, and a directory that is bound over some of them.
tree lying "$here/t" "$here/w" && serve lying "$here/t" "$here/w" lying 8

under() {	# WAY
	chmod -R u+rwX g s 2>/dev/null
	rm -rf g s guest.*
	mkdir -p "g$here" g/proc
	cp "$reach" g/reach
	libraries g
	tree guest "$here/g$here/t" "$here/s" "$here/t" "$here/w"
	serve guest "$here/g$here/t" "$here/s" guest 9 || return
	{ "$reach" list "$here/t" times; "$reach" list "$here/w" times; cat /proc/self/mountinfo; } >before
	engine=
	[ "$1" = ns ] || engine=--engine=$1
	# shellcheck disable=SC2086
	"$CARE" run $engine -r g -b /proc -b "$here/s:$here/w" -w / /reach use "$here/t" "$here/w" \
		>guest 2>guest.err 7>&- 8>&- 9>&-
	echo "status $?" >>guest.err
	served guest 9
	{ "$reach" list "$here/t" times; "$reach" list "$here/w" times; cat /proc/self/mountinfo; } >after
	look "$here/g$here/t" "$here/s" >guest.look
}

# The answers of one row, side by side; @refusable: or the supervisor's no.
row() {	# ROW KIND
	grep "^$1\." right | sort >row.right
	grep "^$1\." guest | sort >row.guest
	[ -s row.right ] || return
	paste -d '|' row.right row.guest | awk -F '|' -v kind="$2" '
	$1 == $2 { next }
	{ answer = $2; sub(/^[^ ]* /, "", answer) }
	kind == "refusable" && answer ~ /^(Operation not (permitted|supported)|Not supported|Permission denied|Function not implemented|Invalid argument)$/ { next }
	{ print "should be: " $1 "\nbut is:    " $2; bad = 1 }
	END { exit bad }'
}

went_in() { [ "$(sed -n '$p' guest.err)" = "status 0" ] || { cat guest.err; return 1; }; }
untouched() { diff before after; }
changed_as_right() { diff right.look guest.look; }
received_as_right() { diff right.served guest.served; }

for way in $ways; do
	under "$way"
	try "$way: every call is made" went_in
	"$reach" rows | while read -r row kind; do
		[ "$kind" = absent ] || echo "$row $kind"
	done >rows
	while read -r row kind; do
		try "$way: $row reaches the rootfs's file" row "$row" "$kind"
	done <rows
	try "$way: of the host's files none was changed, read, run or mounted" untouched
	try "$way: what the calls changed is in the rootfs" changed_as_right
	try "$way: what was sent to sockets came to the rootfs's" received_as_right
done

served lying 8
nothing_received() { [ "$(cat lying.served)" = ready ] || cat lying.served; }
try "nothing was sent to the host's sockets" nothing_received
finish
