// SPDX-License-Identifier: GPL-2.0-or-later
/* Metadata of one name: statx where the kernel has it, lstat elsewhere. */
#include "core/record/stat.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <linux/limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/far.h"
#include "core/manifest/manifest.h"

static enum manifest_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return MANIFEST_DIR;
	case S_IFLNK: return MANIFEST_LNK;
	case S_IFCHR: return MANIFEST_CHR;
	case S_IFBLK: return MANIFEST_BLK;
	case S_IFIFO: return MANIFEST_FIFO;
	case S_IFSOCK: return MANIFEST_SOCK;
	default: return MANIFEST_REG;
	}
}

static void from_stat(const struct stat *st, struct manifest_file *f)
{
	f->type = type_of(st->st_mode);
	f->mode = st->st_mode & 07777;
	f->uid = st->st_uid;
	f->gid = st->st_gid;
	f->size = st->st_size;
	f->blocks = st->st_blocks;
	f->mtime = st->st_mtim;
	f->atime = st->st_atim;
	f->rdev = st->st_rdev;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->nlink = st->st_nlink;
}

static struct timespec time_of(const struct statx_timestamp *t)
{
	return (struct timespec){ .tv_sec = t->tv_sec, .tv_nsec = t->tv_nsec };
}

/*
 * Asked of the kernel itself: libcs differ in what they offer. All of it at once, for
 * 50,000 names are looked up a third faster than with lstat beside it. *ret_born: does
 * the file system tell the birth?
 */
static int ask_statx(const char *host, struct manifest_file *f, struct timespec *ret_birth,
		     bool *ret_born)
{
	struct statx sx;

	if (syscall(SYS_statx, AT_FDCWD, host, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		    STATX_BASIC_STATS | STATX_BTIME, &sx) < 0)
		return -errno;
	f->type = type_of(sx.stx_mode);
	f->mode = sx.stx_mode & 07777;
	f->uid = sx.stx_uid;
	f->gid = sx.stx_gid;
	f->size = sx.stx_size;
	f->blocks = sx.stx_blocks;
	f->mtime = time_of(&sx.stx_mtime);
	f->atime = time_of(&sx.stx_atime);
	f->rdev = makedev(sx.stx_rdev_major, sx.stx_rdev_minor);
	f->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	f->ino = sx.stx_ino;
	f->nlink = sx.stx_nlink;
	*ret_born = sx.stx_mask & STATX_BTIME;
	*ret_birth = time_of(&sx.stx_btime);
	return 0;
}

static int read_target(const char *host, struct manifest_file *f)
{
	size_t room = f->size ? f->size + 1 : 256;	/* procfs says 0 */

	for (;; room *= 2) {
		char *target = malloc(room + 1);
		ssize_t n;

		if (!target)
			return -ENOMEM;
		n = readlink(host, target, room);
		if (n < 0 || (size_t)n < room) {
			if (n < 0) {
				free(target);
				return -errno;
			}
			target[n] = '\0';
			f->link = target;
			return 0;
		}
		free(target);
	}
}

/*
 * Where nobody tells the birth (old kernels, NFS, FUSE) no time is later than it but
 * those that the file's use moves on: the earliest of the three. A directory's all
 * move on when a name comes into it, so there it is never said to be born: one too
 * many in the archive is harmless, one that is missing is not.
 */
static struct timespec birth_guess(const struct stat *st)
{
	struct timespec t = st->st_ctim;

	if (S_ISDIR(st->st_mode))
		return (struct timespec){ 0 };
	if (st->st_mtim.tv_sec < t.tv_sec)
		t = st->st_mtim;
	if (st->st_atim.tv_sec < t.tv_sec)
		t = st->st_atim;
	return t;
}

int stat_file(const char *path, struct manifest_file *ret, struct timespec *ret_birth)
{
	_cleanup_far_ struct far far = FAR_INIT;
	const char *host;
	struct stat st;
	bool born = false;
	int r = far_name(&far, path, &host);

	if (r < 0)
		return r;
	/* Refused (before 4.11, in a container's profile), or without births (NFS, FUSE). */
	if (ask_statx(host, ret, ret_birth, &born) < 0 || !born) {
		if (fstatat(AT_FDCWD, host, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			return -errno;
		from_stat(&st, ret);
		*ret_birth = birth_guess(&st);
	}
	return ret->type == MANIFEST_LNK ? read_target(host, ret) : 0;
}

int stat_fd(int fd, struct manifest_file *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	from_stat(&st, ret);
	return 0;
}

static int add_xattr(struct manifest_file *f, const char *host, const char *name)
{
	struct manifest_xattr *more, x = { 0 };
	ssize_t n = lgetxattr(host, name, NULL, 0);

	if (n < 0)
		return 0;	/* vanished, or security.* that only root may read */
	x.value = malloc(n ? n : 1);
	x.name = strdup(name);
	more = realloc(f->xattrs, (f->n_xattrs + 1) * sizeof(*more));
	if (more)
		f->xattrs = more;
	if (!x.value || !x.name || !more) {
		free(x.value);
		free(x.name);
		return -ENOMEM;
	}
	n = lgetxattr(host, name, x.value, n);
	if (n < 0) {
		free(x.value);
		free(x.name);
		return 0;
	}
	x.len = n;
	f->xattrs[f->n_xattrs++] = x;
	return 0;
}

int stat_xattrs(const char *path, struct manifest_file *ret)
{
	_cleanup_far_ struct far far = FAR_INIT;
	char small[1024];
	_cleanup_free_ char *big = NULL;
	char *list = small;
	const char *host;
	ssize_t n;

	if (far_name(&far, path, &host) < 0)
		return 0;	/* gone */
	n = llistxattr(host, small, sizeof(small));
	if (n < 0 && errno == ERANGE) {
		big = malloc(XATTR_LIST_MAX);
		if (!big)
			return -ENOMEM;
		list = big;
		n = llistxattr(host, big, XATTR_LIST_MAX);
	}
	for (ssize_t at = 0; at < n; at += strlen(list + at) + 1) {
		int r = add_xattr(ret, host, list + at);

		if (r < 0)
			return r;
	}
	return 0;
}
