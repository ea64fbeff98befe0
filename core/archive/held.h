/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every path of an archive that is being written, and what is held back of it until
 * the finish (decision 9). Compact: 50,000 of them must fit beside everything else.
 */
#ifndef CORE_ARCHIVE_HELD_H
#define CORE_ARCHIVE_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/archive/pack.h"
#include "core/manifest/manifest.h"

struct held {
	uint64_t hash;
	uint64_t size;		/* of what is written: 0 unless content is */
	uint64_t shown;		/* of a placeholder, where that costs nothing: the recorded size */
	uint64_t spooled;	/* reproducible: where its content begins in the spool */
	struct timespec mtime;
	dev_t rdev;
	uid_t uid;
	gid_t gid;
	uint32_t number;	/* counts from 1: the inode number in a cpio */
	uint32_t links;		/* names that this archive has for it */
	uint16_t mode;
	uint8_t type;		/* enum manifest_type */
	bool hardlink, written;	/* written: it stands in the stream already */
	bool exact;		/* is not a placeholder: its nanoseconds are worth a header */
	char *link;
	struct manifest_xattr *xattrs;
	size_t n_xattrs;
	struct pack_extent *extents;	/* sparse content, when it is spooled */
	size_t n_extents;
	bool sparse;
	char path[];
};

struct held_set {
	struct held **slots;
	size_t size, used;
	uint32_t numbers;
};

void held_set_free(struct held_set *set);

/* Add or replace the path's entry by @file's metadata. -ENOMEM leaves the set as it was. */
int held_put(struct held_set *set, const struct manifest_file *file, struct held **ret);
struct held *held_find(const struct held_set *set, const char *path);

/* The one whose content @h shares: itself, or the end of its chain of links; NULL if that is not here. */
struct held *held_target(const struct held_set *set, struct held *h);
/* Count the names of each file (links), once all are known. */
void held_count_links(struct held_set *set);

/* All of them in the order of their paths' bytes; caller frees the array. NULL: no memory. */
struct held **held_sorted(const struct held_set *set);

#endif
