#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care doctor names what is refused, with the reason, and nothing else changes.
. "$TOP/tests/tap.sh"

"$CARE" doctor >all 2>/dev/null

# A line "  no   NAME  …" with the reason below it, where it was "yes" before.
names() { # WHAT ERRNO NAME REASON
	"$TOOLS/deny" "$1" --errno="$2" -- "$CARE" doctor >out 2>err
	cat out err
	grep -q "^  yes  $3 " all || { echo "not there without a refusal either"; return 1; }
	grep -A1 "^  no   $3 " out | tail -n 1 | grep -q "$4" || return
	# What worked goes on working: only lines of $5 may differ.
	diff all out | grep '^[<>]   *\(yes\|no\) ' | grep -v "  $3 " | grep -vE "${5-^$}" && return 1
	return 0
}
for errno in ENOSYS EPERM; do
	case $errno in
	ENOSYS) text="not implemented" ;;
	EPERM) text="not permitted" ;;
	esac
	try "seccomp filters, $errno" names seccomp $errno "seccomp filter" "$text" "set-uid programs"
	try "process_vm_readv, $errno" names process_vm_readv $errno process_vm_readv "$text"
	try "openat2, $errno" names openat2 $errno openat2 "$text"
	try "clone3, $errno" names clone3 $errno clone3 "$text"
	try "ptrace, $errno" names ptrace $errno ptrace "$text" "."
done
try "statx" names statx ENOSYS "statx with birth times" "not implemented"
try "PTRACE_GET_SYSCALL_INFO" names syscall-info EIO "call information" "."
works() { "$TOOLS/deny" "$1" --errno=EPERM -- "$CARE" doctor | grep -q "$2"; }
names_way() { $TOOLS/deny "$1" --errno=EPERM -- "$CARE" doctor >out; grep -q "$2" out || { cat out; return 1; }; }
try "where namespaces are refused it says that replays are by translation" \
	names_way namespaces,mounts "so replaying works, and care run, by translation$"
try "where programs cannot be traced either, that there are none" names_way namespaces,mounts,ptrace "so replaying does not work$"
try "without filters recording still works" works seccomp "so recording works, with the engine ptrace$"
try "without ptrace it does not" works ptrace "so recording does not work"
finish
