#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# docs/ARCHITECTURE.md tells the truth: every path, function and struct that it names is there.
# once
. "$TOP/tests/tap.sh"

named() { cd "$TOP" && grep -oE "$1" docs/ARCHITECTURE.md | LC_ALL=C sort -u; }
missing_paths() {
	cd "$TOP" || return
	named '`[a-z]+/[A-Za-z0-9_./-]+`' | tr -d '`' | while read -r p; do
		[ -e "$p" ] || echo "no such path: $p"
	done
}
missing_functions() {
	cd "$TOP" || return
	named '`[a-z_0-9]+\(\)`' | tr -d '`()' | while read -r f; do
		grep -rqE "(^|[^a-z_])$f\(" --include='*.[ch]' arch core emul || echo "no such function: $f"
	done
}
missing_types() {
	cd "$TOP" || return
	named '`(struct|enum) [a-z_]+`' | tr -d '`' | while read -r t; do
		grep -rqE "^$t \{" --include='*.[ch]' arch core emul || echo "no such type: $t"
	done
}
# Decisions that comments name by number stand in the list.
missing_decisions() {
	(cd "$TOP" && grep -rhoE 'decisions? [0-9]+' arch core emul docs tests scripts) | sed 's/.* //' | sort -nu >named
	sed -n '/^## Decisions by number/,$s/^- \([0-9]*\): .*/\1/p' "$TOP/docs/ARCHITECTURE.md" >listed
	[ "$(wc -l <named)" -gt 10 ] || echo "only $(wc -l <named) are named"
	while read -r n; do grep -qx "$n" listed || echo "no decision $n"; done <named
}
none() { [ -z "$("$1")" ] || { "$1"; false; }; }
some() { [ "$(named "$1" | wc -l)" -gt 5 ]; }
try "every path is there" none missing_paths
try "every function is there" none missing_functions
try "every decision that a comment names is there" none missing_decisions
try "every type is there" none missing_types
try "and it names many" some '`[a-z_0-9]+\(\)`'
finish
