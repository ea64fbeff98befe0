// SPDX-License-Identifier: GPL-2.0-or-later
/* Tasks that trace, or are traced by another tracee, are made, change places, and end. */
#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/engine/nest.h"
#include "core/engine/ptrace.h"

void nest_moved(struct tracee *t)
{
	if (t->nest)
		t->nest->t = t;
}

void nest_made(struct engine *en, struct tracee *maker, struct tracee *t, unsigned event)
{
	struct nest *n = maker->nest;

	if (!n || !n->tracer || !(n->options & 1u << event))
		return;
	if (nest_attach(en, n->tracer->t, t, n->seized, n->options) == 0)
		t->nest->starting = true;
	else
		engine_fail(en, err_set(en->e, -ENOMEM, "follow process %d", (int)t->task->tid));
}

static void unlink_nest(struct engine *en, struct nest *n)
{
	for (struct nest **at = &en->nests.all; *at; at = &(*at)->next)
		if (*at == n) {
			*at = n->next;
			break;
		}
	n->t->nest = NULL;
	free(n->shown);
	free(n);
}

/* The end of a tracer: what it traced goes on, or with PTRACE_O_EXITKILL does not. */
static void release_all(struct engine *en, struct nest *tracer)
{
	for (struct nest_dead **at = &en->nests.dead, *d; (d = *at);) {
		if (d->tracer != tracer) {
			at = &d->next;
			continue;
		}
		*at = d->next;
		free(d);
	}
	for (struct nest *n = en->nests.all; n; n = n->next) {
		bool was_stopped = n->stopped, kills = n->options & PTRACE_O_EXITKILL;

		if (n->tracer != tracer)
			continue;
		nest_detach(en, n);
		if (kills)
			kill(n->t->task->tgid, SIGKILL);
		if (was_stopped && n->group)
			engine_listen(n->t);
		else if (was_stopped)
			nest_go(en, n, n->signo);
	}
}

void nest_forget(struct engine *en, struct tracee *t)
{
	struct nest *n = t->nest;

	if (!n)
		return;
	if (n->tracer)
		nest_detach(en, n);
	release_all(en, n);
	unlink_nest(en, n);
}

/*
 * A tracer hears from the kernel of the end of its own children, but of no others. A process
 * whose parent is another is reaped by care before the tracer can: its parent may hear first.
 */
static bool kernel_tells(const struct nest *n)
{
	const struct task *task = n->t->task;

	return task->tid == task->tgid && task->parent &&
	       task->parent->tgid == n->tracer->t->task->tgid;
}

void nest_ended(struct engine *en, struct tracee *t, int status)
{
	struct nest *n = t->nest, *tracer = n ? n->tracer : NULL;
	struct nest_dead *d;
	int signo = status & 0x7f;

	if (tracer && !kernel_tells(n)) {
		d = malloc(sizeof(*d));
		if (d) {
			*d = (struct nest_dead){ en->nests.dead, tracer, t->task->tid, status };
			en->nests.dead = d;
		}
	} else {
		tracer = NULL;
	}
	nest_forget(en, t);
	if (!tracer)
		return;
	nest_tell(en, tracer, t->task->tid,
		  !signo ? CLD_EXITED : status & 0x80 ? CLD_DUMPED : CLD_KILLED,
		  signo ? signo : status >> 8 & 0xff);
}

void nest_free(struct engine *en)
{
	while (en->nests.all)
		unlink_nest(en, en->nests.all);
	for (struct nest_dead *d; (d = en->nests.dead);) {
		en->nests.dead = d->next;
		free(d);
	}
}
