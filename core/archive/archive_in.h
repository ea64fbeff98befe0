/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading what we wrote, what CARE 2.x wrote, and what somebody tampered with:
 * whatever is in the file, nothing is written outside the target directory.
 */
#ifndef CORE_ARCHIVE_ARCHIVE_IN_H
#define CORE_ARCHIVE_ARCHIVE_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/archive/archive_out.h"

struct archive_in;
struct buf;
struct err;
struct manifest;

/* Found by looking into the file, never by its name: footer, magic numbers, a directory. */
int archive_in_open(struct archive_in **ret, const char *path, struct err *e);
void archive_in_free(struct archive_in *a);

const struct archive_format *archive_in_format(const struct archive_in *a);
const char *archive_in_prefix(const struct archive_in *a);	/* NULL until the first member was seen */
bool archive_in_partial(const struct archive_in *a);		/* known after the whole was read */

/*
 * The manifest alone, without extracting: manifest.json, or for a partial archive
 * what its journal says, or for one that CARE 2.x wrote what its re-execute.sh says
 * (command, environment, cwd, volatile paths, status). -ENODATA when there is none.
 */
int archive_in_manifest(struct archive_in *a, struct manifest **ret, struct err *e);

/* One member's bytes by its name below the prefix ("re-execute.sh"). -ENOENT. */
int archive_in_member(struct archive_in *a, const char *name, struct buf *ret_content, struct err *e);

struct archive_extract {
	bool only_rootfs;	/* rootfs/ only, without the prefix: for replay's cache */
	bool placeholders;	/* give placeholders their true size (sparse) */
	bool owners;		/* restore uid and gid (root) */
	bool set_ids;		/* set-id bits although the owner is another: only where nobody else gets in */
	bool strip_prefix;
	bool (*stop)(void);	/* asked now and then; true ends it with -EINTR */
	void (*progress)(void *ctx, uint64_t files, uint64_t bytes);
	void *ctx;
	/* Out: what could not be put back, for a graded warning. */
	uint64_t skipped;	/* entries refused as hostile or impossible (device nodes as a user) */
	uint64_t degraded;	/* entries extracted with metadata lost */
};

/* Take everything out below the directory @dirfd. Directories' metadata last. */
int archive_in_extract(struct archive_in *a, int dirfd, struct archive_extract *how, struct err *e);

/*
 * Complete a partial archive: cut, held-back entries, manifest, trailer. @to NULL: in
 * place of itself, else that file (the partial one stays; a directory is renamed).
 * -EALREADY: it is whole. -EBUSY: it is still being written. -ENODATA: nothing is left.
 */
int archive_repair(const char *path, const char *to, uint64_t *ret_files, struct err *e);

/* What to do with one that is whole, but still lies where it grew. */
int archive_move(const char *path, const char *to, struct err *e);

/*
 * The same in two steps, for who wants to add members that the manifest tells how to
 * make (re-execute.sh): then archive_out_finish(), archive_out_free(), manifest_free().
 */
int archive_repair_begin(const char *path, const char *to, struct archive_out **ret_out,
			 struct manifest **ret_manifest, uint64_t *ret_files, struct err *e);

#endif
