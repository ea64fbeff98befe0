#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care run -l in roots, where link(2) is refused: what it is used for.
. "$TOP/tests/tap.sh"
needs_recording

mkdir -p root/bin root/etc root/work
cp "$(command -v busybox)" root/bin/
for a in sh ls cat ln stat rm id; do ln -s busybox root/bin/$a; done
root=$(cd root && pwd -P)

# The kernel makes none: what says EPERM is no hard link.
refused() { timeout 120 "$TOOLS/deny" link,linkat -- "$CARE" run "$@"; }
# gives WANT COMMAND...
gives() {
	want=$1
	shift
	got=$("$@" 2>err) && [ "$got" = "$want" ] && [ ! -s err ] || { echo "\"$got\" is not \"$want\""; cat err; return 1; }
}
try "without -l they are refused" not refused -r root sh -c 'cd work; echo >x; ln x y'

in_root() {
	gives "2 regular file 2 regular file" refused -l -r root sh -c 'cd work; echo 1 >a; ln a /etc/b; echo $(stat -c "%h %F" a /etc/b)' &&
		[ "$(readlink root/etc/b)" = "$root/work/"".l2s.a0001" ] && gives "2 1" refused -l -r root sh -c 'echo $(stat -c %h /work/a) $(cat /etc/b)'
}
try "in a root: the next run finds them" in_root
try "opened as they are, where nothing is said of them" gives 1 refused -l -r root cat etc/b
try "as root, whose owners are shown" gives "0 2 7" refused -l -0 -r root sh -c 'cd work; chown 7 a; echo $(id -u) $(stat -c "%h %u" /etc/b)'
# As busybox's names are where there are no symlinks: what runs is one of them.
as_program() {
	gives "" refused -l -r root ln /bin/busybox /bin/uname && [ -L root/bin/uname ] && gives Linux refused -l -r root uname &&
		gives Linux refused -l -r root /bin/uname
}
try "a program that has several names is found and runs" as_program
by_ptrace() { gives "2 regular file" refused -l --engine=ptrace -r root stat -c "%h %F" /etc/b; }
try "by ptrace alone too" by_ptrace
elsewhere() {
	mkdir kept root/own && gives "2 a b" env PROOT_L2S_DIR=kept "$TOOLS/deny" link,linkat -- "$CARE" run -l -r root \
		sh -c 'cd own; echo 1 >a; ln a b; echo $(stat -c %h a) $(ls -A)' && [ -e kept/.l2s.a0001.0002 ] &&
		gives 1 refused -l -r root cat /own/b
}
try "PROOT_L2S_DIR keeps the hidden files elsewhere, as given from here" elsewhere
no_dir() { ! PROOT_L2S_DIR=$PWD/gone "$CARE" run -l -r root ls 2>err && grep -q "PROOT_L2S_DIR is $PWD/gone" err; }
try "one that is not there is told" no_dir
by_namespaces() { ! "$CARE" run -l --engine=namespaces -r root true 2>err && grep -q "(-l)" err; }
try "namespaces alone cannot do it" by_namespaces

# same NAME SCRIPT: on this machine, with hard links and without.
same() {
	n=$((n + 1))
	mkdir bare.$n ours.$n
	(cd bare.$n && sh -c "$2") >bare.$n.out 2>&1
	(cd ours.$n && refused -l sh -c "$2") >ours.$n.out 2>&1
	try "$1" equal $n
}
equal() { [ -s bare.$1.out ] && diff bare.$1.out ours.$1.out && [ "$(find ours.$1 -type f -links +1)" = "" ]; }
n=0
same "find tells them as files with links" \
	'mkdir d; echo 1 >a; ln a d/b; echo 2 >c; find . -type f -links 2 | sort; find . -type f -links 1; find . -type l; find . -samefile a | sort'
same "cp -a keeps them together, cp -l makes them" \
	'mkdir d; echo 1 >d/a; ln d/a d/b; cp -a d e; stat -c "%n %h" e/a e/b; cp -al d f; stat -c "%n %h" d/a f/b; echo 2 >f/a; cat d/b e/b'
same "tar takes them apart and puts them together" \
	'mkdir d e; echo 1 >d/a; ln d/a d/b; tar cf t.tar d; tar tvf t.tar | grep -c "link to d/a"; tar xf t.tar -C e; stat -c "%n %h" e/d/a e/d/b; cmp d/a e/d/b; tar xf t.tar -C e; stat -c "%n %h" e/d/b; rm -r d e; ls'
! command -v git >/dev/null || same "git clones by them" \
	'git init -q a 2>/dev/null; cd a; echo 1 >f; git add f; git -c user.name=n -c user.email=e@e commit -qm m; cd ..; git clone -q a b; cat b/f; git -C b fsck 2>&1 && find a/.git/objects -type f -links 2 | wc -l; git -C b gc -q; git -C b log --oneline | wc -l; rm -rf a; git -C b fsck; ls -A'
same "a build is done once" \
	'printf "b: a\n\tln -f a b; echo linked\n" >Makefile; echo 1 >a; touch -d @1000 a; make -s; make -s -q && echo "up to date"; stat -c "%n %h" b'
# dpkg keeps status-old by a link, and replaces files that have several names.
if command -v dpkg-deb >/dev/null; then
	for version in 1 2; do
		mkdir -p pkg/DEBIAN pkg/opt/x
		printf 'Package: linked\nVersion: %s\nArchitecture: all\nMaintainer: m <m@example.org>\nDescription: d\n' $version >pkg/DEBIAN/control
		echo $version >pkg/opt/x/a
		ln -f pkg/opt/x/a pkg/opt/x/b
		dpkg-deb -b pkg linked-$version.deb >/dev/null
	done
	dpkg_them() {
		mkdir -p sys && refused -l -0 sh -c 'd="dpkg --root=sys --force-not-root --force-bad-path --log=/dev/null"
			mkdir -p sys/var/lib/dpkg/info sys/var/lib/dpkg/updates; : >sys/var/lib/dpkg/status
			$d -i linked-1.deb && stat -c "%h %F" sys/opt/x/a sys/opt/x/b && test -e sys/var/lib/dpkg/status-old &&
			$d -i linked-2.deb && stat -c %h sys/opt/x/b && cat sys/opt/x/b && $d -P linked && ls -A sys/opt/x 2>/dev/null' >out 2>&1
		cat out
		[ "$(grep -c "^2 regular file" out)" = 2 ] && [ "$(grep -cx 2 out)" = 2 ] && [ ! -e sys/opt/x ] && ! grep -qi error out
	}
	try "dpkg installs, upgrades and removes a package with links" dpkg_them
else
	skip "dpkg installs, upgrades and removes a package with links" "there is no dpkg"
fi
finish
