#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# parallel
# The engines change nothing: what programs print, and how they end, is the same traced
# and untraced, whatever they do with tasks, signals and filters of their own.
. "$TOP/tests/tap.sh"

engines="ptrace-seccomp ptrace"

# same PROGRAM CASE ENGINE [INTO]
same() {
	"$1" "$2" >native.out 2>native.err
	native=$?
	"$CARE" trace --engine="$3" -o trace.out "$1" "$2" >traced.out 2>traced.err
	traced=$?
	echo "native $native, traced $traced"
	diff native.out traced.out && diff native.err traced.err && [ "$native" -eq "$traced" ] &&
		[ -s trace.out ]
}

# all DIRECTORY LABEL
all() {
	for program in life sigs guarded; do
		for case in $("$1/$program"); do
			case $case in
			traced-*) continue ;;
			esac
			for engine in $engines; do
				try "$program $case is the same, $2, $engine" \
					same "$1/$program" "$case" "$engine"
			done
		done
	done
}

all "$TOOLS" native
for also in "$TOOLS"-*; do
	[ ! -d "$also" ] || all "$also" "${also##*tools-}"
done

# --- what a traced program may see ------------------------------------------------------

says() { # TEXT CASE ENGINE WHAT_CARE_SAYS
	"$CARE" trace --engine="$3" -o trace.out "$TOOLS/guarded" "$2" >out 2>err
	echo "status $?"
	cat out err
	grep -qx "$1" out && { [ ! "${4-}" ] || [ "$(grep -c "$4" err)" -eq 1 ]; }
}
for engine in $engines; do
	try "io_uring is not there, $engine" says "ring 38" traced-no-ring $engine
done
ring_allowed() {
	"$CARE" trace --allow-io-uring -o trace.out "$TOOLS/guarded" traced-no-ring >out
	cat out
	! grep -qx "ring 38" out
}
ring_native() { "$TOOLS/guarded" traced-no-ring | grep -qx "ring 38"; }
if ring_native; then
	skip "io_uring is there when allowed" "this kernel has none, or refuses it"
else
	try "io_uring is there when allowed" ring_allowed
fi

# --- what is inherited -------------------------------------------------------------------

# Signals ignored and blocked before care starts, and no descriptor of ours in the command.
inherits() {
	cat >show <<-END
	#!/bin/sh
	exec "$CARE" trace --engine=$1 -o trace.out "\$@"
	END
	chmod +x show
	OUTER=env SELF=$TOOLS/sigs "$TOOLS/sigs" dispositions >native.out || return
	OUTER=./show SELF=$TOOLS/sigs "$TOOLS/sigs" dispositions >traced.out || return
	diff native.out traced.out && grep -q blocked traced.out && grep -q ignored traced.out
}
closed_stdin() {
	"$TOOLS/sigs" inherited <&- >native.out
	"$CARE" trace --engine=$1 -o trace.out "$TOOLS/sigs" inherited <&- >traced.out
	diff native.out traced.out && ! grep -qx "open 0" traced.out
}
for engine in $engines; do
	try "masks, dispositions and descriptors are inherited, nothing else, $engine" inherits $engine
	try "a closed standard input stays closed, $engine" closed_stdin $engine
done

# --- exit statuses -----------------------------------------------------------------------

status_is() {
	want=$1
	shift
	"$CARE" trace -o trace.out "$@" 2>err
	got=$?
	echo "status $got, wanted $want"
	cat err
	[ $got -eq "$want" ]
}
echo "no program" >no-program
chmod -x no-program
mkdir -p directory
try "a command that is not there: 127" status_is 127 no-such-command
try "a path that is not there: 127" status_is 127 ./no-such-command
try "a file that is no program: 126" status_is 126 ./no-program
try "a directory: 126" status_is 126 ./directory
try "the initial command's status, not the last one's" status_is 17 "$TOOLS/life" after-exec
try "no command at all: 125" status_is 125
said_once() {
	"$CARE" trace -o trace.out no-such-command 2>err
	cat err
	[ "$(wc -l <err)" -eq 1 ] && grep -q "no-such-command: command not found" err
}
try "a missing command is named in one line" said_once
: >empty-path-program
chmod +x empty-path-program
not_by_path() { PATH=/nonexistent "$CARE" trace -o trace.out empty-path-program 2>/dev/null; [ $? -eq 127 ]; }
try "a program of the working directory is not found through PATH" not_by_path

# --- signals to care, survivors ----------------------------------------------------------

# What runs here must be of care's own architecture: the tools are.
waits="$TOOLS/wait-for"

