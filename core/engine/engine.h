/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command under observation: every system call of interest, made by it or
 * by any of its descendants, becomes an event on the bus before it is carried out.
 *
 * Which engine is used is decided by trying, never by the kernel's version, and is
 * told in the result.
 */
#ifndef CORE_ENGINE_ENGINE_H
#define CORE_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;
struct err;
struct task_table;

enum engine_kind {
	ENGINE_AUTO,		/* the best that works here */
	ENGINE_PTRACE_SECCOMP,	/* stops at calls of interest only: Linux 3.5 (x86), 3.8 (arm), 3.19 (arm64) */
	ENGINE_PTRACE,		/* stops twice at every call: any kernel from 3.4 (PTRACE_SEIZE) */
};

struct engine_spec {
	char *const *argv;	/* argv[0] is searched in $PATH of envp, as a shell does */
	const char *path;	/* what to execute then, searched already; NULL: not */
	bool binary;		/* … is known not to be a text, which a shell would run as a script */
	char *const *envp;	/* NULL: care's own environment */
	enum engine_kind kind;
	bool kill_on_exit;	/* the initial command's end ends all the others */
	bool fake_ids;		/* a sink says who tasks are: set-id programs lose nothing */
	bool allow_io_uring;	/* else io_uring_setup(2) answers ENOSYS, so that programs fall back */
	unsigned classes;	/* SYSCALL_BIT()s that the sinks want; 0: SYSCALL_FILES (arch/syscall.h) */
	/*
	 * The sinks change what calls mean: none that could carry a path may pass by them, they
	 * see what makes a task in other namespaces, and when a sink fails the tracees end.
	 */
	bool confine;
	bool stop_too;		/* when the initial command is stopped we stop, so that a shell sees a stopped job */
	struct task_table *tasks;	/* the caller's, empty; NULL: the engine has its own */

	/* Last thing in the child before the filter and execve(2): 0 or −errno. May be NULL. */
	int (*child)(void *arg);
	/* About once a second, from the engine's thread, while tracees run. May be NULL. */
	void (*tick)(void *arg);
	void *arg;
};

struct engine_unknown {		/* a call number without a description */
	const char *abi;
	uint64_t nr;
	uint64_t count;
};

struct engine_census {
	uint64_t stops;		/* of any kind */
	uint64_t calls;		/* given to the sinks */
	uint64_t returns;	/* exit stops given to the sinks */
	uint64_t answered;	/* calls not carried out, answered instead */
	uint64_t rewritten;	/* calls whose path was replaced */
	uint64_t tasks;		/* tasks ever seen */
	uint64_t images;	/* successful execve */
	uint64_t signals;
	uint64_t io_uring;	/* io_uring_setup refused */
	uint64_t unreadable;	/* calls whose path could not be read: undumpable or execute-only programs */
	uint64_t setuid_lost;	/* set-uid or set-gid programs that ran without their privilege */
	struct engine_unknown *unknown;
	size_t n_unknown;
};

struct engine_result {
	bool started;		/* the command's execve succeeded */
	bool unfit;		/* … but we cannot follow its program, which was ended before it ran */
	int exec_error;		/* else why not, −errno */
	int status;		/* of the initial command, as waitpid(2); 126 or 127 when not started */
	bool killed;		/* survivors were ended by us */
	enum engine_kind kind;	/* what was used */
	char why[160];		/* why not a better one, "" when it is the best */
	struct engine_census census;
};

/*
 * Runs it and waits for all descendants. Call it from the main thread, with the
 * signal dispositions and mask that the command shall inherit; other threads of
 * the caller must block all signals.
 *
 * 0 when the command was run or could not be found (see ret->started). −errno when
 * it could not be observed: either nothing was run (ret->status = -1), or a sink
 * failed, the tracees went on unobserved and ret->status is right all the same.
 *
 * While it runs SIGINT and SIGQUIT are the command's alone; SIGTERM and SIGHUP are
 * handed to it; after its end any of them ends the survivors. The handlers stay
 * after the return, so that the caller can finish its archive undisturbed.
 */
int engine_run(const struct engine_spec *spec, struct bus *bus, struct engine_result *ret,
	       struct err *e);
void engine_result_free(struct engine_result *ret);

/* How many of SIGINT, SIGQUIT, SIGTERM, SIGHUP came since engine_run() began; the last one. */
unsigned engine_interrupts(int *ret_signo);

/* Back to the dispositions found by engine_run(). */
void engine_signals_restore(void);

/* "ptrace-seccomp", "ptrace", "auto"; −EINVAL for another word. */
const char *engine_name(enum engine_kind kind);
int engine_parse(const char *name, enum engine_kind *ret_kind);

/* 128+n for a signal, else the exit code: what a shell makes of @status. */
int engine_exit_code(int status);

#endif
