#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Mounts and mount namespaces in a recorded command: it works as ever, and files are
# archived under the path they had when the run began.
. "$TOP/tests/tap.sh"

if ! unshare -Urm true 2>/dev/null; then
	skip "mounts in the run" "user namespaces are refused here"
	finish
fi
in_archive() { tar -tf "$1" | grep -qx "$2"; }

mkdir src mp; echo hi >src/f; echo g >src/g
cat >mounts <<'EOF'
mount --bind src mp && cat mp/f
mount -t tmpfs none mp && echo x >mp/new && cat mp/new && ls mp
umount mp; cat mp/f; umount mp; ls mp; cat src/f
EOF
unshare -Urm sh mounts >native
outside() { unshare -Urm "$CARE" -v -1 -o a.tar sh mounts >out && cmp native out; }
try "binds and file systems made in the run do what they did" outside
inside() { "$CARE" -v -1 -o b.tar unshare -Urm sh mounts >out && cmp native out; }
try "also in a namespace of the command's own" inside
origin() {
	for a in a b; do
		in_archive $a.tar "$a/rootfs$PWD/src/f" && ! in_archive $a.tar "$a/rootfs$PWD/mp/f" &&
			! in_archive $a.tar "$a/rootfs$PWD/mp/new" && ! in_archive $a.tar "$a/rootfs$PWD/src/new" ||
			{ tar -tf $a.tar | grep "$PWD"; return 1; }
	done
}
try "files are archived where they were, and none that the run made" origin
replayed() { "$CARE" replay -v -1 b.tar >out && cmp native out; }
try "it replays" replayed
overlay() {
	mkdir -p "low:1" low2 up work merged && echo low >low2/l || return 1
	opts="lowerdir=$PWD/low\\:1:$PWD/low2,upperdir=$PWD/up,workdir=$PWD/work"
	unshare -Urm mount -t overlay none merged -o "$opts" 2>/dev/null || return 0	# not on every file system
	"$CARE" -o o.tar unshare -Urm sh -c 'mount -t overlay none merged -o "$0" && cat merged/l' "$opts" >out 2>err
	[ $? -eq 121 ] && [ "$(cat out)" = low ] && grep -q 'could not be recorded' err || { cat out err; return 1; }
	for d in low:1 low2 up work; do in_archive o.tar "o/rootfs$PWD/$d/" || return 1; done
	"$CARE" info o.tar | grep -q 'merged.*overlay'
}
try "the directories of an overlay are archived, and what is not is told" overlay
before() {
	"$CARE" -v -1 -o c.tar unshare -Urm sh -c 'mount --bind src mp; cat mp/g; echo new >mp/g; cat mp/g; mv mp/f mp/h; cat mp/h' >out &&
		[ "$(cat out)" = "g
new
hi" ] && [ "$(tar -xOf c.tar "c/rootfs$PWD/src/g")" = g ] && in_archive c.tar "c/rootfs$PWD/src/f"
}
try "what is changed through a bind is kept as it was" before
finish
