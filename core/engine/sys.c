// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/engine/sys.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/mem.h"

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

int sys_interrupt(pid_t tid)
{
	return (int)sys_ptrace(PTRACE_INTERRUPT, tid, 0, 0);
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

ssize_t sys_peek(pid_t tid, uint64_t addr, void *to, const void *from, size_t len)
{
	size_t done = 0;

	if ((uintptr_t)addr != addr)
		return -EFAULT;		/* of a 64-bit task, and we have 32 */
	while (done < len) {
		size_t within = (addr + done) % sizeof(long);
		size_t n = MIN(sizeof(long) - within, len - done);
		uintptr_t at = (uintptr_t)(addr + done - within);
		unsigned char word[sizeof(long)];
		long value, r = sys_ptrace(PTRACE_PEEKDATA, tid, at, (uintptr_t)word);

		if (r >= 0 && to) {
			memcpy((char *)to + done, word + within, n);
		} else if (r >= 0) {
			memcpy(word + within, (const char *)from + done, n);
			memcpy(&value, word, sizeof(value));
			r = sys_ptrace(PTRACE_POKEDATA, tid, at, (uintptr_t)value);
		}
		if (r < 0)
			return done ? (ssize_t)done : r == -EIO ? -EFAULT : r;
		done += n;
	}
	return (ssize_t)done;
}

unsigned long sys_event_message(pid_t tid)
{
	unsigned long message = 0;

	if (sys_ptrace(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)&message) < 0)
		return 0;
	return message;
}
