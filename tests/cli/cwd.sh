#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A directory that two bindings show is told by the name that it was entered by, whichever
# way the root was entered.
. "$TOP/tests/tap.sh"
needs_recording

mkdir -p root/bin root/usr root/job host/usr/bin/sub host/usr/lib
cp "$(command -v busybox)" host/usr/bin/
for a in sh pwd ls readlink mv mkdir rmdir chroot; do ln -s busybox host/usr/bin/$a; done
ln -s usr/bin root/link

ways="--engine=ptrace-seccomp --engine=ptrace"
"$CARE" run --engine=namespaces -b host/usr:/usr -b host/usr/bin:/bin -b /proc -b /dev -r root true 2>err && ways="$ways --engine=namespaces"
# tells WANT SCRIPT [OPTION...]
tells() {
	want=$1 script=$2
	shift 2
	for way in $ways; do
		got=$("$CARE" run $way -b host/usr:/usr -b host/usr/bin:/bin -b /proc -b /dev -r root "$@" sh -c "$script" 2>&1 | tr '\n' ' ')
		[ "$got" = "$want " ] || { echo "$way: $got"; return 1; }
	done
}
try "entered by the one" tells "/usr/bin /usr/bin" 'cd /usr/bin; busybox pwd -P; readlink /proc/self/cwd'
try "by the other" tells "/bin /bin" 'cd /bin; busybox pwd -P; readlink /proc/self/cwd'
try "one after the other" tells "/bin /usr/bin /bin /usr/bin" \
	'cd /bin; pwd -P; cd /usr/bin; pwd -P; cd /job; cd /bin; pwd -P; cd /link; pwd -P'
try "below it" tells "/bin/sub /usr/bin/sub /usr/bin" 'cd /bin/sub; pwd -P; cd /usr/bin/sub/; pwd -P; cd -P ..; pwd -P'
try "what is above it" tells "/ /usr lib" 'cd /bin; cd -P ..; pwd -P; cd /usr/bin; cd -P ..; pwd -P; ls -d lib'
try "by a path that starts there" tells "lib no" 'cd /usr/bin; (cd ../lib && echo lib); cd /bin; (cd ../lib 2>/dev/null || echo no)'
try "children have it from their parents, and keep it" tells "/usr/bin / /usr/bin" \
	'cd /usr/bin; sh -c "busybox pwd -P; cd /; busybox pwd -P"; busybox pwd -P'
try "what fails changes nothing" tells "/usr/bin" 'cd /usr/bin; cd /bin/sh 2>/dev/null; cd /bin/none 2>/dev/null; busybox pwd -P'
try "-w is the first" tells "/usr/bin /usr" 'pwd -P; cd -P ..; pwd -P' -w /usr/bin
try "… by either" tells "/bin /" 'pwd -P; cd -P ..; pwd -P' -w /bin
try "a renamed directory has its new name" tells "/usr/bin/new /bin/new /bin" \
	'mkdir /bin/old; cd /usr/bin/old; mv /bin/old /bin/new; busybox pwd -P; cd /bin/new; busybox pwd -P; cd -P ..; rmdir new; pwd -P'
finish
