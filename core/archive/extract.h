/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One extraction on its way; for core/archive only. */
#ifndef CORE_ARCHIVE_EXTRACT_H
#define CORE_ARCHIVE_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/archive/archive_in.h"
#include "core/archive/target.h"
#include "core/base/buf.h"

struct extract_dir {	/* waits for its metadata */
	char *path;
	size_t order;	/* when it was met */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
};

struct extraction {
	struct archive_in *a;
	struct target *target;
	struct archive_extract *how;
	int dirfd;
	struct extract_dir *dirs;
	size_t n_dirs, cap_dirs;
	uint64_t dirs_memory;
	struct buf manifest;	/* manifest.json, or the journal's lines */
	bool has_manifest, has_journal;
	uint64_t files, bytes, reported;
	struct buf path;	/* of the current member below the target */
};

/*
 * Where a member goes: x->path. 0: nowhere, it isn't wanted. -EPERM with a sentence
 * for a name that leads outside.
 */
int extract_where(struct extraction *x, const char *name, const char **ret_below, struct err *e);

/* Metadata now, or for a directory at the end. @fd may be −1. */
int extract_meta(struct extraction *x, int fd, const struct target_meta *m, struct err *e);

/* Count a file of @bytes, tell the caller. */
void extract_progress(struct extraction *x, uint64_t files, uint64_t bytes);

/* -EINTR when it is to stop. */
int extract_stopped(struct extraction *x, struct err *e);
/* -ENOSPC when @bytes more are more than there is room for. */
int extract_room(struct extraction *x, uint64_t bytes, const char *name, struct err *e);

/* What the manifest knows and the container doesn't. extract_manifest.c */
int extract_apply_manifest(struct extraction *x, struct err *e);

#endif
