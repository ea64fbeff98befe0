// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Private places: one directory "care-XXXXXX" with a numbered entry per concealed
 * path. Short names, because a unix socket's path has 108 bytes (unix(7)).
 */
#include "core/record/conceal.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/claim.h"
#include "core/base/err.h"
#include "core/base/io.h"
#include "core/base/rmtree.h"
#include "core/record/conceal_internal.h"

static void remove_left(void *ctx, const char *path)
{
	(void)ctx;
	rmtree(path, NULL);
}

struct conceal *conceal_new(struct names *names, const char *under, struct err *e)
{
	struct conceal *c = calloc(1, sizeof(*c));
	struct name *n;

	if (!c) {
		err_set(e, -ENOMEM, "conceal");
		return NULL;
	}
	c->names = names;
	claim_each_left(under, CONCEAL_PREFIX, remove_left, NULL);
	c->claim = claim_make(under, CONCEAL_PREFIX, &c->top);
	if (c->claim < 0) {
		err_set(e, c->claim, "make a private place in %s", under);
		free(c);
		return NULL;
	}
	chmod(c->top, 0711);	/* the command may become another user on the way */
	/*
	 * The command may meet the private place by its own name: the kernel hands a script's
	 * path to its interpreter as it was rewritten. It leads there, and is no part of the world.
	 */
	n = names_at(names, c->top);
	if (n)
		n->bind = strdup(c->top);
	if (!n || !n->bind) {
		err_set(e, -ENOMEM, "conceal");
		conceal_free(c);
		return NULL;
	}
	n->flags |= NAME_BORN;
	return c;
}

bool conceal_active(const struct conceal *c)
{
	return c && c->n;
}

static int remember(struct conceal *c, const char *path, char *host)
{
	struct place *more = realloc(c->places, (c->n + 1) * sizeof(*more));
	char *copy = strdup(path);

	if (more)
		c->places = more;
	if (!more || !copy) {
		free(copy);
		free(host);
		return -ENOMEM;
	}
	c->places[c->n++] = (struct place){ copy, host };
	return 0;
}

static int make_like(const char *real, const char *host)
{
	struct stat st;
	mode_t mode;
	int fd;

	if (lstat(real, &st) < 0)
		return -errno;
	mode = st.st_mode & 07777;
	if (access(real, W_OK) < 0)
		mode &= ~0222;	/* not writable there either */
	if (S_ISDIR(st.st_mode)) {
		if (mkdir(host, 0700) < 0 && errno != EEXIST)
			return -errno;
		chmod(host, mode | S_IRWXU);
		return 0;
	}
	fd = open(host, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	chmod(host, mode & 0777);
	return 0;
}

static int bind_name(struct names *names, const char *path, const char *host, bool concealed)
{
	struct name *n = names_at(names, path);
	char *copy = strdup(host);

	if (!n || !copy) {
		free(copy);
		return -ENOMEM;
	}
	free(n->bind);
	n->bind = copy;
	n->concealed = concealed;
	if (concealed)
		n->flags |= NAME_SKELETON;
	return 0;
}

int conceal_bind_all(const struct conceal *c, struct names *names)
{
	int r = 0;

	for (size_t i = 0; i < c->n && r >= 0; i++)
		r = bind_name(names, c->places[i].path, c->places[i].host, true);
	for (size_t i = 0; i < c->n_shown && r >= 0; i++)
		r = bind_name(names, c->shown[i], c->shown[i], false);
	if (r >= 0)
		r = bind_name(names, c->top, c->top, false);
	if (r >= 0)
		names_at(names, c->top)->flags |= NAME_BORN;
	return r;
}

int conceal_hide(struct conceal *c, const char *path, struct err *e)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	char *host;
	int r;

	if (!real)
		return err_set(e, -errno, "conceal %s", path);
	if (!strcmp(real, "/"))
		return err_set(e, -EINVAL, "conceal /: nothing would be left to run");
	if (asprintf(&host, "%s/%zu", c->top, c->n) < 0)
		return err_set(e, -ENOMEM, "conceal %s", path);
	r = make_like(real, host);
	if (r >= 0)
		r = bind_name(c->names, real, host, true);
	if (r < 0) {
		free(host);
		return err_set(e, r, "conceal %s", path);
	}
	r = remember(c, real, host);
	return r < 0 ? err_set(e, r, "conceal %s", path) : 0;
}

/* In the private place, make what leads from the concealed @top to @n. */
static int make_skeleton(const struct name *n, const struct name *top)
{
	_cleanup_buf_ struct buf real = BUF_INIT, host = BUF_INIT;
	int r;

	if (n == top)
		return 0;
	r = make_skeleton(n->parent, top);
	if (r < 0)
		return r;
	r = name_path(n, &real);
	if (r >= 0)
		r = name_host(n, &host);
	if (r >= 0)
		r = make_like(real.data, host.data);
	((struct name *)n)->flags |= NAME_SKELETON;
	return r;
}

