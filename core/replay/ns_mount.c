// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file system half of a plan, carried out in the child's own mount namespace.
 *
 * Sources are opened before the root changes and mounted through /proc/self/fd of the
 * old root; places are walked below the new one, so that no symlink of an archive, whatever it
 * says, leads out of the tree.
 */
#include "core/replay/ns_child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"

/* <linux/mount.h> and <sys/mount.h> exclude each other in older C libraries. */
#define OPEN_TREE_CLONE_ 1
#define AT_RECURSIVE_ 0x8000
#define MOVE_MOUNT_F_EMPTY_PATH_ 0x4
#define MOVE_MOUNT_T_SYMLINKS_ 0x10

#define MAX_LINKS 40	/* as the kernel's own limit for a walk */

/*
 * Where mounts are made on this machine's own tree, one that is a source as well would be
 * copied with it: so each source is cloned before the first (Linux 5.2), else used as it is.
 */
static void clone_sources(struct ns_state *s)
{
	for (size_t i = 0; i < s->plan->n; i++) {
		struct ns_source *from = &s->sources[i];
		int tree = from->fd < 0 ? -1 :
			   (int)syscall(SYS_open_tree, from->fd, "",
					AT_EMPTY_PATH | AT_RECURSIVE_ | OPEN_TREE_CLONE_ | O_CLOEXEC);

		if (tree >= 0) {
			close(from->fd);
			*from = (struct ns_source){ tree, true };
		}
	}
}

/* Before the first mount: they are what they are without any. */
static int open_sources(struct ns_state *s, struct err *e)
{
	s->sources = malloc((s->plan->n + 1) * sizeof(*s->sources));
	if (!s->sources)
		return err_set(e, -ENOMEM, "open what is bound");
	for (size_t i = 0; i < s->plan->n; i++) {
		const struct plan_op *op = &s->plan->ops[i];

		s->sources[i] = (struct ns_source){ -1, false };
		if (op->kind != PLAN_BIND)
			continue;
		s->sources[i].fd = open(op->host, O_PATH | O_CLOEXEC);
		if (s->sources[i].fd >= 0)
			continue;
		if (!(op->flags & PLAN_BIND_OPTIONAL))
			return err_set(e, -errno, "open %s", op->host);
		if (!(op->flags & PLAN_BIND_SILENT))
			log_warn("%s is taken from this machine, but: %s", op->host, strerror(errno));
	}
	return 0;
}

static int enter_root(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	/* Nothing that we mount is seen outside; what is unmounted there goes here too. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 && errno != EINVAL)
		return err_set(e, -errno, "make mounts private");
	if (open_sources(s, e) < 0)
		return e->code;
	s->in_place = !strcmp(op->host, "/");
	if (s->in_place) {
		clone_sources(s);
		return 0;
	}
	if (mount(op->host, op->host, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_set(e, -errno, "mount %s", op->host);
	if (chdir(op->host) < 0)
		return err_set(e, -errno, "enter %s", op->host);
	return 0;
}

/* Paths as numbers: no character of a name can be mistaken for a separator. */
static int enter_overlay(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	_cleanup_close_ int lower = open(op->host, O_PATH | O_CLOEXEC);
	_cleanup_close_ int upper = open(op->upper, O_PATH | O_CLOEXEC);
	_cleanup_close_ int work = open(op->work, O_PATH | O_CLOEXEC);
	char options[128];

	if (lower < 0 || upper < 0 || work < 0)
		return err_set(e, -errno, "open the layers of %s", op->guest);
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 && errno != EINVAL)
		return err_set(e, -errno, "make mounts private");
	/* In a user namespace overlayfs (5.11) keeps its marks in user.* attributes. */
	snprintf(options, sizeof(options),
		 "lowerdir=/proc/self/fd/%d,upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d%s", lower,
		 upper, work, s->plan->ids == PLAN_IDS_TRUE ? "" : ",userxattr");
	if (open_sources(s, e) < 0)
		return e->code;
	if (mount("overlay", op->guest, "overlay", 0, options) < 0)
		return err_set(e, -errno, "mount an overlay on %s", op->guest);
	if (chdir(op->guest) < 0)
		return err_set(e, -errno, "enter %s", op->guest);
	return 0;
}

