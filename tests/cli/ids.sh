#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# emul/ids: a command that is somebody else to itself. What it says of owners, modes and
# devices is what every call tells it afterwards; a real root's listing is the same. The
# tool stands for the ways of care run: by translation our files are the disk's, by
# namespaces (-n) the kernel maps our id.
set -u
. "$TOP/tests/tap.sh"

chmod 755 .
PATH=$PATH:/usr/sbin:/sbin
export TOOLS

# As fake root; $how says by which way.
as() { "$TOOLS/ids" -r "$TMPDIR" $how "$@"; }
# shown COMMAND EXPECTED: what a shell's command prints, in an empty directory.
shown() {
	rm -rf d; mkdir d
	(cd d && as sh -c "$1") >out 2>&1
	printf '%s\n' "$2" | diff - out
}
# The disk has this of it: "uid mode type", of ours.
on_disk() { [ "$(stat -c '%u %a %F' "d/$1")" = "$(id -u) $2" ] || { stat "d/$1"; false; }; }

cat >listing <<'LIST'
ids() { stat -c '%n %u:%g %a %F %t:%T' "$@"; }
umask 022
echo a >f; chown 5:6 f; ids f
ln -s f l; chown -h 7:8 l; ids l
chown 9 l; chgrp 10 f; ids f l
ln f hard; ids hard
chmod 4755 f; ids f; chown 1:1 f; ids f hard
chmod 6755 f; chmod 000 f; ids f; cat f
mkdir -m 000 d; echo b >d/x; ids d d/x; chmod 2755 d; chgrp 50 d; ids d; mkdir p; chmod 0 p; : >p/y; ids p p/y
mknod null c 1 3; mknod -m 660 disk b 8 1; mkfifo -m 600 fifo; ids null disk fifo
install -o 33 -g 34 -m 6751 f inst; ids inst
cp -a . ../copy; (cd ../copy; ids *); rm -r ../copy
tar -cf ../all.tar .; mkdir ../out; tar -xpf ../all.tar -C ../out --numeric-owner; (cd ../out; find . | sort | xargs stat -c '%n %u:%g %a %F %t:%T'); rm -r ../out
mv inst moved; ids moved; : >inst; ids inst; rm moved; : >moved; ids moved
mv -f inst moved; ids moved
mkdir e; chown 3:3 e; rmdir e; mkdir e; ids e
touch -d @1000 e; chown 4:4 e; find . -uid 4 -o -gid 50 | sort
ls -ln null disk | sed 's/ [A-Z][a-z][a-z] .*:[0-9][0-9] / /'
chmod 777 .; "$TOOLS/become" chown=f setgroups=60,41 setgid=40 show setresuid=50 show caps setuid=0 mknod=x chown=f mknod=y
LIST

# A real root tells what is right; where there is none it is what one said.
listing_of() { chmod -R u+rwx run 2>/dev/null; rm -rf run; mkdir run run/in; (cd run/in && "$@" sh ../../listing) >"$1.out" 2>&1; }
real_root() { "$@"; }
faked() { as "$@"; }
as_a_real_root() {
	listing_of real_root
	for how in "" "-n" "-e ptrace"; do
		[ "$how" != -n ] || $namespaces || continue
		listing_of faked
		diff real_root.out faked.out || { echo "with ids $how"; return 1; }
	done
	[ "$(wc -l <faked.out)" -gt 55 ]
}
said() {
	listing_of faked
	cat faked.out
	grep -qx 'f 5:6 644 regular file 0:0' faked.out && grep -qx 'l 7:8 777 symbolic link 0:0' faked.out &&
		grep -qx 'null 0:0 644 character special file 1:3' faked.out &&
		grep -qx './disk 0:0 660 block special file 8:1' faked.out &&
		grep -qx 'inst 33:34 6751 regular file 0:0' faked.out &&
		grep -qx './inst 33:34 6751 regular file 0:0' faked.out &&
		grep -qx 'd 0:50 2755 directory 0:0' faked.out && grep -qx './p 0:0 0 directory 0:0' faked.out &&
		grep -qx 'moved 0:0 644 regular empty file 0:0' faked.out && grep -qx 'e 0:0 755 directory 0:0' faked.out &&
		grep -qx 'setuid: Operation not permitted' faked.out
}

is_anybody() {
	rm -rf d; mkdir d
	(cd d && as -i 12:34 sh -c ': >f; id -u; id -g; stat -c %u:%g f; chown 1 f; "$TOOLS/become" setuid=0 setuid=12') >out 2>err
	cat out err
	[ "$(tr '\n' ' ' <out)" = "12 34 12:34 setuid: Operation not permitted setuid: done " ] &&
		grep -q 'chown.*not permitted' err
}

