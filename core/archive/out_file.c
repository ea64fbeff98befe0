// SPDX-License-Identifier: GPL-2.0-or-later
/* The growing file's name, and its way to its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/out.h"
#include "core/base/err.h"
#include "core/base/io.h"

mode_t out_file_mode(const struct archive_format *f)
{
	switch (f->wrapper) {
	case ARCHIVE_SELF:
		return 0750;
	case ARCHIVE_RAW:
		return 0640;
	case ARCHIVE_BARE:
		break;
	}
	return 0644;
}

int out_split_path(const char *path, char **ret_dir, char **ret_base, struct err *e)
{
	size_t len = strlen(path);
	const char *slash;
	char *dir, *base;

	while (len > 1 && path[len - 1] == '/')
		len--;
	slash = memrchr(path, '/', len);
	if (!slash)
		dir = strdup(".");
	else
		dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	base = slash ? strndup(slash + 1, len - (size_t)(slash + 1 - path)) : strndup(path, len);
	if (!dir || !base) {
		free(dir);
		free(base);
		return err_set(e, -ENOMEM, "write to %s", path);
	}
	*ret_dir = dir;
	*ret_base = base;
	return 0;
}

static bool is_empty_directory(const char *path)
{
	_cleanup_closedir_ DIR *d = opendir(path);
	struct dirent *entry;

	if (!d)
		return false;
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			return false;
	return true;
}

int out_check_target(const char *path, bool directory, struct err *e)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	struct stat st;
	int r = out_split_path(path, &dir, &base, e);

	if (r < 0)
		return r;
	if (stat(dir, &st) < 0)
		return err_set(e, -errno, "write %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, -ENOTDIR, "write %s", path);
	if (faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) < 0)
		return err_set(e, -errno, "write %s", path);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_set(e, -errno, "write %s", path);
	/* Renamed over it, an archive would take /dev/null or a pipe away from everybody. */
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_set(e, -EINVAL, "write %s, which is a device or a pipe (-o - writes a stream)",
			       path);
	if (!directory && S_ISDIR(st.st_mode))
		return err_set(e, -EISDIR, "write the archive %s", path);
	if (directory && (!S_ISDIR(st.st_mode) || !is_empty_directory(path)))
		return err_set(e, -EEXIST, "write the directory %s, which is not new or empty", path);
	return 0;
}

int out_make_directories(const char *dir, struct err *e)
{
	_cleanup_free_ char *copy = strdup(dir);

	if (!copy)
		return err_set(e, -ENOMEM, "make %s", dir);
	for (char *at = copy + 1;; at++) {
		char was = *at;

		if (was && was != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return err_set(e, -errno, "make %s", copy);
		*at = was;
		if (!was)
			return 0;
	}
}

static int make_one(const char *name, mode_t mode, bool directory)
{
	int fd;

	if (directory && mkdir(name, 0700) < 0)
		return -errno;
	fd = directory ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
			 open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return fd < 0 ? -errno : fd;
}

int out_make_partial(const char *dir, const char *base, mode_t mode, bool directory, char **ret_name,
		     int *ret_fd, struct err *e)
{
	for (unsigned n = 0; n < 10000; n++) {
		_cleanup_buf_ struct buf name = BUF_INIT;
		int fd;

		buf_addf(&name, "%s/%s", strcmp(dir, "/") ? dir : "", base);
		if (n)
			buf_addf(&name, ".%u", n);
		buf_adds(&name, ".partial");
		if (name.failed)
			return err_set(e, -ENOMEM, "write to %s", dir);
		fd = make_one(name.data, mode, directory);
		if (fd == -EEXIST)
			continue;
		if (fd < 0)
			return err_set(e, fd, "make %s", name.data);
		*ret_name = buf_steal(&name);
		*ret_fd = fd;
		return 0;
	}
	return err_set(e, -EEXIST, "write to %s, where ten thousand unfinished archives lie", dir);
}

/* What a symlink leads to is replaced, not the link (/dev/stdout is one). */
static int follow_link(struct archive_out *a, struct err *e)
{
	struct stat st;
	char *real;

	if (lstat(a->path, &st) < 0 || !S_ISLNK(st.st_mode))
		return 0;
	if (stat(a->path, &st) == 0 && !S_ISREG(st.st_mode))
		return 0;	/* refused in a moment */
	real = realpath(a->path, NULL);
	if (!real)
		return err_set(e, -errno, "write to %s, a symbolic link", a->path);
	free(a->path);
	a->path = real;
	return 0;
}

int out_file_open(struct archive_out *a, mode_t mode, struct err *e)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	int r;

	if (!strcmp(a->path, "-")) {
		a->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		if (a->fd < 0)
			return err_set(e, -errno, "write to standard output");
		return 0;
	}
	r = follow_link(a, e);
	if (r == 0)
		r = out_check_target(a->path, false, e);
	if (r == 0)
		r = out_split_path(a->path, &dir, &base, e);
	if (r == 0 && a->spool)
		r = out_make_directories(a->spool, e);
	if (r < 0)
		return r;
	a->dir = a->spool ? strdup(a->spool) : steal_ptr(dir);
	if (!a->dir)
		return err_set(e, -ENOMEM, "write %s", a->path);
	return out_make_partial(a->dir, base, mode, false, &a->partial, &a->fd, e);
}

int out_sync_directory(const char *dir, struct err *e)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* A directory that can be written but not read can't be synced either: no harm done. */
	if (fd < 0 || fsync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return 0;
	return err_set(e, -errno, "write %s to its disk", dir);
}

/* On another file system: a copy, made beside the target. */
static int copy_over(const char *from, const char *to, struct err *e)
{
	_cleanup_free_ char *dir = NULL, *base = NULL, *name = NULL;
	_cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	struct stat st;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return err_set(e, -errno, "open %s", from);
	if (!S_ISREG(st.st_mode))
		return err_set(e, -EXDEV, "move the directory %s to %s", from, to);
	r = out_split_path(to, &dir, &base, e);
	if (r == 0)
		r = out_make_partial(dir, base, st.st_mode & 0777, false, &name, &out, e);
	if (r < 0)
		return r;
	r = io_copy(in, out, UINT64_MAX);
	if (r == 0 && fsync(out) < 0)
		r = -errno;
	if (r == 0 && rename(name, to) < 0)
		r = -errno;
	if (r < 0) {
		unlink(name);
		return err_set(e, r, "copy the archive to %s", to);
	}
	unlink(from);
	return 0;
}

int out_move(const char *from, const char *to, struct err *e)
{
	_cleanup_free_ char *dir = NULL, *base = NULL;
	int r = out_split_path(to, &dir, &base, e);

	if (r == 0 && rename(from, to) < 0)
		r = errno == EXDEV ? copy_over(from, to, e) : err_set(e, -errno, "rename %s to %s", from, to);
	return r < 0 ? r : out_sync_directory(dir, e);
}

int out_file_publish(struct archive_out *a, struct err *e)
{
	if (!a->partial)
		return 0;
	if (fsync(a->fd) < 0 && errno != EINVAL && errno != EROFS)
		return err_set(e, -errno, "write %s to its disk", a->partial);
	return out_move(a->partial, a->path, e);
}
