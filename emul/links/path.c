// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a call's path lies where nothing translates it: by way of /proc/TID, so that the
 * kernel resolves it from the task's own directories.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "emul/links/internal.h"

#define FOLLOW_MOST 40		/* as the kernel */

/* @dir/, canonical, appended. */
static int add_directory(const char *dir, struct buf *ret)
{
	_cleanup_close_ int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[64], *to;
	ssize_t n;

	if (fd < 0)
		return -errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	to = buf_reserve(ret, 1 << 16);
	if (!to)
		return -ENOMEM;
	n = readlink(name, to, 1 << 16);
	if (n < 0)
		return -errno;
	ret->len += (size_t)n;
	to[n] = '\0';
	if (n > 1)
		buf_addc(ret, '/');
	return buf_error(ret);
}

/* @path with its directory resolved and its last name as it is. */
static int settle(const char *path, struct buf *ret)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	const char *name = strrchr(path, '/') + 1;
	int r;

	/* A directory, whatever it is called. */
	if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EISDIR;
	buf_add(&dir, path, (size_t)(name - path));
	r = buf_error(&dir);
	if (r == 0)
		r = add_directory(buf_str(&dir), ret);
	buf_adds(ret, name);
	return r < 0 ? r : buf_error(ret);
}

static void add_base(const struct task *t, const struct call_path *p, struct buf *ret)
{
	const char *text = buf_str(&p->text);

	if (text[0] == '/')
		buf_addf(ret, "/proc/%d/root%s", (int)t->tid, text);
	else if (p->dirfd == CALL_CWD)
		buf_addf(ret, "/proc/%d/cwd/%s", (int)t->tid, text);
	else
		buf_addf(ret, "/proc/%d/fd/%d/%s", (int)t->tid, p->dirfd, text);
}

/* Follow @at as long as it is a symlink like others. */
static int follow(const struct task *t, struct buf *at)
{
	for (int i = 0; i < FOLLOW_MOST; i++) {
		_cleanup_buf_ struct buf next = BUF_INIT, settled = BUF_INIT;
		char *to = buf_reserve(&next, 1 << 16);
		ssize_t n = to ? readlink(buf_str(at), to, 1 << 16) : -1;
		_cleanup_buf_ struct buf path = BUF_INIT;
		int r;

		if (!to)
			return -ENOMEM;
		if (n < 0)
			return errno == EINVAL ? 0 : -errno;
		to[n] = '\0';
		next.len = (size_t)n;
		if (links_is_target(to))
			return 0;
		if (to[0] == '/')
			buf_addf(&path, "/proc/%d/root", (int)t->tid);
		else
			buf_add(&path, at->data, (size_t)(strrchr(buf_str(at), '/') + 1 - at->data));
		buf_add(&path, next.data, next.len);
		r = buf_error(&path);
		if (r == 0)
			r = settle(buf_str(&path), &settled);
		if (r < 0)
			return r;
		buf_reset(at);
		buf_add(at, settled.data, settled.len);
	}
	return -ELOOP;
}

int links_host(const struct links *l, struct task *t, const struct call *c, int i, struct buf *ret)
{
	const struct call_path *p = &c->paths[i];
	_cleanup_buf_ struct buf path = BUF_INIT;
	const char *text = buf_str(&p->text);
	int r;

	if (p->error || !p->addr || !p->text.len)
		return -EINVAL;
	if (l->options.host)
		return l->options.host(l->options.ctx, t, c, i, ret);
	/* Other names there for us than for the task, and links that are none. */
	if (!strncmp(text, "/proc/", 6) || p->walk & (WALK_BENEATH | WALK_IN_ROOT))
		return -EINVAL;
	add_base(t, p, &path);
	r = buf_error(&path);
	if (r == 0)
		r = settle(buf_str(&path), ret);
	if (r == 0 && !(p->walk & (WALK_NOFOLLOW | WALK_PARENT)))
		r = follow(t, ret);
	return r;
}
