#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# care run in a small root: what the command gets, what is shown where, what is said.
set -u
. "$TOP/tests/tap.sh"

busybox=$(command -v busybox) || { skip "care run" "there is no busybox"; finish; }
here=$PWD

mkdir -p root/bin root/etc root/work root/var root/run root/tmp
cp "$busybox" root/bin/busybox
for a in sh cat env id ls pwd kill grep mkdir rmdir rm touch stat readlink sleep ps true hostname uname; do
	ln -s busybox root/bin/$a
done
echo inside >root/etc/name
ln -s /run root/var/run
mkdir -p host/dir/sub other
echo outside >host/file
echo deep >host/dir/sub/file
echo another >other/file

"$CARE" run -r root true 2>err || { skip "care run" "no namespaces here: $(cat err)"; finish; }

run() { "$CARE" run "$@"; }
# gives STATUS OUTPUT COMMAND…
gives() {
	want_status=$1 want=$2
	shift 2
	"$@" >out 2>err
	status=$?
	[ "$status" = "$want_status" ] && [ "$(cat out)" = "$want" ] || { echo "status $status"; cat out err; return 1; }
}
# says STATUS WORDS COMMAND…: one line, which has them
says() {
	want_status=$1 want=$2
	shift 2
	"$@" >out 2>err
	status=$?
	[ "$status" = "$want_status" ] && [ "$(wc -l <err)" = 1 ] && grep -qF -- "$want" err && [ ! -s out ] ||
		{ echo "status $status"; cat out err; return 1; }
}
# quietly COMMAND…: nothing on standard error
quietly() { "$@" 2>err && [ ! -s err ] || { cat err; false; }; }

try "a root is entered" gives 0 inside run -r root cat /etc/name
try "the status is the command's" gives 7 "" run -r root sh -c 'exit 7'
try "a signal's is 128 more" gives 143 "" run -r root sh -c 'kill -TERM $$; echo alive'
blocked() { run -r root -b /proc sh -c 'grep SigBlk /proc/self/status' >out && grep SigBlk /proc/self/status | diff - out; }
try "no signal is held back from the command" blocked
as_proot() { ln -s "$CARE" proot && gives 0 inside ./proot -r root cat /etc/name; }
try "called proot it takes the same words" as_proot

try "a directory is shown in the root" gives 0 deep run -r root -b host/dir:/work cat /work/sub/file
try "a file too" gives 0 outside run -r root -b host/file:/etc/name cat /etc/name
try "under another letter and at its own path" gives 0 outside run -r root -m "$here/host" cat "$here/host/file"
try "a relative guest is meant from here" gives 0 outside run -r root --bind=host:x cat "$here/x/file"
try "a symlink of the root is followed in it" gives 0 "sub" run -r root -b host/dir:/var/run ls /run
try "nested ones, whatever their order" gives 0 "another deep" \
	run -r root -b other:/work/sub -b host/dir:/work sh -c 'echo $(cat /work/sub/file) deep'
last() { gives 0 another run -r root -b host:/work -b other:/work cat /work/file && grep -q "the last one counts" err; }
try "of two at one place the last counts, and that is said" last
try "two can change places" gives 0 name run -r root -b root/etc:/work -b root/work:/etc sh -c 'ls /etc /work | grep name'
here_too() { gives 0 "passwd outside" run -b "$here/host:/etc" -b /etc:"$here/other" sh -c "echo \$(ls $here/other | grep -x passwd; cat /etc/file)"; }
try "in this machine's own root too" here_too
older() { gives 0 outside "$TOOLS/deny" open_tree,move_mount --errno=ENOSYS -- "$CARE" run -b "$here/host:$here/other" cat "$here/other/file"; }
try "there without open_tree(2) as well" older
missing() { gives 0 inside run -r root -b nosuch:/work cat /etc/name && grep -q "nosuch is not bound" err; }
try "what is missing here is left out, and said" missing
ignored() { PROOT_IGNORE_MISSING_BINDINGS=1 quietly run -r root -b nosuch:/work true; }
try "in silence if PROOT_IGNORE_MISSING_BINDINGS is set" ignored
not_handed_on() { ! PROOT_IGNORE_MISSING_BINDINGS=1 PROOT_NO_SECCOMP=1 run -r root env | grep PROOT; }
try "which is nothing for the command" not_handed_on

try "-w says where to start" gives 0 /work run -r root -w /work pwd
try "-w may be relative" gives 0 "$here/x" run -r root -b host:x -w x pwd
nowhere() { gives 0 / run -r root -w /nosuch pwd && grep -q "/nosuch is not in the root" err; }
try "a -w that is not there is said, and the top taken" nowhere
try "without -w it is here if that is there" gives 0 "$here" run -r root -b . pwd
try "or the top, without a word" gives 0 / quietly run -r root pwd
try "PWD agrees" gives 0 /work env PWD=/nonsense "$CARE" run -r root -w /work env sh -c 'echo $PWD'

