#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Kills care in the middle of a build: the archive is partial and says so, care repair
# completes it, every file that was used more than 2 s before is in it with its bytes, and
# nothing of the build goes on. Each kill comes at a random moment, in the next format.
#
#   tests/system/sigkill.sh [KILLS]      default: one a format; FULL=1: 100
. "$TOP/tests/system/common"

formats='tar.zst tar.lzo tar.gz tar cpio.gz dir default'
kills=${1-7}
[ -z "${FULL-}" ] || [ $# -gt 0 ] || kills=100
steps=100

# --- a build whose every step says when it was over, and what it had read by then -----------------

prepare_build() {
	mkdir -p "$work"
	i=1
	while [ $i -le $steps ]; do
		printf '#define N %d\n' $i >"$work/part$i.h"
		printf '#include <stdio.h>\n#include "part%d.h"\nint f%d(void) { return puts("%d") + N; }\n' $i $i $i >"$work/main$i.c"
		# Some are larger than what is flushed at once (4 MiB), and nothing compresses them.
		head -c $((i % 10 == 3 ? 6000000 : 200000)) /dev/urandom >"$work/data$i"
		i=$((i + 1))
	done
	cat >"$work/build.sh" <<-'X'
	: >begun
	i=1
	while [ -e main$i.c ]; do
		gcc -c main$i.c -o main$i.o && cksum <data$i >sum$i && echo "$(date +%s.%N) $i" >>log
		sleep 0.05
		i=$((i + 1))
	done
	X
	case $abis in
	*" $system_abi "*) ;;
	*)
		(cd "$work" && compile32 steps steps) || { echo "1..0 # SKIP steps.c does not compile"; exit; }
		build=./steps tools=
		;;
	esac
}

clean_build() { rm -f "$work"/*.o "$work"/sum* "$work/log" "$work/begun"; : >"$work/log"; }

build='sh build.sh'
# What the first step has used, beside its own files.
tools=$(for p in cc1 as; do readlink -f "$(gcc -print-prog-name=$p | sed "/\//!s|^|$(dirname "$(command -v as)")/|")"; done
	readlink -f "$(gcc -print-file-name=libc.so.6)"; readlink -f "$(command -v gcc)")

# The paths that must be there: used by steps whose end lies more than 2 s before @1.
due() {	# TIME
	awk -v t="$1" '$1 < t - 2 { print $2 }' "$work/log" | while read -r i; do
		[ "$i" -ne 1 ] || [ -z "$tools" ] || echo "$tools"
		echo "$work/main$i.c"
		echo "$work/part$i.h"
		echo "$work/data$i"
	done
}

# --- one kill ------------------------------------------------------------------------------------

# Seconds from 0.3 to 7 after the build began: what is still being set up, and what is well under way.
random_delay() {
	od -An -N2 -tu2 /dev/urandom | awk '{ printf "%.2f\n", 0.3 + 6.7 * $1 / 65536 }'
}

record_and_kill() {	# FORMAT DELAY
	rm -rf "$base/archive" "$base/ended" "$home/.local"
	mkdir "$base/archive"
	case $1 in
	dir) output=$base/archive/x/ ;;
	default) output= ;;
	*) output=$base/archive/x.$1 ;;
	esac
	clean_build
	(cd "$work" && exec env -i PATH="$PATH" HOME="$home" "$CARE" ${output:+-o "$output"} $build) \
		>"$base/care.log" 2>&1 </dev/null &
	care=$!
	for _ in $(seq 300); do [ ! -e "$work/begun" ] || break; sleep 0.1; done
	sleep "$2"
	killed_at=$(date +%s.%N)
	kill -KILL $care 2>/dev/null || echo "care ended before it was killed" >"$base/ended"
	wait $care 2>/dev/null
}

# Processes whose cwd is the build's, apart from none.
survivors() {
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/cwd" 2>/dev/null)" != "$work" ] || echo "survivor: $(tr '\0' ' ' <"$p/cmdline")"
	done
}

# The bytes in the repaired archive are those that were used.
compare() {	# DIR of the archive, extracted
	due "$killed_at" | while read -r path; do
		cmp "$path" "$1/rootfs$path" 2>&1
	done
}

check_archive() {
	partial=$(ls -d "$base"/archive/*.partial "$home"/.local/state/care/*/*.partial 2>/dev/null)
	if [ ! -e "$partial" ]; then
		echo "there is no .partial: $(ls "$base/archive" "$home/.local/state/care" 2>&1)"
		return
	fi
	"$CARE" info "$partial" 2>&1 | grep -qi partial || echo "care info does not say that $partial is partial"
	"$CARE" repair "$partial" >"$base/repair.log" 2>&1 || { echo "care repair: status $?"; cat "$base/repair.log"; return; }
	rm -rf "$base/x"
	"$CARE" extract -C "$base/x" "${partial%.partial}" >"$base/extract.log" 2>&1 ||
		{ echo "care extract: status $?"; cat "$base/extract.log"; return; }
	[ -e "$(echo "$base"/x/*/manifest.json)" ] || echo "there is no manifest.json"
	compare "$(echo "$base"/x/*)"
}

try_kill() {	# NUMBER FORMAT
	delay=$(random_delay)
	record_and_kill "$2" "$delay"
	sleep 0.2
	{ cat "$base/ended" 2>/dev/null || { survivors; check_archive; }; } >"$base/difference" 2>&1
	name="killed after $delay s ($2): $(due "$killed_at" | wc -l) files are due, $(wc -l <"$work/log") steps were done"
	if [ -s "$base/difference" ]; then
		not_ok "$name" "$base/difference" "$base/care.log"
	else
		ok "$name"
	fi
}

prepare_build
i=0
while [ $i -lt "$kills" ]; do
	i=$((i + 1))
	try_kill $i "${formats%% *}"
	formats="${formats#* } ${formats%% *}"
done
plan
