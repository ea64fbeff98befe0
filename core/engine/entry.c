// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * System calls at their entry and, when somebody waits for it, at their exit.
 *
 * Only what is different is written back: a call that is answered, or whose path is
 * replaced, is seen again at its exit, where the registers become what the program
 * put into them, for it may look at them (i386's vDSO, hand-written assembly).
 */
#include <errno.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/begin.h"
#include "core/engine/filter.h"
#include "core/engine/ptrace.h"
#include "core/engine/strict.h"
#include "core/engine/sys.h"

/* The kernel's own: the call starts again after the signal, or fails with EINTR. */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

/* What is known of a call at its entry; registers are read only when they must be. */
struct entry {
	const struct abi *abi;
	uint32_t audit_arch;
	uint64_t nr;
	uint64_t args[6];
	uint32_t data;		/* of the filter that stopped it */
};

/* What the kernel says of the call it is in, which is asked once at a stop. 0 or −errno. */
static int read_info(struct engine *en, struct tracee *t, struct sys_info *ret)
{
	if (en->told_of != t)
		return sys_info(t->task->tid, ret);
	*ret = *en->told;
	return 0;
}

/* 0 or −errno (the task is gone). */
static int read_entry(struct engine *en, struct tracee *t, bool seccomp, struct entry *ret)
{
	struct sys_info info;
	struct regs regs;
	int r;

	if (!en->probe.syscall_info) {
		r = read_info(en, t, &info);
		if (r < 0)
			return r;
		ret->audit_arch = info.arch;
		ret->nr = info.entry.nr;
		memcpy(ret->args, info.entry.args, sizeof(ret->args));
		ret->data = info.op == SYS_INFO_SECCOMP ? info.entry.ret_data : 0;
		t->call_abi = ret->abi = abi_find_by_audit(info.arch, info.entry.nr);
		return 0;
	}
	r = regs_read(t->task->tid, &regs);
	if (r < 0)
		return r;
	t->call_abi = ret->abi = regs_call(&regs, &ret->nr, ret->args);
	ret->data = seccomp ? (uint32_t)sys_event_message(t->task->tid) : 0;
	return 0;
}

void entry_settle_fs(struct engine *en, struct tracee *t)
{
	enum fs_doubt doubt = t->fs_doubt;

	t->fs_doubt = FS_SURE;
	if (doubt == FS_ALL)
		task_fs_changed_all(en->tasks);
	else if (doubt == FS_OWN)
		task_fs_changed(t->task);
}

/*
 * The call will not be carried out. At the stop of a filter its result can be put at once
 * (Documentation/userspace-api/seccomp_filter.rst), since 4.8: before, an entry stop comes
 * after it. Elsewhere, and where its exit is of interest, it is put there.
 */
static int cancel(struct engine *en, struct tracee *t, int64_t answer)
{
	bool now = en->ret->kind == ENGINE_PTRACE_SECCOMP && !en->probe.entry_after && !t->at_exit;
	struct regs regs;
	int r = regs_read_in(t->task->tid, t->call_abi, &regs);

	if (r < 0)
		return r;
	regs_skip(&regs);
	if (now)
		regs_set_result(&regs, answer);
	r = regs_write(t->task->tid, &regs);
	if (r < 0 || now)
		return r;
	t->answer = answer;
	t->at_exit |= AT_EXIT_ANSWER;
	return 0;
}

/* What is looked up changes with this call, at a moment that only its exit tells. */
static void doubt_fs(struct tracee *t, const struct call *call)
{
	if (!call->row)
		return;
	if (call->row->class == SYSCALL_ENTER)
		t->fs_doubt = FS_OWN;
	else if (call->row->class == SYSCALL_MOUNT)
		t->fs_doubt = FS_ALL;
	else
		return;
	/* With CLONE_FS others may ask before this task stops again. */
	if (t->task->fs->refs > 1 || call->row == syscall_row(SYSCALL_unshare))
		t->at_exit |= AT_EXIT_FS;
}

static void keep_call(struct engine *en, struct tracee *t)
{
	struct call kept;

	if (!t->call) {
		t->call = calloc(1, sizeof(*t->call));
		if (!t->call) {
			engine_fail(en, err_set(en->e, -ENOMEM, "remember a call"));
			return;
		}
	}
	kept = *t->call;
	*t->call = en->call;
	en->call = kept;
	t->at_exit |= AT_EXIT_SINK;
}

/* Do what the sinks, or the engine's own policy, answered. */
static int carry_out(struct engine *en, struct tracee *t, struct event *ev)
{
	bool rewrites = !patch_is_empty(ev->patch);
	int r;

	for (int i = 0; i < ev->call->n_paths; i++)
		rewrites |= ev->rewrite[i] != NULL;
	if (!ev->answered && rewrites) {
		r = rewrite_call(t, ev);
		if (r == -ESRCH)
			return r;
		if (t->at_exit & AT_EXIT_SCRATCH)
			return 0;	/* the true call comes again, and its event too */
		if (r < 0) {
			ev->answered = true;
			ev->answer = r;
		} else {
			en->ret->census.rewritten++;
		}
	}
	if (ev->want_return)
		keep_call(en, t);
	if (!ev->answered)
		return 0;
	en->ret->census.answered++;
	return cancel(en, t, ev->answer);
}

static bool is_for_sinks(const struct engine *en, const struct tracee *t, const struct call *call)
{
	/* Between fork and the first execve it is still care itself that runs. */
	if (!t->task->image && (!call->row || call->row->class != SYSCALL_EXEC))
		return false;
	if (!call->row || filter_adds_task(en->classes, call->row, call->args))
		return true;
	/* What the filter lets through is not told by the engine without one either. */
	return (en->classes & SYSCALL_BIT(call->row->class)) &&
	       !(call->via == call->row && filter_leaves_out(en->classes, call->row, call->args));
}

/* Not the program's mistake (EFAULT, ENAMETOOLONG) but ours: its path is not known. */
static bool is_unreadable(int error)
{
	return error && error != -EFAULT && error != -ENAMETOOLONG && error != -ESRCH;
}

static ssize_t read_tracee(void *task, uint64_t addr, void *to, size_t len)
{
	return task_read(task, addr, to, len);
}

static void release_signals(struct tracee *t)
{
	if (t->held)
		sys_ptrace(PTRACE_SETSIGMASK, t->task->tid, sizeof(t->mask), (uintptr_t)&t->mask);
	t->held = false;
}

static void look(struct engine *en, struct tracee *t, const struct entry *entry)
{
	struct event ev = { .kind = EVENT_CALL, .task = t->task, .call = &en->call, .patch = &en->patch };
	int r;

	patch_reset(&en->patch);
	release_signals(t);
	t->patch_at = 0;
	t->task->abi = entry->abi;
	t->nr = entry->nr;
	t->nr_known = true;
	if (!entry->abi) {
		policy_unknown(en, "another architecture", entry->nr);
		if (en->spec->confine)
			cancel(en, t, -ENOSYS);
		return;
	}
	if (entry->abi->untested && !en->told_untested)
		t->at_exit |= AT_EXIT_UNTESTED;
	r = call_decode(&en->call, entry->abi, entry->nr, entry->args, read_tracee, t->task);
	if (r < 0) {
		engine_fail(en, err_set(en->e, r, "decode a call"));
		return;
	}
	if (!en->call.row) {
		t->unknown = entry->nr;
		t->at_exit |= AT_EXIT_UNKNOWN;
	}
	if (en->ret->kind == ENGINE_PTRACE)
		begin_disposition(t, &en->call);
	for (int i = 0; i < en->call.n_paths; i++)
		en->ret->census.unreadable += is_unreadable(en->call.paths[i].error);
	if (!policy_answers(en, t, &ev) && !en->failed && is_for_sinks(en, t, &en->call)) {
		en->ret->census.calls++;
		r = bus_send(en->bus, &ev, en->e);
		if (r < 0) {
			engine_fail(en, r);
			return;
		}
	}
	if (!ev.answered)
		doubt_fs(t, &en->call);
	carry_out(en, t, &ev);
}

/* A tracer made it none, at a stop before this one. */
static bool is_no_call(const struct entry *entry)
{
	return (uint32_t)entry->nr == UINT32_MAX;
}

/* Nobody looks at calls any more, but for those who trace others there is work to do. */
static bool is_idle(const struct engine *en)
{
	return en->failed && !en->nests.all;
}

static void filter_stop_ends(struct engine *en, struct tracee *t)
{
	bool traced = t->nest && t->nest->tracer && t->nest->how == NEST_CALLS;

	t->skip_entry = en->probe.entry_after && (t->at_exit || traced);
}

void entry_filter_go(struct engine *en, struct tracee *t)
{
	bool late = en->ret->kind == ENGINE_PTRACE;
	struct entry entry;

	if (late && nest_same_call(t))
		return;
	if (late) {
		t->replaced = 0;
		t->at_exit &= ~(AT_EXIT_SINK | AT_EXIT_RESTORE);
	}
	if (!is_idle(en) && read_entry(en, t, true, &entry) == 0 && !is_no_call(&entry))
		look(en, t, &entry);
	filter_stop_ends(en, t);
}

void entry_seccomp(struct engine *en, struct tracee *t)
{
	struct entry entry;
	bool ours;
	int r;

	if (t->begin) {
		begin_seccomp(en, t);
		return;
	}
	if (en->ret->kind == ENGINE_PTRACE) {
		if (!nest_at_late_filter(en, t))
			engine_resume(en, t, 0);
		return;
	}
	r = is_idle(en) ? -ECANCELED : read_entry(en, t, true, &entry);
	ours = r == 0 && entry.data == en->filter_data;
	t->in_call = !en->probe.entry_after;
	if (r == 0 && is_no_call(&entry))
		r = -ENOSYS;
	if (r == 0 && entry.data == STRICT_DATA) {
		policy_strict_kills(t);
		return;
	}
	if (r == 0 && nest_at_filter(en, t, ours))
		return;
	if (r == 0 && !ours) {
		/* Not ours but the program's own SECCOMP_RET_TRACE: without a tracer
		 * of its own the kernel answers this. */
		cancel(en, t, -ENOSYS);
	} else if (r == 0) {
		look(en, t, &entry);
	}
	filter_stop_ends(en, t);
	engine_resume(en, t, 0);
}

static int read_result(struct engine *en, struct tracee *t, int64_t *ret)
{
	struct sys_info info;
	struct regs regs;
	int r;

	if (!en->probe.syscall_info) {
		r = read_info(en, t, &info);
		if (r == 0)
			*ret = info.exit.rval;
		return r;
	}
	r = regs_read_in(t->task->tid, t->call_abi, &regs);
	if (r == 0)
		*ret = regs_result(&regs);
	return r;
}

/* What the program put into its registers, and the answer. */
static int settle_registers(struct tracee *t, unsigned why, int64_t *ret_result)
{
	struct regs regs;
	int r = regs_read_in(t->task->tid, t->call_abi, &regs);
	int64_t result;

	if (r < 0)
		return r;
	result = *ret_result = why & AT_EXIT_ANSWER ? t->answer : regs_result(&regs);
	for (int i = 0; i < SYSCALL_ARGS; i++)
		if (t->replaced & 1u << i)
			regs_set_arg(&regs, i, t->originals[i]);
	t->replaced = 0;
	/* What a signal ends is started again by the number that stands here (x86). */
	if (t->renumbered != REGS_NO_CALL)
		regs_set_nr(&regs, t->renumbered);
	t->renumbered = REGS_NO_CALL;
	/* Last: arm has the result where the first argument was. */
	regs_set_result(&regs, result);
	return regs_write(t->task->tid, &regs);
}

/* A sink gives another result of a call that was carried out. */
static void replace_result(struct tracee *t, int64_t result)
{
	struct regs regs;

	if (regs_read_in(t->task->tid, t->call_abi, &regs) < 0)
		return;	/* it died meanwhile */
	regs_set_result(&regs, result);
	regs_write(t->task->tid, &regs);
}

/*
 * A signal that comes before the call does waits: its handler could make calls of its own
 * in between, or never come back. PTRACE_SETSIGMASK is of Linux 3.11.
 */
static void hold_signals(struct tracee *t)
{
	static const uint64_t all = UINT64_MAX;
	pid_t tid = t->task->tid;

	if (sys_ptrace(PTRACE_GETSIGMASK, tid, sizeof(t->mask), (uintptr_t)&t->mask) == 0)
		t->held = sys_ptrace(PTRACE_SETSIGMASK, tid, sizeof(all), (uintptr_t)&all) == 0;
}

/* Back before the call, as the program made it; its entry is an event like any other. */
static void make_again(struct tracee *t)
{
	struct regs regs;

	if (regs_read_in(t->task->tid, t->call_abi, &regs) < 0)
		return;
	for (int i = 0; i < SYSCALL_ARGS; i++)
		regs_set_arg(&regs, i, t->call->args[i]);
	regs_rewind(&regs, t->call->nr);
	if (regs_write(t->task->tid, &regs) < 0)
		return;
	hold_signals(t);
	t->rewound = true;
}

static void leave(struct engine *en, struct tracee *t)
{
	struct event ev = { .kind = EVENT_RETURN, .task = t->task, .call = t->call,
			    .patch_at = t->patch_at };
	unsigned why = t->at_exit;
	bool settles = why & (AT_EXIT_ANSWER | AT_EXIT_RESTORE);
	int64_t result = 0;
	int r;

	t->at_exit = 0;
	if (why & AT_EXIT_SCRATCH) {
		rewrite_scratch(en, t);
		t->rewound = true;
		return;
	}
	if (why & AT_EXIT_BEGIN) {
		begin_returned(en, t);
		return;
	}
	r = settles && !(why & AT_EXIT_NEST) ? 0 : read_result(en, t, &result);
	if (r < 0)
		return;
	if ((why & AT_EXIT_NEST) && nest_wait_exit(en, t, &result)) {
		t->answer = result;
		why |= AT_EXIT_ANSWER;
	}
	if (t->rewound)
		return;
	ev.replaced = t->renumbered != REGS_NO_CALL;
	if (why & (AT_EXIT_ANSWER | AT_EXIT_RESTORE))
		r = settle_registers(t, why, &result);
	if (r < 0)
		return;
	/* A signal came first: not done, and done again by the kernel if the program wants. */
	if (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK)
		result = -EINTR;
	policy_returned(en, t, why, result);
	if (!(why & AT_EXIT_SINK) || en->failed)
		return;
	en->ret->census.returns++;
	ev.result = result;
	r = bus_send(en->bus, &ev, en->e);
	if (r < 0)
		engine_fail(en, r);
	else if (ev.again)
		make_again(t);
	else if (ev.answered)
		replace_result(t, ev.answer);
}

/* Plain ptrace: is this stop an entry? The kernel tells since 5.3, before we must count. */
static bool is_entry(struct engine *en, struct tracee *t, struct sys_info *info)
{
	if (en->probe.syscall_info || sys_info(t->task->tid, info) < 0)
		return !t->in_call;
	en->told = info;
	en->told_of = t;
	return info->op == SYS_INFO_ENTRY;
}

void entry_go(struct engine *en, struct tracee *t)
{
	bool every = en->ret->kind == ENGINE_PTRACE;
	struct entry entry;

	if (is_idle(en) || (!every && !t->traces))
		return;
	if (read_entry(en, t, false, &entry) < 0 || is_no_call(&entry))
		return;
	if (t->traces && entry.abi && nest_wait_entry(en, t, entry.abi, entry.nr, entry.args))
		return;
	if (every)
		look(en, t, &entry);
}

int entry_answer(struct engine *en, struct tracee *t, int64_t answer)
{
	t->at_exit |= AT_EXIT_ANSWER;
	return cancel(en, t, answer);
}

/* True: the stop is a tracer's now. */
static bool on_exit_stop(struct engine *en, struct tracee *t)
{
	bool begins = t->begin;

	t->in_call = false;
	if (t->at_exit)
		leave(en, t);
	if (begin_steps(t))
		begin_returned(en, t);
	if (begins)
		return !t->begin && nest_at_begin(en, t, false);
	if (nest_at_exit(en, t))
		return true;
	t->nr_known = false;
	return false;
}

/* True: the stop is a tracer's now. */
static bool on_entry_stop(struct engine *en, struct tracee *t)
{
	t->in_call = true;
	t->nr_known = false;
	if (t->begin)
		return false;
	if (nest_at_entry(en, t))
		return true;
	entry_go(en, t);
	return false;
}

void entry_syscall_stop(struct engine *en, struct tracee *t)
{
	struct sys_info info;
	bool shown = false;

	if (t->skip_entry) {
		t->skip_entry = false;
		t->in_call = true;
	} else if ((t->calls || begin_steps(t)) && is_entry(en, t, &info)) {
		shown = on_entry_stop(en, t);
	} else {
		shown = on_exit_stop(en, t);
	}
	en->told_of = NULL;
	if (!shown)
		engine_resume(en, t, 0);
}
