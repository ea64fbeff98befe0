#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What is sent to care alone is for the command, whichever way it runs: each signal once,
# and care lives on to tell its status.
. "$TOP/tests/tap.sh"
needs_recording

mkdir -p tree/rootfs/bin tree/rootfs/job
cp "$(command -v busybox)" tree/rootfs/bin/
ln -s busybox tree/rootfs/bin/sh
ln -s busybox tree/rootfs/bin/sleep
signals="HUP INT QUIT USR1 USR2 ALRM WINCH"
script="for s in $signals; do trap \"echo \$s\" \$s; done; trap 'echo TERM; exit 3' TERM; echo ready; while :; do sleep .05; done"
"$TOOLS/recording" tree uid="$(id -u)" gid="$(id -g)" cwd=/job env=PATH=/bin path=/bin/sh vpath=/dev vpath=/proc status=3 \
	-- sh -c "$script"

# printed LINE: wait until the command's last line is that
printed() {
	i=0
	until [ "$(tail -n 1 out)" = "$1" ]; do
		i=$((i + 1))
		[ $i -lt 400 ] && kill -0 $care 2>/dev/null || { echo "no $1"; return 1; }
		sleep .05
	done
}
# hands_on COMMAND...: whose command is the script
hands_on() {
	: >out
	# A shell lets what it starts in the background ignore SIGINT and SIGQUIT.
	perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' "$@" >out 2>err &
	care=$!
	printed ready || { cat out err; kill -KILL $care; return 1; }
	for s in $signals TERM; do
		kill -s "$s" $care
		[ "$s" = TERM ] || printed "$s" || { cat out err; kill -KILL $care; return 1; }
	done
	wait $care
	status=$?
	[ $status -eq 3 ] && [ "$(tr '\n' ' ' <out)" = "ready $signals TERM " ] || { echo "status $status"; cat out err; return 1; }
}
try "care run by namespaces" hands_on "$CARE" run -r tree/rootfs sh -c "$script"
for engine in ptrace-seccomp ptrace; do
	try "care run by $engine" hands_on "$CARE" run --engine=$engine -r tree/rootfs sh -c "$script"
done
try "care run -k, observed in namespaces" hands_on "$CARE" run -k 6.6.6 -r tree/rootfs sh -c "$script"
try "care run -0" hands_on "$CARE" run -0 -r tree/rootfs sh -c "$script"
try "care replay by namespaces" hands_on "$CARE" replay tree
try "care replay by translation" hands_on "$CARE" replay --engine=ptrace-seccomp tree
record() { hands_on "$CARE" -o a.tar sh -c "$script" && "$CARE" info a.tar >info && ! grep -qi partial info; }
try "care record, and the archive is whole" record

# What ends nobody does not end what lives on, either.
lives_on() {
	rm -f go
	"$CARE" run "$@" -b /dev -b .:/job -r tree/rootfs sh -c '(echo left; while [ ! -e /job/go ]; do sleep .05; done; echo right) & exit 4' >out 2>err &
	care=$!
	printed left || { kill -KILL $care; return 1; }
	sleep .3
	kill -s USR1 $care && kill -s WINCH $care && sleep .2 && : >go
	wait $care
	status=$?
	[ $status -eq 4 ] && [ "$(cat out)" = "left
right" ] || { echo "status $status"; cat out err; return 1; }
}
try "signals after its end leave what lives on alone" lives_on
try "… by translation too" lives_on --engine=ptrace-seccomp
finish
