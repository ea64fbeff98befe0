#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care record: its options, what it says, what it archives, how it ends.
. "$TOP/tests/tap.sh"

care() { "$CARE" "$@" >out 2>err; }
shown() { cat out err; false; }
in_archive() { tar -tf "$1" | grep -qx "$2"; }
member() { tar -xOf "$1" "$2"; }
# ends STATUS COMMAND…
ends() {
	want=$1
	shift
	"$@"
	got=$?
	[ $got -eq "$want" ] || { echo "status $got, expected $want"; shown; }
}

# --- what it says --------------------------------------------------------------------------

transparent() {
	ends 3 care -o a.tar sh -c 'echo to stdout; echo to stderr >&2; exit 3' &&
		[ "$(cat out)" = "to stdout" ] && grep -q 'to stderr' err || shown
}
try "stdout is the command's alone, and so is the status" transparent
summary() { care -o a.tar true && grep -q 'care replay a.tar' err && grep -q 'archived' err || shown; }
try "the summary names the command that replays" summary
quiet() { care -v -1 -o a.tar sh -c 'echo x >&2' && [ "$(cat err)" = x ] || shown; }
try "-v -1 says nothing" quiet
no_command() { ends 125 care -o a.tar && grep -q 'no command' err || shown; }
try "no command: 125 and a sentence" no_command
nearest() { ends 125 care --volatile-pth /x true && grep -q -- '--volatile-path' err || shown; }
try "an unknown option names the nearest one" nearest
absent() { ends 127 care -o b.tar ./no-such-program && grep -q no-such-program err && not ls b.tar* || shown; }
try "a program that is not there: 127, nothing left" absent
absent_often() {
	for i in 1 2 3 4 5 6 7 8; do ends 127 care ./no-such-program || return 1; done
	[ -z "$(ls "$HOME/.local/state/care")" ] && not ls care-*.bin
}
try "however often" absent_often
not_executable() { : >plain; ends 126 care -o b.tar ./plain && not ls b.tar* || shown; }
try "a file that cannot be executed: 126" not_executable
no_directory() { ends 125 care -o /no/such/dir/a.tar touch ran && grep -q '/no/such/dir' err && [ ! -e ran ] || shown; }
try "an output that cannot be written is found before the command runs" no_directory
device() {
	mkfifo pipe && ends 125 care -o pipe true && [ -p pipe ] && grep -q -- '-o -' err &&
		ends 125 care -o /dev/null true && [ -c /dev/null ] || shown
}
try "a device or a pipe is not replaced by an archive" device
suffixless() { care -o named true && [ -x named ] && grep -q 'tells no format' err || shown; }
try "a name without suffix becomes self-extracting, and it says so" suffixless
default_name() { mkdir def && cd def && "$CARE" -v -1 true && ls | grep -Eqx 'care-[0-9]{12}\.bin'; }
try "the default name is CARE's" default_name
dry_run() { care -o dry.tar --dry-run cat "$0" && [ -s out ] && grep -q archived err && [ ! -e dry.tar ] || shown; }
try "--dry-run reports and writes nothing" dry_run
stream() { care -o - true && tar -tf out >/dev/null || shown; }
try "-o - is a stream on standard output" stream
variables() {
	ends 125 care -e NAME=value -o v.tar touch ran && grep -q 'NAME=value' err && [ ! -e ran ] || shown
	ends 125 care --redact-env A=b -o v.tar touch ran && grep -q 'A=b' err && [ ! -e ran ] || shown
}
try "a value given with the name of a variable is an error" variables
counted() {
	: >seen && : >read && care -o c.tar sh -c 'ls -l seen read >/dev/null; cat read' &&
		grep -q 'and 1 placeholders' err || shown
}
try "what was looked at and then read counts once" counted
deep() {
	name=$(printf %200s | tr ' ' d)
	(for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24; do mkdir $name && cd -P $name || exit 1; done
		echo deep >file && echo side >other && ln -s file link && mkdir sub) 2>/dev/null || return 1
	cat >deep.pl <<'EOF'
chdir "d" x 200 or exit 1 for 1 .. 24;
open my $f, "<", "link" or exit 2; print <$f>;
opendir my $d, "." or exit 3; print join(" ", sort grep !/^\.\.?$/, readdir $d), "\n";
-s "other" == 5 or exit 4;
rename "sub", "moved" and mkdir "sub" or exit 5;
open my $o, ">", "made" or exit 6; print $o "made\n";
EOF
	for to in deep.tar deep.cpio.gz deep/; do
		care -o $to perl deep.pl && [ "$(cat out)" = "deep
file link other sub" ] && ! grep -q 'could not be recorded' err || shown || return 1
		care replay $to && [ "$(cat out)" = "deep
file link other sub" ] || shown || return 1
		perl -e 'chdir "d" x 200 or exit 1 for 1 .. 24; unlink "made"; rmdir "sub"; rename "moved", "sub" or exit 1' || return 1
	done
	care verify deep.tar || shown
}
if command -v perl >/dev/null; then
	try "files deeper than a path can tell are recorded and replayed" deep
else
	skip "files deeper than a path can tell are recorded and replayed" "no perl"
fi
limited() {
	(ulimit -f 100; ends 124 care -o l.tar cat "$0") && grep -q 'write the archive.*too large' err || shown
}
try "a file size limit is told as what it is" limited
links() {
	mkdir to && : >to/other && ln -s to/other link.tar && ln -s /dev/null null.tar || return 1
	care -o link.tar true && [ -L link.tar ] && tar -tf to/other >/dev/null || shown || return 1
	ends 125 care -o null.tar true && [ -L null.tar ] && [ -c /dev/null ] || shown
}
try "what a symbolic link leads to is written, never the link" links

# --- what is archived ------------------------------------------------------------------------

head -c 5000000 /dev/urandom >big
placeholder() {
	care -o a.tar test -f big && [ "$(wc -c <a.tar)" -lt $((4900000 + $(wc -c <"$CARE"))) ] && in_archive a.tar "a/rootfs$PWD/big" || shown
}
try "a file only looked at is a placeholder" placeholder
seen() { care -o a.tar --content=seen test -f big && [ "$(wc -c <a.tar)" -gt 5000000 ] || shown; }
try "--content=seen keeps its bytes" seen
limit() { ends 121 care -o a.tar -m 1 cat big && [ "$(wc -c <a.tar)" -lt $((4900000 + $(wc -c <"$CARE"))) ] && grep -q -- '-m' err || shown; }
try "-m leaves big files out, says so, and is not faithful" limit
subvolume() {
	ends 0 care -o i.tar perl -e 'open my $d, "<", "/dev/null"; my $x = "\0" x 4096; print ioctl($d, 0x5000940e, $x) ? "made\n" : "refused\n"' && grep -qx refused out || shown
}
if command -v perl >/dev/null; then
	try "a subvolume that was not made is no loss" subvolume
else
	skip "a subvolume that was not made is no loss" "no perl"
fi
received() {
	echo one >given1 && echo two >given2 && mkdir sockdir || return 1
	mkfifo ready && { "$TOOLS/passfd" give sockdir/s given1 given2 >ready & giver=$!; } && read -r line <ready || return 1
	ends 0 care -o taken.tar "$TOOLS/passfd" take sockdir/s 2 && [ "$(cat out)" = "one
two" ] && wait $giver && [ "$(member taken.tar "taken/rootfs$PWD/given1")" = one ] &&
		[ "$(member taken.tar "taken/rootfs$PWD/given2")" = two ] || shown
}
try "files whose descriptors come from elsewhere over a socket are archived" received
# Since Linux 6.7 each user namespace has its own handlers; elsewhere unit/binfmt is the test.
handlers() {
	unshare -Urm sh -c 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && echo ":care-probe:E::care-probe::/bin/true:" >/proc/sys/fs/binfmt_misc/register' 2>/dev/null || return 0
	cp "$(command -v cat)" by-suffix && cp by-suffix by-magic && echo told >prog.caretest && echo CARETEST >prog && chmod +x prog* || return 1
	unshare -Urm sh -c 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
		echo ":care-e:E::caretest::$PWD/by-suffix:" >/proc/sys/fs/binfmt_misc/register &&
		echo ":care-m:M:4:TEST::$PWD/by-magic:F" >/proc/sys/fs/binfmt_misc/register && exec "$0" -o handled.tar sh -c "./prog.caretest; ./prog"' "$CARE" >out 2>err
	[ "$(cat out)" = "told
CARETEST" ] && member handled.tar "handled/rootfs$PWD/by-suffix" | cmp - by-suffix &&
		member handled.tar "handled/rootfs$PWD/by-magic" | cmp - by-magic || shown || return 1
	"$CARE" info handled.tar | grep -q care-m || shown
}
try "the interpreters that binfmt_misc runs programs with are archived" handlers
limit_stored() {
	truncate -s 50M sparse && echo data | dd of=sparse bs=1 seek=20000000 conv=notrunc 2>/dev/null || return 1
	[ $(($(stat -c %b sparse) / 2)) -lt 1000 ] || return 0	# a file system without holes
	ends 0 care -o a.tar -m 20 sh -c 'cksum <sparse; cat sparse >copy; truncate -s 40M made' && cp out native &&
		ends 0 care replay a.tar sh -c "cksum <sparse" && cmp native out || shown
}
try "-m counts what is stored of a sparse file" limit_stored
secrets() {
	mkdir own && printf 'x = 1\ntoken = ghp_0123456789abcdefABCDEF0123456789abcdef\n' >own/settings || return 1
	echo 'nothing' >own/plain
	care -o s.tar cat own/settings own/plain && grep -q 'own/settings.*looks like a secret.*GitHub' err &&
		! grep -q 'plain.*secret' err || shown || return 1
	ends 1 care info --review s.tar && grep -q 'own/settings.*GitHub' out || shown
}
try "a text that holds a token is named, when it is recorded and by info --review" secrets
echo unused >unused; mkdir tree; echo deep >tree/deep
included() {
	care -o a.tar --include unused --include tree true &&
		[ "$(member a.tar "a/rootfs$PWD/unused")" = unused ] &&
		[ "$(member a.tar "a/rootfs$PWD/tree/deep")" = deep ] || shown
}
try "--include archives what is not used, with all below" included
members() {
	for part in re-execute.sh README.txt manifest.json; do
		in_archive a.tar "a/$part" || return 1
	done
}
try "the archive has CARE's members and a manifest" members
once() { ! tar -tf a.tar | sort | uniq -d | grep .; }
try "no member stands in it twice" once
extracts() { mkdir x && tar -C x -xf a.tar && [ -e "x/a/rootfs$PWD/unused" ]; }
try "plain tar extracts it" extracts
echo input >in; echo third >third
inherited() {
	care -o a.tar sh -c 'read a; read b <&3; echo $a $b' <in 3<third && [ "$(cat out)" = "input third" ] &&
		in_archive a.tar "a/rootfs$PWD/in" && in_archive a.tar "a/rootfs$PWD/third" || shown
}
try "inherited files are archived" inherited
# As a large here-document is, and what tempfile(3) gives.
unnamed() {
	seq 30000 >gone
	echo old >replaced
	echo new >newer
	(
		exec 3<gone 4<replaced 5<>gone
		rm gone
		mv newer replaced
		care -v -1 -o a.tar sh -c 'read a <&3; tail -n 1 <&3; echo $a; cat <&4; cat replaced; echo more >&5; ! ls gone 2>/dev/null'
	) && [ "$(tr '\n' ' ' <out)" = '30000 1 old new ' ] || shown || return
	"$CARE" replay -v -1 a.tar >again 2>err && cmp out again || { cat again; shown; return 1; }
	rm -rf x && mkdir x && "$CARE" extract -v -1 -C x a.tar 2>err &&
		PROOT=$CARE x/a/re-execute.sh >again 2>err && cmp out again || { cat again; shown; }
}
try "inherited files that were removed or replaced are archived as well" unnamed
for f in tar tar.gz tar.lzo tar.zst cpio cpio.gz cpio.lzo cpio.zst tgz tzo raw bin; do
	format() { care -o "f.$f" cat in && "$CARE" info "f.$f" >/dev/null || shown; }
	try "format $f" format
done
directory() { care -o dir/ cat in && [ "$(cat "dir/rootfs$PWD/in")" = input ] || shown; }
try "format directory" directory

hashed() {
	care --hash-output -o h.tar sh -c 'echo out; echo err >&2' && [ "$(cat out)" = out ] &&
		member h.tar h/manifest.json | grep -q "\"stdout_sha256\":\"$(echo out | sha256sum | cut -d' ' -f1)\"" || shown
}
try "--hash-output records the hash of a file's new part" hashed
hashed_pipe() {
	"$CARE" -v -1 --hash-output -o h.tar sh -c 'echo out; test -p /dev/stdout && echo a pipe' | cat >out
	[ "$(cat out)" = "out
a pipe" ] && member h.tar h/manifest.json | grep -q "\"stdout_sha256\":\"$(sha256sum <out | cut -d' ' -f1)\"" || shown
}
try "--hash-output leaves a pipe a pipe" hashed_pipe

others() {
	echo old >watched; rm -f came
	"$CARE" -v -1 -o o.tar sh -c ': >go; until [ -e went ]; do sleep .1; done; cat came 2>&1; cat watched came' >out 2>err &
	i=0
	until [ -e go ] || [ $((i += 1)) -gt 100 ]; do sleep .1; done
	echo new >n; mv n watched; echo came >came; : >went
	wait $! && [ "$(member o.tar "o/rootfs$PWD/watched")" = new ] &&
		[ "$(member o.tar "o/rootfs$PWD/came")" = came ] && ! in_archive o.tar "o/rootfs$PWD/go" || shown
}
try "what others replace or make meanwhile is archived as it is used" others
io_uring() {
	cp "$TOOLS/usecall" . && care -o a.tar ./usecall io_uring in && grep -q 'io_uring: Function not implemented' err &&
		grep -q 'io_uring was refused 1 times' err || shown
}
try "io_uring is refused, so that programs fall back, and counted" io_uring

# --- what must not be shared -------------------------------------------------------------------

redact_env() {
	MY_TOKEN=abc123secret care -o a.tar --redact-env MY_TOKEN sh -c 'echo $MY_TOKEN' &&
		[ "$(cat out)" = abc123secret ] && not grep -q abc123secret a.tar || shown
}
try "--redact-env keeps a value out of the archive, not from the command" redact_env
redact() {
	care -o a.tar --redact hunter2 sh -c 'echo pw=hunter2' && [ "$(cat out)" = pw=hunter2 ] &&
		not grep -q hunter2 a.tar || shown
}
try "--redact keeps a text out" redact
own() { CARE_WHATEVER=1 care -o a.tar true && not grep -q CARE_WHATEVER a.tar || shown; }
try "our own variables are not stored" own
token() { MY_API_TOKEN=x care -o a.tar true && grep -q MY_API_TOKEN err || shown; }
try "a variable that looks like a token is named" token

finish
