// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of a tracer whose words have 32 bits where ours have 64, like a Debian i386's gdb.
 * They are the same (compat_sys_ptrace() of kernel/ptrace.c and the architecture's), with
 * structures of their own; the sets of registers are those of the traced task in either case.
 */
#include <elf.h>
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

#define SIGINFO_SIZE 128
#define PEEK_MAX 64		/* siginfos at once; the caller asks again from where we ended */

/* --- struct siginfo ---------------------------------------------------------------------- */

struct field {
	uint8_t at, size;		/* ours */
	uint8_t their_at, their_size;
};

enum layout { KILL, TIMER, POLL, FAULT, CHILD, VALUE, CALL };

static const struct field fields[][6] = {
	[KILL] = { { 16, 4, 12, 4 }, { 20, 4, 16, 4 } },		/* pid, uid */
	[TIMER] = { { 16, 4, 12, 4 }, { 20, 4, 16, 4 }, { 24, 8, 20, 4 } },
	[POLL] = { { 16, 8, 12, 4 }, { 24, 4, 16, 4 } },		/* band, fd */
	/* address, its least significant bit, bounds */
	[FAULT] = { { 16, 8, 12, 4 }, { 24, 2, 16, 2 }, { 32, 8, 20, 4 }, { 40, 8, 24, 4 } },
	/* pid, uid, status, times */
	[CHILD] = { { 16, 4, 12, 4 }, { 20, 4, 16, 4 }, { 24, 4, 20, 4 }, { 32, 8, 24, 4 }, { 40, 8, 28, 4 } },
	[VALUE] = { { 16, 4, 12, 4 }, { 20, 4, 16, 4 }, { 24, 8, 20, 4 } },
	[CALL] = { { 16, 8, 12, 4 }, { 24, 4, 16, 4 }, { 28, 4, 20, 4 } },
};

/* siginfo_layout() of kernel/signal.c. */
static enum layout layout_of(int signo, int code)
{
	if (code <= SI_USER || code >= SI_KERNEL)
		return code == SI_TIMER ? TIMER : code == SI_SIGIO ? POLL : code < 0 ? VALUE : KILL;
	switch (signo) {
	case SIGILL:
	case SIGFPE:
	case SIGSEGV:
	case SIGBUS:
	case SIGTRAP:
		return FAULT;
	case SIGCHLD:
		return CHILD;
	case SIGSYS:
		return CALL;
	default:
		return POLL;
	}
}

static void convert(const unsigned char *from, unsigned char *to, bool to_theirs)
{
	const size_t head = 3 * sizeof(int);
	int signo, code;

	memset(to, 0, SIGINFO_SIZE);
	memcpy(to, from, head);
	memcpy(&signo, from, sizeof(signo));
	memcpy(&code, from + 2 * sizeof(int), sizeof(code));
	for (const struct field *f = fields[layout_of(signo, code)]; f->size; f++) {
		size_t n = MIN(f->size, f->their_size);

		/* Little-endian, as every machine here is. */
		if (to_theirs)
			memcpy(to + f->their_at, from + f->at, n);
		else
			memcpy(to + f->at, from + f->their_at, n);
	}
}

static int64_t siginfo(struct tracee *t, struct nest *n, int request, uint64_t data)
{
	const pid_t tid = n->t->task->tid;
	unsigned char theirs[SIGINFO_SIZE], ours[SIGINFO_SIZE] __attribute__((aligned(8)));
	int64_t r;

	if (n->no_siginfo)
		return -EINVAL;
	if (request == PTRACE_SETSIGINFO) {
		r = nest_get(t, data, theirs, sizeof(theirs));
		convert(theirs, ours, false);
		return r < 0 ? r : sys_ptrace(request, tid, 0, (uintptr_t)ours);
	}
	r = sys_ptrace(request, tid, 0, (uintptr_t)ours);
	if (r < 0)
		return r;
	convert(ours, theirs, true);
	return nest_put(t, data, theirs, sizeof(theirs));
}

static int64_t peek_siginfo(struct tracee *t, pid_t tid, uint64_t addr, uint64_t data)
{
	struct ptrace_peeksiginfo_args args;
	_cleanup_free_ unsigned char *ours = calloc(PEEK_MAX, SIGINFO_SIZE);
	unsigned char theirs[SIGINFO_SIZE];
	int64_t r = ours ? nest_get(t, addr, &args, sizeof(args)) : -ENOMEM;

	if (r < 0)
		return r;
	args.nr = MIN(args.nr, PEEK_MAX);
	r = sys_ptrace(PEEKSIGINFO, tid, (uintptr_t)&args, (uintptr_t)ours);
	for (int64_t i = 0; i < r; i++) {
		convert(ours + i * SIGINFO_SIZE, theirs, true);
		if (nest_put(t, data + (uint64_t)i * SIGINFO_SIZE, theirs, sizeof(theirs)) < 0)
			return -EFAULT;
	}
	return r;
}

/* --- memory and registers ----------------------------------------------------------------- */

static int64_t memory(struct tracee *t, pid_t tid, int request, uint64_t addr, uint64_t data)
{
	bool peek = request == PTRACE_PEEKTEXT || request == PTRACE_PEEKDATA;
	uint32_t word = (uint32_t)data;

	if (sys_peek(tid, addr, peek ? &word : NULL, &word, sizeof(word)) != sizeof(word))
		return -EIO;
	return peek ? nest_put(t, data, &word, sizeof(word)) : 0;
}

/* All of a set, which must be of @size: those of a 64-bit task are others. */
static int64_t read_set(pid_t tid, unsigned set, void *bytes, size_t size)
{
	unsigned char all[1024];
	struct iovec io = { all, sizeof(all) };
	int64_t r = sys_ptrace(GETREGSET, tid, set, (uintptr_t)&io);

	if (r == 0 && io.iov_len != size)
		r = -EIO;
	if (r == 0)
		memcpy(bytes, all, size);
	return r;
}

static int64_t write_set(pid_t tid, unsigned set, void *bytes, size_t size)
{
	struct iovec io = { bytes, size };

	return sys_ptrace(SETREGSET, tid, set, (uintptr_t)&io);
}

static int64_t whole_set(struct tracee *t, pid_t tid, const struct ptrace_compat *form, uint64_t addr,
			 uint64_t data)
{
	unsigned char bytes[1024] __attribute__((aligned(16)));
	bool writes = form->memory == PTRACE_WRITES;
	int64_t r;

	if (!form->set) {
		r = writes ? 0 : nest_get(t, data, bytes, form->size);
		if (r == 0)
			r = sys_ptrace(form->request, tid, (uintptr_t)addr, (uintptr_t)bytes);
		return r < 0 || !writes ? r : nest_put(t, data, bytes, form->size);
	}
	r = read_set(tid, form->set, bytes, form->size);

	if (r < 0)
		return r;
	if (writes)
		return nest_put(t, data, bytes, form->size);
	r = nest_get(t, data, bytes, form->size);
	return r < 0 ? r : write_set(tid, form->set, bytes, form->size);
}

/* A word of what was struct user. */
static int64_t user_word(struct tracee *t, pid_t tid, bool peek, uint64_t addr, uint64_t data)
{
	const size_t size = ptrace_compat_registers();
	unsigned char bytes[1024] __attribute__((aligned(16)));
	uint32_t word = (uint32_t)data;
	uint64_t at = 0;
	long native = 0;
	int64_t r;

	switch (ptrace_compat_user(addr, &at)) {
	case PTRACE_USER_REGISTER:
		r = read_set(tid, NT_PRSTATUS, bytes, size);
		if (r == 0 && peek)
			memcpy(&word, bytes + at, sizeof(word));
		else if (r == 0)
			memcpy(bytes + at, &word, sizeof(word));
		if (r == 0 && !peek)
			r = write_set(tid, NT_PRSTATUS, bytes, size);
		break;
	case PTRACE_USER_NATIVE:
		r = peek ? sys_ptrace(PTRACE_PEEKUSR, tid, (uintptr_t)at, (uintptr_t)&native) :
			   sys_ptrace(PTRACE_POKEUSR, tid, (uintptr_t)at, word);
		word = peek ? (uint32_t)native : word;
		break;
	case PTRACE_USER_ZERO:
		r = 0;
		word = 0;
		break;
	default:
		return -EIO;
	}
	return r < 0 || !peek ? r : nest_put(t, data, &word, sizeof(word));
}

int64_t nest_compat(struct tracee *t, struct nest *n, int request, uint64_t addr, uint64_t data)
{
	const pid_t tid = n->t->task->tid;
	struct ptrace_compat form;
	unsigned long message;
	uint32_t word;
	int64_t r;

	switch (request) {
	case PTRACE_PEEKTEXT:
	case PTRACE_PEEKDATA:
	case PTRACE_POKETEXT:
	case PTRACE_POKEDATA:
		return memory(t, tid, request, addr, data);
	case PTRACE_PEEKUSR:
	case PTRACE_POKEUSR:
		return user_word(t, tid, request == PTRACE_PEEKUSR, addr, data);
	case PTRACE_GETEVENTMSG:
		message = n->message;
		r = message ? 0 : sys_ptrace(request, tid, 0, (uintptr_t)&message);
		word = (uint32_t)message;
		return r < 0 ? r : nest_put(t, data, &word, sizeof(word));
	case PTRACE_GETSIGINFO:
	case PTRACE_SETSIGINFO:
		return siginfo(t, n, request, data);
	case PEEKSIGINFO:
		return peek_siginfo(t, tid, addr, data);
	default:
		return ptrace_compat_form(request, &form) ? whole_set(t, tid, &form, addr, data) : -ENOTSUP;
	}
}
