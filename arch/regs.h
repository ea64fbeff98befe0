/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of a stopped tracee, of whatever ABI it uses: where the call's number and
 * arguments are, and how they are changed. Only for tracees that stand in a ptrace
 * stop of ours.
 *
 * The registers are those of the kernel's NT_PRSTATUS, whose size tells whether the
 * task runs 32-bit code on a 64-bit kernel.
 */
#ifndef ARCH_REGS_H
#define ARCH_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/abi.h"

struct regs_layout;

struct regs {
	const struct abi *abi;	/* of the call it stands in, or would make by its code */
	const struct regs_layout *layout;
	size_t len;		/* bytes that the kernel gave */
	uint64_t nr;		/* the number to write, if set_nr */
	bool set_nr;
	union {
		uint64_t w64[40];
		uint32_t w32[80];
	};
};

/* 0, or −errno (-ESRCH: the task was killed meanwhile). */
int regs_read(pid_t tid, struct regs *ret);
/* The same in a call that is known to be of @abi: its code is not looked at (x86_64). */
int regs_read_in(pid_t tid, const struct abi *abi, struct regs *ret);
/* Write them back, and a number that regs_set_nr() changed (at entry only). 0 or −errno. */
int regs_write(pid_t tid, const struct regs *r);

/*
 * The call that it stands in, for kernels without PTRACE_GET_SYSCALL_INFO (before 5.3).
 */
const struct abi *regs_call(const struct regs *r, uint64_t *ret_nr, uint64_t ret_args[6]);

/*
 * The number as the ABI says (x32's bit in it), arguments by register, zero-extended
 * for 32-bit ABIs. At exit the first argument of arm and arm64 is gone (the result
 * takes its place): keep what must be put back.
 */
uint64_t regs_nr(const struct regs *r);
uint64_t regs_arg(const struct regs *r, int i);
int64_t regs_result(const struct regs *r);
uint64_t regs_ip(const struct regs *r);
uint64_t regs_sp(const struct regs *r);

void regs_set_arg(struct regs *r, int i, uint64_t value);
void regs_set_result(struct regs *r, int64_t value);
void regs_set_ip(struct regs *r, uint64_t value);
void regs_set_sp(struct regs *r, uint64_t value);

/* Of the code that it runs, whatever call it stands in (an image just executed). */
const struct abi *regs_code_abi(const struct regs *r);
/* Go on at @ip, in the plain kind of code where there are several (arm: not Thumb). */
void regs_enter(struct regs *r, uint64_t ip);

#define REGS_NO_CALL UINT64_MAX
/* At entry: make it another call, of the same ABI; REGS_NO_CALL as regs_skip(). */
void regs_set_nr(struct regs *r, uint64_t nr);
/* At entry: the kernel carries out nothing; set the result at the exit. */
void regs_skip(struct regs *r);

/*
 * At exit: go back to the instruction that made the call, so that it is made again
 * with the number @nr, once its arguments are put back too.
 */
void regs_rewind(struct regs *r, uint64_t nr);

#endif
