#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What was only looked at is archived without its bytes: a replay sees its size and times
# all the same, however the archive came to be a directory.
. "$TOP/tests/tap.sh"
needs_recording

mkdir work && cd work || exit
seq 1000 >seen; seq 2000 >read-only; : >empty
touch -d '2001-02-03 04:05:06.789 UTC' seen read-only empty
chmod 444 read-only
looks='stat -c "%n %s %a %Y" seen read-only empty'
expected=$(sh -c "$looks")
for f in dir/ x.tar x.cpio.gz; do "$CARE" -v -1 -o "../$f" sh -c "$looks" >/dev/null || exit; done
cd ..
mv work gone

shows() {	# COMMAND...
	got=$("$@") || return
	[ "$got" = "$expected" ] || { echo "$got"; false; }
}
try "an archive that is a file" shows "$CARE" replay -v -1 x.tar
try "an archive that is a directory" shows "$CARE" replay -v -1 dir
in_dir() { cp -a dir copy && shows env PROOT="$CARE" copy/re-execute.sh; }
try "… and its re-execute.sh" in_dir
by_care() { "$CARE" extract -v -1 -C by-care x.tar && shows env PROOT="$CARE" by-care/x/re-execute.sh; }
try "re-execute.sh of what care extracted" by_care
by_tar() {
	mkdir by-tar && tar -C by-tar -xf x.tar && shows "$CARE" replay -v -1 by-tar/x &&
		[ ! -s "by-tar/x/rootfs$PWD/work/seen" ]
}
try "care replay of what tar extracted, which stays as it is" by_tar
by_tar_script() { shows env PROOT="$CARE" by-tar/x/re-execute.sh; }
try "re-execute.sh of what tar extracted" by_tar_script
by_cpio() {
	mkdir by-cpio && (cd by-cpio && gzip -dc ../x.cpio.gz | cpio -idm --quiet) || return
	shows "$CARE" replay -v -1 by-cpio/x && shows env PROOT="$CARE" by-cpio/x/re-execute.sh
}
try "both of what cpio extracted" by_cpio
emptied() {
	f=by-tar/x/rootfs$PWD/work/seen
	[ -s "$f" ] && : >"$f" && PROOT="$CARE" by-tar/x/re-execute.sh >/dev/null && [ ! -s "$f" ]
}
try "what was emptied since stays empty" emptied
space() { [ "$(du -k "dir/rootfs$PWD/work/seen" | cut -f1)" -eq 0 ]; }
try "none of it takes space" space

# The cookie of an X server is the other machine's: not even its size stands in for it.
volatile_is_empty() {
	mkdir keys && echo secret >keys/cookie
	for f in v/ v.tar; do
		XAUTHORITY=$PWD/keys/cookie "$CARE" -v -1 -o $f cat keys/cookie || return
	done
	"$CARE" extract -v -1 -C by-care v.tar || return
	for f in v by-care/v; do
		f=$f/rootfs$PWD/keys/cookie
		[ -f "$f" ] && [ ! -s "$f" ] || { ls -l "$f"; return 1; }
	done
}
try "a volatile file is empty in every archive" volatile_is_empty

finish
