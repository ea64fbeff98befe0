#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/cli/together.sh, where the kernel refuses namespaces and mounts.
# long
. "$TOP/tests/deny/again"
