// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directories have one name only, so the inode decides. Of a file that lies so deep
 * nothing leads up; procfs shows its parent's path to nobody either.
 */
#include "core/task/climb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

/* What procfs tells of our own descriptor, or -ENAMETOOLONG. */
static int tell(int fd, struct buf *ret)
{
	char link[64], *at = buf_reserve(ret, 1 << 16);
	ssize_t n;

	if (!at)
		return -ENOMEM;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, at, 1 << 16);
	if (n < 0)
		return -errno;
	at[n] = '\0';
	ret->len += n;
	return 0;
}

static bool is_it(int dir, const char *name, const struct stat *st)
{
	struct stat other;

	return fstatat(dir, name, &other, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) == 0 &&
	       other.st_dev == st->st_dev && other.st_ino == st->st_ino;
}

/* The name of @st in @dir. Where something is mounted on it readdir(3) tells another inode. */
static int find_name(int dir, const struct stat *st, struct buf *ret_name)
{
	for (int any = 0; any < 2; any++) {
		int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		_cleanup_closedir_ DIR *d = again < 0 ? NULL : fdopendir(again);
		struct dirent *entry;

		if (!d)
			return -errno;
		while ((entry = readdir(d))) {
			if (!any && entry->d_ino != st->st_ino)
				continue;
			if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			    !is_it(dir, entry->d_name, st))
				continue;
			buf_adds(ret_name, entry->d_name);
			return buf_error(ret_name);
		}
	}
	return -ENOENT;
}

/* From *fd to the directory above; its name there is put before @tail, last byte first. */
static int go_up(int *fd, struct buf *tail)
{
	_cleanup_close_ int up = openat(*fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_buf_ struct buf name = BUF_INIT;
	struct stat st;
	int r;

	if (up < 0 || fstat(*fd, &st) < 0)
		return -errno;
	r = find_name(up, &st, &name);
	if (r < 0)
		return r;
	for (size_t i = name.len; i > 0; i--)
		buf_addc(tail, name.data[i - 1]);
	buf_addc(tail, '/');
	close(*fd);
	*fd = steal_fd(&up);
	return buf_error(tail);
}

int climb_path(const char *link, struct buf *ret_path)
{
	_cleanup_close_ int fd = open(link, O_PATH | O_CLOEXEC);
	_cleanup_buf_ struct buf tail = BUF_INIT, top = BUF_INIT;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENAMETOOLONG;
	while ((r = tell(fd, &top)) == -ENAMETOOLONG) {
		r = go_up(&fd, &tail);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	buf_add(ret_path, top.data, strcmp(top.data, "/") ? top.len : 0);
	while (tail.len) {
		buf_addc(ret_path, tail.data[tail.len - 1]);
		buf_truncate(&tail, tail.len - 1);
	}
	return buf_error(ret_path);
}
