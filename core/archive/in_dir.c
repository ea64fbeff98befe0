// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A directory archive, taken out by copying. It may be as hostile as a file: nothing in
 * it is followed, and what it makes goes through the target like all else.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/archive/extract.h"
#include "core/archive/in.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/map.h"
#include "core/manifest/manifest.h"

struct dir_copy {
	struct extraction *x;
	struct map *links;	/* (dev, ino) → where its first name went */
	struct buf name;	/* of the current member, prefix and all */
	unsigned depth;
};

struct file_id {
	dev_t dev;
	ino_t ino;
};

/* A mode may shut out even who made the archive: open it for as long as it takes. */
static int open_anyway(int dir, const char *name, const struct stat *st, int flags)
{
	int fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 || errno != EACCES)
		return fd < 0 ? -errno : fd;
	if (fchmodat(dir, name, (st->st_mode & 07777) | 0500, 0) < 0)
		return -EACCES;
	fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	fd = fd < 0 ? -errno : fd;
	/* The rights of an open descriptor stay; a directory is walked through it. */
	if (!S_ISDIR(st->st_mode))
		fchmodat(dir, name, st->st_mode & 07777, 0);
	return fd;
}

static void xattrs_free(struct manifest_xattr *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(all[i].name);
		free(all[i].value);
	}
	free(all);
}

/* What can't be read is not there: the manifest knows them too. */
static struct manifest_xattr *read_xattrs(int fd, size_t *ret_n)
{
	ssize_t len = flistxattr(fd, NULL, 0);
	_cleanup_free_ char *names = len > 0 ? malloc((size_t)len) : NULL;
	struct manifest_xattr *all = NULL;
	size_t n = 0;

	*ret_n = 0;
	len = names ? flistxattr(fd, names, (size_t)len) : 0;
	for (const char *name = names; name && name < names + len; name += strlen(name) + 1) {
		ssize_t size = fgetxattr(fd, name, NULL, 0);
		struct manifest_xattr *more = size < 0 ? NULL : realloc(all, (n + 1) * sizeof(*all));

		if (!more)
			continue;
		all = more;
		all[n] = (struct manifest_xattr){ strdup(name), malloc((size_t)size + 1), 0 };
		size = all[n].value ? fgetxattr(fd, name, all[n].value, (size_t)size) : -1;
		all[n].len = (size_t)MAX(size, 0);
		n++;
		if (size < 0 || !all[n - 1].name) {
			n--;
			free(all[n].name);
			free(all[n].value);
		}
	}
	*ret_n = n;
	return all;
}

static int set_meta(struct dir_copy *c, int from, int to, const struct stat *st, struct err *e)
{
	size_t n = 0;
	struct manifest_xattr *xattrs = from >= 0 ? read_xattrs(from, &n) : NULL;
	const struct target_meta m = { st->st_mode & S_IFMT, st->st_mode & 07777, st->st_uid,
				     st->st_gid, st->st_mtim, xattrs, n };
	int r = extract_meta(c->x, to, &m, e);

	xattrs_free(xattrs, n);
	return r;
}

static int copy_content(struct dir_copy *c, int from, int to, const struct stat *st, struct err *e)
{
	const char *path = buf_str(&c->x->path);
	int r = extract_room(c->x, (uint64_t)st->st_blocks * 512, path, e);

	if (r == 0) {
		r = io_copy(from, to, UINT64_MAX);
		if (r < 0)
			err_set(e, r, "copy %s", path);
	}
	if (r == 0)
		extract_progress(c->x, 1, (uint64_t)st->st_size);
	return r;
}

/* 1: it is another name of a file that went out before, and is one again. */
static int copy_link(struct dir_copy *c, const struct stat *st, struct err *e)
{
	const struct file_id id = { st->st_dev, st->st_ino };
	const char *first = map_get(c->links, &id, sizeof(id));
	char *path;
	int r;

	if (first) {
		r = target_hardlink(c->x->target, buf_str(&c->x->path), first, e);
		return r < 0 ? r : 1;
	}
	path = strdup(buf_str(&c->x->path));
	r = path ? map_set(c->links, &id, sizeof(id), path, NULL) : -ENOMEM;
	if (r < 0)
		free(path);
	return r < 0 ? err_set(e, r, "copy %s", buf_str(&c->x->path)) : 0;
}

static int copy_file(struct dir_copy *c, int dir, const char *name, const struct stat *st,
		     struct err *e)
{
	_cleanup_close_ int from = open_anyway(dir, name, st, O_RDONLY), to = -1;
	int r;

	if (from < 0)
		return err_set(e, from, "read %s", buf_str(&c->name));
	r = st->st_nlink > 1 ? copy_link(c, st, e) : 0;
	if (r)
		return MIN(r, 0);
	r = target_file(c->x->target, buf_str(&c->x->path), &to, e);
	if (r == 0)
		r = copy_content(c, from, to, st, e);
	return r < 0 ? r : set_meta(c, from, to, st, e);
}

