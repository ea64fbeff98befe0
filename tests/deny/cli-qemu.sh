#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
. "$TOP/tests/deny/again"
