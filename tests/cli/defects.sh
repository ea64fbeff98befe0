#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# What CARE 2 got wrong: every case runs once as it is, once recorded, and once replayed
# after the files it used are gone. All three must print the same and end the same.
#
# RECORDER=care2 runs the cases with the `care` and `proot` of $PATH instead of $CARE
# (scripts/check --against-care).
set -u
RECORDER=${RECORDER-care}
n=0 bad=0
here=$PWD

record() {	# ARCHIVE COMMAND…
	archive=$1
	shift
	if [ "$RECORDER" = care2 ]; then
		PROOT_NO_SECCOMP=1 care -o "$archive" "$@"
	else
		"$CARE" -v -1 -o "$archive" "$@"
	fi
}

replay() {	# ARCHIVE
	if [ "$RECORDER" = care2 ]; then
		# With its -k line nothing starts on glibc 2.33 or newer: its kompat refuses
		# newfstatat's AT_EMPTY_PATH. Without it, and with PRoot 5.1, CARE has its chance.
		mkdir -p "$here/x" && tar -C "$here/x" -xf "$1" && sed -i '/^-k /d' "$here"/x/*/re-execute.sh &&
			PROOT=$(command -v proot) PROOT_NO_SECCOMP=1 "$here"/x/*/re-execute.sh
	else
		"$CARE" replay -v -1 "$1"
	fi
}

result() {	# ok|not ok, NAME
	n=$((n + 1))
	echo "$1 $n - $2"
	[ "$1" = ok ] || bad=$((bad + 1))
}

# try NAME PREPARE COMMAND: both are shell text, run in the same (new) directory.
try() {
	name=$1 prepare=$2 command=$3
	rm -rf work native out x
	for d in work native; do
		mkdir "$d" && (cd "$d" && case $command in *./usecall*) cp "$TOOLS/usecall" . ;; esac && eval "$prepare") || {
			n=$((n + 1))
			echo "ok $n - $name # SKIP cannot be prepared here"
			return
		}
	done
	# Same path for all three runs.
	mv work keep && mv native work
	(cd work && sh -c "$command") >native.out 2>native.err
	native=$?
	if [ "$native" -eq 77 ]; then
		mv work native; rm -rf keep native
		n=$((n + 1))
		echo "ok $n - $name # SKIP this kernel has no such call"
		return
	fi
	chmod -R u+rwx work 2>/dev/null; rm -rf work; mv keep work
	(cd work && record "$here/out.tar" sh -c "$command") >record.out 2>record.err
	recorded=$?
	chmod -R u+rwx work 2>/dev/null; rm -rf work
	replay "$here/out.tar" >replay.out 2>replay.err
	replayed=$?
	if [ "$recorded" -ne "$native" ] || ! cmp -s native.out record.out; then
		result "not ok" "$name"
		echo "# recording changed it: status $recorded, natively $native"
		diff native.out record.out | head -5 | sed 's/^/# /'
		sed 's/^/# /' record.err | head -5
	elif [ "$replayed" -ne "$native" ] || ! cmp -s native.out replay.out; then
		result "not ok" "$name"
		echo "# the replay differs: status $replayed, natively $native"
		diff native.out replay.out | head -5 | sed 's/^/# /'
		sed 's/^/# /' replay.err | head -5
	else
		result ok "$name"
	fi
	chmod -R u+rwx out.tar x 2>/dev/null; rm -rf out.tar x
}

# In the working directory: what is elsewhere below /tmp is concealed.
use=./usecall

# --- the state before the first modification ---------------------------------------------

try "sed -i: the input is as before" 'echo a >in' 'sed -i s/a/b/ in; cat in'
try "a renamed directory has no ghost" 'mkdir d1; echo f >d1/f; echo g >d1/g' \
	'mv d1 d2; cat d2/f; find . ! -name usecall | LC_ALL=C sort; cat d2/g'
try "a renamed directory whose files are read before" 'mkdir d1; echo f >d1/f' \
	'cat d1/f; mv d1 d2; cat d2/f; ls d1 2>&1'
try "a directory renamed away and made again" 'mkdir d1; echo old >d1/f; echo x >d1/x' \
	'mv d1 d2; mkdir d1; echo new >d1/f; cat d1/f d2/f d2/x; find . ! -name usecall | LC_ALL=C sort'
