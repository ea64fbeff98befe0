#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Do the tests notice when a call loses a path? Ten times, a random row of syscalls.def
# loses one of its roles that name something (it becomes a plain pointer), and the tests
# of the decoder must fail. What is not needed for that is not built.
#
#   SEED=n     the same rows again (it is printed)
#   COUNT=n    more of them, COUNT=all: every role of every row
# once
. "$TOP/tests/tap.sh"

seed=${SEED:-$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')}
echo "# SEED=$seed"
mkdir -p tree
cp -r "$TOP/arch" "$TOP/core" tree
mkdir -p tree/tests
cp -r "$TOP/tests/syscalls" tree/tests
cd tree || exit 1
here=$(sh "$TOP/scripts/arch")
cc="${CC:-cc} -std=gnu11 -D_GNU_SOURCE -O0 -w -I."

build() {
	awk -f arch/tables.awk arch/syscalls.def arch/*/*.tbl >tables.c &&
		$cc -c tables.c arch/abi.c arch/regs.c core/event/decode*.c core/base/buf.c tests/syscalls/decode.c &&
		mv decode.o expected.o && $cc -c core/event/decode.c || return
	for a in arch/*/abi.c; do
		$cc -c "$a" -o "$(basename "$(dirname "$a")").o" || return
	done
	for a in arch/*/stub.c; do
		$cc -c "$a" -o "$(basename "$(dirname "$a")")-stub.o" || return
	done
	$cc -c "arch/$here/regs.c" -o here.o
}

# Compiles the table alone, links, runs. Success: the tests pass.
judge() {
	$cc -c arch/syscall.c -o syscall.o && $cc ./*.o -o judge && ./judge >judge.out
}

# Every role that names something, as "line number of its row, which of the row's".
roles() {
	awk '
	/^(SYS|SUB)\(/ {
		line = $0
		for (n = 1; match(line, /(PATH|SOCKADDR|MMSG|BPFATTR|MOUNTSOURCE|QUOTAFILE|FDUSE)\(|MSGHDR/); n++) {
			print NR, n
			line = substr(line, RSTART + RLENGTH)
		}
	}' original.def
}

# mutate LINE N: that role becomes PTR, or a descriptor nobody uses.
mutate() {
	awk -v at="$1" -v n="$2" '
	NR == at {
		out = ""
		for (i = 1; match($0, /(PATH|SOCKADDR|MMSG|BPFATTR|MOUNTSOURCE|QUOTAFILE|FDUSE)\(|MSGHDR/); i++) {
			out = out substr($0, 1, RSTART - 1)
			role = substr($0, RSTART, RLENGTH)
			$0 = substr($0, RSTART + RLENGTH)
			if (i != n) {
				out = out role
				continue
			}
			out = out (role ~ /FDUSE/ ? "FD" : "PTR")
			if (role !~ /\($/)
				continue
			for (depth = 1; depth; $0 = substr($0, 2)) {
				if ($0 ~ /^\(/) depth++
				if ($0 ~ /^\)/) depth--
			}
		}
		$0 = out $0
	}
	{ print }' original.def >arch/syscalls.def
	cmp -s original.def arch/syscalls.def && return 1
	sed -n "$1p" arch/syscalls.def
	return 0
}

# The tests must fail, and not because nothing compiles or runs.
dropped_is_noticed() {
	mutate "$1" "$2" || return 1
	! judge && grep '^not ok' judge.out
}

cp arch/syscalls.def original.def
try "the parts build" build
try "the tests pass on the table as it is" judge
count=${COUNT:-10}
[ "$count" = all ] && count=$(roles | wc -l)
roles | awk -v seed="$seed" 'BEGIN { srand(seed) } { print rand(), $0 }' | sort | head -n "$count" >chosen
while read -r _ line n; do
	name=$(sed -n "${line}s/^S[A-Z]*(\([a-z0-9_]*\).*/\1/p" original.def)
	try "dropping role $n of $name (line $line) is noticed" dropped_is_noticed "$line" "$n"
done <chosen
finish
