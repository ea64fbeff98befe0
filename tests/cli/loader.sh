#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that are started by another copy of their interpreter (emul/loader, by the sink of
# tests/tools/interp.c) find and do what they do when the kernel starts them.
. "$TOP/tests/tap.sh"

mkdir ld lib
pairs=
for interp in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux.so.2 /lib/ld-linux-armhf.so.3 /lib/ld-linux-aarch64.so.1; do
	[ ! -e $interp ] || { cp $interp ld/ && pairs="$pairs $interp=$PWD/ld/${interp##*/}"; }
done
for engine in ptrace-seccomp ptrace; do
	"$TOOLS/interp" $engine x=y -- true >/dev/null 2>&1 && engines="${engines-} $engine"
done

# shellcheck disable=SC2086
by() { engine=$1; shift; "$TOOLS/interp" $engine $pairs -- "$@" 9>started; }
shown() { cat native other err 2>/dev/null; false; }

# The same output and status by either engine, and it was started by us, COUNT times at least.
same() {
	count=$1
	shift
	"$@" >native 2>native.err </dev/null; expected=$?
	for engine in $engines; do
		by "$engine" "$@" >other 2>err </dev/null; status=$?
		[ $status = $expected ] && cmp native other && cmp native.err err &&
			[ "$(cat started)" -ge "$count" ] ||
			{ echo "$engine: $status, not $expected"; shown; return 1; }
	done
}

cc() { gcc -w -D_GNU_SOURCE -O1 "$TOP/tests/tools/image.c" -lpthread "$@"; }
kinds() {
	cc -o pie -pie -fPIE && cc -o exec -no-pie && cc -o big -DBIG &&
		cc -o wide -Wl,-z,max-page-size=65536 && cc -o huge -Wl,-z,max-page-size=2097152 &&
		cc -o old -Wl,-z,noseparate-code && cc -o stack -Wl,-z,execstack
}
export SAID="a b"
try "programs of all kinds are compiled" kinds
for kind in pie exec big wide huge old stack; do
	try "$kind: found as the kernel makes it" same 1 ./$kind "a b" "" c
done
try "by an absolute name" same 1 "$PWD/pie"
long=a-name-for-which-there-is-no-room-where-the-kernel-had-put-that-of-the-interpreter
longer() {
	mkdir -p $long/$long && ln -sf "$PWD/pie" $long/$long/$long &&
		same 1 "$PWD/$long/$long/$long" x && same 1 ./$long/$long/$long
}
try "a name that is longer than the interpreter's" longer
words() {
	i=0 all=
	while [ $i -lt 2000 ]; do all="$all word$i" i=$((i + 1)); done
	# shellcheck disable=SC2086
	same 1 ./pie $all && same 1 "$PWD/$long/$long/$long" $all
}
try "more arguments than a page holds" words
# Without random addresses even these are the same.
layout() { same 2 setarch -R sh -c 'exec grep -E "/grep|heap" /proc/self/maps'; }
try "where the addresses are not random, they are the kernel's" layout
static() {
	ln -sf "$TOOLS/image" another-name && same 1 ./another-name x && same 1 "$TOOLS/image" || return
	# What /proc tells of where its stack began stays as it was.
	mkdir -p static/$long && ln -sf "$TOOLS/image" static/$long/$long &&
		same 2 sh -c "./static/$long/$long | grep -vE 'same vector|^code'"
}
try "a static program has the name that it was asked for by" static
small() { (ulimit -s 128; same 1 ./pie) && (ulimit -s unlimited; same 1 ./pie); }
try "with a small stack and with one that has no end" small

try "a shell and what it runs" same 4 bash -c 'ls -d / /etc; (exec cat "$TOP/tests/tools/image.c") | wc -l; echo $0 $BASH'
try "an interpreter with threads" same 1 python3 -c '
import sys, threading, subprocess
t = threading.Thread(target=lambda: print("thread")); t.start(); t.join()
print(sys.executable, open("/proc/self/comm").read(), subprocess.run(["echo", "child"], capture_output=True))'
try "the compiler" same 3 gcc -o made.o -x c -c -

echo 'int f(void) { return 42; }' >lib.c
echo 'int f(void); int puts(const char *); int main(void) { puts("uses it"); return f() - 40; }' >uses.c
echo 'int puts(const char *); __attribute__((constructor)) static void c(void) { puts("before"); }' >before.c
libraries() {
	gcc -shared -fPIC -o lib/libf.so lib.c && gcc -shared -fPIC -o before.so before.c &&
		gcc -o uses uses.c -Llib -lf -Wl,-rpath,'$ORIGIN/lib' && gcc -o asks uses.c -Llib -lf &&
		same 1 ./uses && same 1 ./asks && same 2 env LD_LIBRARY_PATH=lib ./asks &&
		same 2 env "LD_PRELOAD=$PWD/before.so" ./uses && same 2 env LD_BIND_NOW=1 ./uses
}
# shellcheck disable=SC2016
try '$ORIGIN, LD_LIBRARY_PATH, LD_PRELOAD, and a library that is not there' libraries
listed() { same 1 sh -c 'ldd /bin/ls | sed "s/ (0x.*//"'; }
try "ldd" listed

cat >memory.c <<'END'
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int fd = memfd_create("x", MFD_CLOEXEC), in = open(argv[1], O_RDONLY), n;
	char part[65536];

	while ((n = read(in, part, sizeof(part))) > 0)
		write(fd, part, n);
	fexecve(fd, argv, (char *[]){ "SAID=it", NULL });
	return 1;
}
END
# What the kernel calls such a task differs from release to release.
memory() {
	gcc -w -D_GNU_SOURCE -o memory memory.c && same 3 sh -c './memory ./pie x | sed 1d'
}
try "a program that is in memory only" memory

dies() {
	echo 'int main(void) { *(volatile char *)8 = 1; return 0; }' >segv.c
	gcc -w -o segv segv.c && same 2 sh -c './segv; echo $?'
}
try "a program that dies" dies
cut_short() {
	head -c 3000 pie >cut && chmod +x cut
	for engine in $engines; do
		by "$engine" ./cut >other 2>err
		[ $? -gt 128 ] || return 1
	done
}
try "a program that was cut short ends by a signal" cut_short

# i386's, by an amd64's care: no headers for it here, its C library is enough.
cat >narrow.c <<'END'
int puts(const char *);
int __libc_start_main(int (*)(int, char **), int, char **, void *, void *, void *, void *);
static char zeros[100000];
static int main_(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) puts(argv[i]);
	for (unsigned i = 0; i < sizeof(zeros); i++) if (zeros[i]) puts("not zero");
	return argc;
}
__attribute__((used)) static void begin(int *sp)
{
	__libc_start_main(main_, *sp, (char **)(sp + 1), 0, 0, 0, sp);
}
__asm__(".globl _start\n_start: mov %esp,%eax; and $-16,%esp; sub $12,%esp; push %eax; call begin; hlt");
END
narrow() {
	for how in "-pie -fPIE" "-no-pie -fno-pie"; do
		# shellcheck disable=SC2086
		gcc -m32 -O1 -fno-stack-protector $how -nostdlib -o narrow narrow.c /lib32/libc.so.6 \
			-Wl,-dynamic-linker,/lib/ld-linux.so.2 && same 1 ./narrow a "b c" &&
			same 3 sh -c './narrow x; ./pie' || return 1
	done
}
[ "$(uname -m)" != x86_64 ] || [ ! -e /lib32/libc.so.6 ] || try "an i386 program" narrow
finish
