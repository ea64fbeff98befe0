/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making files below a directory and nowhere else, whatever names are asked for: no
 * name leads up, none through a symbolic link, not even one that we made ourselves a
 * moment ago. openat2(2) (Linux 5.6) checks a whole path at once; where it is missing
 * or refused each component is opened by itself.
 */
#ifndef CORE_ARCHIVE_TARGET_H
#define CORE_ARCHIVE_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct buf;
struct err;
struct manifest_xattr;
struct target;

/* Below @dirfd, which stays the caller's. */
int target_open(struct target **ret, int dirfd, struct err *e);
void target_free(struct target *t);

/*
 * A name from an archive as the other functions want it: "a/b/c", "" for the top.
 * -EPERM when it is absolute or has "..": nobody means well with that. -ENAMETOOLONG
 * above this depth, where one member would make half a million directories.
 */
#define TARGET_DEEPEST 4096	/* no path of the kernel's can name as many */
int target_normalise(const char *name, struct buf *ret);

/*
 * All paths normalised. Missing parents are made (0700). A symbolic link on the way is
 * -ELOOP. What is there under the last name is replaced, but no directory by something
 * else unless it is empty.
 */
int target_file(struct target *t, const char *path, int *ret_fd, struct err *e);
int target_directory(struct target *t, const char *path, struct err *e);
int target_symlink(struct target *t, const char *path, const char *target, struct err *e);
int target_hardlink(struct target *t, const char *path, const char *existing, struct err *e);
int target_node(struct target *t, const char *path, mode_t type, dev_t rdev, struct err *e);

/* A file, link or empty directory; what is not there or not to be removed stays so. */
void target_remove(struct target *t, const char *path);

/* What is there. Nothing is made. -ENOENT, -ELOOP (also when the last is a link). */
int target_look(struct target *t, const char *path, int flags, struct err *e);
/* A regular file to write to or a directory, also if its mode forbids that (it is then changed). */
int target_reopen(struct target *t, const char *path, mode_t type, struct err *e);
/* S_IFMT bits of what is there, 0 = nothing or out of reach. */
mode_t target_type(struct target *t, const char *path);

struct target_meta {
	mode_t type;		/* S_IFREG, S_IFDIR … */
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	const struct manifest_xattr *xattrs;
	size_t n_xattrs;
};

/*
 * Owner (if @owners), mode, xattrs, time. Set-id bits only where the owner is the
 * recorded one, or @set_ids. Returns how many of these could not be put back, 0 = none.
 */
unsigned target_set_meta(struct target *t, const char *path, int fd, const struct target_meta *m,
		       bool owners, bool set_ids);

#endif
