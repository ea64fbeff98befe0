/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening archives for commands: the same sentences and statuses everywhere. */
#ifndef CORE_CMD_OPEN_H
#define CORE_CMD_OPEN_H

#include "core/archive/archive_in.h"
#include "core/base/mem.h"
#include "core/manifest/manifest.h"

static inline void cleanup_archive_in(struct archive_in **a)
{
	if (*a)
		archive_in_free(*a);
}

static inline void cleanup_manifest(struct manifest **m)
{
	manifest_free(*m);
}

#define _cleanup_archive_in_ _cleanup_(cleanup_archive_in)
#define _cleanup_manifest_ _cleanup_(cleanup_manifest)

/* 0, or the exit status after a sentence was printed. */
int cmd_open_archive(struct archive_in **ret, const char *path);
int cmd_open_manifest(struct archive_in *a, const char *path, struct manifest **ret);

/* The exit status that an error met while reading an archive means: the archive's fault or not. */
int cmd_read_status(const struct err *e);

#endif
