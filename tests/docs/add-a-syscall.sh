#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# parallel
# The steps of docs/ADD-A-SYSCALL.md, run as they stand in a copy of the tree.
# once
. "$TOP/tests/tap.sh"

# The sh blocks of a page, one after the other.
blocks() { sed -n '/^```sh$/,/^```$/{/^```/d;p}' "$1"; }

steps() {
	cd tree || return
	blocks docs/ADD-A-SYSCALL.md >steps.sh
	# As the caller of make check would be: not inside another make, not two users.
	env -u MAKEFLAGS -u MAKELEVEL AS=user sh -eux steps.sh
}

mkdir tree
(cd "$TOP" && tar -cf - --exclude=./build .) | tar -xf - -C tree
try "the page has steps" test "$(blocks "$TOP/docs/ADD-A-SYSCALL.md" | wc -l)" -gt 10
try "they build and pass" steps
try "the call is in the program" sh -c 'grep -q frobat tree/build/*/care'
finish
