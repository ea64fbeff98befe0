/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What archive_out is made of; for core/archive only. */
#ifndef CORE_ARCHIVE_OUT_H
#define CORE_ARCHIVE_OUT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/archive/archive_out.h"
#include "core/archive/held.h"
#include "core/archive/journal.h"
#include "core/base/buf.h"

#define OUT_FLUSH_BYTES (4u << 20)
/* Of the 2 s that are promised the rest is for the way to here. */
#define OUT_FLUSH_MS 800
/* Files up to this are read before their header is written, larger ones start behind a cut. */
#define OUT_BUFFER (1u << 20)
/* Files from this on take so long that what came before is flushed first. */
#define OUT_LARGE (32u << 20)
/* Own members of a reproducible archive: long ago, but not so long that tar warns. */
#define OUT_FIXED_TIME 315532800

struct err;
struct stream_out;
struct target;

/* A member of our own, kept until the tail. */
struct out_member {
	char *name;
	mode_t mode;
	void *data;
	size_t len;
};

/*
 * Where entries go. A stream of bytes and a directory differ in everything but what
 * archive_out.c does: what is held back, the journal, when to flush.
 */
struct out_backend {
	int (*open)(struct archive_out *a, struct err *e);
	/* A file with content, read from @fd; may turn file->content into what is true. */
	int (*content)(struct archive_out *a, struct held *h, struct manifest_file *file, int fd,
		       bool *ret_changed, struct err *e);
	/* Put the journal's pending lines down and everything on the disk. */
	int (*flush)(struct archive_out *a, struct err *e);
	/* The rest: what was held back, members, the manifest. */
	int (*tail)(struct archive_out *a, int manifest, struct err *e);
	/* Into its place. */
	int (*publish)(struct archive_out *a, struct err *e);
	uint64_t (*bytes)(const struct archive_out *a);
	uint64_t (*unflushed)(const struct archive_out *a);
	void (*free)(struct archive_out *a, bool discard);
};

/* Where a journal member's frames are in the file. */
struct out_gap {
	uint64_t from, to;
};

struct archive_out {
	struct archive_format format;
	char *path, *spool, *prefix;
	char *dir, *partial;	/* where it grows; NULL: stdout */
	int self_fd;
	bool reproducible;
	const struct out_backend *backend;
	struct stream_out *stream;	/* of the stream backends */
	uint64_t resumed;	/* bytes of it that an earlier writer left */
	struct archive_format final;	/* sorted: of the archive proper; format is the spool's till then */
	int spool_fd;
	char *spool_path;
	struct target *target;	/* of the directory backend */
	int fd;			/* the file or directory that grows */
	struct out_gap *gaps;
	size_t n_gaps;
	uint64_t left_out;	/* bytes of journal that the finished archive does without */
	struct held_set held;
	struct journal journal;
	struct out_member *members;
	size_t n_members;
	void *buffer;		/* OUT_BUFFER bytes */
	struct timespec flushed;	/* when, CLOCK_MONOTONIC */
	uint64_t bytes, unflushed;	/* the directory's */
	uint64_t files;
	bool dirty;		/* entries since the last flush */
	bool whole;		/* written to its end */
	bool finished;		/* and in its place */
	volatile sig_atomic_t cancelled;
};

extern const struct out_backend out_stream_backend, out_dir_backend, out_sorted_backend;

/* The part of archive_out_open() in front of the backend's own. */
int out_new(struct archive_out **ret, const struct archive_spec *spec, struct err *e);

/* Why a content was not kept: turn @file into a placeholder and note the loss. Returns 0. */
int out_lose_content(struct archive_out *a, struct held *h, struct manifest_file *file,
		     enum manifest_content content, const char *why, struct err *e);

/* What @h is as an entry; the names (caller's buffers) must outlive it. */
int out_entry(struct archive_out *a, struct held *h, struct pack_entry *ret, struct buf *name,
	      struct buf *target, struct err *e);
/* A stream's tail, shared by both that are streams. */
int out_stream_tail(struct archive_out *a, int manifest, struct err *e);
int out_stream_entry(struct archive_out *a, struct stream_out *s, const struct pack_entry *entry,
		     uint64_t *ret_stored, struct err *e);

/* out_compact.c: note where a journal member is; leave all of them out if that is worth it. */
int out_compact_note(struct archive_out *a, uint64_t from, uint64_t to, struct err *e);
void out_compact(struct archive_out *a);

/* out_file.c: the growing file and its way to its place. */
int out_file_open(struct archive_out *a, mode_t mode, struct err *e);
int out_file_publish(struct archive_out *a, struct err *e);
/* Rename the archive @from to @to, or copy it there and remove it. */
int out_move(const char *from, const char *to, struct err *e);
mode_t out_file_mode(const struct archive_format *f);
/* Split a->path: its directory ("." if it has none) and its last name. Caller frees. */
int out_split_path(const char *path, char **ret_dir, char **ret_base, struct err *e);
/*
 * Can @path be replaced at the end? Asked at the start: after an hour of recording is
 * a bad time to learn that it can't.
 */
int out_check_target(const char *path, bool directory, struct err *e);
/*
 * Make "@dir/@base.partial", or .1.partial if that exists, and so on: what an earlier
 * recording left is somebody's only copy.
 */
int out_make_partial(const char *dir, const char *base, mode_t mode, bool directory, char **ret_name,
		     int *ret_fd, struct err *e);
int out_make_directories(const char *dir, struct err *e);
int out_sync_directory(const char *dir, struct err *e);

#endif
