#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A whole package built from its sources: the load that the budgets are about.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
case $1 in
about) echo 'Perl 5.36.0: `./Configure -des && make -s -j2`' ;;
runs) echo 3 ;;
prepare)
	sources=$("$top/scripts/deps" --sources "$top/tests/bench/sources.lock")
	ln -s "$sources/perl_5.36.0.orig.tar.xz" ../perl.tar.xz
	# The modules that hold the machine's host name and time of the build in them differ
	# from run to run in nothing but that.
	printf 'cd perl-5.36.0 && ./Configure -des >../log 2>&1 && make -s -j2 >>../log 2>&1\n' >run.sh
	;;
reset) rm -rf perl-5.36.0 log && tar -xJf ../perl.tar.xz ;;
command) echo 'sh run.sh' ;;
esac
