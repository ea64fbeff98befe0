#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A recording that is interrupted, killed, or runs out of space: the command's result is
# told, nothing of ours stays, and the archive is whole or can be repaired.
. "$TOP/tests/tap.sh"

shown() { cat out err; false; }
left() { ls -A "$HOME/.local/state/care" 2>/dev/null | grep . ; ls -d ./*.partial 2>/dev/null; }
nothing_left() { [ -z "$(left)" ] || { echo "left: $(left)"; false; }; }
# begun FILE: wait until the command has made FILE.
begun() {
	i=0
	until [ -e "$1" ]; do
		i=$((i + 1))
		[ $i -lt 600 ] || return 1
		sleep .05
	done
}
whole() { "$CARE" info "$1" >info 2>&1 && ! grep -qi partial info || { cat info; false; }; }

echo input >in
# A shell without job control lets its background commands ignore SIGINT.
if perl -e 1 2>/dev/null; then
	int_by_perl() {
		rm -f ready
		perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' "$CARE" -o a.tar \
			sh -c 'trap "exit 9" INT; cat in; : >ready; while :; do sleep .1; done' >out 2>err &
		begun ready && kill -INT -$! || return 1
		wait $!
		[ $? -eq 9 ] && whole a.tar && nothing_left || shown
	}
	try "Ctrl-C is the command's to answer; the archive is whole" int_by_perl
	int_dies() {
		rm -f ready
		perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' "$CARE" -o a.tar \
			sh -c 'cat in; : >ready; while :; do sleep .1; done' >out 2>err &
		begun ready && kill -INT -$! || return 1
		wait $!
		[ $? -eq 130 ] && whole a.tar && nothing_left || shown
	}
	try "a command that dies of Ctrl-C: 130, and the archive is whole" int_dies
fi
term() {
	rm -f ready
	"$CARE" -o a.tar sh -c 'cat in; : >ready; while :; do sleep .1; done' >out 2>err &
	begun ready && kill -TERM $! || return 1
	wait $!
	[ $? -eq 143 ] && whole a.tar && nothing_left || shown
}
try "SIGTERM to care ends the command; the archive is whole" term
survivors() {
	"$CARE" --kill-on-exit -o a.tar sh -c 'sleep 1000 & echo done' >out 2>err
	[ $? -eq 0 ] && whole a.tar && nothing_left || shown
}
try "--kill-on-exit does not wait for what is left" survivors

killed() {
	rm -f ready
	"$CARE" -o a.tar.zst sh -c 'cat in; : >ready; i=0; while :; do i=$((i + 1)); echo $i >n; sleep .1; done' >out 2>err &
	begun ready && sleep 4 && kill -KILL $! || return 1
	wait $!
	sleep .5
	"$CARE" repair >lines 2>err && grep -q '^care repair -o a.tar.zst ' lines || { cat lines; shown; return; }
	partial=$(sed -n 's/^care repair -o a.tar.zst //p' lines | head -1)
	"$CARE" info "$partial" | grep -qi partial || { echo "info does not say so"; return 1; }
	rm -f a.tar.zst
	"$CARE" repair -o a.tar.zst "$partial" 2>err && tar -xOf a.tar.zst "a/rootfs$PWD/in" | grep -q input || shown
}
try "SIGKILL of care leaves what repair completes, and repair finds it" killed
# In each format what tells of the run is safe as soon as the command is there.
killed_early() (
	XDG_STATE_HOME=$PWD/state
	export XDG_STATE_HOME
	for format in tar tar.gz tar.lzo tar.zst cpio.gz dir; do
		rm -rf ready early state
		"$CARE" --format "$format" -o early sh -c ': >ready; exec sleep 1000' >out 2>err &
		begun ready && sleep .3 && kill -KILL $! || return 1
		wait $!
		partial=$(find state -name '*.partial')
		"$CARE" repair -o early "$partial" 2>err && "$CARE" info early >out && grep -q '^command: .*exec sleep' out &&
			grep -q '^status: *unknown' out ||
			{ echo "$format: $partial"; shown; return; }
	done
	rm -rf early state
)
try "… also when its command had just begun" killed_early
before_all() {
	mkdir -p d.partial e.partial/rootfs && : >f.tar.gz.partial
	for left in d e f.tar.gz; do
		"$CARE" repair $left.partial 2>err
		[ $? -eq 123 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q "$left.partial: .*remove it" err && [ ! -e $left ] || { shown; return; }
	done
	rm -r ./*.partial
}
try "… and what care had only opened is to be removed" before_all
no_survivor() {
	a=$(cat n) && sleep .5 && [ "$(cat n)" = "$a" ]
}
try "SIGKILL of care ends the command with it" no_survivor
kept() {
	spool=$(echo "$HOME"/.local/state/care/*/)
	mv "$spool"/*.partial x.partial && cp a.tar.zst "$spool/a.tar.zst" &&
		"$CARE" -o b.tar cat in >out 2>err && [ -e "$spool/a.tar.zst" ] || { shown; return; }
	rm "$spool/a.tar.zst" && mv x.partial "$spool/a.tar.zst.partial"
}
try "the next run leaves what was repaired where it lay" kept
next_run() {
	rm -f "$HOME"/.local/state/care/*/*.partial
	"$CARE" -o a.tar cat in >out 2>err && nothing_left || shown
}
try "the next run clears away what a killed one left" next_run

# --- no space --------------------------------------------------------------------------------

head -c 20000000 /dev/urandom >big
limit() {
	(ulimit -f 4096; trap '' XFSZ; "$CARE" -o l.tar sh -c 'cat big >/dev/null; exit 5') >out 2>err
	[ $? -eq 124 ] && grep -q 'status 5' err && [ ! -e l.tar ] || { echo "status $?"; shown; }
}
try "ulimit -f: the command's status is told, 124" limit
quiet_limit() {
	(ulimit -f 4096; trap '' XFSZ; "$CARE" -v -1 -o l.tar sh -c 'cat big >/dev/null; exit 5') >out 2>err
	[ $? -eq 124 ] && grep -q 'status 5' err && grep -q 'care repair' err || { echo "status $?"; shown; }
}
try "… by -v -1 too, for there is no archive" quiet_limit
if [ "$(id -u)" -eq 0 ] && mkdir small && mount -t tmpfs -o size=2M none small 2>/dev/null; then
	full() {
		"$CARE" --spool small -o small/f.tar sh -c 'cat big >/dev/null; exit 5' >out 2>err
		[ $? -eq 124 ] && grep -q 'status 5' err && grep -qi 'space' err && [ ! -e small/f.tar ] || shown
	}
	try "a full disk: the command's status is told, 124" full
	umount small
	# Whole, but no room where it is to be: one thing to do, which does it.
	mkdir small2 && mount -t tmpfs -o size=200k none small2
	no_room() {
		"$CARE" -o small2/n.tar cat in >out 2>err
		[ $? -eq 124 ] && grep -q 'copy the archive to .*small2/n.tar: No space' err &&
			! grep -q 'archived until then' err && [ "$(grep -c 'care repair' err)" -eq 1 ] || { shown; return; }
		line=$(sed -n 's/.*not in its place: care repair -o FILE //p' err)
		"$CARE" repair -o moved.tar "$line" 2>err && whole moved.tar && [ ! -e "$line" ] && [ -z "$(ls small2)" ] &&
			"$CARE" -o a.tar cat in >out 2>err && nothing_left || shown
	}
	rm -rf "$HOME"/.local/state/care/*
	try "no room where the archive is to be: it is whole, and care repair moves it" no_room
	umount small2
fi
finish
