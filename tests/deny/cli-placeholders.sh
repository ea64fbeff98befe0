#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/cli/placeholders.sh, where the kernel refuses namespaces and mounts.
. "$TOP/tests/deny/again"
