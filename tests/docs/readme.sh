#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The README's tour works as it stands, in its order, where there is a small C project.
# (Its two commands, scripts/quickstart and scripts/check: tests/system/bare-debian.)
. "$TOP/tests/tap.sh"
needs_recording

for need in gcc make zstd; do
	command -v $need >/dev/null || { skip "the tour" "$need is not installed"; finish; }
done
mkdir bin && ln -s "$CARE" bin/care
PATH=$PWD/bin:$PATH
cp -r "$TOP/docs/examples/hello" work && cd work || exit

# The commands: lines of the block, and what stands in back quotes behind it.
sed -n '/^## A tour/,/^## Where/p' "$TOP/README.md" >../tour
{
	sed -n 's/^    \$ //p' ../tour | sed 's/  *#.*//'
	sed '/^    /d' ../tour | tr '\n' ' ' | tr '`' '\n' | sed -n 'n;p' |
		grep -E '^(care -o|\./[a-z]+\.bin|tar -xf|[a-z]+/re-execute)'
} >../list

run() { sh -c "$1" </dev/null 2>&1 || { echo "status $?"; false; }; }
while IFS= read -r line <&3; do
	case $line in
	# A second build needs something to do.
	'care -o '*) make -s clean ;;
	esac
	try "$line" run "$line"
done 3<../list
result() { [ -x result ] && [ "$(wc -l <../list)" -ge 9 ] || { ls; cat ../list; false; }; }
try "the program was built, and there were that many lines" result
cd .. || exit
finish
