// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The loop of the two ptrace engines: wait for any tracee's stop, look at it, let it
 * go on. Every request may find its task killed meanwhile (ESRCH): the next wait says
 * so, and nothing else needs to be done.
 *
 * What a stop costs is waking the tracer and the tracee, often each on another CPU;
 * the code here is 2 % of it. The scheduler is left to do that as it likes: what was
 * tried instead, and what it cost, stands in docs/PERFORMANCE.md ("Placement").
 */
#include "core/engine/ptrace.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/begin.h"
#include "core/engine/filter.h"
#include "core/engine/run.h"
#include "core/engine/signals.h"
#include "core/engine/sys.h"

#define OPTIONS                                                                \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |    \
	 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

int engine_resume(struct engine *en, struct tracee *t, int signo)
{
	bool all = en->ret->kind == ENGINE_PTRACE && !en->failed && !begin_runs(t);
	/* Nobody else is told of the calls that a new image makes for us. */
	int nested = (t->nest || t->traces) && !t->begin ? nest_request(en, t) : 0;
	int request = all || t->at_exit || begin_steps(t) ? PTRACE_SYSCALL : PTRACE_CONT;
	long r;

	if (nested && !t->at_exit)
		request = nested;
	t->calls = all || nested == PTRACE_SYSCALL;
	if (request == PTRACE_CONT)
		t->in_call = false;
	t->stopped = t->listening = false;
	r = sys_ptrace(request, t->task->tid, 0, (uintptr_t)signo);
	t->stopped = r == -EIO;
	/* Made while all others were being killed. */
	if (en->ending)
		kill(t->task->tgid, SIGKILL);
	return (int)r;
}

void engine_listen(struct tracee *t)
{
	t->stopped = false;
	t->listening = true;
	sys_ptrace(PTRACE_LISTEN, t->task->tid, 0, 0);
}

/* Observation ends here; tracees run on, for with our filter and no tracer they could not. */
void engine_fail(struct engine *en, int code)
{
	if (!en->failed)
		en->failed = code;
	if (!en->spec->confine)
		return;
	en->fatal = true;
	end_all(en);
}

void engine_tell(struct engine *en, struct event *ev)
{
	int r = en->failed ? 0 : bus_send(en->bus, ev, en->e);

	if (r < 0)
		engine_fail(en, r);
}

static bool is_stop_signal(int signo)
{
	return signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

static void on_signal(struct engine *en, struct tracee *t, int signo)
{
	bool delivers;

	if (t->begin && signo == SIGTRAP && begin_trapped(en, t)) {
		if (!nest_at_begin(en, t, false))
			engine_resume(en, t, 0);
		return;
	}
	delivers = end_delivers(en, t, signo);
	en->ret->census.signals++;
	if (delivers && !t->begin && nest_at_signal(en, t, signo))
		return;
	/* Given back unchanged, so its siginfo is the sender's. */
	engine_resume(en, t, delivers ? signo : 0);
}

static void on_stop(struct engine *en, pid_t tid, int status)
{
	struct tracee *t = tracee_of(en, tid);
	int signo = WSTOPSIG(status);
	unsigned event = (unsigned)status >> 16;

	if (!t) {
		tasks_unknown(en, tid, status);
		return;
	}
	t->stopped = true;
	t->listening = false;
	if (t->fs_doubt)
		entry_settle_fs(en, t);
	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		entry_seccomp(en, t);
		break;
	case 0:
		if (signo == (SIGTRAP | 0x80))
			entry_syscall_stop(en, t);
		else
			on_signal(en, t, signo);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		tasks_made(en, t, event);
		if (!nest_at_event(en, t, event))
			engine_resume(en, t, 0);
		break;
	case PTRACE_EVENT_EXEC:
		tasks_executed(en, tid);
		break;
	case PTRACE_EVENT_STOP:
		if (nest_at_trap(en, t, signo))
			break;
		/* Stopped by job control: it stays so, and is heard when it is continued. */
		if (is_stop_signal(signo)) {
			engine_listen(t);
			if (en->spec->stop_too && tid == en->launch.pid)
				end_stop_too(en);
		} else
			engine_resume(en, t, 0);
		break;
	default:
		if (!nest_at_event(en, t, event))
			engine_resume(en, t, 0);
	}
}

