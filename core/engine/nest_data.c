// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that look at a stopped tracee or change it. Care makes the same request with
 * memory of its own and copies that from or to the tracer's; what the kernel knows of the
 * stop (registers, siginfo, event message, call) is then true without more.
 */
#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "arch/abi.h"
#include "arch/ptrace.h"
#include "core/base/mem.h"
#include "core/engine/nest.h"
#include "core/engine/ptrace.h"
#include "core/engine/sys.h"

#define GETREGSET 0x4204
#define SETREGSET 0x4205
#define PEEKSIGINFO 0x4209
#define GETSIGMASK 0x420a
#define SETSIGMASK 0x420b
#define GET_SYSCALL_INFO 0x420e
#define GET_RSEQ_CONFIGURATION 0x420f
#define SET_USER_DISPATCH 0x4210
#define GET_USER_DISPATCH 0x4211
#define SET_SYSCALL_INFO 0x4212

#define REGSET_MAX (64 << 10)	/* the largest there is today is arm64's SME, of some 64 KiB */
#define SIGINFO_SIZE 128
#define PEEK_MAX 64		/* siginfos at once; the caller asks again from where we ended */

int nest_put(struct tracee *t, uint64_t addr, const void *from, size_t len)
{
	return len && task_write(t->task, addr, from, len) != (ssize_t)len ? -EFAULT : 0;
}

int nest_get(struct tracee *t, uint64_t addr, void *to, size_t len)
{
	return len && task_read(t->task, addr, to, len) != (ssize_t)len ? -EFAULT : 0;
}

static int64_t peek(struct tracee *t, pid_t tid, int request, uint64_t addr, uint64_t data)
{
	long word = 0, r = sys_ptrace(request, tid, (uintptr_t)addr, (uintptr_t)&word);

	return r < 0 ? r : nest_put(t, data, &word, sizeof(word));
}

/* Whatever one struct of a known size says all of. */
static int64_t transfer(struct tracee *t, pid_t tid, const struct ptrace_form *form, uint64_t addr,
			uint64_t data)
{
	unsigned char ours[1024] __attribute__((aligned(16))) = { 0 };
	int64_t r = 0;

	if (form->memory == PTRACE_NOTHING)
		return sys_ptrace(form->request, tid, (uintptr_t)addr, (uintptr_t)data);
	if (form->memory == PTRACE_READS)
		r = nest_get(t, data, ours, form->size);
	if (r < 0)
		return r;
	if (form->memory == PTRACE_WRITES_ADDR)
		r = sys_ptrace(form->request, tid, (uintptr_t)ours, (uintptr_t)data);
	else
		r = sys_ptrace(form->request, tid, (uintptr_t)addr, (uintptr_t)ours);
	if (r < 0 || form->memory == PTRACE_READS)
		return r;
	if (nest_put(t, form->memory == PTRACE_WRITES_ADDR ? addr : data, ours, form->size) < 0)
		return -EFAULT;
	return r;
}

/* The caller's struct iovec says where, and is told how much. */
static int64_t regset(struct tracee *t, pid_t tid, int request, uint64_t type, uint64_t data)
{
	_cleanup_free_ void *bytes = NULL;
	const size_t word = t->task->abi->word;
	unsigned char theirs[2 * sizeof(uint64_t)];
	uint64_t at = 0, len = 0;
	struct iovec ours;
	size_t room;
	int64_t r;

	r = nest_get(t, data, theirs, 2 * word);
	if (r < 0)
		return r;
	memcpy(&at, theirs, word);
	memcpy(&len, theirs + word, word);
	room = MIN(len, (uint64_t)REGSET_MAX);
	bytes = calloc(1, room + 1);
	if (!bytes)
		return -ENOMEM;
	ours = (struct iovec){ bytes, room };
	if (request == SETREGSET)
		r = nest_get(t, at, bytes, room);
	if (r == 0)
		r = sys_ptrace(request, tid, (uintptr_t)type, (uintptr_t)&ours);
	if (r < 0)
		return r;
	if (request == GETREGSET)
		r = nest_put(t, at, bytes, ours.iov_len);
	len = ours.iov_len;
	return r < 0 ? r : nest_put(t, data + word, &len, word);
}