# begin ARGS…: care trace in the background, until the command says that it is ready.
begin() {
	rm -f ready
	mkfifo ready
	# A shell without job control lets what it starts with & ignore SIGINT.
	env --default-signal=INT,QUIT "$CARE" trace "$@" >out 2>err 3>ready &
	care=$!
	read -r pid <ready
	rm -f ready
}
ended() { # WANTED STATUS
	wait $care
	got=$?
	echo "care ended with $got, wanted $1"
	cat out err
	[ $got -eq "$1" ]
}

forwarded() {
	begin -o trace.out "$waits" signals 1
	kill -"$1" $care
	ended 0 && grep -qx "$1 1" out
}
try "SIGTERM to care is handed to the command, once" forwarded TERM
try "SIGHUP to care is handed to the command, once" forwarded HUP
try "SIGINT to care is handed to the command, once" forwarded INT

to_group() {
	rm -f ready
	mkfifo ready
	env --default-signal=INT,QUIT setsid sh -c 'echo $$ >group; exec "$0" trace -o trace.out "$1" signals 1' \
		"$CARE" "$waits" >out 2>err 3>ready &
	care=$!
	read -r pid <ready
	rm -f ready
	# A new process for each signal: nobody else sends these.
	"$TOOLS/wait-for" kill-group "$(cat group)" "$1"
	ended 0 && grep -qx "$1 1" out
}
try "SIGTERM to care's group reaches the command once" to_group TERM
try "SIGINT to care's group reaches the command once" to_group INT
try "SIGHUP to care's group reaches the command once" to_group HUP

unforwarded_death() {
	begin -o trace.out "$waits" nothing
	kill -TERM $care
	ended 143
}
try "a command that dies of the signal handed on is said to have died of it" unforwarded_death

# Gone, or dead and only not yet waited for.
gone() { ! grep -qE '^State:[[:space:]]+[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null; }
killed_care() {
	begin -o trace.out "$waits" nothing
	kill -KILL $care
	wait $care
	for i in .1 .1 .1 .2 .5 1 2 4; do
		! gone "$pid" || return 0
		sleep $i
	done
	kill -KILL "$pid"
	return 1
}
try "SIGKILL of care ends the command" killed_care

named() {
	begin -o trace.out "$waits" leave
	for i in 5.1 .2 .2 .2 .5 1 2 4; do
		sleep $i
		! grep "has ended, but not what it started" err || break
	done
	[ "$(grep -c 'has ended, but not' err)" -eq 1 ] && grep -q "wait-for ($pid)" err || return
	kill -INT $care
	ended 7 || return
	gone "$pid"
}
try "survivors are named after 5 seconds; Ctrl-C ends them, the status stays" named

survivor_ends() {
	begin -o trace.out "$waits" leave
	kill -TERM "$pid"
	ended 7 && not grep -q "has ended" err
}
try "care waits for descendants, and says nothing when they end soon" survivor_ends

killed_on_exit() {
	begin --kill-on-exit -o trace.out "$waits" leave
	ended 7 || return
	gone "$pid"
}
try "--kill-on-exit ends the survivors, the status stays" killed_on_exit

# Ctrl-Z and fg: the whole job stops and goes on.
stopped() {
	begin -o trace.out "$waits" signals 1
	kill -STOP "$pid"
	for i in .1 .1 .1 .2 .5 1 2 4; do
		state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status")
		[ "$state" = t ] || [ "$state" = T ] && break
		sleep $i
	done
	echo "state $state"
	kill -TERM "$pid"
	sleep 0.2
	[ ! -s out ] || return
	kill -CONT "$pid"
	ended 0 && grep -qx "TERM 1" out
}
try "a stopped command stays stopped until it is continued" stopped

# --- more ----------------------------------------------------------------------------------

two_at_once() {
	"$CARE" trace -o one.out "$TOOLS/life" threads >one &
	first=$!
	"$CARE" trace -o two.out "$TOOLS/life" fork >two || return
	wait $first && grep -qx "sum 13900" one && grep -q child two
}
try "two at once do not meet" two_at_once

counted() {
	"$CARE" trace --summary -o trace.out "$TOOLS/life" thread-exec >out 2>err
	[ $? -eq 17 ] || return
	cat err
	grep -q "11 tasks, 2 programs executed" err || grep -qE " (9|10) tasks, 2 programs executed" err
}
try "tasks and images are counted" counted

wide() {
	command -v true >/dev/null
	status_is 125 "$(command -v true)" && grep -q "use the care of" err
}
case $("$CARE" trace -o /dev/null true 2>&1) in
*"use the care of"*) try "a 32-bit care names the care that can trace a 64-bit program" wide ;;
esac

finish
