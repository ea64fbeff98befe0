#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# parallel
# The build: everything that must be made again is, nothing else is. On a tree of five files.
# once
. "$TOP/tests/tap.sh"

mkdir -p t/a t/b t/configs
cd t || exit 1
cp -r "$TOP/Makefile" "$TOP/scripts" .
for f in "$TOP"/arch/*/toolchain; do
	d=arch/$(basename "$(dirname "$f")")
	mkdir -p "$d"
	cp "$f" "$d/"
done
cat >Kconfig <<'TEXT'
choice
	prompt "Optimise for"
config OPTIMIZE_SPEED
	bool "speed"
config OPTIMIZE_SIZE
	bool "size"
endchoice
config WERROR
	bool "warnings are errors"
	default y
config B
	bool "the folder b"
	default y
TEXT
: >configs/defconfig
echo CONFIG_OPTIMIZE_SIZE=y >configs/small_defconfig
printf 'obj-y += a/\nobj-$(CONFIG_B) += b/\n' >Kbuild
cat >a/Kbuild <<'TEXT'
obj-y += one.o two.o
main-y += main.o
gen-y += number.h
$(gen)/number.h: $(src)/number FORCE
	$(call if_changed,GEN,sed 's/^/$(hash)define NUMBER /' $(src)/number >$@)
TEXT
echo 7 >a/number
echo 'int one(void);' >a/one.h
printf '#include "a/one.h"\nint one(void) { return 1; }\n' >a/one.c
printf '#include "generated/a/number.h"\nint two(void);\nint two(void) { return NUMBER; }\n' >a/two.c
cat >a/main.c <<'TEXT'
#include "a/one.h"
#include "generated/version.h"
int two(void);
int main(int argc, char **argv) { (void)argv; return one() + two() + argc - 1; }
TEXT
echo 'obj-y += three.o' >b/Kbuild
printf 'int three(void);\nint three(void) { return 3; }\n' >b/three.c

arch=$(scripts/arch)
out=build/$arch
make=make
mk() { make "$@" >../log 2>&1 || { cat ../log; return 1; }; }
# made WHAT...: exactly these (by the last part of their names) were made by the last mk.
made() {
	sed -n 's/^  [A-Z]* *\(build\/.*\)$/\1/p' ../log | sed 's|.*/||' | LC_ALL=C sort >../made
	printf '%s\n' "$@" | LC_ALL=C sort | diff - ../made
}
later() { sleep 1.1; touch "$@"; }

first_build() { mk -j4 && "$out/care"; [ $? -eq 8 ]; }
is_static() { ! readelf -l "$out/care" | grep -q INTERP; }
nothing_to_do() { mk && ! grep -E '^  [A-Z]' ../log; }
header() { later a/one.h && mk && made one.o main.o libcare.a care.debug care; }
source_of_one() { later a/two.c && mk && made two.o libcare.a care.debug care; }
generated() { sleep 1.1; echo 9 >a/number; mk && made number.h two.o libcare.a care.debug care; "$out/care"; [ $? -eq 10 ]; }
flags() {
	mk EXTRA_CFLAGS=-DX && made one.o two.o three.o main.o libcare.a care.debug care &&
		mk EXTRA_CFLAGS=-DX && ! grep -E '^  [A-Z]' ../log && mk
}
config_untouched() { later "$out/.config" && mk && ! grep -E '^  [A-Z]' ../log; }
config() {
	sleep 1.1
	sed -i 's/^CONFIG_B=y/# CONFIG_B is not set/' "$out/.config"
	mk && grep -q 'CC .*one.o' ../log && ! ar t "$out/libcare.a" | grep three
}
left_kbuild() { sleep 1.1; sed -i 's/ two.o//' a/Kbuild; make >../log 2>&1; st=$?; sed -i 's/one.o/one.o two.o/' a/Kbuild; [ $st -ne 0 ] && mk && "$out/care"; [ $? -eq 10 ]; }
broken_source() {
	sleep 1.1
	echo 'this is not C' >>b/three.c
	mk defconfig && ! make >../log 2>&1 && sed -i '$d' b/three.c && mk && ar t "$out/libcare.a" | grep -q three
}
warnings() { sleep 1.1; echo 'static int unused;' >>a/one.c; ! make >../log 2>&1 && grep -q Werror ../log && sed -i '$d' a/one.c && mk; }
verbose() { later a/one.c && make V=1 >../log 2>&1 && grep -q 'musl-gcc.*one\.c' ../log; }
other_config() { mk NAME=small small_defconfig && mk NAME=small && grep -q -- '-Os' build/small/obj/a/one.o.cmd; }
saved() { mk NAME=small savedefconfig && grep -qx 'CONFIG_OPTIMIZE_SIZE=y' defconfig && [ "$(grep -c = defconfig)" -eq 1 ]; }
installed() {
	echo licence >LICENSE; echo readme >README.md
	mk install DESTDIR="$PWD/inst" PREFIX=/usr && inst/usr/bin/care; [ $? -eq 10 ] &&
		[ -s inst/usr/share/doc/care/licences/musl ]
}
cleaned() { mk clean && [ ! -e "$out/care" ] && [ -e "$out/.config" ] && mk distclean && [ ! -e build ]; }
unknown_arch() { ! make ARCH=pdp11 >../log 2>&1 && grep -q 'no architecture "pdp11".*x86' ../log; }

try "all is built from nothing, with -j4" first_build
try "the program is static" is_static
try "a second make has nothing to do" nothing_to_do
try "a header rebuilds those that include it" header
try "a source rebuilds its object" source_of_one
try "what a generator reads rebuilds what includes the result" generated
try "other flags rebuild everything, the same ones nothing" flags
try "a .config touched but not changed rebuilds nothing" config_untouched
try "an option changed in .config takes effect, and leaves the library" config
try "an object taken out of a Kbuild is out" left_kbuild
try "after a compile error the build goes on where it was" broken_source
try "a warning is an error" warnings
try "V=1 shows the commands" verbose
try "X_defconfig and NAME make a second configuration" other_config
try "savedefconfig writes what differs from the defaults" saved
try "make install brings the program and the licences" installed
try "clean keeps the configuration, distclean nothing" cleaned
try "an unknown ARCH names the known ones" unknown_arch
finish
