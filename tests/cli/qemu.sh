#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care run -q: programs of another machine through QEMU's user mode, among this machine's own.
set -u
. "$TOP/tests/tap.sh"

try "QEMU's static user mode is here (package qemu-user-static)" command -v qemu-arm-static
mkdir -p root/bin root/tmp root/there
cp "$(command -v busybox)" root/bin/busybox
for a in sh echo ls readlink cat; do ln -s busybox root/bin/$a; done
"$TOOLS/foreign" root/bin/arm
"$TOOLS/foreign" root/bin/mips 8
"$TOOLS/foreign" root/bin/odd 30583
printf '#!/bin/arm /bin/echo\n' >root/bin/script
printf '#!/bin/script\n' >root/bin/second
chmod +x root/bin/script root/bin/second

q() { "$CARE" run $engine -q qemu-arm-static -r root -b /bin/bash "$@"; }
# gives STATUS OUTPUT COMMAND…
gives() {
	want_status=$1 want=$2
	shift 2
	"$@" >out 2>err
	status=$?
	[ "$status" = "$want_status" ] && [ "$(tr '\n' ' ' <out)" = "$want" ] || { echo "status $status"; cat out err; return 1; }
}
# says STATUS WORDS COMMAND…: one line, which has them
says() {
	want_status=$1 want=$2
	shift 2
	"$@" >out 2>err
	status=$?
	[ "$status" = "$want_status" ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$want" err && [ ! -s out ] ||
		{ echo "status $status"; cat out err; return 1; }
}
listing() { (cd root && find . | sort | tr '\n' ' '); }
before=$(listing)

for engine in '' --engine=ptrace-seccomp --engine=ptrace; do
	w=${engine:-the fastest way}
	w=${w#--engine=}
	try "$w: a program of another machine runs" gives 0 'arm ' q arm
	try "$w: by its path" gives 0 './bin/arm ' q ./bin/arm
	try "$w: an argv[0] that is not its name" gives 0 'other ' q bash -c 'exec -a other arm'
	try "$w: none that looks like an option is taken for one" gives 0 '-version ' q bash -c 'exec -a -version arm'
	try "$w: it executes this machine's, which executes it" gives 0 '/bin/arm nested /bin/arm ' \
		q /bin/arm /bin/sh -c 'echo nested; /bin/arm'
	try "$w: arguments are its own" gives 0 '/bin/arm -cpu none ' q /bin/arm /bin/echo -cpu none
	try "$w: it is a script's interpreter" gives 0 '/bin/arm /bin/script more ' q /bin/script more
	try "$w: of a script that is one" gives 0 '/bin/arm /bin/script /bin/second more ' q /bin/second more
	environment() { A=b gives 0 '/bin/arm b ' q /bin/arm /bin/sh -c 'echo $A$QEMU_CPU'; }
	try "$w: the environment is the command's alone" environment
	try "$w: through a descriptor" gives 0 '/proc/self/fd/3 ' q -b /proc sh -c '/proc/self/fd/3 3</bin/arm'
	try "$w: a status that is not 0 is its own" gives 2 '/bin/arm ' q /bin/arm /bin/none
	try "$w: a root in the root" gives 0 '/bin/arm there ' q -b root:/there /bin/arm /bin/echo there
	try "$w: as root" gives 0 '/bin/arm 0 ' q -0 -b /usr/bin/id /bin/arm /usr/bin/id -u
	try "$w: nothing is left in the root" [ "$(listing)" = "$before" ]
	try "$w: with options of its own" gives 0 'arm ' "$CARE" run $engine -q "qemu-arm-static -cpu cortex-a9" -r root arm
	try "$w: for this machine's programs too" gives 0 'arm ' q --mixed-mode=false arm
	not_ours() { ! q --mixed-mode=false /bin/arm /bin/echo no >out 2>err && ! grep -q '^no' out; }
	try "$w: … which it cannot run" not_ours
done
engine=
try "the dynamic emulator's static neighbour is taken" gives 0 'arm ' "$CARE" run -q qemu-arm -r root arm

refuses() { w=$1; shift; says 125 "$w" "$CARE" run "$@"; }
try "an emulator that is not there" refuses "-q: there is no qemu-none in PATH: install QEMU" -q qemu-none -r root arm
try "one that is not there by its path" refuses "-q: there is no ./qemu-none: install QEMU" -q ./qemu-none -r root arm
try "one that is no emulator but needs libraries" refuses "needs libraries of this machine" -q "$(realpath /usr/bin/env)" -r root arm
printf '#!/bin/sh\n' >wrapper
chmod +x wrapper
try "a script" refuses "is no ELF program: QEMU's own binary is wanted" -q ./wrapper -r root arm
try "a program of another machine" refuses "is not a program for this machine" -q root/bin/arm -r root arm
try "nothing at all" refuses "-q: the COMMAND is empty" -q ' ' -r root arm
try "a program that is not for it" says 126 "is a program for mipsel, and qemu-arm-static runs those for arm: -q qemu-mipsel-static" q mips
try "one that nothing is for" says 126 "for machine 30583, which nothing here knows" q odd
try "without -q the right one is named" says 126 "-q qemu-arm-static runs it through an emulator" "$CARE" run -r root arm
# A machine that has an emulator registered, as Debian's package does where systemd runs.
registered() {
	cat >register <<'END'
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 9
printf '%s' ":a:M::\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00::$(command -v qemu-arm-static):F" \
	>/proc/sys/fs/binfmt_misc/register || exit 9
./root/bin/arm && shift && exec "$@"
END
	unshare -Urm sh ./register -- "$@"
}
if [ -z "${REFUSED-}" ] && registered true >/dev/null 2>&1; then
	known() { registered "$CARE" run --engine=namespaces -r root arm >out && [ "$(wc -l <out)" = 2 ]; }
	try "what the machine has registered works by namespaces" known
	unknown() { registered "$CARE" run --engine=ptrace -r root arm >out 2>err; [ $? = 126 ] && grep -q "for arm, this machine is .* -q qemu-arm-static" err; }
	try "it would not find a translated root, and is not run" unknown
fi
try "what PRoot shows without being asked" says 127 "-b /:/host-rootfs shows this machine's" q /host-rootfs/bin/sh
finish
