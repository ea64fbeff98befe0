#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing but looking: no supervisor can stay cheap here, and no archive should grow.
set -eu
case $1 in
about) echo '`du -s` over 45,000 files in 4,999 directories' ;;
runs) echo 7 ;;
prepare) python3 -B "$(dirname "$0")/stat_tree.py" tree ;;
reset) ;;
command) echo 'du -s tree' ;;
esac
