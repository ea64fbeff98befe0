// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/translate/space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define NAMES_MOST 20000	/* nodes; then the tree is grown anew */

struct space {
	struct fsview view;		/* first: names ask it */
	struct space_place *places;	/* deepest guest first */
	size_t n;
	struct names *names;
	bool identity;
	bool (*is_file)(const char *target);
	int (*magic)(void *ctx, const char *path, struct buf *ret);
	void *ctx;
};

/* @path is @top or below it: what follows, else NULL. */
static const char *below(const char *path, const char *top, size_t len)
{
	if (strncmp(path, top, len) || (path[len] && path[len] != '/'))
		return NULL;
	return path + len;
}

static int view_look(struct fsview *v, const char *path, struct name_look *ret)
{
	const struct space *s = (struct space *)v;
	_cleanup_buf_ struct buf target = BUF_INIT;
	int r = fsview_host()->look(fsview_host(), path, ret);

	if (r == 0 && s->is_file && S_ISLNK(ret->mode) &&
	    fsview_host()->link(fsview_host(), path, &target) == 0 && s->is_file(buf_str(&target)))
		ret->mode = S_IFREG | 0777;
	return r;
}

static int view_link(struct fsview *v, const char *path, struct buf *ret)
{
	(void)v;
	return fsview_host()->link(fsview_host(), path, ret);
}

static int view_magic(struct fsview *v, const char *path, struct buf *ret)
{
	struct space *s = (struct space *)v;

	return s->magic ? s->magic(s->ctx, path, ret) : view_link(v, path, ret);
}

void space_set_files(struct space *s, bool (*is_file)(const char *target))
{
	s->is_file = is_file;
}

void space_set_magic(struct space *s, int (*magic)(void *ctx, const char *path, struct buf *ret), void *ctx)
{
	s->magic = magic;
	s->ctx = ctx;
}

static void place_free(struct space_place *p)
{
	free(p->guest);
	free(p->host);
	if (p->fd >= 0)
		close(p->fd);
}

static int plant(struct names *names, const struct space_place *p)
{
	struct name *n = names_at(names, p->guest);

	if (!n)
		return -ENOMEM;
	free(n->bind);
	n->bind = strdup(p->host);
	names_forget(n);
	return n->bind ? 0 : -ENOMEM;
}

/* A new tree of names: the old one has grown too big, or its bindings are not true any more. */
static int replant(struct space *s)
{
	struct names *names = names_new(&s->view);
	int r = names ? 0 : -ENOMEM;

	for (size_t i = 0; i < s->n && r == 0; i++)
		r = plant(names, &s->places[i]);
	if (r < 0) {
		names_free(names);
		return r;
	}
	names_free(s->names);
	s->names = names;
	return 0;
}

