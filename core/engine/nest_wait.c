// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wait4(2), waitid(2) and waitpid(2) of a process that traces.
 *
 * What is there already is answered at the entry. Else the kernel's own wait runs: it is
 * right about children that are not traced, about the end of those that are, and about
 * signals. When a traced task stops, the caller is made to leave the wait by
 * PTRACE_INTERRUPT, and its exit (ERESTARTSYS) becomes the answer; if there is none after
 * all the kernel restarts the call by itself. A caller with no child at all would be told
 * ECHILD: its call is made again as a ppoll(2) that only waits for signals, and whose end
 * looks like that of a wait.
 *
 * Held at its entry instead, a task could not be signalled.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arch/abi.h"
#include "core/base/buf.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/engine/nest.h"
#include "core/engine/ptrace.h"

#define ERESTARTSYS 512		/* the kernel's own, of restarts */
#define ERESTART_RESTARTBLOCK 516
#define EITHER_PIDFD 3		/* P_PIDFD, Linux 5.4 */

#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif

/* --- what is waited for ------------------------------------------------------------------ */

static bool matches(const struct nest *n, const struct nest *tracer, pid_t tid)
{
	const struct nest_wait *w = &n->wait;

	if (tracer != n && ((w->options & __WNOTHREAD) || !nest_same_process(tracer, n)))
		return false;
	switch (w->which) {
	case P_ALL:
		return true;
	case P_PID:
		return w->id == tid;
	default:
		return getpgid(tid) == w->id;	/* of the dead it cannot be had */
	}
}

static struct nest *find_stopped(struct engine *en, const struct nest *n)
{
	struct nest *found = NULL;

	/* The one that has been here longest: the list has the newest first. */
	for (struct nest *c = en->nests.all; c; c = c->next)
		if (c->tracer && c->stopped && c->unreported &&
		    matches(n, c->tracer, c->t->task->tid))
			found = c;
	return found;
}

static struct nest_dead **find_dead(struct engine *en, const struct nest *n)
{
	struct nest_dead **found = NULL;

	if (n->wait.by_waitid && !(n->wait.options & WEXITED))
		return NULL;
	for (struct nest_dead **d = &en->nests.dead; *d; d = &(*d)->next)
		if (matches(n, (*d)->tracer, (*d)->tid))
			found = d;
	return found;
}

/* May a wait that found nothing still find something? */
static bool has_eligible(struct engine *en, const struct nest *n)
{
	for (struct nest *c = en->nests.all; c; c = c->next)
		if (c->tracer && matches(n, c->tracer, c->t->task->tid))
			return true;
	return false;
}

bool nest_wait_ready(struct engine *en, struct nest *n)
{
	return find_stopped(en, n) || find_dead(en, n);
}

/* --- the answer -------------------------------------------------------------------------- */

/* Seconds that the process of @tid has used, by clock ticks: all that procfs tells. */
static void put_usage(struct tracee *t, uint64_t addr, pid_t tid)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	size_t word = t->task->abi->word;
	long ticks = sysconf(_SC_CLK_TCK);
	unsigned char usage[18 * 8] = { 0 };
	char name[64];
	const char *at;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)tid);
	if (io_read_file(AT_FDCWD, name, 4096, &text, NULL) == 0) {
		at = strrchr(buf_str(&text), ')');
		for (int field = 2; at && field < 14; field++)
			at = strchr(at + 1, ' ');
		for (int i = 0; at && i < 2; i++) {	/* user, system */
			uint64_t n = strtoull(at, (char **)&at, 10);
			uint64_t s = n / ticks, us = n % ticks * 1000000 / ticks;

			memcpy(usage + 2 * i * word, &s, word);
			memcpy(usage + (2 * i + 1) * word, &us, word);
		}
	}
	task_write(t->task, addr, usage, 18 * word);
}

/* Whose it is: who is dumpable has its procfs directory, and others are root's anyway. */
static int owner(pid_t tid)
{
	struct stat st;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d", (int)tid);
	return stat(name, &st) == 0 ? (int)st.st_uid : (int)getuid();
}

