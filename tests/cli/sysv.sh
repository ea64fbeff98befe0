#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# emul/sysv: System V IPC as the kernel's, which nobody else takes part in. Each case of the
# tool holds by the kernel as well, where it has it.
. "$TOP/tests/tap.sh"

emulate() { timeout 60 "$TOOLS/emulate" "$@"; }
case_of() {	# case_of NAME SUFFIX TOOLS OPTIONS...
	name=$1 suffix=$2 tools=$3
	shift 3
	try "$(echo "$name" | tr _ ' ')$suffix" emulate "$@" --sysvipc "$tools/sysv" "$name"
}
cases=$("$TOOLS/sysv")
for c in $cases; do case_of "$c" "" "$TOOLS"; done
for c in $cases; do case_of "$c" " (ptrace alone)" "$TOOLS" --plain; done
if [ -x "$TOOLS-x86/sysv" ]; then
	for c in $cases; do case_of "$c" " (32-bit)" "$TOOLS-x86"; done
fi
has_ipc=false
"$TOOLS/sysv" sem_values >/dev/null 2>&1 && has_ipc=true
for c in $cases; do
	if $has_ipc; then
		try "$(echo "$c" | tr _ ' ') (by the kernel)" timeout 60 "$TOOLS/sysv" "$c"
	fi
done

number=$((1000000 + $$))
own_namespace() {
	emulate --sysvipc sh -c '"$0" key-make "$1" && "$0" key-find "$1"' "$TOOLS/sysv" $number || return 1
	! "$TOOLS/sysv" key-find $number && ! emulate --sysvipc "$TOOLS/sysv" key-find $number
}
refused=ipc,shmget,shmat,shmctl,shmdt,semget,semop,semctl,msgget,msgsnd,msgrcv,msgctl
without() {
	"$TOOLS/deny" $refused -- "$TOOLS/sysv" "$1" >/dev/null && { echo "not refused at all"; return 1; }
	"$TOOLS/deny" $refused -- timeout 60 "$TOOLS/emulate" --sysvipc "$TOOLS/sysv" "$1"
}
try "what is made in a run is seen by its programs, and by nobody else" own_namespace
for c in shm_is_shared sem_waits_for_another msg_waits; do
	try "$(echo $c | tr _ ' '), where the kernel refuses it" without $c
done
finish
