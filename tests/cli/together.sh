#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# Many replays of one archive at once: each sees the recorded tree, and none changes what
# they share, whatever its permissions are and however a replay ends.
set -u
. "$TOP/tests/tap.sh"

busybox=$(command -v busybox) || { skip "replays at once" "there is no busybox"; finish; }
XDG_CACHE_HOME=$PWD/cache
export XDG_CACHE_HOME
plain="uid=$(id -u) gid=$(id -g) cwd=/work env=PATH=/bin path=/bin/sh vpath=/dev vpath=/proc vpath=/sys"

# With what is needed to read our own files, whatever their permissions are.
if [ "$(id -u)" -eq 0 ]; then open= ; else open="unshare --user --map-current-user --keep-caps"; fi
# Below tests/deny a user cannot make these files at all, and root tries it.
[ "$(id -u)" -eq 0 ] || [ -z "${REFUSED-}" ] || finish
$open true || { skip "replays at once" "no user namespaces"; finish; }

# Sixty directories and a file in each that keep everybody out.
make() {
	mkdir -p shut/rootfs/bin shut/rootfs/work
	cp "$busybox" shut/rootfs/bin/busybox
	for a in sh cat stat chmod; do ln -sf busybox shut/rootfs/bin/$a; done
	for a in 0 1 2 3 4 5; do
		for b in 0 1 2 3 4 5 6 7 8 9; do
			d=shut/rootfs/work/d$a$b
			mkdir -p $d/in && echo $a$b >$d/in/f && chmod 0 $d/in/f $d/in && chmod 0 $d
			modes="${modes-}0
0
0
" numbers="${numbers-}$a$b
"
		done
	done
	# shellcheck disable=SC2086
	$open "$TOOLS/recording" shut $plain -- sh -c 'stat -c %a d??; chmod 700 d??; stat -c %a d??/in; chmod 700 d??/in;
		stat -c %a d??/in/f; chmod 400 d??/in/f; cat d??/in/f'
	wanted=$(printf %s%s "$modes" "$numbers" | cksum)
	$open tar -cf shut.tar shut
}
make

same() { [ "$("$CARE" replay -v -1 --tree="$1" "$2" | cksum)" = "$wanted" ]; }
try "what keeps everybody out is replayed with what is in it" same copy shut.tar
try "… from a directory too" same copy shut
try "… and on an overlay" same overlay shut.tar

# A chmod is told by the time of change, whatever it changes to.
state() { $open find cache/care/????????????????????????????????/rootfs shut -printf '%p %m %C@\n' | sort; }
unchanged() {
	state >before && grep -q d59 before && same copy shut.tar && same copy shut && state >after && diff before after
}
try "a copy changes nothing in what it is made from, not for a moment" unchanged
get_put() {
	state >before
	"$CARE" replay -v -1 --put shut/rootfs/work/d00:/work/put --get /work/put shut -- sh -c 'stat -c %a put' >out || return
	grep -qx 0 out && [ "$(stat -c %a put)" = 0 ] && chmod 700 put put/in && chmod 600 put/in/f &&
		[ "$(cat put/in/f)" = 00 ] && state >after && diff before after
}
try "nor do --put and --get" get_put

at_once() { # HOW ARCHIVE
	pids= bad=
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$CARE" replay -v -1 --tree="$1" "$2" >once.$i 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || bad=1; done
	for i in 1 2 3 4 5 6 7 8 9 10; do [ "$(cksum <once.$i)" = "$wanted" ] || { head -3 once.$i; bad=1; }; done
	[ -z "$bad" ] && [ -z "$(find cache -name 'run.*' -o -name '*.partial' 2>/dev/null)" ]
}
try "ten at once are ten times the same" at_once copy shut.tar
try "… of a directory" at_once copy shut
try "… on overlays" at_once overlay shut.tar
cold() { chmod -R u+rwX cache && rm -rf cache && at_once copy shut.tar && [ "$(ls -d cache/care/*/rootfs | wc -l)" -eq 1 ]; }
try "… with nothing extracted yet, which is done once" cold

# Killed after as many milliseconds as it may take to copy, more and less.
killed() {
	state >before
	for ms in 004 008 012 016 020 030 040 060; do
		"$CARE" replay -v -1 --tree=copy shut.tar >killed.out 2>&1 &
		sleep .$ms
		kill -KILL $!
		wait $! 2>/dev/null
	done
	# Who died last may hold its lock a moment longer than its parent was there.
	for i in 1 2 3 4 5 6 7 8 9; do
		same copy shut.tar || return
		find cache -name 'run.*' 2>/dev/null | grep -q . || break
		sleep .1
	done
	state >after && diff before after && [ -z "$(find cache -name 'run.*' 2>/dev/null)" ]
}
try "killed at any time, they leave it as it is" killed

# As Ctrl-C, which a shell's background jobs ignore.
many() {
	mkdir -p many/rootfs/bin many/rootfs/work && cp "$busybox" many/rootfs/bin/busybox && ln -sf busybox many/rootfs/bin/sh &&
		(cd many/rootfs/work && seq 15000 | xargs touch) || return
	# shellcheck disable=SC2086
	"$TOOLS/recording" many $plain -- sh -c 'echo ran' && tar -cf many.tar many
}
gone() { [ -z "$(find many.cache -name 'run.*' -o -name '*.partial')" ]; }
ended() { # SIGNAL STATUS
	rm -rf many.cache
	XDG_CACHE_HOME=$PWD/many.cache "$CARE" replay many.tar >ended.out 2>&1 &
	until find many.cache -path '*.partial/rootfs/work' 2>/dev/null | grep -q .; do kill -0 $! || return; done
	kill -"$1" $!
	wait $!
	status=$?
	cat ended.out
	[ $status -eq "$2" ] && [ ! -s ended.out ] && { [ "$1" = KILL ] || gone; } &&
		[ "$(XDG_CACHE_HOME=$PWD/many.cache "$CARE" replay many.tar)" = ran ] && gone
}
many
try "a signal while unpacking ends it at once, with nothing left and nothing run" ended TERM 143
try "… a hangup too" ended HUP 129
try "… and what was killed is cleared away by the next" ended KILL 137

finish
