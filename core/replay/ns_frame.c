// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Room for a mount point in a directory that cannot be written: a small file system over it,
 * with all of its names, each bound to what it is. Whoever runs the command could make no
 * name there either, so in the end it is read-only: nothing differs but the names added.
 */
#include "core/replay/ns_child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/mem.h"

/* A directory with more names is left to the other way: each one costs a mount. */
#define FRAME_NAMES 2000

static int copy_link(int dir, const char *name, const char *to)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return -errno;
	if ((size_t)n >= sizeof(target))
		return -ENAMETOOLONG;
	target[n] = '\0';
	return symlink(target, to) < 0 ? -errno : 0;
}

/* One name of @dir at the same name of the frame. */
static int show(struct ns_state *s, int dir, const char *name, const char *to)
{
	_cleanup_buf_ struct buf from = BUF_INIT;
	struct stat st;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISLNK(st.st_mode))
		return copy_link(dir, name, to);
	r = ns_make_point(to, S_ISDIR(st.st_mode));
	buf_addf(&from, "proc/self/fd/%d/%s", dir, name);
	if (r == 0)
		r = buf_error(&from);
	if (r == 0 && (fchdir(s->old) < 0 || mount(buf_str(&from), to, NULL, MS_BIND | MS_REC, NULL) < 0))
		r = -errno;
	return r;
}

static int show_all(struct ns_state *s, int dir, const char *guest)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = d ? 0 : -errno;

	for (int n = 0; r == 0 && (entry = readdir(d)); n++) {
		_cleanup_buf_ struct buf to = BUF_INIT;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		buf_addf(&to, "%s/%s", strcmp(guest, "/") ? guest : "", entry->d_name);
		r = n > FRAME_NAMES ? -E2BIG : buf_error(&to);
		if (r == 0)
			r = show(s, dir, entry->d_name, buf_str(&to));
	}
	return r;
}

/*
 * Over the root itself: a walk from "/" does not see what was mounted there since, but ".." at
 * the top does. From now on that is the root, and it is what is pivoted to.
 */
static int enter_top(struct ns_state *s)
{
	int top = open("/..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (top < 0)
		return -errno;
	close(s->root);
	s->root = top;
	s->in_place = false;
	return fchdir(top) < 0 || chroot(".") < 0 ? -errno : 0;
}

int ns_frame(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	_cleanup_close_ int dir = open(op->guest, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char options[32];
	struct statfs fs;
	struct stat st;
	int r;

	if (dir < 0 || fstat(dir, &st) < 0 || fstatfs(dir, &fs) < 0)
		return err_set(e, -errno, "open %s", op->guest);
	/* Its names come and go. */
	if (fs.f_type == PROC_SUPER_MAGIC)
		return err_set(e, -ENOTSUP, "make room for a mount point in %s", op->guest);
	snprintf(options, sizeof(options), "mode=%o", st.st_mode & 07777);
	if (mount("tmpfs", op->guest, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return err_set(e, -errno, "make room for a mount point in %s", op->guest);
	r = strcmp(op->guest, "/") ? 0 : enter_top(s);
	if (r == 0)
		r = show_all(s, dir, op->guest);
	return r < 0 ? err_set(e, r, "make room for a mount point in %s", op->guest) : 0;
}

int ns_frames_finish(struct ns_state *s, struct err *e)
{
	for (size_t i = 0; i < s->plan->n; i++) {
		const struct plan_op *op = &s->plan->ops[i];

		if (op->kind == PLAN_FRAME &&
		    mount(NULL, op->guest, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0)
			return err_set(e, -errno, "close %s again", op->guest);
	}
	return 0;
}
