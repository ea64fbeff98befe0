#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that trace others print inside what they print outside: strace, gdb, care itself,
# and a tracer that uses each request and each way to wait.
# long
. "$TOP/tests/tap.sh"
needs_recording
engines="ptrace-seccomp ptrace"

# same ENGINE COMMAND…: status and (filtered, sorted where tasks run side by side) output.
same() {
	engine=$1
	shift
	timeout 100 "$@" >native.out 2>native.err </dev/null
	echo "status $?" >>native.out
	timeout 100 "$CARE" trace --engine="$engine" -o trace.out "$@" >nested.out 2>nested.err </dev/null
	echo "status $?" >>nested.out
	for out in native nested; do plain <$out.out >$out.plain; done
	cat nested.err
	diff native.plain nested.plain
}

# --- each request --------------------------------------------------------------------------

plain() { cat; }
for engine in $engines; do
	for case in calls registers siginfos signals group group-old events exec thread-exec waits stranger ends own; do
		try "a tracer sees the same: $case, $engine" same $engine "$TOOLS/tracer" $case
		if [ -x "$TOOLS-x86/tracer" ]; then
			try "… a 32-bit one too: $case, $engine" same $engine "$TOOLS-x86/tracer" $case
		fi
	done
	if "$TOOLS/tracer" steps | grep -q "step -"; then
		skip "single steps end where they do outside, $engine" "this machine has none"
	else
		try "single steps end where they do outside, $engine" same $engine "$TOOLS/tracer" steps
	fi
done

# --- strace ----------------------------------------------------------------------------------

# Addresses, ids and random bytes out, and what depends on who is first (-ff: a file a task).
calls_only() {
	sed -E 's/^[0-9]+ +//; s/0x[0-9a-f]+/ADDR/g; s/"(\\x[0-9a-f]{2})+"/BYTES/g; s/[0-9]{3,}/N/g; s/ += /=/' |
		grep -vE 'unfinished|resumed|SIGCHLD|ERESTARTSYS|sigreturn|getrandom' | LC_ALL=C sort
}
traced() { # OPTIONS… and the command; the trace on stdout
	rm -f strace.out*
	strace -o strace.out "$@" || echo "status $?"
	cat strace.out* | calls_only
}
cat >traced <<-END
	. "$TOP/tests/tap.sh"
	$(sed -n '/^calls_only()/,/^}/p; /^traced()/,/^}/p' "$TOP/tests/cli/nested.sh")
	traced "\$@"
END
for engine in $engines; do
	try "strace prints what it prints outside, $engine" \
		same $engine sh traced cat /etc/hostname
	try "… of a shell and its children, $engine" \
		same $engine sh traced -ff -e trace=execve,openat,open,exit_group,wait4,kill \
		sh -c '/bin/true; (exit 2) | cat; kill -9 $$'
	[ ! -x "$TOOLS-x86/become" ] || try "… of a 32-bit program, $engine" \
		same $engine sh traced sh -c '"$@"; exit 3' sh "$TOOLS-x86/become" show secure
	try "… with a filter of its own, $engine" \
		same $engine sh traced -ff --seccomp-bpf -e trace=execve,openat,open sh -c 'ls / | cat; exit 4'
	try "… of arguments that care replaces, $engine" \
		same $engine sh traced -e trace=openat,open,stat,newfstatat,statx cat /tmp/no-such-file
	try "… calls that it makes fail, $engine" \
		same $engine sh traced -e trace=uname -e inject=uname:error=EPERM uname
