#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Archives meet the tools that people have: GNU tar, bsdtar, cpio, BusyBox, gzip, lzop, zstd.
# Whoever runs this extracts as himself; the runner does it as root and as a user.
set -u
umask 022
archive=$TOOLS/archive
. "$TOP/tests/tap.sh"
ok() { try "$1" true; }
bad() { try "$1" sh -c 'cat log; false'; }
have() { command -v "$1" >/dev/null; }

make_source() {
	mkdir -p src/usr/lib src/closed/below src/shut src/empty
	echo hello >src/usr/lib/hello
	ln src/usr/lib/hello src/usr/hard
	ln -s lib/hello src/usr/link
	ln -s ../lib/none src/usr/lib/dangling
	ln -s /etc/passwd src/usr/absolute
	head -c 3000000 /dev/urandom >src/usr/random
	: >src/usr/nothing
	echo x >"src/usr/$(printf 't\351l\351')"
	long=$(printf '\303\251%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25)
	mkdir -p "src/$long/$long/$long"
	echo y >"src/$long/$long/$long/$long"
	ln -s "$long$long$long" src/usr/long
	mkfifo src/usr/pipe
	truncate -s 3M src/usr/sparse
	printf mid | dd of=src/usr/sparse bs=1 seek=1500000 conv=notrunc 2>/dev/null
	printf '#!/bin/sh\n' >src/usr/script
	chmod 755 src/usr/script
	echo f >src/shut/file
	echo b >src/closed/below/file
	find src -exec touch -h -d '2011-12-13 14:15:16.789' {} +
	chmod 555 src/shut
}

# Names, types, contents, links, modes and whole seconds; $2: what isn't compared.
facts() {
	(cd "$1" && find . -printf '%P|%y|%m|%l|%TY%Tm%Td%TH%TM|\n' |
		awk -F'|' -v without="${2-}" '{
			if ($2 == "l" || $2 == "p") { $3 = ""; $5 = "" }
			if ($2 == "d" && without ~ /dirs/) { $3 = ""; $5 = "" }
			if (without ~ /times/) $5 = ""
			print
		}' | LC_ALL=C sort
	cd "$1" && find . -type f ! -path './closed/*' -exec sha256sum {} + | LC_ALL=C sort
	[ "$(stat -c %i usr/hard)" = "$(stat -c %i usr/lib/hello)" ] && echo linked)
}

# extract FORMAT WITHOUT COMMAND...: as the whole of an archive of that format
extract() {
	format=$1 without=$2
	shift 2
	name="$* takes $format apart"
	have "$1" || { skip "$name" "no $1"; return; }
	chmod -R u+rwx out 2>/dev/null
	rm -rf out a.x log
	mkdir out
	"$archive" make -f "$format" a.x src || { bad "$name (make)"; return; }
	if (cd out && "$@" ../a.x) >log 2>&1 && ! grep -q . log; then :; else bad "$name"; return; fi
	facts src "$without" >want
	facts out/a.x/rootfs "$without" >got
	if diff want got >log; then ok "$name"; else bad "$name"; fi
}

make_source
chmod 000 src/closed

for format in tar tar.gz tar.lzo tar.zst gnutar gnutar.zst; do
	case $format in
	*.gz) unpack=-z ;;
	*.lzo) unpack=--lzop ;;
	*.zst) unpack=--zstd ;;
	*) unpack= ;;
	esac
	case $unpack in
	--lzop) have lzop || { skip "tar takes $format apart" "no lzop"; continue; } ;;
	--zstd) have zstd || { skip "tar takes $format apart" "no zstd"; continue; } ;;
	esac
	# shellcheck disable=SC2086
	extract $format '' tar $unpack -xpf
done
for format in tar tar.gz tar.lzo tar.zst gnutar cpio cpio.zst cpio-odc; do
	LC_ALL=C.UTF-8 extract $format dirs bsdtar -xf
done
# cpio makes second names at its very end, which is later than a directory's time.
for format in cpio cpio-odc; do
	extract $format dirs cpio -idm --quiet -F
done
extract tar dirs busybox tar -xf
extract gnutar dirs busybox tar -xf

# The streams themselves, by their own tools.
for format in tar.gz tar.lzo tar.zst; do
	rm -f a.x
	"$archive" make -f $format a.x src
	case $format in
	*.gz) test="gzip -t" ;;
	*.lzo) test="lzop -t" ;;
	*.zst) test="zstd -qt" ;;
	esac
	if have "${test%% *}"; then
		try "$test accepts $format" sh -c "$test <a.x"
	else
		skip "$test accepts $format" "no ${test%% *}"
	fi
done

# A placeholder is small for tar and of its size for care.
rm -rf a.x out
"$archive" make -d -f tar a.x src
mkdir out
tar -xf a.x -C out 2>/dev/null
try "tar makes an empty file of a placeholder" test ! -s out/a.x/rootfs/usr/random
chmod -R u+rwx out
rm -rf out
mkdir out
"$archive" extract -p a.x out >/dev/null
try "care gives a placeholder its size" test "$(stat -c %s out/a.x/rootfs/usr/random)" = 3000000
try "and its time" test "$(stat -c %y out/a.x/rootfs/usr/random | cut -c1-29)" = "2011-12-13 14:15:16.789000000"
chmod -R u+rwx out

# The footer's recipe: its last eight bytes say where the archive begins.
rm -rf a.bin out
"$archive" make -S "$archive" -f tar.gz.bin a.bin src
size=$(tail -c 8 a.bin | od -An -tu1 | awk '{ for (i = 1; i <= NF; i++) n = n * 256 + $i } END { print n }')
total=$(stat -c %s a.bin)
try "the footer stands at the end" test "$(tail -c 21 a.bin | head -c 12)" = I_LOVE_PIZZA
tail -c $((size + 21)) a.bin | head -c "$size" >inner.tar.gz
try "tail and tar take the archive out of a .bin" sh -c 'tar -tzf inner.tar.gz | grep -q rootfs/usr/lib/hello'
try "dd does, too" sh -c "dd if=a.bin bs=1M iflag=skip_bytes skip=$((total - size - 21)) 2>/dev/null | tar -xzO a/proot 2>/dev/null | cmp - $archive"
try "the program in front still runs" sh -c './a.bin nonsense; test $? = 2'

# Everything at once comes back as it was, to the nanosecond, also into odd hands.
for format in dir tar tar.zst cpio.gz cpio-odc.lzo gnutar tar.lzo.raw; do
	chmod -R u+rwx out a.x 2>/dev/null
	rm -rf a.x out
	mkdir out
	"$archive" make -f $format a.x src && "$archive" extract -r a.x out >log 2>&1
	(cd src && find . ! -type l -printf '%P %y %m %T@\n' | LC_ALL=C sort) >want
	(cd out && find . ! -type l -printf '%P %y %m %T@\n' | LC_ALL=C sort) >got
	if diff want got >log; then ok "$format keeps modes and nanoseconds"; else bad "$format keeps modes and nanoseconds"; fi
done

# Many small things stay small.
chmod -R u+rwx out
rm -rf out many a.x
mkdir many
(cd many && i=0 && while [ $i -lt 90 ]; do
	mkdir "directory-$i" && (cd "directory-$i" && seq 500 | sed 's/^/some-file-name-/' | xargs touch)
	i=$((i + 1))
done)
for format in tar.lzo tar.zst; do
	rm -f a.x
	"$archive" make -d -f $format a.x many
	try "45,000 placeholders take less than 4 MB as $format" test "$(stat -c %s a.x)" -lt 4000000
done

chmod -R u+rwx src
finish