try "rm of an input" 'echo a >in' 'cat in; rm in; ls; cat in 2>&1'
try "rm of what was never read" 'echo a >in; echo b >other' 'rm in; ls; cat other'
try "a directory tree removed" 'mkdir -p d/e; echo a >d/e/f' 'rm -r d; ls; mkdir d; ls d'
try "truncated to a rest" 'echo abcdef >in' 'truncate -s 3 in; cat in'
try "truncated to nothing after reading" 'echo abcdef >in' 'cat in; : >in; wc -c <in'
try "truncated to nothing without reading" 'echo abcdef >in' ': >in; wc -c <in; echo new >in; cat in'
try "appended to" 'echo abc >in' 'echo def >>in; cat in'
try "written in the middle" 'echo abcdef >in' 'printf X | dd of=in bs=1 seek=2 conv=notrunc 2>/dev/null; cat in'
try "a shared mapping" 'echo abcdef >in' "$use mmap in; cat in"
try "written through one hard link, read through the other" 'echo a >one; ln one two' \
	'echo b >>one; cat two; stat -c %h one two'
try "hard links stay links" 'echo a >one; ln one two' 'cat one; cat two; echo c >two; cat one'
try "a hard link made in the run" 'echo a >one' 'ln one two; cat two; echo b >>two; cat one; rm one; cat two'
try "written through a descriptor opened earlier" 'echo abc >in' 'exec 3<>in; cat in; echo X >&3; cat in'
try "renamed over" 'echo old >in; echo new >n' 'mv n in; cat in; ls'
try "renamed over after reading" 'echo old >in; echo new >n' 'cat in; mv n in; cat in; ls'
try "directories exchanged" 'mkdir a b; echo 1 >a/f; echo 2 >b/f; echo 3 >a/g' \
	"$use exchange a/f b/f; cat a/f b/f; rm a/f; $use exchange a b 2>&1; find . ! -name usecall | LC_ALL=C sort; cat b/g"
try "a directory and one that was never looked into exchanged" 'mkdir a b; echo 1 >a/f; echo 2 >b/f' \
	"$use exchange a b >/dev/null; cat a/f; rm -r a; cat b/f; find . ! -name usecall | LC_ALL=C sort"
try "a symlink replaced" 'echo 1 >a; echo 2 >b; ln -s a l' 'cat l; ln -sf b l; cat l; readlink l'
try "a temporary file is not an input" 'echo a >in' 'cp in tmp; cat tmp; mv tmp in; cat in; ls'
try "a name that was absent and came" 'mkdir d' 'test -e d/x || echo x >d/x; cat d/x; ls d'
try "a change of mode is undone" 'echo a >in; chmod 640 in' 'stat -c %a in; chmod 600 in; stat -c %a in'
try "a change of times is undone" 'echo a >in; touch -d 2001-02-03 in' 'stat -c %Y in; touch -d 2002-03-04 in; stat -c %Y in'

# --- calls that CARE never heard of ------------------------------------------------------

for call in openat2 statx faccessat2 fchmodat2 name_to_handle_at open_tree inotify fanotify io_uring; do
	try "$call" 'echo content >in; chmod 640 in' "$use $call in"
done
try "getxattrat" 'echo a >in; setfattr -n user.note -v hello in' "$use getxattrat in"
try "listxattrat" 'echo a >in; setfattr -n user.note -v hello in' "$use listxattrat in"
try "setxattrat" 'echo a >in; setfattr -n user.note -v hello in' "$use setxattrat in; $use getxattrat in"
try "removexattrat" 'echo a >in; setfattr -n user.note -v hello in' "$use removexattrat in; $use listxattrat in"
try "renameat2" 'echo content >in' "$use renameat2 in out; ls"
try "execveat of a program" 'cp /bin/echo prog' "$use execveat prog"
try "fexecve of a program" 'cp /bin/echo prog' "$use fexecve prog"
try "a program in memory" 'cp /bin/echo prog' "$use memfd prog"

# --- what is asked of files without reading them ------------------------------------------

try "tests of a file" 'echo a >f; mkdir d; ln -s f l; ln -s no dangling; : >empty' \
	'for t in e f d h s r w x; do for f in f d l dangling empty no; do test -$t $f && echo $t $f; done; done; true'
try "size and mode of what is not read" 'head -c 12345 /dev/zero >f; chmod 604 f' 'stat -c "%s %a %F" f'
try "names of a directory" 'mkdir d; cd d; for i in 1 2 3 4 5 6 7 8 9; do : >f$i; done; mkdir e; ln -s x l' \
	'ls -lR --time-style=+ d | sed "s/^total.*//" | cut -c1-10,40-'
