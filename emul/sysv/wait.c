// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls that are not over when their first event is: who waits, and how it ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arch/abi.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/event/patch.h"
#include "emul/sysv/internal.h"

/* The kernel's own: the call starts again, or fails with EINTR if a handler runs. */
#define ERESTARTNOHAND 514

struct sysv_pending *sysv_pending_new(struct sysv_call *c)
{
	struct sysv_pending *p = calloc(1, sizeof(*p)), **at = &c->s->waiting;
	const struct task *t = c->ev->task;

	sysv_pending_end(c->s, t->tid);
	if (!p || map_set(c->s->pending, &t->tid, sizeof(t->tid), p, NULL) < 0) {
		free(p);
		return NULL;
	}
	p->tid = t->tid;
	p->tgid = t->tgid;
	p->nr = c->ev->call->nr;
	memcpy(p->args, c->ev->call->args, sizeof(p->args));
	while (*at)
		at = &(*at)->next;
	*at = p;
	return p;
}

void sysv_pending_end(struct sysv *s, pid_t tid)
{
	struct sysv_pending *p = map_remove(s->pending, &tid, sizeof(tid)), **at = &s->waiting;

	if (!p)
		return;
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	buf_free(&p->ops);
	free(p->message);
	free(p);
}

bool sysv_pending_is(const struct sysv_pending *p, const struct call *c)
{
	return p->nr == c->nr && !memcmp(p->args, c->args, sizeof(p->args));
}

/* ppoll(NULL, 0, timeout, NULL, 8): every ABI has it, and it needs no memory without a time-out. */
void sysv_wait(struct sysv_call *c, struct sysv_pending *p)
{
	struct patch *patch = c->ev->patch;
	unsigned word = c->ev->call->abi->reg64 ? 8 : 4;
	uint64_t at, most = word == 4 ? INT32_MAX : INT64_MAX;

	patch->call = SYSCALL_ppoll;
	for (int i = 0; i < 4; i++)
		patch_reg(patch, i, 0, false);
	patch_reg(patch, 4, 8, false);
	if (p->timed) {
		at = patch_bytes(patch, (uint64_t[2]){ 0 }, 2 * word);
		patch_word(patch, at, word, MIN(p->sec, most), false);
		patch_word(patch, at + word, word, p->nsec, false);
		patch_reg(patch, 2, at, true);
	}
	c->ev->want_return = true;
}

void sysv_finish(struct sysv_pending *p, int64_t result)
{
	p->done = true;
	p->result = result;
	task_wake(p->tid);
}

void sysv_finish_all(struct sysv *s, const struct sysv_object *on, int64_t result)
{
	for (struct sysv_pending *p = s->waiting; p; p = p->next)
		if (p->on == on && !p->done)
			sysv_finish(p, result);
}

static int64_t result_of(const struct sysv_pending *p, const struct event *ev)
{
	struct sysv_request q;

	sysv_request(&q, ev);
	if (p->done) {
		if (p->result < 0 || !p->message)
			return p->result;
		return sysv_msg_deliver(ev, &q, p->message);
	}
	if (ev->result == 0)
		return -EAGAIN;
	if (ev->result != -EINTR)
		return ev->result;
	/* semop(2) is never started again, the others are if no handler runs. */
	return q.op == SYSCALL_semtimedop ? -EINTR : -ERESTARTNOHAND;
}

void sysv_wait_returned(struct sysv *s, struct sysv_pending *p, struct event *ev)
{
	ev->answered = true;
	ev->answer = result_of(p, ev);
	sysv_pending_end(s, ev->task->tid);
}
