/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names as the tracees see them now: a tree filled by looking, one component at a
 * time, and kept true by the changes that are seen. A path is walked here as the
 * kernel would walk it (path_resolution(7)), and every component on the way is
 * announced, because a replay needs each directory and each symlink of it.
 *
 * Pure over a struct fsview: what is on disk is asked through two functions.
 *
 * A node can be bound: below it the names come from another place of the host
 * (concealment: an empty directory; reveal: the place itself again).
 */
#ifndef CORE_PATH_NAMES_H
#define CORE_PATH_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/event/call.h"

struct buf;
struct err;
struct names;

/* What lstat(2) would say of a name, as far as walking needs it. */
struct name_look {
	mode_t mode;
	dev_t dev;
	ino_t ino;
	bool procfs;		/* lies on a procfs: names there mean another thing for each task */
};

struct fsview {
	/* @path is absolute on the host. 0 or −errno (-ENOENT, -EACCES …). */
	int (*look)(struct fsview *v, const char *path, struct name_look *ret);
	int (*link)(struct fsview *v, const char *path, struct buf *ret_target);
	/*
	 * A link of procfs that leads to a thing (cwd, root, exe, fd/N …), told as the tasks
	 * spell it. NULL: as link() does.
	 */
	int (*magic)(struct fsview *v, const char *path, struct buf *ret_target);
};

/* The machine's own file system. */
struct fsview *fsview_host(void);

/* Does /proc/PID/… at @path lead to a thing rather than to a name? */
bool path_is_magic(const char *path);

enum name_type {
	NAME_UNKNOWN,		/* not looked at, or what was known is doubtful */
	NAME_ABSENT,
	NAME_DIR,
	NAME_LNK,
	NAME_FILE,		/* anything else */
	NAME_PROC,		/* the root of a procfs: not remembered below */
};

enum name_flag {
	NAME_WAS_ABSENT = 1 << 0,	/* it was not there when first looked up */
	NAME_BORN       = 1 << 1,	/* what it means now was made in the run */
	NAME_CHANGED    = 1 << 2,	/* a seen change has touched what it means */
	NAME_ORPHAN     = 1 << 3,	/* no longer in the tree: a rename took its place */
	NAME_PENDING    = 1 << 4,	/* a call that makes it has begun and not ended */
	NAME_USER       = 1 << 5,	/* the first of the flags that are not ours: the recorder's */
};

struct name {
	struct name *next;	/* in its hash chain */
	struct name *parent;	/* of the root: itself */
	char *text;
	char *target;		/* of a symlink */
	char *bind;		/* host path that stands for this node and what is below it */
	void *object;		/* the recorder's */
	dev_t dev;
	ino_t ino;
	uint32_t generation;
	mode_t mode;
	uint16_t flags;
	uint8_t type;
	bool concealed;		/* with bind: what stands there hides what is really there */
};

struct names *names_new(struct fsview *view);	/* NULL when there is no memory */
void names_free(struct names *t);
struct name *names_root(struct names *t);
struct fsview *names_view(const struct names *t);

/* The child of that name, made if not yet known (never looked at on disk). NULL: no memory. */
struct name *names_child(struct names *t, struct name *dir, const char *text, size_t len);
/* Same, but only if it is known. */
struct name *names_known(struct names *t, const struct name *dir, const char *text, size_t len);

/* The node of an absolute path taken literally: no symlink followed, nothing asked. NULL: no memory. */
struct name *names_at(struct names *t, const char *path);

/* Ask the disk if what is known is doubtful. 0 (absence is no error) or −errno. */
int names_refresh(struct names *t, struct name *n);

/* The path as the command spells it, and where the host has it. */
int name_path(const struct name *n, struct buf *ret_path);
int name_host(const struct name *n, struct buf *ret_path);

/* The innermost bound ancestor (or itself), NULL if there is none. */
const struct name *name_binding(const struct name *n);
bool name_concealed(const struct name *n);

/* Changes that were seen. */
void names_forget(struct name *n);		/* look again */
void names_gone(struct name *n);		/* unlink, rmdir */
void names_born(struct name *n);		/* made in the run: look again */
int names_move(struct names *t, struct name *from, struct name *to);	/* rename */
int names_swap(struct names *t, struct name *a, struct name *b);	/* RENAME_EXCHANGE */
void names_doubt_all(struct names *t);		/* a mount changed: everything is doubtful */

/* Grows with every change of the tree's shape; what was derived from it is doubtful then. */
uint32_t names_shape(const struct names *t);

size_t names_count(const struct names *t);

enum walk_role {
	ROLE_DIR,	/* a directory on the way, or whatever the walk failed at */
	ROLE_LINK,	/* a symlink that is followed */
	ROLE_LAST,	/* what the path means, or the name that is absent */
};

struct path_walk {
	/* In. */
	struct name *root;	/* of the task */
	struct name *base;	/* directory that a relative path starts from */
	const char *text;
	size_t len;
	unsigned walk;		/* enum walk */
	bool fresh;		/* what is remembered as absent is looked at again */
	pid_t tgid, tid;	/* of the task: what /proc/self and /proc/thread-self mean */
	bool keep_fds;		/* /proc/PID/fd/N as a whole is what it is open on, whatever its name */
	struct buf *proc;	/* may be NULL: where on the host it ended, if that was in a procfs */
	int (*visit)(void *ctx, struct name *n, enum walk_role role);	/* may be NULL; 0 or −errno */
	void *ctx;

	/* Out. */
	struct name *last;	/* NULL when it ended in procfs or in something without a name */
	int error;		/* what the kernel would say of the walk: 0, -ENOENT, -ELOOP … */
	size_t rest;		/* bytes at the end of the text that were not walked (on error) */
	bool slash;		/* the path ended in '/' */
	bool links;		/* a symlink was followed */
};

/*
 * Walk. 0 with w->error telling what the kernel would say; −errno only when the walk
 * itself could not be done (no memory, or the visitor said so).
 */
int names_walk(struct names *t, struct path_walk *w, struct err *e);

#endif