at_home() { gives 0 "$(cat /etc/passwd)" run -R root cat /etc/passwd; }
try "-R shows this machine's users" at_home
try "and the root itself at its own path" gives 0 inside run -R "$here/root" cat "$here/root/etc/name"
try "-S is root" gives 0 "0 0" run -S root sh -c 'echo $(id -u) $(id -g)'
try "-0 too" gives 0 0 run -r root -0 id -u
try "-i is whoever is asked for" gives 0 "12 34" run -r root -i 12:34 sh -c 'echo $(id -u) $(id -g)'

try "a file over a directory is refused" says 125 "cannot be bound over the directory /work" run -r root -b host/file:/work true
try "a directory over a file too" says 125 "cannot be bound over the file /etc/name" run -r root -b host:/etc/name true
try "two roots are refused" says 125 "give one root" run -r root -b host:/ true
try "a binding to / is the root" gives 0 inside run -b root:/ cat /etc/name
try "what follows a file is refused" says 125 "is a file" run -r root -b host:/etc/name/x true
try "symlinks that never end are told" says 125 "circle" sh -c 'ln -s loop root/loop; "$CARE" run -r root -b host:/loop true'
try "a root that is not there is told" says 125 nosuch run -r nosuch true
try "a root that is a file is told" says 125 "host/file is to be the root" run -r host/file true
try "an unknown option names the nearest" says 125 "did you mean --rootfs" run --rotfs=root true
# Root does not pretend, whichever way.
true_ids() {
	rm -rf root/owned root/open
	mkdir -m 777 root/open
	"$CARE" run -v -1 --engine=$1 -0 -r root sh -c ': >/owned; chown 5:6 /owned; chmod 2755 /owned' &&
		[ "$(stat -c '%u:%g %a' root/owned)" = '5:6 2755' ] &&
		"$CARE" run -v -1 --engine=$1 -i 12:34 -r root sh -c ': >/open/mine; : >>/owned' 2>err
	cat err
	[ "$(stat -c %u:%g root/open/mine)" = 12:34 ] && grep -q 'Permission denied' err
	result=$?
	rm -rf root/owned root/open
	return $result
}
if [ "$(id -u)" -eq 0 ]; then
	for way in namespaces ptrace-seccomp ptrace; do
		try "what root's -0 and -i do to files is true: $way" true_ids $way
	done
fi
try "-i wants two numbers" says 125 "UID:GID" run -r root -i me true
try "-p wants two ports" says 125 "INSIDE:OUTSIDE" run -r root -p 80:99999 true
# What is in the root, with times: nothing of a run stays but what it made.
tree() { find root ! -type l -exec stat -c '%n %F %a %s %y' {} + | LC_ALL=C sort; find root -type l | LC_ALL=C sort; }
no_trace() {
	tree >before
	gives 0 "deep outside" run -r root -b host/dir:/new/way/to -b host/file:/new/file -b host:/etc/more \
		-b host/dir:/work -b other:/work/sub \
		sh -c 'echo $(cat /new/way/to/sub/file /new/file)' || return
	tree | diff before -
}
try "mount points that were missing are gone after it, and times are as before" no_trace
own_pids() { tree >before && gives 0 "1 2" run -r root --isolate=pid sh -c 'echo 1 $$' && tree | diff before -; }
try "a /proc for an own pid namespace too" own_pids
dangling() {
	ln -s gone/far root/dangling
	gives 0 outside run -r root -b host:/dangling cat /gone/far/file && [ ! -e root/gone ] && rm root/dangling
}
try "a symlink to nowhere leads to where one is made" dangling
put() {
	run -r root -b host/dir:/new/way sh -c 'echo kept >/new/mine' && [ "$(cat root/new/mine)" = kept ] &&
		[ ! -e root/new/way ] && rm -r root/new
}
try "what the command put beside them stays" put
empty() { mkdir root/empty && : >root/empty.file && run -r root -b host:/empty -b host/file:/empty.file true &&
	[ -d root/empty ] && [ -e root/empty.file ] && rm -r root/empty root/empty.file; }
