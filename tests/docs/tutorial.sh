#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands in docs/TUTORIAL.md, in their order, in one shell: each does what the text says.
. "$TOP/tests/tap.sh"
needs_recording

for need in gcc make; do
	command -v $need >/dev/null || { skip "the tutorial" "$need is not installed"; finish; }
done
mkdir bin && ln -s "$CARE" bin/care
PATH=$PWD/bin:$PATH

# The blocks as lines "C command", "O output" and "X a line of a block that is run as it is".
awk '
/^```sh prepare$/ { mode = "X"; next }
/^```sh$/ { mode = "C"; next }
/^```/ { mode = ""; next }
mode == "X" { print "X " $0 }
mode == "C" { if (sub(/^\$ /, "")) print "C " $0; else print "O " $0 }
' "$TOP/docs/TUTORIAL.md" >steps

# What the text says of how it ends: the first program crashes, so make fails.
expected() {
	case $1 in
	'care -o bug.bin make'* | 'care replay bug.bin' | './bug.bin --run') echo 2 ;;
	*) echo 0 ;;
	esac
}

sed -n 's/^X //p' steps >prepare.sh
steps=$PWD/steps
. ./prepare.sh
n=0
step() {
	status=0
	eval "$1" >../out 2>../err || status=$?
	[ $status -eq "$(expected "$1")" ] || { echo "status $status"; cat ../out ../err; return 1; }
	[ ! -s ../want ] || diff ../want ../out
}
# The steps share variables and the directory, so they are not functions of try's subshell.
report() { [ "$result" = 0 ] || { cat ../log; false; }; }
sed -n '/^[CO]/p' "$steps" >../list
while IFS= read -r line <&3; do
	case $line in
	C\ *) ;;
	*) continue ;;
	esac
	n=$((n + 1))
	# The output that the text shows behind this command.
	awk -v n=$n '/^C / { at++ } at == n && /^O / { print substr($0, 3) }' ../list >../want
	result=0
	step "${line#C }" >../log 2>&1 || result=$?
	try "${line#C }" report
done 3<../list
enough() { [ "$n" -ge 15 ]; }
try "there were that many steps" enough
finish
