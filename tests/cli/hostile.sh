#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Archives that mean harm: small files that claim a lot of memory, directories with links and
# FIFOs where files are expected, names for terminals, programs that would give rights away.
set -u
. "$TOP/tests/tap.sh"

busybox=$(command -v busybox) || { skip "hostile archives" "there is no busybox"; finish; }
XDG_CACHE_HOME=$PWD/cache
export XDG_CACHE_HOME
plain="uid=$(id -u) gid=$(id -g) cwd=/work env=PATH=/bin path=/bin/sh vpath=/dev vpath=/proc vpath=/sys"

cat >bomb.py <<'EOF'
import gzip, sys

def header(name, size, kind=b"0"):
    h = bytearray(512)
    h[0:len(name)] = name
    h[100:124] = b"0000755\0" b"0000000\0" b"0000000\0"
    h[124:136] = b"%011o\0" % size
    h[136:148] = b"%011o\0" % 0
    h[148:156] = b" " * 8
    h[156:157] = kind
    h[257:265] = b"ustar\00000"
    h[148:156] = b"%06o\0 " % sum(h)
    return bytes(h)

def member(out, name, head, piece, total, tail, kind=b"0"):
    n = total // len(piece)
    out.write(header(name, len(head) + n * len(piece) + len(tail), kind) + head)
    while n:
        k = min(n, 1 << 18)
        out.write(piece * k)
        n -= k
    size = len(head) + total // len(piece) * len(piece) + len(tail)
    out.write(tail + b"\0" * (-size % 512))

def record(key, value):
    b = b" " + key + b"=" + value + b"\n"
    n = len(b)
    while len(b"%d" % n) + len(b) != n:
        n += 1
    return b"%d" % n + b

def cpio(out, name, namesize):
    out.write(b"070701" + b"".join(b"%08x" % v for v in (1, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, namesize, 0)) + name)

M = 1 << 20
what = sys.argv[1]
with gzip.open(what + ".bomb", "wb", 1) as out:
    if what == "name":
        cpio(out, b"x/rootfs/first\0\0\0\0", 15)
        cpio(out, b"", 300 * M)
        for i in range(300):
            out.write(b"a" * M)
        sys.exit()
    member(out, b"x/rootfs/first", b"first", b"-", 0, b"")
    if what == "list":
        member(out, b"x/manifest.json", b'{"care-manifest":1,"run":{"argv":[', b'"",', 40 * M, b'"a"]}}')
    elif what == "map":
        r = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0") + \
            record(b"GNU.sparse.name", b"x/rootfs/s") + record(b"GNU.sparse.realsize", b"9")
        member(out, b"x/rootfs/PaxHeaders/s", r, b"-", 0, b"", b"x")
        member(out, b"x/rootfs/s", b"20000000\n", b"0\n0\n", 60 * M, b"")
    elif what == "deep":
        name = b"x/rootfs/" + b"a/" * 5000 + b"f\0"
        member(out, b"././@LongLink", name, b"-", 0, b"", b"L")
        out.write(header(b"x/f", 0))
    out.write(b"\0" * 1024)
EOF

# Most memory in MB, time in seconds; care's status is 123 with one sentence.
cat >within.py <<'EOF'
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=200)
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
print("status", done.returncode, "used", used, "MB", done.stderr)
sys.exit(done.returncode != 123 or done.stderr.count(b"\n") != 1 or used > int(sys.argv[1]))
EOF

# AddressSanitizer keeps what was freed for a while, and its own notes of everything.
more=0
! grep -qa __asan_init "$CARE" || more=700

within() { # MB WHAT COMMAND
	[ -e "$2.bomb" ] || python3 bomb.py "$2"
	mkdir -p out && (cd out && python3 ../within.py $(($1 + more)) "$CARE" $3 ../"$2.bomb")
}
try "a list as long as a manifest may be takes no more memory than one of ours" within 400 list info
try "… not extracted either" within 400 list extract
try "a name of 300 MB is not kept" within 60 name extract
try "… nor looked for" within 60 name info
try "a map of fifteen million holes is not kept" within 400 map info
deep() {
	python3 bomb.py deep && mkdir -p out && cd out && ! "$CARE" extract ../deep.bomb 2>err || return
	cat err; [ "$(wc -l <err)" -eq 1 ] && [ -z "$(find . -name a)" ]
}
try "one member does not make five thousand directories" deep

# make DIR COMMAND...
make() {
	dir=$1
	shift
	mkdir -p "$dir/rootfs/bin" "$dir/rootfs/work"
	cp "$busybox" "$dir/rootfs/bin/busybox"
	for a in sh cat chmod touch; do ln -sf busybox "$dir/rootfs/bin/$a"; done
	# shellcheck disable=SC2086
	"$TOOLS/recording" "$dir" $plain -- "$@"
}

make dir true
mv dir/manifest.json elsewhere.json
refused() { # WORD COMMAND...
	word=$1
	shift
	timeout 20 "$CARE" "$@" >out.txt 2>err
	status=$?
	cat err
	[ $status -gt 120 ] && [ $status -ne 124 ] && [ "$(grep -c error: err)" -eq 1 ] && grep -q "$word" err
}
links() {
	ln -s ../elsewhere.json dir/manifest.json
	refused manifest.json info dir && refused manifest.json replay dir && refused manifest.json convert dir c.tar
}
try "a manifest that is a link to elsewhere is refused" links
fifo() {
	rm dir/manifest.json && mkfifo dir/manifest.json
	refused "regular file" info dir && refused "regular file" replay dir && refused "regular file" verify dir
}
try "… and a FIFO is not waited for" fifo
script() {
	rm dir/manifest.json && cp elsewhere.json dir/manifest.json && echo secret >secret &&
		ln -sf ../secret dir/re-execute.sh
	refused re-execute.sh replay --keep kept dir && [ ! -e kept ]
}
try "a member that is a link is not copied into what is kept" script

# What a terminal would take for orders: ESC, and CSI as one character.
esc=$(printf '\033') csi=$(printf '\302\233')
unsafe() { LC_ALL=C grep -q "$esc\|$csi" "$1"; }
terminal() {
	mkdir -p t/rootfs/bin && make t sh -c ': >"/work/$1"' sh "name$esc[31m${csi}31m"
	"$CARE" replay --plan t >plan 2>&1 && grep -q 'name.x1b' plan && not unsafe plan &&
		"$CARE" replay --diff t >diff 2>&1 && grep -q 'name.x1b' diff && not unsafe diff &&
		{ "$CARE" verify t >verify 2>&1; grep -q 'name.x1b' verify; } && not unsafe verify &&
		"$CARE" info -v 1 t >info 2>&1 && not unsafe info
}
try "no name reaches the terminal as an order" terminal

# The archive's program, run by whoever finds it: with the rights of who took it out.
given_away() {
	make s sh -c ': >/work/mine; chmod 6755 /work/mine' &&
		"$CARE" replay -v -1 --get /work/mine s && [ "$(stat -c %a mine)" = 755 ]
}
try "--get brings no set-id program" given_away

finish
