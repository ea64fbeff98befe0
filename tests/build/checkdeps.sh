#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/checkdeps: the tree keeps the rules, and each rule notices one offence.
# once
. "$TOP/tests/tap.sh"

tree_is_clean() { sh "$TOP/scripts/checkdeps" "$TOP"; }

# refused RULE FILE: with FILE (its text on stdin) in an empty tree, RULE fails.
refused() {
	rm -rf t
	mkdir -p "t/$(dirname "$2")"
	cat >"t/$2"
	sh "$TOP/scripts/checkdeps" t >out
	status=$?
	cat out
	[ $status -ne 0 ] && grep -A3 "^FAIL .*$1" out | grep -qF "$2"
}
offence() {	# offence RULE FILE TEXT
	printf '// SPDX-License-Identifier: GPL-2.0-or-later\n%s\n' "$3" | refused "$1" "$2"
}
# The same line where it is allowed offends nobody.
allowed() {
	rm -rf t
	mkdir -p "t/$(dirname "$2")"
	printf '// SPDX-License-Identifier: GPL-2.0-or-later\n%s\n' "$3" >"t/$2"
	sh "$TOP/scripts/checkdeps" t >out
	cat out
	! grep -q "^FAIL .*$1" out
}

try "the tree keeps all rules" tree_is_clean
below="includes only what lies below"
try "an engine may not include a sink" offence "$below" core/engine/x.c '#include "core/record/recorder.h"'
try "a sink may not include an engine" offence "$below" core/record/x.c '#include "core/engine/engine.h"'
try "sinks may not include each other" offence "$below" core/replay/x.c '#include "core/record/recorder.h"'
try "arch includes of core only core/base" offence "$below" arch/x.c '#include "core/event/event.h"'
try "core/base includes nothing of ours" offence "$below" core/base/x.c '#include "core/event/event.h"'
try "an include is named from the top" offence "$below" core/base/x.c '#include "err.h"'
try "a folder out of the table is noticed" offence "$below" core/nobody/x.c '#include "core/base/err.h"'
try "what the table allows is allowed" allowed "$below" core/record/x.c '#include "core/path/names.h"'
try "libarchive belongs to core/archive" offence "archive.h" core/record/x.c '#include <archive.h>'
try "core/archive may use it" allowed "archive.h" core/archive/x.c '#include <archive.h>'
try "ptrace belongs to engines" offence "ptrace and seccomp" core/record/x.c '#include <sys/ptrace.h>'
try "an architecture is not named outside arch" offence "architecture is named" core/base/x.c 'int x = __x86_64__;'
try "a comment may name it" allowed "architecture is named" core/base/x.c '/* not __x86_64__ */'
try "only commands print" offence "prints and exits" core/base/x.c 'void f(void) { printf("x"); }'
try "only commands exit" offence "prints and exits" core/base/x.c 'void f(void) { exit(1); }'
try "_exit of a forked child is another thing" allowed "prints and exits" core/base/x.c 'void f(void) { _exit(1); }'
try "no PATH_MAX buffers" offence "fixed limits" core/base/x.c 'char x[PATH_MAX + 1];'
try "no strcpy" offence "fixed limits" core/base/x.c 'void f(void) { strcpy(a, b); }'
try "no ifdef of options in C" offence "IS_ENABLED" core/base/x.c '#ifdef CONFIG_X'
try "no dup without O_CLOEXEC" offence "O_CLOEXEC" core/base/x.c 'int f(void) { return dup(1); }'
try "a header is guarded by its path" offence "guard" core/base/x.h '#ifndef X_H'
try "a source not in a Kbuild is noticed" offence "named in a Kbuild" core/base/x.c 'int x;'
no_licence() { echo 'int x;' | refused "licence" core/base/x.c; }
try "a file without its licence line is noticed" no_licence
finish
