// SPDX-License-Identifier: GPL-2.0-or-later
/* Beneath one directory; the last parent is kept open, for files come in runs. */
#include "core/archive/target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/manifest/manifest.h"

struct target {
	int root;
	bool no_openat2;
	struct buf parent;	/* path of the directory below */
	int parent_fd;		/* −1 = none is kept */
};

int target_open(struct target **ret, int dirfd, struct err *e)
{
	struct target *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, -ENOMEM, "open a directory");
	t->parent_fd = -1;
	t->root = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->root < 0) {
		int r = -errno;

		free(t);
		return err_set(e, r, "open the directory to write to");
	}
	*ret = t;
	return 0;
}

static void forget_parent(struct target *t)
{
	if (t->parent_fd >= 0)
		close(t->parent_fd);
	t->parent_fd = -1;
}

void target_free(struct target *t)
{
	if (!t)
		return;
	forget_parent(t);
	close(t->root);
	buf_free(&t->parent);
	free(t);
}

int target_normalise(const char *name, struct buf *ret)
{
	unsigned depth = 0;

	buf_reset(ret);
	if (name[0] == '/')
		return -EPERM;
	while (*name) {
		size_t len = strcspn(name, "/");

		if (len == 2 && name[0] == '.' && name[1] == '.')
			return -EPERM;
		if (len && !(len == 1 && name[0] == '.')) {
			if (++depth > TARGET_DEEPEST)
				return -ENAMETOOLONG;
			if (ret->len)
				buf_addc(ret, '/');
			buf_add(ret, name, len);
		}
		name += len + (name[len] == '/');
	}
	buf_add(ret, "", 0);
	return buf_error(ret);
}

/* One component. With @make a missing one is made. A descriptor or −errno. */
static int step(int dir, const char *name, bool make)
{
	struct stat st;
	int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && make) {
		if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
			return -errno;
		fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd >= 0)
		return fd;
	if (errno == ENOTDIR && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return -ELOOP;
	return -errno;
}

static int walk(struct target *t, const char *path, bool make)
{
	_cleanup_free_ char *copy = strdup(path);
	char *at = copy, *name;
	int dir;

	if (!copy)
		return -ENOMEM;
	dir = fcntl(t->root, F_DUPFD_CLOEXEC, 3);
	while (dir >= 0 && (name = strsep(&at, "/"))) {
		int next = *name ? step(dir, name, make) : fcntl(dir, F_DUPFD_CLOEXEC, 3);

		close(dir);
		if (next < 0)
			return next;
		dir = next;
	}
	return dir < 0 ? -errno : dir;
}

static int open_beneath(struct target *t, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	int fd;

	do {
		fd = (int)syscall(SYS_openat2, t->root, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN);	/* somebody renamed something just then */
	/* EPERM: a sandbox refuses the call, for none of our flags leads to it. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EINVAL))
		t->no_openat2 = true;
	return fd < 0 ? -errno : fd;
}

static int open_directory(struct target *t, const char *path, bool make)
{
	if (*path && !t->no_openat2) {
		int fd = open_beneath(t, path, O_PATH | O_DIRECTORY);

		/* Longer than PATH_MAX: component by component. */
		if (fd >= 0 || (!t->no_openat2 && fd != -ENAMETOOLONG && !(fd == -ENOENT && make)))
			return fd;
	}
	return walk(t, path, make);
}

/* The directory that holds @path, not to be closed; the last name. */
static int parent_of(struct target *t, const char *path, bool make, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	*ret_name = slash ? slash + 1 : path;
	if (!slash)
		return t->root;
	if (t->parent_fd >= 0 && t->parent.len == len && !memcmp(t->parent.data, path, len))
		return t->parent_fd;
	forget_parent(t);
	buf_reset(&t->parent);
	buf_add(&t->parent, path, len);
	if (t->parent.failed)
		return -ENOMEM;
	return t->parent_fd = open_directory(t, t->parent.data, make);
}

