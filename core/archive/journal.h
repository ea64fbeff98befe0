/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal of an archive that is being written: lines that wait for the next flush,
 * and all lines so far in an unnamed file, from which the manifest is made at the end.
 */
#ifndef CORE_ARCHIVE_JOURNAL_H
#define CORE_ARCHIVE_JOURNAL_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/manifest/manifest.h"

struct err;

struct journal {
	struct buf pending;
	unsigned members;	/* manifest.d/NNNN.ndjson written so far */
	int fd;
	bool has_end;		/* a MANIFEST_K_END went by */
};

#define JOURNAL_INIT ((struct journal){ .fd = -1 })

/* An unnamed file in @dir (NULL: nowhere in particular). The caller closes it. */
int journal_unnamed_file(const char *dir, struct err *e);

int journal_open(struct journal *j, const char *dir, struct err *e);
void journal_free(struct journal *j);

int journal_add(struct journal *j, const struct manifest_record *record, struct err *e);

/* The pending lines went into the archive: keep them for the manifest. */
int journal_flushed(struct journal *j, struct err *e);

/* manifest.json from all lines, as an unnamed file. */
int journal_manifest(struct journal *j, const char *dir, bool sorted, int *ret_fd, struct err *e);

#endif
