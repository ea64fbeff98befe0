// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A directory that is not empty is moved up to the top under a number and emptied
 * there: so neither our stack nor our descriptors grow with the depth of the tree,
 * and no path grows too long.
 */
#include "core/base/rmtree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"

struct remover {
	int top;
	unsigned long moved;
};

static bool dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Emptying needs all three, moving needs w (for its ".."). */
static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && errno == EACCES) {
		/* Not a symlink: those answer ELOOP or ENOTDIR. */
		if (fchmodat(at, name, 0700, 0) < 0)
			return -errno;
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		fchmod(fd, 0700);
	return fd;
}

static int move_up(struct remover *r, int dir, const char *name)
{
	_cleanup_close_ int sub = open_dir(dir, name);
	char number[32];

	if (sub < 0)
		return sub;
	do {
		snprintf(number, sizeof(number), ".%lu", r->moved++);
		/* The top may hold such a name of its own. */
		if (faccessat(r->top, number, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			return renameat(dir, name, r->top, number) < 0 ? -errno : 0;
	} while (r->moved);
	return -EEXIST;
}

/* What is gone already is right: an overlay that ends removes what is its own. */
static int remove_entry(struct remover *r, int dir, const char *name, bool *ret_moved)
{
	int err;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	*ret_moved = true;
	err = move_up(r, dir, name);
	return err == -ENOENT ? 0 : err;
}

/* Everything out of @dir; what is deeper goes to the top, which is emptied last. */
static int empty(struct remover *r, int dir, bool *ret_moved)
{
	_cleanup_closedir_ DIR *d = NULL;
	_cleanup_close_ int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int err = 0, one;

	if (again < 0)
		return -errno;
	d = fdopendir(again);
	if (!d)
		return -errno;
	steal_fd(&again);
	while ((entry = readdir(d))) {
		if (dots(entry->d_name))
			continue;
		one = remove_entry(r, dir, entry->d_name, ret_moved);
		err = err ?: one;
	}
	return err;
}

/* The directories at the top, each emptied into the top and removed. */
static int empty_below(struct remover *r, bool *ret_moved)
{
	_cleanup_closedir_ DIR *d = NULL;
	_cleanup_close_ int again = openat(r->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	int err = 0, one;

	if (again < 0)
		return -errno;
	d = fdopendir(again);
	if (!d)
		return -errno;
	steal_fd(&again);
	while ((entry = readdir(d))) {
		_cleanup_close_ int sub = -1;

		if (dots(entry->d_name))
			continue;
		if (unlinkat(r->top, entry->d_name, 0) == 0)
			continue;
		sub = open_dir(r->top, entry->d_name);
		if (sub < 0)
			one = sub == -ENOENT ? 0 : sub;
		else
			one = empty(r, sub, ret_moved);
		if (one == 0 && sub >= 0 && unlinkat(r->top, entry->d_name, AT_REMOVEDIR) < 0 &&
		    errno != ENOENT)
			one = -errno;
		err = err ?: one;
	}
	return err;
}

int rmtree(const char *path, struct err *e)
{
	_cleanup_close_ int top = open_dir(AT_FDCWD, path);
	struct remover r = { .top = top };
	bool moved = true;
	int err = 0;

	if (top == -ENOENT)
		return 0;
	if (top == -ENOTDIR || top == -ELOOP)
		return unlink(path) < 0 ? err_set(e, -errno, "remove %s", path) : 0;
	if (top < 0)
		return err_set(e, top, "remove %s", path);
	while (moved && err == 0) {
		moved = false;
		err = empty_below(&r, &moved);
	}
	if (err == 0 && rmdir(path) < 0 && errno != ENOENT)
		err = -errno;
	return err < 0 ? err_set(e, err, "remove %s", path) : 0;
}
