/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The headers of tar (pax or GNU) and cpio (newc or odc), made here rather than by
 * libarchive, which reads them: its pax writer needs a locale to take a name for bytes
 * or else puts `hdrcharset` in front of every entry (GNU tar then complains of every
 * entry), and it can't leave out nanoseconds for some entries and keep them for others.
 */
#ifndef CORE_ARCHIVE_PACK_H
#define CORE_ARCHIVE_PACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "core/archive/archive_out.h"
#include "core/manifest/manifest.h"

struct buf;
struct err;

struct pack_extent {	/* a stretch of data in a sparse file */
	uint64_t at, len;
};

struct pack_entry {
	const char *name;	/* the whole member name, no slash at the end */
	enum manifest_type type;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	bool nanoseconds;	/* worth an extended header */
	uint64_t size;		/* regular files: bytes of content */
	dev_t rdev;
	const char *target;	/* symlink: its text; hard link: whole name of the other member */
	bool hardlink;
	const struct manifest_xattr *xattrs;
	size_t n_xattrs;
	uint64_t ino;		/* cpio: equal numbers are one file */
	unsigned nlink;
	/* Sparse, if the container can (pack_can_sparse): what has data. */
	const struct pack_extent *extents;
	size_t n_extents;
	bool sparse;
};

/*
 * Header (and what belongs in front of it) of @entry, appended. *ret_stored tells the
 * bytes of content that must follow, padding apart. -EOVERFLOW when the container has no
 * way to say the size; *ret_stored is then untouched and nothing was appended.
 */
int pack_header(struct buf *to, enum archive_container container, const struct pack_entry *entry,
		uint64_t *ret_stored, struct err *e);

bool pack_can_sparse(enum archive_container container);
bool pack_can_type(enum archive_container container, enum manifest_type type);

/* Zero bytes after @stored bytes of content. */
unsigned pack_padding(enum archive_container container, uint64_t stored);

void pack_trailer(struct buf *to, enum archive_container container);

int pack_tar_header(struct buf *to, const struct pack_entry *entry, bool gnu, uint64_t *ret_stored);
int pack_cpio_header(struct buf *to, const struct pack_entry *entry, bool odc, uint64_t *ret_stored);

#endif
