/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What arch/<arch>/regs.c tells arch/regs.c: where things are in NT_PRSTATUS. */
#ifndef ARCH_REGS_LAYOUT_H
#define ARCH_REGS_LAYOUT_H

#include "arch/regs.h"

struct regs_layout {
	uint8_t word;		/* bytes of one register */
	uint8_t args[6];	/* indices of registers */
	uint8_t nr, result, ip, sp;
	uint8_t call_nr;	/* where the call instruction takes its number from */
};

/*
 * Finds abi and layout of registers just read; @known: the ABI of the call, else NULL, and
 * the tracee's code may be looked at.
 */
int regs_arch_identify(pid_t tid, const struct abi *known, struct regs *r);

/* Before registers are written: put the number where the kernel looks for it. */
int regs_arch_write_nr(pid_t tid, struct regs *r);

/* Code that regs_enter() enters is of the plain kind. */
void regs_arch_plain_code(struct regs *r);

/* Length of the instruction that made the call. */
unsigned regs_arch_call_length(const struct regs *r);

uint64_t regs_word(const struct regs *r, unsigned index);
void regs_set_word(struct regs *r, unsigned index, uint64_t value);

#endif
