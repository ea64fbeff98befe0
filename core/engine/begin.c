// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The calls that sinks have a new image make before it begins.
 *
 * At PTRACE_EVENT_EXEC nothing of the image has run. arch/'s stub is put where it would
 * begin and a table of the calls below its stack; the task makes them by itself, so that
 * they cost no stops, and then one that our filter stops: chdir(2) of no address, for a
 * number that no kernel has may be answered by a filter that a container put above ours.
 * If that one comes back all the same, the stub meets a breakpoint.
 *
 * Without a filter it runs to the breakpoint at once. Meanwhile all other signals are blocked
 * (PTRACE_SETSIGMASK, 3.11), for one that a breakpoint finds blocked or ignored the kernel
 * makes neither. Where it is ignored, and with filters of the program's own, which might end
 * it for the last call, it is watched call by call and has finished when the last of them
 * returns.
 *
 * Handlers of signals do not survive execve(2), so none can run meanwhile: what comes is
 * delivered, and ends the task, stops it, or is nothing.
 */
#include "core/engine/begin.h"

#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/stub.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/engine/filter.h"
#include "core/engine/nest.h"
#include "core/engine/ptrace.h"
#include "core/engine/sys.h"
#include "core/event/exec.h"

_Static_assert(EVENT_FIRST_RESULT == STUB_FIRST_RESULT, "sinks and stubs must mean the same");

#define RED_ZONE 256
#define PAGE 4096u		/* the smallest that any machine has */
#define ROOM (96u << 10)	/* fs/exec.c maps 128 KiB below the new stack pointer */
/* Nobody else's chdir(2): the last page holds no address. Of a 32-bit ABI the lower half. */
#define END_ADDR 0xfffffffffffffa7eull
/* The kernel's own: the call will be made again. */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

struct begin {
	struct event_exec exec;
	struct regs before;	/* as the kernel made them */
	unsigned char code[STUB_MAX];	/* what lies where the stub is */
	uint64_t code_at;
	uint64_t table;
	uint64_t low;		/* of what is used of the stack, up to … */
	size_t size;		/* … so many bytes above it */
	unsigned char *bytes;	/* so many of ours, and … */
	size_t room;		/* … how many there may be */
	int mem;		/* /proc/PID/mem, −1: not open */
	bool traps;		/* runs to the breakpoint: */
	uint64_t mask;		/* … what was blocked before */
	bool steps;		/* watched call by call: */
	size_t returns;		/* so many are still to come, execve's own the first */
	int64_t last;		/* what the last gave, which the stub has not put down yet */
};

bool begin_steps(const struct tracee *t)
{
	return t->begin && t->begin->steps;
}

bool begin_runs(const struct tracee *t)
{
	return t->begin && !t->begin->steps;
}

/*
 * An image inherits that SIGTRAP is ignored, and the breakpoint would change it. Threads
 * and what was made by vfork(2) need not share it: so for them it stays.
 */
void begin_disposition(struct tracee *t, const struct call *c)
{
	uint64_t handler = 0;
	bool known;

	if (c->row != syscall_row(SYSCALL_rt_sigaction) && c->row != syscall_row(SYSCALL_sigaction) &&
	    c->row != syscall_row(SYSCALL_signal))
		return;
	if ((int)c->vals[0] != SIGTRAP || !c->vals[1])
		return;
	known = c->row == syscall_row(SYSCALL_signal);
	if (known)
		handler = c->vals[1];
	else
		known = task_read(t->task, c->vals[1], &handler, c->abi->word) == c->abi->word;
	if (!known || handler == (uintptr_t)SIG_IGN)
		t->image->trap_ignored = true;
	else if (t->image->refs == 1)
		t->image->trap_ignored = false;
}

bool begin_trap_ignored(void)
{
	struct sigaction now;

	return sigaction(SIGTRAP, NULL, &now) < 0 || now.sa_handler == SIG_IGN;
}

void begin_free(struct begin *b)
{
	if (!b)
		return;
	cleanup_closep(&b->mem);
	exec_free(&b->exec);
	free(b->bytes);
	free(b);
}

/* The one that was used last has all the memory that the next is likely to need. */
static struct begin *begin_new(struct engine *en)
{
	struct begin *b = steal_ptr(en->begin);

