#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Recording and replaying where the kernel, or a container, lacks something: with each
# of these refused the command prints the same and ends the same, recorded and replayed,
# or one sentence says what is missing.
. "$TOP/tests/tap.sh"

deny="$TOOLS/deny"

# A 32-bit care can't record this machine's shell: there it is a tool of the tests.
if "$CARE" trace -o trace.out sh -c : 2>/dev/null; then
	job() { # AROUND…
		"$@" sh -c 'cat input; sed s/old/new/ input >made; cat made; rm made; mkdir d; rmdir d; ls; exit 3'
	}
	wanted=3
else
	job() { "$@" "$TOOLS/life" vfork; }
	wanted=0
fi

sanitized=$(LD_TRACE_LOADED_OBJECTS=1 "$CARE" 2>/dev/null </dev/null | grep libasan)

mkdir work
echo "the old text" >work/input

# What the command itself does there, without care: refusals reach it too.
expect() { # WHAT ERRNO
	(cd work && job "$deny" "$1" --errno="$2" --) >native.out 2>native.err
	native=$?
}

record() { # WHAT ERRNO
	rm -f archive.tar
	(cd work && job "$deny" "$1" --errno="$2" -- "$CARE" -v -1 -o ../archive.tar) >out 2>err
	got=$?
	echo "native $native, recorded $got"
	cat err
	diff native.out out && [ $got -eq $native ]
}

# With the recorded directory out of the way: what is read comes from the archive.
replay() { # WHAT ERRNO
	mv work elsewhere
	"$deny" "$1" --errno="$2" -- "$CARE" replay -v -1 archive.tar >out 2>err
	got=$?
	mv elsewhere work
	echo "native $native, replayed $got"
	cat err
	diff native.out out && [ $got -eq $native ]
}

# Refused namespaces: a replay says so in one line, if it does not do without them.
replay_or_say() {
	replay "$@" || { [ $got -eq 125 ] && [ "$(wc -l <err)" -eq 1 ] && grep -q namespaces err; }
}

# seen WHAT ERRNO: the fallback sees what the best way sees.
events() { sed -n 's/^[0-9]* \(.*\)/\1/p' trace.out | grep -vE '^(starts|thread|exits|executes)' | sed 's/made by [0-9]*//' | sort; }
seen() {
	"$CARE" trace -o trace.out "$TOOLS/life" exec-errors >/dev/null 2>&1
	events >best.events
	"$deny" "$1" --errno="$2" -- "$CARE" trace -o trace.out "$TOOLS/life" exec-errors >/dev/null 2>&1
	events >fallback.events
	[ -s best.events ] && diff best.events fallback.events
}

case $(head -c 5 "$CARE" | od -An -tu1) in
*2) bits=64 ;;
*) bits=32 ;;
esac
expect kexec_load EPERM
[ $native -eq $wanted ] || echo "# without a refusal the command itself ends with $native, not $wanted"

for errno in ENOSYS EPERM; do
	for what in seccomp process_vm_readv process_vm_writev syscall-info openat2 statx clone3 copy_file_range memfd_create; do
		# musl's own stat(3) is statx(2) in 32-bit programs, the tools and care among them, and
		# falls back for ENOSYS only; then another call is seen.
		[ $what != statx ] || [ $bits = 64 ] || continue
		# So is pthread_create(3) of glibc, which care under the sanitizers is linked with.
		[ $what$errno != clone3EPERM ] || [ ! "$sanitized" ] || continue
		expect $what $errno
		try "recording works without $what ($errno)" record $what $errno
		try "replaying works without $what ($errno)" replay $what $errno
		try "the same is seen without $what ($errno)" seen $what $errno
	done
done
# /proc/PID/mem is read by pread(2): what is left is PTRACE_PEEKDATA.
try "the same is seen where a program's memory can only be had word by word" \
	seen process_vm_readv,process_vm_writev,pread64,pwrite64 EPERM
expect userns EPERM
try "recording works without user namespaces" record userns EPERM
try "a replay does without user namespaces, or says that it cannot" replay_or_say userns EPERM
try "a replay does without user namespaces (ENOSPC: their number is limited), or says that it cannot" \
	replay_or_say userns ENOSPC
if "$deny" overlay -- true 2>/dev/null; then
	try "recording works without overlay" record overlay EPERM
	try "replaying works without overlay" replay overlay EPERM
	try "a second replay works without overlay" replay overlay EPERM
else
	skip "replaying works without overlay" "this kernel has no seccomp user notification"
fi

no_ptrace() {
	rm -f no.tar
	# The search for leaks needs ptrace itself.
	ASAN_OPTIONS=detect_leaks=0 "$deny" ptrace --errno=EPERM -- "$CARE" -v -1 -o no.tar "$TOOLS/life" fork >out 2>err
	got=$?
	cat err out
	[ $got -eq 125 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] &&
		grep -q "cannot trace programs" err && [ ! -e no.tar ]
}
try "without ptrace nothing is run, and one line says why" no_ptrace

finish
