/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command said of files that the disk does not say: owners, modes, device
 * numbers, attributes, by (device, inode). Pure.
 */
#ifndef EMUL_IDS_TABLE_H
#define EMUL_IDS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "arch/stat.h"

enum ids_has {
	IDS_UID  = 1 << 0,
	IDS_GID  = 1 << 1,
	IDS_MODE = 1 << 2,	/* the 12 bits of chmod(2) */
	IDS_TYPE = 1 << 3,	/* a device: the type in mode, and rdev */
};

struct ids_xattr {
	char *name;
	void *value;
	size_t size;
};

struct ids_entry {
	uint64_t dev, ino;
	int64_t born;		/* 0 = not known: an inode's number is used again, its birth is not */
	uint32_t born_ns;
	unsigned has;		/* enum ids_has */
	uint32_t uid, gid, mode;
	uint64_t rdev;
	struct ids_xattr *xattrs;
	size_t n_xattrs;
	char *path;		/* from the root on ("/bin/su"), where it was seen last; NULL = not known */
	bool placed;		/* … by the walk that is under way */
	bool dated;		/* what a copy of the file has in common with it is known: */
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_ns;
};

struct table;

struct table *table_new(void);
void table_free(struct table *t);

size_t table_count(const struct table *t);
size_t table_xattrs(const struct table *t);	/* files that have any */

/* NULL: nothing is said of it. One that was born at another time is forgotten. */
struct ids_entry *table_find(struct table *t, const struct stat_facts *f);
/* The same, made if there is none. NULL: no memory. */
struct ids_entry *table_get(struct table *t, const struct stat_facts *f);
/* @e, made by the caller, under its dev and ino: the table's from now on. 0 or -ENOMEM. */
int table_put(struct table *t, struct ids_entry *e);
void entry_free(struct ids_entry *e);
void table_forget(struct table *t, uint64_t dev, uint64_t ino);
/* Drops it when nothing is left to say. */
void table_settle(struct table *t, struct ids_entry *e);
/* *cursor = 0 at first; NULL at the end. The table must not change meanwhile. */
struct ids_entry *table_next(const struct table *t, size_t *cursor);

/* What is said, put over @f, in which owners are already as the command sees ours. */
void entry_show(const struct ids_entry *e, struct stat_facts *f);

const struct ids_xattr *entry_xattr(const struct ids_entry *e, const char *name);
/* 0 or -ENOMEM. */
int table_set_xattr(struct table *t, struct ids_entry *e, const char *name, const void *value,
		    size_t size);
bool table_remove_xattr(struct table *t, struct ids_entry *e, const char *name);

#endif
