// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walked by descriptors from the two tops down, never by path, so that no symlink
 * leads astray. A directory gets its permissions and times when it is complete.
 *
 * What keeps its owner out is read by a capability, where one can be had, and not by other
 * permissions for a moment: several replays may copy one tree at once, and one may be killed
 * meanwhile.
 */
#include "core/replay/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/map.h"
#include "core/manifest/manifest.h"
#include "core/replay/idmap.h"
#include "core/replay/plan.h"
#include "core/replay/wait.h"

#define DEEPEST 4096	/* as what is extracted: no path of the kernel's can name as many directories */

struct copier {
	const struct copy_how *how;
	int top;		/* of the copy: hard links are made from there */
	struct map *links;	/* (dev, ino) → path below top */
	struct buf path;	/* of what is being copied, absolute in the tree */
	unsigned depth;
	size_t skip;		/* what of it comes before the path below top … */
	const char *top_name;	/* … which begins with this */
	struct err *e;
};

static int report(struct copier *c, int r)
{
	return err_set(c->e, r, "copy %s", buf_str(&c->path));
}

struct source {
	int fd;
	bool lent;		/* its owner may read it for as long as it is open */
	mode_t mode;		/* … and gets this back then */
};

static int try_source(struct source *s, int dir, const char *name)
{
	s->fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return s->fd < 0 ? -errno : 0;
}

/*
 * Where user namespaces are refused there is no capability to be had: then what is ours is
 * made readable for a moment after all.
 */
static int open_source(struct source *s, int dir, const char *name)
{
	int r = try_source(s, dir, name);
	struct stat st;

	s->lent = false;
	if (r != -EACCES || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_uid != geteuid() ||
	    S_ISLNK(st.st_mode) || fchmodat(dir, name, (st.st_mode & 07777) | 0700, 0) < 0)
		return r;
	r = try_source(s, dir, name);
	if (r < 0)
		fchmodat(dir, name, st.st_mode & 07777, 0);
	s->lent = r == 0;
	s->mode = st.st_mode & 07777;
	return r;
}

static void close_source(struct source *s)
{
	if (s->lent)
		fchmod(s->fd, s->mode);
	cleanup_closep(&s->fd);
}

#define SOURCE_INIT { .fd = -1 }
#define _cleanup_source_ _cleanup_(close_source)

/* @reachable: nothing that gives rights away, as root could. Its names are not on the stack of each level. */
static __attribute__((noinline)) void copy_xattrs(int from, int to, bool reachable)
{
	char names[4096];
	ssize_t len = flistxattr(from, names, sizeof(names));

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		_cleanup_free_ void *value = NULL;
		ssize_t n = fgetxattr(from, names + at, NULL, 0);

		/* What we may not set (security.*) was not to be had for us either. */
		if ((reachable && !strcmp(names + at, "security.capability")) || n < 0 || !(value = malloc(n + 1)))
			continue;
		n = fgetxattr(from, names + at, value, n);
		if (n >= 0)
			fsetxattr(to, names + at, value, n, 0);
	}
}

/* By others, of files that are ours where they were somebody else's. */
/* Once more: giving a file an owner took it away. */
static void copy_capability(int from, int to)
{
	char value[64];		/* struct vfs_ns_cap_data has 24 bytes */
	ssize_t n = fgetxattr(from, "security.capability", value, sizeof(value));

	if (n > 0)
		fsetxattr(to, "security.capability", value, (size_t)n, 0);
}

static bool is_reachable(const struct copier *c)
{
	return c->how->reachable && !c->how->owners;
}

static mode_t mode_for(struct copier *c, const struct stat *st)
{
	const struct manifest_file *f = NULL;
	/* A program that was root's must not become one that gives our rights away. */
	mode_t kept = is_reachable(c) && S_ISREG(st->st_mode) ? 01777 : 07777;

	if (c->how->project)
		f = manifest_file_find(c->how->project, buf_str(&c->path));
	if (!f)
		return st->st_mode & kept;
	return plan_project_mode(c->how->project, f->mode, f->uid, f->gid) & kept;
}

