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
 * Without a filter, or with filters of the program's own, which might end it for the last
 * call, it is watched call by call and has finished when the last of them returns.
 *
 * Handlers of signals do not survive execve(2), so none can run meanwhile: what comes is
 * delivered, and ends the task, stops it, or is nothing.
 */
#include "core/engine/begin.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "arch/stub.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/engine/ptrace.h"
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
	bool steps;		/* watched call by call: */
	size_t returns;		/* so many are still to come, execve's own the first */
	int64_t last;		/* what the last gave, which the stub has not put down yet */
};

bool begin_steps(const struct tracee *t)
{
	return t->begin && t->begin->steps;
}

void begin_free(struct begin *b)
{
	if (!b)
		return;
	exec_free(&b->exec);
	free(b);
}

static void put_word(const struct abi *abi, unsigned char *entry, int word, uint64_t value)
{
	memcpy(entry + word * abi->word, &value, abi->word);	/* little-endian, as all are */
}

/* What @call is in the table; with @addr of the bytes. */
static void put_call(const struct abi *abi, unsigned char *entry, const struct event_call *call,
		     uint64_t addr)
{
	put_word(abi, entry, STUB_NR, (uint64_t)abi_number(abi, call->id));
	for (int i = 0; i < SYSCALL_ARGS; i++)
		put_word(abi, entry, STUB_ARGS + i,
			 call->args[i] + (call->in_bytes & 1u << i ? addr : 0));
}

/* The table, the bytes behind it, all zero-filled where nothing stands. NULL: no memory. */
static unsigned char *compose(struct begin *b, size_t n, size_t table_size, uint64_t bytes_at)
{
	const struct abi *abi = b->exec.abi;
	const struct event_call *calls = exec_calls(&b->exec, &n);
	const struct event_call end = { .id = SYSCALL_chdir, .args = { END_ADDR } };
	unsigned char *image = calloc(1, b->size), *at = image;

	if (!image)
		return NULL;
	put_word(abi, at, STUB_FIRST, STUB_FIRST_RESULT);
	for (size_t i = 0; i < n; i++, at += STUB_WORDS * abi->word)
		put_call(abi, at, &calls[i], bytes_at);
	if (!b->steps) {
		put_call(abi, at, &end, 0);
		at += STUB_WORDS * abi->word;
	}
	put_word(abi, at, STUB_NR, UINT64_MAX);
	if (b->exec.patch.bytes.len)
		memcpy(image + table_size, b->exec.patch.bytes.data, b->exec.patch.bytes.len);
	return image;
}

/* The table below the stack pointer: 0 or −errno. */
static int put_table(struct begin *b, const struct task *task)
{
	_cleanup_free_ unsigned char *image = NULL;
	size_t n, table_size;

	exec_calls(&b->exec, &n);
	table_size = ((n + 2) * STUB_WORDS * b->exec.abi->word + 15) & ~(size_t)15;
	b->size = (table_size + b->exec.patch.bytes.len + 15) & ~(size_t)15;
	if (b->size > ROOM)
		return -E2BIG;
	b->low = (regs_sp(&b->before) - RED_ZONE - b->size) & ~(uint64_t)15;
	b->table = b->low;
	patch_settle(&b->exec.patch, b->low + table_size);
	image = compose(b, n, table_size, b->low + table_size);
	if (!image)
		return -ENOMEM;
	return task_write(task, b->low, image, b->size) == (ssize_t)b->size ? 0 : -EFAULT;
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
	    task_write(task, at, stub->code, stub->len) != (ssize_t)stub->len)
		return -EFAULT;
	return 0;
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
	b->steps = en->ret->kind == ENGINE_PTRACE || t->filtered;
	b->returns = n + 1;
	if (!b->exec.abi->stub)
		return -ENOEXEC;
	r = put_table(b, t->task);
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
	if (regs_read(t->task->tid, &regs) == 0) {
		x->abi = regs_code_abi(&regs);
		x->sp = regs_sp(&regs);
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
	b = r == 0 && !x->refused ? calloc(1, sizeof(*b)) : NULL;
	if (b) {
		b->before = regs;
		b->exec = *x;
		*x = (struct event_exec){ 0 };
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
	_cleanup_free_ unsigned char *table = NULL;
	size_t n, size;
	struct event_call *calls = exec_calls(&b->exec, &n);

	size = n * STUB_WORDS * abi->word;
	table = malloc(size);
	if (!table || task_read(task, b->table, table, size) != (ssize_t)size) {
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
static int clean(const struct begin *b, const struct task *task)
{
	_cleanup_free_ unsigned char *zeros = calloc(1, b->size);
	size_t len = b->exec.abi->stub->len;

	if (!zeros)
		return -ENOMEM;
	if (task_write(task, b->low, zeros, b->size) != (ssize_t)b->size ||
	    task_write(task, b->code_at, b->code, len) != (ssize_t)len)
		return -EFAULT;
	return 0;
}

/* @in_call: in a stop from which the kernel would carry out a call. */
static void finish(struct engine *en, struct tracee *t, bool in_call)
{
	struct begin *b = t->begin;
	struct event ev = { .kind = EVENT_BEGIN, .task = t->task, .exec = &b->exec };
	int r;

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
	begin_free(steal_ptr(t->begin));
}

void begin_seccomp(struct engine *en, struct tracee *t)
{
	const struct abi *abi = t->begin->exec.abi;
	struct regs regs;

	if (!t->begin->steps && regs_read(t->task->tid, &regs) == 0 &&
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
		if (regs_read(t->task->tid, &regs) < 0)
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

	if (regs_read(t->task->tid, &regs) < 0 || regs_ip(&regs) < b->code_at ||
	    regs_ip(&regs) > b->code_at + b->exec.abi->stub->len)
		return false;
	finish(en, t, false);
	return true;
}