done
replaced() { # the recorder conceals /tmp, by another path
	strace -o native.strace cat /tmp/no-such-file 2>/dev/null
	"$CARE" record --engine="$1" -o out.tar strace -o nested.strace cat /tmp/no-such-file 2>err
	cat err
	for out in native nested; do calls_only <$out.strace >$out.plain; done
	diff native.plain nested.plain && grep -q '"/tmp/no-such-file"' nested.plain &&
		tar -tf out.tar | grep -q "/strace$" && tar -tf out.tar | grep -q "/cat$"
}
in_a_root() { # where programs are started by their ld.so, after calls that strace must not see
	mkdir -p root
	set -- "$1" $(for d in /usr /bin /lib /lib64 /lib32 /etc /proc /dev; do [ ! -e $d ] || echo "-b $d"; done)
	"$CARE" run -v -1 --engine="$@" -b "$PWD:/here" -w /here -r root \
		strace -o rooted.strace sh -c 'exec cat /etc/hostname' >out 2>err
	got=$?
	calls_only <rooted.strace >rooted.plain
	cat err
	grep -E 'execve|errno' rooted.plain
	[ $got -eq 0 ] && cmp out /etc/hostname && [ "$(grep -c '^execve(.*=0$' rooted.plain)" -eq 2 ] &&
		! grep errno rooted.plain
}
counts() {
	"$CARE" trace --engine="$1" -o trace.out strace -c -f -o count.out sh -c 'ls / >/dev/null; exit 3'
	got=$?
	cat count.out
	[ $got -eq 3 ] && grep -qE " 2 .*execve$" count.out && grep -q "total$" count.out
}
attached() {
	cat >attach <<-'END'
		sh -c 'while [ ! -e go ]; do sleep 0.02; done; exit 6' & pid=$!
		strace -f -o attach.out -p $pid 2>attach.err & tracer=$!
		while [ ! -s attach.out ]; do sleep 0.02; done
		: >go
		wait $pid; echo "child $?"
		wait $tracer; echo "strace $?"
		tail -n 1 attach.out | sed 's/^[0-9]* *//'
		sleep 100 & pid=$!
		rm -f attach.out
		strace -o attach.out -p $pid 2>attach.err & tracer=$!
		while ! grep -q attached attach.err; do sleep 0.02; done
		kill -INT $tracer
		wait $tracer
		kill -TERM $pid
		wait $pid; echo "child $?"
	END
	rm -f go attach.out
	# A shell without job control would let strace ignore SIGINT.
	timeout 100 "$CARE" trace --engine="$1" -o trace.out env --default-signal=INT sh -m attach >out 2>err
	cat out err
	[ "$(cat out)" = "child 6
strace 0
+++ exited with 6 +++
child 143" ]
}
for engine in $engines; do
	try "strace shows a path that is concealed as the program gave it; all is recorded, $engine" \
		replaced $engine
	try "strace in another root sees what programs begin with, $engine" in_a_root $engine
	try "strace -c counts, $engine" counts $engine
	try "strace -p attaches to a running program, sees its end, lets another go, $engine" \
		attached $engine
done

# --- gdb ---------------------------------------------------------------------------------------

plain() {
	sed -E 's/0x[0-9a-f]+/ADDR/g; s/(LWP|process) [0-9]+/\1 N/g; s/Thread [0-9.]+ /Thread N /' |
		grep -vE '^$|^\[|No such file or directory' | LC_ALL=C sort
}
debug() { # ENGINE, then options of gdb
	engine=$1
	shift
	same $engine gdb -q -batch -nx -ex "set debuginfod enabled off" -ex "set pagination off" "$@"
}
bare() { # gdb needs a program that it can read here
	gdb -q -batch -nx -ex "break main" -ex run -ex bt --args "$TOOLS/debugged" quits 2>&1 |
		grep -q "#0 .*main"
}
if bare; then
	for engine in $engines; do
		try "gdb: run and bt after a signal, $engine" \
			debug $engine -ex run -ex bt --args "$TOOLS/debugged" aborts
		try "gdb: breakpoints and steps, $engine" \
			debug $engine -ex "break main" -ex run -ex next -ex next -ex stepi -ex stepi \
			-ex "info registers" -ex "print argc" -ex c --args "$TOOLS/debugged" quits
		try "gdb: a breakpoint in threads and children, $engine" \
			debug $engine -ex "break visit" -ex "commands
silent
continue
end" -ex run --args "$TOOLS/debugged" visits
		try "gdb: catches calls, forks and programs, $engine" \
			debug $engine -ex "catch fork" -ex "catch exec" -ex "catch syscall uname" -ex run \
			-ex c -ex c -ex c -ex c --args sh -c "/bin/true; exec uname"
		try "gdb: attaches, looks, lets go, $engine" \
			same $engine sh -c 'sleep 100 & pid=$!; while ! grep -q ^S /proc/$pid/wchan && ! grep -q "State:.S" /proc/$pid/status; do :; done
			gdb -q -batch -nx -p $pid -ex "info threads" -ex detach 2>&1 | grep -c "Thread\|Inferior"
			kill $pid; wait $pid'
	done
else
	skip "gdb" "it cannot read this machine's test programs"
fi

# --- care ----------------------------------------------------------------------------------------

inner_and_outer() {
	rm -f inner.tar outer.tar
	timeout 100 "$CARE" record --engine="$1" -o outer.tar \
		"$CARE" record --engine="$2" -o inner.tar sh -c "cat /etc/hostname; exit 5" >out 2>err
	got=$?
	cat out err
	cmp out /etc/hostname && [ $got -eq 5 ] || return
	for archive in inner outer; do
		tar -tf $archive.tar | grep -q "/etc/hostname$" || return
		tar -tf $archive.tar | grep -q "/cat$" || return
	done
}
events_inside() {
	"$CARE" trace -o native.trace cat /etc/hostname
	"$CARE" record --engine="$1" -o out.tar "$CARE" trace --engine="$2" -o nested.trace cat /etc/hostname 2>err
	cat err
	for out in native nested; do
		sed -E 's/^[0-9]+ //; s/made by [0-9]+/made by N/' $out.trace >$out.plain
	done
	diff native.plain nested.plain
}
for engine in $engines; do
	for inner in $engines; do
		try "care in care: each has its archive, $inner in $engine" \
			inner_and_outer $engine $inner
		try "care trace in care record tells the same, $inner in $engine" \
			events_inside $engine $inner
	done
done

# --- what is refused -------------------------------------------------------------------------

refused() {
	"$CARE" trace --engine="$1" -o trace.out "$TOOLS/tracer" refused >out 2>err
	got=$?
	cat out err
	grep -qx "traceme -1" out && [ "$(grep -c "traces programs and wants" err)" -eq 1 ] && [ $got -eq 0 ]
}
elsewhere() { # in a namespace of processes of its own
	"$CARE" trace --engine="$1" -o outer.out \
		unshare -Urpf "$CARE" trace -o inner.out true >out 2>err
	got=$?
	cat err
	[ $got -eq 125 ] && grep -q "cannot trace programs" err &&
		[ "$(grep -c "traces programs and wants" err)" -eq 1 ]
}
for engine in $engines; do
	if unshare -Urpf true 2>/dev/null; then
		try "care in care says why it cannot where it cannot, $engine" elsewhere $engine
	else
		skip "care in care says why it cannot where it cannot, $engine" "no user namespaces here"
	fi
	try "what cannot be done is said once, with the kernel's error, $engine" refused $engine
done
finish
