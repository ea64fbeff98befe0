// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who traces whom, and the stops that a tracer is told.
 *
 * A stop of ours becomes one of the tracer's by not being ended: registers, signal and
 * event message are then the kernel's own. The order is the kernel's too: an entry is
 * reported before the engine looks at the call, an exit after it has put registers back, so
 * that the tracer sees what the program put there, and what it changes is what happens.
 */
#include "core/engine/nest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/abi.h"
#include "arch/ptrace.h"
#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/engine/ptrace.h"
#include "core/engine/sys.h"

#define SYSGOOD 0x80
#define ENTRY_TRAP (SIGTRAP | SYSGOOD)

struct nest *nest_of(struct engine *en, struct tracee *t)
{
	struct nest *n = t->nest;

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->t = t;
	n->next = en->nests.all;
	en->nests.all = n;
	t->nest = n;
	return n;
}

bool nest_same_process(const struct nest *a, const struct nest *b)
{
	return a->t->task->tgid == b->t->task->tgid;
}

static bool is_traced(const struct tracee *t)
{
	return t->nest && t->nest->tracer;
}

/* --- tracers: all their calls are seen --------------------------------------------------- */

/*
 * No filter of ours stops waits, for every shell would pay. A tracer is made to stop at all
 * of its calls instead, from its next stop on; its children are not.
 *
 * One that sleeps must be woken for that, or it would begin a wait unseen. Most calls go on
 * by themselves after it (signal(7)); those that do not are left alone, for then a SIGCHLD
 * comes before their caller can wait for a child that it knows to be stopped.
 */
static bool may_wake(const struct tracee *t)
{
	static const enum syscall_id keep[] = {
		SYSCALL_epoll_wait, SYSCALL_epoll_pwait, SYSCALL_epoll_pwait2, SYSCALL_semop,
		SYSCALL_semtimedop, SYSCALL_rt_sigtimedwait, SYSCALL_io_getevents,
	};
	_cleanup_buf_ struct buf text = BUF_INIT;
	const struct abi *abi = t->task->abi ? t->task->abi : abi_native();
	enum syscall_id id;
	char name[64], *end;
	uint64_t nr;

	snprintf(name, sizeof(name), "/proc/%d/syscall", (int)t->task->tid);
	if (io_read_file(AT_FDCWD, name, 4096, &text, NULL) < 0)
		return true;
	nr = strtoull(buf_str(&text), &end, 10);
	if (end == buf_str(&text))
		return true;	/* "running" */
	id = abi_syscall(abi, nr);
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
		if (id == keep[i])
			return false;
	return true;
}

static void poke(struct tracee *t)
{
	t->poked = sys_ptrace(PTRACE_INTERRUPT, t->task->tid, 0, 0) == 0;
}

static bool has_tracees(struct engine *en, pid_t tgid)
{
	for (struct nest *n = en->nests.all; n; n = n->next)
		if (n->tracer && n->tracer->t->task->tgid == tgid)
			return true;
	for (struct nest_dead *d = en->nests.dead; d; d = d->next)
		if (d->tracer->t->task->tgid == tgid)
			return true;
	return false;
}

/* Whether the process of @tracer traces; its threads are to know. */
static void settle_tracer(struct engine *en, struct tracee *tracer)
{
	bool traces = has_tracees(en, tracer->task->tgid);
	size_t cursor = 0;
	struct task *task;

	if (tracer->traces == traces)
		return;
	while ((task = task_next(en->tasks, &cursor))) {
		struct tracee *t = task->engine;

		if (task->tgid != tracer->task->tgid)
			continue;
		t->traces = traces;
		if (traces && !t->stopped && !t->calls && may_wake(t))
			poke(t);
	}
}

/* --- the relation ------------------------------------------------------------------------ */

int nest_attach(struct engine *en, struct tracee *tracer, struct tracee *t, bool seized,
		unsigned options)
{
	struct nest *from = nest_of(en, tracer), *n = nest_of(en, t);

	if (!from || !n)
		return -ENOMEM;
	n->tracer = from;
	n->seized = seized;
	n->options = options;
	n->options_due = options != 0;
	n->how = NEST_RUN;
	n->stopped = n->unreported = n->starting = n->interrupt = false;
	n->stage = NEST_PLAIN;
	n->forged = 0;
	settle_tracer(en, tracer);
	return 0;
}

