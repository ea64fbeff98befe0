// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Another path for a call: the text goes into memory of the tracee that nobody else
 * uses, the argument register points at it, and gets its old value at the exit.
 *
 * Below the stack pointer of the main thread there is such memory, and taking it
 * costs nothing. Other stacks (threads, coroutines, Go) may have a neighbour there:
 * such a task maps a page for itself first, by a call put in place of the true one,
 * which is then made again. A program with a seccomp filter of its own could be
 * killed for a call that it never makes, so there it is the stack after all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/engine/ptrace.h"
#include "core/event/patch.h"

#define RED_ZONE 256		/* x86_64's has 128 bytes; others none */
#define SCRATCH_SIZE 16384	/* two paths of the longest kind, and room */
#define STACK_MAX (64ull << 20)	/* of an unlimited stack we use no more */

/* The program finds its own value there again at the exit. */
static void replace(struct tracee *t, struct regs *regs, int reg, uint64_t value)
{
	if (!(t->replaced & 1u << reg)) {
		t->originals[reg] = regs_arg(regs, reg);
		t->replaced |= 1u << reg;
	}
	regs_set_arg(regs, reg, value);
	t->at_exit |= AT_EXIT_RESTORE;
}

int rewrite_arg(struct tracee *t, int reg, uint64_t value)
{
	struct regs regs;
	int r = regs_read_in(t->task->tid, t->call_abi, &regs);

	if (r < 0)
		return r;
	replace(t, &regs, reg, value);
	return regs_write(t->task->tid, &regs);
}

static bool on_main_stack(struct tracee *t, uint64_t sp)
{
	struct image *image = t->image;
	struct rlimit limit;

	if (!image->stack_start)	/* no execve(2) of it was seen */
		image->stack_start = task_stack(t->task) ?: 1;
	if (!image->stack_limit) {
		image->stack_limit = 8ull << 20;
		if (prlimit(t->task->tid, RLIMIT_STACK, NULL, &limit) == 0)
			image->stack_limit = MIN((uint64_t)limit.rlim_cur, STACK_MAX);
	}
	return sp <= image->stack_start && image->stack_start - sp < image->stack_limit;
}

/* Sends the task to map memory; it comes back in rewrite_scratch(). */
static int get_scratch(struct tracee *t, const struct regs *regs, size_t size)
{
	const struct abi *abi = t->task->abi;
	int64_t nr = abi_number(abi, SYSCALL_mmap2);
	const uint64_t args[6] = { 0, size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0 };
	struct regs ours = *regs;
	int r;

	if (nr < 0)
		nr = abi_number(abi, SYSCALL_mmap);
	t->before = malloc(sizeof(*t->before));
	if (!t->before || nr < 0)
		return -ENOMEM;
	*t->before = *regs;
	regs_set_nr(&ours, nr);
	for (int i = 0; i < 6; i++)
		regs_set_arg(&ours, i, args[i]);
	r = regs_write(t->task->tid, &ours);
	if (r < 0) {
		free(steal_ptr(t->before));
		return r;
	}
	t->at_exit |= AT_EXIT_SCRATCH;
	t->scratch.size = size;
	return 0;
}

void rewrite_scratch(struct engine *en, struct tracee *t)
{
	struct regs regs;
	int64_t got;

	(void)en;
	if (!t->before || regs_read_in(t->task->tid, t->call_abi, &regs) < 0)
		return;
	got = regs_result(&regs);
	/* No memory, or a limit: the stack must do. */
	t->scratch.addr = got < 0 && got > -4096 ? 0 : (uint64_t)got;
	if (!t->scratch.addr)
		t->scratch.size = 0;
	t->scratch.tried = true;
	regs_rewind(t->before, regs_nr(t->before));
	regs_write(t->task->tid, t->before);
	free(steal_ptr(t->before));
}

int rewrite_room(struct tracee *t, const struct regs *regs, size_t size, uint64_t *ret_addr)
{
	uint64_t sp = regs_sp(regs);

	*ret_addr = (sp - RED_ZONE - size) & ~(uint64_t)15;
	if (sp < RED_ZONE + size + 16)
		return -EFAULT;
	if (on_main_stack(t, sp))
		return 0;
	if (t->scratch.size >= size) {
		*ret_addr = t->scratch.addr;
		return 0;
	}
	/* Too small for this call, or there was no memory for it. */
	if (t->filtered || (t->scratch.tried && !t->scratch.addr))
		return 0;
	return get_scratch(t, regs, MAX((size + 4095) & ~(size_t)4095, (size_t)SCRATCH_SIZE));
}

/* What each of the new paths needs, behind what the sinks have put there. */
static int collect(struct patch *p, const struct tracee *t, const struct event *ev)
{
	const struct call *c = ev->call;
	int r = 0;

	for (int i = 0; i < c->n_paths && r == 0; i++) {
		const char *path = ev->rewrite[i];

		if (!path)
			continue;
		if (c->paths[i].arg < 0)
			r = rewrite_socket(p, t->task, c, path);
		else
			patch_reg(p, c->paths[i].arg, patch_text(p, path), true);
	}
	return r < 0 ? r : patch_error(p);
}

static int set_call(struct tracee *t, struct regs *regs, enum syscall_id call)
{
	int64_t nr = abi_number(t->task->abi, call);

	if (nr < 0)
		return -ENOSYS;
	t->renumbered = regs_nr(regs);
	t->at_exit |= AT_EXIT_RESTORE;
	regs_set_nr(regs, (uint64_t)nr);
	return 0;
}

static int apply(struct tracee *t, struct regs *regs, const struct patch *p, uint64_t addr)
{
	const struct patch_reg *reg = (const struct patch_reg *)p->regs.data;
	int r = 0;

	if (p->bytes.len &&
	    task_write(t->task, addr, p->bytes.data, p->bytes.len) != (ssize_t)p->bytes.len)
		return -EFAULT;
	for (size_t n = p->regs.len / sizeof(*reg); n; n--, reg++)
		replace(t, regs, reg->reg, reg->value);
	if (p->call != SYSCALL_NONE)
		r = set_call(t, regs, p->call);
	return r < 0 ? r : regs_write(t->task->tid, regs);
}

int rewrite_call(struct tracee *t, struct event *ev)
{
	struct patch *p = ev->patch;
	struct regs regs;
	uint64_t addr = 0;
	int r;

	r = collect(p, t, ev);
	if (r == 0)
		r = regs_read_in(t->task->tid, t->call_abi, &regs);
	if (r == 0 && p->bytes.len)
		r = rewrite_room(t, &regs, p->bytes.len, &addr);
	if (r < 0 || (t->at_exit & AT_EXIT_SCRATCH))
		return r;
	patch_settle(p, addr);
	t->patch_at = addr;
	return apply(t, &regs, p, addr);
}