static int remember_shown(struct conceal *c, const char *path)
{
	char **more = realloc(c->shown, (c->n_shown + 1) * sizeof(*more));
	char *copy = strdup(path);

	if (more)
		c->shown = more;
	if (!more || !copy) {
		free(copy);
		return -ENOMEM;
	}
	c->shown[c->n_shown++] = copy;
	return 0;
}

int conceal_reveal(struct conceal *c, const char *path, struct err *e)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct name *n = real ? names_at(c->names, real) : NULL;
	const struct name *top;
	int r;

	if (!real)
		return err_set(e, -errno, "reveal %s", path);
	if (!n)
		return err_set(e, -ENOMEM, "reveal %s", path);
	top = name_binding(n);
	if (!top || !top->concealed)
		return 0;	/* it was never hidden */
	r = make_skeleton(n, top);
	if (r >= 0)
		r = bind_name(c->names, real, real, false);
	if (r >= 0)
		r = remember_shown(c, real);
	return r < 0 ? err_set(e, r, "reveal %s", path) : 0;
}

static bool starts_with(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return !strncmp(path, dir, len) && (!path[len] || path[len] == '/');
}

bool conceal_from_host(const struct conceal *c, const char *host, struct buf *ret_path)
{
	if (!c || !starts_with(host, c->top))
		return false;
	for (size_t i = 0; i < c->n; i++) {
		if (!starts_with(host, c->places[i].host))
			continue;
		buf_reset(ret_path);
		buf_adds(ret_path, c->places[i].path);
		buf_adds(ret_path, host + strlen(c->places[i].host));
		return true;
	}
	return false;
}

/* nftw(3) passes no context. */
static struct {
	struct conceal *c;
	void (*tell)(void *, const char *);
	void *ctx;
	const char *to;
	int error;
} visit;

static bool is_skeleton(const char *path)
{
	struct name *n = names_at(visit.c->names, path);

	return n && n->flags & NAME_SKELETON;
}

static int tell_left(const char *host, const struct stat *st, int type, struct FTW *ftw)
{
	_cleanup_buf_ struct buf path = BUF_INIT;

	(void)st;
	(void)ftw;
	if (type != FTW_D && type != FTW_DNR && conceal_from_host(visit.c, host, &path) &&
	    !is_skeleton(path.data) &&
	    !(names_at(visit.c->names, path.data)->bind))
		visit.tell(visit.ctx, path.data);
	return 0;
}

static int each_left(struct conceal *c, int (*fn)(const char *, const struct stat *, int, struct FTW *))
{
	visit.c = c;
	for (size_t i = 0; i < c->n; i++)
		if (nftw(c->places[i].host, fn, 16, FTW_PHYS) < 0 && errno != ENOENT)
			return -errno;
	return 0;
}

int conceal_left(struct conceal *c, void (*tell)(void *ctx, const char *path), void *ctx,
		 struct err *e)
{
	int r;

	visit.tell = tell;
	visit.ctx = ctx;
	r = each_left(c, tell_left);
	return r < 0 ? err_set(e, r, "look through the concealed places") : 0;
}

static int make_parents(char *path)
{
	for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return 0;
}

static int copy_one(const char *host, const char *to, const struct stat *st)
{
	_cleanup_close_ int in = -1, out = -1;
	_cleanup_free_ char *target = NULL;

	if (S_ISLNK(st->st_mode)) {
		target = calloc(1, st->st_size + 1);
		if (!target || readlink(host, target, st->st_size) < 0)
			return -errno;
		return symlink(target, to) < 0 ? -errno : 0;
	}
	if (!S_ISREG(st->st_mode))
		return 0;
	in = open(host, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, st->st_mode & 0777);
	if (in < 0 || out < 0)
		return -errno;
	return io_copy(in, out, UINT64_MAX);
}

static int keep_left(const char *host, const struct stat *st, int type, struct FTW *ftw)
{
	_cleanup_buf_ struct buf path = BUF_INIT;
	_cleanup_free_ char *to = NULL;
	int r;

	(void)ftw;
	if (type == FTW_D || type == FTW_DNR || !conceal_from_host(visit.c, host, &path) ||
	    is_skeleton(path.data))
		return 0;
	if (asprintf(&to, "%s%s", visit.to, path.data) < 0)
		return -1;
	r = make_parents(to);
	if (r >= 0)
		r = copy_one(host, to, st);
	if (r < 0)
		visit.error = r;
	return 0;
}

int conceal_keep(struct conceal *c, const char *dir, struct err *e)
{
	int r;

	visit.to = dir;
	visit.error = 0;
	r = each_left(c, keep_left);
	if (r >= 0)
		r = visit.error;
	return r < 0 ? err_set(e, r, "keep what was written into concealed places in %s", dir) : 0;
}

void conceal_free(struct conceal *c)
{
	if (!c)
		return;
	rmtree(c->top, NULL);
	close(c->claim);
	for (size_t i = 0; i < c->n; i++) {
		free(c->places[i].path);
		free(c->places[i].host);
	}
	for (size_t i = 0; i < c->n_shown; i++)
		free(c->shown[i]);
	free(c->shown);
	free(c->places);
	free(c->top);
	free(c);
}
