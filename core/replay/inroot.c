// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way down is kept as a stack of descriptors, so ".." is what we came from and
 * never asked of the file system.
 */
#include "core/replay/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"

#define MAX_LINKS 40
#define MAX_DEPTH 512

struct way {
	int fds[MAX_DEPTH];
	int n;			/* fds[0] is the top and not ours */
	int links;
	char *rest;		/* what is still to be walked */
};

static void step_up(struct way *w)
{
	if (w->n > 1)
		close(w->fds[--w->n]);
}

/* Put a symlink's target in front of the rest. */
static int follow(struct way *w, const char *name, const char *rest)
{
	_cleanup_buf_ struct buf b = BUF_INIT;
	char target[4096];
	ssize_t n = readlinkat(w->fds[w->n - 1], name, target, sizeof(target));
	char *text;

	if (n < 0)
		return -errno;
	if ((size_t)n >= sizeof(target))
		return -ENAMETOOLONG;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (n && *target == '/')
		while (w->n > 1)
			step_up(w);
	buf_add(&b, target, n);
	buf_addf(&b, "/%s", rest);
	text = buf_steal(&b);
	if (!text)
		return -ENOMEM;
	free(w->rest);
	w->rest = text;
	return 0;
}

static int step_down(struct way *w, const char *name, int make)
{
	int at = w->fds[w->n - 1], fd;

	if (w->n >= MAX_DEPTH)
		return -ENAMETOOLONG;
	fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && make && mkdirat(at, name, 0755) == 0)
		fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	w->fds[w->n++] = fd;
	return 0;
}

/* Walk one component of the rest; 1 when @ret_name is the last one. */
static int step(struct way *w, int make, char **ret_name)
{
	char *start = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(start, "/");
	char *after = start + len + strspn(start + len, "/");
	_cleanup_free_ char *name = strndup(len ? start : ".", len ? len : 1);
	struct stat st;
	int r = 0;

	if (!name)
		return -ENOMEM;
	if (fstatat(w->fds[w->n - 1], name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return follow(w, name, after);
	if (!strcmp(name, ".."))
		step_up(w);
	if (!*after) {
		*ret_name = strcmp(name, "..") ? steal_ptr(name) : strdup(".");
		return *ret_name ? 1 : -ENOMEM;
	}
	if (strcmp(name, "..") && strcmp(name, "."))
		r = step_down(w, name, make);
	memmove(w->rest, after, strlen(after) + 1);
	return r;
}

int inroot_parent(int top, const char *path, int make, int *ret_dir, char **ret_name)
{
	struct way w = { .fds = { top }, .n = 1, .rest = strdup(path) };
	int r = w.rest ? 0 : -ENOMEM;

	while (r == 0)
		r = step(&w, make, ret_name);
	if (r == 1) {
		*ret_dir = fcntl(w.fds[w.n - 1], F_DUPFD_CLOEXEC, 0);
		r = *ret_dir < 0 ? -errno : 0;
		if (r < 0)
			free(*ret_name);
	}
	while (w.n > 1)
		step_up(&w);
	free(w.rest);
	return r;
}

int inroot_open(int top, const char *path, int flags)
{
	_cleanup_close_ int dir = -1;
	_cleanup_free_ char *name = NULL;
	int r = inroot_parent(top, path, 0, &dir, &name);

	if (r < 0)
		return r;
	r = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC);
	return r < 0 ? -errno : r;
}
