/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ptrace(2) inside: Linux lets a task have one tracer, and that is care. For tracees that
 * want to trace (strace, gdb, care itself) the engine carries ptrace(2) and wait4(2) out.
 *
 *   nest.c         who traces whom; the stops that a tracer of ours is told
 *   nest_life.c    tasks are made and end
 *   nest_ptrace.c  requests that change that, or let a tracee go on
 *   nest_filter.c  the stops of a program's own filters, where care has none
 *   nest_data.c    requests that look at a stopped tracee, or change it
 *   nest_compat.c  … as a tracer with shorter words has them
 *   nest_wait.c    wait4(2), waitid(2), waitpid(2) of a tracer
 *
 * "Tracer" and "traced" below mean this inner relation. A traced task that is stopped for
 * its tracer stands in a real stop of ours that is not ended until the tracer says so.
 */
#ifndef CORE_ENGINE_NEST_H
#define CORE_ENGINE_NEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct abi;
struct engine;
struct event;
struct nest;
struct regs;
struct tracee;

enum nest_how {			/* a traced task runs */
	NEST_RUN,		/* until an event */
	NEST_CALLS,		/* … or the entry or exit of a call */
	NEST_STEP,		/* … or one instruction */
};

enum nest_stage {		/* what is left to be done by the engine at the stop's end */
	NEST_PLAIN,
	NEST_ENTRY,		/* the call has not been looked at */
	NEST_FILTER,		/* the same, at the stop of a filter */
	NEST_BEGUN,		/* execve(2) has returned, which was kept back (begin.h) */
};

struct nest_wait {		/* the wait4(2) that a tracer is in */
	bool active;
	bool pausing;		/* a call that only waits for signals is there instead */
	bool pause_next;	/* … will be: the kernel has no child to wait for */
	bool by_waitid;
	int which;		/* P_ALL, P_PID, P_PGID */
	pid_t id;
	unsigned options;
	uint64_t nr, first;	/* the call's number and first argument */
	uint64_t status, usage, info;
};

/* What a task has beyond struct tracee because it traces, or is traced. */
struct nest {
	struct tracee *t;
	struct nest *next;

	/* Traced: */
	struct nest *tracer;	/* NULL: it is not */
	bool seized;
	unsigned options;	/* PTRACE_O_* that the tracer set */
	bool options_due;	/* … and the kernel has not been told */
	bool starting;		/* attached because its maker was; its first stop is to come */
	bool interrupt;		/* a stop was asked for, and did not come yet */
	enum nest_how how;
	int step;		/* NEST_STEP: the request */
	bool stopped;		/* for its tracer */
	bool unreported;	/* … who has not waited for it yet */
	int status;		/* of the stop: a signal, an event above it */
	enum nest_stage stage;
	int signo;		/* what is delivered if the tracer does not say otherwise */
	bool group;		/* a group-stop */
	bool no_siginfo;	/* a group-stop as PTRACE_ATTACH has it */
	bool exec_due;		/* it executed, and has calls to make for us before that is told */
	unsigned long message;	/* of that event, 0 = the kernel's is true */
	struct regs *shown;	/* two: a call as we have made it, and as its tracer sees it */
	bool patched;		/* its siginfo says SIGTRAP where ours had SIGTRAP | 0x80 */
	int forged;		/* a signal that we send in the kernel's stead, with … */
	int forged_code;
	pid_t forged_pid;

	/* Tracer: */
	struct nest_wait wait;
	pid_t chld_pid;		/* what its SIGCHLD is about */
	int chld_code, chld_status;
};

struct nest_dead {		/* a traced task that has ended, for its tracer's wait */
	struct nest_dead *next;
	struct nest *tracer;
	pid_t tid;
	int status;
};

struct nests {
	struct nest *all;
	struct nest_dead *dead;
	bool told;
};

/* --- hooks: at a stop. True: it is the tracer's now, or has been ended ------------------- */