try "a search along PATH" 'mkdir bin; printf "#!/bin/sh\necho mine\n" >bin/prog; chmod +x bin/prog' \
	'PATH=$PWD/bin:$PATH; command -v prog >/dev/null; prog'

# --- what a command starts with ------------------------------------------------------------

try "quotes and other bytes in arguments" ':' \
	"printf '[%s]' \"it's\" 'a\"b' '' ' ' 'x
y' '\$HOME' '*' \"\$(printf 'a\\377b')\""
every=$(awk 'BEGIN { for (i = 1; i < 256; i++) printf "\\%03o", i }')
try "every byte in arguments" ':' "x=\$(printf '$every.'); sh -c 'printf %s \"\$1\" | cksum' sh \"\$x\""
try "every byte in the environment" ':' "x=\$(printf '$every.'); export x; sh -c 'printf %s \"\$x\" | cksum'"
# 47 is the slash.
try "every byte in names" "for i in $(seq 1 46 | tr '\n' ' ') $(seq 48 255 | tr '\n' ' '); do
		n=x\$(printf \"\\\\\$(printf %03o \$i).\"); echo \$i >\"\${n%.}\"; done" \
	'for f in x*; do cat "$f"; printf %s "$f" | od -An -tx1; done | cksum; ls -U x* | wc -c'
try "names that are not UTF-8" 'printf a >"$(printf "n\\377\\001")"; mkdir "a b"; echo c >"a b/c'"'"'d"' \
	'for f in *; do printf "%s\n" "$f" | od -c; done; cat "$(printf "n\\377\\001")" "a b/c'"'"'d"'
try "a file as standard input" 'echo from a file >in' 'exec <in; read x; echo "$x"'
try "a working directory below" 'mkdir -p a/b; echo x >a/x' 'cd a/b; pwd -P | sed "s/.*work/work/"; cat ../x'

# --- how a command ends ------------------------------------------------------------------------

try "the status is the initial command's" ':' '(sleep .3; exit 7) & exit 2'
try "death by a signal" ':' 'kill -9 $$'
try "death by another signal" ':' 'kill -TERM $$; sleep 5'
try "status 126" 'echo x >f' './f'
try "status 127" ':' './no-such-program'
try "status 255" ':' 'exit 255'

# --- metadata ---------------------------------------------------------------------------------

try "nanoseconds of times" 'echo a >f; touch -d "2011-12-13 14:15:16.123456789" f; mkdir d; touch -d "2010-01-02 03:04:05.987654321" d' \
	'stat -c "%.9Y" f d'
try "times decide, as for make" 'printf "all: o\no: i\n\techo built; touch o\n" >Makefile; touch -d "2020-01-01 00:00:00.5" o; touch -d "2020-01-01 00:00:00.6" i' \
	'make -s; make -s'
try "extended attributes" 'echo a >f; setfattr -n user.note -v "two words" f' 'getfattr -n user.note --only-values f'
try "access control lists" 'echo a >f; setfacl -m u:$(id -u):r f' 'getfacl -cn f'
try "a sparse file" 'truncate -s 8M f; echo x >>f' 'tail -c 2 f; du -k f | awk "{print (\$1 < 1000)}"; stat -c %s f'
try "a directory of mode 000" 'mkdir d; echo x >d/f; chmod 0 d' 'ls -d d; stat -c %a d; chmod 700 d; cat d/f'
try "a read-only directory" 'mkdir d; echo x >d/f; chmod 500 d' 'cat d/f; stat -c %a d; ls d'
try "times of a directory" 'mkdir d; echo x >d/f; touch -d "2012-01-01" d' 'ls d; cat d/f; stat -c %Y d'
try "a fifo made in the run" ':' 'mkfifo p; (echo through >p) & cat p; wait'
try "symlinks to directories and up" 'mkdir -p a/b; echo x >a/x; ln -s a/b l' 'cat l/../x; cd l; cat ../x'

# --- programs --------------------------------------------------------------------------------------

try "a chain of interpreters" 'printf "#!/bin/sh\necho inner \$2\n" >i; chmod +x i; printf "#!./i arg\n" >s; chmod +x s' \
	'./s x; ./i a b'
try "a pipeline" 'seq 100 >n' 'grep 7 <n | sort -r | head -3 | tr 7 x'
try "many processes" ':' 'i=0; while [ $i -lt 50 ]; do /bin/true & i=$((i + 1)); done; wait; echo $i'
try "perl" 'echo "print qq(\$_\n) for sort map { lc } qw(B a C);" >p.pl' 'perl p.pl'

echo "1..$n"
[ "$bad" -eq 0 ]
