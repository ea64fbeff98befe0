/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What archive_in is made of; for core/archive only. */
#ifndef CORE_ARCHIVE_IN_H
#define CORE_ARCHIVE_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/archive/archive_in.h"
#include "core/archive/stream_in.h"
#include "core/archive/wrap.h"
#include "core/base/buf.h"

/* The most of one member that we take into memory: a manifest of a million files. */
#define IN_MEMBER_MAX (512u << 20)

struct archive;
struct archive_entry;
struct filter;

struct archive_in {
	char *path;
	int fd;			/* the file, or the directory */
	struct wrap wrap;
	struct archive_format format;
	const struct filter *filter;
	char *prefix;
	bool partial;
	const char *damage;	/* what the last look through it ran into, NULL: nothing */
};

/* One pass over the members of a stream. */
struct scan {
	struct stream_in *stream;
	struct archive *reader;
	struct archive_entry *entry;	/* of the last scan_next(), ours */
	uint64_t members;
	int failed;		/* not the archive's fault: reading, memory */
	bool behind;		/* the current member was left behind, at decoded offset … */
	uint64_t behind_raw;
	bool ended;		/* the trailer was met */
	bool in_header;		/* between two members, … */
	uint64_t header;	/* … where so much was read */
};

/* What a member is to us, by its name below the prefix. */
enum member_kind {
	MEMBER_ROOTFS,		/* something in rootfs/, or that itself */
	MEMBER_MANIFEST,	/* manifest.json */
	MEMBER_JOURNAL,		/* manifest.d/NNNN.ndjson, or the directory of those */
	MEMBER_OTHER,		/* re-execute.sh … */
};

/* From the start, or from a mark that stands at @offset of the file (0: the start). */
int scan_open(struct scan **ret, const struct archive_in *a, uint64_t offset, struct err *e);
void scan_free(struct scan *s);

/*
 * 1: s->entry is the next member. 0: the end, by the trailer or by damage, which
 * scan_damage() tells. −errno: see s->failed.
 */
int scan_next(struct scan *s, struct err *e);
/* The rest of the current member's bytes into @ret. -EFBIG above @max, -EBADMSG when cut. */
int scan_content(struct scan *s, uint64_t max, struct buf *ret, struct err *e);
/* A stretch of content: 1, or 0 at the member's end; -EBADMSG. */
int scan_block(struct scan *s, const void **ret_data, size_t *ret_len, uint64_t *ret_at,
	       struct err *e);
/* -EBADMSG, with why not even a first member can be had. */
int scan_nothing(const struct scan *s, const struct archive_in *a, struct err *e);
/* How the stream ended, once scan_next() said 0: NULL = well. */
const char *scan_damage(const struct scan *s);
/* Decoded offset behind the current member, its padding included. */
int scan_behind(struct scan *s, uint64_t *ret_raw);

/* The name of a member below the prefix ("" = the prefix itself) and its kind. */
enum member_kind member_kind(const char *below);
/* Behind the first component; NULL when @name is not below @prefix. */
const char *member_below(const char *name, const char *prefix);

/*
 * Find the manifest from the end of a stream that we wrote: the offset of the mark
 * that it begins behind. -ENOENT.
 */
int find_manifest(const struct archive_in *a, uint64_t *ret_offset);

/* What CARE 2.x knew about its recording, from its script. care2.c. */
int care2_manifest(const char *script, size_t len, struct manifest **ret, struct err *e);

/* Take apart a directory archive. in_dir.c */
struct extraction;
int dir_member(const struct archive_in *a, const char *name, struct buf *ret, struct err *e);
int dir_extract(struct archive_in *a, struct extraction *x, struct err *e);

#endif
