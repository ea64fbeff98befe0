/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two spellings of one file: as the command names it ("guest"), and where this machine
 * has it ("host"). The root and every binding map a place of the one to a place of the
 * other; the deepest guest place counts. Paths are absolute and canonical: no symlink,
 * no "." or "..", no slash at the end but in "/".
 */
#ifndef CORE_TRANSLATE_SPACE_H
#define CORE_TRANSLATE_SPACE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/path/names.h"

struct buf;
struct err;
struct space;

struct space_place {
	char *guest, *host;
	size_t guest_len, host_len;	/* 0 for "/" */
	int fd;				/* O_PATH on the host's */
	bool dir;
	bool readonly;
	bool procfs;			/* links in it lead by the host's names */
	bool task;			/* another thing for each task (/proc/self): only they can look */
	bool hidden;			/* of what lies outside, see space_guest() */
};

/* @root: host path of "/". NULL with @e set. */
struct space *space_new(const char *root, struct err *e);
void space_free(struct space *s);

/* @host is seen at @guest from now on, in place of what was there. 0 or −errno. */
int space_bind(struct space *s, const char *host, const char *guest, bool readonly, struct err *e);
/* The reverse; -EINVAL: nothing is bound there. */
int space_unbind(struct space *s, const char *guest);

/* The place that decides about @guest; never NULL. */
const struct space_place *space_at(const struct space *s, const char *guest);
/* Exactly at @guest; NULL: none. */
const struct space_place *space_exactly(const struct space *s, const char *guest);
/* All of them, the highest guest first; NULL beyond the last. */
const struct space_place *space_next(const struct space *s, size_t i);
/* Is something bound below @guest (not at it)? */
bool space_has_below(const struct space *s, const char *guest);

/* Is everything seen where it is? */
bool space_is_identity(const struct space *s);

/*
 * Where @host is seen; appended. False: it is outside of all places (a descriptor that was
 * inherited, say); it gets a name all the same that nobody can guess, so that it can be
 * walked from.
 */
bool space_guest(const struct space *s, const char *host, struct buf *ret_guest);
/* @guest, whose symlinks have been followed, on the host; appended. */
void space_host(const struct space *s, const char *guest, struct buf *ret_host);
/* As the kernel says it of what cannot be reached from the root (getcwd(2), since 2.6.36). */
bool space_is_outside(const struct space *s, const char *guest, const char **ret_rest);

/*
 * Walk as names_walk(), what is on disk now: root and base by their guest paths. The
 * nodes that come out are good until the next walk.
 */
int space_walk(struct space *s, const char *root, const char *base, struct path_walk *w, struct err *e);

/* Symlinks whose target @is_file says so of are files, for the walk. */
void space_set_files(struct space *s, bool (*is_file)(const char *target));

/* Of procfs' links to things: @path on the host (/proc/PID/exe …) as the command must read it. */
void space_set_magic(struct space *s, int (*magic)(void *ctx, const char *path, struct buf *ret), void *ctx);

#endif
