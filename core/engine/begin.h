/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From execve(2) to the first instruction of the new image: EVENT_EXEC, its calls, EVENT_BEGIN. */
#ifndef CORE_ENGINE_BEGIN_H
#define CORE_ENGINE_BEGIN_H

#include <stdbool.h>
#include <sys/types.h>

struct call;
struct begin;		/* of a tracee whose image has calls to make; else NULL */
struct engine;
struct tracee;

void begin_free(struct begin *b);

/* At PTRACE_EVENT_EXEC: tells the sinks, and sends the task to make what calls they want. */
void begin_image(struct engine *en, struct tracee *t, pid_t caller);

/* Plain ptrace: a call may change what a breakpoint does to the next image. */
void begin_disposition(struct tracee *t, const struct call *c);
bool begin_trap_ignored(void);	/* … and does care itself begin with that? */

/* While t->begin: is every call of the task to be stopped at its entry and its exit? */
bool begin_steps(const struct tracee *t);
/* … or does it make them by itself, to where it stops? */
bool begin_runs(const struct tracee *t);
/* … a stop of a filter, from which the task is let go. */
void begin_seccomp(struct engine *en, struct tracee *t);
/* … a call has returned: one of those that are watched, or the one of AT_EXIT_BEGIN. */
void begin_returned(struct engine *en, struct tracee *t);
/* … SIGTRAP is about to be delivered: true if it is the stub's, and all is done. */
bool begin_trapped(struct engine *en, struct tracee *t);

#endif
