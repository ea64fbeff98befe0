/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command found on disk: one object per file that existed before the run,
 * under the path it had then (its origin), with its metadata as of the first use.
 *
 * Non-directories are known by identity too, so that a second name of the same
 * inode becomes a hard link. What was born in the run has no object: it is never
 * archived (decision 2).
 */
#ifndef CORE_RECORD_OBJECT_H
#define CORE_RECORD_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/manifest/manifest.h"

struct err;
struct job;
struct name;
struct objects;

struct object {
	struct manifest_file file;	/* path = origin; file.use = every use so far */
	unsigned told;			/* uses that the archive's record has */
	struct job *job;		/* content on its way to the archive; the queue's */
	bool volatile_below;		/* taken from the replaying machine, with all below */
	bool concealed_below;		/* hidden from the command, with all below */
	bool listed;			/* its names have been announced */
	bool content_told;		/* whether the content is kept is settled */
	bool doomed;			/* its bytes are being changed: what is not kept yet is lost */
	pid_t doomer;			/* … by the call that this task is in, which may fail; 0: they are */
};

/* What the command made itself. */
extern struct object object_born;

struct objects *objects_new(const struct timespec *start);
void objects_free(struct objects *t);

/*
 * What is at the host path @host, as the object of origin path @origin (copied).
 * *ret = &object_born when it came into being after the start by the run's own doing:
 * @changed says that the run is known to have changed that name. What somebody else
 * made meanwhile is an object like any other, as it is when it is first used.
 * *ret_link, when true afterwards, says that this is another name of an inode that is
 * known already under that object's path. -ENOENT and other errors of lstat(2) as they are.
 */
int objects_add(struct objects *t, const char *host, const char *origin, bool changed,
		struct object **ret, bool *ret_link, struct err *e);

/*
 * The same of a file without a name that is open as @fd, as one that has @origin. It was
 * there before the run.
 */
int objects_add_fd(struct objects *t, int fd, const char *origin, struct object **ret,
		   bool *ret_link, struct err *e);

/*
 * The run has made something that could not be told by name: from now on whatever
 * came into being after the start counts as born in the run.
 */
void objects_doubt(struct objects *t);

/* The object of that identity, or NULL. Not for directories. */
struct object *objects_by_inode(struct objects *t, dev_t dev, ino_t ino);

size_t objects_count(const struct objects *t);
struct object *objects_next(struct objects *t, size_t *cursor);	/* in order of first use; NULL = end */

#endif
