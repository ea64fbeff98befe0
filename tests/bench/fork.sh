#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Processes that do nothing: what starting and ending one costs.
set -eu
case $1 in
about) echo '2,000 × fork and exec of `/bin/true` from a shell' ;;
runs) echo 7 ;;
prepare) echo 'i=0; while [ $i -lt 2000 ]; do /bin/true; i=$((i + 1)); done' >run.sh ;;
reset) ;;
command) echo 'sh run.sh' ;;
esac
