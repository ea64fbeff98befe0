// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A point is known as ours by its modification time, which nothing else has: another run,
 * another user's too, sees what it shares, and a command that puts something into a
 * directory or file takes the mark away by that. While a run uses a point it holds a lock
 * (flock(2)) on it, shared; who gets it exclusively at the end is the last one.
 *
 * Linux 3.18 lets a directory be removed that is a mount point in another namespace, and
 * unmounts there: so the lock is what keeps a mount of somebody else's from vanishing.
 */
#include "core/replay/points.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/claim.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "core/base/rmtree.h"
#include "core/replay/binds.h"
#include "core/replay/cache.h"

#define MARK 0xca2e		/* seconds after 1970: a time that no clock shows */
#define CLAIM_PREFIX "points."
#define LIST_NAME "list"	/* of what was made: "INODE PATH" and a NUL each */
#define LIST_MAX (1 << 20)

struct point {
	char *path;		/* on this machine */
	ino_t ino;
	int fd;			/* holds the lock; −1 for a symlink */
	bool made;		/* by us: empty is enough to remove it */
};

struct points {
	struct point *v;
	size_t n;
	struct points_lack *lacks;
	size_t n_lacks;
	char *claim;		/* directory with the list, NULL: there is none */
	int claim_fd, list;
	int root;		/* locked for symlinks, which cannot be; −1: there are none */
};

static bool is_marked(const struct stat *st)
{
	return st->st_mtim.tv_sec == MARK && st->st_mtim.tv_nsec == 0;
}

/* Readable for everybody whatever the umask is: another user's run holds it too. */
static void mark(const char *path, mode_t type)
{
	if (!S_ISLNK(type))
		chmod(path, S_ISDIR(type) ? 0755 : 0644);
	utimensat(AT_FDCWD, path, (struct timespec[]){ { MARK, 0 }, { MARK, 0 } }, AT_SYMLINK_NOFOLLOW);
}

/* Where @path lies, and its times as they are. */
static char *parent_of(const char *path, struct stat *ret)
{
	const char *slash = strrchr(path, '/');
	char *parent = strndup(path, slash > path ? (size_t)(slash - path) : 1);

	if (parent && lstat(parent, ret) < 0)
		*ret = (struct stat){ 0 };
	return parent;
}

static void restore(const char *parent, const struct stat *st)
{
	if (st->st_nlink)
		utimensat(AT_FDCWD, parent, (struct timespec[]){ st->st_atim, st->st_mtim }, 0);
}

/* Nothing that anybody put there goes: rmdir(2) leaves what is not empty. */
static void remove_point(const char *path, ino_t ino, bool made)
{
	struct stat st, above;
	_cleanup_free_ char *parent = NULL;

	if (lstat(path, &st) < 0 || st.st_ino != ino)
		return;
	if (!is_marked(&st) && !(made && S_ISDIR(st.st_mode)))
		return;
	parent = parent_of(path, &above);
	if (!parent)
		return;
	if ((S_ISDIR(st.st_mode) ? rmdir(path) : st.st_size && S_ISREG(st.st_mode) ? -1 : unlink(path)) == 0)
		restore(parent, &above);
}

