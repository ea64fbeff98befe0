#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a new user meets: words that are wrong, files that are not there, and being told so.
. "$TOP/tests/tap.sh"
needs_recording

care() { "$CARE" "$@" >out 2>err; }
# fails STATUS WORDS… -- ARGUMENTS…: with that status, nothing on stdout, and the words on stderr.
fails() {
	want=$1
	shift
	: >words
	while [ "$1" != -- ]; do
		echo "$1" >>words
		shift
	done
	shift
	status=0
	care "$@" || status=$?
	[ $status -eq "$want" ] && [ ! -s out ] || { echo "status $status"; cat out err; return 1; }
	while IFS= read -r word; do
		grep -qF -e "$word" err || { echo "not said: $word"; cat err; return 1; }
	done <words
}
works() { care "$@" || { cat out err; false; }; }
prints() { word=$1; shift; works "$@" && grep -qF -e "$word" out && [ ! -s err ] || { cat out err; false; }; }
says_too() { word=$1; shift; works "$@" && grep -qF -e "$word" err || { cat err; false; }; }

echo data >file
"$CARE" -o good.tar.gz cat file >/dev/null 2>&1
"$CARE" -o good.bin cat file >/dev/null 2>&1

try "without a word it says how it is used, and fails" fails 125 "Usage: care" --
try "--help is on stdout and succeeds" prints "Usage: care" --help
try "-V names version, formats and licences" prints "suitable for self-extracting archives" -V
for c in record replay extract info verify repair convert run doctor trace help; do
	try "care $c --help is on stdout" prints "Usage: care $c" $c --help
	try "care $c with an unknown option says which is near" fails 125 "did you mean --version?" -- $c --versoin
done
try "care help of nothing that exists" fails 125 'no command "hepl"' -- help hepl
try "an unknown option of a recording" fails 125 "unknown option --outptu; did you mean --output?" -- --outptu x ls
try "an option without its argument" fails 125 "-o needs an argument: FILE" -- -o
try "a value that is no number" fails 125 'no size: a number of MB' -- -m much ls
try "a value that is not one of the words" fails 125 "used|seen" -- --content=some ls
try "a command that is not there is 127" fails 127 "no-such-command" -- -o x.tar ./no-such-command
try "a mistyped command of care names the right one" fails 127 "did you mean: care replay?" -- reply good.tar.gz
try "a path to conceal that is not there is told" says_too "-c $PWD/secrte: No such file" -c secrte --dry-run true
try "a path to reveal, too" says_too "-r $PWD/nothere: No such file" -r nothere --dry-run true
try "what is whole is not repaired, and says so" fails 123 "is whole: there is nothing to repair" -- repair -o new.tar.gz good.tar.gz
try "converting to where no directory is" fails 125 "write into nowhere: No such file" -- convert good.tar.gz nowhere/x.tar
touch plain
try "a command that cannot be executed is 126" fails 126 "plain" -- -o x.tar ./plain

for c in info extract replay verify repair; do
	[ $c = repair ] || try "care $c without an archive" fails 125 "which archive?" -- $c
	try "care $c of a missing file" fails 125 "missing.tar" -- $c missing.tar
	try "care $c of something else" fails 123 "file" -- $c file
done
try "care convert wants two" fails 125 "into which?" -- convert good.tar.gz
try "care convert does not overwrite" fails 125 "good.bin exists" -- convert good.tar.gz good.bin
try "care convert onto itself" fails 125 "are the same" -- convert -f good.tar.gz ./good.tar.gz
: >empty
try "an empty archive is damaged, not fine" fails 123 "empty" -- info empty
head -c 700 good.tar.gz >cut.tar.gz
not_whole() {
	care info cut.tar.gz && grep -q '^partial: *yes' out || [ $? -eq 123 ] || { cat out err; false; }
}
try "a cut archive is partial or refused" not_whole
# These say what was recorded at their end only.
care --reproducible -o good.tar.zst cat /bin/sh
head -c 3000 good.tar.zst >cut.tar.zst
"$CARE" record -v -1 --reproducible -o plain.tar cat /bin/sh >out && head -c 900000 plain.tar | zstd -q -B65536 >well.tar.zst &&
	head -c $(($(wc -c <well.tar.zst) - 100)) well.tar.zst >cut2.tar.zst
