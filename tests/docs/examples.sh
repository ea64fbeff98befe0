#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# long
# The examples in the manual pages work: each page's, in order, in a place where the files that
# they name are there. What they call (make, gdb, python3 …) are small scripts of that name.
. "$TOP/tests/tap.sh"
needs_recording

man=$(dirname "$CARE")/man
mkdir bin work
ln -s "$CARE" bin/care
PATH=$PWD/bin:/usr/bin:/bin
top=$PWD

script() { cat >"$1" && chmod +x "$1"; }
script bin/tool <<'END'
#!/bin/sh
cat ~/.config/tool >/dev/null
END
script bin/python3 <<'END'
#!/bin/sh
echo 42 | tee result.txt
END
printf '#!/bin/sh\nexit 0\n' | tee bin/gdb bin/git >bin/ssh && chmod +x bin/gdb bin/git bin/ssh
printf '#!/bin/sh\nexec sh\n' | script bin/-strange-name
mkdir -p "$HOME/.config" && echo x >"$HOME/.config/tool" && echo y >"$HOME/.gitconfig"
ln -s "$top/work" "$HOME/work"
cd work || exit
echo 'int main;' >main.c
cp main.c mended.c
cp main.c hello.c
printf 'all: prog\nprog: main.c\n\tcp main.c prog; true\n\tcp new.csv out.csv\ninstall: all\n\tls >/dev/null\n' >Makefile
echo 1 >new.csv
echo data >input.dat
echo text >notes.txt
echo 'print(42)' >experiment.py
printf '#!/bin/sh\ncat input.dat\n' | tee crash >deploy && chmod +x crash deploy
for need in make gcc; do
	command -v $need >/dev/null || { skip "the examples" "$need is not installed"; finish; }
done
# What the pages' archives recorded: gdb and sh are used too, so that they are in it.
script ../record.sh <<'END'
make && make install && gdb
END
for a in bug.bin bug.tar.zst hello.tar.zst build.tar.zst result.tar.zst plot.tar bug.tar.gz a.tar.zst old-care.bin; do
	[ -e "$top/one.tar" ] || care -o "$top/one.tar" sh ../record.sh >/dev/null 2>&1 || exit
	care convert -f "$top/one.tar" "$a" 2>/dev/null
	rm -f prog out.csv
done
mkdir -p one two results
cp result.tar.zst results/
head -c 20000 bug.tar.zst >build.tar.zst.partial
cp build.tar.zst.partial bug.tar.zst.partial
cp -a "$top/work" "$top/pristine"

# "command<TAB>why not": those that need what no test has.
cat >"$top/not-run" <<'END'
$ sudo chroot bug/rootfs /bin/sh	root only, and a shell
$ PROOT=./proot old/re-execute.sh	an archive of CARE 2: tests/cli has one
PROOT=/usr/bin/care ./re-execute.sh	the same
$ care run -R alpine -b ~/work:/work -w /work /bin/sh	another distribution: tests/system has them
care run -r rootfs -b /proc -b /dev /bin/sh	the same
care record -- info	texinfo's reader
$ care info build.tar.zst.partial | grep partial	recordings are killed in other tests
$ care repair build.tar.zst.partial	the same
care repair bug.tar.zst.partial	the same
$ tar -tf build.tar.zst | wc -l	the same
END

commands() {
	sed -n 's/^\.Dl //p; s/^\.It Li "\(.*\)"$/\1/p' "$1" |
		sed 's/\\-/-/g; s/\\(dq/"/g; s/\\e/\\/g' |
		sed "s,/srv/job,$top/work,g; s,/tmp/uses,uses,g; s,/tmp/proot,./proot,g" | grep -E '^(\$ |care )'
}
why_not() { awk -F '\t' -v c="$1" '$1 == c { print $2 }' "$top/not-run"; }
run() {
	status=0
	sh -c "${1#\$ }" >../out 2>../err </dev/null || status=$?
	case $1 in
	# 1 says that something does not work, or was found.
	*doctor*) [ $status -le 1 ] ;;
	*) [ $status -eq 0 ] ;;
	esac || { echo "status $status"; cat ../out ../err; false; }
}

for page in "$man"/care*.[15]; do
	name=$(basename "$page")
	chmod -R u+rwX "$top/work"
	rm -rf "$top/work/"* && cp -a "$top/pristine/." "$top/work/" && cd "$top/work" || exit
	commands "$page" >"$top/list"
	[ "$name" != care-convert.1 ] || rm bug.tar.zst
	while IFS= read -r line <&3; do
		why=$(why_not "$line")
		missing=
		case $line in *'| jq'*) command -v jq >/dev/null || missing=jq ;; esac
		if [ "$why" ]; then
			# Not run, but its options must be right where they are ours.
			continue
		elif [ "$missing" ]; then
			skip "$name: $line" "$missing is not installed"
		else
			try "$name: $line" run "$line"
		fi
	done 3<"$top/list"
done
cd "$top" || exit
finish
