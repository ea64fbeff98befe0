// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the engine answers by itself, for calls that would end the observation or
 * that show it. Everything else is the sinks' business.
 */
#include <errno.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/engine/ptrace.h"
#include "core/engine/strict.h"

static bool answer(struct event *ev, int64_t value)
{
	ev->answered = true;
	ev->answer = value;
	return true;
}

/*
 * After PR_SET_DUMPABLE 0 an unprivileged tracer can read nothing any more. A
 * privileged one can, so there the program gets what it asks for.
 */
static bool dumpable(struct engine *en, struct tracee *t, struct event *ev)
{
	const uint64_t *args = ev->call->vals;

	if (en->probe.reads_all)
		return false;
	if ((uint32_t)args[0] == PR_GET_DUMPABLE)
		return t->image->undumpable && answer(ev, 0);
	if (args[1] > 1)
		return false;	/* the kernel refuses it */
	t->image->undumpable = !args[1];
	return answer(ev, 0);
}

static void filtered(struct engine *en, struct tracee *t)
{
	size_t cursor = 0;
	struct task *other;

	/* With TSYNC all threads are; believing it of one too many costs little. */
	while ((other = task_next(en->tasks, &cursor)))
		if (other->tgid == t->task->tgid)
			((struct tracee *)other->engine)->filtered = true;
}

static bool seccomp(struct engine *en, struct tracee *t, struct event *ev)
{
	const struct call *call = ev->call;
	bool by_prctl = call->via == syscall_row(SYSCALL_prctl);
	uint32_t what = (uint32_t)call->vals[by_prctl ? 1 : 0];

	if (by_prctl && (uint32_t)call->vals[0] == PR_GET_SECCOMP)
		return en->ret->kind == ENGINE_PTRACE_SECCOMP && !t->filtered && answer(ev, 0);
	if (by_prctl && (uint32_t)call->vals[0] != PR_SET_SECCOMP)
		return false;
	if (what == (by_prctl ? SECCOMP_MODE_FILTER : SECCOMP_SET_MODE_FILTER))
		t->at_exit |= AT_EXIT_FILTER;
	else if (what == (by_prctl ? SECCOMP_MODE_STRICT : SECCOMP_SET_MODE_STRICT) &&
		 en->ret->kind == ENGINE_PTRACE_SECCOMP) {
		if (t->filtered)	/* by itself: the mode can't change any more */
			return answer(ev, -EINVAL);
		strict_instead(t, call);
	}
	return false;
}

/* CLONE_UNTRACED makes a task that is not traced but filtered: all its calls would fail. */
static void keep_traced(struct tracee *t, const struct call *call)
{
	uint64_t flags;

	if (call->row == syscall_row(SYSCALL_clone) && (call->vals[0] & CLONE_UNTRACED))
		rewrite_arg(t, 0, call->vals[0] & ~(uint64_t)CLONE_UNTRACED);
	if (call->row != syscall_row(SYSCALL_clone3))
		return;
	if (task_read(t->task, call->vals[0], &flags, sizeof(flags)) != sizeof(flags) ||
	    !(flags & CLONE_UNTRACED))
		return;
	flags &= ~(uint64_t)CLONE_UNTRACED;
	task_write(t->task, call->vals[0], &flags, sizeof(flags));
}

void policy_unknown(struct engine *en, const char *abi, uint64_t nr)
{
	struct engine_census *c = &en->ret->census;
	struct engine_unknown *more;

	for (size_t i = 0; i < c->n_unknown; i++)
		if (c->unknown[i].nr == nr && !strcmp(c->unknown[i].abi, abi)) {
			c->unknown[i].count++;
			return;
		}
	more = realloc(c->unknown, (c->n_unknown + 1) * sizeof(*more));
	if (!more)
		return;
	c->unknown = more;
	c->unknown[c->n_unknown++] = (struct engine_unknown){ abi, nr, 1 };
	log_warn("system call %llu of %s is newer than this care: what it uses is not recorded",
		 (unsigned long long)nr, abi);
}

/* Its calls are decoded like all others, but by hearsay. */
static void untested(struct engine *en, struct tracee *t, const struct abi *abi)
{
	_cleanup_buf_ struct buf name = BUF_INIT;

	if (en->told_untested)
		return;
	en->told_untested = true;
	task_name(t->task, &name);
	log_warn("%s makes calls of the %s ABI, with which care is not tested: "
		 "what it uses may be missing", buf_str(&name), abi->name);
}

bool policy_answers(struct engine *en, struct tracee *t, struct event *ev)
{
	const struct call *call = ev->call;

	if (!call->row)
		return false;
	switch (call->row->class) {
	case SYSCALL_REFUSE:
		if (en->spec->allow_io_uring)
			return false;
		en->ret->census.io_uring += call->row == syscall_row(SYSCALL_io_uring_setup);
		return answer(ev, -ENOSYS);
	case SYSCALL_DUMP:
		return dumpable(en, t, ev);
	case SYSCALL_TRACE:
		return nest_ptrace(en, t, ev);
	case SYSCALL_SECCOMP:
		return seccomp(en, t, ev);
	case SYSCALL_TASK:
		keep_traced(t, call);
		return false;
	case SYSCALL_MOUNT:
		if (call->row == syscall_row(SYSCALL_unshare))
			t->unshared = call->vals[0];
		return false;
	default:
		return false;
	}
}

void policy_returned(struct engine *en, struct tracee *t, unsigned why, int64_t result)
{
	if ((why & AT_EXIT_UNKNOWN) && result != -ENOSYS)
		policy_unknown(en, t->task->abi->name, t->unknown);
	if ((why & AT_EXIT_UNTESTED) && result != -ENOSYS)
		untested(en, t, t->task->abi);
	/* Not 0 but right: a listener's descriptor. A thread's id, if TSYNC failed, is none. */
	if ((why & AT_EXIT_FILTER) && result >= 0)
		filtered(en, t);
	if (!(why & AT_EXIT_FS))
		return;
	if (t->unshared && result == 0 &&
	    (t->unshared & (CLONE_FS | CLONE_NEWNS | CLONE_NEWUSER)) &&
	    task_fs_unshare(t->task) < 0)
		engine_fail(en, err_set(en->e, -ENOMEM, "follow a namespace"));
	t->unshared = 0;
	task_fs_changed(t->task);
}