static int put_siginfo(struct tracee *t, uint64_t addr, pid_t tid, int code, int status)
{
	int head[3] = { tid ? SIGCHLD : 0, 0, code };
	int rest[3] = { tid, tid ? owner(tid) : 0, status };
	size_t at = t->task->abi->word == 8 ? 16 : 12;

	if (task_write(t->task, addr, head, sizeof(head)) != sizeof(head) ||
	    task_write(t->task, addr + at, rest, sizeof(rest)) != sizeof(rest))
		return -EFAULT;
	return 0;
}

static int64_t answer(struct tracee *t, pid_t tid, int status, int code, int value)
{
	const struct nest_wait *w = &t->nest->wait;

	if (w->usage)
		put_usage(t, w->usage, tid);
	if (w->by_waitid)
		return w->info ? put_siginfo(t, w->info, tid, code, value) : 0;
	if (w->status &&
	    task_write(t->task, w->status, &status, sizeof(status)) != sizeof(status))
		return -EFAULT;
	return tid;
}

static bool take(struct engine *en, struct tracee *t, int64_t *ret)
{
	struct nest *n = t->nest, *c = find_stopped(en, n);
	struct nest_dead **d = c ? NULL : find_dead(en, n), *gone;
	bool keeps = n->wait.options & WNOWAIT;
	int status, signo;

	if (c) {
		c->unreported = keeps;
		*ret = answer(t, c->t->task->tid, c->status << 8 | 0x7f, CLD_TRAPPED, c->status);
		return true;
	}
	if (!d)
		return false;
	gone = *d;
	status = gone->status;
	signo = status & 0x7f;
	*ret = answer(t, gone->tid, status,
		      !signo ? CLD_EXITED : status & 0x80 ? CLD_DUMPED : CLD_KILLED,
		      signo ? signo : status >> 8 & 0xff);
	if (!keeps) {
		*d = gone->next;
		free(gone);
	}
	return true;
}

/* --- the call ---------------------------------------------------------------------------- */

static pid_t pid_of_pidfd(const struct tracee *t, int fd)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char name[64];
	const char *at;

	snprintf(name, sizeof(name), "/proc/%d/fdinfo/%d", (int)t->task->tid, fd);
	if (io_read_file(AT_FDCWD, name, 1 << 16, &text, NULL) < 0)
		return -1;
	at = strstr(buf_str(&text), "\nPid:");
	return at ? (pid_t)strtol(at + strlen("\nPid:"), NULL, 10) : -1;
}

static void parse_waitid(struct tracee *t, struct nest_wait *w, const uint64_t args[6])
{
	w->by_waitid = true;
	w->which = (int)args[0];
	w->id = (pid_t)args[1];
	w->info = args[2];
	w->options = (unsigned)args[3];
	w->usage = args[4];
	if (w->which == EITHER_PIDFD) {
		w->which = P_PID;
		w->id = pid_of_pidfd(t, (int)args[1]);
	} else if (w->which == P_PGID && !w->id) {
		w->id = getpgid(t->task->tid);
	}
}

static void parse_wait4(struct tracee *t, struct nest_wait *w, const uint64_t args[6], bool usage)
{
	pid_t pid = (pid_t)args[0];

	w->status = args[1];
	w->options = (unsigned)args[2];
	w->usage = usage ? args[3] : 0;
	w->which = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	w->id = pid > 0 ? pid : pid ? -pid : getpgid(t->task->tid);
}

/* A call that does nothing but end by a signal, as a wait does. */
static int pause_instead(struct tracee *t, const struct abi *abi)
{
	int64_t nr = abi_number(abi, SYSCALL_ppoll);
	struct regs regs;
	int r = nr < 0 ? -ENOSYS : 0;

	for (int i = 0; i < 4 && r == 0; i++)
		r = rewrite_arg(t, i, 0);
	if (r == 0)
		r = regs_read(t->task->tid, &regs);
	if (r < 0)
		return r;
	regs_set_nr(&regs, (uint64_t)nr);
	return regs_write(t->task->tid, &regs);
}

