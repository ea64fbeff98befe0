#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# parallel
# At a terminal: keys, job control, the window's size, hang-up; what care stands between.
set -u
. "$TOP/tests/tap.sh"

needs_recording
command -v bash >/dev/null && command -v dash >/dev/null || { skip "care at a terminal" "there is no bash or no dash"; finish; }
unset HISTFILE ENV BASH_ENV
PS1='$ ' XDG_CACHE_HOME=$PWD/cache
export PS1 XDG_CACHE_HOME
cat >prog.sh <<'P'
echo ready
while read -r x; do
	case $x in
	size) stty size ;;
	int) trap 'echo interrupted; exit 9' INT; echo trapped ;;
	winch) trap 'stty size; exit 8' WINCH; echo trapped ;;
	raw) stty -echo -icanon; kill -TERM $$ ;;
	spin)
		echo spinning
		while sleep .1; do
			read -r _ _ _ _ group _ _ front _ </proc/$$/stat
			[ "$group" != "$front" ] || echo in front
		done ;;
	# bash ignores SIGQUIT. dash blocks it around vfork(2): a child made with it pending never gets it.
	die) exec dash -c 'echo dying; exec sleep 1000' ;;
	end) exit 3 ;;
	esac
done
P
"$CARE" -v -1 -o x.tar sh -c 'trap : INT WINCH TERM; for c in "stty size" "stty -echo" sleep bash dash cat; do command -v ${c% *}; done >/dev/null; sleep 0; stty -a >/dev/null 2>&1; (echo end | bash prog.sh); bash -ic : </dev/null; cat /dev/null' >/dev/null 2>&1
bash=$(command -v bash)

# at STATUS TEXT STEP... -- COMMAND...: its status, and that TEXT was written
at() {
	want=$1 text=$2
	shift 2
	"$TOOLS/pty" "$@" >seen
	status=$?
	cat seen
	[ $status -eq "$want" ] && grep -qaF -e "$text" seen
}
same_modes() { at "$@" && grep -qx "modes: same" seen; }

# What is typed while a shell still has the terminal is not for the next program: wait, or
# end lines with ^J, which is a line's end whatever the terminal's modes are.
talk='send=bash -c "echo beg\"\"un; exec cat"\n'
for way in replay record; do
	case $way in
	replay) set -- "$CARE" replay -v -1 x.tar -- ;;
	record) set -- "$CARE" -v -1 -o r.tar ;;
	esac
	try "$way: a command reads and writes the terminal" \
		at 3 ready expect=ready 'send=end\n' -- "$@" bash prog.sh
	try "$way: it knows the window's size" \
		at 3 "30 100" size=30x100 expect=ready 'send=size\n' 'expect=30 100' 'send=end\n' -- "$@" bash prog.sh
	try "$way: it is told when that changes" \
		at 8 "31 90" expect=ready 'send=winch\n' expect=trapped size=31x90 'send=\n' -- "$@" bash prog.sh
	try "$way: Ctrl-C ends it" \
		at 130 ready expect=ready 'send=spin\n' expect=spinning 'send=^C' -- "$@" bash prog.sh
	try "$way: Ctrl-C is its to answer" \
		at 9 interrupted expect=ready 'send=int\n' expect=trapped 'send=spin\n' expect=spinning 'send=^C' -- "$@" bash prog.sh
	try "$way: Ctrl-\\ ends it" \
		at 131 ready expect=ready 'send=die\n' expect=dying 'send=^\' -- "$@" bash prog.sh
	try "$way: hanging up ends it" \
		at 129 "" expect=ready 'send=spin\n' expect=spinning hangup -- "$@" bash prog.sh
	try "$way: Ctrl-Z stops it, fg and bg go on" \
		at 4 "status 3" 'expect=$ ' "send=$* bash prog.sh\\n" expect=ready 'send=^Z' expect=topped \
		'expect=$ ' 'send=fg\n' 'expect=prog.sh' 'send=spin^J' expect=spinning 'send=^Z' expect=topped 'expect=$ ' \
		'send=bg\n' 'expect=&' 'expect=$ ' 'send=fg\n' expect=prog.sh 'expect=in front' 'send=^C' 'expect=$ ' "send=$* bash prog.sh\\n" expect=ready 'send=end\n' \
		'expect=$ ' 'send=echo status $?\n' 'expect=status 3' 'send=exit 4\n' -- bash --norc -i
	try "$way: an interactive shell has job control" \
		same_modes 5 "topped" 'expect=$ ' "$talk" expect=begun 'send=abc\n' expect=abc expect=abc 'send=^Z' expect=topped 'expect=$ ' \
		'send=fg\n' expect=cat 'send=xyz^J' expect=xyz expect=xyz 'send=^D' 'expect=$ ' 'send=sleep 1000 &\n' 'expect=$ ' 'send=kill %1\n' \
		'expect=$ ' 'send=exit 5\n' -- "$@" bash --norc -i
	try "$way: … and the shell around it has its terminal back" \
		at 6 after 'expect=$ ' "send=$* bash --norc -i\\n" 'expect=$ ' "$talk" expect=begun 'send=qq\n' expect=qq expect=qq 'send=^D' 'expect=$ ' \
		'send=exit 5\n' 'expect=$ ' 'send=echo af""ter $?\n' 'expect=after 5' 'send=exit 6\n' -- bash --norc -i
done
nothing_left() { [ -z "$(find cache -name 'run.*' 2>/dev/null)" ] && ! ls -A "$HOME/.local/state/care" 2>/dev/null | grep .; }
try "nothing is left" nothing_left
finish
