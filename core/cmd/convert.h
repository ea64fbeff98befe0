/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From an extracted tree and its manifest to an archive. */
#ifndef CORE_CMD_CONVERT_H
#define CORE_CMD_CONVERT_H

struct archive_in;
struct archive_out;
struct err;
struct manifest;

/*
 * Everything that @m tells, with content from the directory @root, which may change
 * permissions on the way, and the members of @in that stand beside rootfs. If @m has
 * no files (CARE 2.x wrote none) they are found in @root.
 */
int convert_write(struct archive_out *out, struct archive_in *in, struct manifest *m, int root,
		  struct err *e);

/* Fill m->files with what is below @root. */
int convert_scan(struct manifest *m, int root, struct err *e);

#endif
