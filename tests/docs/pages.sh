#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command has a page that tells its options, all of them and no others.
. "$TOP/tests/tap.sh"

man=$(dirname "$CARE")/man
commands=$("$CARE" --help | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p')

# "-o, --output=FILE  text" → -o and --output, one a line
help_options() {
	"$CARE" "$1" --help | sed -n 's/^  \(-.*\)/\1/p' | sed 's/   *[^ -].*//' | tr ',' '\n' |
		sed 's/^ *//; s/[]= [].*//' | LC_ALL=C sort -u
}
# ".It Fl o Ar file , Fl -output Ns = Ns Ar file" → the same
page_options() {
	sed -n 's/^\.It Fl/Fl/p' "$1" | grep -oE 'Fl [^ ]+' | sed 's/^Fl /-/' | LC_ALL=C sort -u
}
agree() {
	help_options "$1" >help.list
	page_options "$man/care-$1.1" >page.list
	[ -s help.list ] && diff help.list page.list
}

some_commands() { [ "$(echo "$commands" | wc -l)" -ge 8 ] || { echo "$commands"; false; }; }
try "care --help lists the commands" some_commands
once() { [ -z "$(echo "$commands" | sort | uniq -d)" ]; }
try "each of them once" once
for c in $commands; do
	try "care $c: --help and the page tell the same options" agree "$c"
	try "care(1) points to it or names it" grep -qE "^\.(Xr care-$c|It Nm care $c)" "$man/care.1"
done

# Half of what is between DESCRIPTION and the end, options aside, is examples or more than any
# other section of prose: checked roughly, by lines.
for page in care care-record care-replay care-verify care-extract care-info care-repair care-doctor \
	care-trace care-manifest; do
	for f in "$man/$page".[15]; do
		try "$page has a page" test -s "$f"
		try "$page has examples" grep -q '^\.Sh EXAMPLES' "$f"
	done
done

if command -v mandoc >/dev/null; then
	lint() {
		# That a page is not installed here is no fault of it.
		mandoc -Tlint "$@" 2>&1 | grep -vE 'referenced manual not found|outdated mandoc.db' >lint.out
		[ ! -s lint.out ] || { cat lint.out; false; }
	}
	for f in "$man"/*.[15]; do
		try "mandoc -Tlint has nothing to say about $(basename "$f")" lint "$f"
	done
else
	skip "mandoc -Tlint has nothing to say about the pages" "mandoc is not installed"
fi

# Whatever a real manifest holds stands in care-manifest(5).
members() {
	"$CARE" -o a.tar sh -c 'cat /etc/passwd /nonexistent >/dev/null 2>&1; exit 0' 2>/dev/null || return 1
	tar -xOf a.tar a/manifest.json | grep -oE '"[a-z_0-9]+":' | tr -d '":' | LC_ALL=C sort -u >written.list
	grep -q path written.list || return 1
	{
		sed -n 's/^\.It Va \([a-z_0-9]*\).*/\1/p; s/^\.Ss \([a-z]*\)$/\1/p' "$man/care-manifest.5"
		echo b64
	} | LC_ALL=C sort -u >documented.list
	# "care-manifest" has a dash and is not among them.
	undocumented=$(LC_ALL=C comm -23 written.list documented.list)
	[ -z "$undocumented" ] || { echo "not documented: $undocumented"; false; }
}
completes() {
	bash -c '. "$1"; COMP_WORDS=(care info --j); COMP_CWORD=2; _care; [ "${COMPREPLY[*]}" = --json ] &&
		COMP_WORDS=(care doc); COMP_CWORD=1; _care; [[ " ${COMPREPLY[*]} " = *" doctor "* ]] &&
		COMP_WORDS=(care record --content = s); COMP_CWORD=4; _care; [ "${COMPREPLY[*]}" = seen ]' \
		bash "$(dirname "$CARE")/completion/care"
}
if command -v bash >/dev/null; then
	try "bash completes commands, options and words" completes
else
	skip "bash completes commands, options and words" "bash is not installed"
fi
needs_recording
try "every member of a manifest is documented" members
finish
