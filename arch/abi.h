/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The application binary interfaces a tracee may use: how the kernel names them, which
 * number is which call, how arguments lie in registers and in memory. All of them are
 * in every build; the engine says what it met by the kernel's own AUDIT_ARCH value.
 */
#ifndef ARCH_ABI_H
#define ARCH_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/syscall.h"

struct stub;

/* Consecutive numbers, from the .tbl files; holes are SYSCALL_NONE. Ends with n == 0. */
struct abi_span {
	uint32_t first;
	uint32_t n;
	const uint16_t *ids;	/* enum syscall_id */
};

struct abi {
	const char *name;	/* "x86_64", "x32", "i386", "arm", "arm64", "sandbox" */
	const char *arch;	/* of the care that runs it natively: "x86_64", "x86", "arm", "arm64" */
	uint32_t audit_arch;	/* AUDIT_ARCH_* of <linux/audit.h>; 0: not a kernel's */
	uint32_t nr_flag;	/* every number carries this bit: x32's 0x40000000 */
	uint8_t word;		/* bytes of a pointer and of a long in memory */
	bool reg64;		/* a 64-bit argument takes one register */
	bool pairs_even;	/* else it takes two, and here the first of them is even */
	bool untested;		/* recognised, decoded, and reported: no machine of ours runs it */
	bool ipc_versions;	/* shmctl & co. without IPC_64 mean the structures of Linux 2.2 */
	bool sem_times_wide;	/* struct semid64_ds has a long more behind each time */
	uint8_t elf_class;	/* 1: 32 bits, 2: 64 */
	uint16_t elf_machine;	/* EM_* of <elf.h> */

	/* The O_* that differ between architectures (arm has four of its own). */
	uint32_t o_direct, o_largefile, o_directory, o_nofollow;

	const struct abi_span *spans;
	const struct stub *stub;	/* arch/stub.h; NULL: none */
};

extern const struct abi abi_x86_64, abi_x32, abi_i386, abi_arm, abi_arm64, abi_sandbox;

/* Every kernel's ABI (not the sandbox), NULL-terminated. */
extern const struct abi *const abi_all[];

/*
 * Which ABI a call with the number @nr belongs to when the kernel (or a seccomp
 * filter's data) says @audit_arch. NULL: none that we know.
 */
const struct abi *abi_find_by_audit(uint32_t audit_arch, uint64_t nr);

/* By EI_CLASS and e_machine of an ELF header; x32 for 32-bit x86_64 programs. */
const struct abi *abi_find_by_elf(uint8_t elf_class, uint16_t machine);

const struct abi *abi_find_by_name(const char *name);

/* The ABI that this very program was built for. */
const struct abi *abi_native(void);

/*
 * What @nr is, with or without nr_flag. SYSCALL_NONE: a number that no table has, so
 * a call newer than this program, or none at all.
 */
enum syscall_id abi_syscall(const struct abi *abi, uint64_t nr);

/* The same, as its row; NULL when unknown. */
const struct syscall_row *abi_row(const struct abi *abi, uint64_t nr);

/* The number of @id, with nr_flag; −1 when this ABI has no such call. */
int64_t abi_number(const struct abi *abi, enum syscall_id id);

/*
 * Registers that argument @arg of @row takes: index of the first, 1 or 2 of them
 * (*ret_n). 64-bit arguments of 32-bit ABIs move those behind them.
 */
int abi_arg_reg(const struct abi *abi, const struct syscall_row *row, int arg, int *ret_n);

/* O_* as @abi passes them, in the values that this program was built with. */
uint32_t abi_oflags(const struct abi *abi, uint32_t theirs);

#endif
