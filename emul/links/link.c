// SPDX-License-Identifier: GPL-2.0-or-later
/* link(2) in other words, and what is left to do when a name goes. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arch/syscall.h"
#include "core/base/io.h"
#include "core/base/mem.h"
#include "emul/links/internal.h"

#define OPEN_AT_ONCE 32		/* directories, of a walk */

bool links_serves(const struct task *t)
{
	_cleanup_buf_ struct buf text = BUF_INIT;
	char name[64];
	const char *at;
	unsigned uid;

	snprintf(name, sizeof(name), "/proc/%d/status", (int)t->tid);
	if (io_read_file(AT_FDCWD, name, 1 << 20, &text, NULL) < 0)
		return false;
	at = strstr(buf_str(&text), "\nUid:");
	return at && sscanf(at + 5, "%*u %*u %*u %u", &uid) == 1 && uid == geteuid();
}

/* A symlink has no inode of its own to share: another one that says the same. */
static int64_t copy_symlink(const char *old, const char *new)
{
	_cleanup_buf_ struct buf target = BUF_INIT;
	char *to = buf_reserve(&target, 1 << 16);
	ssize_t n = to ? readlink(old, to, 1 << 16) : -1;

	if (!to)
		return -ENOMEM;
	if (n < 0)
		return -errno;
	to[n] = '\0';
	return symlink(to, new) < 0 ? -errno : 0;
}

static int64_t add_name(struct links *l, const char *old, const char *new)
{
	_cleanup_form_ struct form f = FORM_INIT;
	int r = form_read(old, &f);

	if (r < 0)
		return r;
	r = r ? form_set_count(&f, f.count + 1) : form_make(old, l->options.dir, &f);
	if (r < 0)
		return r;
	if (symlink(buf_str(&f.middle), new) == 0)
		return 0;
	r = -errno;
	form_set_count(&f, f.count - 1);
	return r;
}

static int64_t device_of(const char *path, dev_t *ret)
{
	_cleanup_buf_ struct buf dir = BUF_INIT;
	struct stat st;

	buf_add(&dir, path, (size_t)(strrchr(path, '/') + 1 - path));
	if (buf_error(&dir))
		return -ENOMEM;
	if (stat(buf_str(&dir), &st) < 0)
		return -errno;
	*ret = st.st_dev;
	return 0;
}

int64_t links_link(struct links *l, struct event *ev)
{
	_cleanup_buf_ struct buf old = BUF_INIT, new = BUF_INIT;
	_cleanup_form_ struct form f = FORM_INIT;
	struct stat st, there;
	int64_t r;
	dev_t dev = 0;

	/* By descriptor or by procfs: a file that may have no name. */
	if (ev->call->n_paths != 2 || links_host(l, ev->task, ev->call, 0, &old) < 0 ||
	    links_host(l, ev->task, ev->call, 1, &new) < 0)
		return LINKS_KERNEL;
	if (!links_serves(ev->task))
		return LINKS_KERNEL;
	if (lstat(buf_str(&old), &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EPERM;
	if (lstat(buf_str(&new), &there) == 0)
		return -EEXIST;
	r = device_of(buf_str(&new), &dev);
	if (r < 0)
		return r;
	if (dev != st.st_dev)
		return -EXDEV;
	if (S_ISLNK(st.st_mode) && form_read(buf_str(&old), &f) != 1)
		return copy_symlink(buf_str(&old), buf_str(&new));
	return add_name(l, buf_str(&old), buf_str(&new));
}

static int find_form(struct links *l, struct event *ev, int i, struct form *ret)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	int r = links_host(l, ev->task, ev->call, i, &host);

	return r < 0 ? 0 : form_read(buf_str(&host), ret) == 1;
}

static int is_hidden(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	return links_is_target(path + at->base);
}

/* A directory below which files are hidden: the names that lead there would not find them. */
static bool moves_hidden(struct links *l, struct event *ev)
{
	_cleanup_buf_ struct buf host = BUF_INIT;
	struct stat st;

	return links_host(l, ev->task, ev->call, 0, &host) == 0 && lstat(buf_str(&host), &st) == 0 &&
	       S_ISDIR(st.st_mode) && nftw(buf_str(&host), is_hidden, OPEN_AT_ONCE, FTW_PHYS) == 1;
}

int64_t links_drop(struct links *l, struct event *ev, struct form *ret)
{
	const struct call *c = ev->call;
	_cleanup_form_ struct form old = FORM_INIT;
	bool renames = c->n_paths == 2;

	if (renames && moves_hidden(l, ev)) {
		ev->answered = true;
		ev->answer = -EXDEV;
		return LINKS_KERNEL;
	}
	if (!c->n_paths || !find_form(l, ev, c->n_paths - 1, ret) || !links_serves(ev->task))
		return LINKS_KERNEL;
	if (!renames)
		return 0;
	if (c->row == syscall_row(SYSCALL_renameat2) && (uint32_t)c->vals[4])
		return LINKS_KERNEL;	/* exchanged, or there must be none */
	/* Two names of one file: rename(2) does nothing. */
	if (find_form(l, ev, 0, &old) && !strcmp(buf_str(&old.middle), buf_str(&ret->middle))) {
		ev->answered = true;
		ev->answer = 0;
		return LINKS_KERNEL;
	}
	return 0;
}
