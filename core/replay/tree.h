/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that one replay runs in: its own, so that the archive stays as it is and
 * nothing is left behind (decision 14).
 */
#ifndef CORE_REPLAY_TREE_H
#define CORE_REPLAY_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/replay/cache.h"

struct err;

enum tree_kind {
	TREE_COPY,	/* of the pristine tree, by reflink where that works */
	TREE_OVERLAY,	/* changes go to a directory of their own */
	TREE_IN_PLACE,	/* the archive directory itself */
};

struct tree {
	enum tree_kind kind;
	char *pristine;		/* as recorded; NULL when it was extracted for this run alone */
	char *run;		/* our private directory; NULL in place */
	char *root;		/* becomes the command's root */
	char *upper, *work;	/* TREE_OVERLAY */
	int pristine_lock, run_lock;
	struct timespec made;	/* what has a later change time was changed by the command */
};

struct tree_want {
	enum tree_kind kind;
	struct cache_want source;
	bool directory;		/* the archive is one: its rootfs/ is the pristine tree */
	bool no_cache;
	const char *keep;	/* the tree is made in this (new) directory and stays */
};

int tree_open(struct tree **ret, const struct tree_want *want, struct err *e);

/* An overlay was refused: a copy instead. */
int tree_copy_instead(struct tree *t, const struct tree_want *want, struct err *e);

/* Remove all that is ours, and free. What could not be removed is an error. */
int tree_close(struct tree *t, struct err *e);

#endif