	if (!b)
		b = calloc(1, sizeof(*b));
	if (b)
		b->mem = -1;
	return b;
}

static void give_back(struct engine *en, struct begin *b)
{
	cleanup_closep(&b->mem);
	begin_free(en->begin);
	*b = (struct begin){ .exec = b->exec, .bytes = b->bytes, .room = b->room, .mem = -1 };
	en->begin = b;
}

/* Little-endian, as all are. */
static void put_word(const struct abi *abi, unsigned char *entry, int word, uint64_t value)
{
	uint32_t low = (uint32_t)value;

	if (abi->word == 8)
		memcpy(entry + word * 8, &value, 8);
	else
		memcpy(entry + word * 4, &low, 4);
}

/* What @call is in the table; with @addr of the bytes. */
static void put_call(const struct abi *abi, unsigned char *entry, const struct event_call *call,
		     const struct filter_pass *pass, uint64_t addr)
{
	put_word(abi, entry, STUB_NR, (uint64_t)abi_number(abi, call->id));
	for (int i = 0; i < SYSCALL_ARGS; i++)
		put_word(abi, entry, STUB_ARGS + i,
			 call->args[i] + (call->in_bytes & 1u << i ? addr : 0));
	for (int i = 0; pass && call->id == SYSCALL_openat && i < 2; i++)
		put_word(abi, entry, STUB_ARGS + 4 + i, pass->words[i]);
}

/* Room for what is put on the stack; zeros. −errno. */
static int make_room(struct begin *b)
{
	unsigned char *more = b->size > b->room ? realloc(b->bytes, b->size) : b->bytes;

	if (!more)
		return -ENOMEM;
	b->room = MAX(b->room, b->size);
	b->bytes = memset(more, 0, b->size);
	return 0;
}

/* The table, the bytes behind it, all zero-filled where nothing stands. */
static void compose(struct begin *b, const struct filter_pass *pass, size_t n, size_t table_size,
		    uint64_t bytes_at)
{
	const struct abi *abi = b->exec.abi;
	const struct event_call *calls = exec_calls(&b->exec, &n);
	const struct event_call end = { .id = SYSCALL_chdir, .args = { END_ADDR } };
	unsigned char *at = b->bytes;

	put_word(abi, at, STUB_FIRST, STUB_FIRST_RESULT);
	for (size_t i = 0; i < n; i++, at += STUB_WORDS * abi->word)
		put_call(abi, at, &calls[i], pass, bytes_at);
	if (!b->steps && !b->traps) {
		put_call(abi, at, &end, NULL, 0);
		at += STUB_WORDS * abi->word;
	}
	put_word(abi, at, STUB_NR, UINT64_MAX);
	if (b->exec.patch.bytes.len)
		memcpy(b->bytes + table_size, b->exec.patch.bytes.data, b->exec.patch.bytes.len);
}

/* The table below the stack pointer: 0 or −errno. */
static int put_table(struct begin *b, const struct filter_pass *pass, const struct task *task)
{
	size_t n, table_size;

	exec_calls(&b->exec, &n);
	table_size = ((n + 2) * STUB_WORDS * b->exec.abi->word + 15) & ~(size_t)15;
	b->size = (table_size + b->exec.patch.bytes.len + 15) & ~(size_t)15;
	if (b->size > ROOM)
		return -E2BIG;
	b->low = (regs_sp(&b->before) - RED_ZONE - b->size) & ~(uint64_t)15;
	b->table = b->low;
	patch_settle(&b->exec.patch, b->low + table_size);
	if (make_room(b) < 0)
		return -ENOMEM;
	compose(b, pass, n, table_size, b->low + table_size);
	return task_write(task, b->low, b->bytes, b->size) == (ssize_t)b->size ? 0 : -EFAULT;
}

/* Code is not writable: only procfs puts something there, and is asked twice. */
static bool write_code(struct begin *b, const struct task *task, const void *code)
{
	size_t len = b->exec.abi->stub->len;

	if (b->mem < 0)
		b->mem = task_mem_open(task);
	if (b->mem >= 0 && pwrite(b->mem, code, len, (off_t)b->code_at) == (ssize_t)len)
		return true;
	return task_write(task, b->code_at, code, len) == (ssize_t)len;
}

