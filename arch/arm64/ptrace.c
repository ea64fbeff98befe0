// SPDX-License-Identifier: GPL-2.0-or-later
/* arm64 has register sets only; single steps are the kernel's. */
#include "arch/ptrace.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>

#include "core/base/mem.h"

bool ptrace_arch_form(int request, uint64_t addr, uint64_t data, struct ptrace_form *ret)
{
	(void)request;
	(void)addr;
	(void)data;
	(void)ret;
	return false;
}

bool ptrace_at_call(pid_t tid, const struct regs *r)
{
	uint32_t code;
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, (void *)regs_ip(r), NULL);
	if (errno)
		return false;
	code = (uint32_t)word;
	if (r->abi->word == 8)
		return (code & 0xffe0001f) == 0xd4000001;		/* svc #n */
	/* Of 32-bit code, either instruction set's. */
	return (code & 0x0f000000) == 0x0f000000 || (code & 0xff00) == 0xdf00;
}

#define ARM_REGS (18 * 4)		/* struct pt_regs */
#define ARM_USER 296			/* struct user */

/* compat_arch_ptrace() of arch/arm64/kernel/ptrace.c. */
static const struct ptrace_compat compat[] = {
	{ 12, PTRACE_WRITES, NT_PRSTATUS, ARM_REGS },	/* GETREGS */
	{ 13, PTRACE_READS, NT_PRSTATUS, ARM_REGS },	/* SETREGS */
	{ 27, PTRACE_WRITES, NT_ARM_VFP, 260 },		/* GETVFPREGS */
	{ 28, PTRACE_READS, NT_ARM_VFP, 260 },		/* SETVFPREGS */
};

bool ptrace_compat_form(int request, struct ptrace_compat *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(compat); i++)
		if (compat[i].request == request) {
			*ret = compat[i];
			return true;
		}
	return false;
}

size_t ptrace_compat_registers(void)
{
	return ARM_REGS;
}

enum ptrace_user ptrace_compat_user(uint64_t addr, uint64_t *ret_at)
{
	if (addr & 3 || addr >= ARM_USER)
		return PTRACE_USER_NONE;
	*ret_at = addr;
	return addr < ARM_REGS ? PTRACE_USER_REGISTER : PTRACE_USER_ZERO;
}
