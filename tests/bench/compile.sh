#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Many short compiles: processes that look up much, read big programs and do little.
set -eu
case $1 in
about) echo '100 × `gcc -O0 -c` of two lines and `ar`, through `make -s -j2`' ;;
runs) echo 7 ;;
prepare)
	i=0
	while [ $i -lt 100 ]; do
		printf '#include <stdio.h>\nint f%d(void) { return printf("%d\\n"); }\n' $i $i >f$i.c
		i=$((i + 1))
	done
	{
		echo 'objects := $(patsubst %.c,%.o,$(wildcard *.c))'
		echo 'all: libf.a'
		printf 'libf.a: $(objects)\n\trm -f $@\n\tar rc $@ $(objects)\n'
		printf '%%.o: %%.c\n\tgcc -O0 -c -o $@ $<\n'
	} >Makefile
	;;
reset) rm -f ./*.o libf.a ;;
command) echo 'make -s -j2' ;;
esac
