// SPDX-License-Identifier: GPL-2.0-or-later
/* arm64 has register sets only; single steps are the kernel's. */
#include "arch/ptrace.h"

#include <errno.h>
#include <sys/ptrace.h>

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
