/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opening or executing certain files fails with EIO, while all other calls run at full
 * speed. Made of a seccomp filter whose listener (Linux 5.5) is held by a process
 * beside the command: ptrace would keep debuggers out and cost at every fork.
 */
#ifndef EMUL_GUARD_GUARD_H
#define EMUL_GUARD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

/*
 * In the task that will be the command: from now on its calls that open files wait for
 * the guard. The listener's descriptor, or −errno: this kernel has none, or another
 * one is in place already (EBUSY).
 */
int guard_install(struct err *e);

struct guard_want {
	int listener;
	int root;			/* the command's, O_PATH */
	pid_t pid;			/* the command, for its user namespace */
	const char *const *paths;	/* absolute, below root; what is not there is passed over */
	size_t n;
	bool drop;			/* the command has no capabilities: neither has the guard … */
	bool become;			/* … and these ids */
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t n_groups;
};

struct guard {
	pid_t pid;
	struct guard_shared *shared;
	size_t n;
};

/*
 * Start the guard. It is no child that waitpid(2) without __WCLONE would see, and it
 * dies with us. 0 or −errno.
 */
int guard_start(struct guard *ret, const struct guard_want *want, struct err *e);

/* After the command and all of its descendants have ended; {0} is allowed. */
void guard_stop(struct guard *g);
/* Was paths[i] refused? */
bool guard_refused(const struct guard *g, size_t i);
/* Calls whose path could not be read: they went on. */
size_t guard_blind(const struct guard *g);
void guard_free(struct guard *g);

#endif
