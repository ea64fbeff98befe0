// SPDX-License-Identifier: GPL-2.0-or-later
/* x86_64, and x32: its 32-bit pointers with 64-bit registers, told by a bit of the number. */
#include "arch/spans.h"
#include "arch/stub.h"

const struct abi abi_x86_64 = {
	.name = "x86_64",
	.arch = "x86_64",
	.audit_arch = 0xc000003e,
	.word = 8,
	.reg64 = true,
	.sem_times_wide = true,
	.elf_class = 2,
	.elf_machine = 62,
	.o_direct = 040000,
	.o_largefile = 0100000,
	.o_directory = 0200000,
	.o_nofollow = 0400000,
	.spans = abi_spans_x86_64,
	.stub = &stub_x86_64,
};

/* Debian's kernels have it off by default (syscall.x32=y); few programs ever used it. */
const struct abi abi_x32 = {
	.name = "x32",
	.arch = "x86_64",
	.audit_arch = 0xc000003e,
	.nr_flag = 0x40000000,
	.word = 4,
	.reg64 = true,
	.sem_times_wide = true,
	.untested = true,
	.elf_class = 1,
	.elf_machine = 62,
	.o_direct = 040000,
	.o_largefile = 0100000,
	.o_directory = 0200000,
	.o_nofollow = 0400000,
	.spans = abi_spans_x32,
};
