# SPDX-License-Identifier: GPL-2.0-or-later
# arch/syscalls.def and the .tbl files make the tables number -> call:
#   awk -f arch/tables.awk arch/syscalls.def arch/*/*.tbl >syscall-tables.c
# A number without a row, and a row that no architecture has, are errors that name it.

BEGIN { print "/* Made by arch/tables.awk. */\n#include \"arch/spans.h\"\n" }

function fail(text)
{
	print FILENAME ":" FNR ": " text >"/dev/stderr"
	failed = 1
}

function finish_table(    i, s)
{
	if (table == "")
		return
	finish_span()
	printf "const struct abi_span abi_spans_%s[] = {\n", table
	for (i = 0; i < spans; i++)
		printf "\t{ %d, %d, %s_ids_%d },\n", first[i], last[i] - first[i] + 1, table, i
	print "\t{ 0 }\n};\n"
	spans = 0
}

function finish_span()
{
	if (open_span)
		print "};\n"
	open_span = 0
}

FNR == 1 && FILENAME ~ /\.tbl$/ {
	finish_table()
	table = FILENAME
	sub(/.*\//, "", table)
	sub(/\.tbl$/, "", table)
	before = -1
}

FILENAME ~ /\.def$/ && /^SYS\(/ {
	name = $0
	sub(/^SYS\(/, "", name)
	sub(/,.*/, "", name)
	if (name in rows)
		fail(name " has two rows")
	rows[name] = FNR
	next
}

FILENAME ~ /\.def$/ || /^#/ || NF == 0 { next }

NF != 2 || $1 !~ /^[0-9]+$/ {
	fail("not `number name`: " $0)
	next
}

{
	if (!($2 in rows))
		fail("call " $1 " of " table ", " $2 ", has no row in syscalls.def")
	if ($1 + 0 <= before)
		fail("call " $1 " of " table " is out of order")
	used[$2] = 1
	if (before < 0 || $1 - before > 256) {		# arm has a second range far above
		finish_span()
		first[spans] = $1
		printf "static const uint16_t %s_ids_%d[] = {\n", table, spans
		open_span = 1
		spans++
	}
	printf "\t[%d] = SYSCALL_%s,\n", $1 - first[spans - 1], $2
	last[spans - 1] = before = $1 + 0
}

END {
	finish_table()
	for (name in rows)
		if (!(name in used)) {
			FILENAME = "syscalls.def"
			FNR = rows[name]
			fail(name " has no number in any table")
		}
	exit failed
}