static int say(struct err *e, int r, const char *path)
{
	if (r == -ELOOP)
		return err_set(e, r, "the member %s lies below a symbolic link: refused", path);
	return err_set(e, r, "write %s", path);
}

/* Make room under a name: 0 = try again. */
static int make_room(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

int target_file(struct target *t, const char *path, int *ret_fd, struct err *e)
{
	const char *name;
	int dir = parent_of(t, path, true, &name), fd = -1, r = 0;

	if (dir < 0)
		return say(e, dir, path);
	if (!*name)
		return say(e, -EISDIR, path);
	for (int tries = 0; tries < 2 && r == 0; tries++) {
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
		r = make_room(dir, name);
	}
	if (fd < 0)
		return say(e, r < 0 ? r : -errno, path);
	*ret_fd = fd;
	return 0;
}

int target_directory(struct target *t, const char *path, struct err *e)
{
	const char *name;
	int dir = parent_of(t, path, true, &name), r;
	struct stat st;

	if (dir < 0)
		return say(e, dir, path);
	if (!*name || mkdirat(dir, name, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return say(e, -errno, path);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		return 0;
	r = make_room(dir, name);
	if (r == 0 && mkdirat(dir, name, 0700) < 0)
		r = -errno;
	return r < 0 ? say(e, r, path) : 0;
}

static int make_symlink(int dir, const char *name, const void *target)
{
	return symlinkat(target, dir, name);
}

struct node {
	mode_t type;
	dev_t rdev;
};

static int make_node(int dir, const char *name, const void *arg)
{
	const struct node *n = arg;

	return mknodat(dir, name, n->type | 0600, n->rdev);
}

struct link {
	int dir;
	const char *name;
};

static int make_link(int dir, const char *name, const void *arg)
{
	const struct link *from = arg;

	return linkat(from->dir, from->name, dir, name, 0);
}

static int make_anything(struct target *t, const char *path,
			 int (*make)(int dir, const char *name, const void *arg), const void *arg,
			 struct err *e)
{
	const char *name;
	int dir = parent_of(t, path, true, &name), r;

	if (dir < 0)
		return say(e, dir, path);
	if (!*name)
		return say(e, -EISDIR, path);
	if (make(dir, name, arg) == 0)
		return 0;
	if (errno != EEXIST)
		return say(e, -errno, path);
	r = make_room(dir, name);
	if (r == 0 && make(dir, name, arg) < 0)
		r = -errno;
	return r < 0 ? say(e, r, path) : 0;
}

int target_symlink(struct target *t, const char *path, const char *target, struct err *e)
{
	return make_anything(t, path, make_symlink, target, e);
}

int target_node(struct target *t, const char *path, mode_t type, dev_t rdev, struct err *e)
{
	const struct node n = { type, rdev };

	return make_anything(t, path, make_node, &n, e);
}

int target_hardlink(struct target *t, const char *path, const char *existing, struct err *e)
{
	struct link from = { .dir = -1 };
	_cleanup_close_ int dir = -1;
	int r = parent_of(t, existing, false, &from.name);
	struct stat st;

	if (r < 0)
		return say(e, r, existing);
	/* The kept parent may be closed while the link's own one is looked up. */
	from.dir = dir = fcntl(r, F_DUPFD_CLOEXEC, 3);
	if (dir < 0)
		return say(e, -errno, path);
	if (!*from.name || fstatat(from.dir, from.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, -ENOENT, "link %s to %s", path, existing);
	if (S_ISDIR(st.st_mode))
		return err_set(e, -EPERM, "link %s to the directory %s", path, existing);
	if (!strcmp(path, existing))
		return 0;
	return make_anything(t, path, make_link, &from, e);
}

void target_remove(struct target *t, const char *path)
{
	const char *name;
	int dir = parent_of(t, path, false, &name);

	if (dir >= 0 && *name)
		make_room(dir, name);
}

int target_look(struct target *t, const char *path, int flags, struct err *e)
{
	const char *name;
	int dir, fd;

	if (!*path)
		name = ".", dir = t->root;
	else
		dir = parent_of(t, path, false, &name);
	if (dir < 0)
		return say(e, dir, path);
	fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? say(e, -errno, path) : fd;
}

mode_t target_type(struct target *t, const char *path)
{
	const char *name;
	int dir = parent_of(t, path, false, &name);
	struct stat st;

	if (dir < 0 || fstatat(dir, *name ? name : ".", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return st.st_mode & S_IFMT;
}

static unsigned set_xattrs(int fd, const struct target_meta *m)
{
	unsigned lost = 0;

	for (size_t i = 0; i < m->n_xattrs; i++)
		if (fsetxattr(fd, m->xattrs[i].name, m->xattrs[i].value, m->xattrs[i].len, 0) < 0)
			lost++;
	return lost;
}

/* By descriptor: files and directories. */
static unsigned set_open(int fd, const struct target_meta *m, bool owners, bool set_ids)
{
	struct timespec times[2] = { m->mtime, m->mtime };
	mode_t mode = m->mode & 07777;
	unsigned lost = 0;
	struct stat st;

	if (owners && fchown(fd, m->uid, m->gid) < 0)
		lost++;
	if ((mode & 06000) && !set_ids && S_ISREG(m->type)) {
		/* A program that was root's must not become one that gives our rights away. */
		if (fstat(fd, &st) < 0 || st.st_uid != m->uid)
			mode &= ~(mode_t)04000;
		if (fstat(fd, &st) < 0 || st.st_gid != m->gid)
			mode &= ~(mode_t)02000;
	}
	/* The mode behind the ACLs: they share bits, and the mode is what was seen. */
	lost += set_xattrs(fd, m);
	if (fchmod(fd, mode) < 0)
		lost++;
	if (futimens(fd, times) < 0)
		lost++;
	return lost;
}

/* By name: links and nodes, which must not be opened. */
static unsigned set_named(int dir, const char *name, const struct target_meta *m, bool owners)
{
	struct timespec times[2] = { m->mtime, m->mtime };
	unsigned lost = m->n_xattrs ? 1 : 0;

	if (owners && fchownat(dir, name, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0)
		lost++;
	if (!S_ISLNK(m->type) && fchmodat(dir, name, m->mode & 07777, 0) < 0)
		lost++;
	if (utimensat(dir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		lost++;
	return lost;
}

int target_reopen(struct target *t, const char *path, mode_t type, struct err *e)
{
	int flags = S_ISDIR(type) ? O_RDONLY | O_DIRECTORY : O_RDWR, fd, dir;
	mode_t is = target_type(t, path);
	const char *name;

	/* To open a device is to do something to it. */
	if (is && is != type && !S_ISLNK(is))
		return say(e, -EINVAL, path);
	fd = target_look(t, path, flags, e);
	if (fd != -EACCES || is != type)
		return fd;
	/* Its mode was set before, and shuts out its owner. */
	dir = parent_of(t, path, false, &name);
	if (dir < 0 || fchmodat(dir, *name ? name : ".", S_ISDIR(type) ? 0700 : 0600, 0) < 0)
		return fd;
	return target_look(t, path, flags, e);
}

unsigned target_set_meta(struct target *t, const char *path, int fd, const struct target_meta *m,
		       bool owners, bool set_ids)
{
	_cleanup_close_ int own = -1;
	const char *name;
	int dir;

	if (fd < 0 && (S_ISREG(m->type) || S_ISDIR(m->type)))
		fd = own = target_reopen(t, path, m->type, NULL);
	if (fd >= 0)
		return set_open(fd, m, owners, set_ids);
	if (S_ISREG(m->type) || S_ISDIR(m->type))
		return 1;
	dir = parent_of(t, path, false, &name);
	return dir < 0 ? 1 : set_named(dir, name, m, owners);
}
