/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the child: what the files that carry out a plan share. */
#ifndef CORE_REPLAY_NS_CHILD_H
#define CORE_REPLAY_NS_CHILD_H

#include <signal.h>
#include <stdbool.h>

#include "core/replay/plan.h"

struct err;

struct ns_source {
	int fd;			/* −1 = none */
	bool cloned;		/* a detached mount, to be moved to its place */
};

struct ns_state {
	const struct plan *plan;
	int channel;
	const sigset_t *mask;
	int old, root;		/* this machine's root and the tree, −1 before they are entered */
	struct ns_source *sources;	/* per operation: of a bind */
	bool shared;		/* descriptors that are not the command's are somebody else's: leave them open */
	int proc;		/* this machine's procfs, for PLAN_REMAP, or −1 */
	int keep;		/* to stay open as long as the command runs, −1 = nothing */
	bool in_place;		/* the root is "/" itself: nothing to enter */
};

/* ns_mount.c: PLAN_ROOT … PLAN_DETACH. */
int ns_mount(struct ns_state *s, const struct plan_op *op, struct err *e);

/* ns_frame.c: PLAN_FRAME, and what is left to do once all is bound. */
int ns_frame(struct ns_state *s, const struct plan_op *op, struct err *e);
int ns_frames_finish(struct ns_state *s, struct err *e);
/* An absolute path to mount something on, made as far as it is missing. 0 or −errno. */
int ns_make_point(const char *path, bool dir);

/* ns_binfmt.c: PLAN_BINFMT. */
int ns_binfmt(struct ns_state *s, const struct plan_op *op, struct err *e);

/* ns_limits.c: PLAN_LOOPBACK … PLAN_IGNORE. */
int ns_limit(struct ns_state *s, const struct plan_op *op, struct err *e);

/* ns_exec.c. Returns only on failure. */
int ns_exec(const struct plan *p, const char *program, struct err *e);

#endif