for c in info replay verify; do
	try "care $c of an archive cut early says so" fails 123 "cut.tar.zst: it was cut short, before" -- $c cut.tar.zst
	try "care $c of one cut later says so" fails 123 "cut2.tar.zst: it was cut short, before it says" "care repair" -- $c cut2.tar.zst
done
mkdir unused && cd unused && care -o ../said.tar.zst cat /bin/sh
cd ..
head -c 5000 said.tar.zst >cut3.tar.zst
try "care verify of one that says what was recorded, but was cut, has nothing to compare" fails 123 "cut3.tar.zst: its recording was cut short" -- verify cut3.tar.zst
try "care replay of it says what to expect" fails 127 "cut short: files that were used last may be missing" -- replay cut3.tar.zst
try "and it starts where the command did, though that comes last in an archive" fails 127 "care: error: /usr/bin/cat: No such" -- replay cut3.tar.zst
sh -c 'head -c 2000 good.bin; echo; echo' >odd.bin
chmod +x odd.bin

if [ "$(id -u)" -ne 0 ]; then
	cp good.tar.gz locked.tar.gz && chmod 0 locked.tar.gz
	try "an unreadable archive" fails 125 "locked.tar.gz" "Permission denied" -- info locked.tar.gz
	mkdir sealed && chmod 555 sealed
	try "extracting where nothing may be written" fails 125 "Permission denied" -- extract -C sealed good.tar.gz
	try "recording to where nothing may be written" fails 125 "sealed" -- -o sealed/x.tar ls
fi

# The program of another machine: EM_AARCH64 or EM_X86_64 of 64 bits, EM_ARM or EM_386 of 32.
foreign() {
	works extract -C foreign good.tar.gz || return
	program=$(echo foreign/good/rootfs/usr/bin/cat*)
	case $(od -An -tu1 -j4 -N1 "$program" | tr -d ' '):$(od -An -tu1 -j18 -N1 "$program" | tr -d ' ') in
	2:183) machine='\076' name=x86_64 ;;
	2:*) machine='\267' name=arm64 ;;
	1:40) machine='\003' name=x86 ;;
	*) machine='\050' name=arm ;;
	esac
	printf "$machine" | dd of="$program" bs=1 seek=18 conv=notrunc 2>dd.log || return
	fails 126 "cat is a program for $name, this machine is" -- replay foreign/good
}
! "$CARE" doctor --json | grep -q '"replay":true' || try "a program of another machine is told as that" foreign

clash() {
	mkdir -p bin && printf '#!/bin/sh\n' >bin/info && chmod +x bin/info
	PATH=$PWD/bin:$PATH care info some-topic
	[ $? -eq 125 ] && grep -q "care -- info" err
}
try "a command that is also a program gives a hint when it fails" clash
no_clash() { PATH=$PWD/bin:$PATH care info good.tar.gz && [ ! -s err ]; }
try "and none when it does what it is for" no_clash
recorded_by_name() {
	PATH=$PWD/bin:$PATH care -o named.tar -- info && PATH=$PWD/bin:$PATH care record -o named2.tar info &&
		tar -tf named.tar | grep -q bin/info && tar -tf named2.tar | grep -q bin/info || { cat err; false; }
}
try "care -- info records the program, and care record info too" recorded_by_name

as_proot() {
	ln -sf "$CARE" proot && ./proot --help >out 2>err && grep -q "Usage: care run" out
}
try "called proot it is care run" as_proot
as_care_old() {
	ln -sf "$CARE" care-old && ./care-old info good.tar.gz >out 2>err
}
try "called something else it is care" as_care_old

full() { "$CARE" info good.tar.gz >/dev/full 2>err; [ $? -eq 125 ] && grep -q "No space left" err; }
if [ -c /dev/full ]; then
	try "a report that could not be written is a failure" full
else
	skip "a report that could not be written is a failure" "no /dev/full"
fi
closed() {
	"$CARE" info good.tar.gz >&- 2>&- <&- || return
	"$CARE" -o closed.tar.gz cat file >&- 2>&- <&-
	gzip -dc closed.tar.gz | tar -tf - | grep -q rootfs && care info closed.tar.gz
}
try "closed descriptors do no harm" closed
harmless() {
	bad=$(printf 'a\033]0;x\007b')
	echo x >"$bad"
	"$CARE" -o esc.tar cat "$bad" >/dev/null 2>&1 && care info esc.tar && grep -qF 'a\x1b]0;x\x07b' out || { cat out err; false; }
}
try "control characters in names never reach the terminal" harmless
finish
