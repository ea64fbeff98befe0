#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/deps: what is linked in is exactly what scripts/deps.lock pins, and says so if not.
# once
. "$TOP/tests/tap.sh"

arch=$(sh "$TOP/scripts/arch")
mkdir -p t/arch bin
cp -r "$TOP/scripts" t/
cp -r "$TOP/arch/$arch" t/arch/
real=$CARE_DEPS/sources
CARE_DEPS=$PWD/deps
PATH=$PWD/bin:$PATH
export CARE_DEPS PATH

# A mirror of our own making: apt-get and apt-cache by name.
mirror() {
	rm -rf deps
	cat >bin/apt-get
	chmod +x bin/apt-get
}
cat >bin/apt-cache <<'TEXT'
#!/bin/sh
echo "Version: 99.1-1"
TEXT
chmod +x bin/apt-cache
builds() { t/scripts/deps "$arch" >log 2>&1; }
nothing_built() { ! ls deps/"$arch"/deps-*/complete 2>/dev/null; }

unreachable() {
	mirror <<'TEXT'
#!/bin/sh
case $* in
indextargets*) echo "http://mirror.invalid/debian bookworm main" ;;
*) exit 100 ;;
esac
TEXT
	! builds || return 1
	cat log
	grep -q 'pins zlib .*, but the mirror has: 99.1-1' log && grep -q 'scripts/deps --lock' log && nothing_built
}
tampered() {
	mirror <<TEXT
#!/bin/sh
case \$* in
indextargets*) echo "http://mirror.invalid/debian bookworm main" ;;
*" source "*) cp '$real'/* . && printf x >>zlib_1.2.13.dfsg.orig.tar.bz2 ;;
esac
TEXT
	! builds || return 1
	cat log
	grep -q 'zlib_1.2.13.dfsg.orig.tar.bz2: FAILED' log && grep -q 'not the ones that scripts/deps.lock pins' log &&
		nothing_built
}
no_mirror() {
	mirror <<'TEXT'
#!/bin/sh
exit 0
TEXT
	! builds && cat log && grep -q 'names no Debian 12 (bookworm) mirror' log
}
names_of_others() {	# a third party's suite of a similar name is not asked
	mirror <<'TEXT'
#!/bin/sh
case $* in
indextargets*) echo "http://others.invalid/debian bookworm-pgdg main"; echo "http://mirror.invalid/debian bookworm main" ;;
*) exit 100 ;;
esac
TEXT
	! builds && cat deps/apt/sources.list && grep -q mirror.invalid deps/apt/sources.list && ! grep -q others deps/apt/sources.list
}
no_compiler() {
	sed -i 's/^TRIPLET=.*/TRIPLET=pdp11-dec-linux/' "t/arch/$arch/toolchain"
	! builds || return 1
	cat log
	grep -q "pdp11-dec-linux-gcc is missing; run: scripts/need build $arch" log
}
key_changes() {
	before=$(t/scripts/deps --path "$arch")
	echo '# a change' >>t/scripts/deps.recipes
	after=$(t/scripts/deps --path "$arch")
	echo "$before $after"
	[ "$before" != "$after" ] && [ "$after" = "$(t/scripts/deps --path "$arch")" ]
}
# Of an i386, gcc is no cross compiler, and the C library its own.
of_another_machine() {
	ours=$("$TOP/scripts/need" --print=amd64 system | tr '\n' ' ')
	theirs=$("$TOP/scripts/need" --print=i386 system | tr '\n' ' ')
	echo "$ours; $theirs"
	case " $ours" in *' gcc-i686-linux-gnu '*' libc6-i386 '*) ;; *) return 1 ;; esac
	case " $theirs" in *i686* | *libc6-i386*) return 1 ;; *' gcc '*' libc6-dev '*) ;; *) return 1 ;; esac
}

try "a version that the mirror no longer has is named" unreachable
try "a source with other bytes is refused" tampered
try "no Debian mirror: says so" no_mirror
try "only Debian's own suites are asked for sources" names_of_others
try "another recipe makes another place" key_changes
try "packages can be named for another machine" of_another_machine
try "a missing compiler: says how to get it" no_compiler
finish