void nest_detach(struct engine *en, struct nest *n)
{
	struct nest *tracer = n->tracer;

	n->tracer = NULL;
	n->options_due = n->options != 0;
	n->options = 0;
	n->how = NEST_RUN;
	n->interrupt = n->starting = false;
	settle_tracer(en, tracer->t);
}

/* The kernel's options of a stopped task: ours, and what its tracer wants beyond them. */
static void settle_options(struct engine *en, struct nest *n)
{
	const unsigned more = PTRACE_O_TRACEEXIT | PTRACE_O_TRACEVFORKDONE |
			      PTRACE_O_TRACESECCOMP;
	const pid_t tid = n->t->task->tid;
	uintptr_t options = en->options | (n->options & more);

	if (!n->options_due)
		return;
	n->options_due = false;
	if (sys_ptrace(PTRACE_SETOPTIONS, tid, 0, options | PTRACE_O_EXITKILL) == -EINVAL)
		sys_ptrace(PTRACE_SETOPTIONS, tid, 0, options);
}

void nest_options(struct engine *en, struct nest *n)
{
	n->options_due = true;
	settle_options(en, n);
}

void nest_apply(struct tracee *t)
{
	poke(t);
}

void nest_interrupt(struct nest *n)
{
	n->interrupt = true;
	sys_ptrace(PTRACE_INTERRUPT, n->t->task->tid, 0, 0);
}

void nest_send(struct nest *n, int signo, int code, pid_t pid)
{
	n->forged = signo;
	n->forged_code = code;
	n->forged_pid = pid;
	syscall(SYS_tgkill, (long)n->t->task->tgid, (long)n->t->task->tid, (long)signo);
}

/* --- telling the tracer ------------------------------------------------------------------ */

/* A thread that waits for what came is woken; its wait is answered at its exit. */
static void wake(struct engine *en, const struct nest *tracer)
{
	for (struct nest *n = en->nests.all; n; n = n->next)
		if (n->wait.active && !n->t->stopped && nest_same_process(n, tracer) &&
		    nest_wait_ready(en, n))
			poke(n->t);
}

/*
 * SIGCHLD comes whatever its handler's SA_NOCLDSTOP says, which nobody can ask: a handler
 * that is called once too often looks for a child and finds none.
 */
void nest_tell(struct engine *en, struct nest *tracer, pid_t pid, int code, int status)
{
	tracer->chld_pid = pid;
	tracer->chld_code = code;
	tracer->chld_status = status;
	kill(tracer->t->task->tgid, SIGCHLD);
	wake(en, tracer);
}

static void patch_siginfo(struct nest *n, int code)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	if (sys_ptrace(PTRACE_GETSIGINFO, n->t->task->tid, 0, (uintptr_t)&info) < 0)
		return;
	info.si_signo = SIGTRAP;
	info.si_code = code;
	sys_ptrace(PTRACE_SETSIGINFO, n->t->task->tid, 0, (uintptr_t)&info);
}

bool nest_stop(struct engine *en, struct nest *n, int status, enum nest_stage stage)
{
	n->stopped = n->unreported = true;
	n->interrupt = n->starting = n->group = n->no_siginfo = false;
	n->status = status;
	n->stage = stage;
	n->signo = 0;
	n->message = 0;
	n->patched = false;
	n->t->stopped = true;
	settle_options(en, n);
	nest_tell(en, n->tracer, n->t->task->tid, CLD_TRAPPED, status & 0x7f);
	return true;
}

static bool call_stop(struct engine *en, struct nest *n, enum nest_stage stage)
{
	bool good = n->options & PTRACE_O_TRACESYSGOOD;

	nest_stop(en, n, good ? ENTRY_TRAP : SIGTRAP, stage);
	n->patched = !good;
	if (!good)
		patch_siginfo(n, SIGTRAP);
	return true;
}

