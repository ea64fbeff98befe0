/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the ptrace engines share. */
#ifndef CORE_ENGINE_PTRACE_H
#define CORE_ENGINE_PTRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/regs.h"
#include "core/engine/engine.h"
#include "core/engine/launch.h"
#include "core/engine/nest.h"
#include "core/engine/probe.h"
#include "core/engine/signals.h"
#include "core/event/event.h"
#include "core/event/exec.h"
#include "core/event/patch.h"
#include "core/task/task.h"

/*
 * An address space, or what stands for one between two execve(2): shared by threads
 * and by whatever else was made with CLONE_VM. Counted.
 */
struct image {
	int refs;
	bool undumpable;	/* it asked not to be read, and was told it is not */
	bool trap_ignored;	/* SIGTRAP is, or may be (plain ptrace, see begin.c) */
	uint64_t stack_start;	/* of the main thread; 0 = not read yet, 1 = not known */
	uint64_t stack_limit;	/* RLIMIT_STACK when it was first asked for */
};

struct scratch {		/* memory of the tracee that is ours, see rewrite.c */
	uint64_t addr;
	size_t size;
	bool tried;
};

enum fs_doubt {
	FS_SURE,
	FS_OWN,			/* the call it is in may change its directories */
	FS_ALL,			/* … or everybody's (mount, pivot_root) */
};

/* Why a task's call must be seen again when it has run. A set. */
enum at_exit {
	AT_EXIT_SINK    = 1 << 0,	/* a sink wants its result */
	AT_EXIT_ANSWER  = 1 << 1,	/* it was not carried out: put the answer */
	AT_EXIT_RESTORE = 1 << 2,	/* arguments were replaced: put them back */
	AT_EXIT_FS      = 1 << 3,	/* working directory, root or namespace may change for others too */
	AT_EXIT_SCRATCH = 1 << 4,	/* it is our mmap(2); the true call comes after it */
	AT_EXIT_FILTER  = 1 << 5,	/* it installs a seccomp filter, if it succeeds */
	AT_EXIT_UNKNOWN = 1 << 6,	/* has this kernel got a call with that number? */
	AT_EXIT_UNTESTED = 1 << 7,	/* … and that ABI? */
	AT_EXIT_BEGIN   = 1 << 8,	/* the new image has made its calls (begin.c) */
	AT_EXIT_NEST    = 1 << 9,	/* it is a wait of a task that traces others */
};

struct tracee {
	struct task *task;
	struct image *image;
	struct call *call;	/* of AT_EXIT_SINK; kept for the next one */
	unsigned at_exit;	/* enum at_exit; 0 = nobody waits */
	bool in_call;		/* plain ptrace: between entry and exit */
	bool skip_entry;	/* Linux before 4.8: an entry stop follows the seccomp stop */
	bool filtered;		/* has a seccomp filter of its own: a call of ours could kill it */
	bool stopped;		/* in a stop that we have not ended */
	bool listening;		/* stopped by job control */
	bool calls;		/* was let go on to the next entry or exit, and not to an exit only */
	bool traces;		/* its process traces others (nest.h): all its calls are seen */
	bool fresh;		/* its first stop, because its maker is traced, is to come */
	bool poked;		/* we interrupted it, and nobody else is to know */
	bool rewound;		/* it makes the same call again: its tracer sees one */
	const struct abi *call_abi;	/* of the call that it is in; NULL = not known */
	bool nr_known;
	uint64_t nr;		/* of the call it is in, as the program made it */
	struct nest *nest;	/* if it traces, or is traced by another tracee */
	enum fs_doubt fs_doubt;
	uint64_t unshared;	/* flags of the unshare(2) it is in */
	uint64_t unknown;	/* number of the call it is in, of AT_EXIT_UNKNOWN */
	int64_t answer;
	uint64_t originals[SYSCALL_ARGS];	/* what the program had put into arguments that were replaced … */
	unsigned replaced;	/* … which are these, a bit each */
	uint64_t renumbered;	/* its number, where it was made another call; else REGS_NO_CALL */
	uint64_t patch_at;	/* where the bytes that its call got lie */
	bool held;		/* signals are blocked until its call comes again … */
	uint64_t mask;		/* … and then it has its own mask again */
	struct regs *before;	/* of AT_EXIT_SCRATCH: registers at the true call */
	struct scratch scratch;
	struct begin *begin;	/* its image has calls to make before it begins (begin.h) */
};

struct filter_pass;
struct sys_info;

struct parked {			/* a tid whose making has not been reported yet */
	pid_t tid;
	bool ended;		/* … and which is dead already */
	int status;
	int64_t ms;		/* since when */
};

