#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Records real programs here and replays them elsewhere: below a root that has busybox and
# another distribution's libc, as a user without root, nothing of this machine in sight.
# Status, standard output and the outputs' SHA-256 must be those of the command run bare.
#
#   tests/system/elsewhere.sh [--full] [WORKLOAD]...
#
# By default each workload is tried once, in one format, and each format once; root begins
# with another format than a user. --full (or FULL=1) tries all with all. A workload is a file
# of tests/system/workloads; its archive is replayed by `care replay` and, extracted, by its
# re-execute.sh. With REFUSED=1 the kernel there refuses namespaces and mounts, with
# ROOT_THERE=1 root replays there. WORKLOADS has names of workloads, if not all are to be tried.
. "$TOP/tests/system/common"

formats='tar tar.gz tar.lzo tar.zst cpio.gz dir default'
[ "$(id -u)" -ne 0 ] || formats='tar.zst cpio.gz dir default tar tar.gz tar.lzo'
full=${FULL-}
[ "${1-}" != --full ] || { full=1; shift; }
if [ $# -gt 0 ]; then
	full=1
else
	# Those that take long last: what is broken shows early.
	# shellcheck disable=SC2086
	set -- ${WORKLOADS:-gcc i386 x11 python git perl signal threads input i386-alone dash bc}
fi

# --- recording -----------------------------------------------------------------------------

# Once for all formats: what every recording is compared with.
native() {
	[ -z "$is_native" ] || return 0
	fresh || { cannot="its preparation failed"; return 1; }
	status=0
	with_command at_work >"$base/native.out" 2>"$base/native.err" </dev/null || status=$?
	result_of native "$status" "$work"
	if [ "$status" -ne "$expect" ] || grep -q '^missing' "$base/native.result"; then
		cannot="it does not work here without care: status $status $(grep '^missing' "$base/native.result" | tr '\n' ' ')$(tail -n 1 "$base/native.err")"
		return 1
	fi
	is_native=1
}

# What the archive says of the command's end.
recorded_status() {
	if [ "$expect" -gt 128 ]; then how="signal $((expect - 128))"; else how="exit $expect"; fi
	"$CARE" info "$archive" >"$base/info" 2>&1
	grep -qE "^status: +$how( |\$)" "$base/info" || echo "care info does not say \"$how\": $(grep ^status "$base/info")"
}

# Leaves the archive at $archive.
record() {	# FORMAT
	rm -rf "$base/archive"
	mkdir "$base/archive"
	case $1 in
	dir) archive=$base/archive/x/ ;;
	default) archive= ;;
	*) archive=$base/archive/x.$1 ;;
	esac
	fresh || return
	status=0
	with_command at_work "$CARE" -v -1 ${archive:+-o "$archive"} \
		>"$base/recorded.out" 2>"$base/recorded.err" </dev/null || status=$?
	result_of recorded "$status" "$work"
	if [ "$1" = default ]; then
		archive=$base/archive/x.bin
		mv "$work"/care-*.bin "$archive" 2>/dev/null
	fi
	archive=${archive%/}
	[ -e "$archive" ]
}

try_record() {	# FORMAT
	name="$workload, $1: recording"
	if ! record "$1"; then
		echo "there is no archive" >>"$base/recorded.err"
		not_ok "$name" "$base/recorded.err"
		return 1
	elif ! { same native recorded && recorded_status; } >"$base/difference" || [ -s "$base/difference" ]; then
		not_ok "$name" "$base/difference" "$base/recorded.err"
		return 1
	fi
	ok "$name"
}

# --- replaying -------------------------------------------------------------------------------

take_there() {
	chmod -R u+rwX "$there/in" 2>/dev/null
	rm -rf "$there/in"
	mkdir "$there/in"
	cp "$CARE" "$there/in/care"
	[ -z "${REFUSED-}" ] || cp "$TOOLS/deny" "$there/in/deny"
	mv "$archive" "$there/in/"
	archive=/in/${archive##*/}
	# Whoever was sent something owns the copy.
	give "$there$archive"
	empty_elsewhere
	chmod -R u+rwX "$home"
	rm -rf "$home" "$base/origin.git"
}

# What an archive holds, a directory too: who replays must leave it as it is.
fingerprint() {
	if [ -d "$there$archive" ]; then
		(cd "$there$archive" && find . -printf '%p %m %y %s %T@ %l\n' | sort &&
			find . -type f -size -1000k -exec sha256sum {} + | sort) | sha256sum
	else
		sha256sum <"$there$archive"
	fi
}

by_care() {
	before=$(fingerprint)
	set -- "$archive"
	for output in $outputs; do
		set -- --get "$work/$output:/home/guest/out/$(echo "$output" | tr / :)" "$@"
	done
	status=0
	elsewhere 'exec /in/care replay -v -1 "$@"' "$@" >"$base/replayed.out" 2>"$base/replayed.err" || status=$?
	for output in $outputs; do
		mkdir -p "$base/got/$(dirname "$output")"
		mv "$there/home/guest/out/$(echo "$output" | tr / :)" "$base/got/$output" 2>/dev/null
	done
	result_of replayed "$status" "$base/got"
	rm -rf "$base/got"
	[ "$(fingerprint)" = "$before" ] || echo "the archive was changed by its replay" >>"$base/replayed.out"
}

by_script() {
	runner=PROOT=/in/care extract='/in/care extract -v -1 "$1"'
	case $archive in
	# It has all that it needs in it.
	*.bin) extract='"$1"' runner= ;;
	/in/x) extract='cp -a "$1" y' ;;
	esac
	elsewhere "$extract" "$archive" >"$base/extract.log" 2>&1
	rootfs=$(echo "$there"/home/guest/*/rootfs)
	{ results_in "$rootfs$work"; travelled "$rootfs"; } >"$base/early"
	status=0
	elsewhere "cd */rootfs/.. && $runner exec ./re-execute.sh" \
		>"$base/replayed.out" 2>"$base/replayed.err" || status=$?
	cat "$base/extract.log" >>"$base/replayed.err"
	cat "$base/early" >>"$base/replayed.out"
	result_of replayed "$status" "$rootfs$work"
}