/* --- stops ------------------------------------------------------------------------------- */

bool nest_at_entry(struct engine *en, struct tracee *t)
{
	bool again = t->rewound;

	t->rewound = false;
	if (again || !is_traced(t) || t->nest->how != NEST_CALLS)
		return false;
	return call_stop(en, t->nest, NEST_ENTRY);
}

/* A call that was answered, or made another one, has the number again that the program gave. */
static void restore_number(struct tracee *t)
{
	struct regs regs;

	if (!t->nr_known || regs_read(t->task->tid, &regs) < 0)
		return;
	if (regs_nr(&regs) == (uint32_t)t->nr)
		return;
	regs_set_nr(&regs, t->nr);
	regs_write(t->task->tid, &regs);
}

bool nest_at_exit(struct engine *en, struct tracee *t)
{
	struct nest *n = t->nest;

	if (!is_traced(t) || n->how == NEST_RUN)
		t->rewound = false;
	if (!is_traced(t) || n->how == NEST_RUN || t->rewound)
		return false;
	restore_number(t);
	if (n->how == NEST_CALLS)
		return call_stop(en, n, NEST_PLAIN);
	/* What user_single_step_report() of arch/x86/kernel/ptrace.c says. */
	nest_stop(en, n, SIGTRAP, NEST_PLAIN);
	patch_siginfo(n, TRAP_BRKPT);
	return true;
}

bool nest_at_filter(struct engine *en, struct tracee *t, bool ours)
{
	struct nest *n = t->nest;

	if (!is_traced(t))
		return false;
	/* Before 4.8 the entry comes after this, when the engine has changed registers. */
	if (en->probe.entry_after && ours && n->how == NEST_CALLS && !t->rewound)
		return call_stop(en, n, NEST_FILTER);
	if (ours || !(n->options & PTRACE_O_TRACESECCOMP))
		return false;
	return nest_stop(en, n, SIGTRAP | PTRACE_EVENT_SECCOMP << 8, NEST_FILTER);
}

/* SIGCHLD to a tracer, and what we sent to the traced, as if the kernel had sent it. */
static void forge(struct engine *en, struct tracee *t, int signo)
{
	struct nest *n = t->nest;
	siginfo_t info;

	if (!(en->nests.all && signo == SIGCHLD) && !(n && n->forged == signo))
		return;
	memset(&info, 0, sizeof(info));
	if (sys_ptrace(PTRACE_GETSIGINFO, t->task->tid, 0, (uintptr_t)&info) < 0 ||
	    info.si_code > 0 || info.si_pid != getpid())
		return;
	if (n && n->forged == signo) {
		n->forged = 0;
		info.si_code = n->forged_code;
		info.si_pid = n->forged_pid;
		if (!n->forged_pid)
			info.si_uid = 0;
	} else {
		for (n = en->nests.all; n; n = n->next)
			if (n->chld_pid && n->t->task->tgid == t->task->tgid)
				break;
		if (!n)
			return;
		info.si_code = n->chld_code;
		info.si_pid = n->chld_pid;
		info.si_status = n->chld_status;
	}
	sys_ptrace(PTRACE_SETSIGINFO, t->task->tid, 0, (uintptr_t)&info);
}

bool nest_at_signal(struct engine *en, struct tracee *t, int signo)
{
	forge(en, t, signo);
	t->in_call = false;
	if (!is_traced(t))
		return false;
	nest_stop(en, t->nest, signo, NEST_PLAIN);
	t->nest->signo = signo;
	return true;
}

bool nest_at_event(struct engine *en, struct tracee *t, unsigned event)
{
	if (!is_traced(t) || !(t->nest->options & 1u << event))
		return false;
	return nest_stop(en, t->nest, (int)(SIGTRAP | event << 8), NEST_PLAIN);
}

bool nest_at_exec(struct engine *en, struct tracee *t)
{
	if (!is_traced(t))
		return false;
	if (t->begin) {
		t->nest->exec_due = true;
		t->nest->message = sys_event_message(t->task->tid);
		return false;
	}
	if (t->nest->options & PTRACE_O_TRACEEXEC)
		return nest_at_event(en, t, PTRACE_EVENT_EXEC);
	/* ptrace_event() of linux/ptrace.h: the report as it was before there were options. */
	if (!t->nest->seized)
		nest_send(t->nest, SIGTRAP, SI_USER, t->task->tgid);
	return false;
}

