// SPDX-License-Identifier: GPL-2.0-or-later
/* Registers on an arm64 kernel: x0…x30, sp, pc, pstate; 32-bit code shows those of arm. */
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "arch/regs_layout.h"

enum { X0, X1, X2, X3, X4, X5, X8 = 8, SP = 31, PC, PSTATE, NATIVE_WORDS = 34 };
enum { R0, R1, R2, R3, R4, R5, R7 = 7, R_SP = 13, R_PC = 15, CPSR, ARM_WORDS = 18 };

#define THUMB 0x20
#define THUMB_BITS 0x0600fc20	/* Thumb, and what of its IT blocks is pending */
#define SETREGSET 0x4205
#define ARM_SYSTEM_CALL 0x404	/* NT_ARM_SYSTEM_CALL, for 32-bit tasks too */

static const struct regs_layout native = {
	.word = 8, .args = { X0, X1, X2, X3, X4, X5 },
	.nr = X8, .result = X0, .ip = PC, .sp = SP, .call_nr = X8,
};

static const struct regs_layout arm = {
	.word = 4, .args = { R0, R1, R2, R3, R4, R5 },
	.nr = R7, .result = R0, .ip = R_PC, .sp = R_SP, .call_nr = R7,
};

const struct abi *abi_native(void)
{
	return &abi_arm64;
}

int regs_arch_identify(pid_t tid, const struct abi *known, struct regs *r)
{
	(void)tid;
	(void)known;
	if (r->len == NATIVE_WORDS * 8) {
		r->abi = &abi_arm64;
		r->layout = &native;
	} else if (r->len == ARM_WORDS * 4) {
		r->abi = &abi_arm;
		r->layout = &arm;
	} else {
		return -EPROTO;
	}
	return 0;
}

/*
 * The kernel took the number from x8 (r7) before it stopped and keeps it elsewhere.
 * The regset of 32-bit tasks lacks it: the one of a 64-bit tracer's view is asked.
 */
int regs_arch_write_nr(pid_t tid, struct regs *r)
{
	int nr = (int)r->nr;
	struct iovec io = { &nr, sizeof(nr) };

	return ptrace(SETREGSET, tid, ARM_SYSTEM_CALL, &io) < 0 ? -errno : 0;
}

void regs_arch_plain_code(struct regs *r)
{
	if (r->layout->word == 4)
		r->w32[CPSR] &= ~(uint32_t)THUMB_BITS;
}

unsigned regs_arch_call_length(const struct regs *r)
{
	return r->layout->word == 4 && r->w32[CPSR] & THUMB ? 2 : 4;
}
