// SPDX-License-Identifier: GPL-2.0-or-later
/* arm64: the generic numbers, but the O_* of 32-bit arm. */
#include "arch/spans.h"
#include "arch/stub.h"

const struct abi abi_arm64 = {
	.name = "arm64",
	.arch = "arm64",
	.audit_arch = 0xc00000b7,
	.word = 8,
	.reg64 = true,
	.elf_class = 2,
	.elf_machine = 183,
	.o_direct = 0200000,
	.o_largefile = 0400000,
	.o_directory = 040000,
	.o_nofollow = 0100000,
	.spans = abi_spans_arm64,
	.stub = &stub_arm64,
};