/* Owner first: changing it clears set-id bits. Times last. */
static int finish(struct copier *c, int dir, const char *name, int fd, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	const struct manifest_file *f = c->how->own ? manifest_file_find(c->how->own, buf_str(&c->path)) : NULL;

	/* An id outside of what is granted stays ours. */
	if (f && fchownat(dir, name, f->uid, f->gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
		return -errno;
	if (c->how->owners && fchownat(dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (fd >= 0 && fchmod(fd, mode_for(c, st)) < 0)
		return -errno;
	if (fd < 0 && !S_ISLNK(st->st_mode) && fchmodat(dir, name, mode_for(c, st), 0) < 0)
		return -errno;
	if (fd >= 0 ? futimens(fd, times) < 0 : utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_file(struct copier *c, int from, int to, const char *source, const char *name,
		     const struct stat *st)
{
	_cleanup_source_ struct source in = SOURCE_INIT;
	_cleanup_close_ int out = -1;
	int r = open_source(&in, from, source);

	if (r < 0)
		return r;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	r = io_copy(in.fd, out, UINT64_MAX);
	if (r < 0)
		return r;
	copy_xattrs(in.fd, out, is_reachable(c));
	r = finish(c, to, name, out, st);
	if (r == 0 && !is_reachable(c))
		copy_capability(in.fd, out);
	return r;
}

static int copy_link(struct copier *c, int from, int to, const char *source, const char *name,
		     const struct stat *st)
{
	_cleanup_free_ char *target = malloc(st->st_size + 2);
	ssize_t n;

	if (!target)
		return -ENOMEM;
	n = readlinkat(from, source, target, st->st_size + 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to, name) < 0)
		return -errno;
	return finish(c, to, name, -1, st);
}

static int copy_special(struct copier *c, int to, const char *name, const struct stat *st)
{
	if (mknodat(to, name, (st->st_mode & S_IFMT) | 0600, st->st_rdev) == 0)
		return finish(c, to, name, -1, st);
	/* An ordinary user has no device nodes: /dev is this machine's anyway. */
	return errno == EPERM && (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) ? 0 : -errno;
}

/* 1: linked to the copy of the same file; 0: this is its first name. */
static int link_known(struct copier *c, int to, const char *name, const struct stat *st)
{
	uint64_t key[2] = { st->st_dev, st->st_ino };
	const char *first;
	char *path;

	if (st->st_nlink < 2)
		return 0;
	first = map_get(c->links, key, sizeof(key));
	if (first)
		return linkat(c->top, first, to, name, 0) < 0 ? -errno : 1;
	if (asprintf(&path, "%s%s", c->top_name, buf_str(&c->path) + c->skip) < 0)
		return -ENOMEM;
	if (map_set(c->links, key, sizeof(key), path, NULL) < 0) {
		free(path);
		return -ENOMEM;
	}
	return 0;
}

static int copy_entries(struct copier *c, int from, int to);

static int copy_dir(struct copier *c, int from, int to, const char *source, const char *name,
		    const struct stat *st)
{
	_cleanup_source_ struct source in = SOURCE_INIT;
	_cleanup_close_ int out = -1;
	int r = open_source(&in, from, source);

	if (r < 0)
		return r;
	if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return -errno;
	r = copy_entries(c, in.fd, out);
	if (r < 0)
		return r;
	copy_xattrs(in.fd, out, is_reachable(c));
	r = finish(c, to, name, out, st);
	return r < 0 ? report(c, r) : 0;
}

static int copy_one(struct copier *c, int from, int to, const char *source, const char *name)
{
	struct stat st;
	int r;

	if (fstatat(from, source, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return report(c, -errno);
	if (S_ISDIR(st.st_mode)) {
		r = copy_dir(c, from, to, source, name, &st);
		return r < 0 && !(c->e && c->e->code) ? report(c, r) : r;
	}
	r = link_known(c, to, name, &st);
	if (r == 0) {
		if (S_ISREG(st.st_mode))
			r = copy_file(c, from, to, source, name, &st);
		else if (S_ISLNK(st.st_mode))
			r = copy_link(c, from, to, source, name, &st);
		else
			r = copy_special(c, to, name, &st);
	}
	return r < 0 ? report(c, r) : 0;
}

/* Calls @one for each name in @dir. */
static int each_entry(struct copier *c, int dir, int to,
		      int (*one)(struct copier *c, int dir, int to, const char *name))
{
	_cleanup_closedir_ DIR *d = NULL;
	_cleanup_close_ int again = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	struct dirent *entry;
	size_t len = c->path.len;
	int r = 0;

	/* What a command made may be as deep as the disk is big; our stack is not. */
	if (c->depth == DEEPEST)
		return report(c, -ENAMETOOLONG);
	if (again >= 0)
		d = fdopendir(again);
	if (!d)
		return report(c, -errno);
	steal_fd(&again);
	c->depth++;
	while (r == 0 && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		buf_addf(&c->path, "/%s", entry->d_name);
		r = c->path.failed ? -ENOMEM : wait_interrupted() ? report(c, -EINTR) : one(c, dir, to, entry->d_name);
		buf_truncate(&c->path, len);
	}
	c->depth--;
	return r;
}

static int copy_entry(struct copier *c, int from, int to, const char *name)
{
	return copy_one(c, from, to, name, name);
}

static int copy_entries(struct copier *c, int from, int to)
{
	return each_entry(c, from, to, copy_entry);
}

static void free_links(struct map *links)
{
	size_t cursor = 0;
	void *path;

	while (links && map_next(links, &cursor, NULL, NULL, &path))
		free(path);
	map_free(links);
}

struct trees {
	int from, to;
	const struct copy_how *how;
};

static int copy_both(void *arg, struct err *e)
{
	const struct trees *t = arg;
	const struct copy_how *how = t->how;
	int from = t->from, to = t->to;
	struct err own = { 0 };
	struct copier c = { .how = how, .top = to, .links = map_new(), .skip = 1, .top_name = "", .e = &own };
	struct stat st;
	int r = c.links ? 0 : -ENOMEM;

	if (r == 0)
		r = copy_entries(&c, from, to);
	if (r == 0) {
		buf_reset(&c.path);
		buf_addc(&c.path, '/');
		copy_xattrs(from, to, is_reachable(&c));
		r = fstat(from, &st) < 0 ? -errno : finish(&c, to, ".", to, &st);
	}
	free_links(c.links);
	buf_free(&c.path);
	if (r < 0 && !own.code)
		err_set(&own, r, "copy the tree");
	if (r < 0 && e)
		*e = own;
	return r;
}

int copy_tree(int from, int to, const struct copy_how *how, struct err *e)
{
	struct trees t = { from, to, how };

	/* Owners are given with the capabilities that we have, or not at all. */
	return how->owners || how->own ? copy_both(&t, e) : idmap_within(copy_both, &t, e);
}

int copy_object(int from_dir, const char *from, int to, const char *name, bool reachable, struct err *e)
{
	const struct copy_how how = { .reachable = reachable };
	struct err own = { 0 };
	struct copier c = { .how = &how, .top = to, .links = map_new(), .skip = strlen(from),
			    .top_name = name, .e = &own };
	struct stat st;
	int r = c.links ? 0 : -ENOMEM;

	if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(st.st_mode))
		unlinkat(to, name, 0);
	/* One object is told by the name that it has where it comes from. */
	buf_adds(&c.path, from);
	if (r == 0)
		r = copy_one(&c, from_dir, to, from, name);
	free_links(c.links);
	buf_free(&c.path);
	if (r < 0 && !own.code)
		err_set(&own, r, "copy %s", from);
	if (r < 0 && e)
		*e = own;
	return r;
}

static int project_one(struct copier *c, int dir, int unused, const char *name)
{
	struct stat st;
	int r = 0;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return report(c, -errno);
	if (S_ISLNK(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode)) {
		_cleanup_source_ struct source sub = SOURCE_INIT;

		r = open_source(&sub, dir, name);
		r = r < 0 ? report(c, r) : each_entry(c, sub.fd, unused, project_one);
	}
	if (r == 0 && mode_for(c, &st) != (st.st_mode & 07777) &&
	    fchmodat(dir, name, mode_for(c, &st), 0) < 0)
		r = report(c, -errno);
	return r;
}

static int project_all(void *arg, struct err *e)
{
	const struct trees *t = arg;
	struct copier c = { .how = t->how, .top = t->to, .e = e };
	struct stat st;
	int r = each_entry(&c, t->to, -1, project_one);

	buf_reset(&c.path);
	buf_addc(&c.path, '/');
	if (r == 0 && (fstat(t->to, &st) < 0 || fchmod(t->to, mode_for(&c, &st)) < 0))
		r = report(&c, -errno);
	buf_free(&c.path);
	return r;
}

int copy_project(int root, struct manifest *m, bool reachable, struct err *e)
{
	struct copy_how how = { .project = m, .reachable = reachable };
	struct trees t = { .from = -1, .to = root, .how = &how };

	return idmap_within(project_all, &t, e);
}
