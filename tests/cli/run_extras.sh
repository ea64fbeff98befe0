#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care run's options that act on calls: -p, -n, -H, --sysvipc, alone and together.
. "$TOP/tests/tap.sh"

# A 64-bit program that ends with 7, and what a 32-bit care says of it.
{
	printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\76\0\1\0\0\0\170\0\100\0\0\0\0\0\100\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'
	printf '\0\0\0\0\100\0\70\0\1\0\0\0\0\0\0\0\1\0\0\0\5\0\0\0\0\0\0\0\0\0\0\0\0\0\100\0\0\0\0\0\0\0\100\0\0\0\0\0'
	printf '\204\0\0\0\0\0\0\0\204\0\0\0\0\0\0\0\0\20\0\0\0\0\0\0\270\74\0\0\0\277\7\0\0\0\17\5'
} >wide
chmod 755 wide
too_wide() {
	"$CARE" run -k 6.6.6 ./wide 2>err
	[ $? -eq 7 ] && grep -q "k has no effect: .*use the care of" err || { cat err; return 1; }
	for how in -H "-0 --root-id=owners" --engine=ptrace; do
		# shellcheck disable=SC2086
		"$CARE" run $how ./wide 2>err
		[ $? -eq 125 ] && grep -q "use the care of" err || { echo "$how"; cat err; return 1; }
	done
}
inner_too_wide() {
	for how in "-k 6.6.6" "-0 --root-id=owners"; do
		# shellcheck disable=SC2086
		"$CARE" run $how sh -c './wide; echo alive' 2>err
		[ $? -eq 137 ] && grep -q "use the care of" err || { echo "$how"; cat err; return 1; }
	done
}
if ./wide 2>err || [ $? -eq 7 ]; then
	if "$CARE" --dry-run ./wide 2>&1 | grep -q "use the care of"; then
		try "a program that is too wide for this care: -k is given up, other options say why" too_wide
		try "one that the command starts is told" inner_too_wide
	fi
fi
needs_recording

n=$$
address=127.$((n / 65536 % 100 + 101)).$((n / 256 % 256)).$((n % 254 + 1))
mkdir -p root/bin root/etc root/proc
cp "$(command -v busybox)" root/bin/
for a in sh ls cat id uname; do ln -s busybox root/bin/$a; done
cp "$TOOLS/ports" "$TOOLS/sysv" root/bin/
# With sanitizers they are not static: what they load must be in the root as well.
ldd "$TOOLS/ports" "$TOOLS/sysv" 2>/dev/null | grep -o '/[^ ]*\.so[^ ]*' | sort -u | while read -r lib; do
	mkdir -p "root${lib%/*}"
	cp -L "$lib" "root$lib"
done
: >root/etc/.proot-own
: >root/etc/plain

# prints WANT OPTIONS...
prints() {
	want=$1
	shift
	got=$("$CARE" run "$@" 2>err) || { echo "status $?"; cat err; return 1; }
	[ "$got" = "$want" ] || { echo "\"$got\" is not \"$want\""; return 1; }
}
free() {
	got=$("$CARE" run -n "$TOOLS/ports" $address 4711) || return 1
	echo "$got"
	[ "${got% *}" = "${got#* }" ] && [ "${got% *}" != 4711 ]
}
contradicts() { ! "$CARE" run -p 1:2 -p 1:3 true 2>err && grep -q "port 1 is to be both 2 and 3" err; }
own_ipc() {
	"$CARE" run --sysvipc "$TOOLS/sysv" key-make $((2000000 + n)) || return 1
	! "$TOOLS/sysv" key-find $((2000000 + n))
}
by_itself() {
	for c in shm_is_shared sem_is_undone msg_ping_pong; do
		"$CARE" run --sysvipc "$TOOLS/sysv" $c || return 1
	done
}
no_proc() {
	"$CARE" run -r root --sysvipc /bin/sysv shm_is_shared 2>err
	[ $? -eq 125 ] && grep -q -- "-b /proc" err
}
refused() { timeout 60 "$TOOLS/deny" ipc,shmget,shmat,shmctl,shmdt -- "$CARE" run --sysvipc "$TOOLS/sysv" shm_is_shared; }
all() {
	prints "6.6.6
4712 4712
plain" -r root -b /proc -k 6.6.6 -p 4711:4712 -H --sysvipc sh -c "
		uname -r; ports $address 4711 && sysv sem_values && ls -A /etc"
}

try "-p IN:OUT: what is at IN for the command is at OUT" prints "4712 4712" -p 4711:4712 "$TOOLS/ports" $address 4711
try "-p: low ports move up" prints "2099 2099" -p -- "$TOOLS/ports" $address 99
true_release() {
	"$CARE" run -k "$(uname -r)" sh -c "$1" &&
		"$CARE" run -k "\\$(uname -s)\\$(uname -n)\\$(uname -r)\\\\\\\\0\\" sh -c "$1" && ! "$CARE" run -k 6.6.6 sh -c "$1"
}
try "-k of what is true anyway: nothing is observed" true_release 'grep -q "^TracerPid:.0$" /proc/self/status'
try "-n: a port is any that is free" free
try "-p with two ports for one is refused" contradicts
try "-H: what begins with .proot is not listed" prints "plain" -r root -H ls -A /etc
try "--sysvipc: it is the run's own" own_ipc
try "--sysvipc: memory, semaphores, messages" by_itself
try "--sysvipc in a root: with its /proc" prints "" -r root -b /proc --sysvipc /bin/sysv shm_is_shared
try "--sysvipc in a root without /proc says what it needs" no_proc
try "--sysvipc where the kernel refuses it" refused
try "all of them together" all
try "with -0 too" prints "0
4712 4712" -0 -p 4711:4712 sh -c "id -u; $TOOLS/ports $address 4711"
finish