# A replay shall make its results, not find them. This is before it.
results_in() {	# DIR
	sums "$1" | grep -v '^missing' | grep -Fxf "$base/recorded.result" | sed 's/.* /the archive has the result in it: /'
}

try_replay() {	# HOW FORMAT NAME
	empty_elsewhere
	guard=$refusing
	"$1"
	guard=
	if same recorded replayed >"$base/difference"; then
		ok "$workload, $2: $3"
	else
		not_ok "$workload, $2: $3" "$base/difference" "$base/replayed.err"
	fi
}

try() {	# FORMAT
	mkdir -p "$home"	# the one before took it away
	start || { skip "$workload" "$cannot"; stop; return; }
	if ! native; then
		skip "$workload" "$cannot"
	elif try_record "$1" && take_there; then
		if move; then
			try_replay by_care "$1" "care replay"
			try_replay by_script "$1" "re-execute.sh"
		else
			skip "$workload, $1: replays" "$cannot"
		fi
	fi
	stop
}

# --- the place itself ----------------------------------------------------------------------------

# If these fail the others prove nothing.
try_place() {
	empty_elsewhere
	status=0
	elsewhere 'id -u; sed -n "s/^CapEff:\t0*//p" /proc/self/status; ls / /home; exit 3' \
		>"$base/place" 2>&1 || status=$?
	if [ "$status" -ne 3 ]; then
		skip "a root of another distribution" "$(tail -n 1 "$base/place")"
		plan
		exit
	fi
	ok "a root of another distribution"
	name="there are busybox and a C library, and no other program"
	elsewhere 'find / -xdev -type f -perm /111 ! -path "/usr/lib*/*.so*"' >"$base/programs.there" 2>&1
	if [ "$(cat "$base/programs.there")" = /usr/bin/busybox ]; then
		ok "$name"
	else
		not_ok "$name" "$base/programs.there"
	fi
	if [ "${ROOT_THERE-}" ]; then
		name="there is root, with capabilities, and nothing from here" who=0
		[ "$(sed -n 2p "$base/place")" ] || who=none
	else
		name="there is another user, without a capability, and nothing from here" who=$guest_uid
		if [ "$(id -u)" -eq "$guest_uid" ] || [ "$(sed -n 2p "$base/place")" ]; then who=none; fi
	fi
	if [ "$(sed -n 1p "$base/place")" = "$who" ] &&
		! elsewhere "ls $base || ls $TOP || command -v gcc || command -v python3 || command -v perl" >/dev/null 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$base/place"
	fi
	here_libc=$(getconf GNU_LIBC_VERSION)
	there_libc=$(elsewhere '/usr/lib/*/ld-linux*.so.2 --version' | sed -n '1s/.*GLIBC \([0-9.]*\).*/glibc \1/p')
	if [ "$there_libc" ] && [ "$here_libc" != "$there_libc" ]; then
		ok "the libc there ($there_libc) is not that from here ($here_libc)"
	else
		not_ok "the libc there ($there_libc) is not that from here ($here_libc)"
	fi
	[ "${REFUSED-}" ] || return 0
	name="the kernel there makes no namespace, and mounts nothing"
	mkdir -p "$there/in"
	cp "$TOOLS/deny" "$there/in/deny"
	guard=$refusing
	elsewhere 'for n in U m; do unshare -$n true; echo $?; done; mount -t tmpfs t /tmp; echo $?' >"$base/refused" 2>&1
	guard=
	if [ "$(grep -cx 1 "$base/refused")" -eq 3 ]; then
		ok "$name"
	else
		not_ok "$name" "$base/refused"
	fi
}

[ -d "${SYSTEM-}/root" ] || { echo "1..0 # SKIP there is no other root: tests/system/prepare makes it"; exit 0; }
refusing=${REFUSED:+/in/deny namespaces,mounts --errno=EPERM --}
make_elsewhere
try_place
for name in "$@"; do
	load "$name"
	is_native=
	case "$abis any " in
	*" $abi "*) ;;
	*) continue ;;
	esac
	if [ "$full" ]; then
		for format in $formats; do try "$format"; done
	else
		# One after the other, round and round.
		format=${formats%% *}
		formats="${formats#* } $format"
		try "$format"
	fi
done
plan
