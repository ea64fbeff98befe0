#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Symlinks, ".." and bindings on one way lead by translation where they lead by namespaces.
set -u
. "$TOP/tests/tap.sh"

busybox=$(command -v busybox) || { skip "care run" "there is no busybox"; finish; }

mkdir -p root/usr/bin root/usr/lib/deep/er root/etc root/work root/over/hidden root/sticky bound/sub/dir other
cp "$busybox" root/usr/bin/busybox
for a in sh cat stat mkdir rmdir readlink true; do
	ln -s busybox root/usr/bin/$a
done
# What has a link is asked for by the kernel twice, by us in pieces.
ln -s usr/bin root/bin
ln -s usr/lib root/lib
ln -s /usr/lib root/abs
ln -s lib root/twice
ln -s ./usr/../usr/lib root/dots
ln -s ../../../../usr/lib root/above
ln -s loop root/loop
ln -s nowhere root/broken
ln -s work root/tobound
ln -s work/sub root/tosub
ln -s ../../etc root/usr/lib/up
ln -s deep/er root/usr/lib/middle
ln -s deep/er/file root/usr/lib/last
ln -s /lib/last root/usr/lib/chain
ln -s ../file root/usr/lib/deep/er/back
ln -s /etc/file bound/abs
ln -s ../../etc/file bound/out
ln -s sub/dir bound/in
ln -s /work/sub bound/self
for f in usr/file usr/lib/file usr/lib/deep/file usr/lib/deep/er/file etc/file over/file over/hidden/file; do
	echo "$f" >"root/$f"
done
echo bound >bound/file
echo bound/sub >bound/sub/file
echo bound/sub/dir >bound/sub/dir/file
echo other >other/file

for head in lib abs twice dots above usr/lib tobound tosub work work/in work/self over loop broken \
	usr/lib/middle lib/up usr/file nothing; do
	for tail in / /. /file /../file /sub/../file /sub/../../file /deep/er/../../file /middle/../file \
		/last /chain /deep/er/back /last/ /missing/../file /file/../file /in/../file /out /abs \
		/self/file /hidden/file /hidden/../file /../../../../etc/file; do
		echo "/$head$tail"
	done
done >root/list
for head in .. ../.. ../lib sub/.. ../etc ../../lib ../work ../sub ../over/hidden; do
	for tail in "" /file /../file /sub/../file /../lib/last; do
		echo "$head$tail"
	done
done >root/relative

cat >root/ask <<'END'
cd $1
while read -r p; do
	echo "$p: $(stat -c %i:%F "$p" 2>&1) $(stat -Lc %i:%F "$p" 2>&1) $(cat "$p" 2>&1)"
	mkdir "$p-new" 2>&1 && stat -c "new in %i" "${p%/*}/." && rmdir "$p-new"
done <$2
END

# asked OUT OPTION…
asked() {
	out=$1
	shift
	set -- "$CARE" run "$@" -r root -b bound:/work -b other:/over/hidden -w / sh /ask
	{
		"$@" / /list
		for dir in /usr/lib /work /work/sub /over/hidden; do "$@" $dir /relative; done
	} >"$out" 2>&1
	sed -i 's/[a-z]*: can.t [^:]*: /: /' "$out"
}
"$CARE" run -r root true 2>err || { skip "care run" "no namespaces here: $(cat err)"; finish; }
by_namespaces() { asked right && [ "$(grep -c ':regular file' right)" -gt 100 ] && grep -q '^new in' right; }
try "by namespaces" by_namespaces
for engine in ptrace-seccomp ptrace; do
	same() { asked $engine --engine=$engine && diff right $engine; }
	try "by $engine the same" same
done
finish
