/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Standing between a shell and a command without being noticed: signals, stops and
 * continuations go through, the terminal is given back, all descendants are awaited.
 */
#ifndef CORE_REPLAY_WAIT_H
#define CORE_REPLAY_WAIT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct err;

#define WAIT_SOURCES 3

struct wait_source {
	int fd;				/* −1 = none */
	bool (*readable)(void *ctx);	/* false: it has ended, do not ask again */
	void *ctx;
};

struct wait_how {
	pid_t pid;
	bool kill_others;		/* end what outlives the command */
	struct wait_source sources[WAIT_SOURCES];
	int n_sources;
};

/*
 * Before the child is started: become the reaper of its orphans (PR_SET_CHILD_SUBREAPER,
 * Linux 3.4), hold back signals. *ret_mask is the mask that the command must get.
 */
int wait_prepare(sigset_t *ret_mask, struct err *e);

/* Whether a signal is held back that wants us to end: before the command runs, nobody else takes it. */
bool wait_interrupted(void);

/* Until the command and all it left behind have ended. *ret_status: of the command. */
int wait_for(const struct wait_how *how, int *ret_status, struct err *e);

/*
 * Signals are ours again; the terminal is in our hands as it was before. With NULL they
 * are held back still, until the caller restores wait_prepare()'s mask.
 */
void wait_finish(const sigset_t *mask);

/* Of a wait status: 128+n for a signal, as shells do. */
int wait_exit_status(int status);

#endif
