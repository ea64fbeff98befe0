#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# What care record says, and when: progress on terminals only, what the command could not have,
# what the archive holds that should not be shared, and what went by at the end.
. "$TOP/tests/tap.sh"
needs_recording

shown() { cat out err; false; }
care() { "$CARE" "$@" >out 2>err; }

slow='printf "unfinished "; sleep 3.5; echo done'
on_terminal() { script -qec "$CARE $* -o t.tar sh -c '$slow'" /dev/null >out 2>&1 </dev/null; }
progress() { on_terminal && grep -qE '^unfinished care: recording: .*files?, [0-9.]+ .?B, [0-9]+ s' out && grep -q done out || shown; }
# What the command left on its line stays there: nothing of ours goes back or erases.
gentle() { ! grep -qF '[K' out && ! tr '\n' @ <out | grep -q "$(printf '\r')[^@]" || shown; }
raw() { (slow="stty $1; $slow"; on_terminal) && ! grep -q 'care: recording' out && grep -q done out || shown; }
quiet_terminal() { on_terminal -v -1 && [ "$(tr -d '\r' <out)" = "unfinished done" ] || shown; }
no_terminal() { care -o t.tar sh -c "$slow" && grep -q 'stops, .*calls' err && not grep -q 'ecording:' err || shown; }
if command -v script >/dev/null; then
	try "a progress line tells files, bytes and time on a terminal" progress
	try "what the command wrote stays" gentle
	for mode in -icanon -echo; do try "not where somebody types into an editor or a prompt (stty $mode)" raw $mode; done
	try "not with -v -1" quiet_terminal
else
	skip "a progress line tells files, bytes and time on a terminal" "no script(1)"
fi
try "nor when standard error is no terminal" no_terminal

summary() {
	echo x >looked && care -o s.tar sh -c 'test -s looked; cat /etc/passwd; test -e absent; true' >/dev/null &&
		grep -qE '^care: [0-9]+ stops, [0-9]+ calls, [0-9]+ paths; archived [0-9]+ files \([0-9.]+ .?B\) and 1 placeholders, [1-9][0-9]* absent; ' err &&
		grep -qx 'care: replay it with: care replay s.tar' err || shown
}
try "the summary counts stops, calls, paths, files, bytes and what was absent" summary

set_uid() {
	cp /bin/true su && chmod 4755 su && care -o u.tar sh -c './su; "$0" --version' "$(command -v su)" &&
		grep -q "$(readlink -f "$(command -v su)") ran without its set-user-id privilege" err || shown
}
[ "$(id -u)" -eq 0 ] || try "set-uid programs that lose their privilege are named" set_uid

traces() {
	care -o d.tar perl -e 'syscall(101, 0, 0, 0, 0) == 0 or exit 9'
	[ $? -eq 9 ] && [ "$(grep -c 'perl traces programs and wants to be traced by a program outside' err)" -eq 1 ] || shown
}
# PTRACE_TRACEME by its number.
if [ "$(uname -m)" = x86_64 ] && [ "$(getconf LONG_BIT)" = 64 ] && command -v perl >/dev/null; then
	try "a command that wants to be traced from outside is told that it is not, in one line" traces
fi

unknown() {
	cp "$TOOLS/usecall" . && care --engine=ptrace -o n.tar ./usecall unknown looked && [ "$(cat out)" = used ] &&
		grep -q 'unknown system call 999 (.*), 3 times' err && "$CARE" info n.tar >out && grep -q '^unknown: .*999' out || shown
}
# Without a filter of ours each call stops before the program's own filter answers it.
try "calls that are newer than this care are counted and told" unknown

mkdir -p "$HOME/.ssh" "$HOME/job" && echo key >"$HOME/.ssh/id_ed25519" && echo i >"$HOME/job/in"
hidden() { care -o h.tar cat "$HOME/job/in"; [ $? -eq 1 ] && grep -q "$HOME/job (by .*/cat)" err || shown; }
try "what is concealed from a failing command is named, with the program that asked" hidden
to_try() {
	line=$(sed -n 's/.*try: care \(-r .*\)/\1/p' err) && eval "care -o h.tar $line" && [ "$(cat out)" = i ] || shown
}
try "and the line to try works" to_try
revealed() {
	care --reveal-home -o h.tar cat "$HOME/job/in" && [ "$(cat out)" = i ] && not grep -q id_ed25519 err || shown
}
try "--reveal-home shows it" revealed
keys() { care --reveal-home -o h.tar cat "$HOME/.ssh/id_ed25519" && grep -q '\.ssh/id_ed25519 .*looks like a secret' err || shown; }
try "and keys that come along are named" keys
working_at_home() { (cd "$HOME" && care -o "$TMPDIR/h.tar" cat job/in); grep -q 'home directory' "$HOME/err"; }
try "working in the home directory is warned of" working_at_home

finish
