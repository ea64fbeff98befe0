#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The same compiles one after the other: one tracee at a time, so that the way from a
# stop to its supervisor and back shows, and not how many tracees wait for one supervisor.
set -eu
here=$(dirname "$0")
case $1 in
about) echo 'the same with `make -s -j1`' ;;
command) echo 'make -s -j1' ;;
*) exec "$here/compile.sh" "$@" ;;
esac
