/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that makes link(2) work where the file system or the system's policy allows no
 * hard links (`care run -l`), and one that hides names from listings (-H).
 *
 * A file with links is moved to a hidden name beside it, and all its names are symlinks:
 *
 *   name, other/name   ->  DIR/.l2s.NAME0001          what the names have in common
 *   .l2s.NAME0001      ->  DIR/.l2s.NAME0001.0002     the file; the end is how many names it has
 *
 * as PRoot's link2symlink makes them, so that a tree may be used by both. The command sees
 * regular files with their number of links; readlink fails, O_NOFOLLOW opens, and listings
 * leave the hidden names out. The targets are absolute, on this machine, so a directory with
 * hidden files in it is not renamed (EXDEV, as overlayfs says: mv copies), and one whose files
 * have names elsewhere is not empty, unless they are kept in another place (`dir`).
 *
 * Only tasks with care's own file system uid are served: what care does for them it may do.
 */
#ifndef EMUL_LINKS_LINKS_H
#define EMUL_LINKS_LINKS_H

#include <stdbool.h>

#include "core/event/event.h"

struct buf;
struct links;

struct links_options {
	bool links;		/* -l */
	bool hide;		/* -H: listings leave out names that begin with .proot */
	const char *dir;	/* PROOT_L2S_DIR: where the hidden files are made, NULL = beside the file */
	/*
	 * Where path @i of @c leads on this machine, appended; such a link as the last name is not
	 * followed, other symlinks as the call says. −ENOENT of what is absent, with the path all the
	 * same; other errors: the call is left alone. NULL: the command's root is this machine's.
	 */
	int (*host)(void *ctx, struct task *t, const struct call *c, int i, struct buf *ret_host);
	void *ctx;
};

/*
 * Is link(2) refused by a seccomp filter? Such a one comes before ours, so the engine must
 * then see calls without one.
 */
bool links_refused(void);

unsigned links_classes(const struct links_options *o);	/* SYSCALL_BIT()s that the sink wants */
struct links *links_new(const struct links_options *o);	/* NULL: no memory */
void links_free(struct links *l);
/* Before emul/ids on the bus: that one asks about the file that the call will have. */
struct sink *links_sink(struct links *l);

/* Is @target, what readlink(2) says, that of such a link? It stands for a file. */
bool links_is_target(const char *target);

#endif
