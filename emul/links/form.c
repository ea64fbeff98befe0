// SPDX-License-Identifier: GPL-2.0-or-later
/* Links that stand for hard links, on disk. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "emul/links/internal.h"

#define PREFIX ".l2s."
#define DIGITS 4
#define NAME_KEPT 200		/* of a name; what is added must fit as well */

void form_free(struct form *f)
{
	buf_free(&f->middle);
	buf_free(&f->final);
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool links_is_target(const char *target)
{
	return !strncmp(last_name(target), PREFIX, strlen(PREFIX));
}

unsigned form_count_of(const char *final)
{
	const char *name = last_name(final);
	size_t len = strlen(name);
	unsigned n = 0;

	if (!links_is_target(name) || len < strlen(PREFIX) + 1 + DIGITS || name[len - DIGITS - 1] != '.')
		return 0;
	for (const char *at = name + len - DIGITS; *at; at++) {
		if (!isdigit((unsigned char)*at))
			return 0;
		n = n * 10 + (unsigned)(*at - '0');
	}
	return n;
}

/* What the symlink @path says; one that is relative as seen from its directory. */
static int read_target(const char *path, struct buf *ret)
{
	size_t room = 256;
	char *to;
	ssize_t n;

	for (;; room *= 2) {
		buf_reset(ret);
		to = buf_reserve(ret, room);
		if (!to)
			return -ENOMEM;
		n = readlink(path, to, room);
		if (n < 0)
			return -errno;
		if ((size_t)n < room)
			break;
	}
	to[n] = '\0';
	ret->len = (size_t)n;
	if (to[0] != '/') {
		_cleanup_free_ char *relative = buf_steal(ret);

		if (!relative)
			return -ENOMEM;
		buf_add(ret, path, (size_t)(last_name(path) - path));
		buf_adds(ret, relative);
	}
	return buf_error(ret);
}

int form_read(const char *path, struct form *ret)
{
	int r = read_target(path, &ret->middle);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	if (!links_is_target(buf_str(&ret->middle)))
		return 0;
	r = read_target(buf_str(&ret->middle), &ret->final);
	if (r < 0)	/* it leads nowhere: a symlink like others */
		return r == -ENOMEM ? r : 0;
	ret->count = form_count_of(buf_str(&ret->final));
	return ret->count ? 1 : 0;
}

static void set_final(struct form *f, unsigned count)
{
	buf_reset(&f->final);
	buf_addf(&f->final, "%s.%04u", buf_str(&f->middle), count);
}

/* A name that nobody has. */
static int choose(const char *path, const char *dir, struct form *ret)
{
	const char *name = last_name(path);
	struct stat st;

	for (unsigned i = 1; i <= FORM_MOST; i++) {
		buf_reset(&ret->middle);
		if (dir)
			buf_addf(&ret->middle, "%s/", dir);
		else
			buf_add(&ret->middle, path, (size_t)(name - path));
		buf_addf(&ret->middle, PREFIX "%.*s%04u", NAME_KEPT, name, i);
		if (buf_error(&ret->middle))
			return -ENOMEM;
		if (lstat(buf_str(&ret->middle), &st) < 0)
			return errno == ENOENT ? 0 : -errno;
	}
	return -EMLINK;
}

int form_make(const char *path, const char *dir, struct form *ret)
{
	const char *final, *middle;
	int r = choose(path, dir, ret);

	if (r < 0)
		return r;
	set_final(ret, 2);
	ret->count = 2;
	if (buf_error(&ret->final))
		return -ENOMEM;
	final = buf_str(&ret->final);
	middle = buf_str(&ret->middle);
	if (symlink(final, middle) < 0)
		return -errno;
	if (rename(path, final) < 0) {
		r = -errno;
		unlink(middle);
		return r;
	}
	if (symlink(middle, path) < 0) {
		r = -errno;
		rename(final, path);
		unlink(middle);
		return r;
	}
	return 0;
}

/*
 * Between the two renames the file has no name that leads to it: the form allows no other
 * way. What can fail is done before.
 */
static int repoint(struct form *f, const char *from)
{
	_cleanup_buf_ struct buf next = BUF_INIT;
	const char *final = buf_str(&f->final);
	int r;

	buf_addf(&next, "%s.new", buf_str(&f->middle));
	if (buf_error(&next))
		return -ENOMEM;
	unlink(buf_str(&next));		/* of one that was killed here */
	if (symlink(final, buf_str(&next)) < 0)
		return -errno;
	if (rename(from, final) < 0) {
		r = -errno;
		unlink(buf_str(&next));
		return r;
	}
	return rename(buf_str(&next), buf_str(&f->middle)) < 0 ? -errno : 0;
}

int form_set_count(struct form *f, unsigned count)
{
	_cleanup_buf_ struct buf from = BUF_INIT;

	if (count > FORM_MOST)
		return -EMLINK;
	if (!count) {
		if (unlink(buf_str(&f->middle)) < 0 || unlink(buf_str(&f->final)) < 0)
			return -errno;
		return 0;
	}
	buf_adds(&from, buf_str(&f->final));
	/* Not from the middle's name: another may have made this link (a directory of its own). */
	buf_truncate(&f->final, f->final.len - DIGITS);
	buf_addf(&f->final, "%04u", count);
	if (buf_error(&from) || buf_error(&f->final))
		return -ENOMEM;
	f->count = count;
	return repoint(f, buf_str(&from));
}
