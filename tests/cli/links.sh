#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# emul/links: hard links that are none on disk, and programs that do not notice. What they
# print is what they print with the kernel's own: with nothing between them and the kernel
# but the sink, and under care run -l, where paths are translated as well.
. "$TOP/tests/tap.sh"
needs_recording

emulate() { timeout 60 "$TOOLS/emulate" "$@"; }
# same NAME SCRIPT: in a directory each, with hard links and with those of ours.
same() {
	n=$((n + 1))
	mkdir bare.$n ours.$n plain.$n run.$n bound.$n
	(cd bare.$n && sh -c "$2") >bare.$n.out 2>&1
	(cd ours.$n && emulate --links sh -c "$2") >ours.$n.out 2>&1
	(cd plain.$n && emulate --plain --links sh -c "$2") >plain.$n.out 2>&1
	(cd run.$n && "$CARE" run -l sh -c "$2") >run.$n.out 2>&1
	"$CARE" run -l -b bound.$n:/mnt -w /mnt sh -c "$2" >bound.$n.out 2>&1
	try "$1" cmp_outputs $n
}
cmp_outputs() {
	[ -s bare.$1.out ] || return 1
	for way in ours plain run bound; do
		diff bare.$1.out $way.$1.out && [ "$(find $way.$1 -type f -links +1)" = "" ] || return 1
	done
}
n=0

same "a file with two names has two links" \
	'echo text >a; ln a b; stat -c "%n %h %F %s" a b; cat b; test a -ef b && echo same'
same "what is written by one name is read by the other" \
	'echo 1 >a; ln a b; echo 2 >>b; cat a; echo 3 >a; cat b; chmod 640 b; stat -c %a a; stat -Lc %h b'
same "a name goes and the count with it" \
	'echo 1 >a; ln a b; ln b c; stat -c %h a; rm a; stat -c %h b; rm b; stat -c "%h %F" c; cat c; rm c; ls -A'
same "a name moves and stays a link" \
	'mkdir d; echo 1 >a; ln a b; mv b d/e; stat -c "%h %F" a d/e; cat d/e; mv a f; cat f; stat -c %h f'
same "a name that is replaced goes" \
	'echo 1 >a; ln a b; echo 2 >c; mv -f c b; cat a b; stat -c %h a b'
same "renaming one name to another of the same file does nothing" \
	'echo 1 >a; ln a b; perl -e "rename q(a), q(b) or die" 2>/dev/null || mv a b; ls; stat -c "%n %h" b'
same "links between directories" 'mkdir d e; echo 1 >d/a; ln d/a e/b; ln e/b c; stat -c "%n %h" d/a e/b c; rm -r e; stat -c %h c; cat c'
same "errors are the kernel s" \
	'mkdir d; echo >a; LC_ALL=C; export LC_ALL; ln d e; ln a a; ln gone b; ln a no/where; ln a b; ln a b; ls'
same "they are no symlinks" \
	'echo 1 >a; ln a b; readlink a || echo none; test -L a || echo no; test -f a && echo file; ls -F; find . -name "[ab]" -type f | sort'
same "symlinks stay what they are" \
	'echo 1 >a; ln -s a s; ln a b; ln -P s t; readlink t; stat -c "%n %F %h" a; stat -Lc %h s; cat s; rm s; stat -c %h a'
same "they are opened where symlinks are not" \
	'echo 1 >a; ln a b; dd if=b iflag=nofollow status=none; dd of=a oflag=nofollow conv=notrunc status=none </dev/null && cat a'
same "owners and times are the file s" \
	'echo 1 >a; ln a b; touch -h -d @77 b; stat -c %Y a b; chown -h $(id -u) b && stat -c %u a'
same "programs with several names run" \
	'cp /bin/true a; ln a b; ./b && echo ran; ln b c && ./c && echo ran'
same "a copy keeps them together" 'mkdir d; echo 1 >d/a; ln d/a d/b; cp -a d/a d/b . ; stat -c "%n %h" a b; tar cf t.tar d/a d/b && tar tvf t.tar | grep -c "link to"'
same "descriptors tell the count" 'echo 1 >a; ln a b; stat -Lc %h - <a; exec 3<b; rm a; stat -Lc %h - <&3'

same "what is listed is what was made" 'mkdir d; echo 1 >d/a; ln d/a d/b; ln d/b c; ls -A d .; find . | sort'
same "directories with links are removed" \
	'mkdir d; for i in 1 2 3 4 5 6; do echo $i >d/$i; ln d/$i d/a$i; ln d/a$i d/b$i; done; rm -r d && echo gone; ls -A'
same "directories with links move" \
	'mkdir -p d/e; echo 1 >d/e/a; ln d/e/a d/b; mv d f; cat f/e/a f/b; stat -c %h f/b; ls'

form() {
	mkdir form && cd form && echo text >a || return 1
	emulate --links sh -c 'ln a b; ln a "$PWD/c"' || return 1
	here=$(pwd -P)
	[ "$(readlink a)" = "$here/.l2s.a0001" ] && [ "$(readlink b)" = "$here/.l2s.a0001" ] &&
		[ "$(readlink .l2s.a0001)" = "$here/.l2s.a0001.0003" ] && [ "$(cat .l2s.a0001.0003)" = text ]
}
# As another program has made them.
found() {
	mkdir found && cd found && here=$(pwd -P) && echo old >.l2s.x0001.0002 &&
		ln -s "$here/.l2s.x0001.0002" .l2s.x0001 && ln -s "$here/.l2s.x0001" x && ln -s "$here/.l2s.x0001" y || return 1
	[ "$(emulate --links sh -c 'stat -c "%h %F" x; ln x z; stat -c %h y; rm x y z; ls -A')" = "2 regular file
3" ]
}
elsewhere() {
	mkdir elsewhere kept && echo 1 >elsewhere/a || return 1
	PROOT_L2S_DIR=$(pwd -P)/kept emulate --links sh -c 'cd elsewhere; ln a b; stat -c %h a; ls -A' >out || return 1
	cat out
	[ "$(cat out)" = "2
a
b" ] && [ "$(ls -A kept)" = ".l2s.a0001
.l2s.a0001.0002" ]
}
hides() {
	mkdir hide && : >hide/.proot.one && : >hide/.prooted && : >hide/.pro && : >hide/plain &&
		[ "$(emulate --hide ls -A hide | tr '\n' ' ')" = ".pro plain " ] && rm hide/.pro hide/plain &&
		[ "$(emulate --hide ls -A hide)" = "" ] && [ "$(emulate --links ls -A hide | wc -l)" = 2 ]
}
both() { [ "$(emulate --hide --links ls -A hide)" = "" ]; }
try "on disk they are as PRoot's" form
try "those that are there are used" found
try "PROOT_L2S_DIR keeps the hidden files elsewhere" elsewhere
try "-H hides what begins with .proot from listings" hides
try "-H and -l together" both
finish
