#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care replay and care verify, on recordings made by hand: what the command gets, what
# becomes of what it writes, and what is left behind.
set -u
. "$TOP/tests/tap.sh"

busybox=$(command -v busybox) || { skip "care replay" "there is no busybox"; finish; }
XDG_CACHE_HOME=$PWD/cache
export XDG_CACHE_HOME
uid=$(id -u) gid=$(id -g)

# make DIR [KEY=VALUE]... -- COMMAND...
make() {
	mkdir -p "$1/rootfs/bin" "$1/rootfs/work/sub" "$1/rootfs/tmp" "$1/rootfs/etc"
	cp "$busybox" "$1/rootfs/bin/busybox"
	for a in sh cat env id ls kill pwd ps sleep stat mkdir chmod touch rm mv wc readlink true; do
		ln -sf busybox "$1/rootfs/bin/$a"
	done
	echo input >"$1/rootfs/work/in"
	echo names >"$1/rootfs/etc/resolv.conf"
	: >"$1/rootfs/etc/placeholder"
	"$TOOLS/recording" "$@"
}
plain="uid=$uid gid=$gid cwd=/work env=PATH=/bin path=/bin/sh vpath=/dev vpath=/proc vpath=/sys"

replay() { "$CARE" replay -v -1 "$@"; }

# gives STATUS OUTPUT COMMAND…: standard output and status of a replay
gives() {
	want_status=$1 want=$2
	shift 2
	"$@" >out
	status=$?
	[ "$status" = "$want_status" ] && [ "$(cat out)" = "$want" ] || { echo "status $status"; cat out; return 1; }
}

# Nothing is left behind but trees in the cache.
no_debris() { [ -z "$(find cache -name 'run.*' -o -name '*.partial' 2>/dev/null)" ]; }

make a $plain status=3 env=A=1 env=X=recorded venv=X umask=027 ignore=1 nofile=77 stdin=/work/in offset=2 fd3=/work/in -- \
	sh -c 'cat; pwd; umask; ulimit -n; echo "$A ${X-unset} ${SECRET-unset} $(id -u):$(id -g)"; kill -HUP $$; echo more >&3; cat in; exit 3'
everything='put
/work
0027
77
1 here unset '$uid:$gid'
input
more'
for tree in auto copy overlay; do
	try "a command gets what it had in the recording (tree: $tree)" \
		gives 3 "$everything" env X=here SECRET=1 "$CARE" replay -v -1 --tree=$tree a
done
untouched() { [ "$(cat a/rootfs/work/in)" = input ]; }
try "the archive is left as it was" untouched
try "nothing is left in the cache of a directory's replay" no_debris

pack() {
	tar -cf a.tar a && tar -czf a.tar.gz a && zstd -q a.tar && mv a.tar.zst b.tar.zst &&
		find a | cpio --quiet -o -H newc | gzip >a.cpio.gz
}
try "archives can be packed by hand" pack
for f in a.tar a.tar.gz b.tar.zst a.cpio.gz; do
	for time in first second; do
		try "$f replays, the $time time" gives 3 "$everything" env X=here "$CARE" replay -v -1 $f
	done
done
try "without the cache too" gives 3 "$everything" env X=here "$CARE" replay -v -1 --no-cache a.tar
try "nothing is left but trees" no_debris

told() {
	"$CARE" replay a >/dev/null 2>err
	[ "$(wc -l <err)" -eq 1 ] && grep '/work/in.*--keep' err
}
try "one line says what was written and how to keep it" told
diff_lists() {
	"$CARE" replay --diff a.tar -- sh -c 'echo x >>in; >new; rm /etc/resolv.conf; chmod 600 /etc/placeholder
		mkdir d; >d/f; mv sub sub2' 2>err >out || return
	grep -v ^care: err >got
	printf '~ /etc/placeholder\n- /etc/resolv.conf\n+ /work/d\n+ /work/d/f\n* /work/in\n+ /work/new\n- /work/sub\n+ /work/sub2\n' | diff - got
}
try "--diff lists what was changed" diff_lists
diff_overlay() {
	make o $plain -- sh -c 'echo x >>in; rm /etc/resolv.conf; >new'
	tar -cf o.tar o
	"$CARE" replay --tree=overlay --diff o.tar 2>&1 >/dev/null | grep -v ^care: >got
	printf -- '- /etc/resolv.conf\n* /work/in\n+ /work/new\n' | diff - got
}
try "--diff tells the same of an overlay" diff_overlay

