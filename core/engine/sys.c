// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/engine/sys.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GET_SYSCALL_INFO 0x420e

long sys_ptrace(int request, pid_t tid, uintptr_t addr, uintptr_t data)
{
	long r = syscall(SYS_ptrace, (long)request, (long)tid, addr, data);

	return r < 0 ? -errno : r;
}

int sys_seize(pid_t tid, unsigned long options)
{
	long r = sys_ptrace(PTRACE_SEIZE, tid, 0, options | PTRACE_O_EXITKILL);

	if (r == -EINVAL)
		r = sys_ptrace(PTRACE_SEIZE, tid, 0, options);
	return (int)r;
}

int sys_info(pid_t tid, struct sys_info *ret)
{
	long n = sys_ptrace(GET_SYSCALL_INFO, tid, sizeof(*ret), (uintptr_t)ret);

	if (n < 0)
		return (int)n;
	/* The smallest answer that says something: an exit. */
	return n < (long)offsetof(struct sys_info, exit.is_error) ? -EIO : 0;
}

int sys_has_info(pid_t tid)
{
	struct sys_info info;
	long n = sys_ptrace(GET_SYSCALL_INFO, tid, sizeof(info), (uintptr_t)&info);

	return n < 0 ? (int)n : 0;
}

unsigned long sys_event_message(pid_t tid)
{
	unsigned long message = 0;

	if (sys_ptrace(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)&message) < 0)
		return 0;
	return message;
}
