// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes and removes the private tree. */
#include "core/replay/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/archive_in.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/replay/copy.h"
#include "core/replay/settle.h"
#include "core/base/rmtree.h"

static int name_below(char **ret, const char *dir, const char *name, struct err *e)
{
	return asprintf(ret, "%s/%s", dir, name) < 0 ? err_set(e, -ENOMEM, "name a file") : 0;
}

static int make_dir(char **ret, const char *dir, const char *name, struct err *e)
{
	_cleanup_free_ char *path = NULL;
	int r = name_below(&path, dir, name, e);

	if (r < 0)
		return r;
	if (mkdir(path, 0755) < 0)
		return err_set(e, -errno, "make %s", path);
	*ret = steal_ptr(path);
	return 0;
}

/* A change time of this file system, later than that of all we made. */
static int take_time(struct scratch *t, struct err *e)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r = name_below(&path, t->run, "made", e);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fchmod(fd, 0600) < 0 || fstat(fd, &st) < 0)
		return err_set(e, -errno, "make %s", path);
	t->made = st.st_ctim;
	return 0;
}

/* The rootfs/ of a directory, which must be one itself: a link would show this machine. */
static int find_rootfs(char **ret, const char *archive, struct err *e)
{
	_cleanup_free_ char *path = NULL, *full = realpath(archive, NULL);
	struct stat st;
	int r;

	if (!full)
		return err_set(e, -errno, "%s", archive);
	r = name_below(&path, full, "rootfs", e);
	if (r < 0)
		return r;
	if (lstat(path, &st) < 0)
		return err_set(e, -errno, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -EBADMSG, "%s is not a directory", path);
	*ret = steal_ptr(path);
	return 0;
}

static int find_pristine(struct scratch *t, const struct scratch_want *want, const char *cache, struct err *e)
{
	if (want->directory)
		return find_rootfs(&t->pristine, want->source.archive, e);
	if (want->no_cache)
		return 0;
	return cache_tree(cache, &want->source, &t->pristine, &t->pristine_lock, e);
}