/* The stub within the page where the image begins, what was there aside. 0 or −errno. */
static int put_stub(struct begin *b, const struct task *task)
{
	const struct stub *stub = b->exec.abi->stub;
	uint64_t at = regs_ip(&b->before) & ~(uint64_t)(STUB_ALIGN - 1);

	if (at % PAGE + stub->len > PAGE)
		at = (at & ~(uint64_t)(PAGE - 1)) + ((PAGE - stub->len) & ~(STUB_ALIGN - 1));
	b->code_at = at;
	if (task_read(task, at, b->code, stub->len) != (ssize_t)stub->len ||
	    !write_code(b, task, stub->code))
		return -EFAULT;
	return 0;
}

/* Nothing but the breakpoint is to be heard of. False: that is not possible. */
static bool hold_signals(const struct tracee *t, struct begin *b)
{
	const uint64_t others = ~(UINT64_C(1) << (SIGTRAP - 1));
	pid_t tid = t->task->tid;

	return !t->image->trap_ignored &&
	       sys_ptrace(PTRACE_GETSIGMASK, tid, sizeof(b->mask), (uintptr_t)&b->mask) == 0 &&
	       sys_ptrace(PTRACE_SETSIGMASK, tid, sizeof(others), (uintptr_t)&others) == 0;
}

static void choose_way(const struct engine *en, const struct tracee *t, struct begin *b)
{
	bool every = en->ret->kind == ENGINE_PTRACE;
	/* A tracer of its own asks the kernel what the exit of execve(2) was: it must stand in one. */
	bool traced = t->nest && t->nest->tracer;

	b->traps = every && !t->filtered && !traced && hold_signals(t, b);
	b->steps = t->filtered || (every && !b->traps);
}

static int prepare(struct engine *en, struct tracee *t, struct begin *b)
{
	struct regs regs = b->before;
	size_t n;
	const struct event_call *calls = exec_calls(&b->exec, &n);
	int r;

	for (size_t i = 0; i < n; i++)
		if (abi_number(b->exec.abi, calls[i].id) < 0)
			return -ENOSYS;
	b->returns = n + 1;
	if (!b->exec.abi->stub)
		return -ENOEXEC;
	choose_way(en, t, b);
	r = put_table(b, en->pass, t->task);
	if (r == 0)
		r = put_stub(b, t->task);
	if (r < 0)
		return r;
	regs_enter(&regs, b->code_at);
	regs_set_sp(&regs, b->table);
	r = regs_write(t->task->tid, &regs);
	if (r == 0 && b->steps)
		t->in_call = true;	/* in execve(2) */
	return r;
}

/* It ends at the first instruction, of which there is none. */
static void refuse(struct tracee *t, struct regs *regs)
{
	regs_enter(regs, 0);
	regs_write(t->task->tid, regs);
}

void begin_image(struct engine *en, struct tracee *t, pid_t caller)
{
	struct event_exec *x = &en->exec;
	struct event ev = { .kind = EVENT_EXEC, .task = t->task, .exec = x };
	struct begin *b;
	struct regs regs;
	int r;

	exec_reset(x);
	x->caller = caller;
	if (regs_read_in(t->task->tid, abi_native(), &regs) == 0) {
		x->abi = regs_code_abi(&regs);
		x->sp = t->image->stack_start = regs_sp(&regs);
		x->ip = regs_ip(&regs);
	}
	engine_tell(en, &ev);
	if (en->failed || !x->abi)
		return;
	if (x->sp != regs_sp(&regs) || x->ip != regs_ip(&regs)) {
		regs_set_sp(&regs, x->sp);
		regs_set_ip(&regs, x->ip);
		if (!x->calls.len)
			regs_write(t->task->tid, &regs);
	}
	if (!x->calls.len && !x->refused)
		return;
	r = exec_error(x);
	b = r == 0 && !x->refused ? begin_new(en) : NULL;
	if (b) {
		struct event_exec spare = b->exec;

		b->before = regs;
		b->exec = *x;
		*x = spare;
		t->begin = b;
		r = prepare(en, t, b);
	}
	if (b && r == 0)
		return;
	begin_free(steal_ptr(t->begin));
	refuse(t, &regs);
}

