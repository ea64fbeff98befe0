/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that one replay runs in: its own, so that the archive stays as it is and
 * nothing is left behind (decision 14).
 */
#ifndef CORE_REPLAY_SCRATCH_H
#define CORE_REPLAY_SCRATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/replay/cache.h"

struct err;

enum scratch_kind {
	SCRATCH_COPY,	/* of the pristine tree, by reflink where that works */
	SCRATCH_OVERLAY,	/* changes go to a directory of their own */
	SCRATCH_IN_PLACE,	/* the archive directory itself */
};

struct scratch {
	enum scratch_kind kind;
	char *pristine;		/* as recorded; NULL when it was extracted for this run alone */
	char *run;		/* our private directory; NULL in place */
	char *root;		/* becomes the command's root */
	char *upper, *work;	/* SCRATCH_OVERLAY */
	int pristine_lock, run_lock;
	struct timespec made;	/* what has a later change time was changed by the command */
};

struct scratch_want {
	enum scratch_kind kind;
	struct cache_want source;
	struct manifest *own;	/* the owners to give to a copy */
	const struct manifest *manifest;
	bool directory;		/* the archive is one: its rootfs/ is the pristine tree */
	bool no_cache;
	/* The command runs as another user, with this group, and goes there by our paths. */
	bool shared;
	gid_t shared_gid;
	const char *keep;	/* the tree is made in this (new) directory and stays */
};

int scratch_open(struct scratch **ret, const struct scratch_want *want, struct err *e);

/* An overlay was refused: a copy instead. */
int scratch_copy_instead(struct scratch *t, const struct scratch_want *want, struct err *e);

/* Remove all that is ours, and free. What could not be removed is an error. */
int scratch_close(struct scratch *t, struct err *e);

#endif
