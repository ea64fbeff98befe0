// SPDX-License-Identifier: GPL-2.0-or-later
/* A machine without hardware or kernel: tests of portable code say what it does. */
#include "arch/spans.h"

const struct abi abi_sandbox = {
	.name = "sandbox",
	.arch = "sandbox",
	.word = 8,
	.reg64 = true,
	.o_direct = 040000,
	.o_largefile = 0100000,
	.o_directory = 0200000,
	.o_nofollow = 0400000,
	.spans = abi_spans_sandbox,
};
