/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is mounted where, for a mount namespace: mountinfo as a table, and from it the
 * way from a mount made in the run back to where its files lay when the run began.
 */
#ifndef CORE_RECORD_MOUNTS_H
#define CORE_RECORD_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;

struct mount_entry {
	int id;			/* unique while it is mounted */
	unsigned major, minor;
	char *root;		/* of this mount within its file system */
	char *point;		/* where it is mounted, in the reader's root */
	char *layers;		/* of an overlay: its options; else NULL */
};

struct mounts {
	struct mount_entry *v;
	size_t n;
};

/* The table that @tid has (0: ourselves). 0, −errno when it is gone. */
int mounts_read(struct mounts *ret, pid_t tid);
void mounts_clear(struct mounts *m);

/* Was the very same mount there in @old? */
bool mounts_has(const struct mounts *old, const struct mount_entry *e);

/* Each directory that an overlay is made of, as whoever mounted it named it. 0 or what @fn says. */
int mounts_each_layer(const struct mount_entry *e, int (*fn)(void *ctx, const char *path), void *ctx);

/*
 * Where the files of @e could be reached in @old: the part of a mount of the same file
 * system. False when there was none: a file system that was mounted in the run.
 */
bool mounts_source(const struct mounts *old, const struct mount_entry *e, struct buf *ret_path);

#endif
