#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a recording keeps of a file beside its bytes comes back in every format, what was found
# but not used can be tried, and the same run recorded twice gives the same archive.
# alone
. "$TOP/tests/tap.sh"
needs_recording

shown() { cat out err; false; }

# --- metadata --------------------------------------------------------------------------------

mkdir w && cd w || exit
echo f >f; ln f second; ln -s f link; truncate -s 3M sparse; printf x >>sparse; mkdir d ro shut; echo x >d/x; mkfifo fifo
echo r >ro/r; echo s >shut/s; echo old >ancient
looks='stat -c "%n %F %a %.9Y %h %s" f second link sparse d ro shut ancient; tail -c 1 sparse; cat f second d/x ro/r ancient; test -p fifo
	du -k sparse | awk "{ print \$1 < 1000 }"; chmod 700 shut; cat shut/s'
have_xattr= have_acl=
setfattr -n user.note -v 'two words' f 2>/dev/null && have_xattr=1 && looks="$looks; getfattr -d f"
# Others' ids mean nothing to a user's replay.
setfacl -m "u:$(id -u):r,g:$(id -g):rw" f 2>/dev/null && have_acl=1 && looks="$looks; getfacl -cn f"
# Only root makes these, and only a replay of his has them.
if [ "$(id -u)" -eq 0 ]; then
	mknod null c 1 3 && mknod block b 7 99 && looks="$looks; stat -c '%F %t %T' null block; echo lost >null"
	cp /bin/true able && setcap cap_net_raw+ep able && looks="$looks; getcap able; ./able"
	chown 12:34 second && looks="$looks; stat -c %u:%g f"
fi
find . ! -name shut -exec touch -h -d '2011-12-13 14:15:16.123456789' {} +
touch -d @-100000.123456789 ancient	# before 1970
chmod 555 ro; chmod 0 shut; touch -d '2010-01-02 03:04:05.987654321' shut
expected=$(sh -c "$looks" 2>/dev/null)
chmod 0 shut; touch -d '2010-01-02 03:04:05.987654321' shut
enough() { [ "$have_xattr" ] && [ "$have_acl" ] && [ "$(echo "$expected" | wc -l)" -gt 19 ] || { echo "$expected"; false; }; }
try "there is an attribute and an access control list to lose" enough
cd .. || exit
formats='tar gnutar cpio cpio-odc tar.gz cpio.lzo tar.zst tar.lzo.bin'
for f in $formats dir; do
	(cd w && chmod 700 shut && chmod 0 shut && touch -d '2010-01-02 03:04:05.987654321' shut &&
		"$CARE" -v -1 --format=$f -o ../a.$f sh -c "$looks") >recorded.$f 2>err.$f
done
mv w gone
for f in $formats dir; do
	same() { [ "$(cat recorded.$f)" = "$expected" ] || { echo "$expected" | diff - recorded.$f; cat err.$f; false; }; }
	try "$f: recorded, a command sees what it saw" same
	back() {
		"$CARE" replay -v -1 a.$f >out 2>err
		[ "$(cat out)" = "$expected" ] || { echo "$expected" | diff - out; cat err; false; }
	}
	try "$f: and replayed" back
done

# --- what was found, not used ------------------------------------------------------------------

mkdir -p p/bin p/two && for x in one two three; do printf '#!/bin/sh\necho %s\n' $x >p/bin/$x; done
chmod +x p/bin/*
cd p && PATH=$PWD/bin:$PATH "$CARE" -v -1 -o ../p.tar sh -c 'command -v two; test -x bin/three; one' >../out 2>../err
cd .. && mv p gone-p
another() { [ "$("$CARE" replay -v -1 p.tar "$1")" = "$2" ]; }
try "what a search along PATH found can be run instead" another two two
try "and what was asked whether it could be executed" another "$PWD/p/bin/three" three
big() {
	head -c 3000000 /dev/urandom >big
	"$CARE" -v -1 -m 4096 -o m.tar cat big >/dev/null && [ "$(wc -c <m.tar)" -gt 3000000 ]
}
try "-m 4096 is four thousand megabytes, not an overflow" big

# --- how the archive is written --------------------------------------------------------------------

format() {
	"$CARE" -v -1 --format=tar.zst -o odd.name true && [ "$(head -c 4 odd.name | od -An -tx1)" = " 28 b5 2f fd" ]
}
try "--format is stronger than the name" format
level() {
	for l in 1 19; do "$CARE" -v -1 --compress-level=$l -o $l.tar.zst true || return; done
	[ "$(wc -c <19.tar.zst)" -lt "$(wc -c <1.tar.zst)" ]
}
try "a higher --compress-level makes it smaller" level
streamed() {
	(cd gone && "$CARE" -v -1 --format=cpio.gz -o - true) | gzip -dc | cpio -t --quiet | grep -q 'rootfs/usr'
}
try "-o - writes the format that --format says" streamed
# One process after the other, for which of two comes first is the kernel's to say; and
# directories are recorded with their times, those above ours too: others must have kept still.
mkdir r r/one r/two r/work && echo in >r/work/in
above() { d=$PWD/r/work; while [ "$d" ]; do stat -c '%n %y' "$d"; d=${d%/*}; done; stat -c '%n %y' /; }
twice() {
	for i in 1 2 3 4 5 6 7 8; do
		rm -f r/one/* r/two/*
		above >before
		for d in one two; do
			(cd r/work && "$CARE" -v -1 -d --reproducible -o ../$d/a.tar.zst sh -c 'cat in; ls -l in; (exit 3); true') >/dev/null || return
		done
		above >after
		! cmp -s before after || break
	done
	cmp before after && cmp r/one/a.tar.zst r/two/a.tar.zst && "$CARE" info r/one/a.tar.zst >info && grep -q '^status: *exit 0' info
}
try "--reproducible: recorded twice, the bytes are the same" twice
# Where everybody may write, only what is this user's own can be told apart.
places() { find /tmp -maxdepth 1 -name 'care-??????' -user "$(id -un)"; }
private_places() {
	places | sort >before
	"$CARE" -v -1 $1 -o ../x.tar sh -c ': >ready; until [ -e go ]; do sleep .05; done' &
	until [ -e ready ]; do kill -0 $! || return; sleep .05; done
	places | sort | comm -13 before - >new
	: >go
	wait $! && rm go ready && wc -l <new
}
untouched() {
	cd r/work && usual=$(private_places) && mine=$(private_places --reproducible)
	echo "usually $usual, reproducible $mine"
	[ "$usual" -gt 0 ] && [ "$mine" -eq 0 ]
}
[ "$(id -u)" -eq 0 ] || try "--reproducible does not change the time of /tmp" untouched

finish