static void loop(struct engine *en)
{
	int status;
	pid_t tid;

	while (task_count(en->tasks) || en->n_parked) {
		tid = waitpid(-1, &status, __WALL | __WNOTHREAD);
		if (tid > 0) {
			if (WIFSTOPPED(status)) {
				en->ret->census.stops++;
				on_stop(en, tid, status);
			} else {
				tasks_ended(en, tid, status);
			}
		} else if (errno != EINTR) {
			break;	/* ECHILD: somebody else reaped them */
		}
		if (signals_pending())
			end_poll(en);
	}
}

static int start(struct engine *en, const char *path, const struct sock_fprog *filter)
{
	struct err *e = en->e;
	int status, r;

	r = launch_fork(en->spec, path, filter, &en->launch, e);
	if (r < 0)
		return r;
	r = sys_seize(en->launch.pid, en->options);
	if (r < 0)
		err_set(e, r, "trace %s", en->spec->argv[0]);
	else
		r = tasks_initial(en, en->launch.pid);
	/* From a stop on, so that its calls can be watched without a filter too. */
	if (r == 0)
		r = (int)sys_ptrace(PTRACE_INTERRUPT, en->launch.pid, 0, 0);
	if (r == 0)
		r = launch_go(&en->launch);
	if (r < 0) {
		launch_close(&en->launch);	/* it reads the end of the pipe, and ends */
		while (waitpid(en->launch.pid, &status, __WALL) > 0 && WIFSTOPPED(status))
			sys_ptrace(PTRACE_CONT, en->launch.pid, 0, 0);
	}
	return r;
}

/* What the launch itself had to say, once everything has ended. */
static int judge(struct engine *en)
{
	struct engine_result *ret = en->ret;
	enum launch_stage stage = launch_report(&en->launch, &ret->exec_error);

	ret->started = ret->census.images > 0;
	if (en->failed)
		return en->failed;
	if (stage == LAUNCH_FILTER)
		return err_set(en->e, ret->exec_error, "install the seccomp filter");
	if (stage == LAUNCH_CHILD)
		return err_set(en->e, ret->exec_error, "prepare the command");
	return 0;
}

int ptrace_run(const struct engine_spec *spec, const char *path, const struct engine_probe *probe,
	       const struct sock_fprog *filter, const struct filter_pass *pass, struct bus *bus,
	       struct engine_result *ret, struct err *e)
{
	struct engine en = { .spec = spec, .bus = bus, .ret = ret, .probe = *probe, .e = e,
			     .tasks = spec->tasks, .launch = LAUNCH_INIT, .pass = pass };
	int r;

	en.classes = (spec->classes ? spec->classes : SYSCALL_FILES) |
		     (spec->confine ? FILTER_EVERY_FSTAT | FILTER_TASK_FLAGS : 0);
	ret->kind = filter ? ENGINE_PTRACE_SECCOMP : ENGINE_PTRACE;
	en.filter_data = filter_own_data();
	en.options = OPTIONS | (filter ? PTRACE_O_TRACESECCOMP : 0);
	if (!en.tasks)
		en.tasks = task_table_new();
	if (!en.tasks)
		return err_set(e, -ENOMEM, "start");
	task_set_peeker(sys_peek);
	task_set_waker(sys_interrupt);
	r = start(&en, path, filter);
	if (r == 0) {
		end_tick(&en);
		loop(&en);
		signals_tick(0);
		r = judge(&en);
	}
	launch_close(&en.launch);
	tasks_free(&en);
	call_free(&en.call);
	patch_free(&en.patch);
	exec_free(&en.exec);
	begin_free(en.begin);
	if (!spec->tasks)
		task_table_free(en.tasks);
	return r;
}
