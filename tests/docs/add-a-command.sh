#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/ADD-A-COMMAND.md: its file compiles against today's headers, and what it names exists.
. "$TOP/tests/tap.sh"

page=$TOP/docs/ADD-A-COMMAND.md
compiles() {
	mkdir -p generated
	echo '#define CARE_VERSION "test"' >generated/version.h
	awk '/^ *```c$/ { on = 1; next } /^ *```/ { on = 0 } on { sub(/^   /, ""); print }' "$page" >hello.c
	grep -q CMD_RUN hello.c || return 1
	# Step 2: the declaration that it asks for.
	printf '#include "core/cmd/cmd.h"\nextern const struct cmd cmd_hello;\n' >declared.h
	gcc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -I"$TOP" -I. -include declared.h hello.c
}
if command -v gcc >/dev/null; then
	try "the command in it compiles" compiles
else
	skip "the command in it compiles" "gcc is not installed"
fi
exist() {
	# Files that it names, except those that it tells to make.
	grep -oE '`(core|docs|tests)/[A-Za-z0-9_./-]+`' "$page" | tr -d '`' | grep -v hello | sort -u >named
	[ -s named ] || return 1
	while IFS= read -r f; do
		[ -e "$TOP/$f" ] || case $f in *NAME*) ;; *) echo "not there: $f"; return 1 ;; esac
	done <named
}
try "the files it names exist" exist
described() {
	for word in name synopsis options common-options examples exit; do
		grep -q "@$word" "$page" && grep -q "\"$word\"" "$TOP/core/cmd/pages.c" || { echo "$word"; return 1; }
	done
}
try "the words of page templates are those that the generator knows" described
finish
