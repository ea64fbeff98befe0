/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree once more, with what a program could tell it by: links, holes, times,
 * attributes. By reflink where the file system can, so that it costs no space.
 */
#ifndef CORE_REPLAY_COPY_H
#define CORE_REPLAY_COPY_H

#include <stdbool.h>

struct err;
struct manifest;

struct copy_how {
	bool owners;			/* keep uid and gid (root) */
	bool reachable;			/* by others: no set-id bits but those of true owners */
	struct manifest *own;		/* or give those that this says, with its modes */
	/* Give the permissions that plan_project_mode() says; NULL = as they are. */
	struct manifest *project;
};

/* What is in the directory @from into the directory @to, which takes its metadata too. */
int copy_tree(int from, int to, const struct copy_how *how, struct err *e);

/* The permissions alone, in place. */
int copy_project(int root, struct manifest *m, bool reachable, struct err *e);

/* One object (a tree if it is a directory) as @name in @to; replaces a file. */
int copy_object(int from_dir, const char *from, int to, const char *name, bool reachable, struct err *e);

#endif
