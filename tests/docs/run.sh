#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands in docs/RUN.md, in their order, and that its table tells every option.
. "$TOP/tests/tap.sh"
. "$TOP/tests/steps.sh"

# Each name of --help stands in the table or above it.
told() {
	"$CARE" run --help | sed -n 's/^  \(-.*\)/\1/p' | sed 's/   *[^ -].*//' | tr ',' '\n' |
		sed 's/^ *//; s/[]= [].*//' | sort -u >names
	[ "$(wc -l <names)" -gt 20 ] || { cat names; return 1; }
	while read -r name; do
		case $name in
		--verbose | --version | --about | --help | --usage) continue ;;
		esac
		grep -qE -- "^\|.*\`$name[\` =\\[]" "$TOP/docs/RUN.md" || { echo "not told: $name"; return 1; }
	done <names
}
try "docs/RUN.md tells every option" told

command -v busybox >/dev/null || { skip "its commands" "there is no busybox"; finish; }
mkdir bin && ln -s "$CARE" bin/care
PATH=$PWD/bin:$PATH
mkdir -p try/bin && cp "$(command -v busybox)" try/bin/true
care run -r try true 2>/dev/null || { skip "its commands" "no namespaces here"; finish; }
# What the page shows going wrong is behind a pipe.
steps docs/RUN.md
enough() { [ "$steps_n" -ge 12 ]; }
try "there were that many steps" enough
finish
