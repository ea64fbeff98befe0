// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where care has no filter it looks at a call at its entry, which comes before the filters
 * of the program. A tracer that is told of such a filter's stop (PTRACE_O_TRACESECCOMP) is
 * shown the arguments that the program gave, and what it makes of them is looked at again.
 */
#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine/nest.h"
#include "core/engine/ptrace.h"

enum { OURS, SHOWN };

/* The call without what has been put in place of its arguments. */
static void show(struct tracee *t)
{
	struct nest *n = t->nest;
	struct regs *regs = n->shown;

	if (!regs)
		regs = n->shown = calloc(2, sizeof(*regs));
	if (!regs)
		return;
	if (regs_read(t->task->tid, &regs[OURS]) < 0) {
		free(regs);
		n->shown = NULL;
		return;
	}
	regs[SHOWN] = regs[OURS];
	for (int i = 0; i < SYSCALL_ARGS; i++)
		if (t->replaced & 1u << i)
			regs_set_arg(&regs[SHOWN], i, t->originals[i]);
	if (t->nr_known && regs_nr(&regs[OURS]) != (uint32_t)t->nr)
		regs_set_nr(&regs[SHOWN], t->nr);
	regs_write(t->task->tid, &regs[SHOWN]);
}

bool nest_at_late_filter(struct engine *en, struct tracee *t)
{
	struct nest *n = t->nest;

	/* A call of ours, made to get memory, is none of the program's. */
	if (!n || !n->tracer || !(n->options & PTRACE_O_TRACESECCOMP) ||
	    (t->at_exit & AT_EXIT_SCRATCH))
		return false;
	show(t);
	return nest_stop(en, n, SIGTRAP | PTRACE_EVENT_SECCOMP << 8, NEST_FILTER);
}

bool nest_same_call(struct tracee *t)
{
	struct regs *regs = t->nest->shown, now;
	bool same = true;

	if (!regs || regs_read(t->task->tid, &now) < 0)
		return true;
	same = regs_nr(&now) == regs_nr(&regs[SHOWN]);
	for (int i = 0; i < SYSCALL_ARGS; i++)
		same &= regs_arg(&now, i) == regs_arg(&regs[SHOWN], i);
	if (same) {
		for (int i = 0; i < SYSCALL_ARGS; i++)
			regs_set_arg(&now, i, regs_arg(&regs[OURS], i));
		if (regs_nr(&now) != regs_nr(&regs[OURS]))
			regs_set_nr(&now, regs_nr(&regs[OURS]));
		regs_write(t->task->tid, &now);
	}
	free(regs);
	t->nest->shown = NULL;
	return same;
}