static int copy_symlink(struct dir_copy *c, int dir, const char *name, const struct stat *st,
			struct err *e)
{
	_cleanup_free_ char *target = calloc(1, (size_t)st->st_size + 1);
	int r;

	if (!target)
		return err_set(e, -ENOMEM, "copy %s", buf_str(&c->name));
	if (readlinkat(dir, name, target, (size_t)st->st_size) < 0)
		return err_set(e, -errno, "read %s", buf_str(&c->name));
	r = target_symlink(c->x->target, buf_str(&c->x->path), target, e);
	return r < 0 ? r : set_meta(c, -1, -1, st, e);
}

static int copy_node(struct dir_copy *c, const struct stat *st, struct err *e)
{
	int r = target_node(c->x->target, buf_str(&c->x->path), st->st_mode & S_IFMT, st->st_rdev, e);

	if (r == -EPERM) {
		c->x->how->skipped++;
		return 0;
	}
	return r < 0 ? r : set_meta(c, -1, -1, st, e);
}

/* Text for the end: manifest.json, or lines of the journal. */
static int keep_text(struct dir_copy *c, int dir, const char *name, enum member_kind kind, struct err *e)
{
	struct extraction *x = c->x;

	if (kind == MEMBER_MANIFEST)
		buf_reset(&x->manifest);
	else if (x->has_manifest)
		return 0;
	x->has_journal = true;
	x->has_manifest = x->has_manifest || kind == MEMBER_MANIFEST;
	return io_read_file(dir, name, IN_MEMBER_MAX, &x->manifest, e);
}

static int copy_dir(struct dir_copy *c, int dir, struct err *e);

static int copy_below(struct dir_copy *c, int dir, const char *name, const struct stat *st,
		      bool wanted, struct err *e)
{
	_cleanup_close_ int fd = open_anyway(dir, name, st, O_RDONLY | O_DIRECTORY);
	int r = 0;

	if (fd < 0)
		return err_set(e, fd, "read %s", buf_str(&c->name));
	if (wanted) {
		r = target_directory(c->x->target, buf_str(&c->x->path), e);
		if (r == 0)
			r = set_meta(c, fd, -1, st, e);
	}
	if (r == 0 && ++c->depth > TARGET_DEEPEST)
		r = err_set(e, -ENAMETOOLONG, "read %s", buf_str(&c->name));
	if (r == 0)
		r = copy_dir(c, fd, e);
	c->depth--;
	if ((st->st_mode & 0500) != 0500)
		fchmod(fd, st->st_mode & 07777);
	return r;
}

static int copy_member(struct dir_copy *c, int dir, const char *name, struct err *e)
{
	enum member_kind kind;
	const char *below;
	struct stat st;
	int wanted, r = 0;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, -errno, "read %s", buf_str(&c->name));
	wanted = extract_where(c->x, buf_str(&c->name), &below, e);
	if (wanted < 0)
		return wanted;
	kind = member_kind(below);
	if (S_ISREG(st.st_mode) && (kind == MEMBER_MANIFEST || kind == MEMBER_JOURNAL))
		r = keep_text(c, dir, name, kind, e);
	if (kind == MEMBER_JOURNAL && S_ISREG(st.st_mode))
		return r;
	if (r == 0 && S_ISDIR(st.st_mode))
		return copy_below(c, dir, name, &st, wanted && kind != MEMBER_JOURNAL, e);
	if (r < 0 || !wanted)
		return r;
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return copy_file(c, dir, name, &st, e);
	case S_IFLNK:
		return copy_symlink(c, dir, name, &st, e);
	default:
		return copy_node(c, &st, e);
	}
}

static int in_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in @dir, sorted: the journal's members come as they were written. */
static int list(int dir, struct manifest_strings *names)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			r = manifest_strings_add(names, entry->d_name);
	if (names->n)
		qsort(names->v, names->n, sizeof(*names->v), in_order);
	return r;
}

static int copy_dir(struct dir_copy *c, int dir, struct err *e)
{
	_cleanup_(manifest_strings_clear) struct manifest_strings names = { 0 };
	size_t len = c->name.len;
	int r = list(dir, &names);

	if (r < 0)
		return err_set(e, r, "read %s", buf_str(&c->name));
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		buf_addf(&c->name, "/%s", names.v[i]);
		r = c->name.failed ? err_set(e, -ENOMEM, "read a directory") :
				     copy_member(c, dir, names.v[i], e);
		buf_truncate(&c->name, len);
	}
	return r;
}

int dir_extract(struct archive_in *a, struct extraction *x, struct err *e)
{
	struct dir_copy c = { .x = x, .links = map_new() };
	size_t cursor = 0;
	void *path;
	int r;

	buf_adds(&c.name, a->prefix);
	r = c.links ? copy_dir(&c, a->fd, e) : err_set(e, -ENOMEM, "read %s", a->path);
	a->partial = !x->has_manifest && x->has_journal;
	while (c.links && map_next(c.links, &cursor, NULL, NULL, &path))
		free(path);
	map_free(c.links);
	buf_free(&c.name);
	return r;
}
