#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Under care run's translation, as root: a command that becomes somebody else, or gives
# capabilities up, is told what the kernel would tell it then.
. "$TOP/tests/tap.sh"
needs_recording
# Only root has anything to give up.
[ "$(id -u)" -eq 0 ] || finish

here=$(pwd -P)
mkdir d
echo secret >d/f
ln -s d/f l
cp /bin/true d/prog
chown 7 d && chmod 700 d
echo shut >shut && chmod 0 shut
echo own >own && chown 8:9 own && chmod 400 own
cp /bin/true unreadable && chmod 711 unreadable
cp /bin/true closed && chmod 700 closed
chmod 755 .
questions='stat -c %a d/f; test -r shut && echo r; cat shut; test -e l && echo e; cat l; readlink l; ls d; d/prog && echo ran
	test -r own && echo o; cat own; ./unreadable && echo ran; ./closed && echo ran; cat /proc/1/maps >/dev/null && echo maps; head -c 7 /proc/self/maps >/dev/null && echo own maps
	head -c 1 /proc/self/mountinfo >/dev/null && echo mounts; ls -A /tmp | grep -F .care-'

# same NAME OPTION...: with these of setpriv
same() {
	name=$1
	shift
	setpriv "$@" sh -c "$questions" >bare.out 2>&1
	for engine in ptrace-seccomp ptrace; do
		"$CARE" run --engine=$engine -b "$here:/mnt" -w /mnt setpriv "$@" sh -c "$questions" >ours.out 2>&1
		try "$name ($engine)" diff bare.out ours.out
	done
}
same "root is root"
same "without the capabilities that make it so" --bounding-set -dac_override,-dac_read_search
same "another user" --reuid 8 --regid 9 --clear-groups
same "a member of a group" --reuid 7 --regid 1 --groups 9
same "one with a capability" --reuid 7 --regid 1 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search
# By capset(2) alone nothing else says it.
give_up='use strict; my ($head, $data) = (pack("Li", 0x20080522, 0), pack("L6", 0, 0, 0, 0, 0, 0));
	syscall(126, $head, $data) == 0 or die "capset: $!"; print join(" ", map { -e $_ ? 1 : 0 } "d/f", "l", "own"), "\n"'
by_capset() { [ "$("$CARE" run --engine=ptrace-seccomp -b "$here:/mnt" -w /mnt perl -e "$give_up")" = "0 0 1" ]; }
[ "$(perl -e "$give_up")" = "0 0 1" ] && try "what capset(2) took" by_capset
finish
