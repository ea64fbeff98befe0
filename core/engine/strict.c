// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strict mode allows read, write, exit and sigreturn, and ends a task that makes any
 * other call with SIGKILL. A filter can only end it with SIGSYS, so ours stops it
 * there, and the engine kills it.
 */
#include "core/engine/strict.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <signal.h>
#include <sys/prctl.h>

#include "arch/abi.h"
#include "core/base/mem.h"
#include "core/engine/filter.h"
#include "core/engine/ptrace.h"
#include "core/engine/sys.h"

#define ALLOWED 4

static int64_t sigreturn_of(const struct abi *abi)
{
	int64_t nr = abi_number(abi, SYSCALL_sigreturn);

	return nr < 0 ? abi_number(abi, SYSCALL_rt_sigreturn) : nr;
}

static unsigned short compose(const struct abi *abi, struct sock_filter *code)
{
	const int64_t allowed[ALLOWED] = {
		abi_number(abi, SYSCALL_read), abi_number(abi, SYSCALL_write),
		abi_number(abi, SYSCALL_exit), sigreturn_of(abi),
	};
	struct sock_filter *at = code;

	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, arch));
	*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, abi->audit_arch, 0,
					     ALLOWED + 1);
	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, nr));
	for (int i = 0; i < ALLOWED; i++)
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						     (uint32_t)allowed[i], ALLOWED - i, 0);
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
					     SECCOMP_RET_TRACE | STRICT_DATA);
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return (unsigned short)(at - code);
}

int strict_instead(struct tracee *t, const struct call *call)
{
	struct {
		struct sock_filter code[ALLOWED + 6];
		unsigned char prog[16];	/* struct sock_fprog, in the tracee's layout */
	} ours;
	const size_t word = call->abi->word;
	struct regs regs;
	uint64_t addr, code;
	unsigned short len;
	int r;

	memset(&ours, 0, sizeof(ours));
	r = regs_read(t->task->tid, &regs);
	if (r == 0)
		r = rewrite_room(t, &regs, sizeof(ours), &addr);
	if (r < 0 || (t->at_exit & AT_EXIT_SCRATCH))
		return r;
	len = compose(call->abi, ours.code);
	code = addr;
	memcpy(ours.prog, &len, sizeof(len));
	memcpy(ours.prog + word, &code, word);
	if (task_write(t->task, addr, &ours, sizeof(ours)) != sizeof(ours))
		return -EFAULT;

	/* prctl(PR_SET_SECCOMP) is the older of the two that do it, and always there. */
	regs_set_nr(&regs, (uint64_t)abi_number(call->abi, SYSCALL_prctl));
	r = regs_write(t->task->tid, &regs);
	if (r == 0)
		r = rewrite_arg(t, 0, PR_SET_SECCOMP);
	if (r == 0)
		r = rewrite_arg(t, 1, SECCOMP_MODE_FILTER);
	if (r == 0)
		r = rewrite_arg(t, 2, addr + offsetof(__typeof__(ours), prog));
	t->at_exit |= AT_EXIT_FILTER;
	return r;
}

void policy_strict_kills(struct tracee *t)
{
	kill(t->task->tgid, SIGKILL);
}
