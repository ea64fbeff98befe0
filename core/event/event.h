/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One neutral fact about one system call or process change. Engines make events
 * and carry out the answer; sinks look at them and answer. Neither knows the other.
 */
#ifndef CORE_EVENT_EVENT_H
#define CORE_EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event/call.h"

struct err;
struct event_exec;	/* core/event/exec.h */
struct patch;
struct task;

enum event_kind {
	EVENT_CALL,	/* a system call that has not run yet: call */
	EVENT_RETURN,	/* the same one after it ran: call, result. Only if want_return was set */
	EVENT_START,	/* a new task exists: task->parent says whose child (NULL: the initial command) */
	EVENT_EXEC,	/* execve succeeded, the new image has not run yet: exec */
	EVENT_BEGIN,	/* … and has made the calls that sinks wanted of it, and nothing else: exec */
	EVENT_EXIT,	/* the task is gone: status as of waitpid(2) */
};

struct event {
	enum event_kind kind;
	struct task *task;
	struct call *call;	/* CALL, RETURN */
	int64_t result;		/* RETURN: value or −errno */
	int status;		/* EXIT */
	struct event_exec *exec;	/* EXEC, BEGIN */

	/*
	 * Answers, set by sinks. To a RETURN only `answered`: `answer` then stands in for
	 * the result (what the call wrote to memory the sink has changed itself).
	 */
	bool want_return;	/* stop again when it has run */
	bool answered;		/* do not carry it out: its result is `answer` (−errno or value) */
	int64_t answer;
	/* Replace the text of call->paths[i] by this one (absolute, in the tracee's root). */
	const char *rewrite[CALL_PATHS];
	struct patch *patch;	/* CALL: what else it gets instead of its arguments (core/event/patch.h) */
	/*
	 * RETURN: the program makes the same call again, with what it had passed, and every sink
	 * is asked about it as if it were new. So a call can become several others, one by one.
	 * No signal handler runs in between: its calls could be taken for what comes next.
	 */
	bool again;
	bool replaced;		/* RETURN: of another call, that a sink had put in its place (patch->call) */
	uint64_t patch_at;	/* RETURN: where the bytes of the patch lie in the tracee, 0 = nowhere */
};

/*
 * A consumer. Returns 0, or −errno when the observation itself cannot go on
 * (no memory, archive dead): the engine then lets the tracees run on unobserved
 * and hands the error to whoever runs it. The command's result never suffers.
 */
struct sink {
	const char *name;
	int (*event)(struct sink *self, struct event *ev, struct err *e);
};

/* The bus: sinks are asked in the order they were added. */
struct bus {
	struct sink *sinks[8];
	int n;
};

int bus_add(struct bus *b, struct sink *s);	/* 0 or -ENOSPC */
int bus_send(struct bus *b, struct event *ev, struct err *e);

#endif
