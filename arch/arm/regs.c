// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers of 32-bit arm: r0…r15, cpsr, r0 as it was at entry. */
#include <errno.h>
#include <sys/ptrace.h>

#include "arch/regs_layout.h"

enum { R0, R1, R2, R3, R4, R5, R7 = 7, SP = 13, PC = 15, CPSR, WORDS = 18 };

#define THUMB 0x20
#define THUMB_BITS 0x0600fc20	/* Thumb, and what of its IT blocks is pending */
#define SET_SYSCALL 23

static const struct regs_layout native = {
	.word = 4, .args = { R0, R1, R2, R3, R4, R5 },
	.nr = R7, .result = R0, .ip = PC, .sp = SP, .call_nr = R7,
};

const struct abi *abi_native(void)
{
	return &abi_arm;
}

int regs_arch_identify(pid_t tid, const struct abi *known, struct regs *r)
{
	(void)tid;
	(void)known;
	if (r->len != WORDS * 4)
		return -EPROTO;
	r->abi = &abi_arm;
	r->layout = &native;
	return 0;
}

/* The kernel took the number from r7 before it stopped; it keeps it elsewhere. */
int regs_arch_write_nr(pid_t tid, struct regs *r)
{
	return ptrace(SET_SYSCALL, tid, NULL, (void *)(uintptr_t)r->nr) < 0 ? -errno : 0;
}

void regs_arch_plain_code(struct regs *r)
{
	r->w32[CPSR] &= ~(uint32_t)THUMB_BITS;
}

unsigned regs_arch_call_length(const struct regs *r)
{
	return r->w32[CPSR] & THUMB ? 2 : 4;
}
