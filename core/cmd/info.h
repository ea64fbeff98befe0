/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What care info found out, and its three ways to print it. */
#ifndef CORE_CMD_INFO_H
#define CORE_CMD_INFO_H

#include "core/cmd/cmd.h"
#include "core/manifest/manifest.h"

struct info {
	const char *path, *format;
	uint64_t archive_bytes;		/* 0: a directory */
	bool partial;
	struct manifest *m;
	uint64_t whole, bytes, placeholders, directories, symlinks;
	const struct manifest_file **biggest;	/* those with content, largest first */
	size_t n_biggest;
	size_t n_shown;
};

void info_print_text(const struct info *i);
int info_print_json(const struct info *i, struct err *e);
int info_print_review(const struct info *i);	/* the exit status */

/* "exit 0", "signal 11 (core dumped)". */
void info_add_status(struct buf *to, int status);

#endif