/* A size in addr, a struct of at most that size at data. */
static int64_t sized(struct tracee *t, pid_t tid, int request, uint64_t size, uint64_t data,
		     bool writes)
{
	unsigned char ours[512] __attribute__((aligned(16))) = { 0 };
	size_t room = MIN(size, sizeof(ours));
	int64_t r = writes ? 0 : nest_get(t, data, ours, room);

	if (r == 0)
		r = sys_ptrace(request, tid, (uintptr_t)size, (uintptr_t)ours);
	if (r < 0 || !writes)
		return r;
	/* GET_SYSCALL_INFO answers how much there is, the others 0 or how much was put. */
	return nest_put(t, data, ours, r > 0 ? MIN((size_t)r, room) : room) < 0 ? -EFAULT : r;
}

static int64_t peek_siginfo(struct tracee *t, pid_t tid, uint64_t addr, uint64_t data)
{
	struct {
		uint64_t off;
		uint32_t flags;
		int32_t nr;
	} args;
	_cleanup_free_ unsigned char *infos = NULL;
	int64_t r = nest_get(t, addr, &args, sizeof(args));

	if (r < 0)
		return r;
	if (args.nr > PEEK_MAX)
		args.nr = PEEK_MAX;
	infos = calloc(PEEK_MAX, SIGINFO_SIZE);
	if (!infos)
		return -ENOMEM;
	r = sys_ptrace(PEEKSIGINFO, tid, (uintptr_t)&args, (uintptr_t)infos);
	if (r <= 0)
		return r;
	return nest_put(t, data, infos, (size_t)r * SIGINFO_SIZE) < 0 ? -EFAULT : r;
}

static int64_t siginfo(struct tracee *t, struct nest *n, int request, uint64_t addr, uint64_t data)
{
	const struct ptrace_form form = {
		request, request == PTRACE_GETSIGINFO ? PTRACE_WRITES : PTRACE_READS, SIGINFO_SIZE,
	};

	return n->no_siginfo ? -EINVAL : transfer(t, n->t->task->tid, &form, addr, data);
}

int64_t nest_data(struct engine *en, struct tracee *t, struct nest *n, int request, uint64_t addr,
		  uint64_t data)
{
	const pid_t tid = n->t->task->tid;
	struct ptrace_form form = { .request = request };

	(void)en;
	/* These are the same for everybody. */
	switch (request) {
	case GETREGSET:
	case SETREGSET:
		return regset(t, tid, request, addr, data);
	case GETSIGMASK:
	case GET_SYSCALL_INFO:
	case GET_RSEQ_CONFIGURATION:
	case GET_USER_DISPATCH:
		return sized(t, tid, request, addr, data, true);
	case SETSIGMASK:
	case SET_USER_DISPATCH:
	case SET_SYSCALL_INFO:
		return sized(t, tid, request, addr, data, false);
	}
	if (t->task->abi->word != sizeof(long))
		return nest_compat(t, n, request, addr, data);
	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
	case PTRACE_PEEKUSR:
		return peek(t, tid, request, addr, data);
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
	case PTRACE_POKEUSR:
		return transfer(t, tid, &form, addr, data);
	case PTRACE_GETEVENTMSG:
		if (n->message)
			return nest_put(t, data, &n->message, sizeof(n->message));
		form = (struct ptrace_form){ request, PTRACE_WRITES, sizeof(long) };
		return transfer(t, tid, &form, addr, data);
	case PTRACE_GETSIGINFO:
	case PTRACE_SETSIGINFO:
		return siginfo(t, n, request, addr, data);
	case PEEKSIGINFO:
		return peek_siginfo(t, tid, addr, data);
	default:
		if (!ptrace_arch_form(request, addr, data, &form))
			return -ENOTSUP;
		return transfer(t, tid, &form, addr, data);
	}
}