/* Some file systems have no locks: there everybody is alone. */
static bool is_last(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static void remove_left(void *ctx, const char *dir)
{
	_cleanup_buf_ struct buf list = BUF_INIT, path = BUF_INIT;
	size_t end;

	(void)ctx;
	buf_addf(&path, "%s/" LIST_NAME, dir);
	if (io_read_file(AT_FDCWD, buf_str(&path), LIST_MAX, &list, NULL) < 0)
		buf_reset(&list);
	/* The last one first; what was not written whole has no NUL. */
	for (end = list.len; end > 0 && list.data[end - 1]; end--)
		;
	while (end > 0) {
		size_t start = end - 1;
		unsigned long long ino;
		int at = 0;

		while (start > 0 && list.data[start - 1])
			start--;
		if (sscanf(list.data + start, "%llu %n", &ino, &at) == 1 && at) {
			const char *point = list.data + start + at;
			_cleanup_close_ int fd = open(point, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

			if (fd < 0 || is_last(fd))
				remove_point(point, (ino_t)ino, false);
		}
		end = start;
	}
	(void)rmtree(dir, NULL);
}

/* Begin the list. Without one all works, but nobody clears away if we are killed. */
static void begin_list(struct points *p)
{
	_cleanup_free_ char *cache = NULL;
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (p->claim || cache_dir(&cache, NULL) < 0)
		return;
	p->claim_fd = claim_make(cache, CLAIM_PREFIX, &p->claim);
	if (p->claim_fd < 0)
		return;
	buf_addf(&path, "%s/" LIST_NAME, p->claim);
	p->list = open(buf_str(&path), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(struct points *p, const char *path, ino_t ino)
{
	_cleanup_buf_ struct buf line = BUF_INIT;

	buf_addf(&line, "%llu %s", (unsigned long long)ino, path);
	buf_addc(&line, '\0');
	if (p->list >= 0 && buf_error(&line) == 0)
		(void)io_write_all(p->list, line.data, line.len);
}

/* A descriptor whose lock we share, on what @path means now. −ENOENT: it has gone meanwhile. */
static int hold(const char *path, struct stat *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	/* Whoever has it exclusively is removing it. */
	if (flock(fd, LOCK_SH) < 0 && errno == EINTR)
		return -EINTR;
	if (fstat(fd, ret) < 0)
		return -errno;
	if (lstat(path, &st) < 0 || st.st_ino != ret->st_ino || st.st_dev != ret->st_dev)
		return -ENOENT;
	return steal_fd(&fd);
}

static int add(struct points *p, const char *path, const struct stat *st, int fd, bool made)
{
	struct point *more = realloc(p->v, (p->n + 1) * sizeof(*more));
	char *copy = strdup(path);

	if (more)
		p->v = more;
	if (!more || !copy) {
		free(copy);
		if (fd >= 0)
			close(fd);
		return -ENOMEM;
	}
	p->v[p->n++] = (struct point){ .path = copy, .ino = st->st_ino, .fd = fd, .made = made };
	return 0;
}

static int make_name(const char *path, mode_t type, const char *target)
{
	_cleanup_close_ int fd = -1;

	if (S_ISDIR(type))
		return mkdir(path, 0755) < 0 ? -errno : 0;
	if (S_ISLNK(type))
		return symlink(target, path) < 0 ? -errno : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : 0;
}

static int lock_root(struct points *p, const char *root)
{
	if (p->root < 0)
		p->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->root < 0 || flock(p->root, LOCK_SH) < 0 ? -errno : 0;
}

/* Ours from now on, whoever made it: there, marked, held. */
static int take(struct points *p, const struct binds *b, const char *path, bool made)
{
	struct stat st;
	int fd = -1, r = 0;

	if (lstat(path, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		r = lock_root(p, b->root);
	else
		r = fd = hold(path, &st);
	if (r < 0)
		return r;
	begin_list(p);
	note(p, path, st.st_ino);
	return add(p, path, &st, fd, made);
}

/* One name below one that is there. 0: it is there now, and held if it is a point. */
static int make_one(struct points *p, const struct binds *b, const char *path, mode_t type, const char *target)
{
	struct stat st, above;
	int r = -ENOENT;

	/* Another run may remove its own just before we hold it. */
	for (int tries = 0; r == -ENOENT && tries < 8; tries++) {
		_cleanup_free_ char *parent = NULL;

		if (lstat(path, &st) == 0) {
			r = is_marked(&st) ? take(p, b, path, false) : 0;
			continue;
		}
		parent = parent_of(path, &above);
		if (!parent)
			return -ENOMEM;
		r = make_name(path, type, target);
		if (r == -EEXIST) {
			r = -ENOENT;
			continue;
		}
		if (r < 0)
			return r;
		mark(path, type);
		restore(parent, &above);
		r = take(p, b, path, true);
	}
	return r;
}

static int add_lack(struct points *p, const char *guest, int error)
{
	struct points_lack *more;
	char *copy;

	for (size_t i = 0; i < p->n_lacks; i++)
		if (!strcmp(p->lacks[i].guest, guest))
			return 0;
	more = realloc(p->lacks, (p->n_lacks + 1) * sizeof(*more));
	if (more)
		p->lacks = more;
	copy = strdup(guest);
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	p->lacks[p->n_lacks++] = (struct points_lack){ .guest = copy, .error = error };
	return 0;
}

/* Is memory or are descriptors short? All else is why this one name cannot be made. */
static bool is_short(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* Every name on the way to an entry, from the top. */
static int make_way(struct points *p, const struct binds *above, const struct binds_entry *b, bool none)
{
	for (const char *end = b->guest + 1;; end++) {
		_cleanup_free_ char *guest = NULL, *host = NULL;
		bool last;
		struct stat st;
		int r;

		end += strcspn(end, "/");
		last = !*end;
		guest = strndup(b->guest, (size_t)(end - b->guest));
		host = guest ? binds_host(above, guest) : NULL;
		if (!host)
			return -ENOMEM;
		if (none)
			r = lstat(host, &st) < 0 ? -errno : 0;
		else
			r = make_one(p, above, host, !last ? S_IFDIR : b->flags & BINDS_TASK ? S_IFLNK : b->type,
				     b->host);
		if (is_short(r))
			return r;
		if (r < 0)
			return add_lack(p, guest, r);
		if (last)
			return 0;
	}
}

static void points_free(struct points *p)
{
	for (size_t i = 0; i < p->n; i++) {
		cleanup_closep(&p->v[i].fd);
		free(p->v[i].path);
	}
	for (size_t i = 0; i < p->n_lacks; i++)
		free((char *)p->lacks[i].guest);
	if (p->claim)
		(void)rmtree(p->claim, NULL);
	cleanup_closep(&p->claim_fd);
	cleanup_closep(&p->list);
	cleanup_closep(&p->root);
	free(p->claim);
	free(p->lacks);
	free(p->v);
	free(p);
}

/* A run that needs no point makes no cache only to find nothing in it. */
static bool has_cache(void)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	_cleanup_buf_ struct buf path = BUF_INIT;

	if (base && *base == '/')
		buf_addf(&path, "%s/care", base);
	else
		buf_addf(&path, "%s/.cache/care", home ?: "");
	return access(buf_str(&path), F_OK) == 0;
}

static void clear_left(void)
{
	_cleanup_free_ char *cache = NULL;

	if (has_cache() && cache_dir(&cache, NULL) == 0)
		claim_each_left(cache, CLAIM_PREFIX, remove_left, NULL);
}

int points_make(struct points **ret, const struct binds *b, const char *more, bool none, struct err *e)
{
	const struct binds_entry extra = { .guest = (char *)more, .type = S_IFDIR };
	struct points *p = calloc(1, sizeof(*p));
	int r = 0;

	if (!p)
		return err_set(e, -ENOMEM, "make mount points");
	p->claim_fd = p->list = p->root = -1;
	clear_left();
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		/* What was there is walked too: it may be another run's point. */
		const struct binds above = { .root = b->root, .v = b->v, .n = i };

		r = make_way(p, &above, &b->v[i], none);
	}
	if (r == 0 && more)
		r = make_way(p, b, &extra, none);
	if (r < 0) {
		points_remove(p);
		return err_set(e, r, "make mount points");
	}
	*ret = p;
	return 0;
}

const struct points_lack *points_lacks(const struct points *p, size_t *ret_n)
{
	*ret_n = p->n_lacks;
	return p->lacks;
}

void points_remove(struct points *p)
{
	bool alone = p && (p->root < 0 || is_last(p->root));

	for (size_t i = p ? p->n : 0; i-- > 0;) {
		const struct point *at = &p->v[i];

		if (at->fd < 0 ? alone : is_last(at->fd))
			remove_point(at->path, at->ino, at->made);
	}
	if (p)
		points_free(p);
}
