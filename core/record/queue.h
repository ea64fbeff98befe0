/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to the archive: one writer thread, so that the command waits only where
 * it must. Files travel as descriptors opened at event time, so a rename or unlink
 * cannot lose them; where a call would destroy bytes, queue_secure() holds it until
 * they are safe.
 */
#ifndef CORE_RECORD_QUEUE_H
#define CORE_RECORD_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct archive_out;
struct err;
struct manifest_record;
struct object;
struct queue;

/* @out NULL: nothing is archived (--dry-run). @spool: a directory for copies of files about to change. */
struct queue *queue_new(struct archive_out *out, const char *spool, struct err *e);

/*
 * The object's metadata as it is now in object->file, and with @fd >= 0 its content
 * (the queue closes it). Waits when too much is under way. −errno of the archive, also
 * for what failed earlier.
 */
int queue_file(struct queue *q, struct object *o, int fd, struct err *e);

/* Another name of an object: a hard link. */
int queue_link(struct queue *q, const struct object *o, const char *path, struct err *e);

/*
 * A record without content. It is owned by the queue until @done(@record) is called,
 * from the writer's thread.
 */
int queue_record(struct queue *q, struct manifest_record *record,
		 void (*done)(struct manifest_record *), struct err *e);

/* Do not return before the object's bytes are safe from whatever happens to the file. */
int queue_secure(struct queue *q, struct object *o, struct err *e);

/*
 * Do not return while anything that was queued more than a second ago can still be lost by
 * a SIGKILL. To be called before a call is let go, also one that queues nothing.
 */
int queue_keep_up(struct queue *q, struct err *e);

/* Wait until nothing is under way and no descriptor is held (before an umount). */
int queue_drain(struct queue *q, struct err *e);

/* Drain and end the thread. The first error that the archive had. */
int queue_finish(struct queue *q, struct err *e);
void queue_free(struct queue *q);

struct queue_census {
	uint64_t files, bytes;	/* content handed to the archive */
	uint64_t changed;	/* files that changed while they were read */
};
void queue_census(struct queue *q, struct queue_census *ret);

#endif
