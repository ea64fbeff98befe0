// SPDX-License-Identifier: GPL-2.0-or-later
/* Pieces are cut at a slash, so a name is never split; symlinks on the way are followed. */
#include "core/base/far.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

#define FAR_WHOLE 4096u		/* the kernel's PATH_MAX, its NUL included (getname_flags()) */
#define FAR_PIECE (FAR_WHOLE - 64)	/* leaves room for "/proc/self/fd/N/" */

/* The piece of @path that one call takes, up to and without a slash; 0: a name is too long. */
static size_t piece_of(const char *path)
{
	size_t len = FAR_PIECE;

	while (len && path[len] != '/')
		len--;
	return len;
}

/* On to the directory that the next piece leads to. What is left of the path, or NULL: *ret_error. */
static const char *go_on(struct far *f, const char *path, int *ret_error)
{
	size_t len = piece_of(path);
	char piece[FAR_PIECE + 1];
	int next;

	*ret_error = -ENAMETOOLONG;
	if (!len)
		return NULL;
	memcpy(piece, path, len);
	piece[len] = '\0';
	next = openat(f->fd < 0 ? AT_FDCWD : f->fd, piece, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*ret_error = -errno;
	if (next < 0)
		return NULL;
	far_end(f);
	f->fd = next;
	return path + len + strspn(path + len, "/");
}

int far_name(struct far *f, const char *path, const char **ret_name)
{
	int error;

	*f = FAR_INIT;
	if (strlen(path) < FAR_WHOLE) {
		*ret_name = path;
		return 0;
	}
	while (path && strlen(path) > FAR_PIECE)
		path = go_on(f, path, &error);
	if (path && asprintf(&f->name, "/proc/self/fd/%d/%s", f->fd, path) < 0) {
		f->name = NULL;
		path = NULL;
		error = -ENOMEM;
	}
	if (!path) {
		far_end(f);
		return error;
	}
	*ret_name = f->name;
	return 0;
}

void far_end(struct far *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->name);
	*f = FAR_INIT;
}

int far_open(const char *path, int flags)
{
	_cleanup_far_ struct far f = FAR_INIT;
	const char *name;
	int fd, r = far_name(&f, path, &name);

	if (r < 0)
		return r;
	fd = open(name, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

DIR *far_opendir(const char *path)
{
	_cleanup_close_ int fd = far_open(path, O_RDONLY | O_DIRECTORY);
	DIR *d;

	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	d = fdopendir(fd);
	if (d)
		steal_fd(&fd);
	return d;
}