bool nest_wait_entry(struct engine *en, struct tracee *t, const struct abi *abi, uint64_t nr,
		     const uint64_t args[6])
{
	enum syscall_id id = abi_syscall(abi, nr);
	struct nest *n;
	struct nest_wait *w;
	bool pause;
	int64_t result;

	if (id != SYSCALL_wait4 && id != SYSCALL_waitid && id != SYSCALL_waitpid)
		return false;
	n = nest_of(en, t);
	if (!n)
		return false;
	w = &n->wait;
	pause = w->pause_next;
	t->task->abi = abi;
	*w = (struct nest_wait){ .nr = nr, .first = args[0] };
	if (id == SYSCALL_waitid)
		parse_waitid(t, w, args);
	else
		parse_wait4(t, w, args, id == SYSCALL_wait4);
	t->nr = nr;
	t->nr_known = true;
	if (take(en, t, &result))
		return entry_answer(en, t, result) == 0;
	w->active = true;
	w->pausing = pause && pause_instead(t, abi) == 0;
	t->at_exit |= AT_EXIT_NEST;
	return false;
}

/* The call is made again, from its entry on. */
static void again(struct tracee *t)
{
	struct regs regs;

	if (regs_read(t->task->tid, &regs) < 0)
		return;
	regs_set_arg(&regs, 0, t->nest->wait.first);	/* arm has the result there */
	regs_rewind(&regs, t->nest->wait.nr);
	regs_write(t->task->tid, &regs);
	t->rewound = true;
}

/* The stop of a child of its own that it traces is told by us, and only so. */
static bool told_twice(struct engine *en, struct tracee *t, int64_t result)
{
	const struct nest_wait *w = &t->nest->wait;
	pid_t tid = (pid_t)result;
	int status = 0, info[6] = { 0 };
	size_t size = t->task->abi->word == 8 ? 28 : 24;
	struct tracee *child;

	if (w->by_waitid) {
		unsigned char raw[28] = { 0 };

		if (!w->info || task_read(t->task, w->info, raw, size) != (ssize_t)size)
			return false;
		memcpy(info, raw, 12);
		memcpy(info + 3, raw + size - 12, 12);
		if (info[2] != CLD_STOPPED && info[2] != CLD_TRAPPED)
			return false;
		tid = info[3];
	} else if (!w->status || task_read(t->task, w->status, &status, 4) != 4 ||
		   !WIFSTOPPED(status)) {
		return false;
	}
	child = tracee_of(en, tid);
	return child && child->nest && child->nest->tracer &&
	       nest_same_process(child->nest->tracer, t->nest);
}

/* A pause has ended: as the wait that it was there for would have. */
static void unpause(struct tracee *t)
{
	struct regs regs;

	if (regs_read(t->task->tid, &regs) < 0)
		return;
	regs_set_nr(&regs, t->nest->wait.nr);
	regs_write(t->task->tid, &regs);
}

static bool is_interrupted(int64_t result)
{
	return result == -EINTR || (result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK);
}

bool nest_wait_exit(struct engine *en, struct tracee *t, int64_t *result)
{
	struct nest_wait *w = &t->nest->wait;

	if (!w->active)
		return false;
	w->active = false;
	t->poked = false;	/* that stop was this one */
	if (w->pausing)
		unpause(t);
	if (*result > 0 || (*result == 0 && w->by_waitid)) {
		if (told_twice(en, t, *result))
			again(t);
		return false;
	}
	if (*result != 0 && *result != -ECHILD && !is_interrupted(*result))
		return false;
	if (take(en, t, result))
		return true;
	if (w->pausing) {
		*result = -ERESTARTSYS;
		return true;
	}
	if (*result != -ECHILD || !has_eligible(en, t->nest))
		return false;
	if (w->options & WNOHANG) {
		*result = w->by_waitid && w->info ? put_siginfo(t, w->info, 0, 0, 0) : 0;
		return true;
	}
	w->pause_next = true;
	again(t);
	return false;
}