/* Make @name in its directory, whose times stay as they were. */
static int make_name(const char *path, bool dir)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = strndup(path, slash > path ? slash - path : 1);
	struct stat st;
	int r;

	if (!parent)
		return -ENOMEM;
	r = stat(parent, &st);
	if (dir) {
		if (mkdir(path, 0755) < 0)
			return -errno;
	} else {
		_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

		if (fd < 0)
			return -errno;
	}
	if (r == 0)
		utimensat(AT_FDCWD, parent, (struct timespec[]){ st.st_atim, st.st_mtim }, 0);
	return 0;
}

/* Where a dangling link leads: its target as an absolute path. */
static char *link_target(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_buf_ struct buf b = BUF_INIT;
	char target[4096];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n <= 0 || (size_t)n >= sizeof(target))
		return NULL;
	if (*target != '/')
		buf_add(&b, path, slash - path + 1);
	buf_add(&b, target, n);
	return buf_steal(&b);
}

/* An absolute path to mount something on, made as far as it is missing. */
static int make_point(const char *path, bool dir, bool nofollow, int links)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = NULL, *target = NULL;
	struct stat st;
	int r;

	if (fstatat(AT_FDCWD, path, &st, nofollow ? AT_SYMLINK_NOFOLLOW : 0) == 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (lstat(path, &st) == 0) {
		if (links >= MAX_LINKS)
			return -ELOOP;
		target = link_target(path);
		return target ? make_point(target, dir, false, links + 1) : -ENOENT;
	}
	if (slash > path) {
		parent = strndup(path, slash - path);
		r = parent ? make_point(parent, true, false, links) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return make_name(path, dir);
}

int ns_make_point(const char *path, bool dir)
{
	return make_point(path, dir, false, 0);
}

/* Before the first mount: below what is bound, making one would write to this machine. */
static int make_points(struct ns_state *s, struct err *e)
{
	for (size_t i = 0; i < s->plan->n; i++) {
		const struct plan_op *op = &s->plan->ops[i];
		struct stat st;
		int r;

		if (op->kind == PLAN_PROC) {
			r = make_point("/proc", true, false, 0);
			if (r < 0)
				return err_set(e, r, "make the mount point /proc");
		}
		if (op->kind != PLAN_BIND || op->flags & PLAN_BIND_READY || s->sources[i].fd < 0 ||
		    fstat(s->sources[i].fd, &st) < 0)
			continue;
		r = make_point(op->guest, S_ISDIR(st.st_mode), op->flags & PLAN_BIND_NOFOLLOW, 0);
		if (r < 0 && !(op->flags & PLAN_BIND_OPTIONAL))
			return err_set(e, r, "make the mount point %s", op->guest);
		if (r < 0) {
			log_warn("%s is not taken from this machine: no mount point: %s", op->guest,
				 strerror(-r));
			close(s->sources[i].fd);
			s->sources[i].fd = -1;
		}
	}
	return 0;
}

/*
 * By chroot for now: once pivot_root has put the old root over the new one, ".." at the
 * top leads into it (the kernel looks for mounts there even when the walk stays), and
 * mount points would be made on this machine.
 */
static int enter(struct ns_state *s, struct err *e)
{
	s->old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s->root = open(s->in_place ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->old < 0 || s->root < 0)
		return err_set(e, -errno, "open the roots");
	if (!s->in_place && chroot(".") < 0)
		return err_set(e, -errno, "chroot");
	if (chdir("/") < 0)
		return err_set(e, -errno, "enter the new root");
	return make_points(s, e);
}

/* What a bind mount of a less privileged namespace may not drop (locked since 3.12). */
static unsigned long locked_flags(const char *path)
{
	static const struct { unsigned long vfs, ms; } map[] = {
		{ ST_NOSUID, MS_NOSUID }, { ST_NODEV, MS_NODEV }, { ST_NOEXEC, MS_NOEXEC },
		{ ST_NOATIME, MS_NOATIME }, { ST_NODIRATIME, MS_NODIRATIME },
		{ ST_RELATIME, MS_RELATIME },
	};
	struct statvfs st;
	unsigned long flags = 0;

	if (statvfs(path, &st) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(map); i++)
		if (st.f_flag & map[i].vfs)
			flags |= map[i].ms;
	return flags;
}

static int do_bind(struct ns_state *s, const struct plan_op *op, const struct ns_source *source)
{
	char from[64];

	if (op->flags & PLAN_BIND_MAKE) {
		struct stat st;
		int r = fstat(source->fd, &st) < 0 ? -errno : ns_make_point(op->guest, S_ISDIR(st.st_mode));

		if (r < 0)
			return r;
	}
	snprintf(from, sizeof(from), "proc/self/fd/%d", source->fd);
	if (source->cloned) {
		if (syscall(SYS_move_mount, source->fd, "", AT_FDCWD, op->guest,
			    MOVE_MOUNT_F_EMPTY_PATH_ | MOVE_MOUNT_T_SYMLINKS_) < 0)
			return -errno;
	} else if (fchdir(s->old) < 0 || mount(from, op->guest, NULL, MS_BIND | MS_REC, NULL) < 0) {
		return -errno;
	}
	if (op->flags & PLAN_BIND_READONLY &&
	    mount(NULL, op->guest, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | locked_flags(op->guest),
		  NULL) < 0)
		return -errno;
	return 0;
}

static int bind_one(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	struct ns_source *source = &s->sources[op - s->plan->ops];
	int r;

	if (source->fd < 0)
		return 0;
	r = do_bind(s, op, source);
	close(source->fd);
	source->fd = -1;
	if (r == 0)
		return 0;
	if (!(op->flags & PLAN_BIND_OPTIONAL))
		return err_set(e, r, "bind %s", op->guest);
	/* Refused mounts are what decides whether this machine can replay at all. */
	if (r == -EPERM || r == -EACCES)
		return err_set(e, r, "bind %s", op->guest);
	log_warn("%s is not taken from this machine: %s", op->guest, strerror(-r));
	return 0;
}

/* Out of the chroot again, and then for good. */
static int pivot(struct ns_state *s, struct err *e)
{
	if (fchdir(s->old) < 0 || chroot(".") < 0 || fchdir(s->root) < 0)
		return err_set(e, -errno, "leave the chroot");
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return err_set(e, -errno, "detach this machine's files");
		return 0;
	}
	/*
	 * EINVAL: our root is no mount point (we are in a chroot ourselves) or the initial
	 * ramfs, which cannot be moved. Then the tree is put over it.
	 */
	if (errno != EINVAL || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return err_set(e, -errno, "pivot_root");
	return 0;
}

static int detach(struct ns_state *s, struct err *e)
{
	int r = ns_frames_finish(s, e);

	if (r == 0 && !s->in_place)
		r = pivot(s, e);
	if (r < 0)
		return r;
	close(s->old);
	close(s->root);
	s->old = s->root = -1;
	free(s->sources);
	s->sources = NULL;
	if (chdir("/") < 0)
		return err_set(e, -errno, "enter the new root");
	return 0;
}

int ns_mount(struct ns_state *s, const struct plan_op *op, struct err *e)
{
	switch (op->kind) {
	case PLAN_ROOT: return enter_root(s, op, e);
	case PLAN_OVERLAY: return enter_overlay(s, op, e);
	case PLAN_ENTER: return enter(s, e);
	case PLAN_BIND: return bind_one(s, op, e);
	case PLAN_FRAME: return ns_frame(s, op, e);
	case PLAN_PROC:
		if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
			return err_set(e, -errno, "mount /proc");
		return 0;
	case PLAN_BINFMT: return ns_binfmt(s, op, e);
	case PLAN_DETACH: return detach(s, e);
	default: return err_set(e, -EINVAL, "carry out step %d", op->kind);
	}
}