try "what was there stays, were it empty" empty
# COMMAND… in the background: it says when it runs, and ends when it is told.
mkfifo ready go
wait_inside() {
	"$CARE" run -r root -b host/dir:/new/way -b .:/talk "$@" sh -c 'echo >/talk/ready; read x </talk/go; cat /new/way/sub/file' \
		>inside.out 2>&1 &
	pid=$!
	read -r x <ready
}
together() {
	tree >before
	wait_inside || return
	gives 0 deep run -r root -b host/dir:/new/way cat /new/way/sub/file || return
	echo >go && wait $pid && grep -q deep inside.out && tree | diff before -
}
try "two runs share one, and the last to end removes it" together
other_way() {
	tree >before
	"$CARE" run -r root -b host/dir:/new/way -b .:/talk sh -c 'echo >/talk/ready; read x </talk/go' &
	first=$!
	read -r x <ready
	mkfifo ready2 go2
	"$CARE" run -r root -b host/dir:/new/way -b .:/talk sh -c 'echo >/talk/ready2; read x </talk/go2; cat /new/way/sub/file' >inside.out 2>&1 &
	second=$!
	read -r x <ready2
	echo >go && wait $first && echo >go2 && wait $second
	status=$?
	cat inside.out
	[ $status -eq 0 ] && grep -q deep inside.out && tree | diff before -
}
try "whichever made it" other_way
killed() {
	tree >before
	wait_inside || return
	kill -KILL $pid
	wait $pid
	[ -d root/new/way ] || { echo "it was gone"; return 1; }
	run -r root true && tree | diff before -
}
try "what a killed run left the next one removes" killed
unwritable() {
	chmod 555 root/etc root
	tree >before
	gives 0 "deep outside inside" run -r root -b host:/etc/new -b host/dir:/new/way sh -c \
		'echo $(cat /new/way/sub/file /etc/new/file /etc/name)' &&
		gives 0 "name new" run -r root -b host:/etc/new sh -c 'echo $(ls /etc)' &&
		! run -r root -b host:/etc/new touch /etc/more 2>err && tree | diff before -
	status=$?
	chmod 755 root/etc root
	return $status
}
[ "$(id -u)" = 0 ] || try "where none can be made the directory is shown with it" unwritable
polluted() {
	tree >before
	gives 0 "outside inside busybox" env PROOT_DONT_POLLUTE_ROOTFS=1 "$CARE" run -r root -b host:/new -b host:/bin/more/deep \
		sh -c 'echo $(cat /bin/more/deep/file /etc/name; readlink /bin/sh)' && tree | diff before - &&
		gives 0 outside env PROOT_DONT_POLLUTE_ROOTFS=1 "$CARE" run -b host:/new/here cat /new/here/file && [ ! -e /new ]
}
try "none is made if PROOT_DONT_POLLUTE_ROOTFS is set" polluted
root_too() { gives 0 "0 outside" env PROOT_DONT_POLLUTE_ROOTFS=1 "$CARE" run -0 -r root -b host:/new sh -c 'echo $(id -u; cat /new/file)'; }
try "for root too" root_too
descriptors() { gives 0 "/proc/self/fd inside" run -r root -b /proc -b /proc/self/fd:/dev/fd sh -c 'exec 9</etc/name; echo $(readlink /dev/fd; cat /dev/fd/9)'; }
try "a binding of /proc/self/fd is each process's own" descriptors
ln -s /proc/self/mounts mtab
mounts() { gives 0 "/proc/self/mounts" run -r root -b /proc -b mtab:/etc/mtab readlink /etc/mtab; }
try "so is one of a symlink to there" mounts
there() {
	ln -s ../proc/self/mounts root/etc/mtab
	gives 0 "../proc/self/mounts" quietly run -r root -b /proc -b mtab:/etc/mtab readlink /etc/mtab && rm root/etc/mtab
}
try "which needs nothing where the root has it" there
over() {
	: >root/etc/mtab
	says 125 "/etc/mtab is to be another file for each process" run -r root --engine=namespaces -b /proc -b mtab:/etc/mtab true && rm root/etc/mtab
}
try "over a file namespaces cannot show it" over
killed_on_exit() {
	run -r root -b .:/talk --kill-on-exit sh -c 'sleep 1000 & echo $! >/talk/left'
	! grep -qs State: "/proc/$(cat left)/status" || grep -q "State:.Z" "/proc/$(cat left)/status"
}
try "--kill-on-exit ends what is left" killed_on_exit

try "a program that is not there is told, with where it was looked for" says 127 "there is no nosuch in the root $here/root; searched were" \
	run -r root nosuch
