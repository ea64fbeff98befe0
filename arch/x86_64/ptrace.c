// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/ptrace.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>

#include "core/base/mem.h"

#define ARCH_PRCTL 30
#define ARCH_SET_GS 0x1001
#define ARCH_SET_FS 0x1002
#define ARCH_GET_FS 0x1003
#define ARCH_GET_GS 0x1004

static const struct ptrace_form forms[] = {
	{ 12, PTRACE_WRITES, 27 * 8 },	/* GETREGS: struct user_regs_struct */
	{ 13, PTRACE_READS, 27 * 8 },	/* SETREGS */
	{ 14, PTRACE_WRITES, 512 },	/* GETFPREGS: fxsave */
	{ 15, PTRACE_READS, 512 },	/* SETFPREGS */
	{ 25, PTRACE_WRITES, 16 },	/* GET_THREAD_AREA: struct user_desc */
	{ 26, PTRACE_READS, 16 },	/* SET_THREAD_AREA */
};

bool ptrace_arch_form(int request, uint64_t addr, uint64_t data, struct ptrace_form *ret)
{
	(void)addr;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].request == request) {
			*ret = forms[i];
			return true;
		}
	if (request != ARCH_PRCTL)
		return false;
	ret->request = request;
	ret->memory = data == ARCH_GET_FS || data == ARCH_GET_GS ? PTRACE_WRITES_ADDR :
								   PTRACE_NOTHING;
	ret->size = 8;
	return data >= ARCH_SET_GS && data <= ARCH_GET_GS;
}

bool ptrace_at_call(pid_t tid, const struct regs *r)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, (void *)regs_ip(r), NULL);
	if (errno)
		return false;
	word &= 0xffff;
	/* syscall, sysenter, int $0x80 */
	return word == 0x050f || word == 0x340f || word == 0x80cd;
}

#define I386_REGS (17 * 4)		/* struct user_regs_struct32 */
#define I386_DEBUG 252			/* u_debugreg of struct user32, which is the last */
#define DEBUG 848			/* … of ours */

/* compat_arch_ptrace() of arch/x86/kernel/ptrace.c. */
static const struct ptrace_compat compat[] = {
	{ 12, PTRACE_WRITES, NT_PRSTATUS, I386_REGS },	/* GETREGS */
	{ 13, PTRACE_READS, NT_PRSTATUS, I386_REGS },	/* SETREGS */
	{ 14, PTRACE_WRITES, NT_PRFPREG, 108 },		/* GETFPREGS: fsave */
	{ 15, PTRACE_READS, NT_PRFPREG, 108 },		/* SETFPREGS */
	{ 18, PTRACE_WRITES, NT_PRXFPREG, 512 },	/* GETFPXREGS: fxsave */
	{ 19, PTRACE_READS, NT_PRXFPREG, 512 },		/* SETFPXREGS */
	{ 25, PTRACE_WRITES, 0, 16 },			/* GET_THREAD_AREA: struct user_desc */
	{ 26, PTRACE_READS, 0, 16 },			/* SET_THREAD_AREA */
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
	return I386_REGS;
}

enum ptrace_user ptrace_compat_user(uint64_t addr, uint64_t *ret_at)
{
	if (addr & 3 || addr >= I386_DEBUG + 8 * 4)
		return PTRACE_USER_NONE;
	*ret_at = addr < I386_REGS ? addr : DEBUG + (addr - I386_DEBUG) * 2;
	return addr < I386_REGS ? PTRACE_USER_REGISTER : addr >= I386_DEBUG ? PTRACE_USER_NATIVE : PTRACE_USER_ZERO;
}
