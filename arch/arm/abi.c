// SPDX-License-Identifier: GPL-2.0-or-later
/* 32-bit arm EABI, little-endian, native or on an arm64 kernel. */
#include "arch/spans.h"
#include "arch/stub.h"

const struct abi abi_arm = {
	.name = "arm",
	.arch = "arm",
	.audit_arch = 0x40000028,
	.word = 4,
	.pairs_even = true,
	.ipc_versions = true,
	.elf_class = 1,
	.elf_machine = 40,
	.o_direct = 0200000,
	.o_largefile = 0400000,
	.o_directory = 040000,
	.o_nofollow = 0100000,
	.spans = abi_spans_eabi,
	.stub = &stub_arm,
};
