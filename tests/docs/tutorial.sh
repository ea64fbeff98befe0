#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands in docs/TUTORIAL.md, in their order, in one shell: each does what the text says.
. "$TOP/tests/tap.sh"
. "$TOP/tests/steps.sh"
needs_recording

for need in gcc make; do
	command -v $need >/dev/null || { skip "the tutorial" "$need is not installed"; finish; }
done
mkdir bin && ln -s "$CARE" bin/care
PATH=$PWD/bin:$PATH

# What the text says of how it ends: the first program crashes, so make fails.
expected() {
	case $1 in
	'care -o bug.bin make'* | 'care replay bug.bin' | './bug.bin --run') echo 2 ;;
	*) echo 0 ;;
	esac
}

steps docs/TUTORIAL.md
enough() { [ "$steps_n" -ge 15 ]; }
try "there were that many steps" enough
finish
