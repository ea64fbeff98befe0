#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# care info, extract, convert and self-extracting archives, on recordings of small commands.
. "$TOP/tests/tap.sh"
needs_recording

care() { "$CARE" "$@" >out 2>err; }
show() { cat out err; false; }
has() { grep -qE -e "$1" out || show; }

mkdir keys
echo input >input
echo secret >keys/id_rsa
printf 'more\n' >'a b'
API_TOKEN=xyz "$CARE" -o all.tar.zst sh -c 'cat input keys/id_rsa "a b" >result; test -e "$0"; exit 3' ./input 2>/dev/null
status=$?
exit_is_3() { [ $status -eq 3 ]; }
try "the recording ended as its command did" exit_is_3

text() {
	care info all.tar.zst && has '^archive: +all.tar.zst: tar.zst' && has "^in: +$PWD\$" &&
		has '^status: +exit 3$' && has '^command: +sh -c ' && has '^again: +care replay all.tar.zst'
}
try "info tells archive, place, status, command" text
json() {
	care info --json all.tar.zst && grep -q '"status":"exit 3"' out && grep -q '"format":"tar.zst"' out &&
		grep -q '"partial":false' out || show
	! command -v jq >/dev/null || jq -e '.run.argv[0] == "sh" and .counts.whole > 3' out >/dev/null || show
}
try "info --json is JSON" json
review() {
	care info --review all.tar.zst
	[ $? -eq 1 ] && has 'variable API_TOKEN: ' && has 'file .*/keys/id_rsa: ' && has '/input$' && ! grep -q xyz out
}
try "info --review names secrets without telling them, and exits 1" review
manifest() { care info --manifest all.tar.zst && head -c 20 out | grep -q '^{"care-manifest":1' || show; }
try "info --manifest is the manifest" manifest
clean() {
	# A shell that sets nothing but PATH.
	env -i "PATH=$PATH" "$CARE" -o clean.tar cat input >/dev/null 2>&1 && care info --review clean.tar && has 'Nothing in it looks'
}
try "info --review of a harmless one exits 0" clean

extract() {
	rm -rf all && care extract all.tar.zst && grep -q 'extracted: all/' err &&
		cmp input "all/rootfs$PWD/input" && [ -x all/re-execute.sh ] && [ -f "all/rootfs$PWD/a b" ] || show
}
try "extract makes the top directory here" extract
extract_x() { mkdir -p there && (cd there && "$CARE" -x ../all.tar.zst >../out 2>../err) && [ -d there/all/rootfs ] || show; }
try "-x does it as CARE did" extract_x
rootfs() { rm -rf r && care extract --only-rootfs -C r all.tar.zst && cmp input "r$PWD/input" || show; }
try "extract --only-rootfs leaves the top away" rootfs
no_result() { [ ! -e "all/rootfs$PWD/result" ]; }
try "what the command made is not in it" no_result

"$CARE" -o run.bin sh -c 'cat input; exit 3' >/dev/null 2>&1
self_extracts() {
	mkdir -p s && (cd s && ../run.bin >../out 2>../err) && cmp input "s/run/rootfs$PWD/input" || show
}
try "a .bin extracts itself" self_extracts
self_runs() { ./run.bin --run >out 2>err; [ $? -eq 3 ] && [ "$(cat out)" = input ] || show; }
self_other() { ./run.bin --run sh -c 'exit 9' >out 2>err; [ $? -eq 9 ] || show; }
self_dashes() { ./run.bin --run -- sh -c 'echo --plan' >out 2>err && [ "$(cat out)" = --plan ] || show; }
self_plan() { ./run.bin --run --plan >out 2>err && grep -q '^run .*sh -c' out || show; }
if "$CARE" doctor --json | grep -q '"replay":true'; then
	try "a .bin runs itself with --run" self_runs
	try "a .bin runs another command" self_other
	try "a .bin hands options behind -- on" self_dashes
	try "a .bin takes the options of replay" self_plan
