#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/cli/faithful.sh, where the kernel refuses namespaces and mounts.
# alone
. "$TOP/tests/deny/again"
