// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/ptrace.h"

#include <errno.h>
#include <sys/ptrace.h>

#include "core/base/mem.h"

static const struct ptrace_form forms[] = {
	{ 12, PTRACE_WRITES, 17 * 4 },	/* GETREGS: struct user_regs_struct */
	{ 13, PTRACE_READS, 17 * 4 },	/* SETREGS */
	{ 14, PTRACE_WRITES, 108 },	/* GETFPREGS: fsave */
	{ 15, PTRACE_READS, 108 },	/* SETFPREGS */
	{ 18, PTRACE_WRITES, 512 },	/* GETFPXREGS: fxsave */
	{ 19, PTRACE_READS, 512 },	/* SETFPXREGS */
	{ 25, PTRACE_WRITES, 16 },	/* GET_THREAD_AREA: struct user_desc */
	{ 26, PTRACE_READS, 16 },	/* SET_THREAD_AREA */
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
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKTEXT, tid, (void *)(uintptr_t)regs_ip(r), NULL);
	if (errno)
		return false;
	word &= 0xffff;
	/* sysenter, int $0x80; AMD's syscall */
	return word == 0x340f || word == 0x80cd || word == 0x050f;
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
