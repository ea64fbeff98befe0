/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of names that a task sees: one per mount namespace. What is mounted in the
 * run is bound to where its files lay when the run began (decision 3), so that objects
 * keep their origin path; a file system mounted in the run was born in it.
 */
#ifndef CORE_RECORD_VIEW_H
#define CORE_RECORD_VIEW_H

#include <sys/types.h>

#include "core/record/mounts.h"

struct names;
struct recorder;
struct task;

struct view {
	ino_t ns;
	struct names *names;
	struct map *bases;	/* directory path → where relative paths start; paths.c's */
	struct mounts mounts;	/* when last read */
	struct view *next;
};

int view_init_home(struct recorder *r);

/* Of the task; a namespace that is new is read now. NULL: no memory (r->e). */
struct view *view_of(struct recorder *r, struct task *t);

/* A mount call of @t has succeeded. 0 or -ENOMEM. */
int view_changed(struct recorder *r, struct task *t);

void view_free_all(struct recorder *r);

#endif
