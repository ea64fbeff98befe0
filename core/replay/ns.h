/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out a plan in a child process. The parent stays outside: it knows whether
 * the namespaces could be had at all, waits, and cleans up.
 */
#ifndef CORE_REPLAY_NS_H
#define CORE_REPLAY_NS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct err;
struct plan;
struct watch;

struct ns_child {
	pid_t pid;		/* our child: the command, or the init of its pid namespace */
	int channel;		/* what it still has to tell: see ns_end() */
	int inotify;		/* its watch over placeholders, −1 = none */
	int listener, root;	/* of PLAN_GUARD: what the guard needs, −1 = there is none */
	int keep;		/* open as long as the command runs; −1 = nothing */
	bool init;		/* the command's status comes over the channel */
	bool not_executed;	/* after ns_end(): what failed was execve itself */
};

/* What runs the command in the place of execve(2), in there: its wait status, or −errno of that. */
struct ns_runner {
	int (*run)(struct ns_runner *self, char *const *argv, char *const *env, int *ret_status, struct err *e);
};

struct ns_start {
	const struct plan *plan;
	struct watch *watch;		/* may be NULL */
	const sigset_t *mask;		/* the command's signal mask */
	const int *stdio;		/* three descriptors to be 0, 1, 2; −1 = as it is; NULL = all */
	bool probe;			/* go through everything but run nothing */
	struct ns_runner *runner;	/* NULL: it is executed, and nothing stands before it */
};

/*
 * Start it. Returns when the command is about to be executed; after PLAN_GUARD it waits
 * for the guard, or for its listener to be closed. On failure
 * *ret_refused says whether this machine denies the namespaces (another plan may do)
 * rather than that the plan cannot be fulfilled.
 */
int ns_start(struct ns_child *ret, const struct ns_start *how, bool *ret_refused, struct err *e);

/*
 * Everything but the last step in the calling process, which has one thread: for who starts
 * the command himself. No pid namespace, which only a child could enter. @keeper: a socket
 * whose other end stays open as long as the command runs, unread. 0 or −errno.
 */
int ns_in_child(const struct plan *plan, int keeper, struct err *e);

/*
 * After child->pid was reaped with @status: the wait status of the command itself.
 * −errno with its sentence if a step failed after the start; when that was execve itself,
 * child->not_executed says so. Closes the channel.
 */
int ns_end(struct ns_child *child, int status, int *ret_status, struct err *e);

/*
 * In a child that has its file system already: the steps of the plan behind PLAN_DETACH, up
 * to the execution. Descriptors that are not the command's get close-on-exec.
 */
int ns_settle(const struct plan *p, const sigset_t *mask, struct err *e);

/* Why @program, which is @file on this machine, cannot be run: the sentence of @r, returned. */
int ns_explain(const char *program, const char *file, int r, struct err *e);

#endif