# The recorded words given again are the recorded command: an overlay, and its status is known.
same_words() {
	"$CARE" replay --plan o.tar -- sh -c 'echo x >>in; rm /etc/resolv.conf; >new' >got
	# Where mounts are refused it is a copy in any case.
	{ [ "${REFUSED-}" ] || grep "changes going to" got; } && ! "$CARE" replay --plan o.tar -- sh -c 'echo x >>in' | grep "changes going to"
}
try "the recorded command given again is the recorded one" same_words

keep() {
	replay --keep kept a.tar -- sh -c 'echo more >>in; mkdir -p /x/y; chmod 0 /x/y' &&
		[ "$(cat kept/rootfs/work/in)" = "input
more" ] && [ -x kept/re-execute.sh ] && gives 0 "input
more" replay kept -- cat in && no_debris && chmod 700 kept/rootfs/x/y
}
try "--keep leaves an archive that replays" keep
keep_existing() {
	mkdir there && touch there/mine
	"$CARE" replay --keep there a; [ $? -eq 125 ] && [ -e there/mine ] && no_debris
}
try "--keep into what is there already is refused, and that stays" keep_existing
in_place() {
	cp -r a inplace && replay --in-place inplace -- sh -c 'echo more >>in' &&
		[ "$(cat inplace/rootfs/work/in)" = "input
more" ]
}
try "--in-place changes the directory" in_place
in_place_packed() { "$CARE" replay --in-place a.tar 2>err; [ $? -eq 125 ] && grep directory err; }
try "--in-place of a packed archive is refused" in_place_packed

put_get() {
	echo new >input.txt
	mkdir -p indir/sub && echo deep >indir/sub/f
	replay --put input.txt:/work/in --put indir:/new/place --get /work/result --get /work/in:got.in a.tar -- \
		sh -c 'cat in /new/place/sub/f >result' && [ "$(cat result)" = "new
deep" ] && [ "$(cat got.in)" = new ] && [ "$(cat a/rootfs/work/in)" = input ]
}
try "--put brings inputs, --get takes results" put_get
get_stays_inside() {
	echo secret >outside
	replay --get /work/link:stolen a -- sh -c "ln() { busybox ln \"\$@\"; }; ln -s $PWD/outside link" 2>/dev/null
	[ ! -e stolen ] || [ "$(cat stolen)" != secret ]
}
try "--get does not follow a link of the archive out of it" get_stays_inside
put_stays_inside() {
	cp -r a evil && ln -s "$PWD" evil/rootfs/out && echo mine >victim && echo theirs >new
	replay --put new:/out/victim evil -- true
	[ "$(cat victim)" = mine ]
}
try "--put does not follow a link of the archive out of it" put_stays_inside
put_shut() {
	cp -r a shut && mkdir shut/rootfs/shut && chmod 555 shut/rootfs/work && chmod 0 shut/rootfs/shut
	echo new >input.txt
	gives 0 "new
new" replay --put input.txt:/work/more/in --put input.txt:/work/in --get /work/secret:secret shut -- \
		sh -c 'cat in more/in; busybox cp in secret; chmod 0 secret' && chmod 400 secret && [ "$(cat secret)" = new ]
}
try "--put and --get are not kept out by recorded permissions" put_shut
set_ids() {
	cp -r a ids && cp ids/rootfs/bin/busybox ids/rootfs/work/prog && chmod 6755 ids/rootfs/work/prog || return
	tar -cf ids.tar --owner=12:34 ids
	for x in ids ids.tar "--no-cache ids.tar" "--tree=overlay ids.tar"; do
		gives 0 6755 replay $x -- stat -c %a /work/prog || return
	done
	[ "$(id -u)" -ne 0 ] || return 0
	for x in "" --no-cache; do
		replay $x --keep ids.kept ids.tar -- true && [ -x ids.kept/rootfs/work/prog ] &&
			[ ! -u ids.kept/rootfs/work/prog ] && [ ! -g ids.kept/rootfs/work/prog ] || return
		rm -rf ids.kept
	done
}
try "set-id bits are seen, but what is kept gives nobody our rights" set_ids

put_links() {
	mkdir -p pair && echo one >pair/a && ln -f pair/a pair/b
	gives 0 2 replay --put pair:/work/ a -- stat -c %h pair/b
}
try "--put keeps hard links" put_links
get_missing() {
	"$CARE" replay -v -1 --get /work/none a -- sh -c 'exit 4' 2>err; [ $? -eq 4 ] && grep none err || return
	"$CARE" replay -v -1 --get /work/none a -- true 2>err; [ $? -eq 125 ]
}
try "--get of what is not there is told, and does not hide the command's status" get_missing

linked_root() {
	mkdir evil2 && cp a/manifest.json evil2/ && ln -s / evil2/rootfs
	for how in --tree=copy --tree=overlay --in-place; do
		"$CARE" replay $how evil2 -- sh -c 'echo >/tmp/owned' 2>err; [ $? -eq 123 ] || return
	done
}
try "a rootfs that is a link to this machine is refused" linked_root
linked_points() {
	cp -r a evil3 && mkdir target && ln -s "$PWD/target" evil3/rootfs/dev && ln -s ../../../../../../../../.. evil3/rootfs/up
	replay -p "$PWD/input.txt:/dev/made/here" -p "$PWD/input.txt:/up$PWD/target/there" evil3 -- true &&
		[ -z "$(ls -A target)" ]
}
try "mount points are made below the tree, whatever its links say" linked_points

echo host >hostfile
try "-p shows this machine's file" gives 0 host replay -p "$PWD/hostfile:/work/in" a -- cat in
written_through() { replay -p "$PWD/hostfile:/work/in" a -- sh -c 'echo more >>in' && [ "$(wc -l <hostfile)" -eq 2 ]; }
try "-p is writable" written_through
read_only() { ! replay -r "$PWD/hostfile:/work/in" a -- sh -c 'echo more >>in' 2>err && [ "$(wc -l <hostfile)" -eq 2 ]; }
try "-r is not" read_only
try "-e takes a variable from here" gives 0 9 env A=9 "$CARE" replay -v -1 -e A a -- sh -c 'echo $A'
try "names are the archive's" gives 0 names replay a -- cat /etc/resolv.conf
missing_volatile() {
	make mv $plain vpath=/no/such -- true
	"$CARE" replay mv 2>err && [ ! -s err ] && [ ! -e mv/rootfs/no ]
}
try "a volatile path that was never used is not missed" missing_volatile

try "the status of a signal is 128 and its number" gives 143 "" replay a -- sh -c 'kill -TERM $$'
try "a command that is not there is 127" gives 127 "" replay a -- no-such-command
not_executable() { replay a -- /etc/resolv.conf 2>err; [ $? -eq 126 ]; }
try "one that may not be run is 126" not_executable
tells_status() {
	make st $plain status=3 -- sh -c 'exit 4'
	"$CARE" replay st >out 2>err; [ $? -eq 4 ] && grep 'status 4, it was 3' err && [ ! -s out ]
}
try "a status that differs is told on standard error" tells_status
passes_stdin() { [ "$(echo from here | replay a -- cat)" = "from here" ]; }
try "another command reads our standard input" passes_stdin
try "a program that lacks its interpreter says so" eval '
	cp "$(command -v ls)" a/rootfs/bin/dynamic; "$CARE" replay a -- /bin/dynamic 2>err; [ $? -eq 127 ] && grep "does not have" err'

exe() { gives 0 /bin/busybox replay a -- readlink /proc/self/exe; }
try "/proc/self/exe is the recorded path" exe
# Where namespaces are refused nothing can stand in for these.
isolated() {
	if [ "${REFUSED-}" ]; then
		shift 2
		"$@" 2>err
		[ $? -eq 125 ] && grep 'does not let us make the namespaces' err
	else
		gives "$@"
	fi
}
try "an own pid namespace has its own /proc" isolated 5 2 replay --isolate=pid a -- sh -c 'echo $$; exit 5'
try "an own network has only a loopback that is up" isolated 0 "lo: UP" replay --isolate=net a -- \
	sh -c 'for d in /sys/class/net/*; do :; done; busybox ifconfig | while read -r x y; do case $x in UP) echo lo: UP;; esac; done'

placeholder() {
	make ph $plain placeholder=/etc/placeholder -- cat /etc/placeholder
	"$CARE" replay ph 2>err >out && grep '/etc/placeholder.*not in the archive' err
	"$CARE" replay --strict ph 2>err; [ $? -eq 122 ]
}
try "a placeholder that is opened is named, and fails with --strict" placeholder
placeholder_stat() {
	"$CARE" replay --strict ph -- sh -c 'ls -l /etc >/dev/null; stat /etc/placeholder >/dev/null; [ -r /etc/placeholder ]' 2>err &&
		[ ! -s err ]
}
try "one that is only looked at is not" placeholder_stat
placeholder_again() {
	"$CARE" replay --strict ph -- sh -c 'rm /etc/placeholder; echo own >/etc/placeholder; cat /etc/placeholder' 2>err >out &&
		[ "$(cat out)" = own ] && ! grep 'not in' err
}
try "nor one that the command made anew" placeholder_again
placeholder_overlay() {
	tar -cf ph.tar ph
	"$CARE" replay --tree=overlay --strict ph.tar 2>err >out; [ $? -eq 122 ]
}
try "an overlay is watched as well" placeholder_overlay

debris() {
	replay a -- sh -c 'mkdir -p x/y/z; >x/y/z/f; chmod 0 x/y/z x/y x'
	i=0; deep=x
	replay a.tar -- sh -c 'i=0; while [ $i -lt 300 ]; do mkdir dddddddddddddddddddd; cd dddddddddddddddddddd; i=$((i+1)); done; >f; chmod 0 .'
	no_debris
}
try "directories without permissions and deep ones are removed" debris
# A replay that ended too early is a zombie, which kill -0 finds.
started() {
	while ! grep -q started err; do
		case $(cut -d' ' -f3 "/proc/$1/stat") in
		Z | '') cat err; return 1 ;;
		esac
		sleep 0.05
	done
}
interrupted() {
	rm -f err	# which may say so since the test before
	"$CARE" replay a -- sh -c 'echo started >&2; while :; do sleep 0.05; done' 2>err &
	pid=$!
	while [ ! -e err ]; do sleep 0.05; done
	started $pid || return
	kill -INT $pid; kill -TERM $pid; wait $pid
	[ $? -ge 128 ] && no_debris
}
try "an interrupted replay leaves nothing" interrupted
# More than one is sent: some come while it removes its tree.
impatience() {
	rm -f err
	"$CARE" replay a -- sh -c 'echo started >&2; while :; do sleep 0.05; done' 2>err &
	pid=$!
	while [ ! -e err ]; do sleep 0.05; done
	started $pid || return
	while kill -TERM $pid && [ "$(cut -d' ' -f3 /proc/$pid/stat)" != Z ]; do :; done
	wait $pid
	[ $? -ge 128 ] && no_debris
}
try "nor one that is interrupted again and again" impatience
killed() {
	"$CARE" replay a -- sh -c 'echo started >&2; while :; do sleep 0.05; done' 2>err &
	pid=$!
	started $pid || return
	kill -KILL $pid; wait $pid 2>/dev/null
	replay a -- true && no_debris
}
try "what a killed one left is removed by the next" killed
at_once() {
	pids= bad=
	for i in 1 2 3 4 5 6 7 8; do
		"$CARE" replay -v -1 --no-cache --tree=copy a.tar -- true >once.$i 2>&1 &
		pids="$pids $!"
	done
	for pid in $pids; do wait "$pid" || bad=1; done
	cat once.*
	[ -z "$bad" ] && [ -z "$(cat once.*)" ] && not ls "$HOME"/.cache/care/run.*
}
try "several at once leave each other alone, and nothing behind" at_once
background() {
	replay a -- sh -c '(sleep 1; echo late) & echo early; exit 3' >out; [ $? -eq 3 ] && [ "$(cat out)" = "early
late" ] && no_debris
}
try "all that the command started is awaited, and its own status counts" background
kill_on_exit() { gives 0 early replay --kill-on-exit a -- sh -c 'sleep 1000 & echo early'; }
try "--kill-on-exit ends what is left" kill_on_exit

full() { XDG_CACHE_HOME=/dev/full HOME=/dev/null gives 0 ok "$CARE" replay a -- busybox echo ok; }
try "without a home the files go elsewhere" full
evicted() {
	replay --cache-size 1K a.tar -- true && replay --cache-size 1K b.tar.zst -- true
	[ "$(find cache/care -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 1 ]
}
try "the cache keeps to its size" evicted
looked_for() { # a tree too much, which only who looks at all trees can find
	tree=cache/care/0123456789abcdef0123456789abcdef
	mkdir -p $tree && echo 9000000000000 >$tree/stamp
}
unlooked() { replay b.tar.zst -- true && looked_for && replay b.tar.zst -- true && [ -e $tree ]; }
try "what is extracted already starts without a look at the others" unlooked
looked() { looked_for && replay --no-cache a.tar -- true && replay a.tar -- true && [ ! -e $tree ]; }
try "… and what is extracted anew makes them fit" looked
# A boot ago, and then the power went: names are there, their files are short.
another_boot() { for s in cache/care/*/stamp; do sed -i 's/[^ ]*$/another-boot/' "$s"; done; }
tree_of_a() { for t in cache/care/*/rootfs/work/in; do echo "$t"; done; }
survived() {
	rm -rf cache && replay a.tar -- true && another_boot &&
		ls -i "$(tree_of_a)" >before && replay a.tar -- true && ls -i "$(tree_of_a)" | cmp - before &&
		! grep another-boot cache/care/*/stamp
}
try "an extracted tree serves after a reboot" survived
power_cut() {
	for damage in ': >' 'rm -f' 'rm -f cache/care/*/stamp; : >'; do
		another_boot && eval "$damage $(tree_of_a)" && gives 0 input "$CARE" replay -v -1 a.tar -- cat in || return
	done
	no_debris
}
try "… but not if a power cut took some of it" power_cut
emptied() {
	chmod -R u+rwX cache && rm -rf cache/care/*/rootfs && gives 0 input "$CARE" replay -v -1 a.tar -- cat in
}
try "… nor if somebody emptied it" emptied
no_room() {
	if [ "$(id -u)" -eq 0 ]; then own=-m; else own=-rm; fi
	mkdir -p room && unshare $own sh -c 'mount -t tmpfs -o size=200k none room && XDG_CACHE_HOME=$PWD/room "$CARE" replay a.tar -- true
		echo $?; find room -name "*.partial" -o -name "run.*"' >out 2>err
	cat out err
	[ "$(cat out)" = 125 ] && [ "$(wc -l <err)" -eq 1 ] && grep "room to extract.*/room.*XDG_CACHE_HOME" err
}
if unshare -rm true 2>/dev/null; then try "no room for the files: one sentence says where, and nothing stays" no_room; fi
twice() {
	rm -rf cache
	replay a.tar -- true & replay a.tar -- true & replay a.tar -- true; r=$?
	wait
	[ $r -eq 0 ] && [ "$(find cache/care -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 1 ]
}
try "replays at the same time share one tree" twice

# What is traced is stopped as "t".
state_is() { for _ in 1 2 3 4 5 6 7 8 9; do ! grep -qi ") $2 " "/proc/$1/stat" || return 0; sleep .3; done; false; }
stopped_again() { # as by fg and Ctrl-Z before care gets to run
	"$CARE" replay a.tar -- sh -c 'kill -STOP $$; echo on; kill -STOP $$; echo again' >out 2>err &
	care=$!
	state_is $care T && child=$(cat /proc/$care/task/$care/children) && kill -CONT $child &&
		until grep -q on out; do sleep .1; done && state_is $child T &&
		kill -CONT $care && state_is $care T && ! grep -q again out
	r=$?
	kill -CONT $care
	wait $care && [ $r -eq 0 ] && grep again out
}
stopped_both() {
	"$CARE" replay a.tar -- sh -c 'kill -STOP $$; echo again' >out 2>err &
	care=$!
	state_is $care T && ! grep -q again out
	r=$?
	kill -CONT $care
	wait $care && [ $r -eq 0 ] && grep again out
}
try "a command that is stopped stops care, and goes on with it" stopped_both
# A tracer that is stopped holds the command too.
[ "${REFUSED-}" ] || try "a command that is stopped again stays so until it is continued" stopped_again

# Owners: everything belongs to one id, and permissions are what the recorded user had.
if [ "$uid" -ne 0 ]; then
	make own uid=1234 gid=55 cwd=/work env=PATH=/bin path=/bin/sh owner=/etc/resolv.conf:0:0 owner=/etc:0:0 \
		owner=/etc/placeholder:0:0 -- sh -c 'id -u; id -g; echo x >/etc/resolv.conf; >/etc/new; echo mine >>in; stat -c %u:%g in'
	projected() {
		gives 0 "1234
55
1234:55" replay own 2>err && grep "/etc/resolv.conf: Permission denied" err && grep '/etc/new: Permission denied' err
	}
	try "permissions are those of the recorded user" projected
	cp -r own ownp && tar -cf own.tar -C ownp . --transform 's,^\.,own,' 2>/dev/null
	projected_packed() { gives 0 "1234
55
1234:55" replay own.tar 2>err && grep '/etc/new: Permission denied' err; }
	try "from a packed archive too" projected_packed
	locked() {
		mkdir -p locked/rootfs/work/sub && echo deep >locked/rootfs/work/sub/f && chmod 0 locked/rootfs/work/sub
		make locked $plain -- sh -c 'chmod 700 sub && cat sub/f'
		gives 0 deep replay locked && [ "$(stat -c %a locked/rootfs/work/sub)" = 0 ] || return
		# Packed, its permissions come from the manifest.
		chmod 700 locked/rootfs/work/sub && tar -cf locked.tar locked && gives 0 deep replay locked.tar
	}
	try "a directory without permissions is copied with what is in it" locked
	granted='^ids.*granted'
	ranges() {
		make ranges uid=0 gid=0 cwd=/work env=PATH=/bin path=/bin/sh changed_ids=1 owner=/work/in:33:44 -- \
			sh -c 'stat -c %u:%g in; busybox chown 1:2 in && stat -c %u:%g in; busybox su nobody -s /bin/id; >new; chmod 700 sub; busybox chown 7 sub'
		echo nobody:x:65534:65534::/:/bin/sh >ranges/rootfs/etc/passwd
		tar -cf ranges.tar ranges
		"$CARE" replay --plan ranges.tar | grep "$granted" || return
		for a in ranges ranges.tar; do
			gives 0 "33:44
1:2
uid=65534(nobody) gid=65534 groups=65534" replay --get /work/new $a && [ "$(stat -c %u new)" = "$uid" ] && no_debris || return
		done
	}
	# By translation none have to be granted.
	if [ "${REFUSED-}" ]; then
		granted='^ids.*one:'
		try "a recording that changed ids has true owners" ranges
	elif command -v newuidmap >/dev/null && grep -q "^$(id -un):" /etc/subuid; then
		try "a recording that changed ids has true owners in granted ranges" ranges
	else
		skip "a recording that changed ids has true owners in granted ranges" "no ids are granted to this user"
	fi
	make root uid=0 gid=0 cwd=/work env=PATH=/bin path=/bin/sh -- sh -c 'id -u; chmod 0 in; cat in; stat -c %u in'
	try "what root recorded runs as root" gives 0 "0
input
0" replay root
else
	make own uid=1234 gid=55 cwd=/work env=PATH=/bin path=/bin/sh -- sh -c 'id -u; id -g; echo x >>in'
	becomes() { gives 1 "1234
55" replay own 2>err && grep 'Permission denied' err; }
	try "root becomes whoever recorded" becomes
fi
# As in a container without granted ids.
make lone uid=1234 gid=55 cwd=/work env=PATH=/bin path=/bin/sh owner=/work/in:1234:55 owner=/etc/resolv.conf:9:9 -- \
	sh -c 'id -u; id -g; echo x >>in; cat in; (echo x >>/etc/resolv.conf) 2>/dev/null || echo kept out'
lone() { gives 0 "1234
55
input
x
kept out" unshare -Ur "$CARE" replay -v -1 --engine="$1" lone; }
if [ -z "${REFUSED-}" ]; then
	for engine in namespaces ptrace; do
		try "root that has no id but its own replays what a user recorded: $engine" lone $engine
	done
fi

plan() {
	"$CARE" replay --plan a.tar >out && grep '^namespaces' out && grep '^run .*/bin/sh as sh -c' out && no_debris
}
try "--plan prints and does nothing" plan

mkdir -p a/written/work
printf 'input\nmore\n' >a/written/work/in
verify_same() {
	make a $plain status=3 fd3=/work/in written=/work/in -- sh -c 'echo out; echo more >&3; exit 3'
	"$CARE" verify a >out && grep -x 'file /work/in: same' out && grep -x 'status: same' out
}
try "verify finds the same" verify_same
verify_differs() {
	make a $plain status=0 written=/work/in -- sh -c 'echo other >in; >extra; exit 3'
	"$CARE" verify a >out; [ $? -eq 1 ] && grep '^file /work/in: differs' out && grep '^status: differs: 3, was 0' out &&
		grep -x 'file /work/extra: extra' out && no_debris
}
try "verify finds what differs and exits 1" verify_differs
verify_json() {
	"$CARE" verify --json a >out; [ $? -eq 1 ] && python3 -c '
import json, sys
v = json.load(open("out"))
assert v["differences"] == 2, v
assert {i["what"]: i["verdict"] for i in v["items"]}["status"] == "differs"'
}
try "verify --json is JSON" verify_json

cpu() {
	make cpu $plain cpu=avx4096 cpu=constant_tsc_x -- true
	"$CARE" replay cpu 2>err && grep 'lacks.*avx4096' err && ! grep constant_tsc err
}
try "a processor that lacks instructions is told" cpu

wrong() { "$CARE" replay "$@" 2>err >out; status=$?; cat err; [ ! -s out ] && [ "$(wc -l <err)" -ge 1 ]; }
no_file() { wrong nosuch.tar; [ $status -eq 125 ]; }
try "a missing archive is one sentence" no_file
from_pipe() {
	cat a.tar | "$CARE" replay - >out 2>err; status=$?; cat err; [ $status -eq 123 ] && grep -q 'save it first' err
}
try "an archive on standard input: one sentence says what to do" from_pipe
wrong_put() { wrong --put new:relative a.tar; [ $status -eq 125 ] && grep -q 'HOST:/GUEST' err; }
try "a wrong --put is found before anything is unpacked" wrong_put
wrong_name() { wrong -e NAME=value a.tar; [ $status -eq 125 ] && grep -q 'NAME of a variable.*NAME=value' err; }
try "-e NAME=value is refused: it takes the value from here" wrong_name
not_archive() { echo hello >text; wrong text; [ $status -eq 123 ]; }
try "a file that is no archive is 123" not_archive
no_manifest() { mkdir -p empty/rootfs; wrong empty; [ $status -eq 123 ]; }
try "a directory that says nothing of a command is 123" no_manifest
no_cwd() { make nocwd cwd=/gone $plain -- true; wrong nocwd; [ $status -eq 125 ] && grep /gone err; }
try "a missing working directory is named" no_cwd

# A replay in a recording. A 32-bit care cannot record this machine's programs, but itself.
nested() {
	unset XDG_CACHE_HOME; mkdir -p "$HOME/.cache"
	"$CARE" -o n.tar "$CARE" replay a.tar -- cat in >out 2>err; status=$?
	cat out err
	# Translation needs no mounts in what is concealed.
	[ -z "${REFUSED-}" ] || { [ $status -eq 0 ] && [ "$(cat out)" = input ]; return; }
	[ $status -eq 125 ] && grep -q "replay without recording" err &&
		gives 0 input "$CARE" -v -1 -r "$HOME/.cache" -o n.tar "$CARE" replay -v -1 a.tar -- cat in &&
		gives 0 input "$CARE" replay -v -1 n.tar
}
if "$CARE" --dry-run -v -1 "$busybox" true 2>/dev/null; then
	try "a replay that is recorded says what it needs, and with that replays too" nested
fi

finish
