// SPDX-License-Identifier: GPL-2.0-or-later
/* i386, native or on an x86_64 kernel. 64-bit arguments lie in any two registers. */
#include "arch/spans.h"
#include "arch/stub.h"

const struct abi abi_i386 = {
	.name = "i386",
	.arch = "x86",
	.audit_arch = 0x40000003,
	.word = 4,
	.elf_class = 1,
	.elf_machine = 3,
	.o_direct = 040000,
	.o_largefile = 0100000,
	.o_directory = 0200000,
	.o_nofollow = 0400000,
	.spans = abi_spans_i386,
	.stub = &stub_i386,
};
