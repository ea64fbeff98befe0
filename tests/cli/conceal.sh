#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care record -c and -r: what is hidden from the command and from the archive.
# alone
. "$TOP/tests/tap.sh"

care() { "$CARE" "$@" >out 2>err; }
shown() { cat out err; false; }
in_archive() { tar -tf "$1" | grep -qx "$2"; }
says() { [ "$(cat out)" = "$1" ] || shown; }

mkdir -p secret/shown open
echo s >secret/s; echo o >open/o; echo v >secret/shown/v

empty() {
	care -o a.tar -c secret sh -c 'cat secret/s; ls -A secret; cat open/o'
	[ $? -eq 0 ] && says o && not in_archive a.tar "a/rootfs$PWD/secret/s"
}
try "a concealed directory is empty, and its files are not archived" empty
listed() { tar -xOf a.tar a/concealed-accesses.txt | grep "$PWD/secret/s" | grep -q cat; }
try "concealed-accesses.txt names the path and the program" listed
revealed() {
	care -o a.tar -c secret -r secret/shown sh -c 'ls -A secret; cat secret/shown/v' && says "shown
v"
}
try "a revealed path below it is seen, alone" revealed
advice() {
	care -o a.tar -c secret sh -c 'test -e secret/s || exit 5'
	[ $? -eq 5 ] && grep -q -- "-r $PWD/secret/s" err || shown
}
try "a failure with concealed accesses gives the line to try" advice
search() {
	mkdir -p secret/bin/sub && PATH=$PWD/secret/bin/sub:$PATH care -o a.tar -c secret sh -c 'test -e open/no || exit 5'
	[ $? -eq 5 ] && ! grep -q 'are concealed' err || shown || return 1
	printf '#!/bin/sh\necho here\n' >secret/bin/sub/here-only && chmod +x secret/bin/sub/here-only
	PATH=$PWD/secret/bin/sub:$PATH care -o a.tar -c secret sh -c here-only
	[ $? -eq 127 ] && grep -q -- "-r $PWD/secret/bin" err || shown
}
try "a concealed directory of \$PATH is named when a program was not found, not otherwise" search
left() {
	care -o a.tar -c secret sh -c 'echo left >secret/new; cat secret/new' && says left &&
		[ ! -e secret/new ] && grep -q "secret/new" err || shown
}
try "what is written there lasts as long as the run, and is named" left
kept() {
	care -o a.tar -c secret --keep-concealed kept sh -c 'echo left >secret/new' &&
		[ "$(cat "kept$PWD/secret/new")" = left ] || shown
}
try "--keep-concealed saves it" kept
spelled() {
	care -o a.tar -c secret sh -c 'mkdir secret/d; cd secret/d; /bin/pwd -P; readlink /proc/self/cwd; cd ..; mv d e; cd e; /bin/pwd -P' &&
		says "$PWD/secret/d
$PWD/secret/d
$PWD/secret/e"
}
try "paths that the kernel tells are spelled as the command knows them" spelled
relative() {
	care -o a.tar -c secret sh -c 'cd secret; echo 1 >f; mkdir e; cd e; cat ../f; cd ../..; cat open/o; cat secret/e/../f' &&
		says "1
o
1"
}
try "relative paths lead in and out of it" relative
links() {
	ln -s secret link
	care -o a.tar -c secret sh -c 'echo 2 >link/g; cat secret/g; ln -s ../open/o secret/up; cat link/up' && says "2
o"
}
try "symlinks lead in and out of it" links
owners() {
	care -o a.tar stat -c '%u %g %a' / /tmp /etc/passwd secret &&
		says "$(stat -c '%u %g %a' / /tmp /etc/passwd secret)"
}
try "concealment does not change owners" owners
programs() {
	care -o a.tar sh -c 'cp /bin/echo /tmp/my-echo; /tmp/my-echo ran; printf "#!/bin/sh\necho script\n" >/tmp/s; chmod +x /tmp/s; /tmp/s' &&
		says "ran
script"
}
try "programs in a concealed place run" programs
compile() {
	echo 'int main(void) { return 0; }' >c.c
	care -o a.tar sh -c 'gcc -o c c.c && ./c && echo compiled' && says compiled
}
try "temporary files of a compiler" compile
userns() {
	unshare -Ur true 2>/dev/null || return 0
	care --conceal=userns -o a.tar -c secret -r secret/shown sh -c 'ls -A secret; cat secret/shown/v open/o; /bin/pwd; cd secret; /bin/pwd' &&
		says "shown
v
o
$PWD
$PWD/secret"
}
below_tmp() {
	unshare -Ur true 2>/dev/null || return 0
	d=$(mktemp -d /tmp/care-test.XXXXXX) && mkdir "$d/secret" && echo s >"$d/secret/s" && here=$PWD &&
		(cd "$d" && "$CARE" -v -1 --conceal=userns -o "$here/a.tar" -c secret ls -A . secret) >out 2>err
	status=$?
	rm -rf "$d"
	[ $status -eq 0 ] && says ".:
secret

secret:"
}
try "--conceal=userns also where the working directory lies in a concealed place" below_tmp
try "--conceal=userns hides by mounts" userns
sockets() {
	mkdir native
	(cd native && "$TOOLS/sockets" . >../expected)
	care -o a.tar -c secret "$TOOLS/sockets" secret && cmp expected out && [ ! -e secret/stream ] || shown
}
try "unix sockets live in a concealed place" sockets
as_they_are() {
	care -v 2 -o a.tar -c secret -r secret/shown sh -c "cat '$PWD/secret/shown/v' && cd / && cat '$PWD/secret/shown/v'" &&
		says "v
v" && ! grep -q "concealed:.*shown" err
}
try "what is revealed there is found by its own path" as_they_are
# Those of others that run meanwhile are locked by them.
private_places() {
	for place in /tmp/care-??????; do
		[ ! -O "$place" ] || ! flock -n "$place/.care-claim" true 2>/dev/null || echo "$place"
	done
}
no_debris() {
	private_places >before
	care -o a.tar sh -c 'mkdir -p /tmp/a/b; echo x >/tmp/a/b/c; chmod 0 /tmp/a/b /tmp/a' || shown || return 1
	private_places >after
	[ -z "$(comm -13 before after)" ] || { diff before after; return 1; }
}
try "no private place of ours is left" no_debris

finish