static int copy_pristine(struct scratch *t, const struct scratch_want *want, struct err *e)
{
	struct copy_how how = {
		.owners = want->source.owners && !want->own,
		.own = want->own,
		.reachable = want->keep,
		/* What was extracted for the cache has its permissions already. */
		.project = want->directory ? want->source.project : NULL,
	};
	_cleanup_close_ int from = open(t->pristine, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int to = -1;
	int r;

	if (from < 0)
		return err_set(e, -errno, "open %s", t->pristine);
	to = open(t->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return err_set(e, -errno, "open %s", t->root);
	r = copy_tree(from, to, &how, e);
	if (r == 0 && want->directory)
		settle_tree(to, want->manifest);
	if (r == 0 && want->source.cwd)
		r = settle_cwd(to, want->source.cwd, e);
	return r;
}

/* So that what was kept is an archive again, a directory that can be replayed. */
static int keep_members(const struct scratch_want *want, struct err *e)
{
	static const struct { const char *name; mode_t mode; } members[] = {
		{ "re-execute.sh", 0755 }, { "README.txt", 0644 }, { "concealed-accesses.txt", 0644 },
		{ "manifest.json", 0644 },
	};
	_cleanup_close_ int dir = open(want->keep, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		_cleanup_buf_ struct buf content = BUF_INIT;
		_cleanup_close_ int fd = -1;
		int r = archive_in_member(want->source.in, members[i].name, &content, e);

		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		fd = openat(dir, members[i].name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, members[i].mode);
		r = fd < 0 ? -errno : io_write_all(fd, content.data, content.len);
		if (r < 0)
			return err_set(e, r, "write %s/%s", want->keep, members[i].name);
	}
	return 0;
}

static int make_copy(struct scratch *t, const struct scratch_want *want, struct err *e)
{
	const char *where = want->keep ?: t->run;
	int r;

	t->kind = SCRATCH_COPY;
	if (want->keep && mkdir(want->keep, 0755) < 0)
		return err_set(e, -errno, "make %s", want->keep);
	r = want->keep ? keep_members(want, e) : 0;
	if (r < 0)
		return r;
	if (!t->pristine) {
		r = cache_extract(where, want->keep, &want->source, e);
		if (r == 0)
			r = name_below(&t->root, where, "rootfs", e);
		return r;
	}
	r = make_dir(&t->root, where, "rootfs", e);
	return r < 0 ? r : copy_pristine(t, want, e);
}

static int make_overlay(struct scratch *t, struct err *e)
{
	struct stat st;
	int r = make_dir(&t->root, t->run, "root", e);

	t->kind = SCRATCH_OVERLAY;
	if (r == 0)
		r = make_dir(&t->upper, t->run, "upper", e);
	if (r == 0)
		r = make_dir(&t->work, t->run, "work", e);
	/* The merged root directory has the upper one's permissions and times. */
	if (r == 0 && stat(t->pristine, &st) == 0) {
		if (chown(t->upper, st.st_uid, st.st_gid) < 0 && errno != EPERM)
			return err_set(e, -errno, "own %s", t->upper);
		chmod(t->upper, st.st_mode & 07777);
		utimensat(AT_FDCWD, t->upper, (struct timespec[]){ st.st_atim, st.st_mtim }, 0);
	}
	return r;
}

/* Nobody gets to what lies in a home directory. Who is of that group may go through ours, not list it. */
static int shared_run_dir(struct scratch *t, const struct scratch_want *want, struct err *e)
{
	_cleanup_free_ char *dir = NULL;
	int r = cache_shared_dir(&dir, e);

	if (r == 0)
		r = cache_run_dir(dir, &t->run, &t->run_lock, e);
	if (r < 0)
		return r;
	if (chown(t->run, (uid_t)-1, want->shared_gid) < 0 || chmod(t->run, 0710) < 0)
		return err_set(e, -errno, "let another user into %s", t->run);
	return 0;
}

static int make_tree(struct scratch *t, const struct scratch_want *want, struct err *e)
{
	_cleanup_free_ char *cache = NULL;
	int r;

	if (want->kind == SCRATCH_IN_PLACE) {
		t->kind = SCRATCH_IN_PLACE;
		r = find_rootfs(&t->root, want->source.archive, e);
		if (r == 0)
			settle_beside(t->root);
		return r;
	}
	r = cache_dir(&cache, e);
	if (r == 0)
		r = want->shared ? shared_run_dir(t, want, e) : cache_run_dir(cache, &t->run, &t->run_lock, e);
	if (r == 0)
		r = find_pristine(t, want, cache, e);
	if (r < 0)
		return r;
	if (want->kind == SCRATCH_OVERLAY && t->pristine)
		r = make_overlay(t, e);
	else
		r = make_copy(t, want, e);
	return r == 0 ? take_time(t, e) : r;
}

int scratch_open(struct scratch **ret, const struct scratch_want *want, struct err *e)
{
	struct scratch *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_set(e, -ENOMEM, "prepare the replay's files");
	t->pristine_lock = t->run_lock = -1;
	r = make_tree(t, want, e);
	if (r < 0) {
		/* A directory that was there before is not ours to remove. */
		if (want->keep && r != -EEXIST)
			rmtree(want->keep, NULL);
		scratch_close(t, NULL);
		return r;
	}
	*ret = t;
	return 0;
}

static void drop(char **path)
{
	if (*path)
		rmtree(*path, NULL);
	free(*path);
	*path = NULL;
}

int scratch_copy_instead(struct scratch *t, const struct scratch_want *want, struct err *e)
{
	int r;

	drop(&t->root);
	drop(&t->upper);
	drop(&t->work);
	r = make_copy(t, want, e);
	return r == 0 ? take_time(t, e) : r;
}

int scratch_close(struct scratch *t, struct err *e)
{
	int r;

	if (!t)
		return 0;
	r = t->run ? cache_run_remove(t->run, t->run_lock, e) : 0;
	if (t->pristine_lock >= 0)
		close(t->pristine_lock);
	free(t->pristine);
	free(t->run);
	free(t->root);
	free(t->upper);
	free(t->work);
	free(t);
	return r;
}
