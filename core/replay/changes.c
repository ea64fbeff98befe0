// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A copy is compared with the pristine tree where its time of change, which a program
 * cannot set, is later than our copying; an overlay's upper directory has nothing but
 * changes.
 */
#include "core/replay/changes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/map.h"
#include "core/replay/plan.h"
#include "core/replay/scratch.h"

struct finder {
	const struct scratch *tree;
	const struct plan *plan;
	struct changes found;
	struct buf path;
	unsigned depth;
	bool failed;
};

static void add(struct finder *f, enum change_kind kind)
{
	struct change *more = realloc(f->found.v, (f->found.n + 1) * sizeof(*more));
	char *path = strdup(f->path.len ? buf_str(&f->path) : "/");

	if (more)
		f->found.v = more;
	if (!more || !path) {
		free(path);
		f->failed = true;
		return;
	}
	more[f->found.n++] = (struct change){ kind, path };
}

/* The path or something below it is where the plan mounted. */
static bool is_mount_point(const struct finder *f)
{
	const char *path = buf_str(&f->path);
	size_t len = f->path.len;

	for (size_t i = 0; i < f->plan->n; i++) {
		const struct plan_op *op = &f->plan->ops[i];
		const char *at = op->kind == PLAN_BIND ? op->guest : op->kind == PLAN_PROC ? "/proc" : NULL;

		if (at && !strncmp(at, path, len) && (!at[len] || at[len] == '/'))
			return true;
	}
	return false;
}

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec > b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec > b->tv_nsec);
}

static bool same_bytes(int a, const char *in_a, int b, const char *in_b)
{
	_cleanup_close_ int x = openat(a, in_a, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	_cleanup_close_ int y = openat(b, in_b, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char p[32768], q[32768];
	ssize_t n, m;

	if (x < 0 || y < 0)
		return false;
	do {
		n = io_read_full(x, p, sizeof(p));
		m = io_read_full(y, q, sizeof(q));
		if (n < 0 || n != m || memcmp(p, q, n))
			return false;
	} while (n);
	return true;
}

static bool same_link(int a, int b, const char *name)
{
	char p[4096], q[4096];
	ssize_t n = readlinkat(a, name, p, sizeof(p)), m = readlinkat(b, name, q, sizeof(q));

	return n >= 0 && n == m && !memcmp(p, q, n);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Neither is a directory, or both are. */
static void compare(struct finder *f, int now, int was, const char *name, const struct stat *a,
		    const struct stat *b)
{
	if ((a->st_mode & S_IFMT) != (b->st_mode & S_IFMT) ||
	    (S_ISREG(a->st_mode) && (a->st_size != b->st_size || !same_bytes(now, name, was, name))) ||
	    (S_ISLNK(a->st_mode) && !same_link(now, was, name)))
		add(f, CHANGE_CONTENT);
	else if ((a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid ||
		  !same_time(&a->st_mtim, &b->st_mtim)) &&
		 /* A directory's time says only that names below changed, which are told. */
		 (!S_ISDIR(a->st_mode) || a->st_mode != b->st_mode))
		add(f, CHANGE_META);
}

static int open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

static void walk(struct finder *f, int now, int was);

/* @was may lack it: −1 or no such name. */
static void visit(struct finder *f, int now, int was, const char *name)
{
	struct stat a, b;
	bool old = was >= 0 && fstatat(was, name, &b, AT_SYMLINK_NOFOLLOW) == 0;

	if (fstatat(now, name, &a, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (f->tree->kind == SCRATCH_OVERLAY && S_ISCHR(a.st_mode) && a.st_rdev == 0) {
		if (old)
			add(f, CHANGE_REMOVED);
		return;
	}
	if (!old && f->tree->kind != SCRATCH_IN_PLACE) {
		if (!is_mount_point(f))
			add(f, CHANGE_NEW);
	} else if (later(&a.st_ctim, &f->tree->made)) {
		if (f->tree->kind == SCRATCH_IN_PLACE) {
			if (!S_ISDIR(a.st_mode))
				add(f, CHANGE_CONTENT);
		} else {
			compare(f, now, was, name, &a, &b);
		}
	}
	if (S_ISDIR(a.st_mode)) {
		_cleanup_close_ int sub = open_dir(now, name);
		_cleanup_close_ int old_sub = old && S_ISDIR(b.st_mode) ? open_dir(was, name) : -1;

		if (sub >= 0)
			walk(f, sub, old_sub);
	}
}

/* An overlay's directory that hides all of the lower one's names. */
static bool opaque(const struct finder *f, int dir)
{
	char value[2];

	return f->tree->kind == SCRATCH_OVERLAY &&
	       (fgetxattr(dir, "user.overlay.opaque", value, 1) == 1 ||
		fgetxattr(dir, "trusted.overlay.opaque", value, 1) == 1) && value[0] == 'y';
}

/* Names that the pristine directory has and ours does not. */
static void find_removed(struct finder *f, int now, int was)
{
	_cleanup_closedir_ DIR *d = NULL;
	int again = was >= 0 ? open_dir(was, ".") : -1;
	size_t len = f->path.len;
	struct dirent *entry;
	struct stat st;

	if (again < 0 || (f->tree->kind == SCRATCH_OVERLAY && !opaque(f, now)))
		goto out;
	d = fdopendir(again);
	if (!d)
		goto out;
	again = -1;
	while ((entry = readdir(d))) {
		if (dots(entry->d_name) || fstatat(now, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		buf_addf(&f->path, "/%s", entry->d_name);
		add(f, CHANGE_REMOVED);
		buf_truncate(&f->path, len);
	}
out:
	if (again >= 0)
		close(again);
}

static void walk(struct finder *f, int now, int was)
{
	_cleanup_closedir_ DIR *d = NULL;
	int again = f->depth < 4096 ? open_dir(now, ".") : -1;	/* a command can dig deeper than our stack */
	size_t len = f->path.len;
	struct dirent *entry;

	if (again < 0)
		return;
	d = fdopendir(again);
	if (!d) {
		close(again);
		return;
	}
	f->depth++;
	while ((entry = readdir(d))) {
		if (dots(entry->d_name))
			continue;
		buf_addf(&f->path, "/%s", entry->d_name);
		visit(f, now, was, entry->d_name);
		buf_truncate(&f->path, len);
	}
	f->depth--;
	find_removed(f, now, was);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct change *)a)->path, ((const struct change *)b)->path);
}

int changes_find(struct changes *ret, const struct scratch *tree, const struct plan *plan, struct err *e)
{
	struct finder f = { .tree = tree, .plan = plan };
	const char *top = tree->kind == SCRATCH_OVERLAY ? tree->upper : tree->root;
	_cleanup_close_ int now = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC), was = -1;

	if (tree->kind != SCRATCH_IN_PLACE && tree->pristine)
		was = open(tree->pristine, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (now < 0 || (tree->kind != SCRATCH_IN_PLACE && was < 0))
		return err_set(e, -errno, "look for what was written");
	walk(&f, now, was);
	f.failed |= f.path.failed;
	buf_free(&f.path);
	if (f.failed) {
		changes_clear(&f.found);
		return err_set(e, -ENOMEM, "look for what was written");
	}
	if (f.found.n)
		qsort(f.found.v, f.found.n, sizeof(*f.found.v), by_path);
	*ret = f.found;
	return 0;
}

void changes_clear(struct changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->v[i].path);
	free(c->v);
	*c = (struct changes){ 0 };
}
