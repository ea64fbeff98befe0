#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Archives of CARE 2.2.1, as Debian has it: their own re-execute.sh runs by this care, under
# either name, and ends as what was recorded did. With REFUSED=1 where the kernel refuses
# namespaces and mounts.
set -u
. "$TOP/tests/tap.sh"

# -k is in those scripts: programs whose kernel's name is another are observed.
needs_recording
command -v care >/dev/null || { skip "archives of CARE 2.2.1" "there is no care of Debian's"; finish; }
here=$PWD
guard=${REFUSED:+$TOOLS/deny namespaces,mounts --errno=EPERM --}
mkdir bin work
cp "$CARE" bin/care
ln -s care bin/proot

# recorded NAME STATUS COMMAND…: unpacked at NAME; what it said and made is beside it
recorded() {
	name=$1 want=$2
	shift 2
	(
		cd work || exit
		rm -f made
		env -i PATH=/usr/bin:/bin HOME="$here" PWD="$PWD" LC_ALL=C NOTE="it's odd" PROOT_NO_SECCOMP=1 \
			care -o "$here/$name.tar" "$@" >"../$name.out" 2>"../$name.err" </dev/null
	)
	status=$?
	[ "$status" = "$want" ] || { echo "status $status"; cat "$name.err"; return 1; }
	tar -xf "$name.tar" && [ -x "$name/re-execute.sh" ] || return
	mv work/made "$name.made" && ! [ -e "$name/rootfs$here/work/made" ]
}

# runs NAME STATUS RUNNER
runs() {
	name=$1 want=$2 runner=$here/bin/$3
	# shellcheck disable=SC2086
	(cd / && PROOT=$runner $guard "$here/$name/re-execute.sh" >"$here/got" 2>"$here/got.err" </dev/null)
	status=$?
	cat got got.err
	[ "$status" = "$want" ] && cmp got "$name.out" && cmp "$name/rootfs$here/work/made" "$name.made" &&
		[ ! -s got.err ] && rm "$name/rootfs$here/work/made"
}

echo input >work/in
printf '#include <stdio.h>\nint main(void) { puts("compiled"); return 5; }\n' >work/a.c

cat >work/several <<'END'
cat in
echo "$NOTE $(pwd) $(id -u):$(id -g)"
ls -l /proc/self/cwd | grep -c work
sed s/input/output/ in >made
exit 3
END

try "CARE 2.2.1 records a script" recorded script 3 sh several
try "… a compiler and what it made" recorded compiler 5 sh -c 'gcc -O -o made a.c && ./made'
try "… and Perl" recorded perl 0 perl -MFile::Copy -e 'copy("in", "made"); print sort(grep(!/several/, <*>)), "\n"'
for runner in proot care; do
	try "its script runs it as it was, by our $runner" runs script 3 $runner
	try "… the compiler too" runs compiler 5 $runner
	try "… and Perl" runs perl 0 $runner
done
other() { [ "$(cd / && PROOT=$here/bin/proot "$here/script/re-execute.sh" sh -c 'echo "$1"; exit 9' sh 'a b')" = "a b" ]; }
try "it takes another command" other
finish
