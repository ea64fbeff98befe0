#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care replay --strict: opening what has no content fails with EIO, whichever way it is
# opened; nothing else does.
set -u
. "$TOP/tests/tap.sh"

busybox=$(command -v busybox) || { skip "care replay --strict" "there is no busybox"; finish; }
XDG_CACHE_HOME=$PWD/cache
export XDG_CACHE_HOME
mkdir -p ph/rootfs/bin ph/rootfs/work ph/rootfs/etc
cp "$busybox" ph/rootfs/bin/busybox
cp "$TOOLS/usecall" ph/rootfs/bin/usecall
for a in sh cat ls ln mv cp rm chmod stat truncate chroot mkdir sleep id env kill; do ln -sf busybox "ph/rootfs/bin/$a"; done
: >ph/rootfs/etc/seen
"$TOOLS/recording" ph uid="$(id -u)" gid="$(id -g)" cwd=/work env=PATH=/bin path=/bin/sh vpath=/dev vpath=/proc \
	placeholder=/etc/seen -- cat /etc/seen
tar -cf ph.tar ph

# eio COMMAND: a shell's in the replay. It must see EIO, and care end with 122.
eio() {
	"$CARE" replay --strict $how -- sh -c "$1" >out 2>err
	status=$?
	cat out err
	[ $status -eq 122 ] && grep -q "Input/output error" err && grep -q "/etc/seen was opened, but its content is not in the archive" err
}
# fine OUTPUT COMMAND: nothing of that.
fine() {
	"$CARE" replay --strict $how -- sh -c "$2" >out 2>err
	status=$?
	cat out err
	[ $status -eq 0 ] && ! grep -q 'not in the archive' err && [ "$(cat out)" = "$1" ]
}
recorded() { "$CARE" replay --strict ${how% --} >out 2>err; [ $? -eq 122 ] && [ ! -s out ] && grep "Input/output error" err; }

for how in ph ph.tar "--tree=overlay ph.tar" "--no-cache ph.tar" "--isolate=pid ph"; do
	# Nothing can stand in for a pid namespace.
	case ${REFUSED-}$how in 1--isolate*) continue ;; esac
	try "the recorded command ($how)" recorded
	try "an absolute path ($how)" eio 'cat /etc/seen'
done
how=ph
try "a relative one" eio 'cd /etc; cat ./seen'
try "a relative one through .." eio 'cat ../etc/seen'
try "a symlink" eio 'ln -s /etc/seen l; cat l'
try "a hard link" eio 'ln /etc/seen l; cat l'
try "after a rename" eio 'mv /etc/seen other; cat other'
try "from another root" eio 'mkdir -p r/bin r/etc; cp /bin/busybox r/bin; ln /etc/seen r/etc/seen; chroot r /bin/busybox cat /etc/seen || busybox cat r/etc/seen'
try "for appending" eio 'echo more >>/etc/seen'
try "by a child of a child" eio '(sh -c "cat /etc/seen")'
try "for execution" eio 'chmod 755 /etc/seen; /etc/seen'
try "by its descriptor without content" eio 'exec 3</etc; cd /etc; cat /proc/self/cwd/seen'
try "looking at it is allowed" fine '' 'ls -l /etc >/dev/null; stat /etc/seen >/dev/null; [ -r /etc/seen ]'
try "so is making it anew" fine own 'rm /etc/seen; echo own >/etc/seen; cat /etc/seen'
try "… and emptying it" fine own 'echo own >/etc/seen; cat /etc/seen'
unreadable() { # root reads all
	[ "$(id -u)" -ne 0 ] || return 0
	"$CARE" replay --strict ph -- sh -c 'chmod 0 /etc/seen; cat /etc/seen' 2>err; status=$?
	cat err
	[ $status -eq 1 ] && grep -q 'Permission denied' err
}
try "what may not be read is denied as ever" unreadable
several() { "$CARE" replay --strict ph -- sh -c 'i=0; while [ $i -lt 20 ]; do (cat /bin/busybox >/dev/null) & i=$((i+1)); done; wait; echo done' >out 2>err; [ $? -eq 0 ] && [ "$(cat out)" = "done" ]; }
try "many at once are served" several
plan() { "$CARE" replay --strict --plan ph | grep '^guard' && ! "$CARE" replay --plan ph | grep '^guard'; }
try "--plan shows it" plan
refused() { "$TOOLS/deny" seccomp --errno=EINVAL -- "$CARE" replay --strict ph 2>err; status=$?; cat err; [ $status -eq 122 ] && grep "$told" err; }
# Translation needs no listener.
told='only the status tells'
[ -z "${REFUSED-}" ] || told='Input/output error'
try "where the kernel has no listener, the status tells" refused
debugged() {
	"$CARE" replay --strict ph -- sh -c 'echo a; sh -c "exit 7"; echo $?' >out && [ "$(cat out)" = "a
7" ] && [ -z "$(find cache -name 'run.*')" ]
}
try "nothing is left" debugged
finish
