// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A path walked in a root that nobody has entered: component by component, where it lies
 * on this machine decided anew at each one. Canonical paths only are put together, so the
 * kernel meets no symlink that we have not followed ourselves.
 */
#include "core/replay/binds.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "emul/links/links.h"

#define MAX_LINKS 40	/* as the kernel's own limit for a walk */

/* @path is @above or below it: what follows @above, else NULL. */
static const char *below(const char *path, const char *above)
{
	size_t len = strcmp(above, "/") ? strlen(above) : 0;

	if (strncmp(path, above, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

const struct binds_entry *binds_at(const struct binds *b, const char *path)
{
	const struct binds_entry *best = NULL;
	size_t best_len = 0;

	for (size_t i = 0; i < b->n; i++) {
		size_t len = strlen(b->v[i].guest);

		if (len >= best_len && below(path, b->v[i].guest)) {
			best = &b->v[i];
			best_len = len;
		}
	}
	return best;
}

char *binds_host(const struct binds *b, const char *path)
{
	const struct binds_entry *at = binds_at(b, path);
	const char *top = at ? at->host : b->root, *rest = below(path, at ? at->guest : "/");
	_cleanup_buf_ struct buf host = BUF_INIT;

	if (!strcmp(rest, "/"))
		rest = "";
	buf_adds(&host, strcmp(top, "/") || !*rest ? top : "");
	buf_adds(&host, rest);
	return buf_steal(&host);
}

void binds_place_clear(struct binds_place *p)
{
	free(p->guest);
	free(p->host);
	*p = (struct binds_place){ 0 };
}

/* Where a walk stands. */
struct way {
	const struct binds *binds;
	struct buf guest;	/* canonical so far; "" is the root */
	char *rest;		/* what is still to be walked */
	mode_t mode;		/* of what guest names; 0: it is missing */
	unsigned flags;
	int links;
};

static int look(struct way *w, struct stat *ret, char **ret_host)
{
	*ret_host = binds_host(w->binds, w->guest.len ? buf_str(&w->guest) : "/");
	if (!*ret_host || buf_error(&w->guest) < 0)
		return -ENOMEM;
	return lstat(*ret_host, ret) < 0 ? -errno : 0;
}

static int up(struct way *w)
{
	char *slash = w->guest.len ? strrchr(w->guest.data, '/') : NULL;
	_cleanup_free_ char *host = NULL;
	struct stat st;
	int r;

	if (slash)
		buf_truncate(&w->guest, (size_t)(slash - w->guest.data));
	r = look(w, &st, &host);
	/* Above what is missing more may be missing. */
	w->mode = r == 0 ? st.st_mode : 0;
	return r == -ENOENT && w->flags & BINDS_ABSENT ? 0 : r;
}

static ssize_t read_link(const char *host, char *target, size_t size)
{
	ssize_t n = readlink(host, target, size);

	if (n < 0)
		return -errno;
	if ((size_t)n >= size)
		return -ENAMETOOLONG;
	target[n] = '\0';
	return n;
}

/* One that stands for a file leads there by this machine's names. */
static bool is_file(const struct way *w, const char *host, struct stat *st)
{
	char target[4096];

	return w->binds->links && read_link(host, target, sizeof(target)) > 0 && links_is_target(target) &&
	       stat(host, st) == 0;
}

/* Put a symlink's target in front of the rest; guest names the link. */
static int follow(struct way *w, const char *host, const char *after)
{
	_cleanup_buf_ struct buf rest = BUF_INIT;
	char target[4096];
	ssize_t n = read_link(host, target, sizeof(target));
	char *text;

	if (n < 0)
		return (int)n;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	buf_truncate(&w->guest, n && *target == '/' ?
		     0 : (size_t)(strrchr(w->guest.data, '/') - w->guest.data));
	buf_add(&rest, target, (size_t)n);
	buf_addf(&rest, "/%s", after);
	/* A slash at the end asks for a directory: not our addition if nothing follows. */
	if (!*after)
		buf_truncate(&rest, rest.len - 1);
	text = buf_steal(&rest);
	if (!text)
		return -ENOMEM;
	free(w->rest);
	w->rest = text;
	w->mode = S_IFDIR;
	return 0;
}

/* What leads to each process's own directory, and would lead to ours. */
static bool is_own(const char *host)
{
	return !strcmp(host, "/proc/self") || !strcmp(host, "/proc/thread-self");
}

static int down(struct way *w, const char *name, size_t len, const char *after)
{
	_cleanup_free_ char *host = NULL;
	struct stat st;
	int r;

	buf_addc(&w->guest, '/');
	buf_add(&w->guest, name, len);
	r = look(w, &st, &host);
	if (r == -ENOENT && w->flags & BINDS_ABSENT) {
		w->mode = 0;
		r = 0;
	} else if (r == 0 && is_own(host)) {
		w->mode = S_IFDIR;
	} else if (r == 0 && S_ISLNK(st.st_mode) && !is_file(w, host, &st) &&
		   (*after || !(w->flags & BINDS_NOFOLLOW))) {
		return follow(w, host, after);
	} else if (r == 0) {
		w->mode = st.st_mode;
	}
	if (r == 0)
		memmove(w->rest, after, strlen(after) + 1);
	return r;
}

static int step(struct way *w)
{
	char *name = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(name, "/");
	char *after = name + len + strspn(name + len, "/");
	int r = 0;

	if (len && w->mode && !S_ISDIR(w->mode))
		return -ENOTDIR;
	if (len == 2 && !memcmp(name, "..", 2))
		r = up(w);
	else if (len && !(len == 1 && *name == '.'))
		return down(w, name, len, after);
	if (r == 0)
		memmove(w->rest, after, strlen(after) + 1);
	return r;
}

int binds_walk(const struct binds *b, const char *path, unsigned flags, struct binds_place *ret)
{
	struct way w = { .binds = b, .guest = BUF_INIT, .rest = strdup(path), .mode = S_IFDIR,
			 .flags = flags };
	struct binds_place place = { 0 };
	int r = w.rest ? 0 : -ENOMEM;

	while (r == 0 && *w.rest)
		r = step(&w);
	if (r == 0) {
		place.guest = strdup(w.guest.len ? buf_str(&w.guest) : "/");
		place.host = place.guest ? binds_host(b, place.guest) : NULL;
		place.mode = w.mode;
		r = place.host && buf_error(&w.guest) == 0 ? 0 : -ENOMEM;
	}
	if (r == 0)
		*ret = place;
	else
		binds_place_clear(&place);
	buf_free(&w.guest);
	free(w.rest);
	return r;
}