try "by its path too" says 127 "there is no /bin/nosuch in the root" run -r root /bin/nosuch
emptied() { mkdir -p void && says 127 "the root $here/void is empty" run -r void; }
try "an empty root is told as that" emptied
try "a file that may not be executed" says 126 "/etc/name may not be executed (chmod +x)" run -r root /etc/name
try "a directory" says 126 "/etc is a directory" run -r root /etc
# elf MACHINE_OF BYTES…: a program, changed
script() { printf '%s\n' "$2" >"root/$1" && chmod +x "root/$1"; }
no_interpreter() { script work/script '#!/bin/nosuch -x' && says 127 "/work/script begins with #!/bin/nosuch, which the root" run -r root /work/script; }
try "a script's missing interpreter is named" no_interpreter
no_second() {
	script work/inner '#!/bin/nosuch' && script work/outer '#!/work/inner' && says 127 "/work/inner begins with #!/bin/nosuch" run -r root -w /work ./outer
}
try "and a script's script's" no_second
plain() { printf '\001\002\003\n' >root/work/plain && chmod +x root/work/plain && : >root/work/nothing && chmod +x root/work/nothing && run -r root /work/nothing; }
try "an empty file is run as a shell would" plain
no_ld() {
	cp "$(command -v cat)" root/work/dynamic && says 127 ", which the root $here/root does not have: install it there, or bind it" run -r root /work/dynamic
}
if [ -e /lib64/ld-linux-x86-64.so.2 ] || [ -e /lib/ld-linux.so.2 ]; then
	try "a program's missing dynamic linker is named" no_ld
fi
cut_off() {
	size=$(stat -Lc %s "$busybox")
	head -c $((size / 2)) "$busybox" >root/work/half && chmod +x root/work/half
	head -c 40 "$busybox" >root/work/head && chmod +x root/work/head
	says 126 "/work/half is cut off: it is $((size / 2)) bytes long and needs" run -r root /work/half &&
		says 126 "/work/head is an ELF file that is damaged or cut off" run -r root /work/head
}
try "a program that is cut off is told as that" cut_off
foreign() {
	cp "$busybox" root/work/foreign && printf '\026' | dd of=root/work/foreign bs=1 seek=18 conv=notrunc 2>dd.log &&
		says 126 "-bit program for machine 22, which nothing here knows" run -r root /work/foreign
}
try "a program for an unknown machine" foreign
rm -f root/work/*

try "-k is what uname tells" gives 0 "$(uname -s) 9.8.7" run -r root -k 9.8.7 uname -sr
try "-k may tell all of it" gives 0 "Sys node 1.2 a version mach" run -r root -k '\Sys\node\1.2\a version\mach\dom\ff\' \
	sh -c 'uname -snrvm'
try "the status stays the command's under it" gives 7 "" run -r root -k 9.8.7 sh -c 'exit 7'
try "and a signal's" gives 143 "" run -r root -k 9.8.7 sh -c 'kill -TERM $$'
try "and what is not there" says 127 nosuch run -r root -k 9.8.7 nosuch
garbled() { gives 0 "$(uname -r)" run -r root -k '\Sys\node' uname -r && grep -q "passed over" err; }
try "a -k that is none is passed over, with a word" garbled
# (What looks for leaks under the sanitizers traces as well.)
unobserved() { gives 0 "$(uname -r)" env ASAN_OPTIONS="${ASAN_OPTIONS-}:detect_leaks=0" "$TOOLS/deny" ptrace --errno=EPERM -- "$CARE" run -r root -k 9.8.7 uname -r && grep -q "no effect" err; }
try "where nothing can be observed it has no effect, with a word" unobserved
interrupted() {
	mkfifo heard
	"$CARE" run -r root -k 9.8.7 -b .:/talk sh -c 'trap "echo got it >/talk/heard; exit 5" TERM; echo >/talk/ready; while :; do read x </talk/go; done' &
	pid=$!
	read -r x <ready
	kill -TERM $pid
	read -r x <heard
	wait $pid
	[ $? -eq 5 ]
}
try "a signal for us reaches the command there too" interrupted

for option in "-q qemu-arm" "-p 80:8080" -p -n -l --sysvipc -H --engine=ptrace; do
	# shellcheck disable=SC2086 # several words
	"$CARE" run -r root $option true >/dev/null 2>err && continue
	# shellcheck disable=SC2086
	try "what cannot be had is not passed over in silence: $option" says 125 "" run -r root $option true
done
isolated() { says 125 "--isolate needs namespaces" run --engine=ptrace --isolate=pid -r root true; }
try "what only namespaces separate is not pretended" isolated
alone() { says 125 "does not let us make the namespaces" env "$TOOLS/deny" namespaces,mounts --errno=EPERM -- "$CARE" run --isolate=pid -r root true; }
try "… where they are refused either" alone
# The search for leaks wants ptrace for itself.
neither() { says 125 "neither make namespaces nor trace programs" env ASAN_OPTIONS=detect_leaks=0 "$TOOLS/deny" namespaces,mounts,ptrace --errno=EPERM -- "$CARE" run -r root true; }
try "where both ways are refused that is said" neither
gone() { gives 0 root run -r root -w /gone sh -c 'pwd >/dev/null; echo root' 2>err; grep "the working directory /gone is not" err; }
try "a working directory that is missing is told" gone

finish
