// SPDX-License-Identifier: GPL-2.0-or-later
/* The sink of emul/sysv. */
#include "emul/sysv/sysv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>

#include "arch/abi.h"
#include "core/base/err.h"
#include "core/base/map.h"
#include "emul/sysv/internal.h"

bool sysv_refused(void)
{
	/* No segment can have no bytes: EINVAL. */
	return shmget(IPC_PRIVATE, 0, 0) < 0 && (errno == ENOSYS || errno == EPERM);
}

unsigned sysv_classes(void)
{
	return SYSCALL_BIT(SYSCALL_IPC);
}

static int64_t carry_out(struct sysv_call *c)
{
	if (c->q.error)
		return c->q.error;
	switch (c->q.op) {
	case SYSCALL_shmget:
		return sysv_shmget(c);
	case SYSCALL_shmctl:
		return sysv_shmctl(c);
	case SYSCALL_shmat:
		return sysv_shmat(c);
	case SYSCALL_shmdt:
		return sysv_shmdt(c);
	case SYSCALL_semget:
		return sysv_semget(c);
	case SYSCALL_semctl:
		return sysv_semctl(c);
	case SYSCALL_semtimedop:
		return sysv_semop(c);
	case SYSCALL_msgget:
		return sysv_msgget(c);
	case SYSCALL_msgctl:
		return sysv_msgctl(c);
	case SYSCALL_msgsnd:
		return sysv_msgsnd(c);
	case SYSCALL_msgrcv:
		return sysv_msgrcv(c);
	default:
		return -ENOSYS;
	}
}

static struct sysv_pending *pending_of(const struct sysv *s, const struct task *t)
{
	return map_get(s->pending, &t->tid, sizeof(t->tid));
}

static void on_call(struct sysv *s, struct event *ev)
{
	struct sysv_call c = { .s = s, .ev = ev, .pending = pending_of(s, ev->task) };
	int64_t r;

	/* Left by a signal handler that did not come back, or made by one. */
	if (c.pending && !sysv_pending_is(c.pending, ev->call)) {
		sysv_pending_end(s, ev->task->tid);
		c.pending = NULL;
	}
	if (!ev->call->row || ev->call->row->class != SYSCALL_IPC || ev->answered)
		return;
	sysv_shm_sweep(s);
	/* It had to get memory first, for its time-out. */
	if (c.pending && c.pending->on) {
		sysv_wait(&c, c.pending);
		if (c.pending->done)
			task_wake(ev->task->tid);
		return;
	}
	sysv_request(&c.q, ev);
	r = carry_out(&c);
	buf_free(&c.creds.groups);
	if (r == SYSV_PATCHED)
		return;
	if (r == SYSV_WAITS) {
		sysv_wait(&c, pending_of(s, ev->task));
		return;
	}
	ev->answered = true;
	ev->answer = r;
}

static void on_return(struct sysv *s, struct event *ev)
{
	struct sysv_pending *p = pending_of(s, ev->task);

	if (!p || !ev->call->row || ev->call->row->class != SYSCALL_IPC ||
	    !sysv_pending_is(p, ev->call))
		return;
	if (p->on)
		sysv_wait_returned(s, p, ev);
	else
		sysv_shmat_returned(s, p, ev);
}

static void on_exit_of(struct sysv *s, const struct task *t)
{
	sysv_pending_end(s, t->tid);
	/* The leader's end is told when all other threads have ended. */
	if (t->tid == t->tgid) {
		map_remove(s->processes, &t->tgid, sizeof(t->tgid));
		sysv_sem_exit(s, t->tgid);
	}
	sysv_shm_sweep(s);
}

static int on_event(struct sink *self, struct event *ev, struct err *e)
{
	struct sysv *s = (struct sysv *)self;
	struct task *t = ev->task;

	switch (ev->kind) {
	case EVENT_CALL:
		on_call(s, ev);
		return 0;
	case EVENT_RETURN:
		on_return(s, ev);
		return 0;
	case EVENT_START:
		if (map_set(s->processes, &t->tgid, sizeof(t->tgid), s, NULL) < 0)
			return err_set(e, -ENOMEM, "follow a process");
		return 0;
	case EVENT_EXEC:
		sysv_pending_end(s, t->tid);
		sysv_shm_sweep(s);
		return 0;
	case EVENT_EXIT:
		on_exit_of(s, t);
		return 0;
	default:
		return 0;
	}
}

struct sysv *sysv_new(void)
{
	struct sysv *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->sink = (struct sink){ "sysv", on_event };
	s->tables[SYSV_SHM].max = 4096;
	s->tables[SYSV_SEM].max = s->tables[SYSV_MSG].max = 32000;
	s->pending = map_new();
	s->processes = map_new();
	/* Whoever has entered a user namespace is not readable, not by its children either. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (s->pending && s->processes)
		return s;
	sysv_free(s);
	return NULL;
}

void sysv_free(struct sysv *s)
{
	if (!s)
		return;
	while (s->waiting)
		sysv_pending_end(s, s->waiting->tid);
	for (int kind = 0; kind < SYSV_KINDS; kind++) {
		for (size_t i = 0; i < s->tables[kind].room; i++)
			if (s->tables[kind].at[i])
				sysv_destroy(s, s->tables[kind].at[i]);
		free(s->tables[kind].at);
	}
	map_free(s->pending);
	map_free(s->processes);
	free(s);
}

struct sink *sysv_sink(struct sysv *s)
{
	return &s->sink;
}