bool nest_at_entry(struct engine *en, struct tracee *t);
bool nest_at_exit(struct engine *en, struct tracee *t);
bool nest_at_filter(struct engine *en, struct tracee *t, bool ours);
bool nest_at_signal(struct engine *en, struct tracee *t, int signo);
bool nest_at_event(struct engine *en, struct tracee *t, unsigned event);
bool nest_at_trap(struct engine *en, struct tracee *t, int signo);	/* PTRACE_EVENT_STOP */
bool nest_at_exec(struct engine *en, struct tracee *t);
/* The calls of a new image (begin.h) have ended, @in_call or after the exit of its last. */
bool nest_at_begin(struct engine *en, struct tracee *t, bool in_call);
bool nest_at_start(struct engine *en, struct tracee *t);	/* the first one of all */

/*
 * The engine without a filter has looked at a call when the program's own filter stops it:
 * its tracer sees it as it was. What comes after it: is the call still that one?
 */
bool nest_at_late_filter(struct engine *en, struct tracee *t);
bool nest_same_call(struct tracee *t);

/* Before @t is let go on: the request that does it, 0 = whatever the engine needs. */
int nest_request(struct engine *en, struct tracee *t);

/* --- hooks: the life of tasks ------------------------------------------------------------ */

void nest_made(struct engine *en, struct tracee *maker, struct tracee *t, unsigned event);
void nest_moved(struct tracee *t);	/* its content came from another struct tracee */
void nest_ended(struct engine *en, struct tracee *t, int status);
void nest_forget(struct engine *en, struct tracee *t);	/* … without a word to the tracer */
void nest_free(struct engine *en);

/* --- hooks: calls ------------------------------------------------------------------------ */

/* ptrace(2). False: the kernel shall answer. */
bool nest_ptrace(struct engine *en, struct tracee *t, struct event *ev);

/* A wait of a tracer begins. True: it is answered. */
bool nest_wait_entry(struct engine *en, struct tracee *t, const struct abi *abi, uint64_t nr,
		     const uint64_t args[6]);
/* It ended, with *result. True: it has an answer now (*result). */
bool nest_wait_exit(struct engine *en, struct tracee *t, int64_t *result);

/* --- among ourselves --------------------------------------------------------------------- */

struct nest *nest_of(struct engine *en, struct tracee *t);	/* its own, or a new one; or NULL */
int nest_attach(struct engine *en, struct tracee *tracer, struct tracee *t, bool seized,
		unsigned options);
void nest_detach(struct engine *en, struct nest *n);	/* it is still stopped if it was */
int nest_go(struct engine *en, struct nest *n, int signo);
/* SIGCHLD to @tracer, and its waits that this ends. */
void nest_tell(struct engine *en, struct nest *tracer, pid_t pid, int code, int status);
void nest_interrupt(struct nest *n);
bool nest_stop(struct engine *en, struct nest *n, int status, enum nest_stage stage);
void nest_options(struct engine *en, struct nest *n);	/* of a stopped one have changed */
void nest_apply(struct tracee *t);	/* … of a running one: it stops for a moment, unseen */
void nest_send(struct nest *n, int signo, int code, pid_t pid);
bool nest_same_process(const struct nest *a, const struct nest *b);
/* Is anything there for a wait that has begun? */
bool nest_wait_ready(struct engine *en, struct nest *n);

/* nest_data.c: −errno or the answer; −ENOTSUP: no such request. */
int64_t nest_data(struct engine *en, struct tracee *t, struct nest *n, int request, uint64_t addr,
		  uint64_t data);
/* nest_compat.c: the same of a tracer @t whose words have 32 bits where ours have 64. */
int64_t nest_compat(struct tracee *t, struct nest *n, int request, uint64_t addr, uint64_t data);
/* A tracer's memory. 0 or -EFAULT. */
int nest_put(struct tracee *t, uint64_t addr, const void *from, size_t len);
int nest_get(struct tracee *t, uint64_t addr, void *to, size_t len);

#endif
