#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Whole root file systems, a Debian and a BusyBox, entered by `care run` by namespaces and by
# each engine that it has, and a Debian armhf through qemu: in all of them tests/system/topics
# say the same, end the same and leave the same files. With FULL=1 Perl's and Python's own tests
# are more, and run in the Debian armhf too; another has Java, Go, rpm, PostgreSQL, tracers …
# KINDS has those that are to be entered, if not all.
set -u
. "$TOP/tests/tap.sh"

# A care for 32 bits observes no program of 64.
needs_recording
[ -e "${SYSTEM-}/debian.tar" ] || finish	# it is made for this machine's own kind only
here=$PWD
umask 022
: "${FULL:=}" "${KINDS:=debian busybox more armhf}"

ways="ns ptrace-seccomp ptrace"
"$CARE" run --engine=ptrace -r / true 2>&1 | grep -q 'by namespaces only' && ways=ns

# --- packages that are in no mirror ---------------------------------------------------------

# package NAME DEPENDS: in repo
package() {
	mkdir -p "$1/DEBIAN" "$1/usr/bin" "$1/usr/lib" "$1/etc"
	printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: nobody <n@n>\nDescription: a test\n' "$1" >"$1/DEBIAN/control"
	[ -z "$2" ] || echo "Depends: $2" >>"$1/DEBIAN/control"
	printf '#!/bin/sh\necho "this is %s"\n' "$1" >"$1/usr/bin/$1"
	echo library >"$1/usr/lib/$1"
	echo "a setting of $1" >"$1/etc/$1"
	echo "/etc/$1" >"$1/DEBIAN/conffiles"
	printf '#!/bin/sh\nset -e\necho "$1" >/var/lib/%s\nchown games:mail /usr/lib/%s /var/lib/%s\nchmod 4755 /usr/lib/%s\n' \
		"$1" "$1" "$1" "$1" >"$1/DEBIAN/postinst"
	printf '#!/bin/sh\nrm -f /var/lib/%s\n' "$1" >"$1/DEBIAN/postrm"
	chmod 755 "$1/usr/bin/$1" "$1/DEBIAN/postinst" "$1/DEBIAN/postrm"
	find "$1" -exec touch -h -d @1500000000 {} +
	SOURCE_DATE_EPOCH=1500000000 dpkg-deb --root-owner-group -b "$1" "repo/$1_1_all.deb" >/dev/null
}
mkdir repo
package local-one ''
package local-two local-one
(cd repo && for d in *.deb; do
	dpkg-deb -f "$d"
	printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$d" "$(stat -c %s "$d")" "$(sha256sum <"$d" | cut -d ' ' -f 1)"
done >Packages)

# --- roots ------------------------------------------------------------------------------------

# unpack TAR DIR: as it would be had by whoever unpacks it, set-id bits too
unpack() {
	mkdir "$2" && tar -xpf "$SYSTEM/$1.tar" -C "$2" --exclude='./dev/*' && mkdir "$2/work" || return
	cp -R repo "$2/work/"
	[ ! -d "$SYSTEM/perl" ] || cp -R "$SYSTEM/perl" "$2/work/"
	# Whoever runs this has a name there.
	grep -q "^[^:]*:[^:]*:$(id -u):" "$2/etc/passwd" || echo "me:x:$(id -u):$(id -g)::/root:/bin/sh" >>"$2/etc/passwd"
}
make_root() {	# KIND DIR
	case $1 in
	debian | more | armhf) unpack "$1" "$2" ;;
	busybox) cp -R "$SYSTEM/root" "$2" && mkdir "$2/work" ;;
	esac
}
gone() { chmod -R u+rwX "$1"; rm -rf "$1"; }

# in_root ROOT TOPIC OUT OPTION…: its output and status; $full_here: all that it can do
in_root() {
	root=$1 topic=$2 result=$3
	shift 3
	as_root=$(sed -n 's/^as_root=//p' "$TOP/tests/system/topics/$topic")
	cp "$TOP/tests/system/topics/$topic" "$root/topic"
	# shellcheck disable=SC2086
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
		DEBIAN_FRONTEND=noninteractive FULL="$full_here" \
		"$CARE" run -v -1 "$@" $as_root -r "$root" -b /dev -b /proc -w /work /bin/sh /topic \
		>"$result.out" 2>"$result.err" </dev/null
	echo "status $?" >>"$result.out"
	sed -i '/^(Reading database/d' "$result.out"
	rm "$root/topic"
}

