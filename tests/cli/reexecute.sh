#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# re-execute.sh, as it is generated: every shell, every runner, every byte.
set -u
. "$TOP/tests/tap.sh"

busybox=$(command -v busybox) || { skip "re-execute.sh" "there is no busybox"; finish; }
every_byte=$(awk 'BEGIN { for (i = 1; i < 256; i++) printf "%c", i }' | cat; echo x)
every_byte=${every_byte%x}
sum=$(printf %s "$every_byte" | md5sum)

mkdir bin
cp "$CARE" bin/care
ln -s care bin/proot

# make DIR [KEY=VALUE]... -- COMMAND...: an extracted archive with a shell in it
make() {
	mkdir -p "$1/rootfs/bin" "$1/rootfs/work" "$1/rootfs/tmp"
	cp "$busybox" "$1/rootfs/bin/busybox"
	for a in sh cat env md5sum id ls kill pwd; do ln -sf busybox "$1/rootfs/bin/$a"; done
	echo input >"$1/rootfs/work/in"
	"$TOOLS/recording" "$@"
}

me="uid=$(id -u) gid=$(id -g)"
make "a b'c" $me cwd=/work env=PATH=/bin "env=ALL=$every_byte" "env=odd name=1" env=HOME=/work \
	env=XAUTHORITY=/work/xa venv=DISPLAY 'vpath=$XAUTHORITY:/work/xa' vpath=/dev vpath=/proc \
	vpath=/sys vpath=/nosuch path=/bin/sh stdin=/work/in status=7 umask=027 ignore=1 -- \
	sh -c 'printf %s "$1" | md5sum; printf %s "$ALL" | md5sum
umask; cat; pwd; echo "$DISPLAY"; cat xa; kill -HUP $$; exit 7' "it's" "$every_byte"

echo cookie >cookie
cat >expected <<END
$sum
$sum
0027
input
/work
:5
cookie
END

# as SHELL RUNNER: the recorded command says and ends as it did
as() {
	HOME=$PWD XAUTHORITY=$PWD/cookie DISPLAY=:5 PROOT=$2 $1 "a b'c/re-execute.sh" >out 2>err
	status=$?
	cat err
	cmp out expected && [ $status -eq 7 ] && ! grep recording err
}

for shell in sh bash "busybox sh"; do
	for runner in care proot; do
		try "$shell runs it with our binary called $runner" as "$shell" "$PWD/bin/$runner"
	done
	if command -v proot >/dev/null; then
		try "$shell runs it with PRoot" as "$shell" "$(command -v proot)"
	else
		skip "$shell runs it with PRoot" "there is no proot"
	fi
done

other_command() {
	PROOT=$PWD/bin/care "./a b'c/re-execute.sh" sh -c 'echo "$1 $2"; exit 3' x 'a b' c >out 2>err
	[ $? -eq 3 ] && [ "$(cat out)" = "a b c" ] && [ ! -s err ]
}
try "another command replaces the recorded one, and its status is nobody's surprise" other_command

# A shell would drop what it cannot name.
odd_variable() { PROOT=$PWD/bin/care "./a b'c/re-execute.sh" env | grep -qx 'odd name=1'; }
try "a variable that no shell could name arrives" odd_variable

make wrong $me env=PATH=/bin path=/bin/sh status=0 -- sh -c 'exit 9'
tells_status() {
	PROOT=$PWD/bin/care wrong/re-execute.sh >out 2>err
	[ $? -eq 9 ] && [ ! -s out ] && grep 'status 9, it was 0' err
}
try "a status that differs is told on standard error" tells_status

found_in_path() { [ "$(cd / && PATH=$here/bin:$PATH "$here/a b'c/re-execute.sh" pwd)" = /work ]; }
here=$PWD
try "without PROOT, care is found in PATH, and from any directory" found_in_path

beside() {
	cp -r "a b'c" beside
	cp bin/care beside/proot
	[ "$(env -i PATH=/usr/bin:/bin beside/re-execute.sh pwd)" = /work ] || return
	# One for another machine is passed over.
	printf '\177ELF nonsense' >beside/proot
	[ "$(PATH=$PWD/bin:$PATH beside/re-execute.sh pwd)" = /work ]
}
try "./proot is used if it runs here, else the one in PATH" beside

none() {
	mkdir nothing
	for p in sh dirname env; do ln -s "$(command -v $p)" nothing/; done
	PATH=$PWD/nothing "a b'c/re-execute.sh" 2>err
	[ $? -eq 125 ] && grep PROOT err
}
try "without any runner it says what to do" none

by_chroot() { [ "$(chroot "a b'c/rootfs" /bin/sh -c 'cd /work; pwd')" = /work ]; }
# tests/deny runs this file where neither is allowed.
[ "$(id -u)" -ne 0 ] || [ "${REFUSED-}" ] || try "plain chroot enters the tree" by_chroot

by_bwrap() {
	[ "$(bwrap --bind "a b'c/rootfs" / --dev /dev --proc /proc --chdir /work /bin/sh -c pwd)" = /work ]
}
if [ "${REFUSED-}" ]; then
	:
elif command -v bwrap >/dev/null; then
	try "bwrap enters the tree" by_bwrap
else
	skip "bwrap enters the tree" "there is no bwrap"
fi

finish