/* What the calls gave. */
static void read_results(struct begin *b, const struct task *task)
{
	const struct abi *abi = b->exec.abi;
	const unsigned char *table = b->bytes;
	size_t n, size;
	struct event_call *calls = exec_calls(&b->exec, &n);

	size = n * STUB_WORDS * abi->word;
	if (task_read(task, b->table, b->bytes, size) != (ssize_t)size) {
		for (size_t i = 0; i < n; i++)
			calls[i].result = -EFAULT;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t value = 0;

		memcpy(&value, table + (i * STUB_WORDS + STUB_RESULT) * abi->word, abi->word);
		/* The last page of 32-bit addresses is −errno as well. */
		if (abi->word == 4 && value > UINT32_MAX - 4095)
			value |= ~(uint64_t)UINT32_MAX;
		calls[i].result = (int64_t)value;
	}
	if (b->steps)
		calls[n - 1].result = b->last;
}

/* All as the kernel made it. */
static int clean(struct begin *b, const struct task *task)
{
	memset(b->bytes, 0, b->size);
	if (task_write(task, b->low, b->bytes, b->size) != (ssize_t)b->size ||
	    !write_code(b, task, b->code))
		return -EFAULT;
	return 0;
}

/* @in_call: in a stop from which the kernel would carry out a call. */
static void finish(struct engine *en, struct tracee *t, bool in_call)
{
	struct begin *b = t->begin;
	struct event ev = { .kind = EVENT_BEGIN, .task = t->task, .exec = &b->exec };
	int r;

	if (b->traps)
		sys_ptrace(PTRACE_SETSIGMASK, t->task->tid, sizeof(b->mask), (uintptr_t)&b->mask);
	read_results(b, t->task);
	r = clean(b, t->task);
	b->exec.refused = r < 0;
	b->exec.sp = regs_sp(&b->before);
	b->exec.ip = regs_ip(&b->before);
	engine_tell(en, &ev);
	if (b->exec.sp != regs_sp(&b->before))
		regs_set_sp(&b->before, b->exec.sp);
	if (b->exec.ip != regs_ip(&b->before))
		regs_set_ip(&b->before, b->exec.ip);
	regs_set_result(&b->before, 0);	/* execve(2)'s */
	if (in_call)
		regs_skip(&b->before);
	/* Without its sinks it has not got what it needs. */
	if (b->exec.refused || en->failed)
		refuse(t, &b->before);
	else
		regs_write(t->task->tid, &b->before);
	give_back(en, steal_ptr(t->begin));
}

void begin_seccomp(struct engine *en, struct tracee *t)
{
	const struct abi *abi = t->begin->exec.abi;
	struct regs regs;

	if (!t->begin->steps && regs_read_in(t->task->tid, abi_native(), &regs) == 0 &&
	    regs_nr(&regs) == (uint64_t)abi_number(abi, SYSCALL_chdir) &&
	    (uint32_t)regs_arg(&regs, 0) == (uint32_t)END_ADDR) {
		/* Before 4.8 an entry stop comes first, and the call fails. */
		if (en->probe.entry_after)
			t->at_exit |= AT_EXIT_BEGIN;
		else
			finish(en, t, true);
	}
	t->skip_entry = en->probe.entry_after && t->at_exit;
	if (t->begin || !nest_at_begin(en, t, true))
		engine_resume(en, t, 0);
}

void begin_returned(struct engine *en, struct tracee *t)
{
	struct begin *b = t->begin;
	struct regs regs;

	if (b->steps) {
		if (regs_read_in(t->task->tid, abi_native(), &regs) < 0)
			return;
		b->last = regs_result(&regs);
		if (b->last <= -ERESTARTSYS && b->last >= -ERESTART_RESTARTBLOCK)
			return;
		if (--b->returns)
			return;
	}
	finish(en, t, false);
}

bool begin_trapped(struct engine *en, struct tracee *t)
{
	const struct begin *b = t->begin;
	struct regs regs;

	siginfo_t info;

	/* One that somebody sent is another. */
	if (sys_ptrace(PTRACE_GETSIGINFO, t->task->tid, 0, (uintptr_t)&info) < 0 || info.si_code <= 0)
		return false;
	if (regs_read_in(t->task->tid, abi_native(), &regs) < 0 || regs_ip(&regs) < b->code_at ||
	    regs_ip(&regs) > b->code_at + b->exec.abi->stub->len)
		return false;
	finish(en, t, false);
	return true;
}