else
	skip "a .bin runs itself" "no user namespaces here"
fi
self_info() { ./run.bin --info >out 2>err && has '^status: +exit 3$'; }
try "a .bin describes itself with --info" self_info
self_help() { ./run.bin --help >out 2>err && has 'Usage: ./run.bin' && ./run.bin --frob >out 2>err; [ $? -eq 125 ]; }
try "a .bin says how it is used" self_help
self_damaged() {
	size=$(stat -c %s run.bin)
	cp run.bin bad.bin && printf '\377' | dd of=bad.bin bs=1 seek=$((size - 8)) conv=notrunc 2>/dev/null
	mkdir -p d && (cd d && ../bad.bin >../out 2>../err)
	[ $? -eq 123 ] && [ -z "$(ls d)" ] || show
}
try "a .bin with a wrong footer is refused" self_damaged
dd_recipe() {
	size=$(tail -c 8 run.bin | od -An -tx1 | tr -d ' \n')
	size=$(printf '%d' "0x$size")
	tail -c $((size + 21)) run.bin | head -c $size >inner.tar.lzo && care info inner.tar.lzo && has 'exit 3'
}
try "the manual's recipe finds the archive in a .bin" dd_recipe

# The same recording whatever it was kept in.
for to in t.tar t.tar.gz t.tar.lzo t.tar.zst t.cpio t.cpio.gz t.raw t.bin t.tgz t/; do
	converts() {
		care convert all.tar.zst "$to" && care info --json "$to" && grep -q '"status":"exit 3"' out &&
			rm -rf back && care extract --only-rootfs -C back "$to" && cmp input "back$PWD/input" || show
	}
	try "convert to $to and back" converts
done
reproducible() {
	mkdir -p one two && care convert --reproducible all.tar.zst one/x.tar &&
		care convert --reproducible t.cpio.gz two/x.tar && cmp one/x.tar two/x.tar || show
}
try "convert --reproducible gives the same bytes from any of them" reproducible
leftovers() { [ -z "$(ls -d .care-convert-* one/.care-convert-* 2>/dev/null)" ]; }
try "convert leaves nothing behind" leftovers
piped() { "$CARE" convert --format=tar.gz all.tar.zst - 2>err | gzip -dc | tar -tf - | grep -q re-execute.sh || show; }
try "convert to standard output" piped

# Many files that are only looked at: the journal is left out of what is finished.
many() {
	mkdir -p many && (cd many && seq 16000 | sed 's/^/a-file-with-some-name-/' | xargs touch)
	for f in tar tar.lzo bin; do
		care -o "many.$f" ls -l many || show || return
		care extract --only-rootfs -C "many-$f" "many.$f" || show || return
		[ "$(ls "many-$f$PWD/many" | wc -l)" -eq 16000 ] || return
		care info "many.$f" && ! grep -q '^partial' out || show || return
	done
	# The program under sanitizers, which is in it, is most of such an archive.
	[ "$(wc -c <"$CARE")" -lt 4000000 ] || return 0
	! tar -tf many.tar | grep manifest.d && [ ! -e many.tar.partial ] && [ ! -e many.tar.partial.partial ]
}
try "an archive of placeholders is finished without its journal" many
kept() { tar -tf clean.tar | grep -q manifest.d; }
try "a small journal stays" kept

doctor() { care doctor; [ $? -le 1 ] && has '^Recording' && has '^Replaying'; }
try "doctor tells of recording and replaying" doctor
doctor_json() {
	care doctor --json
	! command -v jq >/dev/null || jq -e '.checks | length > 5' out >/dev/null || show
}
try "doctor --json is JSON" doctor_json
syscalls() {
	care doctor --syscalls && [ "$(wc -l <out)" -gt 400 ] && has '^openat2 +5.6 ' &&
		care doctor --syscalls --abi=i386 && has '^socketcall' && ! care doctor --syscalls --abi=vax
}
try "doctor --syscalls lists the calls" syscalls
finish
