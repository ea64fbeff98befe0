#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# Hundreds of file operations by chance, on names that meet each other by symlinks, hard
# links, renamed and exchanged directories: recorded they see what they see without care, and
# so they do replayed, when all that they worked on is gone.
#
#   SEED=n     others than these, or the same again (it is printed)
#   COUNT=n    that many sequences
. "$TOP/tests/tap.sh"

seed=${SEED:-23789}	# its first: a move that fails on an overlay in another way

cat >operations.pl <<'EOF'
use strict;
use Fcntl;
use Config;
my ($seed, $n) = @ARGV;
my $renameat2 = $Config{archname} =~ /^x86_64/ ? 316 : $Config{archname} =~ /^i\d86/ ? 353 : 0;
my @dirs = (".", "a", "a/b", "c", "c/d", "L", "a/b/e");
my ($h, $d, $r);
srand($seed);
chdir "work/here" or die;
$| = 1;
sub name {
	my ($d, $f, $how) = ($dirs[rand @dirs], "f" . int rand 5, rand);
	return $how < 0.75 ? "$d/$f" : $how < 0.9 ? $d : "$d/../$d/$f";
}
sub all { local $/; my $text = <$h>; close $h; return $text // "" }
sub told { return $_[0] ? "ok" : "$!" }
sub put { return told(0) if !$_[0]; print $h $_[1]; close $h; return "ok" }
for my $i (1 .. $n) {
	my ($op, $x, $y, $z) = (int rand 19, name(), name(), rand);
	if ($op <= 2) { $r = open($h, "<", $x) ? -d $h ? "dir" : all() : "$!" }
	elsif ($op == 3) { $r = put(open($h, ">", $x), "w$i\n") }
	elsif ($op == 4) { $r = put(open($h, ">>", $x), "a$i\n") }
	elsif ($op == 5) { $r = put(open($h, "+<", $x), "W") }
	elsif ($op == 6) { $r = put(sysopen($h, $x, O_RDWR | O_CREAT | O_EXCL), "n$i\n") }
	elsif ($op == 7) { $r = told(rename $x, $y) }
	elsif ($op == 8) { $r = told(link $x, $y) }
	elsif ($op == 9) { $r = told(symlink $z < .5 ? "../a/f1" : "f2", $y) }
	elsif ($op == 10) { $r = told(unlink $x) }
	elsif ($op == 11) { $r = told(mkdir $x) }
	elsif ($op == 12) { $r = told(rmdir $x) }
	elsif ($op == 13) { $r = opendir($d, $x) ? join ",", sort readdir $d : "$!" }
	elsif ($op == 14) { my @s = lstat $x; $r = @s ? sprintf "%o %d", $s[2], -d _ ? 0 : $s[7] : "$!" }
	elsif ($op == 15) { $r = told(truncate $x, int $z * 5) }
	elsif ($op == 16) { $r = told(chmod 0700, $x) }
	elsif ($op == 17) { $r = $renameat2 ? told(syscall($renameat2, -100, $x, -100, $y, 2) == 0) : "" }
	elsif ($op == 18) { if (open($h, "<", $x)) { unlink $x; rename $y, $x; $r = -d $h ? "dir" : all() } else { $r = "$!" } }
	$r =~ s/\n/|/g;
	print "$i $op $x $y: $r\n";
}
EOF
make_tree() {
	rm -rf work && mkdir -p work/here/a/b/e work/here/c/d && (
		cd work/here || exit 1
		for d in . a a/b a/b/e c c/d; do
			for f in 0 1 2 3 4; do
				[ $((($1 * 7 + f * 3 + ${#d}) % 4)) = 0 ] || echo "$d $f" >$d/f$f
			done
		done
		ln -s a/b L && ln -s ../c/f2 a/l && { [ ! -e a/f1 ] || ln a/f1 c/hard; }
	)
}
sequence() {
	echo "# SEED=$1"
	make_tree "$1" && perl operations.pl "$1" 400 >native 2>errors || { cat errors; return 1; }
	make_tree "$1" && "$CARE" -v -1 -o a.tar perl operations.pl "$1" 400 >recorded || return 1
	diff native recorded || return 1
	rm -rf work
	"$CARE" replay -v -1 a.tar >replayed && diff native replayed
}
if command -v perl >/dev/null; then
	for n in $(seq "${COUNT:-3}"); do
		try "operations by chance are replayed as they were ($n)" sequence $((seed + n - 1))
	done
else
	skip "operations by chance are replayed as they were" "no perl"
fi
finish
