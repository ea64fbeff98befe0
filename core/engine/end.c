// SPDX-License-Identifier: GPL-2.0-or-later
/* Signals that care itself gets, and what remains after the initial command's end. */
#include <linux/ptrace.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/engine/ptrace.h"
#include "core/engine/signals.h"
#include "core/engine/sys.h"

#define NAME_AFTER_MS 5000
#define NAMED_MAX 8
#define GROUP_MS 1000		/* kill(2) of a group reaches all its members within this time */

int64_t end_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

void end_tick(struct engine *en)
{
	signals_tick(en->n_parked ? 20 : en->spec->tick || en->over ? 1000 : 0);
}

void end_all(struct engine *en)
{
	size_t cursor = 0;
	struct task *task;

	en->ending = true;
	while ((task = task_next(en->tasks, &cursor)))
		if (kill(task->tgid, SIGKILL) == 0 && !en->fatal)
			en->ret->killed = true;
}

static void name_survivors(struct engine *en)
{
	_cleanup_buf_ struct buf line = BUF_INIT;
	size_t cursor = 0, n = 0;
	struct task *task;

	while ((task = task_next(en->tasks, &cursor))) {
		_cleanup_buf_ struct buf name = BUF_INIT;

		if (task->tid != task->tgid || ++n > NAMED_MAX)
			continue;
		task_name(task, &name);
		buf_addf(&line, "%s%s (%d)", n > 1 ? ", " : "", buf_str(&name), (int)task->tid);
	}
	if (n > NAMED_MAX)
		buf_addf(&line, " and %zu more", n - NAMED_MAX);
	if (n)
		log_warn("the command has ended, but not what it started: %s; waiting for %s, "
			 "Ctrl-C ends %s", buf_str(&line), n > 1 ? "them" : "it",
			 n > 1 ? "them" : "it");
	en->named = true;
}

void end_initial(struct engine *en, int status)
{
	en->ret->status = status;
	en->over = true;
	en->over_ms = end_now_ms();
	en->over_interrupts = engine_interrupts(NULL);
	if (en->spec->kill_on_exit && task_count(en->tasks))
		end_all(en);
	end_tick(en);
}

/*
 * When somebody continues us, so does the command. A shell's fg has continued it already, and
 * it may have been stopped again before we run: then it has something to tell.
 */
void end_stop_too(struct engine *en)
{
	siginfo_t moved = { 0 };

	kill(getpid(), SIGSTOP);
	if (waitid(P_PID, (id_t)en->launch.pid, &moved, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) < 0 ||
	    !moved.si_pid)
		kill(en->launch.pid, SIGCONT);
}

/*
 * A signal that was sent to care only is meant for the command. One sent to the
 * whole process group has reached it already: same sender, same moment.
 */
static void forward(struct engine *en, int signo, pid_t sender)
{
	int slot = signals_slot(signo);

	if (en->over)
		return;
	if (en->direct[slot].sender == sender && end_now_ms() - en->direct[slot].ms < GROUP_MS) {
		en->direct[slot].sender = 0;
		return;
	}
	en->sent[slot].sender = sender;
	en->sent[slot].ms = end_now_ms();
	kill(en->launch.pid, signo);
}

bool end_delivers(struct engine *en, struct tracee *t, int signo)
{
	int slot = signals_slot(signo);
	siginfo_t info;

	if (slot < 0 || t->task->tgid != en->launch.pid)
		return true;
	memset(&info, 0, sizeof(info));
	if (sys_ptrace(PTRACE_GETSIGINFO, t->task->tid, 0, (uintptr_t)&info) < 0 ||
	    info.si_code > 0)
		return true;
	if (info.si_pid != getpid()) {
		en->direct[slot].sender = info.si_pid;
		en->direct[slot].ms = end_now_ms();
		return true;
	}
	return !(en->sent[slot].sender && en->sent[slot].sender == en->direct[slot].sender &&
		 end_now_ms() - en->direct[slot].ms < GROUP_MS);
}

void end_poll(struct engine *en)
{
	int64_t now = end_now_ms();
	pid_t sender;
	int signo;

	while ((signo = signals_forward(&sender)))
		forward(en, signo, sender);
	tasks_adopt(en);
	if (en->over && engine_interrupts(NULL) > en->over_interrupts)
		end_all(en);
	if (en->over && !en->named && !en->ending && now - en->over_ms >= NAME_AFTER_MS)
		name_survivors(en);
	if (en->spec->tick && now - en->tick_ms >= 1000) {
		en->tick_ms = now;
		en->spec->tick(en->spec->arg);
	}
	end_tick(en);
}
