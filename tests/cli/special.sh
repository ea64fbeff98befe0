#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# FIFOs and sockets that were there before: who is at their other end is nothing to archive.
# A replay that uses them meets those of its own machine, as CARE's did.
. "$TOP/tests/tap.sh"
needs_recording
perl -MIO::Socket::UNIX -e 1 2>/dev/null || { skip "FIFOs and sockets of others" "no perl"; finish; }

shown() { cat out err; false; }
cat >serve.pl <<'END'
my $l = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die;
open my $go, ">", "listening"; close $go;
while (my $c = $l->accept) { print $c "served\n"; close $c }
END
ask='perl -MIO::Socket::UNIX -e "print IO::Socket::UNIX->new(Peer => q(s))->getline"; cat p; ls -F'
serve() {
	rm -f listening "work/s"
	(cd work && exec perl -MIO::Socket::UNIX ../serve.pl s) &
	server=$!
	until [ -e work/listening ]; do
		kill -0 $server || return
		sleep .05
	done
	rm work/listening
}
mkdir work && mkfifo work/p && serve || exit
trap 'kill $server 2>/dev/null' EXIT

wanted="served
through
p|
s="
recorded() {
	(echo through >work/p) &
	(cd work && "$CARE" -o ../a.tar sh -c "$ask") >out 2>err && [ "$(cat out)" = "$wanted" ] || shown
}
try "a command talks to them" recorded
replays() {
	(echo through >work/p) &
	"$CARE" replay a.tar >out 2>err && [ "$(cat out)" = "$wanted" ] && [ ! -s err ] || shown
}
try "a replay finds them where they were" replays
planned() {
	"$CARE" replay --plan a.tar | grep -c "^bind .*$PWD/work/[ps]" | grep -qx 2 &&
		tar -xOf a.tar a/re-execute.sh | grep -c -- "-b '$PWD/work/[ps]'" | grep -qx 2
}
try "--plan and re-execute.sh bind them" planned
looked_at() {
	"$CARE" -o l.tar sh -c 'ls -F work' >/dev/null 2>&1 && "$CARE" replay --plan l.tar >plan &&
		grep -q ^namespaces plan && not grep "work/[ps]" plan
}
try "what was only looked at is not bound" looked_at

kill $server
mv work gone
named_once() {
	"$CARE" replay a.tar -- sh -c 'ls -F' >out 2>err
	[ "$(cat out)" = "p|
s=" ] && [ "$(grep -c "$PWD/work/s" err)" -eq 1 ] && [ "$(grep -c "$PWD/work/p" err)" -eq 1 ] || shown
}
try "those that are missing at a replay are named once, and something of their kind is there" named_once
extracted() {
	"$CARE" extract -v -1 -C e a.tar && [ -S "e/a/rootfs$PWD/work/s" ] && [ -p "e/a/rootfs$PWD/work/p" ]
}
try "care extract makes the socket that no tar can hold" extracted
archived() {
	mv gone work
	(cd work && "$CARE" -d -o ../d.tar ls -F) >out 2>err && "$CARE" info --manifest d.tar >m &&
		grep -q '/work/p".*"type":"fifo"' m && not grep '/work/[ps]".*"content":"volatile"' m || shown
}
try "with -d they are the archive's" archived
finish