# What is in a root, but for what has the time of day in it.
files() {
	(cd "$1" && find . \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./var/log -o \
		-path ./var/cache -o -name __pycache__ \) -prune -o -printf '%p %y %m %n %l\n' | sort
	find . -newer "$here/stamp" -type f ! -path './var/log/*' ! -path './var/cache/*' ! -path './tmp/*' \
		! -name '*-old' ! -path './etc/*-' -exec sha256sum {} + | sort -k 2) 2>&1
}

# worked WAY.KIND.TOPIC: it was what the topic says of itself, and not that nothing works
worked() {
	[ "$(tail -n 1 "$1.out")" = "status 0" ] && return
	tail -n 30 "$1.out" "$1.err"
	return 1
}
same() { diff "$1" "$2" | head -n 30; cmp -s "$1" "$2"; }

# enter WAY KIND TOPIC… with the first way's results to compare with
enter() {
	way=$1 kind=$2
	shift 2
	option=
	[ "$way" = ns ] || option=--engine=$way
	full_here=$FULL
	# There everything takes ten times as long.
	[ "$kind" != armhf ] || { option="$option -q qemu-arm-static" full_here=; }
	try "$kind, $way: the root is made" make_root "$kind" root
	: >stamp
	sleep 1
	for topic in "$@"; do
		# shellcheck disable=SC2086
		in_root root "$topic" "$way.$kind.$topic" $option
		try "$kind, $way: $topic works" worked "$way.$kind.$topic"
		[ "$way" = ns ] || try "$kind, $way: $topic says the same" same "ns.$kind.$topic.out" "$way.$kind.$topic.out"
	done
	[ ! -e root/work/built/main ] || cp root/work/built/main .
	files root >"$way.$kind.files"
	[ "$way" = ns ] || try "$kind, $way: the same files are left" same "ns.$kind.files" "$way.$kind.files"
	gone root
}

wanted() { case " $KINDS " in *" $1 "*) ;; *) false ;; esac; }
said() { grep -q "$2" "ns.$1.out" || { cat "ns.$1.out"; return 1; }; }
for way in $ways; do
	! wanted debian || enter "$way" debian dpkg apt compile perl python
	! wanted busybox || enter "$way" busybox busybox
	if [ "$FULL" ] && wanted more; then
		enter "$way" more java go rpm node processes git archives postgres users trace reinstall
	fi
done
if wanted debian; then
	try "the packages' programs ran" said debian.apt 'this is local-two'
	try "owners and modes are those that were asked for" said debian.dpkg '/usr/lib/local-one games:mail 4755'
	try "what was compiled ran" said debian.compile '^4$'
	try "Python's tests were many" eval '[ "$(grep -c "ok$" ns.debian.python.out)" -gt 200 ]'
	try "Perl's tests were many" eval '[ "$(awk "/status/ { n += \$4 } END { print n }" ns.debian.perl.out)" -gt 300 ]'
fi

# Programs of another machine: what they do is the same by all ways, and as those of this one.
if [ -e "$SYSTEM/armhf.tar" ] && [ "$ways" != ns ] && wanted armhf; then
	topics='dpkg compile'
	[ -z "$FULL" ] || topics='dpkg apt compile perl python'
	for way in $ways; do
		[ "$FULL" ] || [ "$way" != ptrace ] || continue
		# shellcheck disable=SC2086
		enter "$way" armhf $topics
	done
	for topic in dpkg compile; do
		! wanted debian || try "armhf: $topic says the same as in amd64" same "ns.debian.$topic.out" "ns.armhf.$topic.out"
	done
	is_arm() { readelf -h main | grep -q 'Machine: *ARM'; }
	try "armhf: what was compiled is for it" is_arm
fi
finish
