// SPDX-License-Identifier: GPL-2.0-or-later
/* 32-bit arm has no single step: debuggers put breakpoints where it will go. */
#include "arch/ptrace.h"

#include "core/base/mem.h"

static const struct ptrace_form forms[] = {
	{ 12, PTRACE_WRITES, 18 * 4 },	/* GETREGS: struct pt_regs */
	{ 13, PTRACE_READS, 18 * 4 },	/* SETREGS */
	{ 14, PTRACE_WRITES, 116 },	/* GETFPREGS: struct user_fp */
	{ 15, PTRACE_READS, 116 },	/* SETFPREGS */
	{ 22, PTRACE_WRITES, 4 },	/* GET_THREAD_AREA */
	{ 23, PTRACE_NOTHING, 0 },	/* SET_SYSCALL */
	{ 27, PTRACE_WRITES, 260 },	/* GETVFPREGS: 32 doubles and fpscr */
	{ 28, PTRACE_READS, 260 },	/* SETVFPREGS */
	{ 29, PTRACE_WRITES, 4 },	/* GETHBPREGS */
	{ 30, PTRACE_READS, 4 },	/* SETHBPREGS */
};

bool ptrace_arch_form(int request, uint64_t addr, uint64_t data, struct ptrace_form *ret)
{
	(void)addr;
	(void)data;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (forms[i].request == request) {
			*ret = forms[i];
			return true;
		}
	return false;
}

bool ptrace_at_call(pid_t tid, const struct regs *r)
{
	(void)tid;
	(void)r;
	return false;
}

/* There are no tracers with shorter words. */
bool ptrace_compat_form(int request, struct ptrace_compat *ret)
{
	(void)request;
	(void)ret;
	return false;
}

size_t ptrace_compat_registers(void)
{
	return 0;
}

enum ptrace_user ptrace_compat_user(uint64_t addr, uint64_t *ret_at)
{
	(void)addr;
	(void)ret_at;
	return PTRACE_USER_NONE;
}