passes() {
	[ ! -d d ] || chmod -R u+rwx d
	rm -rf d; mkdir d d/shut; echo old >d/shut/f; echo old >d/shut/g; mkdir d/shut/sub
	chmod 0 d/shut/f; chmod 400 d/shut/g; chmod 111 d/shut/sub; chmod 555 d/shut
	(cd d && as sh -c 'cat shut/f; echo more >>shut/g; : >shut/new; ls shut/sub; mv shut/f shut/h; rm shut/new
		mkdir shut/dir; stat -c "%n %a" shut shut/*') >out 2>&1
	stat -c '%n %a' d/shut/sub d/shut/h d/shut/g d/shut >>out
	printf '%s\n' old 'shut 555' 'shut/dir 755' 'shut/g 400' 'shut/h 0' 'shut/sub 111' \
		'd/shut/sub 111' 'd/shut/h 0' 'd/shut/g 400' 'd/shut 555' | diff - out
	status=$?
	chmod -R u+rwx d
	return $status
}

how=
namespaces=true
"$TOOLS/ids" -n true 2>/dev/null || namespaces=false
if [ "$(id -u)" -eq 0 ] && mknod node c 1 3 2>/dev/null; then
	try "what a real root sees is what a faked one sees" as_a_real_root
fi

ways="plain ptrace"
$namespaces && ways="$ways namespaces"
for way in $ways; do
	case $way in
	plain) how= ;; ptrace) how="-e ptrace" ;; namespaces) how=-n ;;
	esac
	try "owners, modes and devices are as they were said ($way)" said
	try "the command is root ($way)" shown 'id -u; id -g; id -ru; id -G; "$TOOLS/become" show caps secure peer' \
		'0
0
0
0
0 0 0, 0 0 0, groups 0
chown 1, setuid 1, permitted 1
secure 0, 0 0
peer 0 0'
	try "what is ours is its own ($way)" shown ': >f; mkdir g; stat -c "%u %g" f g . ; find . ! -uid 0' \
'0 0
0 0
0 0'
	try "the disk keeps our files, which root can use ($way)" shown \
		': >f; chown 5 f; chmod 0 f; mkdir -m 0 g; : >g/x; rm g/x; chmod 4711 f; mknod n c 1 3; chmod 444 n
		: >r; chmod 444 r; echo more >>r; echo fine' fine
	try "… a file ($way)" on_disk f "711 regular empty file"
	try "… a directory, which is closed only at the end ($way)" on_disk g "0 directory"
	try "… a file that our user could not write ($way)" on_disk r "444 regular file"
	try "… a device ($way)" on_disk n "644 regular empty file"
	try "who gave root away gets it back by a set-uid program only ($way)" shown '
		cp "$TOOLS/become" su; chmod 4755 su; cp su user; chown 20:21 user; chmod 6755 user
		"$TOOLS/become" setgid=30 setuid=30 show exec=./su show caps secure setuid=0 show
		"$TOOLS/become" setgid=30 setuid=30 exec=./user show caps setuid=0 seteuid=30 show
		"$TOOLS/become" setuid=30 nonewprivs exec=./su show' \
'setgid: done
setuid: done
30 30 30, 30 30 30, groups 0
30 0 0, 30 30 30, groups 0
chown 1, setuid 1, permitted 1
secure 1, 30 0
setuid: done
0 0 0, 30 30 30, groups 0
setgid: done
setuid: done
30 20 20, 30 21 21, groups 0
chown 0, setuid 0, permitted 0
setuid: Operation not permitted
seteuid: done
30 30 20, 30 21 21, groups 0
setuid: done
nonewprivs: done
30 30 30, 0 0 0, groups 0'
	try "who keeps capabilities loses them all the same at execve ($way)" shown '
		"$TOOLS/become" keepcaps= setuid=30 caps exec="$TOOLS/become" caps' \
'keepcaps: done
setuid: done
chown 0, setuid 0, permitted 1
chown 0, setuid 0, permitted 0'
	try "what another user makes is his ($way)" shown '
		chmod 777 .
		"$TOOLS/become" setgid=40 setuid=50 "exec=/bin/sh" 2>/dev/null <<-"E"
			: >f; mkdir g; ln -s f h; mkfifo i; : >>f; "$TOOLS/become" bind=j; chmod 700 j
			stat -c "%n %u %g" f g h i j
		E' \
'setgid: done
setuid: done
bind: done
f 50 40
g 50 40
h 50 40
i 50 40
j 50 40'
	try "root passes modes that keep our user out ($way)" passes
	try "attributes that only root may set are kept beside the disk's ($way)" shown '
		: >f; "$TOOLS/become" hasxattr=f xattr=f hasxattr=f; cp -p f g; ln f h; "$TOOLS/become" hasxattr=h
		chown 1 f; "$TOOLS/become" hasxattr=f; rm f h; : >f; "$TOOLS/become" hasxattr=f
		"$TOOLS/become" setuid=1 xattr=f' \
'attribute of -1 bytes, list without
xattr: done
attribute of 20 bytes, list with it
attribute of 20 bytes, list with it
attribute of -1 bytes, list without
attribute of -1 bytes, list without
setuid: done
xattr: Operation not permitted'
	if [ -x "$TOOLS-x86/become" ]; then
		try "a 32-bit program sees the same ($way)" shown '
			: >f; chmod 4751 f; chown 100000:70000 f; cp "$TOOLS-x86/become" su; chown 5 su; chmod 4755 su
			"$TOOLS-x86/become" chown=f setgid=70000 setgroups=3 setresuid=100000 show caps peer exec=./su show secure setuid=0' \
'chown: done
setgid: done
setgroups: done
setresuid: done
100000 100000 100000, 70000 70000 70000, groups 3
chown 0, setuid 0, permitted 0
peer 100000 70000
100000 5 5, 70000 70000 70000, groups 3
secure 1, 100000 5
setuid: Operation not permitted'
	fi
	# Else PAM fails, and sudo complains.
	[ "$(id -u)" -eq 0 ] || try "there is no audit log that would refuse our user ($way)" shown \
		'"$TOOLS/become" audit; echo $?' 'no audit
0'
	try "errors are the kernel's ($way)" shown '
		: >f
		chown 1 none 2>&1 | sed "s/.*: //"; chown 1 f/x 2>&1 | sed "s/.*: //"; chmod 1 none 2>&1 | sed "s/.*: //"
		mknod f c 1 3 2>&1 | sed "s/.*: //"; mkdir f 2>&1 | sed "s/.*: //"; rmdir none 2>&1 | sed "s/.*: //"' \
'No such file or directory
Not a directory
No such file or directory
File exists
File exists
No such file or directory'
	try "-i is anybody ($way)" is_anybody
done

# --- a file of it -------------------------------------------------------------------------------

how="-f $PWD/state -r $PWD/d"
fresh() { rm -rf d state state.*; mkdir d; (cd d && as sh -ec "$1"); }
again() { (cd d && as sh -c "$1") >out 2>&1; printf '%s\n' "$2" | diff - out; }
made=': >f; chown 5:6 f; mkdir s; mknod s/n b 7 9; ln -s f l; chown -h 3 l; : >"a b"; chmod 4000 "a b"; chown 8 s'
list='stat -c "%n %u:%g %a %F %t:%T" f s s/n l a*'
seen='f 5:6 644 regular empty file 0:0
s 8:0 755 directory 0:0
s/n 0:0 644 block special file 7:9
l 3:0 777 symbolic link 0:0
a b 0:0 4000 regular empty file 0:0'
lasts() { umask 022; fresh "$made" && again "$list" "$seen" && again "$list" "$seen"; }
try "--root-id: what was said lasts" lasts
readable() { cat state; head -1 state | grep -qx 'care-root-id 1' && grep -q '^/f uid=5 gid=6 dev=' state &&
	grep -q '^/s/n type=b:7:9 ' state && grep -q '^/a\\040b mode=4000 ' state && [ "$(wc -l <state)" -eq 6 ]; }
try "… as lines of text" readable
moved() { mv d e; cp -a e d; rm -r e; again "$list" "$seen"; }
try "… in a copy of the tree" moved
renamed() { mv d/s d/t; mv d/f d/s; again 'stat -c "%n %u %F" s t t/n l' 's 5 regular empty file
t 8 directory
t/n 0 block special file
l 3 symbolic link'; }
try "… of files that have other names now" renamed
replaced() { fresh "$made"; rm d/f; echo other >d/f; again 'stat -c %u:%g f' '0:0'; ! grep '^/f ' state; }
try "… but not of another file of the same name" replaced
forgets() { fresh "$made"; again 'chown 0:0 f; rm "a b"; stat -c %u:%g f' '0:0'; cat state; ! grep -e '^/f ' -e '^/a' state; }
try "… nor of what was taken back" forgets
killed() {
	fresh "$made"
	(cd d && exec "$TOOLS/ids" $how sh -c ': >late; chown 77 late; : >../said; while [ ! -e ../stop ]; do sleep 0.1; done') &
	i=0
	while ! grep -q 'uid=77' state && [ $i -lt 200 ]; do i=$((i + 1)); sleep 0.1; done
	kill -9 $!; wait $! 2>/dev/null
	cat state
	again "$list; stat -c %u late" "$seen
77"
}
umask 022
try "… of what was said some seconds before a SIGKILL" killed
second() {
	fresh : || return 1
	(cd d && as sh -c 'exec "$0" "$@" >../second 2>&1; :' true)
	(cd d && exec "$TOOLS/ids" $how sh -c ': >../up; while [ ! -e ../stop ]; do sleep 0.1; done') &
	while [ ! -e up ]; do sleep 0.1; done
	as true 2>err; status=$?
	: >stop; wait $!
	cat err
	[ $status -eq 125 ] && grep -q 'used by another care' err && as true
}
try "one run at a time has it" second
refused() { echo "$1" >state; as true 2>err; status=$?; cat err; [ $status -eq 125 ] && grep -q "$2" err && [ "$(cat state)" = "$1" ]; }
try "what is no such file is refused" refused "something else" "is no file of --root-id"
try "so is a line that is none" refused 'care-root-id 1
/f uid=1
/g colour=red' "state, line 3: not what care"

# A package made and installed: foreign owners, set-id bits, a device, a script.
cat >package <<'SH'
set -e
mkdir -p p/DEBIAN p/usr/bin p/dev p/var/thing r/var/lib/dpkg/info r/var/lib/dpkg/updates
printf 'Package: thing\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y.z>\nDescription: thing\n' >p/DEBIAN/control
printf '#!/bin/sh\nchown 33:34 %s/r/var/thing && chmod 2770 %s/r/var/thing && id -u\n' "$PWD" "$PWD" >p/DEBIAN/postinst
chmod 755 p/DEBIAN/postinst
echo hello >p/usr/bin/su; echo secret >p/var/key
chown 0:42 p/usr/bin/su; chmod 4751 p/usr/bin/su; chown 7:8 p/var/key; chmod 0 p/var/key; mknod p/dev/thing c 5 6
dpkg-deb -b p thing.deb; rm -r p
: >r/var/lib/dpkg/status; : >r/var/lib/dpkg/available
dpkg --root="$PWD/r" --log="$PWD/log" --force-script-chrootless -i thing.deb
SH
installed='4751 0:42 regular file 0:0
0 7:8 regular file 0:0
2770 33:34 directory 0:0
644 0:0 character special file 5:6'
dpkg_works() {
	fresh '. ../package' && again "stat -c '%a %u:%g %F %t:%T' r/usr/bin/su r/var/key r/var/thing r/dev/thing" "$installed"
}
if command -v dpkg-deb >/dev/null; then
	try "dpkg makes and installs a package" dpkg_works
fi

# --- by care run -------------------------------------------------------------------------------

if ! "$CARE" run true 2>/dev/null; then
	skip "care run -0 is all that" "this machine makes no namespaces"
	finish
fi
rm -rf d state state.*; mkdir d
# gives STATUS OUTPUT OPTION… -- COMMAND…
gives() {
	want=$1 text=$2; shift 2
	(cd d && "$CARE" run "$@") >out 2>err
	status=$?
	cat out err
	[ $status -eq "$want" ] && [ "$(cat out)" = "$text" ]
}
try "care run -0: owners and devices" gives 0 '5 6
7 fifo' -0 sh -c ': >f; chown 5:6 f; stat -c "%u %g" f; mkfifo p; chown 7 p; stat -c "%u %F" p; rm f p'
try "… forgotten afterwards" gives 0 0 -0 sh -c ': >f; stat -c %u f; rm f'
try "… or kept" gives 0 '5 character special file' --root-id=../state -r / sh -c 'mknod n c 1 3; chown 5 n; stat -c "%u %F" n'
try "… for a run that comes later" gives 0 '5 1:3 character special file' --root-id=../state -r / \
	stat -c '%u %t:%T %F' n
try "… and for no other" gives 0 0 -0 stat -c %u n
try "… with the status of the command" gives 7 '' --root-id=../state sh -c 'exit 7'
try "… and its signal" gives 143 '' --root-id=../state sh -c 'kill $$'
try "… and -k" gives 0 '1.2.3 0' --root-id=../state -k 1.2.3 sh -c 'echo $(uname -r) $(id -u)'
try "… and a program of the working directory" gives 0 hello --root-id=../state sh -c \
	'printf "#!/bin/sh\necho hello\n" >x; chmod 755 x; exec ./x'
try "… which may have to be looked for" gives 0 hello --root-id=../state ./x
try "… in vain" gives 127 '' --root-id=../state ./none
directory() { mkdir -p d/sub; gives 126 '' --root-id=../state ./sub; }
try "… or be none" directory
quiet() { gives 0 0 -0 sh -c 'cp "$TOOLS/become" su; chown 5 su; chmod 4755 su; ./su >/dev/null; id -u' && [ ! -s err ]; }
try "a set-uid program is no reason to warn" quiet
try "a file that cannot be is told" gives 125 '' --root-id=none/state true
finish