static int place_open(struct space_place *p, const char *host, const char *guest)
{
	struct statfs fs;	/* of O_PATH descriptors since 3.12 */
	struct stat st;

	*p = (struct space_place){ .guest = strdup(guest), .host = strdup(host), .fd = -1 };
	if (!p->guest || !p->host)
		return -ENOMEM;
	p->guest_len = strcmp(guest, "/") ? strlen(guest) : 0;
	p->host_len = strcmp(host, "/") ? strlen(host) : 0;
	p->fd = open(host, O_PATH | O_CLOEXEC);
	if (p->fd < 0 || fstat(p->fd, &st) < 0)
		return -errno;
	p->dir = S_ISDIR(st.st_mode);
	p->procfs = fstatfs(p->fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
	p->task = below(host, "/proc/self", 10) || below(host, "/proc/thread-self", 17);
	return 0;
}

static void settle(struct space *s)
{
	/* Insertion keeps the order of equal ones; there are some dozens. */
	for (size_t i = 1; i < s->n; i++) {
		struct space_place p = s->places[i];
		size_t j = i;

		for (; j > 0 && s->places[j - 1].guest_len < p.guest_len; j--)
			s->places[j] = s->places[j - 1];
		s->places[j] = p;
	}
	s->identity = true;
	for (size_t i = 0; i < s->n; i++)
		if (!s->places[i].hidden && strcmp(s->places[i].guest, s->places[i].host))
			s->identity = false;
}

static int add(struct space *s, struct space_place *p)
{
	struct space_place *more = realloc(s->places, (s->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	s->places = more;
	s->places[s->n++] = *p;
	settle(s);
	return replant(s);
}

int space_unbind(struct space *s, const char *guest)
{
	for (size_t i = 0; i < s->n; i++) {
		if (!s->places[i].guest_len || strcmp(s->places[i].guest, guest))
			continue;
		place_free(&s->places[i]);
		memmove(&s->places[i], &s->places[i + 1], (s->n - i - 1) * sizeof(*s->places));
		s->n--;
		settle(s);
		return replant(s);
	}
	return -EINVAL;
}

int space_bind(struct space *s, const char *host, const char *guest, bool readonly, struct err *e)
{
	struct space_place p;
	int r = place_open(&p, host, guest);

	p.readonly = readonly;
	if (r == 0 && space_unbind(s, guest) == -ENOMEM)
		r = -ENOMEM;
	if (r == 0)
		r = add(s, &p);
	if (r < 0) {
		place_free(&p);
		return err_set(e, r, "bind %s to %s", host, guest);
	}
	return 0;
}

/* What lies outside of every place is below a name that no program can know. */
static int add_outside(struct space *s)
{
	struct space_place p;
	uint64_t secret[2];
	char name[64];
	int r;

	if (getrandom(secret, sizeof(secret), GRND_NONBLOCK) != sizeof(secret)) {
		struct timespec now;

		/* Before 3.17, or too early in the boot. */
		clock_gettime(CLOCK_REALTIME, &now);
		secret[0] = (uint64_t)now.tv_nsec * 2654435761u ^ (uintptr_t)s;
		secret[1] = (uint64_t)now.tv_sec * 40503u ^ (uint64_t)getpid();
	}
	snprintf(name, sizeof(name), "/.outside-%016llx%016llx", (unsigned long long)secret[0],
		 (unsigned long long)secret[1]);
	r = place_open(&p, "/", name);
	p.hidden = true;
	if (r == 0)
		r = add(s, &p);
	if (r < 0)
		place_free(&p);
	return r;
}

struct space *space_new(const char *root, struct err *e)
{
	struct space *s = calloc(1, sizeof(*s));
	int r = s ? 0 : -ENOMEM;

	if (r == 0) {
		s->view = (struct fsview){ view_look, view_link, view_magic };
		r = space_bind(s, root, "/", false, e);
	}
	if (r == 0)
		r = add_outside(s);
	if (r < 0) {
		err_set(e, r, "enter %s", root);
		space_free(s);
		return NULL;
	}
	return s;
}

void space_free(struct space *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		place_free(&s->places[i]);
	free(s->places);
	names_free(s->names);
	free(s);
}

bool space_is_identity(const struct space *s)
{
	return s->identity;
}

const struct space_place *space_at(const struct space *s, const char *guest)
{
	size_t i = 0;

	/* The last is "/", which everything is below. */
	while (i + 1 < s->n && !below(guest, s->places[i].guest, s->places[i].guest_len))
		i++;
	return &s->places[i];
}

const struct space_place *space_exactly(const struct space *s, const char *guest)
{
	const struct space_place *p = space_at(s, guest);

	return strcmp(p->guest, guest) ? NULL : p;
}

const struct space_place *space_next(const struct space *s, size_t i)
{
	return i < s->n ? &s->places[s->n - 1 - i] : NULL;
}

bool space_has_below(const struct space *s, const char *guest)
{
	size_t len = strcmp(guest, "/") ? strlen(guest) : 0;

	for (size_t i = 0; i < s->n; i++) {
		const char *rest = below(s->places[i].guest, guest, len);

		if (!s->places[i].hidden && rest && *rest && s->places[i].guest_len)
			return true;
	}
	return false;
}

static void join(struct buf *to, const char *top, size_t len, const char *rest)
{
	buf_add(to, top, len);
	buf_adds(to, len || *rest ? rest : "/");
}

void space_host(const struct space *s, const char *guest, struct buf *ret_host)
{
	const struct space_place *p = space_at(s, guest);

	join(ret_host, p->host, p->host_len, strcmp(guest, "/") ? guest + p->guest_len : "");
}

/*
 * Of several places that show it, the one deepest on the host, and of the same depth
 * the highest in the guest: an old archive binds its root to its own path as well.
 */
static const struct space_place *shows(const struct space *s, const char *host, struct buf *guest)
{
	const struct space_place *best = NULL;
	size_t at = guest->len;

	for (size_t i = 0; i < s->n; i++) {
		const struct space_place *p = &s->places[i];
		const char *rest = below(strcmp(host, "/") ? host : "", p->host, p->host_len);

		if (p->hidden || !rest || (best && best->host_len > p->host_len))
			continue;
		buf_truncate(guest, at);
		join(guest, p->guest, p->guest_len, rest);
		if (buf_error(guest) == 0 && space_at(s, guest->data + at) == p)
			best = p;
	}
	return best;
}

bool space_guest(const struct space *s, const char *host, struct buf *ret_guest)
{
	const struct space_place *p;
	size_t at = ret_guest->len;

	if (s->identity) {
		buf_adds(ret_guest, host);
		return true;
	}
	p = shows(s, host, ret_guest);
	buf_truncate(ret_guest, at);
	for (size_t i = 0; !p && i < s->n; i++)
		if (s->places[i].hidden)
			p = &s->places[i];
	join(ret_guest, p->guest, p->guest_len, p->host_len || strcmp(host, "/") ? host + p->host_len : "");
	return !p->hidden;
}

bool space_is_outside(const struct space *s, const char *guest, const char **ret_rest)
{
	const struct space_place *p = space_at(s, guest);

	if (!p->hidden)
		return false;
	*ret_rest = guest[p->guest_len] ? guest + p->guest_len : "/";
	return true;
}

int space_walk(struct space *s, const char *root, const char *base, struct path_walk *w, struct err *e)
{
	int r = names_count(s->names) > NAMES_MOST ? replant(s) : 0;

	/* Others may have changed what was seen last time. */
	names_doubt_all(s->names);
	w->root = r == 0 ? names_at(s->names, root) : NULL;
	w->base = r == 0 ? names_at(s->names, base) : NULL;
	if (!w->root || !w->base)
		return err_set(e, -ENOMEM, "resolve a path");
	return names_walk(s->names, w, e);
}