struct engine {
	const struct engine_spec *spec;
	struct bus *bus;
	struct task_table *tasks;
	struct engine_result *ret;
	struct engine_probe probe;
	struct err *e;		/* of the first sink that failed */
	int failed;		/* its −errno: tracees go on unobserved */
	bool fatal;		/* nothing can go on: end them all */
	struct launch launch;
	struct begin *begin;	/* to be used again */
	const struct filter_pass *pass;	/* lets our own calls pass the filter; NULL: nothing does */
	struct call call;	/* the one being looked at */
	struct patch patch;	/* … and what it gets instead */
	struct event_exec exec;	/* the image that is being told of */
	const struct sys_info *told;	/* what the kernel said of the stop at hand, if it is … */
	const struct tracee *told_of;	/* … this one's; NULL: it was not asked */
	unsigned classes;	/* that the sinks want, SYSCALL_BIT() each */
	struct parked *parked;
	size_t n_parked, room_parked;
	uint64_t images;
	struct nests nests;
	unsigned options;	/* PTRACE_O_* of all tracees */
	uint32_t filter_data;	/* SECCOMP_RET_DATA of our filter's stops */

	/* The end. */
	bool over;		/* the initial command has ended */
	int64_t over_ms;
	unsigned over_interrupts;
	bool named;		/* survivors were told */
	bool ending;		/* … and are being killed */
	int64_t tick_ms;

	/* Signals handed on: who sent it, and what the command got by itself. */
	struct {
		pid_t sender;
		int64_t ms;
	} sent[SIGNALS_SLOTS], direct[SIGNALS_SLOTS];
	bool told_untested;
};

/* ptrace.c */
/* 0, or −errno: -EIO for a step that this machine cannot do (it is still stopped). */
int engine_resume(struct engine *en, struct tracee *t, int signo);
void engine_listen(struct tracee *t);	/* it stays stopped by job control */
void engine_fail(struct engine *en, int code);
void engine_tell(struct engine *en, struct event *ev);	/* to the bus, unless a sink has failed */

/* tasks.c: the life of tasks. */
struct tracee *tracee_of(struct engine *en, pid_t tid);
int tasks_initial(struct engine *en, pid_t pid);
void tasks_made(struct engine *en, struct tracee *parent, unsigned event);
void tasks_executed(struct engine *en, pid_t tid);
void tasks_ended(struct engine *en, pid_t tid, int status);
void tasks_unknown(struct engine *en, pid_t tid, int status);
void tasks_adopt(struct engine *en);	/* those whose making nobody reports */
void tasks_free(struct engine *en);

/* entry.c: system calls. */
void entry_seccomp(struct engine *en, struct tracee *t);
void entry_syscall_stop(struct engine *en, struct tracee *t);
void entry_settle_fs(struct engine *en, struct tracee *t);
/* A stop at an entry, or at one of a filter, that a tracer has been told of goes on. */
void entry_go(struct engine *en, struct tracee *t);
void entry_filter_go(struct engine *en, struct tracee *t);
/* At an entry: @answer is the result. 0 or −errno. */
int entry_answer(struct engine *en, struct tracee *t, int64_t answer);

/* policy.c: what the engine itself answers. True: not for the sinks. */
bool policy_answers(struct engine *en, struct tracee *t, struct event *ev);
/* A call number that no table has. */
void policy_unknown(struct engine *en, const char *abi, uint64_t nr);
/* The program's own strict mode met a call that it forbids. */
void policy_strict_kills(struct tracee *t);
void policy_returned(struct engine *en, struct tracee *t, unsigned why, int64_t result);

/*
 * rewrite.c: puts new paths and what else the sinks have in mind into the tracee's memory
 * and its registers. 0, or −errno. When it has to get memory first the task is sent to do
 * that (AT_EXIT_SCRATCH) and comes back with the same call.
 */
int rewrite_call(struct tracee *t, struct event *ev);
void rewrite_scratch(struct engine *en, struct tracee *t);
/*
 * Where @size bytes of ours can be put in the tracee. With AT_EXIT_SCRATCH set after it:
 * nowhere yet, return; the call will come again.
 */
int rewrite_room(struct tracee *t, const struct regs *regs, size_t size, uint64_t *ret_addr);
/* Argument @reg := @value until the exit. */
int rewrite_arg(struct tracee *t, int reg, uint64_t value);
/*
 * rewrite_socket.c: @path instead of the path in the socket address that the call
 * passes. −ENAMETOOLONG, −EOPNOTSUPP (sendmmsg), −EFAULT.
 */
int rewrite_socket(struct patch *p, const struct task *t, const struct call *c, const char *path);

/* end.c: signals to care, survivors. */
void end_poll(struct engine *en);
void end_all(struct engine *en);		/* SIGKILL to everybody */
void end_initial(struct engine *en, int status);
void end_stop_too(struct engine *en);		/* the initial command was stopped */
/* @signo is about to be delivered: false if it is our copy of what the task got anyway. */
bool end_delivers(struct engine *en, struct tracee *t, int signo);
void end_tick(struct engine *en);	/* as often as needed now, or never */
int64_t end_now_ms(void);		/* CLOCK_MONOTONIC */

#endif