bool nest_at_begin(struct engine *en, struct tracee *t, bool in_call)
{
	struct nest *n = t->nest;
	unsigned long message = n ? n->message : 0;

	if (!is_traced(t) || !n->exec_due)
		return false;
	n->exec_due = false;
	t->in_call = in_call;
	if (!nest_at_exec(en, t)) {
		/* The exit of execve(2) is this stop, or comes after it. */
		return !in_call && nest_at_exit(en, t);
	}
	n->message = message;
	n->patched = true;
	n->stage = in_call ? NEST_PLAIN : NEST_BEGUN;
	patch_siginfo(n, SIGTRAP | PTRACE_EVENT_EXEC << 8);
	return true;
}

bool nest_at_start(struct engine *en, struct tracee *t)
{
	struct nest *n = t->nest;

	if (!is_traced(t) || !n->starting)
		return false;
	if (n->seized)
		return nest_stop(en, n, SIGTRAP | PTRACE_EVENT_STOP << 8, NEST_PLAIN);
	n->starting = false;
	settle_options(en, n);
	nest_send(n, SIGSTOP, SI_USER, 0);
	return false;
}

bool nest_at_trap(struct engine *en, struct tracee *t, int signo)
{
	struct nest *n = t->nest;
	bool early = t->fresh || t->begin, ours = early || t->poked;
	bool asked = n && n->interrupt && !early;
	int status = signo;

	t->poked = t->fresh = false;
	t->in_call = false;
	if (n)
		settle_options(en, n);
	if (!is_traced(t))
		return false;
	if (n->starting)
		return nest_at_start(en, t);
	if (t->begin && signo != SIGTRAP)
		return false;
	if (ours && !asked) {
		engine_resume(en, t, 0);
		return true;
	}
	/* SIGTRAP: it goes on after a group-stop, or a stop was asked for. */
	if (n->seized || signo == SIGTRAP)
		status |= PTRACE_EVENT_STOP << 8;
	if (!n->seized && signo == SIGTRAP) {
		engine_resume(en, t, 0);
		return true;
	}
	nest_stop(en, n, status, NEST_PLAIN);
	n->group = signo != SIGTRAP;
	n->no_siginfo = !n->seized;
	return true;
}

/* --- going on ---------------------------------------------------------------------------- */

int nest_request(struct engine *en, struct tracee *t)
{
	struct nest *n = t->nest;
	bool all = en->ret->kind == ENGINE_PTRACE && !en->failed;
	struct regs regs;

	if (!n)
		return t->traces ? PTRACE_SYSCALL : 0;
	settle_options(en, n);
	if (n->interrupt)
		sys_ptrace(PTRACE_INTERRUPT, t->task->tid, 0, 0);	/* any stop ends it */
	if (t->traces || (n->tracer && n->how == NEST_CALLS))
		return PTRACE_SYSCALL;
	if (!n->tracer || n->how != NEST_STEP)
		return 0;
	/* Within a call, and where every call is to be seen: its exit is the step's end. */
	if (t->in_call || (all && regs_read(t->task->tid, &regs) == 0 &&
			   ptrace_at_call(t->task->tid, &regs)))
		return PTRACE_SYSCALL;
	return n->step;
}

int nest_go(struct engine *en, struct nest *n, int signo)
{
	struct tracee *t = n->t;
	enum nest_stage stage = n->stage;

	n->stopped = n->unreported = false;
	if (stage != NEST_PLAIN && n->patched)
		patch_siginfo(n, ENTRY_TRAP);
	n->stage = NEST_PLAIN;
	if (stage == NEST_ENTRY)
		entry_go(en, t);
	else if (stage == NEST_FILTER)
		entry_filter_go(en, t);
	else if (stage == NEST_BEGUN && nest_at_exit(en, t))
		return 0;
	return engine_resume(en, t, signo);
}
